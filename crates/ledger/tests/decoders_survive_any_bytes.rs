//! No bytes make a decoder panic, and what it accepts it would write again byte for byte.
#![allow(clippy::unwrap_used)]

mod sample;

use blockworm_ledger::{
    Amount, Anchor, Block, BlockLimits, CertifiedHeaders, FinalityProof, Genesis, Handover, Header,
    Receipt, StateAnswerProof, StateProof, Transaction, TransactionProof, TransactionView,
    Transactions, proof_file::ProofFile,
};
use borsh::BorshDeserialize;
use bytes::Bytes;
use proptest::{collection::vec, prelude::*, sample::Index};
use sample::{changing::changing, sample};

/// Honest encodings with a few bytes changed, cut or doubled: these get deeper than noise does.
fn damaged(honest: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let changes = vec((any::<Index>(), any::<u8>()), 0..4);
    (changes, any::<Index>(), 0..4u8).prop_map(move |(changes, at, kind)| {
        let mut bytes = honest.clone();
        for (index, byte) in changes {
            let place = index.index(bytes.len());
            bytes[place] = byte;
        }
        match kind {
            0 => bytes.truncate(at.index(honest.len())),
            1 => bytes.extend_from_slice(&honest[at.index(honest.len())..]),
            _ => {}
        }
        bytes
    })
}

fn noise() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..400)
}

fn same<T: BorshDeserialize + borsh::BorshSerialize>(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(value) = borsh::from_slice::<T>(bytes) {
        prop_assert_eq!(borsh::to_vec(&value).unwrap(), bytes);
    }
    Ok(())
}

fn every_decoder(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(view) = TransactionView::parse(bytes) {
        prop_assert_eq!(view.to_transaction().encode(), bytes);
        prop_assert_eq!(view.to_transaction().id(), view.id());
        let _ = view.check_signature();
    }
    if let Ok(transaction) = Transaction::decode(bytes, 200) {
        prop_assert!(bytes.len() <= 200);
        prop_assert_eq!(transaction.encode(), bytes);
    }
    if let Ok(header) = Header::decode(bytes) {
        prop_assert_eq!(header.encode(), bytes);
    }
    if let Ok(receipt) = Receipt::decode(bytes) {
        prop_assert_eq!(receipt.encode(), bytes);
    }
    if let Ok(genesis) = Genesis::decode(bytes) {
        let _ = genesis.check();
        prop_assert_eq!(genesis.encode(), bytes);
    }
    if let Ok(proof) = TransactionProof::decode(bytes) {
        let _ = proof.verify(None);
        let _ = proof.to_json();
        prop_assert_eq!(proof.encode(), bytes);
    }
    if let Ok(answer) = borsh::from_slice::<StateAnswerProof>(bytes) {
        let _ = answer.verify(None);
        prop_assert_eq!(borsh::to_vec(&answer).unwrap(), bytes);
    }
    if let Ok(handover) = borsh::from_slice::<Handover>(bytes) {
        let _ = Anchor::of(&changing().genesis).hand_over(&handover);
    }
    same::<Handover>(bytes)?;
    same::<CertifiedHeaders>(bytes)?;
    same::<Anchor>(bytes)?;
    every_block_decoder(bytes)?;
    same::<Transaction>(bytes)?;
    same::<StateProof>(bytes)?;
    same::<FinalityProof>(bytes)?;
    same::<Amount>(bytes)?;
    let _ = ProofFile::from_json(&String::from_utf8_lossy(bytes));
    let _ = Genesis::from_json(&String::from_utf8_lossy(bytes));
    Ok(())
}

