//! A member's and a node's certificate below an issuing authority, and each way in which that is wrong.

#![allow(clippy::unwrap_used)]

use blockworm_crypto::{
    Algorithm, PublicKey, SecretKey, Signature, Signing, SigningError,
    identity::{
        CertificateAuthority, IdentityError, MemberSubject, Order, Profile, Validity, describe,
        parse_member, parse_node, split_chain, verify_chain, verify_node_chain,
        verify_profile_chain,
    },
};
use std::sync::Arc;

const NOW_MS: u64 = 1_850_000_000_123;
const LONG: Validity = Validity {
    not_before_ms: NOW_MS - 86_400_000,
    not_after_ms: NOW_MS + 864_000_000,
};
const SHORT: Validity = Validity {
    not_before_ms: NOW_MS - 3_600_000,
    not_after_ms: NOW_MS + 86_400_000,
};

fn secret() -> SecretKey {
    SecretKey::generate(Algorithm::Ed25519).unwrap()
}

fn root(organisation: &str) -> CertificateAuthority {
    CertificateAuthority::create(organisation, "Root", Algorithm::Ed25519, LONG).unwrap()
}

fn below(
    above: &CertificateAuthority,
    name: &str,
    algorithm: Algorithm,
    validity: Validity,
) -> CertificateAuthority {
    let key = SecretKey::generate(algorithm).unwrap();
    let chain = above
        .issue_authority(name, &key.public_key(), validity)
        .unwrap();
    CertificateAuthority::open_issuing(chain, Arc::new(key)).unwrap()
}

fn member(authority: &CertificateAuthority) -> Vec<u8> {
    let subject = MemberSubject {
        organisation: authority.organisation().into(),
        name: "teller".into(),
        functions: vec!["maker".into()],
    };
    authority
        .issue(&subject, &secret().public_key(), SHORT)
        .unwrap()
}

fn order(profile: Profile) -> Order<'static> {
    Order {
        profile,
        name: "one",
        functions: &[],
        hosts: &[],
    }
}

#[test]
fn a_member_below_an_issuing_authority_is_known() {
    for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
        let root = root("bank");
        let issuing = below(&root, "Issuing 1", algorithm, LONG);
        let chain = member(&issuing);
        assert_eq!(split_chain(&chain).unwrap().len(), 2);
        let read = verify_chain(&chain, root.certificate(), NOW_MS).unwrap();
        assert_eq!(
            (read.name.as_str(), read.organisation.as_str()),
            ("teller", "bank")
        );
        // Another issuing authority below the same root counts at once, without any vote.
        let next = below(&root, "Issuing 2", algorithm, LONG);
        assert!(verify_chain(&member(&next), root.certificate(), NOW_MS).is_ok());
    }
}

#[test]
fn what_does_not_belong_into_a_chain_is_refused() {
    let root = root("bank");
    let issuing = below(&root, "Issuing", Algorithm::Ed25519, LONG);
    let other = below(&root, "Other", Algorithm::Ed25519, LONG);
    let chain = member(&issuing);
    let parts = split_chain(&chain).unwrap();
    let verify = |chain: &[u8]| verify_chain(chain, root.certificate(), NOW_MS).map(|_| ());
    assert_eq!(verify(&chain), Ok(()));
    assert_eq!(verify(parts[0]), Err(IdentityError::WrongIssuer));
    // The same key under the same name issued another certificate: not the one of this chain.
    let wrong = [parts[0], other.certificate()].concat();
    assert_eq!(verify(&wrong), Err(IdentityError::WrongIssuer));
    let extra = [&chain[..], other.certificate()].concat();
    assert_eq!(verify(&extra), Err(IdentityError::WrongIssuer));
    let rooted = [&chain[..], root.certificate()].concat();
    assert_eq!(verify(&rooted), Err(IdentityError::RepeatedAuthority));
    let four = [&rooted[..], root.certificate()].concat();
    assert_eq!(verify(&four), Err(IdentityError::ChainTooLong));
    let trailing = [&chain[..], &[0x05, 0x00]].concat();
    assert!(matches!(
        verify(&trailing),
        Err(IdentityError::Malformed(_))
    ));
    let swapped = [parts[1], parts[0]].concat();
    assert_eq!(verify(&swapped), Err(IdentityError::AuthorityAsMember));
    let twice = [parts[0], parts[0]].concat();
    assert_eq!(verify(&twice), Err(IdentityError::NotAnAuthority));
    for length in 0..chain.len() {
        assert!(verify(&chain[..length]).is_err(), "{length}");
    }
}

#[test]
fn an_authority_of_the_same_name_with_another_key_is_refused() {
    let (root, other) = (root("bank"), root("bank"));
    let issuing = below(&other, "Issuing", Algorithm::Ed25519, LONG);
    let refused = verify_chain(&member(&issuing), root.certificate(), NOW_MS);
    assert_eq!(refused.unwrap_err(), IdentityError::BadSignature);
    let honest = below(&root, "Issuing", Algorithm::Ed25519, LONG);
    let forged = member(&issuing);
    let mixed = [split_chain(&forged).unwrap()[0], honest.certificate()].concat();
    let refused = verify_chain(&mixed, root.certificate(), NOW_MS);
    assert_eq!(refused.unwrap_err(), IdentityError::BadSignature);
}

