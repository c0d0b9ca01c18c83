//! Proofs lead from the genesis's validators to those who signed, through every change, or are broken.
#![allow(clippy::unwrap_used)]

mod sample;

use blockworm_ledger::{
    Outcome, Pin, TransactionProof, VerificationReport,
    finality::validator_set_digest,
    proof_file::{PROOF_FORMATS, ProofFile, STATE_FORMATS},
};
use sample::changing::{Changing, changing};

fn verify(proof: &TransactionProof) -> VerificationReport {
    proof.verify(Some(&Pin::genesis(&changing().genesis)))
}

fn failed(report: &VerificationReport) -> Vec<&str> {
    report
        .checks
        .failures()
        .map(|check| check.name.as_str())
        .collect()
}

fn reason<'a>(report: &'a VerificationReport, name: &str) -> &'a str {
    &report.checks.named(name).unwrap().reason
}

fn is_valid(proof: &TransactionProof, formats: &str) {
    let report = verify(proof);
    assert_eq!(failed(&report), Vec::<&str>::new());
    assert_eq!(report.outcome, Outcome::Valid);
    assert_eq!(proof.verify(None).outcome, Outcome::Unpinned);
    let text = proof.to_json().unwrap();
    assert!(text.contains(formats), "{formats}");
    assert_eq!(TransactionProof::from_json(&text).unwrap(), *proof);
    assert_eq!(TransactionProof::decode(&proof.encode()).unwrap(), *proof);
}

#[test]
fn a_proof_of_the_third_sets_time_names_its_signers() {
    let proof = changing().proof(9, 12);
    is_valid(&proof, PROOF_FORMATS[1]);
    let report = verify(&proof);
    let signers: Vec<_> = report.signers.iter().map(|name| name.as_str()).collect();
    let third = &changing().sets[2].validators[..3];
    let expected: Vec<_> = third.iter().map(|one| one.organisation.as_str()).collect();
    assert_eq!(signers, expected);
    assert_eq!(
        reason(&report, "validators.genesis"),
        "the validators follow from those of the genesis; they vote since height 8"
    );
}

#[test]
fn headers_may_straddle_a_change() {
    is_valid(&changing().proof(6, 9), PROOF_FORMATS[1]);
    is_valid(&changing().proof(2, 9), PROOF_FORMATS[1]);
    is_valid(&changing().proof(2, 4), PROOF_FORMATS[1]);
}

#[test]
fn the_last_block_of_an_epoch_certifies_and_names_the_next_set() {
    is_valid(&changing().proof(5, 7), PROOF_FORMATS[1]);
    is_valid(&changing().proof(1, 3), PROOF_FORMATS[0]);
}

#[test]
fn a_state_answer_follows_handovers_too() {
    let answer = changing().state_answer(6, 9);
    let pin = Pin::genesis(&changing().genesis);
    assert_eq!(answer.verify(Some(&pin)).outcome, Outcome::Valid);
    assert!(answer.to_json().unwrap().contains(STATE_FORMATS[1]));
    let mut without = answer;
    without.chain.handovers.clear();
    let report = without.verify(Some(&pin));
    assert_eq!(failed(&report), ["validators.genesis", "finality.quorum"]);
}

/// One change of `changing().proof(9, 12)` and what `validators.genesis` says of it.
type Change = (
    &'static str,
    fn(&Changing, &mut TransactionProof),
    &'static str,
);