fn every_block_decoder(bytes: &[u8]) -> Result<(), TestCaseError> {
    let limits = BlockLimits {
        transactions: 100,
        bytes: 10_000,
        transaction_bytes: 1_000,
    };
    if let Ok(list) = Transactions::decode(Bytes::copy_from_slice(bytes), &limits) {
        list.iter().for_each(drop);
        let _ = list.root();
        prop_assert_eq!(&list.encode()[..], bytes);
    }
    if let Ok(block) = Block::decode(Bytes::copy_from_slice(bytes), &limits) {
        prop_assert_eq!(block.encoded_len(), bytes.len());
        prop_assert!(bytes.len() <= Block::max_encoded_len(&limits));
        prop_assert_eq!(&block.encode()[..], bytes);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn noise_does_no_harm(bytes in noise()) {
        every_decoder(&bytes)?;
    }

    #[test]
    fn damaged_transactions_do_no_harm(
        bytes in damaged(sample().block.transactions.get(0).unwrap().to_vec()),
    ) {
        every_decoder(&bytes)?;
    }

    #[test]
    fn damaged_headers_do_no_harm(bytes in damaged(sample().headers[0].encode())) {
        every_decoder(&bytes)?;
    }

    #[test]
    fn damaged_blocks_do_no_harm(bytes in damaged(sample().block.encode().to_vec())) {
        every_decoder(&bytes)?;
    }

    #[test]
    fn damaged_transaction_lists_do_no_harm(
        bytes in damaged(sample().block.transactions.encode().to_vec()),
    ) {
        every_decoder(&bytes)?;
    }

    #[test]
    fn damaged_receipts_do_no_harm(bytes in damaged(sample().receipts[0].encode())) {
        every_decoder(&bytes)?;
    }

    #[test]
    fn damaged_genesis_does_no_harm(bytes in damaged(sample().genesis.encode())) {
        every_decoder(&bytes)?;
    }

    #[test]
    fn damaged_proofs_do_no_harm(bytes in damaged(sample().proof().encode())) {
        every_decoder(&bytes)?;
    }

    #[test]
    fn damaged_proofs_with_handovers_do_no_harm(bytes in damaged(changing().proof(9, 12).encode())) {
        every_decoder(&bytes)?;
    }

    #[test]
    fn damaged_state_answers_do_no_harm(bytes in damaged(borsh::to_vec(&changing().state_answer(6, 9)).unwrap())) {
        every_decoder(&bytes)?;
    }

    #[test]
    fn damaged_handovers_do_no_harm(bytes in damaged(borsh::to_vec(&changing().handover(7)).unwrap())) {
        every_decoder(&bytes)?;
    }

    #[test]
    fn damaged_certified_headers_do_no_harm(
        bytes in damaged(borsh::to_vec(&changing().chain(6, 9)).unwrap()),
    ) {
        every_decoder(&bytes)?;
    }

    #[test]
    fn damaged_anchors_do_no_harm(
        bytes in damaged(borsh::to_vec(&Anchor::of(&changing().genesis)).unwrap()),
    ) {
        every_decoder(&bytes)?;
    }

    #[test]
    fn damaged_proof_files_do_no_harm(
        bytes in prop_oneof![
            damaged(sample().proof().to_json().unwrap().into_bytes()),
            damaged(sample().proof().to_json_without_genesis().unwrap().into_bytes()),
            damaged(changing().state_answer(6, 9).to_json().unwrap().into_bytes()),
        ],
    ) {
        let given = sample().genesis;
        if let Ok(read) = ProofFile::from_json_with(&String::from_utf8_lossy(&bytes), Some(&given)) {
            let _ = read.verify(None);
        }
    }

    #[test]
    fn a_block_keeps_its_transactions(list in vec(vec(any::<u8>(), 66..100), 0..20)) {
        let limits = BlockLimits { transactions: 20, bytes: 2000, transaction_bytes: 99 };
        let transactions = Transactions::from_encoded(&list).unwrap();
        let encoded = transactions.encode();
        prop_assert_eq!(encoded.len(), transactions.encoded_len());
        let decoded = Transactions::decode(encoded, &limits).unwrap();
        prop_assert_eq!(decoded.slices().map(<[u8]>::to_vec).collect::<Vec<_>>(), list.clone());
        prop_assert_eq!(decoded.len(), list.len());
        prop_assert_eq!(decoded.get(list.len()), None);
        prop_assert_eq!(decoded, transactions);
    }

    #[test]
    fn a_transaction_survives_both_forms(message in "\\PC{0,60}", nonce: u8, expires: u64) {
        let mut transaction = sample::transaction(sample().genesis.ledger_id(), nonce);
        transaction.body.message = message.into_bytes();
        transaction.body.expires_at_ms = expires;
        prop_assert_eq!(&Transaction::decode(&transaction.encode(), 4096).unwrap(), &transaction);
        let text = serde_json::to_string(&transaction).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Transaction>(&text).unwrap(), &transaction);
    }
}
