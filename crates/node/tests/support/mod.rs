//! A consortium for tests: keys from seeds, certificates, a genesis and transfers between members.

#![allow(dead_code, clippy::unwrap_used)]

pub mod simulation;

use blockworm_crypto::{
    Algorithm, SecretKey,
    identity::{self, CertificateAuthority, MemberSubject, Order, Validity},
    sha256,
};
use blockworm_execution::{Action, Builtins, MembershipAction, Native, ProposalsMsg};
use blockworm_ledger::{
    Genesis, LedgerId, TransactionBody,
    genesis::{GenesisContract, GenesisMember, Organisation, Parameters, Validator},
};
use blockworm_node::Cosigner;
use bytes::Bytes;
use std::sync::Arc;

/// Founders in the order of their slugs.
pub const ORGANISATIONS: [&str; 4] = ["bank", "court", "notary", "platform"];

/// Everything secret and public about a consortium.
#[derive(Clone)]
pub struct Consortium {
    pub genesis: Genesis,
    pub ledger: LedgerId,
    /// One per organisation, in the order of `ORGANISATIONS`.
    pub validators: Vec<SecretKey>,
    /// The makers, one per organisation.
    pub makers: Vec<SecretKey>,
    /// Their authorities.
    pub authorities: Vec<CertificateAuthority>,
}

pub fn key(what: &str, number: usize) -> SecretKey {
    SecretKey::from_ed25519_seed(sha256(&[what.as_bytes(), &number.to_be_bytes()]).0)
}

pub fn builtins() -> Arc<Builtins> {
    let money = Native::new(
        blockworm_money::instantiate,
        blockworm_money::execute,
        blockworm_money::query,
    );
    let registry = Native::new(
        blockworm_registry::instantiate,
        blockworm_registry::execute,
        blockworm_registry::query,
    );
    Arc::new(
        Builtins::new()
            .with("money@1", money)
            .with("registry@1", registry),
    )
}

pub fn parameters() -> Parameters {
    Parameters {
        root_lag: 4,
        epoch_length: 1 << 30,
        bucket_bits: 8,
        block_bytes: 4 << 20,
        block_transactions: 8_192,
        transaction_bytes: 64 << 10,
        expiry_window_ms: 120_000,
        heartbeat_ms: 1_000,
        transaction_cost: 1_000_000,
    }
}

/// An organisation with the role `bank` and one member, who is its maker and its admin.
pub fn bank(slug: &str, maker: &SecretKey, time_ms: u64) -> Organisation {
    bank_of(slug, maker, time_ms).1
}

/// The same with its authority.
fn bank_of(slug: &str, maker: &SecretKey, time_ms: u64) -> (CertificateAuthority, Organisation) {
    let validity = Validity {
        not_before_ms: time_ms.saturating_sub(86_400_000),
        not_after_ms: time_ms + 10 * 365 * 86_400_000,
    };
    let authority =
        CertificateAuthority::create(slug, "Root", Algorithm::Ed25519, validity).unwrap();
    let subject = MemberSubject {
        organisation: slug.into(),
        name: "maker".into(),
        functions: vec!["admin".into(), "maker".into()],
    };
    let certificate = authority
        .issue(&subject, &maker.public_key(), validity)
        .unwrap();
    let id = format!("{slug}/maker").parse().unwrap();
    let organisation = Organisation {
        id: slug.parse().unwrap(),
        name: slug.into(),
        roles: vec!["bank".into()],
        ca_certificate: authority.certificate().to_vec(),
        members: vec![GenesisMember { id, certificate }],
    };
    (authority, organisation)
}

/// Asks for a change.
pub fn propose(action: &Action) -> String {
    let action = action.clone();
    let for_ms = 600_000;
    serde_json::to_string(&ProposalsMsg::Propose { action, for_ms }).unwrap()
}

/// A vote for the change that the proposal of this number asks for.
pub fn vote(proposal: u64, action: &Action) -> String {
    let vote = ProposalsMsg::Vote {
        proposal,
        approve: true,
        action: action.digest(),
    };
    serde_json::to_string(&vote).unwrap()
}

