//! `blockworm voucher`: settlement money, issued by banks and given on.

use super::{
    acting::{Desk, commit, decimal},
    story::line,
    submitter::{FolderSubmitter, stopped},
    tx::print_receipt,
};
use crate::{
    cli::{VoucherBalanceArgs, VoucherCommand, VoucherGiveArgs, VoucherIssueArgs},
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    signer::Signer,
};
use blockworm_asset_issuance::msg::NamedAsset;
use blockworm_asset_transaction::{msg::Part, state::Balance};
use blockworm_ledger::Amount;
use blockworm_service::network::ConsortiumFolder;
use blockworm_workflows::{
    asset::{
        classes,
        voucher::{self, Issue, Issued},
    },
    receivable::{On, Opening, Step},
};
use cosmwasm_std::Uint128;
use serde::Serialize;
use std::{fmt::Write as _, process::ExitCode, time::Duration};

/// Runs one of the verbs.
pub async fn run(command: &VoucherCommand, format: Format) -> Result<ExitCode> {
    match command {
        VoucherCommand::Issue(args) => issue(args, format).await,
        VoucherCommand::Give(args) => give(args, format).await,
        VoucherCommand::Balance(args) => balance(args, format).await,
    }
}

#[derive(Serialize)]
struct Done {
    #[serde(flatten)]
    issued: Issued,
    /// Opens the commitment to the statement: keep it with the file.
    opening: Opening,
}

async fn issue(args: &VoucherIssueArgs, format: Format) -> Result<ExitCode> {
    let amount = decimal(&args.amount, args.currency)?;
    let opening = commit(&args.statement)?;
    let desk = Desk::open(&args.target).await?;
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let signer = Signer::open(&folder, &args.member, &args.signing)?;
    let wait = Duration::from_secs(args.signing.wait_s);
    let mut submitter = FolderSubmitter::new(&folder, wait)
        .on(On::Trade, &desk.remote)
        .with(signer);
    let plan = Issue {
        assets: desk.contracts.assets.clone(),
        maker: args.member.clone(),
        checker: args.checker.clone(),
        amount,
        backing: opening.commitment(),
    };
    let progress = Progress::new();
    let tell = |step: &Step| progress.doing(line(step));
    let issued = voucher::issue(&mut submitter, &plan, tell)
        .await
        .map_err(stopped)?;
    progress.done();
    let mut text = String::new();
    for step in &issued.steps {
        let _ = writeln!(text, "{}", line(step));
    }
    let _ = writeln!(text, "asset       {}", issued.asset);
    if issued.waits {
        let (asset, bank) = (&issued.asset, args.member.organisation());
        let begins = issued.steps.iter().any(|step| step.name == "draft");
        let then = match begins {
            true => format!(
                "; then blockworm asset activate {asset} --as {}",
                args.member
            ),
            false => String::new(),
        };
        let _ = writeln!(
            text,
            "next        blockworm asset approve {asset} --role bank --as {bank}/checker{then}"
        );
    }
    format.print(&Done { issued, opening }, text)?;
    Ok(ExitCode::SUCCESS)
}

async fn give(args: &VoucherGiveArgs, format: Format) -> Result<ExitCode> {
    let amount = decimal(&args.amount, args.currency)?;
    let acting = &args.acting;
    let desk = Desk::open(&acting.target).await?;
    let folder = ConsortiumFolder::new(&acting.target.place.dir);
    let wait = Duration::from_secs(acting.signing.wait_s);
    let mut asking = FolderSubmitter::new(&folder, wait).on(On::Trade, &desk.remote);
    let assets = &desk.contracts.assets;
    let money = voucher::purse(&mut asking, assets, acting.member.as_str(), args.currency)
        .await
        .map_err(stopped)?;
    let part = Part::Units(Uint128::new(amount.minor));
    let request = assets.transfer(&acting.member, &money, part, &args.to);
    let receipt = desk.submit(acting, request).await?;
    print_receipt(&receipt, format)?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Held {
    asset: String,
    issuer: String,
    amount: Amount,
}

async fn balance(args: &VoucherBalanceArgs, format: Format) -> Result<ExitCode> {
    let desk = Desk::open(&args.target).await?;
    let assets = &desk.contracts.assets;
    let mut held = Vec::new();
    for code in classes::CURRENCIES {
        let class = classes::name(classes::VOUCHER, code);
        let mut last = None;
        loop {
            let question = assets.assets_query(&class, last.clone());
            let page: Vec<NamedAsset> = desk.ask(&assets.issuance, question).await?;
            let Some(end) = page.last() else { break };
            last = Some(end.id.clone());
            for NamedAsset { id, asset } in page {
                let question = assets.balance_query(&id, &args.owner);
                let balance: Balance = desk.ask(&assets.holdings, question).await?;
                if !balance.amount.is_zero() {
                    let currency = code
                        .parse()
                        .map_err(|error| Failure::of("amount.bad_currency", &error))?;
                    held.push(Held {
                        asset: id.to_string(),
                        issuer: asset.issuer,
                        amount: Amount::new(balance.amount.u128(), currency),
                    });
                }
            }
        }
    }
    let mut text = String::new();
    for row in &held {
        let _ = writeln!(text, "{:<32} {} of {}", row.asset, row.amount, row.issuer);
    }
    if held.is_empty() {
        let _ = writeln!(text, "{} has no settlement money", args.owner);
    }
    format.print(&held, text)?;
    Ok(ExitCode::SUCCESS)
}
