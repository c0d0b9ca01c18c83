//! What a validator refuses to vote for: a proposer's block with transactions that no honest one takes.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_crypto::{Digest, merkle};
use blockworm_ledger::{Block, Header, TransactionView, Transactions, block::HEADER_VERSION};
use blockworm_node::{
    consensus::{
        block::SealedBlock,
        chain::{ChainBook, Link},
        keys,
        succession::Succession,
        transactions,
    },
    ledger::{Head, Ledger, Rules},
    mempool::{Limits, Pending},
};
use bytes::Bytes;
use commonware_parallel::Sequential;
use std::sync::Arc;
use support::{Consortium, parameters};

const TIME_MS: u64 = 1_795_000_000_000;
const WINDOW_MS: u64 = 120_000;

fn ledger(consortium: &Consortium) -> Arc<Ledger> {
    let rules = Rules::new(consortium.genesis.clone());
    let chain = ChainBook::new([Link::genesis(&rules.genesis_header)]);
    let limits = Limits {
        transactions: 100,
        bytes: 1 << 20,
    };
    let signer = keys::signer(&consortium.validators[0]).unwrap();
    let succession = Succession::new(&rules.genesis, signer).unwrap();
    Arc::new(Ledger::new(
        rules,
        chain,
        Head::default(),
        limits,
        succession,
    ))
}

fn block(ledger: &Ledger, transactions: &[Bytes]) -> Arc<SealedBlock> {
    let leaves = transactions
        .iter()
        .map(|bytes| TransactionView::parse(bytes).map_or(Digest::ZERO, |view| view.leaf()));
    let header = Header {
        version: HEADER_VERSION,
        protocol_version: 1,
        ledger: ledger.rules.id,
        height: 1,
        time_ms: TIME_MS,
        parent: ledger.rules.genesis_header.digest(),
        history_root: Digest::ZERO,
        transactions_root: merkle::root(leaves),
        receipts_root: Digest::ZERO,
        state_root: Digest::ZERO,
        next_validators: ledger.rules.genesis_header.next_validators,
    };
    let transactions = Transactions::from_encoded(transactions.iter()).unwrap();
    Arc::new(
        SealedBlock::check(Block {
            header,
            transactions,
        })
        .unwrap(),
    )
}

async fn verdict(ledger: &Arc<Ledger>, transactions: &[Bytes]) -> Result<(), &'static str> {
    transactions::check(ledger, &Sequential, &block(ledger, transactions)).await
}

#[tokio::test]
async fn expired_early_foreign_repeated_and_forged_transactions_sink_the_block() {
    let ours = Consortium::new(TIME_MS - 1_000, 4, parameters());
    let theirs = Consortium::new(TIME_MS - 2_000, 4, parameters());
    let ledger = ledger(&ours);
    let good = ours.issue(0, 1, TIME_MS + 1);
    let last = ours.issue(1, 2, TIME_MS + WINDOW_MS);
    assert_eq!(verdict(&ledger, &[good.clone(), last]).await, Ok(()));

    let untimely = Err("a transaction has expired or expires too far ahead");
    let expired = ours.issue(0, 3, TIME_MS);
    let early = ours.issue(0, 4, TIME_MS + WINDOW_MS + 1);
    assert_eq!(verdict(&ledger, &[good.clone(), expired]).await, untimely);
    assert_eq!(verdict(&ledger, &[good.clone(), early]).await, untimely);
    let foreign = theirs.issue(0, 5, TIME_MS + 1);
    assert_eq!(
        verdict(&ledger, &[good.clone(), foreign]).await,
        Err("a transaction belongs to another ledger")
    );
    assert_eq!(
        verdict(&ledger, &[good.clone(), good.clone()]).await,
        Err("a transaction stands in it twice")
    );
    let mut forged = good.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(
        verdict(&ledger, &[forged.into()]).await,
        Err("a transaction is wrongly signed")
    );
}

#[tokio::test]
async fn a_transaction_that_waits_here_is_judged_by_its_expiry_too() {
    let consortium = Consortium::new(TIME_MS - 1_000, 4, parameters());
    let ledger = ledger(&consortium);
    let bytes = consortium.issue(0, 1, TIME_MS);
    let view = TransactionView::parse(&bytes).unwrap();
    let pending = Pending {
        id: view.id(),
        leaf: view.leaf(),
        bytes: bytes.clone(),
        organisation: view.sender_id().organisation(),
        expires_at_ms: view.expires_at_ms(),
    };
    ledger.mempool().insert(pending).unwrap();
    assert!(verdict(&ledger, &[bytes]).await.is_err());
}
