//! The encodings that outsiders rely on, frozen: a change here is a breaking change.
//!
//! `BLOCKWORM_WRITE_FIXTURES=1` writes the files anew, for a deliberate change of format.
#![allow(clippy::unwrap_used)]

mod sample;

use blockworm_crypto::Digest;
use blockworm_ledger::{
    Anchor, Block, BlockLimits, ForeignState, Genesis, Header, Receipt, StateAnswerProof,
    Transaction, TransactionProof, TransactionView, proof_file::ProofFile,
};
use sample::{changing::changing, sample};
use std::{fs, path::PathBuf};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

fn frozen(name: &str, now: &str) -> String {
    if std::env::var_os("BLOCKWORM_WRITE_FIXTURES").is_some() {
        fs::write(path(name), now).unwrap();
    }
    let text = fs::read_to_string(path(name)).unwrap();
    assert!(
        text == now,
        "{name} is no longer what this program writes:\n{now}"
    );
    text
}

fn frozen_bytes(name: &str, now: &[u8]) -> Vec<u8> {
    let text = frozen(name, &format!("{}\n", hex::encode(now)));
    hex::decode(text.trim_end()).unwrap()
}

fn pretty<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}

#[test]
fn genesis() {
    let genesis = sample().genesis;
    genesis.check().unwrap();
    assert_eq!(
        Genesis::decode(&frozen_bytes("genesis.hex", &genesis.encode())).unwrap(),
        genesis
    );
    assert_eq!(
        Genesis::from_json(&frozen("genesis.json", &genesis.to_json())).unwrap(),
        genesis
    );
    assert_eq!(
        genesis.digest().to_string(),
        "96f6679fdf1f26ba8bd38e9d7586aaf9f8485838440a125a4d8e7e485774a492"
    );
    assert_eq!(genesis.ledger_id().0, genesis.digest().0[..16]);
}

#[test]
fn transaction() {
    let transaction = sample::transaction(sample().genesis.ledger_id(), 1);
    let bytes = frozen_bytes("transaction.hex", &transaction.encode());
    assert_eq!(Transaction::decode(&bytes, 4096).unwrap(), transaction);
    let text = frozen("transaction.json", &pretty(&transaction));
    assert_eq!(
        serde_json::from_str::<Transaction>(&text).unwrap(),
        transaction
    );
    let view = TransactionView::parse(&bytes).unwrap();
    assert_eq!(
        view.id().to_string(),
        "4d68c357c25f12356fbf7fddbea32359e03b1b814afc9bf2d2e7afa5a74e0e86"
    );
    assert_eq!(
        view.leaf().to_string(),
        "5e44769b06806cd9407c4c3bc118635db7205a92c9ef7affc8ba16af73bd6ce5"
    );
    view.check_signature().unwrap();
}

#[test]
fn a_transaction_composed_and_signed_with_openssl() {
    let text = fs::read_to_string(path("transaction-p256.hex")).unwrap();
    let bytes = hex::decode(text.trim_end()).unwrap();
    let view = TransactionView::parse(&bytes).unwrap();
    view.check_signature().unwrap();
    assert_eq!(
        view.id().to_string(),
        "1c43c660b2c3b989d8144d7e4c05e9f063de78c3fa8f227d9380fa26c96e982e"
    );
    assert_eq!(
        (view.sender(), view.contract()),
        ("notary/desk-2", "receivable")
    );
    assert_eq!(view.expires_at_ms(), 1_790_000_000_123);
    assert_eq!(view.to_transaction().encode(), bytes);
}

#[test]
fn header() {
    let header = sample().headers[2].clone();
    assert_eq!(
        Header::decode(&frozen_bytes("header.hex", &header.encode())).unwrap(),
        header
    );
    let text = frozen("header.json", &pretty(&header));
    assert_eq!(serde_json::from_str::<Header>(&text).unwrap(), header);
    assert_eq!(
        header.digest().to_string(),
        "a61246904cd7a2554f20766d1839630060ba035f776fe5ee7734843584d98c88"
    );
}

