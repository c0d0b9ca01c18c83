//! `blockworm receivable`: its parts, from hand to hand, paid, overdue, and everything of them in one folder.

use super::{
    acting::{Desk, read},
    submitter::{FolderSubmitter, stopped},
    tx::{print_receipt, receipt_lines},
};
use crate::{
    cli::{
        Acting, PartArgs, ReceivableAskArgs, ReceivableCaseArgs, ReceivableCommand,
        ReceivableDemandArgs, ReceivableSettleArgs, Signing, Target,
    },
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    remote::client_failure,
};
use blockworm_api::{client::Paging, model::ReceiptView};
use blockworm_asset_transaction::{ExecuteMsg as Hands, msg::Part as AssetPart};
use blockworm_crypto::sha256;
use blockworm_ledger::{Amount, Currency, MemberId, TransactionId};
use blockworm_receivable::{
    ExecuteMsg, Payload, ReceivableResponse,
    msg::{FinancingEnd, MAX_SETTLED, Part},
};
use blockworm_service::network::ConsortiumFolder;
use blockworm_workflows::{
    asset::voucher,
    receivable::{Case, CaseTransaction, On, Opening, Request, export::case, steps::StepError},
};
use cosmwasm_std::Uint128;
use serde::Serialize;
use std::{collections::BTreeSet, fs, path::Path, process::ExitCode, time::Duration};

/// Transactions of one page of a block.
const PAGE: u32 = 100;

