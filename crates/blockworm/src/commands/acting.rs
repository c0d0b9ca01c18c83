//! What every command about assets and receivables does: reach the ledger, ask its contracts, sign and submit.

use super::submitter::FolderSubmitter;
use crate::{
    cli::{Acting, Target},
    failure::{Failure, Result},
    remote::{Remote, client_failure},
    signer::Signer,
};
use blockworm_api::model::ReceiptView;
use blockworm_asset_issuance::msg::Class;
use blockworm_kit::{Currency, assets::AssetId};
use blockworm_ledger::{Amount, ContractName};
use blockworm_receivable::{ReceivableResponse, msg::Part};
use blockworm_service::network::ConsortiumFolder;
use blockworm_workflows::receivable::{Contracts, Opening, Request, steps::StepError};
use cosmwasm_std::Uint128;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{fs::File, io::Read as _, path::Path, time::Duration};

/// Longer files are no documents that an asset stands on.
const LARGEST_FILE_BYTES: u64 = 256 << 20;

/// A trade's ledger and its contracts.
pub struct Desk {
    /// The ledger.
    pub remote: Remote,
    /// What its contracts are called.
    pub contracts: Contracts,
}

impl Desk {
    /// Reaches it.
    pub async fn open(target: &Target) -> Result<Self> {
        Ok(Self::of(Remote::connect(target).await?))
    }

    /// One that is reached already.
    pub fn of(remote: Remote) -> Self {
        Self {
            remote,
            contracts: Contracts::default(),
        }
    }

    /// All parts of a receivable, ended ones too.
    pub async fn parts(&self, id: &str) -> Result<Vec<Part>> {
        let mut parts: Vec<Part> = Vec::new();
        loop {
            let from = parts
                .last()
                .map_or(0, |part| part.holding.saturating_add(1));
            let question = self.contracts.parts_query(id, from);
            let page: Vec<Part> = self.ask(&self.contracts.receivable, question).await?;
            if page.is_empty() {
                return Ok(parts);
            }
            parts.extend(page);
        }
    }

    /// A receivable that there is.
    pub async fn receivable(&self, id: &str) -> Result<ReceivableResponse> {
        let question = self.contracts.receivable_query(id);
        let found: Option<ReceivableResponse> =
            self.ask(&self.contracts.receivable, question).await?;
        found.ok_or_else(|| {
            Failure::new(
                "receivable.not_found",
                format!("no receivable {id} is on this ledger"),
            )
            .next("blockworm receivable import INVOICE")
        })
    }

    /// Signs, submits and waits; a refusal is a failure.
    pub async fn submit(
        &self,
        acting: &Acting,
        request: std::result::Result<Request, StepError>,
    ) -> Result<ReceiptView> {
        let request = request.map_err(|error| step_failure(&error))?;
        let folder = ConsortiumFolder::new(&acting.target.place.dir);
        let signer = Signer::open(&folder, &acting.member, &acting.signing)?;
        let wait = Duration::from_secs(acting.signing.wait_s);
        let submitter = FolderSubmitter::new(&folder, wait).on(request.on, &self.remote);
        submitter.with(signer).receipt_ok(&request).await
    }

    /// A contract's answer.
    pub async fn ask<A: DeserializeOwned>(
        &self,
        contract: &ContractName,
        question: std::result::Result<Vec<u8>, StepError>,
    ) -> Result<A> {
        let question = question.map_err(|error| step_failure(&error))?;
        let question: Value = serde_json::from_slice(&question)
            .map_err(|error| Failure::of("message.malformed", &error))?;
        let ledger = self.remote.ledger_text();
        let asked = self
            .remote
            .client
            .query(&ledger, contract.as_str(), &question);
        let answer = asked.await.map_err(client_failure)?;
        serde_json::from_value(answer).map_err(|error| Failure::of("node.unexpected", &error))
    }

    /// A class.
    pub async fn class(&self, name: &str) -> Result<Class> {
        let assets = &self.contracts.assets;
        let class: Option<Class> = self.ask(&assets.issuance, assets.class_query(name)).await?;
        class.ok_or_else(|| {
            Failure::new(
                "issuance.unknown_class",
                format!("no class {name} is defined"),
            )
            .next("blockworm asset define FILE")
        })
    }

