//! Tokens and records that must not count, and the code each is refused by.

#![allow(clippy::unwrap_used)]

use blockworm_crypto::{
    Algorithm, SecretKey,
    cms::Signer,
    identity::{
        CertificateAuthority, Order, Profile, RevokedCertificate, Validity, describe, split_chain,
    },
    pkix::HashAlgorithm,
    timestamp::{Authority, EvidenceRecord, Request, Response, TimestampError, Token},
};
use std::sync::Arc;

const DAY_MS: u64 = 86_400_000;
const START_MS: u64 = 1_700_000_000_000;
const NOW_MS: u64 = START_MS + 100 * DAY_MS;
const DATA: &[u8] = b"blockworm/00\n7\nroot\n";

const fn days(from: u64, to: u64) -> Validity {
    Validity {
        not_before_ms: START_MS + from * DAY_MS,
        not_after_ms: START_MS + to * DAY_MS,
    }
}

struct Tsa {
    root: CertificateAuthority,
    authority: Authority,
    serial: Vec<u8>,
}

impl Tsa {
    fn new(profile: Profile, validity: Validity) -> Self {
        let root = CertificateAuthority::create("notary", "Root", Algorithm::P256, days(0, 9_000))
            .unwrap();
        Self::below(root, profile, validity)
    }

    fn below(root: CertificateAuthority, profile: Profile, validity: Validity) -> Self {
        let order = Order {
            profile,
            name: "notary-node",
            functions: &[],
            hosts: &[],
        };
        let key = SecretKey::generate(Algorithm::P256).unwrap();
        let chain = root.issue_as(&order, &key.public_key(), validity).unwrap();
        let serial = describe(&chain).unwrap().serial;
        let signer = Signer::new(Arc::new(key), chain).unwrap();
        Self {
            root,
            authority: Authority::new(signer, "2.25.1", 1_000).unwrap(),
            serial,
        }
    }

    fn roots(&self) -> Vec<Vec<u8>> {
        vec![self.root.certificate().to_vec()]
    }

    fn stamp(&self, request: &Request, now_ms: u64) -> Token {
        let answer = self
            .authority
            .answer(&request.to_der().unwrap(), now_ms, now_ms);
        match Response::parse(&answer.der).unwrap() {
            Response::Granted(token) => Token::parse(&token).unwrap(),
            Response::Refused(refusal) => panic!("{refusal}"),
        }
    }

    fn token(&self, now_ms: u64) -> Token {
        self.stamp(&Request::of(DATA, HashAlgorithm::Sha256, [5; 16]), now_ms)
    }

    fn code(&self, now_ms: u64, crls: &[Vec<u8>]) -> &'static str {
        self.token(now_ms)
            .verify(DATA, &self.roots(), crls)
            .map_or_else(|error| error.code(), |_| "holds")
    }
}

#[test]
fn certificates_that_do_not_fit_the_tokens_time_or_use_are_named() {
    let tsa = Tsa::new(Profile::Timestamping, days(50, 150));
    assert_eq!(tsa.code(NOW_MS, &[]), "holds");
    assert_eq!(tsa.code(START_MS + 151 * DAY_MS, &[]), "timestamp.expired");
    assert_eq!(
        tsa.code(START_MS + 49 * DAY_MS, &[]),
        "timestamp.not_yet_valid"
    );
    for profile in [Profile::Member, Profile::Node, Profile::DocumentSigning] {
        if profile != Profile::Node {
            let tsa = Tsa::new(profile, days(0, 200));
            assert_eq!(tsa.code(NOW_MS, &[]), "timestamp.purpose", "{profile:?}");
        }
    }
    let stranger = Tsa::new(Profile::Timestamping, days(0, 200));
    let refused = tsa.token(NOW_MS).verify(DATA, &stranger.roots(), &[]);
    assert_eq!(refused, Err(TimestampError::Untrusted));
    assert_eq!(
        tsa.token(NOW_MS).verify(DATA, &[], &[]),
        Err(TimestampError::Untrusted)
    );
    // Whoever pins several roots trusts each of them.
    let both = [stranger.roots(), tsa.roots()].concat();
    assert!(tsa.token(NOW_MS).verify(DATA, &both, &[]).is_ok());
}

#[test]
fn a_root_that_has_ended_vouches_for_nothing_after_its_end() {
    let root =
        CertificateAuthority::create("notary", "Root", Algorithm::P256, days(0, 90)).unwrap();
    let tsa = Tsa::below(root, Profile::Timestamping, days(0, 200));
    assert_eq!(tsa.code(START_MS + 80 * DAY_MS, &[]), "holds");
    assert_eq!(tsa.code(NOW_MS, &[]), "timestamp.expired");
}

