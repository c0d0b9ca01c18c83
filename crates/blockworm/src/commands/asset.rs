//! `blockworm asset`: the life of an asset, and what its owners do with it.

use super::{
    acting::{Desk, commit},
    tx::print_receipt,
};
use crate::{
    cli::{
        Acting, AssetCommand, AssetDraftArgs, AssetOfferArgs, AssetOrderArgs, AssetPart,
        AssetShowArgs, AssetTitleArgs,
    },
    failure::{Failure, Result},
    output::Format,
};
use blockworm_asset_issuance::{
    ExecuteMsg as Life,
    msg::{Backing, Class},
};
use blockworm_asset_transaction::{
    ExecuteMsg as Hands,
    msg::{NumberedStep, OfferMsg, Part, ProvenanceResponse, Target as Frozen, Want},
};
use blockworm_kit::assets::AssetId;
use blockworm_workflows::receivable::Opening;
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, process::ExitCode};

const MINUTE_MS: u64 = 60_000;

/// A message to one of the two contracts.
enum Message {
    Life(Box<Life>),
    Hands(Hands),
}

impl From<Life> for Message {
    fn from(message: Life) -> Self {
        Self::Life(Box::new(message))
    }
}

impl From<Hands> for Message {
    fn from(message: Hands) -> Self {
        Self::Hands(message)
    }
}

/// Runs one of the verbs.
pub async fn run(command: &AssetCommand, format: Format) -> Result<ExitCode> {
    match command {
        AssetCommand::Show(args) => show(args, format).await,
        AssetCommand::Title(args) => title(args, format).await,
        AssetCommand::Draft(args) => draft(args, format).await,
        other => {
            let acting = acting(other);
            let desk = Desk::open(&acting.target).await?;
            let message = match life(other, &desk).await? {
                Some(message) => message.into(),
                None => hands(other, &desk).await?.into(),
            };
            act(&desk, acting, message, format).await
        }
    }
}

async fn act(desk: &Desk, acting: &Acting, message: Message, format: Format) -> Result<ExitCode> {
    let (assets, who) = (&desk.contracts.assets, &acting.member);
    let request = match message {
        Message::Life(message) => assets.issue(who, &message),
        Message::Hands(message) => assets.act(who, &message),
    };
    let receipt = desk.submit(acting, request).await?;
    print_receipt(&receipt, format)?;
    Ok(ExitCode::SUCCESS)
}

fn acting(command: &AssetCommand) -> &Acting {
    use AssetCommand as C;
    match command {
        C::Define(args) => &args.acting,
        C::Draft(args) => &args.acting,
        C::Approve(args) | C::Reject(args) => &args.acting,
        C::Mint(args) => &args.acting,
        C::Retire(args) | C::SetAside(args) => &args.acting,
        C::Freeze(args) | C::Lift(args) => &args.acting,
        C::Transfer(args) => &args.acting,
        C::Split(args) => &args.acting,
        C::Merge(args) => &args.acting,
        C::Pledge(args) => &args.acting,
        C::Release(args) | C::Unlock(args) => &args.acting,
        C::Lock(args) => &args.acting,
        C::Offer(args) => &args.acting,
        C::Accept(args) => &args.acting,
        C::Withdraw(args) => &args.acting,
        C::Propose(args)
        | C::Activate(args)
        | C::Finalise(args)
        | C::Redeem(args)
        | C::Cancel(args) => &args.acting,
        C::Show(_) | C::Title(_) => unreachable!("invariant: these sign nothing"),
    }
}

/// The message to the issuance contract; `None` for what is the other's.
async fn life(command: &AssetCommand, desk: &Desk) -> Result<Option<Life>> {
    use AssetCommand as C;
    Ok(Some(match command {
        C::Define(args) => Life::Define {
            class: read_class(&args.file)?,
        },
        C::Propose(args) => Life::Propose {
            asset: args.asset.clone(),
        },
        C::Approve(args) => Life::Approve {
            asset: args.asset.clone(),
            version: desk.version(&args.asset, args.version).await?,
            role: args.role.clone(),
        },
        C::Reject(args) => Life::Reject {
            asset: args.asset.clone(),
            version: desk.version(&args.asset, args.version).await?,
            role: args.role.clone(),
        },
        C::Activate(args) => Life::Activate {
            asset: args.asset.clone(),
        },
        C::Mint(args) => {
            let amount = desk.units(&args.asset, &args.amount).await?;
            let backing = match &args.backing {
                None => None,
                Some(path) => Some(Backing {
                    commitment: commit(path)?.commitment().to_string(),
                    amount,
                    currency: desk.currency(&args.asset).await?,
                }),
            };
            Life::Mint {
                asset: args.asset.clone(),
                amount,
                backing,
            }
        }
        C::Finalise(args) => Life::Finalise {
            asset: args.asset.clone(),
        },
        C::Retire(args) => Life::Retire {
            asset: args.asset.clone(),
            amount: desk.units(&args.asset, &args.amount).await?,
        },
        C::Redeem(args) => Life::Redeem {
            asset: args.asset.clone(),
        },
        C::Cancel(args) => Life::Cancel {
            asset: args.asset.clone(),
        },
        C::Freeze(args) if frozen(args).is_none() => Life::Freeze {
            asset: args.asset.clone(),
            order: order(args)?,
        },
        C::Lift(args) if frozen(args).is_none() => Life::Unfreeze {
            asset: args.asset.clone(),
            order: order(args)?,
        },
        _ => return Ok(None),
    }))
}

