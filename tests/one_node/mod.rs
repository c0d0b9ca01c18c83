//! A bank with one real node that all tests of a program share: its genesis, its keys, its transactions.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use blockworm_crypto::{
    Algorithm, SecretKey,
    identity::{self, CertificateAuthority, MemberSubject, Order, Validity},
};
use blockworm_execution::{Builtins, Native};
use blockworm_ledger::{
    Genesis, Receipt, TransactionBody,
    genesis::{GenesisContract, GenesisMember, Organisation, Parameters, Validator},
};
use blockworm_node::{Cosigner, LedgerHandle, NodeConfig, NodeHandle, Profile, RunningNode};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::runtime::Runtime;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(55);

/// The node, which lives as long as the tests.
pub struct OneNode {
    pub node: RunningNode,
    /// The key of the member `maker`.
    pub key: SecretKey,
    /// Every member's key, by its name in the bank: a key is one member's alone.
    keys: BTreeMap<String, SecretKey>,
    /// The bank's authority, whose certificate is in the genesis.
    pub authority: CertificateAuthority,
    runtime: Runtime,
}

pub fn now_ms() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64
}

fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A member of the bank in a certificate.
pub fn subject(name: &str, functions: &[&str]) -> MemberSubject {
    MemberSubject {
        organisation: "bank".into(),
        name: name.into(),
        functions: functions.iter().map(|text| (*text).to_owned()).collect(),
    }
}

/// What the node cosigns checkpoints with.
fn cosigner(authority: &CertificateAuthority, validity: Validity) -> Cosigner {
    let key = SecretKey::generate(Algorithm::Ed25519).unwrap();
    let order = Order {
        profile: identity::Profile::Cosigning,
        name: "cosigner",
        functions: &[],
        hosts: &[],
    };
    let chain = authority.issue_as(&order, &key.public_key(), validity);
    let chain = chain.unwrap();
    Cosigner {
        key: Arc::new(key),
        chain: Arc::new(move || Some(chain.clone())),
    }
}

/// A genesis with the contract for money. The members, ordered by name, share one key.
fn genesis(validator: &SecretKey, bank: Organisation) -> Genesis {
    Genesis {
        version: 1,
        protocol_version: 1,
        name: "tests".into(),
        time_ms: now_ms(),
        parameters: Parameters {
            root_lag: 4,
            epoch_length: 1000,
            bucket_bits: 8,
            block_bytes: 1 << 20,
            block_transactions: 4096,
            transaction_bytes: 4096,
            expiry_window_ms: 120_000,
            heartbeat_ms: 0,
            transaction_cost: 1_000_000,
        },
        organisations: vec![bank],
        validators: vec![Validator {
            organisation: "bank".parse().unwrap(),
            key: validator.public_key(),
        }],
        contracts: vec![GenesisContract {
            name: "money".parse().unwrap(),
            code: "money@1".into(),
            init: "{}".into(),
        }],
    }
}

impl OneNode {
    /// Starts a node in a fresh folder below the target's, for a bank of this name with these
    /// members and their functions, ordered by name.
    pub fn start(folder: &str, bank: &str, members: &[(&str, &[&str])]) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let fresh = || SecretKey::generate(Algorithm::Ed25519).unwrap();
        let validator = fresh();
        let named = members
            .iter()
            .map(|(name, _)| ((*name).to_owned(), fresh()));
        let keys: BTreeMap<String, SecretKey> = named.collect();
        let validity = Validity {
            not_before_ms: now_ms() - 60_000,
            not_after_ms: now_ms() + 86_400_000,
        };
        let authority =
            CertificateAuthority::create("bank", "Root", Algorithm::Ed25519, validity).unwrap();
        let member = |(name, functions): &(&str, &[&str])| GenesisMember {
            id: format!("bank/{name}").parse().unwrap(),
            certificate: authority
                .issue(
                    &subject(name, functions),
                    &keys[*name].public_key(),
                    validity,
                )
                .unwrap(),
        };
        let bank = Organisation {
            id: "bank".parse().unwrap(),
            name: bank.into(),
            roles: vec!["bank".into()],
            ca_certificate: authority.certificate().to_vec(),
            members: members.iter().map(member).collect(),
        };
        let config = NodeConfig {
            organisation: bank.id.clone(),
            directory,
            ledgers: vec![genesis(&validator, bank)],
            consensus_key: validator,
            cosigner: Some(cosigner(&authority, validity)),
            listen: free_port(),
            peers: Vec::new(),
            never_voted: true,
            never_voted_on: Vec::new(),
            profile: Profile::Local,
            limits: blockworm_node::Limits::default(),
        };
        let money = Native::new(
            blockworm_money::instantiate,
            blockworm_money::execute,
            blockworm_money::query,
        );
        let builtins = Arc::new(Builtins::new().with("money@1", money));
        Self {
            node: blockworm_node::start(config, builtins).unwrap(),
            key: keys["maker"].clone(),
            keys,
            authority,
            runtime: Runtime::new().unwrap(),
        }
    }

    /// Runs a test on the one runtime.
    pub fn run<T>(&self, test: impl Future<Output = T>) -> T {
        self.runtime.block_on(test)
    }

    /// Runs something beside the tests.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }

    pub fn handle(&self) -> NodeHandle {
        self.node.handle()
    }

    pub fn ledger(&self) -> LedgerHandle {
        self.handle().ledgers().remove(0)
    }

    /// The ledger's id as text.
    pub fn id(&self) -> String {
        self.ledger().id().to_string()
    }

    /// A member's key; the maker's for whom the ledger does not know.
    fn key_of(&self, sender: &str) -> &SecretKey {
        let name = sender.split_once('/').map(|(_, name)| name);
        let known = name.and_then(|name| self.keys.get(name));
        known.unwrap_or(&self.key)
    }

    /// The body of a fresh transaction.
    pub fn body(&self, sender: &str, contract: &str, message: &Value) -> TransactionBody {
        // Randomness that is at hand: every fresh key differs.
        let fresh = SecretKey::generate(Algorithm::Ed25519).unwrap();
        let text = fresh.public_key().to_string();
        let nonce = blockworm_crypto::sha256(&[text.as_bytes()]);
        TransactionBody {
            ledger: self.ledger().id(),
            sender: sender.parse().unwrap(),
            key: self.key_of(sender).public_key(),
            contract: contract.parse().unwrap(),
            message: message.to_string().into_bytes(),
            nonce: nonce.0[..16].try_into().unwrap(),
            expires_at_ms: now_ms() + 60_000,
        }
    }

    /// Commits a message and gives its receipt.
    pub async fn commit(&self, sender: &str, contract: &str, message: &Value) -> Receipt {
        let body = self.body(sender, contract, message);
        let bytes = body.sign(self.key_of(sender)).encode().into();
        let mut answers = self.ledger().submit_and_wait(vec![bytes], PATIENCE).await;
        answers.remove(0).unwrap().unwrap()
    }
}