#[test]
fn answers_to_other_requests_are_refused() {
    let tsa = Tsa::new(Profile::Timestamping, days(0, 200));
    let mut request = Request::of(DATA, HashAlgorithm::Sha256, [5; 16]);
    let token = tsa.stamp(&request, NOW_MS);
    assert_eq!(token.check_answers(&request), Ok(()));
    request.nonce = Some(vec![9]);
    assert_eq!(
        token.check_answers(&request),
        Err(TimestampError::WrongNonce)
    );
    request.nonce = None;
    assert_eq!(
        token.check_answers(&request),
        Err(TimestampError::WrongNonce)
    );
    let other = Request::of(b"other", HashAlgorithm::Sha256, [5; 16]);
    assert_eq!(token.check_answers(&other), Err(TimestampError::Imprint));
    let other = Request::of(DATA, HashAlgorithm::Sha512, [5; 16]);
    assert_eq!(token.check_answers(&other), Err(TimestampError::Imprint));
    let mut other = Request::of(DATA, HashAlgorithm::Sha256, [5; 16]);
    other.policy = Some("1.2.3".into());
    assert_eq!(token.check_answers(&other), Err(TimestampError::Policy));
    let refused = token.verify(b"other", &tsa.roots(), &[]);
    assert_eq!(refused, Err(TimestampError::Imprint));
}

/// A list of revocations as our authorities write it, which say no reason.
fn list(root: &CertificateAuthority, serial: &[u8], revoked_at_ms: u64) -> Vec<u8> {
    let entry = RevokedCertificate {
        serial: serial.to_vec(),
        revoked_at_ms,
    };
    root.revocation_list(1, days(0, 9_000), &[entry]).unwrap()
}

#[test]
fn a_revocation_without_a_reason_takes_every_token_of_the_key() {
    let tsa = Tsa::new(Profile::Timestamping, days(0, 200));
    let after = list(&tsa.root, &tsa.serial, NOW_MS + DAY_MS);
    let before = list(&tsa.root, &tsa.serial, NOW_MS - DAY_MS);
    assert_eq!(tsa.code(NOW_MS, &[before]), "timestamp.revoked");
    assert_eq!(
        tsa.code(NOW_MS, std::slice::from_ref(&after)),
        "timestamp.revoked"
    );
    // Somebody else's list and another certificate's entry say nothing.
    let stranger = Tsa::new(Profile::Timestamping, days(0, 200));
    let other = list(&tsa.root, &[9; 16], NOW_MS - DAY_MS);
    assert_eq!(tsa.code(NOW_MS, &[other]), "holds");
    // A list under the right name that names another key is of another authority: it counts for nothing.
    let forged = [list(&stranger.root, &tsa.serial, NOW_MS - DAY_MS)];
    let held = tsa.token(NOW_MS).verify(DATA, &tsa.roots(), &forged);
    assert_eq!(held.unwrap().path.revocation_known, [false]);
    let mut broken = after;
    *broken.last_mut().unwrap() ^= 1;
    assert_eq!(tsa.code(NOW_MS, &[broken]), "timestamp.signature");
    assert_eq!(tsa.code(NOW_MS, &[vec![0x30, 0]]), "timestamp.signature");
}

#[test]
fn the_path_says_which_certificates_a_list_speaks_of() {
    let tsa = Tsa::new(Profile::Timestamping, days(0, 200));
    let token = tsa.token(NOW_MS);
    let known = |crls: &[Vec<u8>]| {
        let verified = token.verify(DATA, &tsa.roots(), crls).unwrap();
        verified.path.revocation_known
    };
    assert_eq!(known(&[]), [false]);
    assert_eq!(known(&[list(&tsa.root, &[9; 16], NOW_MS)]), [true]);
    let old = tsa.root.revocation_list(1, days(0, 50), &[]).unwrap();
    assert_eq!(known(&[old]), [false]);
}

/// Every byte of a token has a meaning, but the ones named here.
#[test]
fn every_altered_byte_of_a_token_is_refused() {
    let tsa = Tsa::new(Profile::Timestamping, days(0, 200));
    let token = tsa.token(NOW_MS);
    let der = token.der();
    assert!(token.verify(DATA, &tsa.roots(), &[]).is_ok());
    for position in 0..der.len() {
        for bit in 0..8 {
            let mut altered = der.to_vec();
            altered[position] ^= 1 << bit;
            let held = Token::parse(&altered)
                .and_then(|token| token.verify(DATA, &tsa.roots(), &[]))
                .is_ok();
            assert!(
                !held,
                "bit {bit} of byte {position} of {} has no meaning",
                der.len()
            );
        }
    }
    for length in 0..der.len() {
        assert!(Token::parse(&der[..length]).is_err());
    }
    let longer = [der, &[0]].concat();
    assert!(Token::parse(&longer).is_err());
}

