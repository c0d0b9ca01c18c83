//! What a person hands on of one receivable: a case with its parts' chains of title, notices and demands, as JSON and as text. Its proofs are files beside it.

use super::import::Opening;
use super::stage::{Stage, Step, StoryError, Submitter, strange};
use super::steps::{Contracts, On};
use blockworm_asset_issuance::state::Asset;
use blockworm_asset_transaction::msg::{NumberedStep, ProvenanceResponse};
use blockworm_crypto::Digest;
use blockworm_ledger::{Amount, Currency, Event, LedgerId};
use blockworm_receivable::ReceivableResponse;
use blockworm_receivable::msg::{FinancingEnd, HistoryEntry, Part, Step as Taken};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

/// The layout of the JSON form.
pub const FORMAT: &str = "blockworm-case/2";

/// The document is not the one that the receivable was issued with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the document's digest and salt do not open the receivable's commitment")]
pub struct OtherDocument;

impl OtherDocument {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "case.other_document"
    }
}

/// A transaction that concerns the receivable, with what happened by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseTransaction {
    /// Its id; the proof that it was done is exported by it.
    pub transaction: Digest,
    /// The block that holds it.
    pub height: u64,
    /// Who signed it.
    pub sender: String,
    /// What happened to the receivable, its asset and its parts.
    pub events: Vec<Event>,
    /// The proof's file beside the case, once it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

/// A part with the whole chain of its owners.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Title {
    /// The part.
    pub part: Part,
    /// Every step that led to it, oldest first, through all splits and mergers.
    pub steps: Vec<NumberedStep>,
}

/// One receivable with all that its ledger says of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Case {
    /// [`FORMAT`].
    pub format: &'static str,
    /// The ledger on which all this stands.
    pub ledger: LedgerId,
    /// The receivable as its contract shows it.
    pub receivable: ReceivableResponse,
    /// The asset that it is: its backing and who approved it.
    pub asset: Option<Asset>,
    /// What happened, oldest first: issue, confirmation, sales to banks, payments, notices, demands.
    pub history: Vec<HistoryEntry>,
    /// Its parts that are not split or merged, paid ones too.
    pub titles: Vec<Title>,
    /// The transactions behind it, oldest first, as far as the exporter fetched them.
    pub transactions: Vec<CaseTransaction>,
    /// Shows which file the commitment is to; left out unless the holder discloses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Opening>,
}

/// Reads everything that the ledger's contracts say of a receivable.
///
/// # Errors
/// [`StoryError::NotFound`], [`StoryError::Submitter`].
pub async fn case<S: Submitter>(
    submitter: &mut S,
    ledger: LedgerId,
    contracts: &Contracts,
    id: &str,
) -> Result<Case, StoryError<S::Error>> {
    let mut stage = Stage::new(submitter, |_: &Step| ());
    let receivable = stage.receivable(contracts, id).await?;
    let history = stage.history(contracts, id).await?;
    let question = contracts.assets.asset_query(&receivable.asset)?;
    let asset = stage
        .ask(On::Trade, &contracts.assets.issuance, &question)
        .await?;
    let mut titles = Vec::new();
    for part in stage.all_parts(contracts, id).await? {
        let steps = stage.title(contracts, &receivable, part.holding).await?;
        titles.push(Title { part, steps });
    }
    // What was split or merged lives on in others, whose chains tell of it.
    let continued: BTreeSet<u64> = titles
        .iter()
        .flat_map(|title| {
            let own = title.part.holding;
            title
                .steps
                .iter()
                .map(|step| step.at.holding)
                .filter(move |one| *one != own)
        })
        .collect();
    titles.retain(|title| !continued.contains(&title.part.holding));
    Ok(Case {
        format: FORMAT,
        ledger,
        receivable,
        asset,
        history,
        titles,
        transactions: Vec::new(),
        document: None,
    })
}

impl<S: Submitter, T: FnMut(&Step)> Stage<'_, S, T> {
    async fn history(
        &mut self,
        contracts: &Contracts,
        id: &str,
    ) -> Result<Vec<HistoryEntry>, StoryError<S::Error>> {
        let mut history = Vec::new();
        loop {
            let from = u32::try_from(history.len()).unwrap_or(u32::MAX);
            let question = contracts.history_query(id, from)?;
            let page = self
                .ask(On::Trade, &contracts.receivable, &question)
                .await?;
            let page: Vec<HistoryEntry> = page.unwrap_or_default();
            if page.is_empty() {
                return Ok(history);
            }
            history.extend(page);
        }
    }

    /// Where a part comes from, oldest step first.
    async fn title(
        &mut self,
        contracts: &Contracts,
        receivable: &ReceivableResponse,
        holding: u64,
    ) -> Result<Vec<NumberedStep>, StoryError<S::Error>> {
        let assets = &contracts.assets;
        let (mut steps, mut cursor) = (Vec::new(), None);
        loop {
            let question = assets.provenance_query(&receivable.asset, holding, cursor)?;
            let page = self.ask(On::Trade, &assets.holdings, &question).await?;
            let page: ProvenanceResponse =
                page.ok_or_else(|| strange(&assets.holdings, &"no provenance"))?;
            steps.extend(page.steps);
            if page.next.is_empty() {
                break;
            }
            cursor = Some(page.next);
        }
        steps.reverse();
        Ok(steps)
    }
}