    /// An asset's life.
    pub async fn life(&self, asset: &AssetId) -> Result<Value> {
        let assets = &self.contracts.assets;
        let found: Value = self
            .ask(&assets.issuance, assets.asset_query(asset))
            .await?;
        if found.is_null() {
            let what = format!("there is no asset {asset} on this ledger");
            return Err(Failure::new("issuance.unknown_asset", what));
        }
        Ok(found)
    }

    /// What the contract that keeps its holdings says of an asset; `null` before it begins.
    pub async fn asset(&self, asset: &AssetId) -> Result<Value> {
        let assets = &self.contracts.assets;
        self.ask(&assets.holdings, assets.held_query(asset)).await
    }

    /// All holdings of an asset.
    pub async fn holdings(&self, asset: &AssetId) -> Result<Vec<Value>> {
        let assets = &self.contracts.assets;
        let mut rows = Vec::new();
        loop {
            let question = assets.holdings_query(asset, rows.len() as u64);
            let page: Vec<Value> = self.ask(&assets.holdings, question).await?;
            if page.is_empty() {
                return Ok(rows);
            }
            rows.extend(page);
        }
    }

    /// The proposal that was read, or the newest.
    pub async fn version(&self, asset: &AssetId, read: Option<u32>) -> Result<u32> {
        match read {
            Some(version) => Ok(version),
            None => {
                let version = self.life(asset).await?["version"].as_u64();
                Ok(version.and_then(|n| u32::try_from(n).ok()).unwrap_or(0))
            }
        }
    }

    /// What an asset's units count.
    pub async fn currency(&self, asset: &AssetId) -> Result<Currency> {
        Ok(self.class(asset.class()).await?.currency)
    }

    /// `1500.00` in an asset's currency, as units.
    pub async fn units(&self, asset: &AssetId, text: &str) -> Result<Uint128> {
        self.minor(self.currency(asset).await?, text)
    }

    /// `1500.00` in a currency, as minor units.
    pub fn minor(&self, currency: Currency, text: &str) -> Result<Uint128> {
        let known = currency
            .as_str()
            .parse()
            .map_err(|error| Failure::of("amount.bad_currency", &error))?;
        Ok(Uint128::new(decimal(text, known)?.minor))
    }

    /// The unit at which a holding is split so that its first part has this amount.
    pub async fn split_at(&self, asset: &AssetId, holding: u64, text: &str) -> Result<Uint128> {
        let amount = self.units(asset, text).await?;
        let rows = self.holdings(asset).await?;
        let row = rows.iter().find(|row| row["number"] == holding);
        let from = row.and_then(|row| row["holding"]["units"]["from"].as_str());
        let from: Uint128 = from.and_then(|text| text.parse().ok()).ok_or_else(|| {
            Failure::new(
                "asset.unknown_holding",
                format!("there is no holding {holding}"),
            )
            .next(format!("blockworm asset show {asset}"))
        })?;
        from.checked_add(amount)
            .map_err(|_| Failure::new("amount.overflow", "the amount is too large"))
    }
}

/// `1500.00` in a currency.
pub fn decimal(text: &str, currency: blockworm_ledger::Currency) -> Result<Amount> {
    Amount::parse_decimal(text, currency)
        .map_err(|error| Failure::of(error.code(), &error).during(format!("`{text}`")))
}

/// A message that could not be written.
pub fn step_failure(error: &StepError) -> Failure {
    Failure::of(error.code(), error)
}

/// Commits to a file with a fresh salt.
pub fn commit(path: &Path) -> Result<Opening> {
    let file = read(path)?;
    Opening::of(&file).map_err(|error| Failure::new("system.random", error))
}

/// A whole file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let opened =
        File::open(path).and_then(|file| file.take(LARGEST_FILE_BYTES + 1).read_to_end(&mut bytes));
    opened.map_err(|error| {
        Failure::of("file.unreadable", &error).during(format!("cannot read {}", path.display()))
    })?;
    if bytes.len() as u64 > LARGEST_FILE_BYTES {
        let what = format!("{} is longer than 256 MiB", path.display());
        return Err(Failure::new("file.too_large", what));
    }
    Ok(bytes)
}
