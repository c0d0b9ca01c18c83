//! A consortium for tests: keys from seeds, certificates, a genesis and transfers between members.

#![allow(dead_code, clippy::unwrap_used)]

pub mod simulation;

use blockworm_crypto::{
    Algorithm, SecretKey,
    identity::{CertificateAuthority, MemberSubject, Validity},
    sha256,
};
use blockworm_execution::{Builtins, Native};
use blockworm_ledger::{
    Genesis, LedgerId, TransactionBody,
    genesis::{GenesisContract, GenesisMember, Organisation, Parameters, Validator},
};
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
    Organisation {
        id: slug.parse().unwrap(),
        name: slug.into(),
        roles: vec!["bank".into()],
        ca_certificate: authority.certificate().to_vec(),
        members: vec![GenesisMember { id, certificate }],
    }
}

impl Consortium {
    /// A consortium whose first `validators` organisations vote.
    pub fn new(time_ms: u64, validators: usize, parameters: Parameters) -> Self {
        let makers: Vec<_> = (0..ORGANISATIONS.len()).map(|n| key("maker", n)).collect();
        let organisations = ORGANISATIONS
            .iter()
            .zip(&makers)
            .map(|(slug, maker)| bank(slug, maker, time_ms))
            .collect();
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
        }
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