const CHANGES: [Change; 18] = [
    (
        "the first dropped",
        |_, p| _ = p.chain.handovers.remove(0),
        "handover 0: the signature of validator 0 does not match",
    ),
    (
        "the last dropped",
        |_, p| _ = p.chain.handovers.pop(),
        "header 9 names other validators than those known since height 4",
    ),
    (
        "both dropped",
        |_, p| p.chain.handovers.clear(),
        "header 9 names other validators than those known since height 0",
    ),
    (
        "swapped",
        |_, p| p.chain.handovers.swap(0, 1),
        "handover 0: the signature of validator 0 does not match",
    ),
    (
        "the first repeated",
        |c, p| p.chain.handovers.insert(1, c.handover(3)),
        "handover 1: height 3 lies before 4, from which the known validators vote",
    ),
    (
        "older than the last",
        |c, p| p.chain.handovers.push(c.handover(3)),
        "handover 2: height 3 lies before 8, from which the known validators vote",
    ),
    (
        "signed by too few",
        |_, p| _ = p.chain.handovers[1].finality.signatures.pop(),
        "handover 1: 3 signatures; final needs 4 of 5 validators",
    ),
    (
        "signed by the new set instead of the old",
        |c, p| p.chain.handovers[0].finality = c.sets[1].vote(c.header(3), 4),
        "handover 0: the signature of validator 0 does not match",
    ),
    (
        "signed by all of a larger new set",
        |c, p| p.chain.handovers[0].finality = c.sets[1].vote(c.header(3), 5),
        "handover 0: the signature of validator 0 does not match",
    ),
    (
        "of a height that ends no epoch",
        |c, p| {
            p.chain.handovers[1].header = c.header(6).clone();
            p.chain.handovers[1].finality = c.finality(6);
        },
        "handover 1: height 6 is not the last of an epoch",
    ),
    (
        "a set out of order",
        |_, p| p.chain.handovers[0].validators.swap(0, 1),
        "handover 0: header 3 names another set to follow",
    ),
    (
        "another set than the header names",
        |c, p| p.chain.handovers[0].validators = c.sets[2].validators.clone(),
        "handover 0: header 3 names another set to follow",
    ),
    (
        "a key of the set under another organisation",
        |_, p| p.chain.handovers[1].validators[0].organisation = "court".try_into().unwrap(),
        "handover 1: header 7 names another set to follow",
    ),
    (
        "the header changed",
        |_, p| p.chain.handovers[0].header.state_root.0[0] ^= 1,
        "handover 0: the signatures are not under header 3",
    ),
    (
        "a header of another ledger",
        |_, p| p.chain.handovers[0].header.ledger.0[0] ^= 1,
        "handover 0: header 3 is not one of this ledger",
    ),
    (
        "a header of another version",
        |_, p| p.chain.handovers[0].header.version = 2,
        "handover 0: header 3 is not one of this ledger",
    ),
    (
        "a vote of another epoch",
        |_, p| p.chain.handovers[1].finality.epoch = 2,
        "handover 1: the vote on header 7 is of another epoch",
    ),
    (
        "a vote of another view",
        |_, p| p.chain.handovers[1].finality.view += 1,
        "handover 1: the signature of validator 0 does not match",
    ),
];

#[test]
fn each_change_of_a_handover_is_found() {
    let changing = changing();
    for (what, change, found) in CHANGES {
        let mut proof = changing.proof(9, 12);
        change(&changing, &mut proof);
        let report = verify(&proof);
        assert_eq!(report.outcome, Outcome::Broken, "{what}");
        assert!(failed(&report).contains(&"validators.genesis"), "{what}");
        assert_eq!(reason(&report, "validators.genesis"), found, "{what}");
    }
}

#[test]
fn one_proof_leads_through_1024_changes_at_most() {
    let changing = changing();
    let mut proof = changing.proof(9, 12);
    proof.chain.handovers = vec![changing.handover(3); 1025];
    let report = verify(&proof);
    assert_eq!(
        reason(&report, "validators.genesis"),
        "more than 1024 handovers"
    );
}

#[test]
fn the_old_set_does_not_sign_for_the_new() {
    let changing = changing();
    for set in &changing.sets[..2] {
        let mut proof = changing.proof(9, 12);
        proof.chain.finality = set.vote(changing.header(12), set.quorum());
        assert_eq!(failed(&verify(&proof)), ["finality.quorum"]);
    }
}

#[test]
fn a_block_is_certified_by_the_set_of_its_own_height() {
    let changing = changing();
    let mut proof = changing.proof(5, 7);
    proof.chain.handovers.push(changing.handover(7));
    let report = verify(&proof);
    assert_eq!(
        reason(&report, "validators.genesis"),
        "header 7 lies before 8, from which the known validators vote"
    );
    let mut proof = changing.proof(5, 7);
    proof.chain.finality = changing.sets[2].vote(changing.header(7), 4);
    assert_eq!(failed(&verify(&proof)), ["finality.quorum"]);
    let mut proof = changing.proof(5, 7);
    proof.chain.headers[2].next_validators.0[0] ^= 1;
    assert_eq!(failed(&verify(&proof)), ["finality.payload"]);
}

#[test]
fn headers_before_the_change_are_bound_by_those_after_it() {
    let mut proof = changing().proof(6, 9);
    proof.chain.headers[0].next_validators.0[0] ^= 1;
    assert_eq!(failed(&verify(&proof)), ["headers.contiguous"]);
    let mut proof = changing().proof(6, 9);
    proof.chain.headers[1].next_validators.0[0] ^= 1;
    assert_eq!(
        failed(&verify(&proof)),
        ["headers.contiguous", "validators.genesis"]
    );
}

