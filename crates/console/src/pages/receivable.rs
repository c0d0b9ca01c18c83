//! A receivable and its history, as its contract recorded it; and the list of all.

use crate::{
    fault::Fault,
    format::{Hex, UtcTime, amount},
    frame::Frame,
    ledger,
    visitor::Visitor,
    words::Words,
};
use askama::Template;
use axum::response::Response;
use blockworm_ledger::ContractName;
use blockworm_node::LedgerHandle;
use blockworm_receivable::{
    QueryMsg, ReceivableResponse,
    msg::{HistoryEntry, Status},
};

/// Receivables on a page of the list.
const PAGE: u32 = 30;
/// The longest id that the contract takes.
const ID_BYTES: usize = 64;

/// Where a receivable stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Issued,
    Confirmed,
    Financed,
    Settled,
}

impl Stage {
    const ALL: [Self; 4] = [Self::Issued, Self::Confirmed, Self::Financed, Self::Settled];

    const fn of(status: Status) -> Self {
        match status {
            Status::Issued => Self::Issued,
            Status::Confirmed => Self::Confirmed,
            Status::Financed => Self::Financed,
            Status::Settled => Self::Settled,
        }
    }

    /// The type of the event that tells of it.
    const fn event(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Confirmed => "confirmed",
            Self::Financed => "financed",
            Self::Settled => "settled",
        }
    }

    const fn label(self, w: &Words) -> &'static str {
        match self {
            Self::Issued => w.status_issued,
            Self::Confirmed => w.status_confirmed,
            Self::Financed => w.status_financed,
            Self::Settled => w.status_settled,
        }
    }

    const fn title(self, w: &Words) -> &'static str {
        match self {
            Self::Issued => w.step_issued,
            Self::Confirmed => w.step_confirmed,
            Self::Financed => w.step_financed,
            Self::Settled => w.step_settled,
        }
    }
}

/// A step of the history that took place.
struct Done {
    by: String,
    organisation: String,
    time: UtcTime,
    height: u64,
    transaction: Option<Hex>,
}

