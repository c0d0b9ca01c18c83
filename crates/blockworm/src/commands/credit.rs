//! `blockworm receivable credit`: a credit note taken off a receivable that the buyer has not confirmed.

use super::{
    acting::{Desk, step_failure},
    receivable::{import_file, price, read},
};
use crate::{
    cli::ReceivableCreditArgs,
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    remote::check_ok,
    signer::Signer,
};
use blockworm_crypto::sha256;
use blockworm_ledger::{Amount, MemberId};
use blockworm_receivable::{
    ReceivableResponse,
    msg::{HistoryEntry, Status},
};
use blockworm_service::network::ConsortiumFolder;
use blockworm_workflows::{
    invoice,
    receivable::{
        IssueTerms, Opening, Request, Salt,
        credit::{Credit, CreditError},
        receivable_id,
    },
    xml::Limits,
};
use serde::Serialize;
use std::{fmt::Write as _, process::ExitCode, time::Duration};

#[derive(Serialize)]
struct Credited {
    /// The note's number.
    note: String,
    credited: Amount,
    withdrawn: String,
    /// What is issued over the rest; nothing where nothing is left.
    receivable: Option<String>,
    left: Option<Amount>,
    /// Opens the new receivable's commitment, which is to the note: keep it with the note.
    opening: Option<Opening>,
    transactions: Vec<String>,
}

/// Takes a note off.
pub async fn credit(args: &ReceivableCreditArgs, format: Format) -> Result<ExitCode> {
    let file = read(&args.note)?;
    let note = invoice::read(&file, &Limits::default()).map_err(|error| {
        Failure::of(error.code(), &error)
            .during(args.note.display())
            .next("nothing was changed on the ledger; ask the supplier for a corrected credit note")
            .fact("file", serde_json::json!(args.note.display().to_string()))
            .fact("violations", serde_json::json!(error.findings()))
    })?;
    let given = args.invoice.as_deref().map(import_file).transpose()?;
    let credit = Credit::of(&note, given.as_ref()).map_err(|error| failure(&error))?;
    let desk = Desk::open(&args.target).await?;
    let found = find(&desk, &credit).await?;
    let plan = credit.against(&found, &args.member, args.resume);
    let plan = plan.map_err(|error| failure(&error))?;
    let terms = match &plan.left {
        None => None,
        Some(left) => Some(IssueTerms {
            id: credit.receivable_id(),
            buyer: member(&found.buyer)?,
            price: asked(args.price.as_deref(), left.amount)?,
            recourse: args.recourse,
        }),
    };
    let opening = Opening {
        file_digest: sha256(&[&file]),
        salt: Salt::random()
            .map_err(|error| Failure::new("system.random", format!("no random bytes: {error}")))?,
    };
    // What is to be issued is written down before anything is withdrawn.
    let mut requests = Vec::new();
    let contracts = &desk.contracts;
    if plan.withdraw {
        let request = contracts.withdraw(&args.member, &found.id);
        requests.push((
            "withdrawing",
            request.map_err(|error| step_failure(&error))?,
        ));
    }
    if let (Some(left), Some(terms)) = (&plan.left, &terms) {
        let request = contracts.issue_owed(&args.member, left, terms, Some(&opening));
        requests.push((
            "issuing what is left",
            request.map_err(|error| step_failure(&error))?,
        ));
    }
    let transactions = submit(&desk, args, &requests).await?;
    let credited = Credited {
        note: credit.number,
        credited: credit.amount,
        withdrawn: found.id,
        receivable: terms.map(|terms| terms.id),
        left: plan.left.map(|left| left.amount),
        opening: plan.left.map(|_| opening),
        transactions,
    };
    format.print(&credited, told(&credited))?;
    Ok(ExitCode::SUCCESS)
}

/// The contract would say so too, but only once the receivable is withdrawn.
fn asked(text: Option<&str>, left: Amount) -> Result<Option<Amount>> {
    let asked = price(text, left)?;
    match asked {
        Some(asked) if asked.minor == 0 || asked.minor > left.minor => {
            let what = format!("the price must be more than zero and at most {left}, what is left");
            Err(Failure::new("receivable.bad_price", what).next("--price, or leave it out"))
        }
        _ => Ok(asked),
    }
}

