//! `blockworm financing`: what a bank asks the key holders and the registry before it pays.

use super::receivable::{read, read_invoice};
use crate::{
    cli::{Credentials, FinancingCheckArgs, FinancingCommand, HolderAddress},
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    remote::{Remote, client_failure, folder_failure, stranger},
    signer::{Signer, now_ms},
};
use blockworm_api::Client;
use blockworm_crypto::oprf::Evaluation;
use blockworm_ledger::OrganisationId;
use blockworm_service::{
    consortium::REGISTRY,
    key_holder::SignedRequest,
    network::{ConsortiumFolder, FolderError, config::answering_node},
};
use blockworm_workflows::{
    fingerprint::{
        Document, FingerprintError, Verdict, Written,
        asking::{AskError, Holders},
        check::{CheckError, Checked, Registry, Standing, WHOLE, check},
    },
    registry,
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::ExitCode,
    sync::{Mutex, PoisonError},
};

/// The exit status of a check that found something in the way.
const EXIT_FOUND: u8 = 2;

/// Runs one of the verbs.
pub async fn run(command: &FinancingCommand, format: Format) -> Result<ExitCode> {
    match command {
        FinancingCommand::Check(args) => check_document(args, format).await,
    }
}

async fn check_document(args: &FinancingCheckArgs, format: Format) -> Result<ExitCode> {
    let document = document(&args.document)?;
    let mut target = args.target.clone();
    target.ledger.get_or_insert_with(|| REGISTRY.to_owned());
    let folder = ConsortiumFolder::new(&target.place.dir);
    let signer = Signer::open_key(&folder, &args.member, &args.key)?;
    let remote = Remote::connect(&target).await?;
    let holders = HolderNodes::new(&folder, &args.holders.holders, &target.credentials);
    let progress = Progress::new();
    progress.doing("asking the key holders and the registry");
    let ledger = remote.ledger;
    let checked = check(&document, ledger, &remote, &signer, &holders, now_ms()).await;
    progress.done();
    let checked = checked.map_err(check_failure)?;
    format.print(&checked, render(&checked, now_ms()))?;
    Ok(if checked.is_clear() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FOUND)
    })
}

/// An invoice, or any document's fields.
fn document(path: &Path) -> Result<Document> {
    let unusable = |error: &FingerprintError| {
        Failure::of(error.code(), error)
            .during(path.display())
            .next("correct the field; nothing was asked")
    };
    if path.extension().is_none_or(|extension| extension != "json") {
        return Document::of(&read_invoice(path)?).map_err(|error| unusable(&error));
    }
    let written: Written = serde_json::from_slice(&read(path)?).map_err(|error| {
        Failure::of("document.malformed", &error)
            .during(path.display())
            .next("write sort, number, date, amount, currency, seller, buyer and references (docs/workflows/fingerprint.md)")
    })?;
    Document::new(&written).map_err(|error| unusable(&error))
}

impl Registry for Remote {
    type Error = Failure;

    async fn query(&self, message: &Value) -> Result<Value> {
        let contract = registry::Registry::default().contract;
        Self::query(self, contract.as_str(), message).await
    }
}

/// The nodes that answer with the holders' keys, each connected to once.
pub(super) struct HolderNodes<'a> {
    folder: &'a ConsortiumFolder,
    given: &'a [HolderAddress],
    credentials: &'a Credentials,
    clients: Mutex<BTreeMap<OrganisationId, Client>>,
}

impl<'a> HolderNodes<'a> {
    pub(super) const fn new(
        folder: &'a ConsortiumFolder,
        given: &'a [HolderAddress],
        credentials: &'a Credentials,
    ) -> Self {
        Self {
            folder,
            given,
            credentials,
            clients: Mutex::new(BTreeMap::new()),
        }
    }

    fn client(&self, holder: &OrganisationId) -> Result<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(holder) {
            return Ok(client.clone());
        }
        let mut given = self.given.iter();
        let address = match given.find(|address| address.organisation == *holder) {
            Some(address) => address.url.clone(),
            None => self.in_folder(holder)?,
        };
        let client = stranger(&address, self.credentials)?;
        clients.insert(holder.clone(), client.clone());
        Ok(client)
    }

    /// The node of the folder whose configuration says that it answers with the holder's keys.
    fn in_folder(&self, holder: &OrganisationId) -> Result<String> {
        let unknown = || {
            let what = format!("no node that answers with the key of {holder} is known");
            Failure::new("key_holder.not_found", what).next(format!(
                "--holder {holder}=URL with the address of its node's API"
            ))
        };
        match answering_node(self.folder, holder) {
            Ok(Some(node)) => Ok(node.api_url()),
            Ok(None) | Err(FolderError::Absent { .. }) => Err(unknown()),
            Err(error) => Err(folder_failure(self.folder, &error)),
        }
    }
}