/// The message to the contract that keeps the holdings.
async fn hands(command: &AssetCommand, desk: &Desk) -> Result<Hands> {
    use AssetCommand as C;
    Ok(match command {
        C::Transfer(args) => Hands::Transfer {
            asset: args.asset.clone(),
            part: part(desk, &args.asset, &args.part).await?,
            to: args.to.to_string(),
        },
        C::SetAside(args) => Hands::SetAside {
            asset: args.asset.clone(),
            amount: desk.units(&args.asset, &args.amount).await?,
        },
        C::Split(args) => Hands::Split {
            asset: args.asset.clone(),
            holding: args.holding,
            at: desk
                .split_at(&args.asset, args.holding, &args.amount)
                .await?,
        },
        C::Merge(args) => Hands::Merge {
            asset: args.asset.clone(),
            holdings: args.holdings.clone(),
        },
        C::Pledge(args) => Hands::Pledge {
            asset: args.asset.clone(),
            holding: args.holding,
            pledgee: args.to.to_string(),
        },
        C::Release(args) => Hands::Release {
            asset: args.asset.clone(),
            holding: args.holding,
        },
        C::Lock(args) => Hands::Lock {
            asset: args.asset.clone(),
            holding: args.holding,
            keeper: args.keeper.to_string(),
            for_ms: args.minutes.saturating_mul(MINUTE_MS),
        },
        C::Unlock(args) => Hands::Unlock {
            asset: args.asset.clone(),
            holding: args.holding,
        },
        C::Freeze(args) | C::Lift(args) => {
            let asset = args.asset.clone();
            let (target, order) = (frozen(args).unwrap_or(Frozen::Holding(0)), order(args)?);
            match command {
                C::Freeze(_) => Hands::Freeze {
                    asset,
                    target,
                    order,
                },
                _ => Hands::Lift {
                    asset,
                    target,
                    order,
                },
            }
        }
        C::Offer(args) => offer(desk, args).await?,
        C::Accept(args) => Hands::Accept {
            offer: args.offer,
            holding: args.holding,
        },
        C::Withdraw(args) => Hands::Withdraw { offer: args.offer },
        _ => unreachable!("invariant: the other contract's were told apart"),
    })
}

async fn offer(desk: &Desk, args: &AssetOfferArgs) -> Result<Hands> {
    let want = match (&args.want, &args.price) {
        (Some(asset), Some(price)) => Some(Want {
            asset: asset.clone(),
            amount: desk.units(asset, price).await?,
        }),
        _ => None,
    };
    Ok(Hands::Offer(OfferMsg {
        asset: args.asset.clone(),
        give: part(desk, &args.asset, &args.part).await?,
        want,
        to: args.to.as_ref().map(ToString::to_string),
        for_ms: args.minutes.saturating_mul(MINUTE_MS),
    }))
}

async fn part(desk: &Desk, asset: &AssetId, part: &AssetPart) -> Result<Part> {
    match (&part.units, part.holding) {
        (Some(amount), _) => Ok(Part::Units(desk.units(asset, amount).await?)),
        (None, holding) => Ok(Part::Holding(holding.unwrap_or_default())),
    }
}

fn frozen(args: &AssetOrderArgs) -> Option<Frozen> {
    match (&args.balance, args.holding) {
        (Some(owner), _) => Some(Frozen::Balance(owner.clone())),
        (None, Some(holding)) => Some(Frozen::Holding(holding)),
        (None, None) => None,
    }
}