#[test]
fn an_issuing_authority_stands_above_no_other_and_keeps_to_its_time() {
    let root = root("bank");
    let issuing = below(&root, "Issuing", Algorithm::Ed25519, SHORT);
    let chain = member(&issuing);
    let at = |ms| verify_chain(&chain, root.certificate(), ms).map(|_| ());
    assert_eq!(
        at(SHORT.not_before_ms - 1000),
        Err(IdentityError::IssuingNotYetValid)
    );
    assert_eq!(
        at(SHORT.not_after_ms + 1000),
        Err(IdentityError::IssuingExpired)
    );
    assert_eq!(
        at(LONG.not_after_ms + 1000),
        Err(IdentityError::AuthorityExpired)
    );
    let deeper = below(&issuing, "Deeper", Algorithm::Ed25519, SHORT);
    let refused = verify_chain(&member(&deeper), root.certificate(), NOW_MS);
    assert_eq!(refused.unwrap_err(), IdentityError::PathTooLong);
    let same = issuing.issue_authority("Issuing", &secret().public_key(), SHORT);
    assert_eq!(same.unwrap_err(), IdentityError::RepeatedAuthority);
}

#[test]
fn an_authority_of_another_organisation_has_no_place_in_a_chain() {
    let (bank, court) = (root("bank"), root("court"));
    let issuing = below(&court, "Issuing", Algorithm::Ed25519, LONG);
    let refused = verify_chain(&member(&issuing), bank.certificate(), NOW_MS);
    assert_eq!(refused.unwrap_err(), IdentityError::OrganisationMismatch);
}

#[test]
fn a_certificate_of_another_profile_is_no_members() {
    let root = root("bank");
    let hosts = ["bank.example".to_owned(), "127.0.0.1".to_owned()];
    for profile in Profile::ALL {
        let mut order = order(profile);
        if profile == Profile::TlsServer {
            order.hosts = &hosts;
        }
        let chain = root
            .issue_as(&order, &secret().public_key(), SHORT)
            .unwrap();
        let described = describe(&chain).unwrap();
        assert_eq!(described.profile, Some(profile));
        assert_eq!(described.hosts, order.hosts);
        for asked in Profile::ALL {
            let verified = verify_profile_chain(&chain, root.certificate(), asked, NOW_MS);
            match asked == profile {
                true => assert_eq!(verified.unwrap(), described),
                false => assert_eq!(
                    verified.unwrap_err(),
                    IdentityError::OtherProfile(asked.as_str())
                ),
            }
        }
        let as_member = verify_chain(&chain, root.certificate(), NOW_MS).map(|_| ());
        let as_node = verify_node_chain(&chain, root.certificate(), NOW_MS).map(|_| ());
        match profile {
            Profile::Member => {
                assert_eq!((as_member, as_node), (Ok(()), Err(IdentityError::NotANode)))
            }
            Profile::Node => assert_eq!(
                (as_member, as_node),
                (Err(IdentityError::NotAMember("node")), Ok(()))
            ),
            other => assert_eq!(
                (as_member, as_node),
                (
                    Err(IdentityError::NotAMember(other.as_str())),
                    Err(IdentityError::NotANode)
                )
            ),
        }
    }
}

#[test]
fn a_node_has_an_ed25519_key_and_a_name() {
    let root = root("bank");
    let issuing = below(&root, "Issuing", Algorithm::P256, LONG);
    let key = secret().public_key();
    let chain = issuing
        .issue_as(&order(Profile::Node), &key, SHORT)
        .unwrap();
    let node = verify_node_chain(&chain, root.certificate(), NOW_MS).unwrap();
    assert_eq!(node, parse_node(&chain).unwrap());
    assert_eq!(
        (node.organisation.as_str(), node.name.as_str()),
        ("bank", "one")
    );
    assert_eq!(
        (node.public_key, node.not_after_ms / 1000),
        (key, SHORT.not_after_ms / 1000)
    );
    assert_eq!(parse_member(&chain), Err(IdentityError::NotAMember("node")));
    let p256 = SecretKey::generate(Algorithm::P256).unwrap().public_key();
    let refused = issuing.issue_as(&order(Profile::Node), &p256, SHORT);
    assert_eq!(refused.unwrap_err(), IdentityError::NodeKey);
}

#[test]
fn orders_that_make_no_sense_are_refused() {
    let root = root("bank");
    let key = secret().public_key();
    let refused = |order: Order<'_>| root.issue_as(&order, &key, SHORT).unwrap_err();
    let functions = ["maker".to_owned()];
    let mut wanted = order(Profile::Node);
    wanted.functions = &functions;
    assert_eq!(refused(wanted), IdentityError::UnknownFunction);
    assert!(matches!(
        refused(order(Profile::TlsServer)),
        IdentityError::HostName(_)
    ));
    for host in ["a b", "", "-a.example", "*.example", "a..b"] {
        let hosts = [host.to_owned()];
        let mut wanted = order(Profile::TlsServer);
        wanted.hosts = &hosts;
        assert_eq!(refused(wanted), IdentityError::HostName(host.to_owned()));
    }
}

/// A security module that went away.
struct Unplugged(PublicKey);

impl Signing for Unplugged {
    fn public_key(&self) -> PublicKey {
        self.0
    }

    fn sign_message(&self, _message: &[u8]) -> Result<Signature, SigningError> {
        Err(SigningError::new("the module is unplugged"))
    }
}

#[test]
fn a_key_that_does_not_sign_says_so() {
    let made = root("bank");
    let key = Arc::new(Unplugged(made.key().public_key()));
    let authority = CertificateAuthority::open(made.certificate().to_vec(), key).unwrap();
    let refused = authority
        .issue_as(&order(Profile::Member), &secret().public_key(), SHORT)
        .unwrap_err();
    assert_eq!(refused.code(), "certificate.not_signed");
    assert!(refused.to_string().contains("the module is unplugged"));
}
