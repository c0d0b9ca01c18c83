//! One real node for all tests of this program, its server, and what a test needs to talk to it.

use blockworm_api::{Client, Limits, Server, ServerConfig};
use blockworm_crypto::{
    Algorithm, SecretKey,
    identity::{CertificateAuthority, MemberSubject, Validity},
};
use blockworm_execution::{Builtins, Native};
use blockworm_ledger::{
    Genesis, Transaction, TransactionBody,
    genesis::{GenesisContract, GenesisMember, Organisation, Parameters, Validator},
};
use blockworm_node::{LedgerHandle, NodeConfig, NodeHandle, Profile, RunningNode};
use serde_json::{Value, json};
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime},
};
use tokio::{runtime::Runtime, sync::oneshot};

/// The node and a server over it that lives as long as the tests.
pub struct World {
    pub node: RunningNode,
    pub address: SocketAddr,
    pub maker: SecretKey,
    /// The bank's authority, whose certificate is in the genesis.
    pub authority: CertificateAuthority,
    runtime: Runtime,
}

pub static WORLD: LazyLock<World> = LazyLock::new(World::start);

/// How long a receipt may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub fn now_ms() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// A genesis of one bank with one maker, and the contract for money.
fn genesis(validator: &SecretKey, maker: &SecretKey) -> (Genesis, CertificateAuthority) {
    let now = now_ms();
    let validity = Validity {
        not_before_ms: now - 60_000,
        not_after_ms: now + 86_400_000,
    };
    let authority =
        CertificateAuthority::create("bank", "Bank of Tests", Algorithm::Ed25519, validity)
            .unwrap();
    let certificate = authority
        .issue(&subject("maker"), &maker.public_key(), validity)
        .unwrap();
    let genesis = Genesis {
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
            name: "Bank <of> \"Tests\"".into(),
            roles: vec!["bank".into()],
            ca_certificate: authority.certificate().to_vec(),
            members: vec![GenesisMember {
                id: "bank/maker".parse().unwrap(),
                certificate,
            }],
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
    };
    (genesis, authority)
}

/// A member of the bank in a certificate.
pub fn subject(name: &str) -> MemberSubject {
    MemberSubject {
        organisation: "bank".into(),
        name: name.into(),
        functions: vec!["maker".into()],
    }
}

impl World {
    fn start() -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("api-real-node");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let validator = SecretKey::generate(Algorithm::Ed25519).unwrap();
        let maker = SecretKey::generate(Algorithm::Ed25519).unwrap();
        let (genesis, authority) = genesis(&validator, &maker);
        let config = NodeConfig {
            organisation: "bank".parse().unwrap(),
            directory,
            consensus_key: validator,
            listen: free_port(),
            peers: Vec::new(),
            ledgers: vec![genesis],
            never_voted: true,
            profile: Profile::Local,
            limits: blockworm_node::Limits::default(),
        };
        let money = Native::new(
            blockworm_money::instantiate,
            blockworm_money::execute,
            blockworm_money::query,
        );
        let builtins = Arc::new(Builtins::new().with("money@1", money));
        let node = blockworm_node::start(config, builtins).unwrap();
        let runtime = Runtime::new().unwrap();
        let config = ServerConfig::new("127.0.0.1:0".parse().unwrap());
        let server = runtime
            .block_on(Server::bind(config, node.handle()))
            .unwrap();
        let address = server.local_addr();
        runtime.spawn(server.run(std::future::pending()));
        Self {
            node,
            address,
            maker,
            authority,
            runtime,
        }
    }

    /// Runs a test on the runtime of the server.
    pub fn run<T>(&self, test: impl Future<Output = T>) -> T {
        self.runtime.block_on(test)
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

    pub fn client(&self) -> Client {
        Client::new(&format!("http://{}", self.address)).unwrap()
    }

    /// A further server over the same node, with its own limits, and what stops it.
    pub async fn serve(
        &self,
        limits: Limits,
    ) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let config = ServerConfig {
            limits,
            ..ServerConfig::new("127.0.0.1:0".parse().unwrap())
        };
        self.serve_as(config).await
    }

    /// A further server over the same node.
    pub async fn serve_as(
        &self,
        config: ServerConfig,
    ) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let server = Server::bind(config, self.handle()).await.unwrap();
        let page = axum::routing::get(|| async { axum::response::Html("<p>a page</p>") });
        let server = server.with_pages(axum::Router::new().route("/", page));
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        (address, stop, task)
    }

    /// The body of a fresh transaction of the maker.
    pub fn body(&self, contract: &str, message: &Value) -> TransactionBody {
        // Randomness that is at hand: every fresh key differs.
        let fresh = SecretKey::generate(Algorithm::Ed25519)
            .unwrap()
            .public_key()
            .to_string();
        let nonce = blockworm_crypto::sha256(&[fresh.as_bytes()]).0[..16]
            .try_into()
            .unwrap();
        TransactionBody {
            ledger: self.ledger().id(),
            sender: "bank/maker".parse().unwrap(),
            key: self.maker.public_key(),
            contract: contract.parse().unwrap(),
            message: message.to_string().into_bytes(),
            nonce,
            expires_at_ms: now_ms() + 60_000,
        }
    }

    pub fn sign(&self, body: TransactionBody) -> Transaction {
        body.sign(&self.maker)
    }

    /// Money issued by the bank to its own maker.
    pub fn issue(&self, amount: u32) -> Transaction {
        let message =
            json!({"issue": {"to": "bank/maker", "amount": amount.to_string(), "currency": "CNY"}});
        self.sign(self.body("money", &message))
    }

    /// A transfer that the contract refuses: more than there is.
    pub fn refused(&self) -> Transaction {
        let amount = u128::MAX.to_string();
        let message =
            json!({"transfer": {"to": "bank/maker", "amount": amount, "currency": "USD"}});
        self.sign(self.body("money", &message))
    }

    /// Commits one issue of money and gives its id and height.
    pub async fn committed(&self) -> (String, u64) {
        let submitted = self
            .client()
            .submit(&self.id(), &self.issue(1), PATIENCE)
            .await
            .unwrap();
        let receipt = submitted.receipt.unwrap();
        assert_eq!(receipt.code, "ok", "{}", receipt.message);
        (submitted.id, receipt.height)
    }

    /// A plain HTTP client, for requests that the typed client would never make.
    pub fn http(&self) -> reqwest::Client {
        reqwest::Client::builder().no_proxy().build().unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The URL of something below the ledger.
    pub fn at(&self, path: &str) -> String {
        self.url(&format!("/v1/ledgers/{}{path}", self.id()))
    }
}

/// Checks that an answer is a complete problem and gives its status and code.
pub async fn problem(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    let path = response.url().path().to_owned();
    let request_id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json",
        "{path}"
    );
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["status"], status);
    assert_eq!(body["type"], "about:blank");
    assert_eq!(body["instance"], path);
    assert_eq!(body["request_id"], request_id);
    assert!(
        !body["detail"].as_str().unwrap().is_empty() && !body["title"].as_str().unwrap().is_empty()
    );
    (status, body["code"].as_str().unwrap().to_owned())
}