impl Consortium {
    /// A consortium whose first `validators` organisations vote.
    pub fn new(time_ms: u64, validators: usize, parameters: Parameters) -> Self {
        let makers: Vec<_> = (0..ORGANISATIONS.len()).map(|n| key("maker", n)).collect();
        let (authorities, organisations) = ORGANISATIONS
            .iter()
            .zip(&makers)
            .map(|(slug, maker)| bank_of(slug, maker, time_ms))
            .unzip();
        let keys: Vec<_> = (0..validators).map(|n| key("validator", n)).collect();
        let mut voting: Vec<_> = keys
            .iter()
            .zip(ORGANISATIONS)
            .map(|(key, slug)| Validator {
                organisation: slug.parse().unwrap(),
                key: key.public_key(),
            })
            .collect();
        voting.sort_by_key(|validator| validator.key);
        let genesis = Genesis {
            version: 1,
            protocol_version: 1,
            name: "tests".into(),
            time_ms,
            parameters,
            organisations,
            validators: voting,
            contracts: vec![GenesisContract {
                name: "money".parse().unwrap(),
                code: "money@1".into(),
                init: "{}".into(),
            }],
        };
        genesis.check().unwrap();
        Self {
            ledger: genesis.ledger_id(),
            genesis,
            validators: keys,
            makers,
            authorities,
        }
    }

    /// The chain of a node's certificate, by its organisation's authority.
    pub fn node_chain(&self, organisation: usize, key: &SecretKey) -> Vec<u8> {
        let order = Order {
            profile: identity::Profile::Node,
            name: "node",
            functions: &[],
            hosts: &[],
        };
        self.certify(organisation, &order, key)
    }

    /// What an organisation's node cosigns with, and the chain of its certificate.
    pub fn cosigner(&self, organisation: usize, key: &SecretKey) -> Cosigner {
        let chain = self.cosigner_chain(organisation, key);
        Cosigner {
            key: Arc::new(key.clone()),
            chain: Arc::new(move || Some(chain.clone())),
        }
    }

    /// The chain of a cosigner's certificate, by its organisation's authority.
    pub fn cosigner_chain(&self, organisation: usize, key: &SecretKey) -> Vec<u8> {
        let order = Order {
            profile: identity::Profile::Cosigning,
            name: "cosigner",
            functions: &[],
            hosts: &[],
        };
        self.certify(organisation, &order, key)
    }

    fn certify(&self, organisation: usize, order: &Order<'_>, key: &SecretKey) -> Vec<u8> {
        let validity = Validity {
            not_before_ms: self.genesis.time_ms.saturating_sub(1_000),
            not_after_ms: self.genesis.time_ms + 365 * 86_400_000,
        };
        self.authorities[organisation]
            .issue_as(order, &key.public_key(), validity)
            .unwrap()
    }

    /// Lets a node of an organisation keep the ledger.
    pub fn admission(&self, organisation: usize, key: &SecretKey, address: String) -> Action {
        Action::Membership(MembershipAction::AdmitNode {
            organisation: ORGANISATIONS[organisation].parse().unwrap(),
            certificate: self.node_chain(organisation, key),
            address,
        })
    }

    /// A signed transaction of an organisation's maker to the money contract.
    pub fn transaction(
        &self,
        organisation: usize,
        number: u64,
        message: &str,
        expires_at_ms: u64,
    ) -> Bytes {
        self.transaction_to("money", organisation, number, message, expires_at_ms)
    }

    /// A signed transaction of an organisation's maker, who is its admin too, to any contract.
    pub fn transaction_to(
        &self,
        contract: &str,
        organisation: usize,
        number: u64,
        message: &str,
        expires_at_ms: u64,
    ) -> Bytes {
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&number.to_be_bytes());
        nonce[8] = u8::try_from(organisation).unwrap();
        let body = TransactionBody {
            ledger: self.ledger,
            sender: format!("{}/maker", ORGANISATIONS[organisation])
                .parse()
                .unwrap(),
            key: self.makers[organisation].public_key(),
            contract: contract.parse().unwrap(),
            message: message.as_bytes().to_vec(),
            nonce,
            expires_at_ms,
        };
        body.sign(&self.makers[organisation]).encode().into()
    }

    /// Units made by an organisation's maker for itself; always takes effect.
    pub fn issue(&self, organisation: usize, number: u64, expires_at_ms: u64) -> Bytes {
        let to = ORGANISATIONS[organisation];
        let message = format!(r#"{{"issue":{{"to":"{to}/maker","amount":"1","currency":"CNY"}}}}"#);
        self.transaction(organisation, number, &message, expires_at_ms)
    }
}
