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
    msg::{HistoryEntry, Part, Status, Step},
};

/// Receivables on a page of the list.
const PAGE: u32 = 30;
/// The longest id that the contract takes.
const ID_BYTES: usize = 64;

/// The word for a status, and the name of its colour.
const fn label(status: Status, w: &Words) -> (&'static str, &'static str) {
    match status {
        Status::Issued => (w.status_issued, "issued"),
        Status::Confirmed => (w.status_confirmed, "confirmed"),
        Status::Financed => (w.status_financed, "financed"),
        Status::Settled => (w.status_settled, "settled"),
        Status::Refused => (w.status_refused, "refused"),
        Status::Withdrawn => (w.status_withdrawn, "withdrawn"),
    }
}

/// What a step is called, the type of the event that tells of it, and what its amount is.
const fn told(step: Step, w: &Words) -> (&'static str, &'static str, &'static str) {
    match step {
        Step::Issued => (w.step_issued, "issued", w.amount),
        Step::Confirmed => (w.step_confirmed, "confirmed", w.amount),
        Step::Refused => (w.step_refused, "refused", w.amount),
        Step::Withdrawn => (w.step_withdrawn, "withdrawn", w.amount),
        Step::Asked => (w.step_asked, "asked", w.price),
        Step::Financed => (w.step_financed, "financed", w.paid),
        Step::Settled => (w.step_settled, "settled", w.paid),
        Step::Notified => (w.step_notified, "notified", w.amount),
        Step::Demanded => (w.step_demanded, "demanded", w.amount),
        Step::Repurchased => (w.step_repurchased, "repurchased", w.paid),
    }
}

/// What has yet to happen before a receivable is over.
fn waiting(status: Status, w: &Words) -> Vec<&'static str> {
    match status {
        Status::Issued => vec![w.step_confirmed, w.step_financed, w.step_settled],
        Status::Confirmed => vec![w.step_financed, w.step_settled],
        Status::Financed => vec![w.step_settled],
        Status::Settled | Status::Refused | Status::Withdrawn => Vec::new(),
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
    stage: &'static str,
    label: &'static str,
    overdue: bool,
    seller: String,
    buyer: String,
    asset: String,
    amount: String,
    settled: String,
    due: String,
    parts: Vec<PartView>,
    invoice_digest: Hex,
    commitment: Option<Hex>,
    steps: Vec<StepView>,
}

/// A part that was neither split, merged nor paid.
struct PartView {
    number: u64,
    amount: String,
    owner: String,
    price: Option<String>,
    bank: Option<String>,
}

/// A receivable in the list.
struct Row {
    id: String,
    stage: &'static str,
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
        stage: label(found.status, w).1,
        label: label(found.status, w).0,
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
    let question = QueryMsg::History {
        id: id.clone(),
        from: None,
        limit: None,
    };
    let history: Vec<HistoryEntry> = ledger::ask(&ledger, &contract, &question).await?;
    let question = QueryMsg::Parts {
        id: id.clone(),
        from: None,
        limit: None,
    };
    let parts: Vec<Part> = ledger::ask(&ledger, &contract, &question).await?;
    let w = visitor.language.words();
    let currency = found.currency.as_str();
    let mut steps = Vec::new();
    for entry in &history {
        let done = done(&ledger, &contract, &id, told(entry.step, w).1, entry).await?;
        steps.push(StepView {
            title: told(entry.step, w).0,
            amounts: amounts(entry, currency, w),
            done: Some(done),
        });
    }
    steps.extend(waiting(found.status, w).into_iter().map(|title| StepView {
        title,
        amounts: Vec::new(),
        done: None,
    }));
    let (label, stage) = label(found.status, w);
    Ok(ReceivablePage {
        f: visitor.frame(Some(&ledger), format!("{} {id}", w.receivable)),
        w,
        ledger_id: ledger.id().to_string(),
        stage,
        label,
        overdue: found.overdue,
        amount: amount(found.amount.u128(), currency),
        settled: amount(found.settled.u128(), currency),
        due: found.due_date.to_string(),
        parts: parts
            .into_iter()
            .filter(|part| !part.held.closed)
            .map(|part| part_view(part, currency))
            .collect(),
        asset: found.asset.to_string(),
        invoice_digest: Hex(found.invoice_digest),
        commitment: found.document_commitment.map(Hex),
        seller: found.seller,
        buyer: found.buyer,
        id,
        steps,
    })
}

fn part_view(part: Part, currency: &str) -> PartView {
    let financing = part.financing.filter(|financing| financing.end.is_none());
    PartView {
        number: part.holding,
        amount: amount(part.held.units.count().u128(), currency),
        owner: part.held.owner,
        price: part.ask.map(|ask| amount(ask.price.u128(), currency)),
        bank: financing.map(|financing| financing.bank),
    }
}

/// What a step is about: its part, its amount, the digest of its notice.
fn amounts(entry: &HistoryEntry, currency: &str, w: &'static Words) -> Vec<(&'static str, String)> {
    let part = entry.holding.map(|number| (w.part, number.to_string()));
    let sum = entry
        .amount
        .map(|sum| (told(entry.step, w).2, amount(sum.u128(), currency)));
    let notice = entry.digest.clone().map(|digest| (w.notice, digest));
    [part, sum, notice].into_iter().flatten().collect()
}

/// A step with its transaction: the contract's record names the block, and the block's receipts
/// name the transaction whose event tells of the step. At most one block is read for each step.
async fn done(
    ledger: &LedgerHandle,
    contract: &ContractName,
    id: &str,
    kind: &str,
    entry: &HistoryEntry,
) -> Result<Done, Fault> {
    let receipts = ledger.receipts_of(entry.height).await?.unwrap_or_default();
    let tells = |event: &blockworm_ledger::Event| {
        event.contract == *contract && event.kind == kind && event.subject == id
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
            let step = |title, done| StepView {
                title,
                amounts: vec![(w.amount, EVIL.into())],
                done,
            };
            let page = ReceivablePage {
                f: Frame::behind(language),
                w,
                ledger_id: EVIL.into(),
                id: EVIL.into(),
                stage: "issued",
                label: w.status_issued,
                overdue: true,
                seller: EVIL.into(),
                buyer: EVIL.into(),
                asset: EVIL.into(),
                amount: EVIL.into(),
                settled: EVIL.into(),
                due: EVIL.into(),
                parts: vec![PartView {
                    number: 1,
                    amount: EVIL.into(),
                    owner: EVIL.into(),
                    price: Some(EVIL.into()),
                    bank: Some(EVIL.into()),
                }],
                invoice_digest: Hex(EVIL.into()),
                commitment: Some(Hex(EVIL.into())),
                steps: vec![
                    step(w.step_issued, Some(done)),
                    step(w.step_confirmed, None),
                    step(w.step_financed, None),
                ],
            };
            let text = render(&page).unwrap();
            check_escaped(&text);
            assert_eq!(text.matches("<li class=\"open\">").count(), 2);
            assert_eq!(text.matches(w.not_issued).count(), 2, "{text}");
        }
    }
}