fn told(credited: &Credited) -> String {
    let mut text = format!(
        "credited    {}\nwithdrawn   {}\n",
        credited.credited, credited.withdrawn
    );
    match (&credited.receivable, &credited.left) {
        (Some(id), Some(left)) => {
            let _ = writeln!(text, "left        {left}");
            let _ = writeln!(text, "receivable  {id}");
            let _ = writeln!(text, "next        blockworm receivable confirm {id}");
        }
        _ => drop(writeln!(text, "left        nothing")),
    }
    text
}

fn failure(error: &CreditError) -> Failure {
    Failure::of(error.code(), error).next(error.next())
}

fn member(text: &str) -> Result<MemberId> {
    text.parse()
        .map_err(|_| Failure::new("node.unexpected", format!("`{text}` is no member")))
}

async fn submit(
    desk: &Desk,
    args: &ReceivableCreditArgs,
    requests: &[(&str, Request)],
) -> Result<Vec<String>> {
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let signer = Signer::open(&folder, &args.member, &args.signing)?;
    let wait = Duration::from_secs(args.signing.wait_s);
    let progress = Progress::new();
    let mut transactions: Vec<String> = Vec::new();
    for (doing, request) in requests {
        progress.doing(*doing);
        let (contract, message) = (&request.contract, request.message.clone());
        let submitted = desk.remote.submit(&signer, contract, message, wait).await;
        let receipt = submitted.and_then(|receipt| check_ok(&receipt).map(|()| receipt));
        let receipt = receipt.map_err(|failure| match transactions.is_empty() {
            true => failure,
            false => failure
                .during("withdrawn, and not issued again")
                .next(format!(
                    "blockworm receivable credit {} --resume",
                    args.note.display()
                )),
        })?;
        transactions.push(receipt.transaction);
    }
    progress.done();
    Ok(transactions)
}

/// The receivable on the invoice: the one that stands, else the one that was withdrawn or refused last.
async fn find(desk: &Desk, credit: &Credit) -> Result<ReceivableResponse> {
    let contracts = &desk.contracts;
    let contract = &contracts.receivable;
    let applied = credit.receivable_id();
    let left: Option<ReceivableResponse> = desk
        .ask(contract, contracts.receivable_query(&applied))
        .await?;
    if left.is_some() {
        return Err(failure(&CreditError::AlreadyApplied { id: applied }));
    }
    let question = contracts.digest_query(&credit.invoice_digest);
    let standing: Option<ReceivableResponse> = desk.ask(contract, question).await?;
    if let Some(found) = standing {
        return Ok(found);
    }
    let base = receivable_id(&credit.invoice_digest);
    let first: Option<ReceivableResponse> = desk
        .ask(contract, contracts.receivable_query(&base))
        .await?;
    let mut candidates: Vec<ReceivableResponse> = first.into_iter().collect();
    let mut last = base.clone();
    loop {
        let page: Vec<ReceivableResponse> = desk.ask(contract, contracts.list_query(&last)).await?;
        let Some(end) = page.last().map(|row| row.id.clone()) else {
            break;
        };
        let ours = page.into_iter().take_while(|row| row.id.starts_with(&base));
        candidates.extend(ours);
        if !end.starts_with(&base) {
            break;
        }
        last = end;
    }
    let digest = credit.invoice_digest.to_string();
    candidates.retain(|row| {
        row.invoice_digest == digest && matches!(row.status, Status::Withdrawn | Status::Refused)
    });
    let mut newest: Option<(u64, ReceivableResponse)> = None;
    for candidate in candidates {
        let question = contracts.history_query(&candidate.id, 0);
        let history: Vec<HistoryEntry> = desk.ask(contract, question).await?;
        let height = history.last().map_or(0, |entry| entry.height);
        if newest.as_ref().is_none_or(|(before, _)| height >= *before) {
            newest = Some((height, candidate));
        }
    }
    newest.map(|(_, found)| found).ok_or_else(|| {
        let number = credit.invoice_number.clone();
        failure(&CreditError::UnknownInvoice { number })
    })
}
