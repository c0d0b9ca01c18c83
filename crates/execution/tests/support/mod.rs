//! A consortium in memory: keys, certificates, a genesis, and blocks made by hand.

#![allow(dead_code, clippy::unwrap_used)]

pub mod foreign;
pub mod joining;
pub mod trading;
pub mod twin;

use blockworm_crypto::{
    Algorithm, Digest, Namespace, PublicKey, SecretKey,
    identity::{CertificateAuthority, MemberSubject, Validity},
    sha256,
};
use blockworm_execution::{BlockOutcome, Builtins, Executor, Native, NewMember};
use blockworm_ledger::{
    Block, Genesis, Header, Receipt, Transaction, TransactionBody, Transactions,
    genesis::{GenesisContract, GenesisMember, Organisation, Parameters, Validator},
};
use blockworm_state::{MemoryStore, State};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// 2026-11-22, in milliseconds.
pub const START_MS: u64 = 1_795_000_000_000;
/// Blocks made here are a second apart.
pub const STEP_MS: u64 = 1_000;

pub const SELLER: &str = "platform/supplier-1";
pub const BUYER: &str = "platform/buyer-1";

/// Names of members and their functions.
pub type Members = &'static [(&'static str, &'static [&'static str])];

/// Founders: organisation and its one role, then members with functions.
pub const FOUNDERS: [(&str, Members); 4] = [
    (
        "bank",
        &[
            ("admin", &["admin"]),
            ("checker", &["checker"]),
            ("maker", &["maker"]),
            ("maker-2", &["maker"]),
        ],
    ),
    ("court", &[("admin", &["admin"])]),
    ("notary", &[("admin", &["admin"])]),
    (
        "platform",
        &[
            ("admin", &["admin"]),
            ("buyer-1", &["checker"]),
            ("supplier-1", &["maker"]),
        ],
    ),
];

/// All secrets of a consortium and what it began with.
pub struct Founded {
    pub authorities: BTreeMap<String, CertificateAuthority>,
    pub keys: BTreeMap<String, SecretKey>,
    pub genesis: Arc<Genesis>,
    pub builtins: Arc<Builtins>,
}

pub fn validity() -> Validity {
    const YEAR_MS: u64 = 365 * 24 * 3600 * 1000;
    Validity {
        not_before_ms: START_MS - YEAR_MS,
        not_after_ms: START_MS + YEAR_MS,
    }
}

pub fn parameters() -> Parameters {
    Parameters {
        root_lag: 4,
        epoch_length: 1 << 20,
        bucket_bits: 8,
        block_bytes: 4 << 20,
        block_transactions: 8192,
        transaction_bytes: 64 << 10,
        expiry_window_ms: 120_000,
        heartbeat_ms: 10_000,
        transaction_cost: 1_000_000,
    }
}

pub fn builtins() -> Builtins {
    Builtins::new()
        .with(
            "money@1",
            Native::new(
                blockworm_money::instantiate,
                blockworm_money::execute,
                blockworm_money::query,
            ),
        )
        .with(
            "receivable@1",
            Native::new(
                blockworm_receivable::instantiate,
                blockworm_receivable::execute,
                blockworm_receivable::query,
            ),
        )
}

/// The usual founders with money and receivables.
pub fn found() -> Founded {
    found_with(builtins(), &[], parameters())
}

/// The usual founders with more contracts after the usual two.
pub fn found_with(builtins: Builtins, more: &[(&str, &str)], parameters: Parameters) -> Founded {
    let mut authorities = BTreeMap::new();
    let mut keys = BTreeMap::new();
    let mut organisations = Vec::new();
    for (slug, members) in FOUNDERS {
        let authority =
            CertificateAuthority::create(slug, "CA", Algorithm::Ed25519, validity()).unwrap();
        let mut certificates = Vec::new();
        for (name, functions) in members {
            let id = format!("{slug}/{name}");
            let key = key_of(&id);
            let certificate = issue(&authority, slug, name, functions, &key.public_key());
            certificates.push(GenesisMember {
                id: id.parse().unwrap(),
                certificate,
            });
            keys.insert(id, key);
        }
        organisations.push(Organisation {
            id: slug.parse().unwrap(),
            name: slug.to_uppercase(),
            roles: vec![slug.to_owned()],
            ca_certificate: authority.certificate().to_vec(),
            members: certificates,
        });
        authorities.insert(slug.to_owned(), authority);
    }
    let usual = [
        ("money", "money@1", "{}"),
        ("receivable", "receivable@1", trading::RECEIVABLE),
    ];
    let more = more.iter().map(|(name, code)| (*name, *code, "{}"));
    let contracts = usual
        .into_iter()
        .chain(more)
        .map(|(name, code, init)| GenesisContract {
            name: name.parse().unwrap(),
            code: code.to_owned(),
            init: init.to_owned(),
        });
    let genesis = Genesis {
        version: 1,
        protocol_version: 1,
        name: "trade".into(),
        time_ms: START_MS,
        parameters,
        organisations,
        validators: vec![Validator {
            organisation: "bank".parse().unwrap(),
            key: key_of("validator").public_key(),
        }],
        contracts: contracts.collect(),
    };
    Founded {
        authorities,
        keys,
        genesis: Arc::new(genesis),
        builtins: Arc::new(builtins),
    }
}

