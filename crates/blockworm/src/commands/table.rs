//! `blockworm receivable import TABLE`: a receivable on each row of a table, from wherever an earlier run stopped.

use super::acting::{Desk, step_failure};
use crate::{
    cli::ReceivableImportArgs,
    failure::{Failure, Result},
    output::{Format, table as columns},
    progress::Progress,
    remote::check_ok,
    signer::Signer,
};
use blockworm_ledger::Amount;
use blockworm_receivable::{ReceivableResponse, msg::Status};
use blockworm_service::network::ConsortiumFolder;
use blockworm_workflows::receivable::{
    IssueTerms, Opening, Salt,
    table::{self, Entry, Given, Table, TableError},
};
use futures::{StreamExt as _, stream};
use serde::Serialize;
use serde_json::json;
use std::{
    cell::{Cell, RefCell},
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

/// Rows that are on their way to the ledger at once.
const IN_FLIGHT: usize = 16;

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Became {
    /// Issued by this run.
    Issued,
    /// Its invoice stands on the ledger already.
    Known,
    /// It was issued once, and withdrawn or refused: that is not undone here.
    Cancelled,
    /// Checked alone.
    Checked,
}

#[derive(Serialize)]
struct Done {
    row: u32,
    invoice: String,
    amount: Amount,
    due_date: String,
    receivable: String,
    became: Became,
    /// What the ledger says otherwise than the row.
    differs: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<String>,
}

#[derive(Serialize)]
struct Imported {
    file: String,
    sheet: Option<String>,
    issued: usize,
    known: usize,
    totals: Vec<Amount>,
    remarks: Vec<String>,
    openings: Option<String>,
    rows: Vec<Done>,
}

/// Whether a file is a table by its name or its first bytes.
pub fn is_table(path: &Path, bytes: &[u8]) -> bool {
    let name = path.extension().and_then(|name| name.to_str());
    let name = name.unwrap_or_default().to_ascii_lowercase();
    table::is_workbook(bytes) || matches!(name.as_str(), "csv" | "tsv" | "xlsx" | "xlsm" | "xls")
}

/// Reads the table, and issues what is not on the ledger yet.
pub async fn import_table(
    args: &ReceivableImportArgs,
    bytes: &[u8],
    format: Format,
) -> Result<ExitCode> {
    if args.price.is_some() {
        let what = "--price is one price, and a table has many receivables";
        return Err(Failure::new("table.one_price", what)
            .next("leave it out: all that is owed is asked; blockworm receivable ask"));
    }
    let given = Given {
        sheet: args.table.sheet.clone(),
        currency: args.table.currency,
        seller_tax_id: args.table.seller_tax_id.clone(),
        buyer: args.buyer.clone(),
    };
    let read = table::read(bytes, &given).map_err(|error| refusal(&args.invoice, &error))?;
    if args.table.check {
        let rows = read.entries.iter();
        let rows = rows.map(|entry| done(entry, Became::Checked, None));
        return print(args, &read, rows.collect(), None, format);
    }
    let path = args.table.openings.clone();
    let path = path.unwrap_or_else(|| beside(&args.invoice));
    let import = Import {
        args,
        desk: Desk::open(&args.target).await?,
        signer: Signer::open(
            &ConsortiumFolder::new(&args.target.place.dir),
            &args.member,
            &args.signing,
        )?,
        openings: RefCell::new(Openings { path, file: None }),
        stopped: Cell::new(false),
    };
    let rows = import.all(&read).await?;
    let openings = import.openings.into_inner();
    let written = openings.file.map(|_| openings.path.display().to_string());
    print(args, &read, rows, written, format)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".openings.jsonl");
    path.with_file_name(name)
}

/// The file, and for programs each fault with its place.
fn refusal(path: &Path, error: &TableError) -> Failure {
    Failure::of(error.code(), error)
        .during(path.display())
        .next(error.next())
        .fact("file", json!(path.display().to_string()))
        .fact("faults", json!(error.faults()))
}

fn done(entry: &Entry, became: Became, on_ledger: Option<&ReceivableResponse>) -> Done {
    Done {
        row: entry.row,
        invoice: entry.facts.number.clone(),
        amount: entry.owed.amount,
        due_date: entry.owed.due_date.to_string(),
        receivable: on_ledger.map_or_else(|| entry.owed.receivable_id(), |found| found.id.clone()),
        became,
        differs: on_ledger.map_or_else(Vec::new, |found| differences(entry, found)),
        transaction: None,
    }
}

