//! An anchor judges headers by the validators it knows, and knows others by handovers alone.
#![allow(clippy::unwrap_used)]

mod sample;

use blockworm_crypto::{Algorithm, PublicKey, SecretKey};
use blockworm_ledger::{
    Anchor, CertifiedHeaders, Handover, anchor::check_set, finality::validator_set_digest,
    genesis::Validator,
};
use sample::changing::{Changing, Set, changing};

fn anchor_at(changing: &Changing, handovers: &[u64]) -> Anchor {
    let mut anchor = Anchor::of(&changing.genesis);
    for height in handovers {
        anchor.hand_over(&changing.handover(*height)).unwrap();
    }
    anchor
}

/// Headers as `certify` takes them.
fn bare(changing: &Changing, first: u64, last: u64) -> CertifiedHeaders {
    CertifiedHeaders {
        handovers: Vec::new(),
        ..changing.chain(first, last)
    }
}

#[test]
fn it_begins_with_the_genesis() {
    let genesis = changing().genesis;
    let anchor = Anchor::of(&genesis);
    assert_eq!(anchor.ledger, genesis.ledger_id());
    assert_eq!((anchor.root_lag, anchor.epoch_length), (2, 4));
    assert_eq!((anchor.bucket_bits, anchor.since), (4, 0));
    assert_eq!(anchor.validators, genesis.validators);
    let ends: Vec<_> = (0..9).filter(|height| anchor.ends_epoch(*height)).collect();
    assert_eq!(ends, [3, 7]);
    assert!(!anchor.ends_epoch(u64::MAX));
    let without_epochs = Anchor {
        epoch_length: 0,
        ..anchor
    };
    assert!(!without_epochs.ends_epoch(3));
    let refused = without_epochs
        .certify(&bare(&changing(), 1, 2))
        .unwrap_err();
    assert_eq!(refused.check, "finality.epoch");
}

#[test]
fn it_moves_on_set_by_set() {
    let changing = changing();
    let mut anchor = anchor_at(&changing, &[3]);
    assert_eq!(anchor.since, 4);
    assert_eq!(anchor.validators, changing.sets[1].validators);
    anchor.hand_over(&changing.handover(7)).unwrap();
    assert_eq!(anchor.since, 8);
    assert_eq!(anchor.validators, changing.sets[2].validators);
    let mut at_once = Anchor::of(&changing.genesis);
    at_once
        .hand_over_all(&[changing.handover(3), changing.handover(7)])
        .unwrap();
    assert_eq!(at_once, anchor);
}

#[test]
fn a_set_may_hand_over_to_itself() {
    let changing = changing();
    let mut anchor = anchor_at(&changing, &[3, 7]);
    anchor.hand_over(&changing.handover(11)).unwrap();
    assert_eq!(anchor.since, 12);
    assert_eq!(anchor.validators, changing.sets[2].validators);
}

#[test]
fn what_does_not_follow_leaves_it_as_it_was() {
    let changing = changing();
    let before = anchor_at(&changing, &[3]);
    for height in [2, 3, 6] {
        let mut anchor = before.clone();
        anchor.hand_over(&changing.handover(height)).unwrap_err();
        assert_eq!(anchor, before, "{height}");
    }
    let mut anchor = Anchor::of(&changing.genesis);
    let reason = anchor
        .hand_over_all(&[changing.handover(3), changing.handover(3)])
        .unwrap_err();
    assert!(reason.starts_with("handover 1: height 3"), "{reason}");
    assert_eq!(anchor, before);
}

/// A handover at height 3 that the first set signs, to any set.
fn signed_handover(changing: &Changing, validators: Vec<Validator>) -> Handover {
    let mut header = changing.header(3).clone();
    header.next_validators = validator_set_digest(&validators);
    Handover {
        finality: changing.sets[0].vote(&header, 3),
        header,
        validators,
    }
}

fn refusal(validators: Vec<Validator>) -> String {
    let changing = changing();
    assert_eq!(
        check_set(&validators),
        Anchor::of(&changing.genesis).hand_over(&signed_handover(&changing, validators.clone()))
    );
    check_set(&validators).unwrap_err()
}

