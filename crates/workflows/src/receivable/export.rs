//! What a person hands on of one receivable: a case, as JSON and as text. It proves nothing by itself.

use super::import::Opening;
use blockworm_crypto::Digest;
use blockworm_ledger::{Amount, Currency, Event, LedgerId};
use blockworm_receivable::ReceivableResponse;
use blockworm_receivable::msg::{HistoryEntry, Status};
use serde::Serialize;
use serde_json::Value;
use std::fmt::{self, Write as _};

/// The layout of the JSON form.
pub const FORMAT: &str = "blockworm-case/1";

/// Why a case cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// The contract knows no such receivable.
    #[error("there is no receivable {id} on this ledger")]
    NotFound {
        /// The id asked for.
        id: String,
    },
    /// The contract answered something else than its messages say.
    #[error("the contract's answer is not one: {0}")]
    Answer(String),
    /// The document is not the one that the receivable was issued with.
    #[error("the document's digest and salt do not open the receivable's commitment")]
    OtherDocument,
}

impl CaseError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "receivable.not_found",
            Self::Answer(_) => "case.bad_answer",
            Self::OtherDocument => "case.other_document",
        }
    }
}

/// An event of the receivable with the transaction that caused it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseEvent {
    /// The transaction; its proof is exported by this id.
    pub transaction: Digest,
    /// The block that holds it.
    pub height: u64,
    /// What happened.
    pub event: Event,
}

/// One receivable with all that is known about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Case {
    /// [`FORMAT`].
    pub format: &'static str,
    /// The ledger on which all this stands.
    pub ledger: LedgerId,
    /// The receivable as the contract shows it.
    pub receivable: ReceivableResponse,
    /// Its steps, oldest first, as the contract keeps them.
    pub history: Vec<HistoryEntry>,
    /// Its events with their transactions, oldest first, as far as the exporter knows them.
    pub events: Vec<CaseEvent>,
    /// Shows which file the commitment is to; left out unless the holder discloses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Opening>,
}

impl Case {
    /// Puts a case together from the contract's answers to [`super::Contracts::receivable_query`] and
    /// [`super::Contracts::history_query`].
    pub fn new(
        ledger: LedgerId,
        id: &str,
        receivable: Value,
        history: Value,
    ) -> Result<Self, CaseError> {
        let bad = |error: serde_json::Error| CaseError::Answer(error.to_string());
        let receivable: Option<ReceivableResponse> =
            serde_json::from_value(receivable).map_err(bad)?;
        let receivable = receivable.ok_or_else(|| CaseError::NotFound { id: id.to_owned() })?;
        let history = serde_json::from_value(history).map_err(bad)?;
        Ok(Self {
            format: FORMAT,
            ledger,
            receivable,
            history,
            events: Vec::new(),
            document: None,
        })
    }

    /// Adds the events of other receivables' and contracts' transactions that concern this one.
    pub fn with_events(mut self, events: impl IntoIterator<Item = CaseEvent>) -> Self {
        let id = self.receivable.id.clone();
        self.events
            .extend(events.into_iter().filter(|entry| entry.event.subject == id));
        self.events.sort_by_key(|entry| entry.height);
        self
    }

    /// Discloses the document; refused when it is not the one committed to.
    pub fn with_document(mut self, opening: Opening) -> Result<Self, CaseError> {
        if self.receivable.document_commitment != Some(opening.commitment().to_string()) {
            return Err(CaseError::OtherDocument);
        }
        self.document = Some(opening);
        Ok(self)
    }

    /// The JSON form, for programs and archives.
    pub fn to_json(&self) -> Result<String, CaseError> {
        serde_json::to_string_pretty(self).map_err(|error| CaseError::Answer(error.to_string()))
    }

    /// The readable form.
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
        let rows = [
            ("status", status(receivable.status).to_owned()),
            ("owed by", receivable.buyer.clone()),
            ("owed to", receivable.holder.clone()),
            ("issued by", receivable.seller.clone()),
            ("amount", self.money(receivable.amount.u128())),
            ("due", receivable.due_date.to_string()),
            ("price asked", self.money(receivable.price.u128())),
            (
                "financed by",
                receivable
                    .financier
                    .clone()
                    .unwrap_or_else(|| "nobody".to_owned()),
            ),
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
        self.write_steps(out)
    }