/// A step, whether it took place or not.
struct StepView {
    title: &'static str,
    /// The amounts that belong to it: label and value.
    amounts: Vec<(&'static str, String)>,
    done: Option<Done>,
}

#[derive(Template)]
#[template(path = "receivable.html")]
struct ReceivablePage {
    f: Frame,
    w: &'static Words,
    ledger_id: String,
    id: String,
    stage: Stage,
    label: &'static str,
    seller: String,
    buyer: String,
    holder: String,
    amount: String,
    price: String,
    due: String,
    invoice_digest: Hex,
    commitment: Option<Hex>,
    steps: Vec<StepView>,
}

/// A receivable in the list.
struct Row {
    id: String,
    stage: Stage,
    label: &'static str,
    seller: String,
    buyer: String,
    amount: String,
    due: String,
}

#[derive(Template)]
#[template(path = "receivables.html")]
struct ReceivableList {
    f: Frame,
    w: &'static Words,
    ledger_id: String,
    rows: Vec<Row>,
    after: Option<String>,
}

/// All receivables in order of id, page by page.
pub(crate) async fn list(visitor: Visitor) -> Response {
    let page = receivable_list(&visitor).await;
    visitor.reply(page)
}

async fn receivable_list(visitor: &Visitor) -> Result<ReceivableList, Fault> {
    let ledger = visitor.ledger()?;
    let contract = contract(&ledger)?;
    let after = visitor.asked("after");
    if let Some(text) = after.filter(|text| text.len() > ID_BYTES) {
        return Err(Fault::UnknownReceivable(text.to_owned()));
    }
    let question = QueryMsg::List {
        start_after: after.map(str::to_owned),
        limit: Some(PAGE),
    };
    let found: Vec<ReceivableResponse> = ledger::ask(&ledger, &contract, &question).await?;
    let full = found.len() == PAGE as usize;
    let after = found.last().map(|last| last.id.clone()).filter(|_| full);
    let w = visitor.language.words();
    let row = |found: ReceivableResponse| Row {
        stage: Stage::of(found.status),
        label: Stage::of(found.status).label(w),
        amount: amount(found.amount.u128(), found.currency.as_str()),
        due: found.due_date.to_string(),
        id: found.id,
        seller: found.seller,
        buyer: found.buyer,
    };
    Ok(ReceivableList {
        f: visitor.frame(Some(&ledger), w.receivables),
        w,
        ledger_id: ledger.id().to_string(),
        rows: found.into_iter().map(row).collect(),
        after,
    })
}

/// One receivable.
pub(crate) async fn show(visitor: Visitor) -> Response {
    let page = receivable_page(&visitor).await;
    visitor.reply(page)
}

async fn receivable_page(visitor: &Visitor) -> Result<ReceivablePage, Fault> {
    let ledger = visitor.ledger()?;
    let id = visitor.part("id").to_owned();
    let contract = contract(&ledger)?;
    let found = find(&ledger, &contract, &id).await?;
    let found = found.ok_or_else(|| Fault::UnknownReceivable(id.clone()))?;
    let question = QueryMsg::History { id: id.clone() };
    let history: Vec<HistoryEntry> = ledger::ask(&ledger, &contract, &question).await?;
    let w = visitor.language.words();
    let stage = Stage::of(found.status);
    let mut steps = Vec::new();
    for stage in Stage::ALL {
        let entry = history
            .iter()
            .find(|entry| Stage::of(entry.status) == stage);
        let done = match entry {
            Some(entry) => Some(done(&ledger, &contract, &id, stage, entry).await?),
            None => None,
        };
        steps.push(StepView {
            title: stage.title(w),
            amounts: amounts(stage, &found, done.is_some(), w),
            done,
        });
    }
    Ok(ReceivablePage {
        f: visitor.frame(Some(&ledger), format!("{} {id}", w.receivable)),
        w,
        ledger_id: ledger.id().to_string(),
        stage,
        label: stage.label(w),
        amount: amount(found.amount.u128(), found.currency.as_str()),
        price: amount(found.price.u128(), found.currency.as_str()),
        due: found.due_date.to_string(),
        invoice_digest: Hex(found.invoice_digest),
        commitment: found.document_commitment.map(Hex),
        seller: found.seller,
        buyer: found.buyer,
        holder: found.holder,
        id,
        steps,
    })
}

/// The amounts that a step is about.
fn amounts(
    stage: Stage,
    found: &ReceivableResponse,
    done: bool,
    w: &'static Words,
) -> Vec<(&'static str, String)> {
    let currency = found.currency.as_str();
    let owed = amount(found.amount.u128(), currency);
    let price = amount(found.price.u128(), currency);
    match stage {
        Stage::Issued => vec![(w.amount, owed), (w.price, price)],
        Stage::Confirmed => vec![(w.amount, owed)],
        Stage::Financed if done => vec![(w.paid, price)],
        Stage::Financed => vec![(w.price, price)],
        Stage::Settled if done => vec![(w.paid, owed)],
        Stage::Settled => vec![(w.amount, owed)],
    }
}

/// A step with its transaction: the contract's record names the block, and the block's receipts
/// name the transaction whose event tells of the step. At most one block is read for each step.
async fn done(
    ledger: &LedgerHandle,
    contract: &ContractName,
    id: &str,
    stage: Stage,
    entry: &HistoryEntry,
) -> Result<Done, Fault> {
    let receipts = ledger.receipts_of(entry.height).await?.unwrap_or_default();
    let tells = |event: &blockworm_ledger::Event| {
        event.contract == *contract && event.kind == stage.event() && event.subject == id
    };
    let found = receipts
        .iter()
        .find(|receipt| receipt.events.iter().any(tells));
    let slug = entry.by.split('/').next().unwrap_or_default();
    let organisation = ledger::organisation(ledger, slug).await?;
    Ok(Done {
        by: entry.by.clone(),
        organisation: organisation.map_or_else(|| slug.to_owned(), |known| known.name),
        time: UtcTime(entry.time_ms),
        height: entry.height,
        transaction: found.map(|receipt| Hex::of(receipt.transaction)),
    })
}

/// The ledger's contract for receivables.
pub(super) fn contract(ledger: &LedgerHandle) -> Result<ContractName, Fault> {
    ledger::contract_running(ledger, "receivable").ok_or(Fault::NoReceivables)
}

/// One receivable by its id.
pub(super) async fn find(
    ledger: &LedgerHandle,
    contract: &ContractName,
    id: &str,
) -> Result<Option<ReceivableResponse>, Fault> {
    if id.len() > ID_BYTES {
        return Ok(None);
    }
    let question = QueryMsg::Receivable { id: id.to_owned() };
    ledger::ask(ledger, contract, &question).await
}

/// One receivable by its invoice's digest.
pub(super) async fn find_by_invoice(
    ledger: &LedgerHandle,
    contract: &ContractName,
    digest: &str,
) -> Result<Option<ReceivableResponse>, Fault> {
    if digest.len() > ID_BYTES {
        return Ok(None);
    }
    let question = QueryMsg::ByInvoice {
        digest: digest.to_owned(),
    };
    ledger::ask(ledger, contract, &question).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        frame::{EVIL, check_escaped},
        language::Language,
        visitor::render,
    };

    #[test]
    fn steps_that_wait_are_marked_and_values_stay_text() {
        for language in [Language::English, Language::Chinese] {
            let w = language.words();
            let done = Done {
                by: EVIL.into(),
                organisation: EVIL.into(),
                time: UtcTime(0),
                height: 4,
                transaction: Some(Hex(EVIL.into())),
            };
            let step = |stage: Stage, done| StepView {
                title: stage.title(w),
                amounts: vec![(w.amount, EVIL.into())],
                done,
            };
            let page = ReceivablePage {
                f: Frame::behind(language),
                w,
                ledger_id: EVIL.into(),
                id: EVIL.into(),
                stage: Stage::Issued,
                label: w.status_issued,
                seller: EVIL.into(),
                buyer: EVIL.into(),
                holder: EVIL.into(),
                amount: EVIL.into(),
                price: EVIL.into(),
                due: EVIL.into(),
                invoice_digest: Hex(EVIL.into()),
                commitment: Some(Hex(EVIL.into())),
                steps: vec![
                    step(Stage::Issued, Some(done)),
                    step(Stage::Confirmed, None),
                    step(Stage::Financed, None),
                ],
            };
            let text = render(&page).unwrap();
            check_escaped(&text);
            assert_eq!(text.matches("<li class=\"open\">").count(), 2);
            assert_eq!(text.matches(w.not_issued).count(), 2, "{text}");
        }
    }
}