/// The same key for the same name, always.
pub fn key_of(id: &str) -> SecretKey {
    SecretKey::from_ed25519_seed(sha256(&[b"test key", id.as_bytes()]).0)
}

pub fn issue(
    authority: &CertificateAuthority,
    organisation: &str,
    name: &str,
    functions: &[&str],
    key: &PublicKey,
) -> Vec<u8> {
    let subject = MemberSubject {
        organisation: organisation.into(),
        name: name.into(),
        functions: functions.iter().map(ToString::to_string).collect(),
    };
    authority.issue(&subject, key, validity()).unwrap()
}

/// One node's execution of a founded consortium.
pub struct Chain {
    pub founded: Arc<Founded>,
    pub store: MemoryStore,
    pub state: State<MemoryStore>,
    pub executor: Executor<MemoryStore>,
    pub nonce: u128,
    /// Runs the same blocks with contracts as WASM modules.
    pub twin: Option<twin::Twin>,
}

impl Chain {
    pub fn start(founded: Founded) -> Self {
        Self::join(&Arc::new(founded))
    }

    /// Another node of the same consortium, at its genesis.
    pub fn join(founded: &Arc<Founded>) -> Self {
        Self::open(founded, MemoryStore::default())
    }

    pub fn open(founded: &Arc<Founded>, store: MemoryStore) -> Self {
        let bits = founded.genesis.parameters.bucket_bits;
        let state = State::open(store.clone(), bits).unwrap();
        let genesis = Arc::clone(&founded.genesis);
        let builtins = Arc::clone(&founded.builtins);
        let mut executor = Executor::new(state.clone(), genesis, builtins).unwrap();
        executor.apply_genesis().unwrap();
        Self {
            founded: Arc::clone(founded),
            store,
            state,
            executor,
            nonce: 0,
            twin: None,
        }
    }

    /// From here on (its genesis) every block also runs with contracts as WASM modules, where there
    /// are any, and must come to the same.
    pub fn beside_wasm(mut self) -> Self {
        self.twin = twin::Twin::start(&self.founded.genesis);
        self
    }

    /// The same store after a restart.
    pub fn restart(self) -> Self {
        let mut again = Self::open(&self.founded, self.store);
        (again.nonce, again.twin) = (self.nonce, self.twin);
        again
    }

    pub fn time_ms(&self) -> u64 {
        START_MS + self.executor.height().unwrap() * STEP_MS
    }

    /// A fresh transaction body by a member with its usual key.
    pub fn body(&mut self, sender: &str, contract: &str, message: &Value) -> TransactionBody {
        self.nonce += 1;
        TransactionBody {
            ledger: self.founded.genesis.ledger_id(),
            sender: sender.parse().unwrap(),
            key: key_of(sender).public_key(),
            contract: contract.parse().unwrap(),
            message: message.to_string().into_bytes(),
            nonce: self.nonce.to_be_bytes(),
            expires_at_ms: self.time_ms() + 60_000,
        }
    }

    pub fn sign(body: TransactionBody) -> Transaction {
        let key = key_of(body.sender.as_str());
        body.sign(&key)
    }

    /// The next block with these transactions.
    pub fn block(&self, transactions: &[Transaction]) -> Block {
        let encoded: Vec<Vec<u8>> = transactions.iter().map(Transaction::encode).collect();
        let transactions = Transactions::from_encoded(encoded.iter()).unwrap();
        let height = self.executor.height().unwrap() + 1;
        let header = Header {
            version: 1,
            protocol_version: 1,
            ledger: self.founded.genesis.ledger_id(),
            height,
            time_ms: START_MS + height * STEP_MS,
            parent: Digest::ZERO,
            history_root: Digest::ZERO,
            transactions_root: transactions.root(),
            receipts_root: Digest::ZERO,
            state_root: Digest::ZERO,
            next_validators: Digest::ZERO,
        };
        Block {
            header,
            transactions,
        }
    }

