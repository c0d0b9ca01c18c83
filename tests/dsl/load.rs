//! Transfers in flight: who sent what, and what was acknowledged.

use super::{Consortium, signing::Signer};
use blockworm_api::{Client, model::Progress};
use serde_json::{Value, json};
use std::time::Duration;

/// The currency of all scenarios.
pub const CURRENCY: &str = "CNY";

/// One unit from one member to another.
pub fn transfer(to: &str) -> Value {
    json!({ "transfer": { "to": to, "amount": "1", "currency": CURRENCY } })
}

/// Units made by a bank's maker.
pub fn issue(to: &str, amount: u64) -> Value {
    json!({ "issue": { "to": to, "amount": amount.to_string(), "currency": CURRENCY } })
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
    to: &str,
    count: usize,
    wait: Duration,
) -> Acknowledged {
    let transactions: Vec<_> = (0..count)
        .map(|_| signer.sign("money", &transfer(to)))
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
    /// Gives a member money to spend.
    pub async fn fund(&self, member: &str, amount: u64) {
        let maker = self.signer("bank/maker");
        let organisation = self.record().nodes[0].organisation.clone();
        let client = self.client(organisation.as_str());
        let answer = client
            .submit(
                &self.ledger(),
                &maker.sign("money", &issue(member, amount)),
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
        let question = json!({ "balance": { "account": account, "currency": CURRENCY } });
        let answer: Value = self
            .client(organisation)
            .query(&self.ledger(), "money", &question)
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
