//! One real node for all tests of this program, and the console's router over it.

use axum::{Router, body::Body, http::Request, response::Response};
use blockworm_crypto::{
    Algorithm, SecretKey,
    identity::{CertificateAuthority, MemberSubject, Validity},
};
use blockworm_execution::{Builtins, Native};
use blockworm_ledger::{
    Genesis, Receipt, TransactionBody,
    genesis::{GenesisContract, GenesisMember, Organisation, Parameters, Validator},
};
use blockworm_node::{NodeConfig, Profile, RunningNode};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::{
    fs,
    net::TcpListener,
    path::Path,
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime},
};
use tokio::{runtime::Runtime, sync::watch};
use tower::ServiceExt as _;

/// A name that would like to be markup.
pub const EVIL: &str = "<script>alert(1)</script>\" onmouseover=\"x";

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub static WORLD: LazyLock<World> = LazyLock::new(World::start);

/// The node and the pages over it.
pub struct World {
    node: RunningNode,
    key: SecretKey,
    pages: Router,
    _stopping: watch::Sender<bool>,
    runtime: Runtime,
}

fn now_ms() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64
}

/// A genesis of one bank, whose name and whose ledger's name are markup.
fn genesis(validator: &SecretKey, member: &SecretKey) -> Genesis {
    let now = now_ms();
    let validity = Validity {
        not_before_ms: now - 60_000,
        not_after_ms: now + 86_400_000,
    };
    let authority =
        CertificateAuthority::create("bank", "Bank", Algorithm::Ed25519, validity).unwrap();
    let issue = |name: &str, key: &SecretKey, functions: &[&str]| {
        let subject = MemberSubject {
            organisation: "bank".into(),
            name: name.into(),
            functions: functions.iter().map(|text| (*text).to_owned()).collect(),
        };
        GenesisMember {
            id: format!("bank/{name}").parse().unwrap(),
            certificate: authority
                .issue(&subject, &key.public_key(), validity)
                .unwrap(),
        }
    };
    let leaver = SecretKey::generate(Algorithm::Ed25519).unwrap();
    let mut members = vec![
        issue("admin", member, &["admin"]),
        issue("leaver", &leaver, &["maker"]),
        issue("maker", member, &["maker", "operator"]),
    ];
    members.sort_by(|a, b| a.id.cmp(&b.id));
    Genesis {
        version: 1,
        protocol_version: 1,
        name: "tests".into(),
        time_ms: now,
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
        organisations: vec![Organisation {
            id: "bank".parse().unwrap(),
            name: EVIL.into(),
            roles: vec!["bank".into()],
            ca_certificate: authority.certificate().to_vec(),
            members,
        }],
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

impl World {
    fn start() -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("console-real-node");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let validator = SecretKey::generate(Algorithm::Ed25519).unwrap();
        let key = SecretKey::generate(Algorithm::Ed25519).unwrap();
        let listen = TcpListener::bind("127.0.0.1:0").unwrap();
        let config = NodeConfig {
            organisation: "bank".parse().unwrap(),
            directory,
            ledgers: vec![genesis(&validator, &key)],
            consensus_key: validator,
            listen: listen.local_addr().unwrap(),
            peers: Vec::new(),
            never_voted: true,
            profile: Profile::Local,
            limits: blockworm_node::Limits::default(),
        };
        drop(listen);
        let money = Native::new(
            blockworm_money::instantiate,
            blockworm_money::execute,
            blockworm_money::query,
        );
        let builtins = Arc::new(Builtins::new().with("money@1", money));
        let node = blockworm_node::start(config, builtins).unwrap();
        let stopping = watch::Sender::new(false);
        Self {
            pages: blockworm_console::pages(node.handle(), stopping.subscribe()),
            _stopping: stopping,
            node,
            key,
            runtime: Runtime::new().unwrap(),
        }
    }

    /// Runs a test on one runtime.
    pub fn run<T>(&self, test: impl Future<Output = T>) -> T {
        self.runtime.block_on(test)
    }

    /// A path below the ledger.
    pub fn at(&self, path: &str) -> String {
        format!("/ledgers/{}{path}", self.node.handle().ledgers()[0].id())
    }

    /// Asks the console.
    pub async fn send(&self, request: Request<Body>) -> Response {
        self.pages.clone().oneshot(request).await.unwrap()
    }

    /// Commits a message and gives its receipt.
    pub async fn commit(&self, sender: &str, contract: &str, message: &Value) -> Receipt {
        let ledger = self.node.handle().ledgers().remove(0);
        // Randomness that is at hand: every fresh key differs.
        let fresh = SecretKey::generate(Algorithm::Ed25519)
            .unwrap()
            .public_key();
        let nonce = blockworm_crypto::sha256(&[fresh.to_string().as_bytes()]);
        let body = TransactionBody {
            ledger: ledger.id(),
            sender: sender.parse().unwrap(),
            key: self.key.public_key(),
            contract: contract.parse().unwrap(),
            message: message.to_string().into_bytes(),
            nonce: nonce.0[..16].try_into().unwrap(),
            expires_at_ms: now_ms() + 60_000,
        };
        let bytes = body.sign(&self.key).encode().into();
        let mut answers = ledger.submit_and_wait(vec![bytes], PATIENCE).await;
        answers.remove(0).unwrap().unwrap()
    }

    /// Commits one issue of money.
    pub async fn money(&self) -> Receipt {
        let issue = json!({"issue": {"to": "bank/maker", "amount": "1", "currency": "CNY"}});
        self.commit("bank/maker", "money", &issue).await
    }

    /// Whether a live list ends once its server stops.
    pub async fn streams_of_a_server_that_stops(&self) -> bool {
        let stopping = watch::Sender::new(false);
        let pages = blockworm_console::pages(self.node.handle(), stopping.subscribe());
        let request = Request::get(self.at("/live")).body(Body::empty()).unwrap();
        let response = pages.oneshot(request).await.unwrap();
        let mut stream = response.into_body().into_data_stream();
        stream.next().await.unwrap().unwrap();
        stopping.send_replace(true);
        let rest = async { while stream.next().await.is_some() {} };
        tokio::time::timeout(PATIENCE, rest).await.is_ok()
    }
}