#[test]
fn block() {
    let sample = sample();
    let bytes = frozen_bytes("block.hex", &sample.block.encode());
    let limits = BlockLimits::from(&sample.genesis.parameters);
    assert_eq!(Block::decode(bytes.into(), &limits).unwrap(), sample.block);
    assert_eq!(
        sample.block.transactions.root(),
        sample.block.header.transactions_root
    );
}

#[test]
fn receipt() {
    let receipt = sample().receipts[1].clone();
    assert_eq!(
        Receipt::decode(&frozen_bytes("receipt.hex", &receipt.encode())).unwrap(),
        receipt
    );
    let text = frozen("receipt.json", &pretty(&receipt));
    assert_eq!(serde_json::from_str::<Receipt>(&text).unwrap(), receipt);
    assert_eq!(
        receipt.leaf().to_string(),
        "2c65b6d3cd9849f422121ef372e2e58805e0aea05335e5dcd41c98d867320617"
    );
}

fn frozen_proof(name: &str, proof: TransactionProof) {
    let bytes = frozen_bytes(&format!("{name}.hex"), &proof.encode());
    assert_eq!(TransactionProof::decode(&bytes).unwrap(), proof);
    let text = frozen(&format!("{name}.json"), &proof.to_json().unwrap());
    assert_eq!(
        ProofFile::from_json(&text).unwrap(),
        ProofFile::Transaction(Box::new(proof))
    );
}

fn frozen_answer(name: &str, answer: StateAnswerProof) {
    let text = frozen(name, &answer.to_json().unwrap());
    assert_eq!(
        ProofFile::from_json(&text).unwrap(),
        ProofFile::State(Box::new(answer))
    );
}

#[test]
fn proofs() {
    frozen_proof("proof", sample().proof());
    frozen_answer("state.json", sample().state_answer());
}

/// A transaction in the third set's time; a state after a block of the second's, certified by the third.
#[test]
fn proofs_through_changes_of_the_validators() {
    frozen_proof("proof-2", changing().proof(9, 12));
    frozen_answer("state-2.json", changing().state_answer(6, 9));
}

/// Beside the file of their genesis.
#[test]
fn proofs_without_their_genesis() {
    let (proof, answer) = (sample().proof(), sample().state_answer());
    let genesis = sample().genesis;
    let text = frozen("proof-3.json", &proof.to_json_without_genesis().unwrap());
    assert_eq!(
        ProofFile::from_json_with(&text, Some(&genesis)).unwrap(),
        ProofFile::Transaction(Box::new(proof))
    );
    let text = frozen("state-3.json", &answer.to_json_without_genesis().unwrap());
    assert_eq!(
        ProofFile::from_json_with(&text, Some(&genesis)).unwrap(),
        ProofFile::State(Box::new(answer))
    );
}

/// What a contract of another ledger is shown: one claim of a state answer, without its genesis,
/// and the handovers apart from it.
#[test]
fn foreign_state() {
    let mut answer = changing().state_answer(6, 9);
    answer.states.truncate(1);
    let whole = answer.clone();
    let (state, handovers) = ForeignState::of(answer).unwrap();
    assert_eq!(handovers, whole.chain.handovers);
    assert_eq!(handovers.len(), 2);
    assert_eq!(state.header().unwrap().height, 6);
    let bytes = frozen_bytes("foreign-state.hex", &state.encode());
    assert_eq!(ForeignState::decode(&bytes).unwrap(), state);
    assert!(ForeignState::decode(&[&bytes[..], &[0]].concat()).is_err());
    let mut known = Anchor::of(&whole.genesis);
    assert!(known.certify(&state.chain).is_err());
    for handover in &handovers {
        let bytes = frozen_bytes(
            &format!("handover-{}.hex", handover.header.height),
            &handover.encode(),
        );
        known
            .hand_over(&borsh::from_slice(&bytes).unwrap())
            .unwrap();
    }
    known.certify(&state.chain).unwrap();
    state.claim.check(&state.chain, &known).unwrap();
    let mut two = whole;
    two.states.push(two.states[0].clone());
    assert_eq!(ForeignState::of(two), None);
}

#[test]
fn state_root() {
    let root: Digest = sample().state.root();
    assert_eq!(
        root.to_string(),
        "36861275764233b532158538e950e9cb97988e974b6854113e90c3ef511af684"
    );
}