impl Case {
    /// The blocks in which something happened to the receivable or its parts, ascending.
    #[must_use]
    pub fn heights(&self) -> BTreeSet<u64> {
        let steps = self.titles.iter().flat_map(|title| &title.steps);
        let steps = steps.map(|step| step.step.height);
        self.history
            .iter()
            .map(|entry| entry.height)
            .chain(steps)
            .collect()
    }

    /// Keeps of a transaction's events those that concern this receivable; nothing, where none does.
    pub fn add(&mut self, mut transaction: CaseTransaction) {
        let (id, asset) = (&self.receivable.id, self.receivable.asset.as_str());
        let concerns = |event: &Event| event.subject == *id || event.subject == asset;
        transaction.events.retain(concerns);
        if !transaction.events.is_empty() {
            self.transactions.push(transaction);
        }
    }

    /// Discloses the document.
    ///
    /// # Errors
    /// [`OtherDocument`] when it is not the one committed to.
    pub fn with_document(mut self, opening: Opening) -> Result<Self, OtherDocument> {
        if self.receivable.document_commitment != Some(opening.commitment().to_string()) {
            return Err(OtherDocument);
        }
        self.document = Some(opening);
        Ok(self)
    }

    /// The readable form.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string never fails.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let receivable = &self.receivable;
        writeln!(
            out,
            "Receivable {} on ledger {}",
            receivable.id, self.ledger
        )?;
        let late = if receivable.overdue { ", overdue" } else { "" };
        let rows = [
            ("status", format!("{}{late}", word(&receivable.status))),
            ("owed by", receivable.buyer.clone()),
            ("issued by", receivable.seller.clone()),
            ("amount", self.money(receivable.amount.u128())),
            ("paid", self.money(receivable.settled.u128())),
            ("due", receivable.due_date.to_string()),
            ("asset", receivable.asset.to_string()),
            ("invoice digest", receivable.invoice_digest.clone()),
            (
                "document",
                receivable
                    .document_commitment
                    .clone()
                    .unwrap_or_else(|| "no commitment".to_owned()),
            ),
        ];
        for (name, value) in rows {
            writeln!(out, "  {name:<15} {value}")?;
        }
        self.write_titles(out)?;
        self.write_history(out)?;
        self.write_transactions(out)
    }

    fn write_titles(&self, out: &mut String) -> fmt::Result {
        for Title { part, steps } in &self.titles {
            let held = &part.held;
            let amount = self.money(held.units.count().u128());
            let end = if held.closed { ", ended" } else { "" };
            writeln!(out, "Part {}: {amount}, {}{end}", part.holding, held.owner)?;
            for NumberedStep { at, step } in steps {
                let (kind, holding) = (word(&step.kind), at.holding);
                writeln!(
                    out,
                    "  block {:<8} part {holding:<4} {kind:<12} by {}, then of {}",
                    step.height, step.by, step.owner
                )?;
            }
            if let Some(financing) = &part.financing {
                let recourse = if financing.recourse {
                    "with"
                } else {
                    "without"
                };
                let price = self.money(financing.price.u128());
                writeln!(
                    out,
                    "  financed by {} for {price} in block {}, {recourse} recourse to {}{}",
                    financing.bank,
                    financing.height,
                    financing.seller,
                    match financing.end {
                        None => "",
                        Some(FinancingEnd::Settled) => "; paid",
                        Some(FinancingEnd::Repurchased) => "; taken back",
                    }
                )?;
            }
        }
        Ok(())
    }

    fn write_history(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "Steps")?;
        for entry in &self.history {
            write!(
                out,
                "  block {:<8} {:<12} by {}",
                entry.height,
                word(&entry.step),
                entry.by
            )?;
            if let Some(holding) = entry.holding {
                write!(out, ", part {holding}")?;
            }
            if let Some(amount) = entry.amount {
                write!(out, ", {}", self.money(amount.u128()))?;
            }
            match (&entry.step, &entry.digest) {
                (Taken::Notified, Some(digest)) => writeln!(out, ", notice {digest}")?,
                _ => writeln!(out)?,
            }
        }
        Ok(())
    }

    fn write_transactions(&self, out: &mut String) -> fmt::Result {
        if !self.transactions.is_empty() {
            writeln!(out, "Transactions")?;
        }
        for entry in &self.transactions {
            let proof = entry.proof.as_deref().unwrap_or("no proof written");
            writeln!(
                out,
                "  block {:<8} {} {proof}",
                entry.height, entry.transaction
            )?;
        }
        if let Some(opening) = &self.document {
            writeln!(
                out,
                "Document disclosed: a file whose SHA-256 is {}",
                opening.file_digest
            )?;
        }
        Ok(())
    }

    /// As people write it; minor units where the currency's are not known.
    fn money(&self, minor: u128) -> String {
        let code = self.receivable.currency.as_str();
        let amount = code
            .parse::<Currency>()
            .ok()
            .map(|currency| Amount::new(minor, currency));
        amount
            .and_then(|amount| amount.to_decimal().ok())
            .map_or_else(
                || format!("{minor} minor units of {code}"),
                |decimal| format!("{decimal} {code}"),
            )
    }
}

/// A contract's word for a state or a step, as its JSON has it.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "?".to_owned(),
    }
}
