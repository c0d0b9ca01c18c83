//! `blockworm tx`: submits a message to a contract and shows what became of it.

use super::query::{bad_message, message_text};
use crate::{
    cli::{TxCommand, TxShowArgs, TxSubmitArgs},
    failure::Result,
    output::{Format, brief},
    remote::{Remote, check_ok, client_failure},
    signer::Signer,
};
use blockworm_api::model::{ReceiptView, TransactionView};
use blockworm_service::network::ConsortiumFolder;
use serde_json::Value;
use std::{fmt::Write as _, process::ExitCode, time::Duration};

/// Runs one of the verbs.
pub async fn run(command: &TxCommand, format: Format) -> Result<ExitCode> {
    match command {
        TxCommand::Show(args) => show(args, format).await,
        TxCommand::Submit(args) => submit(args, format).await,
    }
}

async fn show(args: &TxShowArgs, format: Format) -> Result<ExitCode> {
    let view = find(args).await?;
    let body = &view.transaction["body"];
    let field = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let message = match &body["message"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text = format!(
        "transaction  {}\nsender       {}\ncontract     {}\nmessage      {message}\n{}",
        view.id,
        field("sender"),
        field("contract"),
        receipt_text(&view.receipt),
    );
    format.print(&view, text)?;
    Ok(ExitCode::SUCCESS)
}

/// The transaction on the ledger that is meant; where none is named, on any that the node keeps:
/// who is told an id is not always told the ledger.
async fn find(args: &TxShowArgs) -> Result<TransactionView> {
    let remote = Remote::connect(&args.target).await?;
    let (id, usual) = (args.id.to_string(), remote.ledger_text());
    let missing = match remote.client.transaction(&usual, &id).await {
        Ok(view) => return Ok(view),
        Err(error) if error.code() == Some("transaction.not_found") => error,
        Err(error) => return Err(client_failure(error)),
    };
    if args.target.ledger.is_none() {
        let ledgers = remote.client.ledgers().await.map_err(client_failure)?;
        for ledger in ledgers.iter().filter(|ledger| ledger.id != usual) {
            if let Ok(view) = remote.client.transaction(&ledger.id, &id).await {
                return Ok(view);
            }
        }
    }
    Err(client_failure(missing))
}

async fn submit(args: &TxSubmitArgs, format: Format) -> Result<ExitCode> {
    let message = message_text(&args.message)?;
    // Compact JSON goes on the ledger, whatever the spacing was.
    let message: Value = serde_json::from_str(&message).map_err(|error| bad_message(&error))?;
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let signer = Signer::open(&folder, &args.member, &args.signing)?;
    let remote = Remote::connect(&args.target).await?;
    let wait = Duration::from_secs(args.signing.wait_s);
    let receipt = remote
        .submit(
            &signer,
            &args.contract,
            message.to_string().into_bytes(),
            wait,
        )
        .await?;
    print_receipt(&receipt, format)?;
    check_ok(&receipt)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints a receipt; a refusal is a result too.
pub fn print_receipt(receipt: &ReceiptView, format: Format) -> Result<()> {
    format.print(receipt, receipt_lines(receipt))
}

/// A receipt for people.
pub fn receipt_lines(receipt: &ReceiptView) -> String {
    format!(
        "transaction  {}\n{}",
        receipt.transaction,
        receipt_text(receipt)
    )
}

fn receipt_text(receipt: &ReceiptView) -> String {
    let mut text = format!(
        "block        {} (place {})\ncode         {}\n",
        receipt.height, receipt.index, receipt.code
    );
    if !receipt.message.is_empty() {
        let _ = writeln!(text, "reason       {}", receipt.message);
    }
    for event in &receipt.events {
        let details: Vec<String> = event
            .attributes
            .iter()
            .map(|a| format!("{}={}", a.key, brief(&a.value)))
            .collect();
        let _ = writeln!(
            text,
            "event        {}.{} {} {}",
            event.contract,
            event.kind,
            event.subject,
            details.join(" ")
        );
    }
    text
}