impl Holders for HolderNodes<'_> {
    type Error = Failure;

    async fn evaluate(&self, signed: &SignedRequest) -> Result<Evaluation> {
        let client = self.client(&signed.request.holder)?;
        client.evaluate(signed).await.map_err(client_failure)
    }
}

/// What stopped the check, under the code of whoever refused.
pub(super) fn check_failure(error: CheckError<Failure>) -> Failure {
    let code = error.code();
    match error {
        CheckError::Registry(failure) => failure.during("the registry"),
        CheckError::Ask(AskError::Holder {
            holder,
            version,
            source,
        }) => source.during(format!(
            "the key holder {holder}, version {version} of its key"
        )),
        CheckError::Ask(AskError::Versions { .. }) => Failure::of(code, &error)
            .next("the key holders publish their keys: blockworm key-holder publish --org ORG"),
        CheckError::Ask(AskError::Fingerprint { .. }) => Failure::of(code, &error)
            .next("do not finance on this answer; ask the key holder which key it uses"),
        CheckError::Ask(AskError::NotSigned(_)) => {
            Failure::of(code, &error).next("blockworm hsm status --org ORG")
        }
        CheckError::Unexpected { .. } | CheckError::Ask(AskError::NoRandomness) => {
            Failure::of(code, &error).next("blockworm doctor")
        }
    }
}

fn render(checked: &Checked, now_ms: u64) -> String {
    let meaning = match checked.finding.verdict {
        Verdict::Free => "nothing like it is claimed",
        Verdict::Linked => {
            "a document of the same trade is claimed: both together must not exceed the trade"
        }
        Verdict::Warning => {
            "much like a claimed one: a person must look at both before anything is paid"
        }
        Verdict::Duplicate => "the document itself is claimed already",
    };
    let mut lines = vec![format!(
        "verdict  {}: {meaning}",
        word(&checked.finding.verdict)
    )];
    if !checked.matches.is_empty() {
        let forms: Vec<String> = checked.finding.forms.iter().map(word).collect();
        lines.push(format!("known    {}", forms.join(", ")));
        let standings: BTreeSet<Standing> = checked
            .matches
            .iter()
            .map(|one| one.known.standing)
            .collect();
        let standing = standings.last().map_or_else(String::new, word);
        lines.push(format!("standing {standing}"));
    }
    if checked.taken > 0 {
        lines.push(format!("taken    {}", percent(checked.taken)));
    }
    let until = checked
        .matches
        .iter()
        .filter_map(|one| one.known.reserved_until_ms);
    if let Some(until_ms) = until.max().filter(|until_ms| *until_ms > now_ms) {
        let minutes = (until_ms - now_ms).div_ceil(60_000);
        lines.push(format!("reserved for {minutes} more minutes"));
    }
    let versions: Vec<String> = checked.versions.iter().map(ToString::to_string).collect();
    lines.push(format!(
        "asked    {} fingerprints, version {} of the keys",
        checked.asked,
        versions.join(" and ")
    ));
    lines.join("\n")
}

/// How JSON writes a name.
fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().replace('_', " ")
}

/// A share in percent with one decimal, rounded up: never less than is taken.
fn percent(taken: u32) -> String {
    let tenths = (u64::from(taken) * 1_000).div_ceil(u64::from(WHOLE));
    format!("{}.{} %", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_share_is_never_told_smaller_than_it_is() {
        for (taken, text) in [
            (1, "0.1 %"),
            (500_000_000, "50.0 %"),
            (WHOLE - 1, "100.0 %"),
        ] {
            assert_eq!(percent(taken), text);
        }
    }

    #[test]
    fn fields_of_any_document_are_read_and_refused_by_field() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("order.json");
        let trader = json!({ "ids": [], "names": ["Canglan"] });
        let mut order = json!({
            "sort": "order", "number": "PO-1", "date": "2026-11-02", "amount": "100.00",
            "currency": "CNY", "seller": trader, "buyer": trader, "references": [],
        });
        let mut read = |field: &str, value: &str| {
            order[field] = json!(value);
            std::fs::write(&path, order.to_string()).unwrap();
            document(&path).map_err(|failure| failure.code)
        };
        assert!(read("number", "PO-2").is_ok());
        assert_eq!(
            read("date", "02/11/2026").unwrap_err(),
            "fingerprint.ambiguous_date"
        );
        assert_eq!(read("sort", "parcel").unwrap_err(), "document.malformed");
    }
}
