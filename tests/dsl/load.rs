//! Transfers in flight: who sent what, and what was acknowledged.

use super::{Consortium, signing::Signer};
use blockworm_api::{Client, model::Progress};
use serde_json::{Value, json};
use std::time::Duration;

/// The contract that keeps the holdings of assets.
pub const ASSETS: &str = "assets";

/// Units of settlement money from one member to another.
pub fn transfer(money: &str, to: &str, amount: u64) -> Value {
    let part = json!({ "units": amount.to_string() });
    json!({ "transfer": { "asset": money, "part": part, "to": to } })
}

/// How a batch of transfers went.
#[derive(Default)]
pub struct Acknowledged {
    /// Ids whose receipts said `ok`.
    pub ids: Vec<String>,
    /// Codes of those that were refused.
    pub refused: Vec<String>,
}

/// Sends `count` transfers in one batch and waits for their receipts. What was not answered (the
/// node died) counts as neither acknowledged nor refused.
pub async fn send_batch(
    client: &Client,
    signer: &Signer,
    (money, to): (&str, &str),
    count: usize,
    wait: Duration,
) -> Acknowledged {
    let transactions: Vec<_> = (0..count)
        .map(|_| signer.sign(ASSETS, &transfer(money, to, 1)))
        .collect();
    let encoded: Vec<_> = transactions
        .iter()
        .map(blockworm_ledger::Transaction::encode)
        .collect();
    let mut acknowledged = Acknowledged::default();
    let Ok(outcomes) = client
        .submit_batch(&signer.ledger.to_string(), &encoded, wait)
        .await
    else {
        return acknowledged;
    };
    for (outcome, transaction) in outcomes.iter().zip(&transactions) {
        match outcome.status {
            Progress::Committed if outcome.code == "ok" => {
                acknowledged.ids.push(transaction.id().to_string());
            }
            Progress::Pending => {}
            _ => acknowledged.refused.push(outcome.code.clone()),
        }
    }
    acknowledged
}

impl Consortium {
    /// The settlement money of this scenario: ten thousand million yuan in the hand of the bank's maker.
    pub fn money(&self) -> &str {
        self.money.get_or_init(|| {
            let statement = self.beside("settlement-account.csv");
            std::fs::write(&statement, "closing balance,10000000000.00,CNY").unwrap();
            let args = ["voucher", "issue", "10000000000.00", "CNY"];
            let how = ["--statement", super::path(&statement)];
            let args = [&args[..], &how, &["--checker", "bank/checker"]].concat();
            let issued = self.run(&args).json();
            issued["asset"].as_str().unwrap().to_owned()
        })
    }

    /// Gives a member money to spend; the bank's maker has all there is from the beginning.
    pub async fn fund(&self, member: &str, amount: u64) {
        let money = tokio::task::block_in_place(|| self.money());
        if member == "bank/maker" {
            return;
        }
        let maker = self.signer("bank/maker");
        let organisation = self.record().nodes[0].organisation.clone();
        let client = self.client(organisation.as_str());
        let answer = client
            .submit(
                &self.ledger(),
                &maker.sign(ASSETS, &transfer(money, member, amount)),
                Duration::from_secs(30),
            )
            .await
            .unwrap();
        assert_eq!(
            answer.receipt.map(|receipt| receipt.code).as_deref(),
            Some("ok")
        );
    }

    /// A member's units, as one node sees them.
    pub async fn balance(&self, organisation: &str, account: &str) -> u64 {
        let question = json!({ "balance": { "asset": self.money(), "owner": account } });
        let answer: Value = self
            .client(organisation)
            .query(&self.ledger(), ASSETS, &question)
            .await
            .unwrap();
        answer["amount"].as_str().unwrap().parse().unwrap()
    }

    /// How many transactions wait on an organisation's node.
    pub async fn waiting(&self, organisation: &str) -> usize {
        let view = self
            .client(organisation)
            .ledger(&self.ledger())
            .await
            .unwrap();
        view.mempool_transactions
    }

    /// How far an organisation's node is; `None` while it does not answer.
    pub async fn height(&self, organisation: &str) -> Option<u64> {
        let view = self
            .client(organisation)
            .ledger(&self.ledger())
            .await
            .ok()?;
        Some(view.height)
    }
}