#[test]
fn no_signature_makes_a_set_that_cannot_vote() {
    let good = changing().sets[1].validators.clone();
    check_set(&good).unwrap();
    assert_eq!(refusal(Vec::new()), "a ledger has 1 to 256 validators");
    let many: Vec<_> = (0..=256u32).map(nth).collect();
    assert_eq!(refusal(many), "a ledger has 1 to 256 validators");
    let mut turned = good.clone();
    turned.swap(1, 2);
    assert_eq!(
        refusal(turned),
        "validators are ordered by key, each key once"
    );
    let mut twice = good.clone();
    twice[1] = twice[0].clone();
    assert_eq!(
        refusal(twice),
        "validators are ordered by key, each key once"
    );
    let mut other = good.clone();
    let p256 = SecretKey::generate(Algorithm::P256).unwrap().public_key();
    other.last_mut().unwrap().key = p256;
    assert_eq!(refusal(other), "validators sign with Ed25519");
    let mut small = good;
    // The neutral element: every signature of zeros is good under it.
    small[0].key = PublicKey::Ed25519({
        let mut neutral = [0; 32];
        neutral[0] = 1;
        neutral
    });
    assert!(refusal(small).contains("small order"));
}

/// Keys in ascending order that nobody has to hold.
fn nth(index: u32) -> Validator {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&index.to_be_bytes());
    Validator {
        organisation: "bank".try_into().unwrap(),
        key: PublicKey::Ed25519(key),
    }
}

#[test]
fn it_certifies_what_its_own_validators_signed() {
    let changing = changing();
    let cases: [(&[u64], u64, u64); 6] = [
        (&[], 1, 3),
        (&[3], 2, 5),
        (&[3], 4, 7),
        (&[3, 7], 2, 9),
        (&[3, 7], 8, 12),
        (&[3, 7, 11], 10, 12),
    ];
    for (handovers, first, last) in cases {
        let anchor = anchor_at(&changing, handovers);
        let chain = bare(&changing, first, last);
        assert_eq!(anchor.certify(&chain), Ok(changing.header(last)));
    }
}

#[test]
fn it_refuses_what_others_signed() {
    let changing = changing();
    let refused = |handovers: &[u64], chain: &CertifiedHeaders| {
        let anchor = anchor_at(&changing, handovers);
        anchor.certify(chain).unwrap_err().check
    };
    let chain = |first, last| bare(&changing, first, last);
    // Not far enough, and beyond.
    assert_eq!(refused(&[], &chain(2, 4)), "validators.genesis");
    assert_eq!(refused(&[3, 7], &chain(5, 7)), "validators.genesis");
    let mut empty = chain(1, 1);
    empty.headers.clear();
    assert_eq!(refused(&[], &empty), "headers.contiguous");
    let mut stray = chain(8, 9);
    stray.headers[0].ledger.0[0] ^= 1;
    assert_eq!(refused(&[3, 7], &stray), "ledger.id");
    let mut other = chain(8, 9);
    other.finality.payload.0[0] ^= 1;
    assert_eq!(refused(&[3, 7], &other), "finality.payload");
    let mut late = chain(8, 9);
    late.finality.epoch = 3;
    assert_eq!(refused(&[3, 7], &late), "finality.epoch");
    let mut few = chain(8, 9);
    few.finality.signatures.pop();
    assert_eq!(refused(&[3, 7], &few), "finality.quorum");
    let strangers = Set::new(&[("bank", 21), ("bank", 22), ("bank", 23), ("bank", 24)]);
    let mut forged = chain(8, 9);
    forged.finality = strangers.vote(changing.header(9), 4);
    assert_eq!(refused(&[3, 7], &forged), "finality.quorum");
}

#[test]
fn it_takes_no_handover_on_the_side() {
    let changing = changing();
    let chain = changing.chain(8, 9);
    for handovers in [&[][..], &[3, 7]] {
        let refused = anchor_at(&changing, handovers).certify(&chain).unwrap_err();
        assert_eq!(refused.check, "validators.genesis");
        assert!(
            refused.reason.contains("move the anchor first"),
            "{refused}"
        );
    }
}

#[test]
fn it_is_kept_as_bytes() {
    let anchor = anchor_at(&changing(), &[3, 7]);
    let bytes = borsh::to_vec(&anchor).unwrap();
    assert_eq!(borsh::from_slice::<Anchor>(&bytes).unwrap(), anchor);
}