fn order(args: &AssetOrderArgs) -> Result<String> {
    match (&args.digest, &args.order) {
        (Some(digest), _) => Ok(digest.to_string()),
        (None, Some(path)) => {
            let bytes = super::acting::read(path)?;
            Ok(blockworm_crypto::sha256(&[&bytes]).to_string())
        }
        (None, None) => Err(Failure::new(
            "cli.missing",
            "an order has a file or a digest",
        )),
    }
}

fn read_class(path: &Path) -> Result<Class> {
    let text = fs::read(path).map_err(|error| {
        Failure::of("class.unreadable", &error).during(format!("cannot read {}", path.display()))
    })?;
    serde_json::from_slice(&text).map_err(|error| {
        Failure::of("class.malformed", &error)
            .during(path.display())
            .next("docs/contracts/asset-issuance.md tells what a class is made of")
    })
}

#[derive(Serialize)]
struct Drafted {
    asset: String,
    /// Opens the commitment on the ledger: keep it with the document.
    opening: Opening,
    receipt: blockworm_api::model::ReceiptView,
}

async fn draft(args: &AssetDraftArgs, format: Format) -> Result<ExitCode> {
    let desk = Desk::open(&args.acting.target).await?;
    let class = desk.class(&args.class).await?;
    let amount = desk.minor(class.currency, &args.amount)?;
    let good_for = match &args.good_for {
        Some(text) => desk.minor(class.currency, text)?,
        None => amount,
    };
    let mut metadata = BTreeMap::new();
    for field in &args.fields {
        let (name, value) = field
            .split_once('=')
            .ok_or_else(|| Failure::new("cli.bad_field", format!("`{field}` is not NAME=VALUE")))?;
        metadata.insert(name.to_owned(), value.to_owned());
    }
    let opening = commit(&args.backing)?;
    let message = Life::Draft {
        class: args.class.clone(),
        amount,
        backing: Backing {
            commitment: opening.commitment().to_string(),
            amount: good_for,
            currency: class.currency,
        },
        metadata,
    };
    let request = desk.contracts.assets.issue(&args.acting.member, &message);
    let receipt = desk.submit(&args.acting, request).await?;
    let asset = receipt
        .events
        .first()
        .map(|event| event.subject.clone())
        .unwrap_or_default();
    let text = format!(
        "asset       {asset}\nblock       {}\nnext        blockworm asset propose {asset} --as {}\n",
        receipt.height, args.acting.member
    );
    let drafted = Drafted {
        asset,
        opening,
        receipt,
    };
    format.print(&drafted, text)?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Shown {
    life: Value,
    asset: Value,
    holdings: Vec<Value>,
}

async fn show(args: &AssetShowArgs, format: Format) -> Result<ExitCode> {
    let desk = Desk::open(&args.target).await?;
    let life = desk.life(&args.asset).await?;
    let asset = desk.asset(&args.asset).await?;
    let holdings = desk.holdings(&args.asset).await?;
    let mut text = String::new();
    for (name, value) in life.as_object().into_iter().flatten() {
        if !value.is_null() {
            let _ = writeln!(text, "{name:<14} {}", plain(value));
        }
    }
    for row in &holdings {
        let holding = &row["holding"];
        let units = &holding["units"];
        let closed = if holding["closed"] == true {
            ", ended"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "holding {:<6} units {} to {} of {}{closed}",
            row["number"],
            plain(&units["from"]),
            plain(&units["to"]),
            plain(&holding["owner"])
        );
    }
    let shown = Shown {
        life,
        asset,
        holdings,
    };
    format.print(&shown, text)?;
    Ok(ExitCode::SUCCESS)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

async fn title(args: &AssetTitleArgs, format: Format) -> Result<ExitCode> {
    let desk = Desk::open(&args.target).await?;
    let (mut steps, mut cursor): (Vec<NumberedStep>, _) = (Vec::new(), None);
    loop {
        let assets = &desk.contracts.assets;
        let question = assets.provenance_query(&args.asset, args.holding, cursor);
        let page: ProvenanceResponse = desk.ask(&assets.holdings, question).await?;
        steps.extend(page.steps);
        if page.next.is_empty() {
            break;
        }
        cursor = Some(page.next);
    }
    steps.reverse();
    let mut text = String::new();
    for NumberedStep { at, step } in &steps {
        let kind = serde_json::to_value(step.kind).unwrap_or_default();
        let _ = writeln!(
            text,
            "block {:<8} holding {:<6} {:<12} by {}, then of {}",
            step.height,
            at.holding,
            plain(&kind),
            step.by,
            step.owner
        );
    }
    format.print(&steps, text)?;
    Ok(ExitCode::SUCCESS)
}