#[test]
fn a_record_of_renewals_holds_and_breaks_where_it_is_altered() {
    let first = Tsa::new(Profile::Timestamping, days(0, 200));
    let second = Tsa::new(Profile::Timestamping, days(150, 400));
    let roots = [first.roots(), second.roots()].concat();
    let mut record = EvidenceRecord::new(first.token(NOW_MS));
    let renew = |record: &mut EvidenceRecord, tsa: &Tsa, day: u64| {
        let next = record.what_to_stamp_timestamp().unwrap();
        let request = Request::of_imprint(next.algorithm, next.digest, [6; 16]);
        record.renew_timestamp(tsa.stamp(&request, START_MS + day * DAY_MS))
    };
    renew(&mut record, &second, 190).unwrap();
    let next = record.what_to_stamp_hash(DATA, HashAlgorithm::Sha512);
    let request = Request::of_imprint(next.algorithm, next.digest, [7; 16]);
    let renewed = second.stamp(&request, START_MS + 300 * DAY_MS);
    record
        .renew_hash(DATA, HashAlgorithm::Sha512, renewed)
        .unwrap();
    renew(&mut record, &second, 390).unwrap();
    let der = record.to_der();
    let read = EvidenceRecord::parse(&der).unwrap();
    assert_eq!(read, record);
    let times: Vec<u64> = read
        .verify(DATA, &roots, &[])
        .unwrap()
        .iter()
        .map(|verified| (verified.time_ms - START_MS) / DAY_MS)
        .collect();
    assert_eq!(times, [100, 190, 300, 390]);
    let refused = read.verify(b"other", &roots, &[]);
    assert_eq!(refused, Err(TimestampError::Imprint));
    let refused = read.verify(DATA, &first.roots(), &[]);
    assert_eq!(refused, Err(TimestampError::Untrusted));
    for position in 0..der.len() {
        let mut altered = der.clone();
        altered[position] ^= 0x10;
        let held = EvidenceRecord::parse(&altered)
            .and_then(|record| record.verify(DATA, &roots, &[]))
            .is_ok();
        assert!(!held, "byte {position} of the record has no meaning");
    }
    // Another token than the one that was asked for is not taken in.
    let wrong = second.token(START_MS + 391 * DAY_MS);
    assert_eq!(record.renew_timestamp(wrong), Err(TimestampError::Imprint));
}

#[test]
fn a_renewal_after_the_end_comes_too_late_and_one_before_a_revocation_saves() {
    let first = Tsa::new(Profile::Timestamping, days(0, 200));
    let second = Tsa::new(Profile::Timestamping, days(150, 400));
    let roots = [first.roots(), second.roots()].concat();
    let renewed_on = |day: u64| {
        let mut record = EvidenceRecord::new(first.token(NOW_MS));
        let next = record.what_to_stamp_timestamp().unwrap();
        let request = Request::of_imprint(next.algorithm, next.digest, [6; 16]);
        record
            .renew_timestamp(second.stamp(&request, START_MS + day * DAY_MS))
            .unwrap();
        record
    };
    let late = renewed_on(201).verify(DATA, &roots, &[]);
    assert_eq!(late, Err(TimestampError::RenewedLate { position: 2 }));
    // The first key was lost on day 195: a token alone is worth nothing then, one renewed before is.
    let lost = [list(&first.root, &first.serial, START_MS + 195 * DAY_MS)];
    assert_eq!(first.code(NOW_MS, &lost), "timestamp.revoked");
    assert!(renewed_on(190).verify(DATA, &roots, &lost).is_ok());
    let refused = renewed_on(196).verify(DATA, &roots, &lost).unwrap_err();
    assert_eq!(refused.code(), "timestamp.revoked");
}

#[test]
fn certificates_can_be_brought_from_elsewhere() {
    let tsa = Tsa::new(Profile::Timestamping, days(0, 200));
    let mut request = Request::of(DATA, HashAlgorithm::Sha256, [5; 16]);
    request.certificates = false;
    let token = tsa.stamp(&request, NOW_MS);
    assert!(token.certificates().is_empty());
    let refused = token.verify(DATA, &tsa.roots(), &[]).unwrap_err();
    assert_eq!(refused.code(), "timestamp.signature");
    let chain = tsa.authority.chain().to_vec();
    assert_eq!(split_chain(&chain.concat()).unwrap().len(), 1);
    let held = token.verify_with(DATA, &chain, &tsa.roots(), &[]);
    assert!(held.is_ok(), "{held:?}");
}

#[test]
fn a_renewal_may_be_as_far_behind_as_both_clocks_may_be_off() {
    let (first, second) = (
        Tsa::new(Profile::Timestamping, days(0, 200)),
        Tsa::new(Profile::Timestamping, days(0, 400)),
    );
    let roots = [first.roots(), second.roots()].concat();
    for (behind_ms, holds) in [(1_999, true), (2_000, true), (2_001, false)] {
        let mut record = EvidenceRecord::new(first.token(NOW_MS));
        let next = record.what_to_stamp_timestamp().unwrap();
        let request = Request::of_imprint(next.algorithm, next.digest, [6; 16]);
        let token = second.stamp(&request, NOW_MS - behind_ms);
        record.renew_timestamp(token).unwrap();
        let verified = record.verify(DATA, &roots, &[]);
        assert_eq!(verified.is_ok(), holds, "{behind_ms}: {verified:?}");
    }
}