/// Runs one of the verbs on parts.
pub async fn run(command: &ReceivableCommand, format: Format) -> Result<ExitCode> {
    match command {
        ReceivableCommand::Settle(args) => settle(args, format).await,
        ReceivableCommand::Case(args) => write_case(args, format).await,
        ReceivableCommand::Repurchase(args) => repurchase(args, format).await,
        other => {
            let args = named(other);
            let desk = Desk::open(&args.target).await?;
            let receivable = desk.receivable(&args.id).await?;
            let request = message(other, args, &desk, &receivable).await?;
            let receipt = desk.submit(&acting(args), request).await?;
            print_receipt(&receipt, format)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn named(command: &ReceivableCommand) -> &PartArgs {
    match command {
        ReceivableCommand::Split(args) => &args.part,
        ReceivableCommand::Give(args) => &args.part,
        ReceivableCommand::Ask(args) => &args.part,
        ReceivableCommand::Notify(args) => &args.part,
        ReceivableCommand::Demand(args) => &args.part,
        ReceivableCommand::Repurchase(args) => args,
        _ => unreachable!("invariant: these name no part"),
    }
}

fn acting(args: &PartArgs) -> Acting {
    who(&args.member, &args.signing, &args.target)
}

fn who(member: &MemberId, signing: &Signing, target: &Target) -> Acting {
    Acting {
        member: member.clone(),
        signing: signing.clone(),
        target: target.clone(),
    }
}

async fn message(
    command: &ReceivableCommand,
    args: &PartArgs,
    desk: &Desk,
    receivable: &ReceivableResponse,
) -> Result<std::result::Result<Request, StepError>> {
    let (contracts, asset) = (&desk.contracts, receivable.asset.clone());
    let (id, holding) = (args.id.clone(), args.part);
    Ok(match command {
        ReceivableCommand::Split(split) => {
            let at = desk.split_at(&asset, holding, &split.amount).await?;
            let message = Hands::Split { asset, holding, at };
            contracts.assets.act(&args.member, &message)
        }
        ReceivableCommand::Give(give) => {
            let part = AssetPart::Holding(holding);
            contracts
                .assets
                .transfer(&args.member, &asset, part, &give.to)
        }
        ReceivableCommand::Ask(ask) => contracts.ask(&args.member, &asking(ask, desk, receivable)?),
        ReceivableCommand::Notify(notify) => {
            let notice = sha256(&[&read(&notify.notice)?]).to_string();
            let message = ExecuteMsg::Notify {
                id,
                holding,
                notice,
            };
            contracts.ask(&args.member, &message)
        }
        ReceivableCommand::Demand(demand) => {
            let message = demanding(demand, desk, receivable)?;
            contracts.ask(&args.member, &message)
        }
        _ => unreachable!("invariant: the others were told apart"),
    })
}

fn asking(
    args: &ReceivableAskArgs,
    desk: &Desk,
    receivable: &ReceivableResponse,
) -> Result<ExecuteMsg> {
    let price = args.price.as_deref();
    let price = price.map(|text| desk.minor(receivable.currency, text));
    Ok(ExecuteMsg::Ask {
        id: args.part.id.clone(),
        holding: args.part.part,
        price: price.transpose()?,
        recourse: args.recourse,
    })
}

fn demanding(
    args: &ReceivableDemandArgs,
    desk: &Desk,
    receivable: &ReceivableResponse,
) -> Result<ExecuteMsg> {
    Ok(ExecuteMsg::Demand {
        id: args.part.id.clone(),
        holding: args.part.part,
        amount: desk.minor(receivable.currency, &args.amount)?,
    })
}

fn known(receivable: &ReceivableResponse) -> Result<Currency> {
    let currency = receivable.currency.as_str();
    currency
        .parse()
        .map_err(|error| Failure::of("amount.bad_currency", &error))
}

/// A payment to the receivable contract out of the member's largest balance.
async fn pay(
    desk: &Desk,
    acting: &Acting,
    receivable: &ReceivableResponse,
    amount: Uint128,
    payload: &Payload,
) -> Result<ReceiptView> {
    let folder = ConsortiumFolder::new(&acting.target.place.dir);
    let wait = Duration::from_secs(acting.signing.wait_s);
    let mut asking = FolderSubmitter::new(&folder, wait).on(On::Trade, &desk.remote);
    let (assets, owner) = (&desk.contracts.assets, acting.member.as_str());
    let money = voucher::purse(&mut asking, assets, owner, known(receivable)?)
        .await
        .map_err(stopped)?;
    let request = desk.contracts.pay(&acting.member, &money, amount, payload);
    desk.submit(acting, request).await
}

#[derive(Serialize)]
struct Settled {
    /// One for each payment; a payment is for at most [`MAX_SETTLED`] parts.
    receipts: Vec<ReceiptView>,
}

async fn settle(args: &ReceivableSettleArgs, format: Format) -> Result<ExitCode> {
    let desk = Desk::open(&args.target).await?;
    let receivable = desk.receivable(&args.id).await?;
    let mut parts = desk.parts(&args.id).await?;
    parts.retain(|part| match args.parts.is_empty() {
        true => !part.held.closed,
        false => args.parts.contains(&part.holding),
    });
    let acting = who(&args.member, &args.signing, &args.target);
    let mut receipts = Vec::new();
    // Where there is nothing to pay, the contract says why.
    let chunks: Vec<&[Part]> = match parts.is_empty() {
        true => vec![&[]],
        false => parts.chunks(MAX_SETTLED).collect(),
    };
    for some in chunks {
        let mut amount = Uint128::zero();
        for part in some {
            amount = amount
                .checked_add(part.held.units.count())
                .map_err(|_| Failure::new("amount.overflow", "the amount is too large"))?;
        }
        let payload = Payload::Settle {
            id: args.id.clone(),
            holdings: some.iter().map(|part| part.holding).collect(),
        };
        let amount = amount.max(Uint128::one());
        receipts.push(pay(&desk, &acting, &receivable, amount, &payload).await?);
    }
    let text: Vec<String> = receipts.iter().map(receipt_lines).collect();
    format.print(&Settled { receipts }, text.concat())?;
    Ok(ExitCode::SUCCESS)
}

async fn repurchase(args: &PartArgs, format: Format) -> Result<ExitCode> {
    let desk = Desk::open(&args.target).await?;
    let receivable = desk.receivable(&args.id).await?;
    let parts = desk.parts(&args.id).await?;
    let part = parts.iter().find(|part| part.holding == args.part);
    let demanded = part
        .and_then(|part| part.financing.as_ref())
        .filter(|financing| financing.end.is_none())
        .and_then(|financing| financing.demanded);
    let payload = Payload::Repurchase {
        id: args.id.clone(),
        holding: args.part,
    };
    let amount = demanded.unwrap_or(Uint128::one());
    let receipt = pay(&desk, &acting(args), &receivable, amount, &payload).await?;
    print_receipt(&receipt, format)?;
    Ok(ExitCode::SUCCESS)
}

/// A part in a line.
pub fn line(part: &Part, currency: blockworm_kit::Currency) -> String {
    let money = |minor: Uint128| amount(minor, currency);
    let units = money(part.held.units.count());
    let ended = if part.held.closed { ", ended" } else { "" };
    let mut line = format!(
        "part {:<15} {units} of {}{ended}",
        part.holding, part.held.owner
    );
    if let Some(ask) = part.ask.as_ref().filter(|_| !part.held.closed) {
        line.push_str(&format!(", offered for {}", money(ask.price)));
    }
    if let Some(financing) = &part.financing {
        let end = match financing.end {
            None => "",
            Some(FinancingEnd::Settled) => ", paid",
            Some(FinancingEnd::Repurchased) => ", taken back",
        };
        line.push_str(&format!(
            ", financed by {} for {}{end}",
            financing.bank,
            money(financing.price)
        ));
    }
    line
}

/// As people write it; minor units where the currency's are not known.
pub fn amount(minor: Uint128, currency: blockworm_kit::Currency) -> String {
    let known = currency.as_str().parse::<Currency>().ok();
    let decimal = known.and_then(|known| Amount::new(minor.u128(), known).to_decimal().ok());
    match decimal {
        Some(decimal) => format!("{decimal} {currency}"),
        None => format!("{minor} minor units of {currency}"),
    }
}

#[derive(Serialize)]
struct Written {
    folder: String,
    transactions: usize,
    proofs: usize,
}

/// Everything that the ledger says of a receivable, and the proofs by their files.
pub struct Gathered {
    /// The case, naming the proofs' files.
    pub case: Case,
    /// File → proof.
    pub proofs: Vec<(String, String)>,
}

/// Reads a receivable's case and fetches the proofs of its transactions, which go to `proofs`.
pub async fn gather(
    desk: &Desk,
    folder: &ConsortiumFolder,
    id: &str,
    opening: Option<&Path>,
    (wait, proofs): (Duration, &str),
    progress: &Progress,
) -> Result<Gathered> {
    let mut asking = FolderSubmitter::new(folder, wait).on(On::Trade, &desk.remote);
    let ledger = desk.remote.ledger;
    let mut found = case(&mut asking, ledger, &desk.contracts, id)
        .await
        .map_err(stopped)?;
    if let Some(path) = opening {
        let opening: Opening = serde_json::from_slice(&read(path)?).map_err(|error| {
            Failure::of("case.bad_opening", &error)
                .during(path.display())
                .next("the field `opening` that `receivable import --output json` printed")
        })?;
        found = found
            .with_document(opening)
            .map_err(|error| Failure::of(error.code(), &error))?;
    }
    for height in found.heights() {
        progress.doing(format!("reading block {height}"));
        for transaction in transactions(desk, height).await? {
            found.add(transaction);
        }
    }
    let mut texts = Vec::with_capacity(found.transactions.len());
    for transaction in &mut found.transactions {
        let id = TransactionId::from(transaction.transaction);
        progress.doing(format!("proving {id}"));
        let name = format!("{proofs}/{id}.json");
        texts.push((name.clone(), desk.remote.proof(&id, wait).await?));
        transaction.proof = Some(name);
    }
    Ok(Gathered {
        case: found,
        proofs: texts,
    })
}

async fn write_case(args: &ReceivableCaseArgs, format: Format) -> Result<ExitCode> {
    let desk = Desk::open(&args.target).await?;
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let wait = Duration::from_secs(args.wait_s);
    let progress = Progress::new();
    let opening = args.opening.as_deref();
    let gathered = gather(
        &desk,
        &folder,
        &args.id,
        opening,
        (wait, "proofs"),
        &progress,
    )
    .await?;
    progress.done();
    let out = &args.out;
    create(out)?;
    create(&out.join("proofs"))?;
    for (name, text) in &gathered.proofs {
        write(&out.join(name), text)?;
    }
    finish(&gathered.case, out, format)
}

fn finish(found: &Case, out: &Path, format: Format) -> Result<ExitCode> {
    let json = serde_json::to_string_pretty(found)
        .map_err(|error| Failure::of("case.unwritable", &error))?;
    write(&out.join("case.json"), &json)?;
    let text = found.to_text();
    write(&out.join("case.txt"), &text)?;
    let written = Written {
        folder: out.display().to_string(),
        transactions: found.transactions.len(),
        proofs: found.transactions.len(),
    };
    let text = format!(
        "{text}\nwrote {0}/case.json, case.txt and {1} proofs\nnext        blockworm verify {0}/proofs/ID.json --genesis DIGEST\n",
        written.folder, written.proofs
    );
    format.print(&written, text)?;
    Ok(ExitCode::SUCCESS)
}

/// What the transactions of a block did.
async fn transactions(desk: &Desk, height: u64) -> Result<Vec<CaseTransaction>> {
    let (client, ledger) = (&desk.remote.client, desk.remote.ledger_text());
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut paging = Paging::new(PAGE, None);
    loop {
        let page = client
            .block_transactions(&ledger, Some(height), &paging)
            .await
            .map_err(client_failure)?;
        for line in page.items {
            // What was refused did nothing.
            if line.code != "ok" || !seen.insert(line.id.clone()) {
                continue;
            }
            let view = client
                .transaction(&ledger, &line.id)
                .await
                .map_err(client_failure)?;
            let transaction = line
                .id
                .parse()
                .map_err(|_| Failure::new("node.unexpected", format!("`{}` is no id", line.id)))?;
            found.push(CaseTransaction {
                transaction,
                height,
                sender: line.sender,
                events: super::submitter::events(&view.receipt),
                proof: None,
            });
        }
        match page.next {
            Some(next) => paging.cursor = Some(next),
            None => return Ok(found),
        }
    }
}

fn create(path: &Path) -> Result<()> {
    fs::create_dir(path).map_err(|error| {
        Failure::of("case.unwritable", &error)
            .during(format!("cannot make the folder {}", path.display()))
            .next("choose another with -o")
    })
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| {
        Failure::of("case.unwritable", &error).during(format!("cannot write {}", path.display()))
    })
}
