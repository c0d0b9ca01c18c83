//! `blockworm receivable`: from an invoice's file to a financed receivable.

use super::{
    acting::{Desk, decimal, step_failure},
    counterpart, credit,
    fingerprints::{Way, open_claim},
    parts,
    story::line,
    submitter::{FolderSubmitter, stopped},
    table,
    tx::print_receipt,
};
use crate::{
    cli::{
        ReceivableActArgs, ReceivableCommand, ReceivableFinanceArgs, ReceivableForgoArgs,
        ReceivableImportArgs, ReceivableShowArgs, Signing, Target, usual_buyer,
    },
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    remote::Remote,
    signer::Signer,
};
use blockworm_api::model::ReceiptView;
use blockworm_kit::claims::{WHOLE, share};
use blockworm_ledger::{Amount, MemberId};
use blockworm_receivable::ReceivableResponse;
use blockworm_service::network::ConsortiumFolder;
use blockworm_workflows::{
    fingerprint::Shares,
    invoice::{self, Finding, Invoice},
    receivable::{
        Claim, Contracts, ImportError, IssueTerms, On, Opening, Request, Salt, Step,
        financing::{self, Plan},
        import,
        steps::StepError,
    },
    registry::Registry,
    xml::Limits,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Read as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

/// Longer files are no invoices; the importer has finer limits of its own.
const LARGEST_FILE_BYTES: u64 = 32 << 20;

#[derive(Serialize)]
struct Imported {
    receivable: String,
    amount: Amount,
    due_date: String,
    invoice_digest: String,
    /// Opens the commitment on the ledger: keep it with the invoice.
    opening: Opening,
    /// What a person should look at.
    remarks: Vec<Finding>,
    receipt: ReceiptView,
}

/// Runs one of the verbs.
pub async fn run(command: &ReceivableCommand, format: Format) -> Result<ExitCode> {
    match command {
        ReceivableCommand::Import(args) => {
            let bytes = read(&args.invoice)?;
            match table::is_table(&args.invoice, &bytes) {
                true => table::import_table(args, &bytes, format).await,
                false => import_invoice(args, &bytes, format).await,
            }
        }
        ReceivableCommand::Credit(args) => credit::credit(args, format).await,
        ReceivableCommand::Confirm(args) => {
            decide(
                args,
                Contracts::default().confirm(&args.member, &args.id),
                format,
            )
            .await
        }
        ReceivableCommand::Refuse(args) => {
            decide(
                args,
                Contracts::default().refuse(&args.member, &args.id),
                format,
            )
            .await
        }
        ReceivableCommand::Withdraw(args) => {
            decide(
                args,
                Contracts::default().withdraw(&args.member, &args.id),
                format,
            )
            .await
        }
        ReceivableCommand::Finance(args) => finance(args, format).await,
        ReceivableCommand::Forgo(args) => forgo(args, format).await,
        ReceivableCommand::Show(args) => show(args, format).await,
        other => parts::run(other, format).await,
    }
}

async fn import_invoice(
    args: &ReceivableImportArgs,
    bytes: &[u8],
    format: Format,
) -> Result<ExitCode> {
    let claim = import(bytes).map_err(|error| refusal(&args.invoice, &error))?;
    let salt = Salt::random()
        .map_err(|error| Failure::new("system.random", format!("no random bytes: {error}")))?;
    let opening = claim.opening(salt);
    let terms = IssueTerms {
        id: claim.receivable_id(),
        buyer: args.buyer.clone().unwrap_or_else(usual_buyer),
        price: price(args.price.as_deref(), claim.amount)?,
        recourse: args.recourse,
    };
    let request = Contracts::default()
        .issue(&args.member, &claim, &terms, Some(&opening))
        .map_err(|error| step_failure(&error))?;
    let receipt = act(&request, &args.member, &args.signing, &args.target).await?;
    let imported = Imported {
        receivable: terms.id,
        amount: claim.amount,
        due_date: claim.due_date.to_string(),
        invoice_digest: claim.invoice_digest.to_string(),
        opening,
        remarks: claim.invoice.remarks.clone(),
        receipt,
    };
    let mut text = format!(
        "receivable  {}\namount      {}\ndue         {}\nblock       {}\n",
        imported.receivable, imported.amount, imported.due_date, imported.receipt.height
    );
    for remark in &imported.remarks {
        let _ = writeln!(text, "remark      {remark}");
    }
    let _ = writeln!(
        text,
        "next        blockworm receivable confirm {}",
        imported.receivable
    );
    format.print(&imported, text)?;
    Ok(ExitCode::SUCCESS)
}

/// A price as the flag has it, in the currency of what is owed.
pub fn price(text: Option<&str>, owed: Amount) -> Result<Option<Amount>> {
    text.map(|text| decimal(text, owed.currency)).transpose()
}

/// Reads and checks an invoice.
pub fn import_file(path: &Path) -> Result<Claim> {
    import(&read(path)?).map_err(|error| refusal(path, &error))
}

/// Reads an invoice, or a credit note, that need not be one to be financed.
pub fn read_invoice(path: &Path) -> Result<Invoice> {
    let invoice = invoice::read(&read(path)?, &Limits::default());
    invoice.map_err(|error| refusal(path, &error.into()))
}

/// The file, and for programs each rule that it breaks with its field.
fn refusal(path: &Path, error: &ImportError) -> Failure {
    Failure::of(error.code(), error)
        .during(path.display())
        .next("nothing was put on the ledger; ask the supplier for a corrected invoice")
        .fact("file", json!(path.display().to_string()))
        .fact("violations", json!(error.findings()))
}

/// What the buyer or the seller says of the whole.
async fn decide(
    args: &ReceivableActArgs,
    request: std::result::Result<Request, StepError>,
    format: Format,
) -> Result<ExitCode> {
    let request = request.map_err(|error| step_failure(&error))?;
    let receipt = act(&request, &args.member, &args.signing, &args.target).await?;
    print_receipt(&receipt, format)?;
    Ok(ExitCode::SUCCESS)
}

/// The whole way across both ledgers, from wherever it stands.
async fn finance(args: &ReceivableFinanceArgs, format: Format) -> Result<ExitCode> {
    let trade = Remote::connect(&args.target).await?;
    let contracts = Contracts::default();
    // A receivable that is not there needs no second ledger to say so.
    let receivable = Desk::of(trade.clone()).receivable(&args.id).await?;
    check_invoice(args, &receivable)?;
    let contract = contracts.receivable.as_str();
    let registry = counterpart::registry_of(&trade, contract, &args.target).await?;
    let shares = shares(args, &Desk::of(trade.clone()), &receivable).await?;
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let signer = Signer::open(&folder, &args.member, &args.signing)?;
    let wait = Duration::from_secs(args.signing.wait_s);
    let mut submitter = FolderSubmitter::new(&folder, wait).on(On::Trade, &trade);
    let mut sets = Vec::new();
    if let Some(registry) = &registry {
        submitter = submitter.on(On::Registry, registry);
        if let Some(invoice) = &args.invoice {
            let way = Way {
                folder: &folder,
                holders: &args.claim.holders.holders,
                credentials: &args.target.credentials,
            };
            sets = way.sets(registry, &signer, invoice, shares).await?;
        }
    }
    let mut submitter = submitter.with(signer);
    let plan = Plan {
        contracts,
        registry: Registry::default(),
        bank: args.member.clone(),
        receivable: args.id.clone(),
        part: args.part,
        sets,
        for_ms: args.minutes * 60_000,
    };
    let progress = Progress::new();
    let tell = |step: &Step| progress.doing(line(step));
    let done = financing::finance(&mut submitter, &plan, tell)
        .await
        .map_err(|error| again(stopped(error), &args.id))?;
    progress.done();
    let mut text = String::new();
    for step in &done.steps {
        let _ = writeln!(text, "{}", line(step));
    }
    format.print(&done, text)?;
    Ok(ExitCode::SUCCESS)
}

/// What a part is of its invoice, and of what that is a part of.
async fn shares(
    args: &ReceivableFinanceArgs,
    desk: &Desk,
    receivable: &ReceivableResponse,
) -> Result<Shares> {
    let parts = desk.parts(&args.id).await?;
    let part = financing::choose(parts, args.part).map_err(|financing::AnyOf| {
        let what = format!("{} has more than one part to choose from", args.id);
        Failure::new("receivable.which_part", what).next(format!(
            "blockworm receivable show {}, then --part N",
            args.id
        ))
    })?;
    let units = part.map_or(receivable.amount, |part| part.held.units.count());
    let document = share(units, receivable.amount).unwrap_or(WHOLE);
    // What is not all of the invoice is not all of its order either.
    let named = u64::from(args.claim.of_order.0) * u64::from(document) / u64::from(WHOLE);
    let named = u32::try_from(named).unwrap_or(WHOLE).max(1);
    Ok(Shares { document, named })
}

/// The file is the receivable's invoice, whose digest stands on the ledger.
fn check_invoice(args: &ReceivableFinanceArgs, receivable: &ReceivableResponse) -> Result<()> {
    let Some(path) = &args.invoice else {
        return Ok(());
    };
    let digest = import_file(path)?.invoice_digest.to_string();
    if receivable.invoice_digest == digest {
        return Ok(());
    }
    let what = format!("{} is not the invoice of {}", path.display(), args.id);
    Err(Failure::new("receivable.other_invoice", what)
        .next("give the file that the supplier handed over with this receivable"))
}

/// What an interruption leaves is taken up by the same command.
fn again(failure: Failure, id: &str) -> Failure {
    match failure.code.as_str() {
        "transaction.pending" | "node.unreachable" | "node.timeout" => failure.next(format!(
            "the same command again: it takes the financing of {id} on where it stopped"
        )),
        "receivable.invoice_needed" => {
            failure.next(format!("blockworm receivable finance {id} --invoice FILE"))
        }
        _ => failure,
    }
}

async fn forgo(args: &ReceivableForgoArgs, format: Format) -> Result<ExitCode> {
    let trade = Remote::connect(&args.target).await?;
    let claim = match args.claim {
        Some(claim) => claim,
        None => {
            let contract = Contracts::default().receivable;
            let contract = contract.as_str();
            let registry = counterpart::registry_of(&trade, contract, &args.target);
            let registry = registry.await?.ok_or_else(|| {
                Failure::new("receivable.no_registry", "this ledger knows no registry")
            })?;
            let folder = ConsortiumFolder::new(&args.target.place.dir);
            let way = Way {
                folder: &folder,
                holders: &args.holders.holders,
                credentials: &args.target.credentials,
            };
            let asker = || Signer::open(&folder, &args.member, &args.signing);
            let documents = way.documents(&registry, asker, &args.document).await?;
            let bank = args.member.organisation();
            let ours = Some(bank.as_str());
            let open = open_claim(&registry, &Registry::default(), &documents, ours).await?;
            open["number"].as_u64().unwrap_or_default()
        }
    };
    let request = Contracts::default()
        .forgo(&args.member, claim)
        .map_err(|error| step_failure(&error))?;
    let receipt = act(&request, &args.member, &args.signing, &args.target).await?;
    print_receipt(&receipt, format)?;
    Ok(ExitCode::SUCCESS)
}

async fn show(args: &ReceivableShowArgs, format: Format) -> Result<ExitCode> {
    let remote = Remote::connect(&args.target).await?;
    let desk = Desk::of(remote);
    let found = desk.receivable(&args.id).await?;
    let parts = desk.parts(&args.id).await?;
    let mut receivable = json!(found);
    let mut text = String::new();
    for (name, value) in receivable.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            (_, Value::Null) => {}
            ("amount", _) => {
                let sum = parts::amount(found.amount, found.currency);
                let _ = writeln!(text, "{name:<20} {sum}");
            }
            ("settled", _) => {
                let sum = parts::amount(found.settled, found.currency);
                let _ = writeln!(text, "{name:<20} {sum}");
            }
            (_, Value::String(value)) => drop(writeln!(text, "{name:<20} {value}")),
            (_, value) => drop(writeln!(text, "{name:<20} {value}")),
        }
    }
    for part in &parts {
        let _ = writeln!(text, "{}", parts::line(part, found.currency));
    }
    receivable["parts"] = json!(parts);
    format.print(&receivable, text)?;
    Ok(ExitCode::SUCCESS)
}

async fn act(
    request: &Request,
    member: &MemberId,
    signing: &Signing,
    target: &Target,
) -> Result<ReceiptView> {
    let folder = ConsortiumFolder::new(&target.place.dir);
    let signer = Signer::open(&folder, member, signing)?;
    let remote = Remote::connect(target).await?;
    let wait = Duration::from_secs(signing.wait_s);
    let submitter = FolderSubmitter::new(&folder, wait).on(request.on, &remote);
    submitter.with(signer).receipt_ok(request).await
}

pub fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST_FILE_BYTES).read_to_end(&mut bytes))
        .map_err(|error: io::Error| {
            Failure::of("invoice.unreadable", &error)
                .during(format!("cannot read {}", path.display()))
                .next("give the path of a UBL 2.1 invoice, XML, or of a table, .csv or .xlsx")
        })?;
    Ok(bytes)
}