fn differences(entry: &Entry, found: &ReceivableResponse) -> Vec<&'static str> {
    let owed = &entry.owed;
    let buyer = entry.buyer_member.as_ref().map(|buyer| buyer.as_str());
    let differs = [
        ("amount", found.amount.u128() != owed.amount.minor),
        (
            "currency",
            found.currency.as_str() != owed.amount.currency.as_str(),
        ),
        (
            "due_date",
            found.due_date.to_string() != owed.due_date.to_string(),
        ),
        ("buyer", buyer != Some(found.buyer.as_str())),
    ];
    let differing = differs.into_iter().filter(|(_, differs)| *differs);
    differing.map(|(what, _)| what).collect()
}

/// Where openings are kept: without its salt, a commitment on the ledger could never be opened again.
struct Openings {
    path: PathBuf,
    file: Option<File>,
}

#[derive(Serialize)]
struct Kept<'a> {
    receivable: &'a str,
    /// The text that the commitment is to.
    document: &'a str,
    opening: &'a Opening,
}

impl Openings {
    fn keep(&mut self, kept: &Kept<'_>) -> Result<()> {
        let unwritable = |error: &(dyn std::error::Error + 'static)| {
            Failure::of("table.openings_unwritable", error)
                .during(format!("cannot write {}", self.path.display()))
                .next("--openings FILE")
        };
        let mut line = serde_json::to_string(kept).map_err(|error| unwritable(&error))?;
        line.push('\n');
        let file = match self.file.take() {
            Some(file) => Ok(file),
            None => {
                let mut options = OpenOptions::new();
                options.append(true).create(true).mode(0o600);
                options.open(&self.path)
            }
        };
        let file = file.map_err(|error| unwritable(&error))?;
        let written = (&file)
            .write_all(line.as_bytes())
            .and_then(|()| file.sync_data());
        written.map_err(|error| unwritable(&error))?;
        self.file = Some(file);
        Ok(())
    }
}

struct Import<'a> {
    args: &'a ReceivableImportArgs,
    desk: Desk,
    signer: Signer,
    openings: RefCell<Openings>,
    /// Nothing more is begun once a row failed.
    stopped: Cell<bool>,
}

