//! The bank's node behind a server, and what a test needs to talk to it.

use crate::one_node::{OneNode, subject as subject_with};
pub use crate::one_node::{PATIENCE, now_ms};
use blockworm_api::{Client, Limits, Server, ServerConfig};
use blockworm_crypto::identity::MemberSubject;
use blockworm_ledger::{Transaction, TransactionBody};
use blockworm_service::users::Users;
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    ops::Deref,
    sync::{Arc, LazyLock},
};
use tokio::sync::oneshot;

/// The node and a server over it that lives as long as the tests.
pub struct World {
    one: OneNode,
    pub address: SocketAddr,
}

pub static WORLD: LazyLock<World> = LazyLock::new(World::start);

/// A maker of the bank in a certificate.
pub fn subject(name: &str) -> MemberSubject {
    subject_with(name, &["maker"])
}

impl Deref for World {
    type Target = OneNode;

    fn deref(&self) -> &OneNode {
        &self.one
    }
}

impl World {
    fn start() -> Self {
        let members: [(&str, &[&str]); 1] = [("maker", &["maker"])];
        let one = OneNode::start("api-real-node", "Bank <of> \"Tests\"", &members);
        let config = ServerConfig::new("127.0.0.1:0".parse().unwrap());
        let server = one.run(Server::bind(config, one.handle())).unwrap();
        let address = server.local_addr();
        one.spawn(server.run(std::future::pending()));
        Self { one, address }
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

    /// A further server over the same node that lets people in, and where they sign in.
    pub async fn serve_people(
        &self,
        config: ServerConfig,
    ) -> (SocketAddr, oneshot::Sender<()>, Arc<Users>) {
        let server = Server::bind(config, self.handle()).await.unwrap();
        let page = axum::routing::get(|| async { axum::response::Html("<p>a page</p>") });
        let server = server.with_pages(axum::Router::new().route("/", page));
        let (address, users) = (server.local_addr(), server.users().unwrap());
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        (address, stop, users)
    }

    /// The body of a fresh transaction of the maker.
    pub fn body(&self, contract: &str, message: &Value) -> TransactionBody {
        self.one.body("bank/maker", contract, message)
    }

    pub fn sign(&self, body: TransactionBody) -> Transaction {
        body.sign(&self.key)
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
