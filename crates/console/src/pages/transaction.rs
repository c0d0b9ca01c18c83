//! A transaction: who sent what to which contract, what came of it in words, and its proof.

use crate::{
    decoded::{self, Decoded},
    explain,
    fault::Fault,
    format::{Hex, UtcTime, count},
    frame::Frame,
    language::Language,
    ledger, sentences,
    visitor::Visitor,
    words::Words,
};
use askama::Template;
use axum::response::Response;
use blockworm_ledger::{Receipt, Transaction, TransactionId};
use blockworm_node::LedgerHandle;

/// Most bytes of returned data that are shown.
const DATA_BYTES: usize = 1024;

/// Who sent it, as the ledger knows them today.
struct SenderView {
    id: String,
    organisation: String,
    roles: String,
    /// None when the ledger does not know the member.
    functions: Option<String>,
    revoked: bool,
    suspended: bool,
}

/// An event in words and in full.
struct EventView {
    sentence: String,
    contract: String,
    kind: String,
    subject: String,
    attributes: Vec<(String, String)>,
    /// The receivable that it is about.
    receivable: Option<String>,
}

/// Whether the proof can be had, and from which height on.
struct ProofView {
    ready: bool,
    needs: u64,
}

#[derive(Template)]
#[template(path = "transaction.html")]
struct TransactionPage {
    f: Frame,
    w: &'static Words,
    ledger_id: String,
    id: Hex,
    height: u64,
    index: u32,
    time: UtcTime,
    sender: SenderView,
    contract: String,
    key: Hex,
    nonce: Hex,
    signature: Hex,
    expires: UtcTime,
    message: Decoded,
    payload: Option<Decoded>,
    ok: bool,
    code: String,
    words: Option<&'static str>,
    reason: String,
    cost: String,
    data: Option<Hex>,
    events: Vec<EventView>,
    p: ProofView,
}

#[derive(Template)]
#[template(path = "part_proof.html")]
struct ProofPart {
    w: &'static Words,
    ledger_id: String,
    id: Hex,
    p: ProofView,
}

/// One transaction.
pub(crate) async fn show(visitor: Visitor) -> Response {
    let page = page(&visitor).await;
    visitor.reply(page)
}

/// The part of the page that says whether the proof can be had; the page asks for it until it can.
pub(crate) async fn proof(visitor: Visitor) -> Response {
    let part = proof_part(&visitor).await;
    visitor.reply(part)
}

async fn page(visitor: &Visitor) -> Result<TransactionPage, Fault> {
    let ledger = visitor.ledger()?;
    let id = transaction_id(visitor)?;
    let missing = || Fault::UnknownTransaction(id.to_string());
    let (bytes, height, index) = ledger.transaction(&id).await?.ok_or_else(missing)?;
    let receipt = ledger.receipt(&id).await?.ok_or_else(missing)?;
    let header = ledger.header(height).await?.ok_or_else(missing)?;
    let decoded = Transaction::decode(&bytes, bytes.len());
    let transaction = decoded.map_err(|error| Fault::Internal(error.to_string()))?;
    let w = visitor.language.words();
    let sender = sender(&ledger, &transaction, visitor.language).await?;
    let events = events(&ledger, &receipt, visitor);
    let body = transaction.body;
    let shown = &receipt.data[..receipt.data.len().min(DATA_BYTES)];
    Ok(TransactionPage {
        f: visitor.frame(Some(&ledger), w.transaction),
        w,
        ledger_id: ledger.id().to_string(),
        id: Hex::of(id),
        height,
        index,
        time: UtcTime(header.time_ms),
        sender,
        contract: body.contract.to_string(),
        key: Hex::of(body.key),
        nonce: Hex(hex(&body.nonce)),
        signature: Hex::of(transaction.signature),
        expires: UtcTime(body.expires_at_ms),
        message: decoded::decode(&body.message),
        payload: decoded::payload(&body.message),
        ok: receipt.is_ok(),
        words: explain::code(&receipt.code, visitor.language),
        cost: count(receipt.cost),
        data: (!shown.is_empty()).then(|| Hex(hex(shown))),
        events,
        p: proof_view(&ledger, height).await,
        code: receipt.code,
        reason: receipt.message,
    })
}

async fn proof_part(visitor: &Visitor) -> Result<ProofPart, Fault> {
    let ledger = visitor.ledger()?;
    let id = transaction_id(visitor)?;
    let found = ledger.transaction(&id).await?;
    let (_, height, _) = found.ok_or_else(|| Fault::UnknownTransaction(id.to_string()))?;
    Ok(ProofPart {
        w: visitor.language.words(),
        ledger_id: ledger.id().to_string(),
        id: Hex::of(id),
        p: proof_view(&ledger, height).await,
    })
}

fn transaction_id(visitor: &Visitor) -> Result<TransactionId, Fault> {
    let text = visitor.part("id");
    text.parse()
        .map_err(|_| Fault::BadTransaction(text.to_owned()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The proof needs a certificate for the header that carries the block's roots, or a later one.
async fn proof_view(ledger: &LedgerHandle, height: u64) -> ProofView {
    let needs = height.saturating_add(ledger.genesis().parameters.root_lag);
    ProofView {
        ready: ledger.finality(needs).await.is_some(),
        needs,
    }
}

async fn sender(
    ledger: &LedgerHandle,
    transaction: &Transaction,
    language: Language,
) -> Result<SenderView, Fault> {
    let id = &transaction.body.sender;
    let member = ledger::member(ledger, id).await?;
    let organisation = ledger::organisation(ledger, id.organisation_str()).await?;
    let suspended = organisation
        .as_ref()
        .is_some_and(|organisation| organisation.suspended_at.is_some());
    let (name, roles) = organisation.map_or_else(
        || (id.organisation_str().to_owned(), String::new()),
        |organisation| {
            (
                organisation.name,
                explain::names(&organisation.roles, language),
            )
        },
    );
    Ok(SenderView {
        id: id.to_string(),
        organisation: name,
        roles,
        revoked: member
            .as_ref()
            .is_some_and(|member| member.revoked_at.is_some()),
        functions: member.map(|member| explain::names(&member.functions, language)),
        suspended,
    })
}

fn events(ledger: &LedgerHandle, receipt: &Receipt, visitor: &Visitor) -> Vec<EventView> {
    let view = |event: &blockworm_ledger::Event| {
        let program = ledger::program(ledger, &event.contract);
        EventView {
            sentence: sentences::event(event, program, visitor.language),
            contract: event.contract.to_string(),
            kind: event.kind.clone(),
            receivable: (program == "receivable").then(|| event.subject.clone()),
            subject: event.subject.clone(),
            attributes: event.attributes.clone(),
        }
    };
    receipt.events.iter().map(view).collect()
}
