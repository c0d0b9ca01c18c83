//! `blockworm key-holder`: an organisation's evaluation keys, their publication, and what was asked of them.

use crate::{
    cli::{KeyHolderAuditArgs, KeyHolderCommand, KeyHolderPlace, KeyHolderPublishArgs, Target},
    failure::{Failure, Result},
    output::{self, Format},
    remote::{Remote, check_ok, folder_failure, recorded},
    signer::{Signer, now_ms},
};
use blockworm_api::model::ReceiptView;
use blockworm_crypto::oprf::{EvaluationKey, KeyVersion};
use blockworm_ledger::{LedgerId, MemberId, OrganisationId};
use blockworm_service::{
    consortium::{KEY_HOLDERS, REGISTRY},
    key_holder::{AuditError, AuditRow, KeyFolder, KeyFolderError, Outcome, last_rows},
    network::{ConsortiumFolder, config::answering_node},
};
use blockworm_workflows::{
    fingerprint::publishing::publish, receivable::steps::StepError, registry::Registry,
};
use serde_json::{Value, json};
use std::{process::ExitCode, time::Duration};

/// How long a founded holder's first key may take to be published.
const PUBLISHING: Duration = Duration::from_secs(30);

/// Runs one of the verbs.
pub async fn run(command: &KeyHolderCommand, format: Format) -> Result<ExitCode> {
    match command {
        KeyHolderCommand::Show(of) => show(of, format),
        KeyHolderCommand::Rotate(of) => rotate(of, format),
        KeyHolderCommand::Publish(args) => publish_one(args, format).await,
        KeyHolderCommand::Audit(args) => audit(args, format),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn show(of: &KeyHolderPlace, format: Format) -> Result<()> {
    let folder = known(&of.place.dir, &of.org)?;
    let keys = KeyFolder::of(&folder, &of.org);
    let all = keys.read_all().map_err(|error| keys_failure(&error))?;
    let versions: Vec<Value> = all.iter().map(view).collect();
    let row = |key: &EvaluationKey| [key.version().to_string(), key.public_key().to_string()];
    let rows: Vec<_> = all.iter().map(row).collect();
    let node = answering(&folder, &of.org)?;
    let value = json!({ "organisation": of.org, "node": node, "versions": versions });
    let table = output::table(["VERSION", "PUBLIC KEY"], &rows);
    format.print(
        &value,
        format!("{table}\n\n{}", told(&of.org, node.as_deref())),
    )
}

fn rotate(of: &KeyHolderPlace, format: Format) -> Result<()> {
    let folder = known(&of.place.dir, &of.org)?;
    // Held until the file is written: two commands at once must not make one version twice.
    let _lock = folder
        .lock()
        .map_err(|error| folder_failure(&folder, &error))?;
    let keys = KeyFolder::of(&folder, &of.org);
    let key = keys.make_next().map_err(|error| keys_failure(&error))?;
    let file = keys.file(key.version()).display().to_string();
    let mut value = view(&key);
    value["organisation"] = json!(of.org);
    value["file"] = json!(file);
    let node = answering(&folder, &of.org)?;
    let text = format!(
        "version     {}\npublic key  {}\nfile        {file}\n\n{}\nIt counts once both key holders have published it:\n  blockworm key-holder publish --org {}",
        key.version(),
        key.public_key(),
        told(&of.org, node.as_deref()),
        of.org
    );
    value["node"] = json!(node);
    format.print(&value, text)
}

async fn publish_one(args: &KeyHolderPublishArgs, format: Format) -> Result<()> {
    let mut target: Target = args.target.clone();
    target.ledger.get_or_insert_with(|| REGISTRY.to_owned());
    let folder = known(&target.place.dir, &args.org)?;
    let keys = KeyFolder::of(&folder, &args.org);
    let newest = keys.versions().map_err(|error| keys_failure(&error))?;
    let version = args.key_version.map(KeyVersion).or(newest.last().copied());
    let Some(version) = version else {
        let what = format!(
            "{} holds no evaluation key in {}",
            args.org,
            keys.path().display()
        );
        return Err(Failure::new("key_holder.no_key", what)
            .next(format!("blockworm key-holder rotate --org {}", args.org)));
    };
    let key = keys.read(version).map_err(|error| keys_failure(&error))?;
    let admin = match &args.admin {
        Some(admin) => admin.clone(),
        None => MemberId::new(&args.org, "admin")
            .map_err(|error| Failure::of("member.bad_name", &error))?,
    };
    let signer = Signer::open(&folder, &admin, &args.signing)?;
    let remote = Remote::connect(&target).await?;
    let wait = Duration::from_secs(args.signing.wait_s);
    let receipt = publish_key(&remote, &signer, &key, wait).await?;
    check_ok(&receipt)?;
    let mut value = view(&key);
    value["organisation"] = json!(args.org);
    value["receipt"] = json!(receipt);
    let text = format!(
        "version {version} of {}'s key is published in block {}",
        args.org, receipt.height
    );
    format.print(&value, text)
}

/// Publishes a version of a holder's key on the registry's ledger, as the holder's admin; the receipt
/// may be a refusal.
pub async fn publish_key(
    remote: &Remote,
    admin: &Signer,
    key: &EvaluationKey,
    wait: Duration,
) -> Result<ReceiptView> {
    let contract = Registry::default().contract;
    let request = publish(&contract, admin.member(), key)
        .map_err(|error: StepError| Failure::of(error.code(), &error))?;
    remote
        .submit(admin, &request.contract, request.message, wait)
        .await
}

/// Puts the first version of the local holders' keys in force, where none is.
pub async fn ensure(folder: &ConsortiumFolder, registry: &Remote) -> Result<()> {
    let contract = Registry::default().contract;
    let question = json!({ "keys": {} });
    let keys = registry.query(contract.as_str(), &question).await?;
    if keys["in_force"]
        .as_array()
        .is_some_and(|versions| !versions.is_empty())
    {
        return Ok(());
    }
    for (place, holder) in KEY_HOLDERS.into_iter().enumerate() {
        if !keys["pending"][place].is_null() {
            continue;
        }
        let admin: MemberId = format!("{holder}/admin")
            .parse()
            .map_err(|error| Failure::of("member.bad_name", &error))?;
        let organisation = admin.organisation();
        let key = KeyFolder::of(folder, &organisation)
            .read(KeyVersion(1))
            .map_err(|error| keys_failure(&error))?;
        let signer = Signer::of_folder(folder, &admin)?;
        check_ok(&publish_key(registry, &signer, &key, PUBLISHING).await?)?;
    }
    Ok(())
}

fn audit(args: &KeyHolderAuditArgs, format: Format) -> Result<()> {
    let folder = known(&args.of.place.dir, &args.of.org)?;
    let ledger = ledger_id(&folder, &args.ledger)?;
    let file = folder.evaluation_audit(&args.of.org, &ledger);
    let rows = last_rows(&file, usize::from(args.last)).map_err(|error| {
        let next = match &error {
            AuditError::NotPrivate { path, .. } => format!("chmod 600 {}", path.display()),
            _ => "restore the file, or look at it by hand".to_owned(),
        };
        Failure::of("key_holder.audit_unusable", &error).next(next)
    })?;
    let now_ms = now_ms();
    let lines: Vec<_> = rows.iter().map(|row| line(row, now_ms)).collect();
    let header = ["AGO", "MEMBER", "VERSION", "ELEMENTS", "OUTCOME"];
    format.print(&json!({ "rows": rows }), output::table(header, &lines))
}

fn line(row: &AuditRow, now_ms: u64) -> [String; 5] {
    let outcome = match &row.outcome {
        Outcome::Answered => "answered",
        Outcome::Refused(code) => code,
    };
    [
        format!("{} s", now_ms.saturating_sub(row.at_ms) / 1_000),
        row.member.to_string(),
        row.version.to_string(),
        row.elements.to_string(),
        outcome.to_owned(),
    ]
}

/// Whose node answers with the organisation's key.
fn answering(folder: &ConsortiumFolder, holder: &OrganisationId) -> Result<Option<String>> {
    let node = answering_node(folder, holder).map_err(|error| folder_failure(folder, &error))?;
    Ok(node.map(|node| node.organisation.to_string()))
}

fn told(holder: &OrganisationId, node: Option<&str>) -> String {
    match node {
        Some(node) => format!(
            "The node of {node} answers with the newest and with every older version that has its file."
        ),
        None => format!(
            "No node of this folder answers with a key of {holder}: put `key_holders` into its node.toml and start it again."
        ),
    }
}

fn view(key: &EvaluationKey) -> Value {
    json!({ "version": key.version(), "public_key": key.public_key() })
}

/// The folder, where the organisation is one of its consortium's.
fn known(dir: &std::path::Path, organisation: &OrganisationId) -> Result<ConsortiumFolder> {
    let folder = ConsortiumFolder::new(dir);
    let record = recorded(&folder)?;
    let mut organisations = record.organisations.iter();
    if organisations.any(|one| one.id == *organisation) {
        return Ok(folder);
    }
    let ids: Vec<_> = record
        .organisations
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    let what = format!(
        "there is no organisation {organisation} in {}",
        dir.display()
    );
    Err(Failure::new("organisation.not_found", what).next(format!("--org {}", ids.join(" or "))))
}

fn ledger_id(folder: &ConsortiumFolder, wanted: &str) -> Result<LedgerId> {
    let record = recorded(folder)?;
    let mut ledgers = record.ledgers.iter();
    let found = ledgers.find(|ledger| ledger.name == wanted || ledger.id == wanted);
    found
        .and_then(|ledger| ledger.id.parse().ok())
        .ok_or_else(|| {
            let names: Vec<_> = record.ledgers.iter().map(|one| one.name.as_str()).collect();
            Failure::new(
                "ledger.not_found",
                format!("the consortium has no ledger `{wanted}`"),
            )
            .next(format!("--ledger {}", names.join(" or ")))
        })
}

fn keys_failure(error: &KeyFolderError) -> Failure {
    Failure::of("key_holder.key_unusable", error)
        .next("restore the key files with their passphrase and mode 600; blockworm doctor")
}