impl Import<'_> {
    async fn all(&self, read: &Table) -> Result<Vec<Done>> {
        let progress = Progress::new();
        let count = read.entries.len();
        let mut rows = Vec::new();
        let mut failed: Option<(u32, String, Failure)> = None;
        let ways = stream::iter(&read.entries).map(|entry| async move {
            match self.stopped.get() {
                true => None,
                false => Some((entry, self.one(entry).await)),
            }
        });
        let mut ways = std::pin::pin!(ways.buffered(IN_FLIGHT));
        while let Some(way) = ways.next().await {
            match way {
                None => {}
                Some((_, Ok(done))) => rows.push(done),
                Some((entry, Err(failure))) => {
                    self.stopped.set(true);
                    failed.get_or_insert((entry.row, entry.facts.number.clone(), failure));
                }
            }
            // A line for each of ten thousand rows would help nobody.
            if count <= 50 || rows.len().is_multiple_of(50) {
                progress.doing(format!("{} of {count} rows", rows.len()));
            }
        }
        progress.done();
        match failed {
            None => Ok(rows),
            Some((row, invoice, failure)) => {
                let issued = rows
                    .iter()
                    .filter(|done| done.became == Became::Issued)
                    .count();
                let what = format!(
                    "row {row}, invoice {invoice}, after {issued} of {count} rows were issued"
                );
                Err(failure
                    .during(what)
                    .next("mend what stopped it and run the same command again: rows that are on the ledger are skipped")
                    .fact("row", json!(row))
                    .fact("rows", json!(rows)))
            }
        }
    }

    async fn one(&self, entry: &Entry) -> Result<Done> {
        let contracts = &self.desk.contracts;
        if let Some(found) = self.registered(entry).await? {
            return Ok(done(entry, Became::Known, Some(&found)));
        }
        let id = entry.owed.receivable_id();
        let question = contracts.receivable_query(&id);
        let found: Option<ReceivableResponse> =
            self.desk.ask(&contracts.receivable, question).await?;
        if let Some(found) = found
            && found.invoice_digest == entry.owed.invoice_digest.to_string()
            && matches!(found.status, Status::Withdrawn | Status::Refused)
        {
            return Ok(done(entry, Became::Cancelled, Some(&found)));
        }
        let Some(buyer) = entry.buyer_member.clone() else {
            return Err(Failure::new(
                "table.field_missing",
                "the row names no buyer",
            ));
        };
        let terms = IssueTerms {
            id,
            buyer,
            price: None,
            recourse: self.args.recourse,
        };
        let salt = Salt::random()
            .map_err(|error| Failure::new("system.random", format!("no random bytes: {error}")))?;
        let unwritable = |error: serde_json::Error| Failure::of("output.json", &error);
        let document = entry.facts.document().map_err(unwritable)?;
        let opening = entry.facts.opening(salt).map_err(unwritable)?;
        self.openings.borrow_mut().keep(&Kept {
            receivable: &terms.id,
            document: &document,
            opening: &opening,
        })?;
        let request = contracts
            .issue_owed(&self.args.member, &entry.owed, &terms, Some(&opening))
            .map_err(|error| step_failure(&error))?;
        let wait = Duration::from_secs(self.args.signing.wait_s);
        let (remote, contract) = (&self.desk.remote, &request.contract);
        let receipt = remote
            .submit(&self.signer, contract, request.message, wait)
            .await?;
        // Somebody else was quicker, or an earlier run whose answer was lost.
        if receipt.code == "receivable.invoice_already_registered"
            && let Some(found) = self.registered(entry).await?
        {
            return Ok(done(entry, Became::Known, Some(&found)));
        }
        check_ok(&receipt)?;
        Ok(Done {
            transaction: Some(receipt.transaction),
            ..done(entry, Became::Issued, None)
        })
    }

    async fn registered(&self, entry: &Entry) -> Result<Option<ReceivableResponse>> {
        let contracts = &self.desk.contracts;
        let question = contracts.digest_query(&entry.owed.invoice_digest);
        self.desk.ask(&contracts.receivable, question).await
    }
}

fn print(
    args: &ReceivableImportArgs,
    read: &Table,
    rows: Vec<Done>,
    openings: Option<String>,
    format: Format,
) -> Result<ExitCode> {
    let count = |became| rows.iter().filter(|done| done.became == became).count();
    let imported = Imported {
        file: args.invoice.display().to_string(),
        sheet: read.sheet.clone(),
        issued: count(Became::Issued),
        known: count(Became::Known) + count(Became::Cancelled),
        totals: read.totals.clone(),
        remarks: read.remarks.clone(),
        openings,
        rows,
    };
    let cells: Vec<[String; 6]> = imported.rows.iter().map(cells).collect();
    let head = ["ROW", "INVOICE", "AMOUNT", "DUE", "RECEIVABLE", "NOW"];
    let mut text = columns(head, &cells);
    text.push('\n');
    for total in &imported.totals {
        let _ = writeln!(text, "total       {total}");
    }
    for remark in &imported.remarks {
        let _ = writeln!(text, "remark      {remark}");
    }
    if let Some(path) = &imported.openings {
        let _ = writeln!(
            text,
            "openings    {path}: keep it, it shows what each receivable stands on"
        );
    }
    if !args.table.check {
        let (issued, known) = (imported.issued, imported.known);
        let _ = writeln!(text, "{issued} issued, {known} on the ledger before");
    }
    format.print(&imported, text)?;
    Ok(ExitCode::SUCCESS)
}

fn cells(done: &Done) -> [String; 6] {
    let now = match done.became {
        Became::Issued => "issued",
        Became::Known => "on the ledger before",
        Became::Cancelled => "withdrawn or refused before",
        Became::Checked => "good",
    };
    let differs = match done.differs.is_empty() {
        true => String::new(),
        false => format!("; differs there: {}", done.differs.join(", ")),
    };
    [
        done.row.to_string(),
        done.invoice.clone(),
        done.amount.to_string(),
        done.due_date.clone(),
        done.receivable.clone(),
        format!("{now}{differs}"),
    ]
}