    fn write_steps(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "Steps")?;
        for entry in &self.history {
            writeln!(
                out,
                "  block {:<8} {:<10} by {}",
                entry.height,
                status(entry.status),
                entry.by
            )?;
        }
        if !self.events.is_empty() {
            writeln!(
                out,
                "Transactions (blockworm proof export ID -o FILE gives the proof)"
            )?;
        }
        for entry in &self.events {
            writeln!(
                out,
                "  block {:<8} {:<10} {}",
                entry.height, entry.event.kind, entry.transaction
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

const fn status(status: Status) -> &'static str {
    match status {
        Status::Issued => "issued",
        Status::Confirmed => "confirmed",
        Status::Financed => "financed",
        Status::Settled => "settled",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::receivable::{SAMPLE_INVOICE, Salt, import};
    use serde_json::json;

    fn opening() -> Opening {
        import(SAMPLE_INVOICE).unwrap().opening(Salt([7; 32]))
    }

    fn answers() -> (Value, Value) {
        let receivable = json!({
            "id": "r-1", "status": "financed", "invoice_digest": "ab".repeat(32),
            "document_commitment": opening().commitment(), "seller": "platform/supplier-3f9a",
            "buyer": "platform/buyer-c27e", "holder": "bank/maker", "amount": "164814405", "currency": "CNY",
            "due_date": "2027-01-31", "price": "162342195", "financier": "bank/maker",
        });
        let step = |status: &str, by: &str, height: u64| json!({ "status": status, "by": by, "height": height, "time_ms": 1_u64 });
        let history = json!([
            step("issued", "platform/supplier-3f9a", 4),
            step("confirmed", "platform/buyer-c27e", 5),
            step("financed", "bank/maker", 9),
        ]);
        (receivable, history)
    }

    fn case() -> Case {
        let (receivable, history) = answers();
        Case::new(LedgerId([1; 16]), "r-1", receivable, history).unwrap()
    }

    #[test]
    fn a_case_is_readable_and_parses_as_json() {
        let event = |subject: &str, height| CaseEvent {
            transaction: Digest([3; 32]),
            height,
            event: Event {
                contract: "receivable".parse().unwrap(),
                kind: "financed".to_owned(),
                subject: subject.to_owned(),
                attributes: Vec::new(),
            },
        };
        let case = case().with_events([event("r-1", 9), event("r-2", 9), event("r-1", 4)]);
        assert_eq!(
            case.events
                .iter()
                .map(|entry| entry.height)
                .collect::<Vec<_>>(),
            [4, 9]
        );
        let text = case.to_text();
        for line in [
            "Receivable r-1 on ledger 01010101010101010101010101010101",
            "  amount          1648144.05 CNY",
            "  financed by     bank/maker",
            "  block 9        financed   by bank/maker",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        let json: Value = serde_json::from_str(&case.to_json().unwrap()).unwrap();
        assert_eq!(json["format"], FORMAT);
        assert_eq!(json["receivable"]["amount"], "164814405");
        assert_eq!(json["events"][0]["event"]["type"], "financed");
        assert!(json.get("document").is_none());
    }

    #[test]
    fn only_the_committed_document_is_disclosed() {
        assert!(
            case()
                .with_document(opening())
                .unwrap()
                .to_text()
                .contains("Document disclosed")
        );
        let other = Opening {
            salt: Salt([8; 32]),
            ..opening()
        };
        assert_eq!(
            case().with_document(other).unwrap_err().code(),
            "case.other_document"
        );
    }

    #[test]
    fn a_receivable_that_is_not_there_has_no_case() {
        let missing = Case::new(LedgerId([1; 16]), "r-9", Value::Null, json!([])).unwrap_err();
        assert_eq!(missing.code(), "receivable.not_found");
        let strange =
            Case::new(LedgerId([1; 16]), "r-9", json!({ "id": 1 }), json!([])).unwrap_err();
        assert_eq!(strange.code(), "case.bad_answer");
    }
}
