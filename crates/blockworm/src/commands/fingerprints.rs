//! What the registry knows an invoice by, as the two key holders tell a bank's member, and which claims it has on it.

use super::financing::{HolderNodes, check_failure};
use crate::{
    cli::{Credentials, Document as DocumentArgs, HolderAddress},
    commands::receivable::read_invoice,
    failure::{Failure, Result},
    remote::Remote,
    signer::{Signer, now_ms},
};
use blockworm_registry::DocumentSet;
use blockworm_service::network::ConsortiumFolder;
use blockworm_workflows::{
    fingerprint::{
        Document, Fingerprinted, Shares, asking,
        check::{CheckError, panel},
        sets,
    },
    receivable::steps::StepError,
    registry::Registry,
};
use serde_json::Value;
use std::path::Path;

/// How a member reaches the key holders.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    /// Where nodes of the local consortium are found.
    pub folder: &'a ConsortiumFolder,
    /// Nodes that the flags name.
    pub holders: &'a [HolderAddress],
    /// What is shown to them.
    pub credentials: &'a Credentials,
}

impl Way<'_> {
    /// What a financing registers of a document.
    pub async fn registered(
        &self,
        registry: &Remote,
        asker: &Signer,
        document: &Document,
    ) -> Result<Vec<Fingerprinted>> {
        let nodes = HolderNodes::new(self.folder, self.holders, self.credentials);
        let panel = panel(registry, registry.ledger)
            .await
            .map_err(check_failure)?;
        let found = asking::registered(document, &panel, asker, &nodes, now_ms()).await;
        found.map_err(|error| check_failure(CheckError::Ask(error)))
    }

    /// What a bank claims of an invoice.
    pub async fn sets(
        &self,
        registry: &Remote,
        asker: &Signer,
        invoice: &Path,
        shares: Shares,
    ) -> Result<Vec<DocumentSet>> {
        let document = document(invoice)?;
        let known = self.registered(registry, asker, &document).await?;
        sets(&document, &known, shares).ok_or_else(|| {
            let what = "the key holders' answers are not about what was asked";
            Failure::new("fingerprint.answer_refused", what)
        })
    }

    /// The fingerprints of the whole document, the newest keys' first.
    pub async fn documents(
        &self,
        registry: &Remote,
        asker: impl FnOnce() -> Result<Signer>,
        document: &DocumentArgs,
    ) -> Result<Vec<String>> {
        match (&document.fingerprint, &document.invoice) {
            (Some(fingerprint), _) => Ok(vec![fingerprint.to_string()]),
            (None, Some(path)) => {
                let sets = self.sets(registry, &asker()?, path, Shares::ALL).await?;
                Ok(sets.into_iter().rev().map(|set| set.document).collect())
            }
            (None, None) => Err(Failure::new(
                "registry.no_document",
                "neither an invoice nor a fingerprint was given",
            )),
        }
    }
}

fn document(invoice: &Path) -> Result<Document> {
    Document::of(&read_invoice(invoice)?).map_err(|error| {
        Failure::of(error.code(), &error)
            .during(invoice.display())
            .next("correct the field; nothing was asked")
    })
}

/// Every claim on a document under any of its fingerprints, oldest first, each with its number.
pub async fn claims(
    remote: &Remote,
    registry: &Registry,
    documents: &[String],
) -> Result<Vec<Value>> {
    let mut found: Vec<Value> = Vec::new();
    for document in documents {
        let ask = question(registry.claims_query(document))?;
        let page = remote.query(registry.contract.as_str(), &ask).await?;
        for one in page.as_array().into_iter().flatten() {
            if !found.iter().any(|known| known["number"] == one["number"]) {
                found.push(one.clone());
            }
        }
    }
    found.sort_by_key(|one| one["number"].as_u64());
    Ok(found)
}

/// The newest open claim on a document, one bank's or anybody's, with its number.
pub async fn open_claim(
    remote: &Remote,
    registry: &Registry,
    documents: &[String],
    bank: Option<&str>,
) -> Result<Value> {
    let claims = claims(remote, registry, documents).await?;
    let ours = |claim: &Value| bank.is_none_or(|bank| claim["bank"] == bank);
    let open = |one: &&Value| one["claim"]["end"].is_null() && ours(&one["claim"]);
    claims.iter().rfind(open).cloned().ok_or_else(|| {
        let whose = bank.map_or_else(|| "nobody".to_owned(), str::to_owned);
        let what = format!("{whose} holds no open claim on the document");
        Failure::new("registry.no_claim", what).next("blockworm registry show INVOICE")
    })
}

/// A question as the API takes it.
pub fn question(message: std::result::Result<Vec<u8>, StepError>) -> Result<Value> {
    let message = message.map_err(|error| super::acting::step_failure(&error))?;
    serde_json::from_slice(&message).map_err(|error| Failure::of("message.malformed", &error))
}