/// What docs/formats/proof.md says of a retired set: whoever holds a quorum of its keys can go on
/// from its last epoch, and only a newer handover shows that another set was named.
#[test]
fn a_retired_set_signs_a_fork_that_only_handovers_expose() {
    let mut fork = changing();
    let first = fork.sets[0].clone();
    for height in 3..=6 {
        let parent = fork.headers[height - 1].digest();
        fork.headers[height].parent = parent;
        fork.headers[height].next_validators = validator_set_digest(&first.validators);
    }
    let mut proof = fork.proof(4, 6);
    proof.chain.finality = first.vote(fork.header(6), 3);
    proof.chain.handovers.clear();
    assert_eq!(verify(&proof).outcome, Outcome::Valid);
    proof.chain.handovers.push(changing().handover(3));
    assert_eq!(
        failed(&verify(&proof)),
        ["validators.genesis", "finality.quorum"]
    );
}

#[test]
fn version_2_is_for_handovers_and_version_1_for_none() {
    let two = changing().proof(9, 12).to_json().unwrap();
    let one = changing().proof(1, 3).to_json().unwrap();
    for text in [
        two.replace(PROOF_FORMATS[1], PROOF_FORMATS[0]),
        one.replace(PROOF_FORMATS[0], PROOF_FORMATS[1]),
        one.replace("\"chain\": {", "\"chain\": { \"handovers\": [],"),
        one.replace(PROOF_FORMATS[0], PROOF_FORMATS[1])
            .replace("\"chain\": {", "\"chain\": { \"handovers\": [],"),
    ] {
        assert!(text != one && text != two);
        let error = TransactionProof::from_json(&text).unwrap_err();
        assert_eq!(error.code(), "proof.malformed");
    }
    let error = TransactionProof::from_json(&two.replace(PROOF_FORMATS[1], "blockworm-proof/4"));
    assert_eq!(
        error.unwrap_err().to_string(),
        "the format \"blockworm-proof/4\" is none of blockworm-proof/1, blockworm-proof/2, blockworm-proof/3"
    );
}

#[test]
fn version_3_is_for_a_genesis_of_its_own_file() {
    let genesis = &changing().genesis;
    for proof in [changing().proof(1, 3), changing().proof(9, 12)] {
        let text = proof.to_json_without_genesis().unwrap();
        assert!(text.contains(PROOF_FORMATS[2]) && !text.contains("\"genesis\""));
        let missing = ProofFile::from_json(&text).unwrap_err();
        assert_eq!(missing.code(), "proof.genesis_missing");
        assert!(missing.to_string().contains(&genesis.digest().to_string()));
        let read = ProofFile::from_json_with(&text, Some(genesis)).unwrap();
        assert_eq!(read, ProofFile::Transaction(Box::new(proof.clone())));
        // Another ledger's genesis is not the one that the proof names.
        let other = sample::sample().genesis;
        let read = ProofFile::from_json_with(&text, Some(&other)).unwrap();
        let report = read.verify(Some(&Pin::genesis(genesis)));
        assert!(failed(&report).contains(&"genesis.digest"));
        let report = read.verify(Some(&Pin::genesis(&other)));
        assert!(failed(&report).contains(&"genesis.digest"));
        // One format has one form: with a genesis inside it is none of version 3, without one none of the others.
        for wrong in [
            proof.to_json().unwrap().replace(
                PROOF_FORMATS[usize::from(!proof.chain.handovers.is_empty())],
                PROOF_FORMATS[2],
            ),
            text.replace(PROOF_FORMATS[2], PROOF_FORMATS[0]),
            text.replace(PROOF_FORMATS[2], PROOF_FORMATS[1]),
            text.replacen('{', "{ \"genesis\": null,", 1),
        ] {
            let refused = ProofFile::from_json_with(&wrong, Some(genesis)).unwrap_err();
            assert_eq!(refused.code(), "proof.malformed");
        }
    }
    let answer = changing().state_answer(6, 9);
    let text = answer.to_json_without_genesis().unwrap();
    assert!(text.contains(STATE_FORMATS[2]));
    let read = ProofFile::from_json_with(&text, Some(genesis)).unwrap();
    assert_eq!(
        read.verify(Some(&Pin::genesis(genesis))).outcome,
        Outcome::Valid
    );
    assert_eq!(read, ProofFile::State(Box::new(answer)));
}

#[test]
fn an_empty_list_of_handovers_has_no_binary_form() {
    let honest = borsh::to_vec(&changing().chain(1, 3)).unwrap();
    let marked = [&[0xff; 4][..], &[0; 4], &honest].concat();
    let read = borsh::from_slice::<blockworm_ledger::CertifiedHeaders>;
    assert!(read(&honest).is_ok());
    let error = read(&marked).unwrap_err().to_string();
    assert_eq!(error, "a list of handovers is left out rather than empty");
}