    /// Executes and commits.
    pub fn run(&mut self, block: &Block) -> (BlockOutcome, Digest) {
        let outcome = self.executor.execute_block(block).unwrap().unwrap();
        let root = self
            .state
            .commit(outcome.height, outcome.rows.clone())
            .unwrap();
        if let Some(twin) = &mut self.twin {
            twin.compare(block, &outcome, &self.state);
        }
        (outcome, root)
    }

    /// One block with these transactions; their receipts.
    pub fn commit(&mut self, transactions: &[Transaction]) -> Vec<Receipt> {
        let block = self.block(transactions);
        self.run(&block).0.receipts
    }

    /// One block with one message.
    pub fn ask(&mut self, sender: &str, contract: &str, message: &Value) -> Receipt {
        let transaction = Self::sign(self.body(sender, contract, message));
        self.commit(&[transaction]).remove(0)
    }

    /// One block with one message that must take effect.
    pub fn must(&mut self, sender: &str, contract: &str, message: &Value) -> Receipt {
        let receipt = self.ask(sender, contract, message);
        assert_eq!(
            (receipt.code.as_str(), receipt.message.as_str()),
            ("ok", "")
        );
        receipt
    }

    /// One block with one message that must be refused without a trace in the state.
    pub fn refused(&mut self, sender: &str, contract: &str, message: &Value) -> Receipt {
        let before = self.state.root();
        let receipt = self.ask(sender, contract, message);
        assert_ne!(receipt.code, "ok");
        assert!(!receipt.message.is_empty() && receipt.events.is_empty());
        assert!(receipt.data.is_empty());
        assert_eq!(self.state.root(), before, "a refusal changed the state");
        receipt
    }

    pub fn query(&self, contract: &str, message: &Value) -> Value {
        let message = message.to_string().into_bytes();
        let answer = self.executor.reader().query(contract, &message).unwrap();
        if let Some(twin) = &self.twin {
            assert_eq!(twin.query(contract, &message), answer);
        }
        serde_json::from_slice(&answer).unwrap()
    }

    pub fn balance(&self, account: &str) -> u128 {
        let question = json!({"balance": {"account": account, "currency": "CNY"}});
        self.query("money", &question)["amount"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// A new member's certificate with the proof that its key is held.
    pub fn new_member(&self, organisation: &str, name: &str, functions: &[&str]) -> NewMember {
        let authority = &self.founded.authorities[organisation];
        self.new_member_of(authority, organisation, name, functions)
    }

    pub fn new_member_of(
        &self,
        authority: &CertificateAuthority,
        organisation: &str,
        name: &str,
        functions: &[&str],
    ) -> NewMember {
        let key = key_of(&format!("{organisation}/{name}"));
        let der = issue(authority, organisation, name, functions, &key.public_key());
        self.possession(&der, &key)
    }

    pub fn possession(&self, der: &[u8], key: &SecretKey) -> NewMember {
        use base64::{Engine as _, prelude::BASE64_STANDARD};
        let ledger = self.founded.genesis.ledger_id().to_string();
        let possession = key.sign(&Namespace::new(&ledger, "register"), &sha256(&[der]));
        NewMember {
            certificate: BASE64_STANDARD.encode(der),
            possession,
        }
    }
}

/// A vote on what the proposal is about, as the ledger has it.
pub fn vote(chain: &Chain, proposal: u64, approve: bool) -> Value {
    let known = chain.query("proposals", &json!({ "proposal": { "number": proposal } }));
    let digest = known["digest"]
        .as_str()
        .map_or_else(|| Digest::ZERO.to_string(), str::to_owned);
    json!({ "vote": { "proposal": proposal, "approve": approve, "action": digest } })
}

pub fn pay(to: &str, amount: u128) -> Value {
    json!({"transfer": {"to": to, "amount": amount.to_string(), "currency": "CNY"}})
}

pub fn mint(to: &str, amount: u128) -> Value {
    json!({"issue": {"to": to, "amount": amount.to_string(), "currency": "CNY"}})
}
