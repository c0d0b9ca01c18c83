//! The typed client: every call that the command line and the bench make.

mod checkpoints;
mod error;
mod events;
mod lists;
mod proofs;
mod submit;
mod timestamps;
mod tls;

pub use error::ClientError;
pub use events::{EventFilter, EventStream, StreamItem};
pub use lists::Paging;
pub use submit::join_batch;
pub use tls::{TlsIdentity, TlsOptions};

use crate::model::{
    BlockView, HeaderView, LedgerView, NodeView, ReceiptView, StateView, TransactionView,
};
use blockworm_crypto::oprf::Evaluation;
use blockworm_ledger::Genesis;
use blockworm_service::{
    identity::{Certified, EnrolmentRequest, PossessionProof, RenewalRequest},
    key_holder::SignedRequest,
};
use reqwest::{
    Method, RequestBuilder, Response,
    header::{AUTHORIZATION, HeaderValue},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{net::IpAddr, time::Duration};

/// How long an answer may take beyond any wait that was asked for.
const ANSWER: Duration = Duration::from_secs(30);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(2);

/// A connection to one node's API. Cheap to clone; clones share connections.
///
/// `ledger` is a ledger's id or, when only one on the node bears it, its name. Answers that are
/// problems become [`ClientError::Problem`] with their code.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    /// Marked sensitive: never printed.
    authorization: Option<HeaderValue>,
}

impl Client {
    /// A client of the node at `base`, such as `http://127.0.0.1:7400`.
    ///
    /// # Errors
    /// When `base` is not an `http://` address, or an `https://` one, for which
    /// [`Client::with_tls`] says whom to trust. Nothing is sent yet.
    pub fn new(base: &str) -> Result<Self, ClientError> {
        let client = Self::build(base, None)?;
        if client.base.starts_with("https:") {
            return Err(ClientError::NoRoots {
                address: client.base,
            });
        }
        Ok(client)
    }

    /// A client of the node at `base`, such as `https://bank.example:7443`.
    ///
    /// # Errors
    /// As [`Client::new`], and when a certificate or key cannot be used.
    pub fn with_tls(base: &str, options: &TlsOptions) -> Result<Self, ClientError> {
        Self::build(base, Some(options))
    }

    /// The same client, showing an API key with every request.
    ///
    /// # Errors
    /// A key that no header can carry, or an `http://` address that is not this machine's: the key
    /// would cross the network in the clear.
    pub fn with_api_key(mut self, key: &str) -> Result<Self, ClientError> {
        if !self.keeps_secrets() {
            return Err(ClientError::KeyInTheClear { address: self.base });
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {}", key.trim()))
            .map_err(|_| ClientError::BadKey)?;
        value.set_sensitive(true);
        self.authorization = Some(value);
        Ok(self)
    }

    fn build(base: &str, options: Option<&TlsOptions>) -> Result<Self, ClientError> {
        let base = base.trim_end_matches('/').to_owned();
        let plain = reqwest::Url::parse(&base).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.path() == "/"
        });
        if !plain {
            return Err(ClientError::Address { address: base });
        }
        let http = reqwest::Client::builder()
            // A proxy from the environment must never see what goes to this machine's own node.
            .no_proxy()
            .tls_backend_preconfigured(tls::config(options)?)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .user_agent(concat!("blockworm/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|source| ClientError::Setup { source })?;
        Ok(Self {
            http,
            base,
            authorization: None,
        })
    }

    /// Whether what is sent stays on this machine or goes through TLS.
    fn keeps_secrets(&self) -> bool {
        let Ok(url) = reqwest::Url::parse(&self.base) else {
            return false;
        };
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        url.scheme() == "https" || host == "localhost" || loopback
    }

    /// The address given.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The node and all its ledgers.
    pub async fn node(&self) -> Result<NodeView, ClientError> {
        self.get("/v1/node", ANSWER).await
    }

    /// How a ledger is doing on the node.
    pub async fn ledger(&self, ledger: &str) -> Result<LedgerView, ClientError> {
        self.get(&format!("/v1/ledgers/{}", part(ledger)), ANSWER)
            .await
    }

    /// A ledger's genesis. It comes from the node: compare its digest with one from elsewhere.
    pub async fn genesis(&self, ledger: &str) -> Result<Genesis, ClientError> {
        self.get(&format!("/v1/ledgers/{}/genesis", part(ledger)), ANSWER)
            .await
    }

    /// Whether the node answers and all its ledgers are up to date; a node that catches up is the
    /// problem `node.catching_up`.
    pub async fn ready(&self) -> Result<(), ClientError> {
        self.send(self.request(Method::GET, "/health/ready"), CONNECT)
            .await
            .map(drop)
    }

    /// Figures in the text format of Prometheus.
    pub async fn metrics(&self) -> Result<String, ClientError> {
        let response = self
            .send(self.request(Method::GET, "/metrics"), ANSWER)
            .await?;
        response
            .text()
            .await
            .map_err(|error| self.failed(error, ANSWER))
    }

    /// A committed transaction with its receipt.
    pub async fn transaction(
        &self,
        ledger: &str,
        id: &str,
    ) -> Result<TransactionView, ClientError> {
        self.get(
            &format!("/v1/ledgers/{}/transactions/{}", part(ledger), part(id)),
            ANSWER,
        )
        .await
    }

    /// The receipt of a transaction, after at most `wait`; none while it is not in a block.
    pub async fn receipt(
        &self,
        ledger: &str,
        id: &str,
        wait: Duration,
    ) -> Result<Option<ReceiptView>, ClientError> {
        let path = format!(
            "/v1/ledgers/{}/transactions/{}/receipt",
            part(ledger),
            part(id)
        );
        let request = self
            .request(Method::GET, &path)
            .query(&[("wait_ms", wait.as_millis() as u64)]);
        match self.json(request, wait + ANSWER).await {
            Ok(receipt) => Ok(Some(receipt)),
            Err(error) if error.code() == Some("receipt.not_found") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The text of a `blockworm-proof` file. The problem `proof.not_yet_provable` means: ask
    /// again in a second.
    pub async fn proof(&self, ledger: &str, id: &str) -> Result<String, ClientError> {
        let path = format!(
            "/v1/ledgers/{}/transactions/{}/proof",
            part(ledger),
            part(id)
        );
        let response = self.send(self.request(Method::GET, &path), ANSWER).await?;
        response
            .text()
            .await
            .map_err(|error| self.failed(error, ANSWER))
    }

    /// A block; the newest when `height` is none.
    pub async fn block(&self, ledger: &str, height: Option<u64>) -> Result<BlockView, ClientError> {
        self.get(
            &format!(
                "/v1/ledgers/{}/blocks/{}",
                part(ledger),
                height_part(height)
            ),
            ANSWER,
        )
        .await
    }

    /// A block's header; the newest when `height` is none.
    pub async fn header(
        &self,
        ledger: &str,
        height: Option<u64>,
    ) -> Result<HeaderView, ClientError> {
        self.get(
            &format!(
                "/v1/ledgers/{}/headers/{}",
                part(ledger),
                height_part(height)
            ),
            ANSWER,
        )
        .await
    }

    /// Asks a contract.
    pub async fn query<M, A>(
        &self,
        ledger: &str,
        contract: &str,
        message: &M,
    ) -> Result<A, ClientError>
    where
        M: Serialize + ?Sized,
        A: DeserializeOwned,
    {
        let path = format!(
            "/v1/ledgers/{}/contracts/{}/query",
            part(ledger),
            part(contract)
        );
        self.json(self.request(Method::POST, &path).json(message), ANSWER)
            .await
    }

    /// A contract's value under its own key.
    pub async fn state(
        &self,
        ledger: &str,
        contract: &str,
        key: &[u8],
    ) -> Result<StateView, ClientError> {
        self.get(&state_path(ledger, contract, key), ANSWER).await
    }

    /// The text of a `blockworm-state/1` file: that value, or its absence, proved.
    pub async fn state_proof(
        &self,
        ledger: &str,
        contract: &str,
        key: &[u8],
    ) -> Result<String, ClientError> {
        let path = format!("{}/proof", state_path(ledger, contract, key));
        let response = self.send(self.request(Method::GET, &path), ANSWER).await?;
        response
            .text()
            .await
            .map_err(|error| self.failed(error, ANSWER))
    }

    /// Events as they become final, from the next block on, or from the one after `after`.
    pub async fn events(
        &self,
        ledger: &str,
        filter: &EventFilter,
        after: Option<u64>,
    ) -> Result<EventStream, ClientError> {
        let path = format!("/v1/ledgers/{}/events", part(ledger));
        let mut request = self.request(Method::GET, &path).query(filter);
        if let Some(height) = after {
            request = request.header("last-event-id", height);
        }
        // No overall deadline: the stream has its own, renewed by every sign of life.
        let sent = tokio::time::timeout(ANSWER, request.send()).await;
        let response = sent
            .map_err(|_| self.too_late(ANSWER))?
            .map_err(|error| self.failed(error, ANSWER))?;
        let response = self.accept(response).await?;
        Ok(EventStream::new(self.base.clone(), response, after))
    }

    /// Asks a key holder's node to evaluate blinded elements.
    pub async fn evaluate(&self, signed: &SignedRequest) -> Result<Evaluation, ClientError> {
        let request = self.request(Method::POST, "/v1/evaluations");
        self.json(request.json(signed), ANSWER).await
    }

    /// Has a key certified by token.
    pub async fn enrol(&self, asked: &EnrolmentRequest) -> Result<Certified, ClientError> {
        let request = self.request(Method::POST, "/v1/identity/enrolments");
        self.json(request.json(asked), ANSWER).await
    }

    /// Has a member's key certified anew, on the word of the key certified now.
    pub async fn renew(&self, asked: &RenewalRequest) -> Result<Certified, ClientError> {
        let request = self.request(Method::POST, "/v1/identity/renewals");
        self.json(request.json(asked), ANSWER).await
    }

    /// Hands in a member's proofs that it holds its key.
    pub async fn take_possession(&self, proof: &PossessionProof) -> Result<(), ClientError> {
        let request = self.request(Method::POST, "/v1/identity/possessions");
        self.send(request.json(proof), ANSWER).await.map(|_| ())
    }

    async fn get<A: DeserializeOwned>(
        &self,
        path: &str,
        limit: Duration,
    ) -> Result<A, ClientError> {
        self.json(self.request(Method::GET, path), limit).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.authorization {
            Some(value) => request.header(AUTHORIZATION, value.clone()),
            None => request,
        }
    }

    async fn json<A: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        limit: Duration,
    ) -> Result<A, ClientError> {
        let response = self.send(request, limit).await?;
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.failed(error, limit))?;
        serde_json::from_slice(&bytes).map_err(|error| self.unexpected(error.to_string()))
    }

    async fn send(
        &self,
        request: RequestBuilder,
        limit: Duration,
    ) -> Result<Response, ClientError> {
        let sent = request.timeout(limit).send().await;
        self.accept(sent.map_err(|error| self.failed(error, limit))?)
            .await
    }

    /// Turns an error answer into the problem that it carries.
    async fn accept(&self, response: Response) -> Result<Response, ClientError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response
            .bytes()
            .await
            .map_err(|error| self.failed(error, ANSWER))?;
        match serde_json::from_slice(&body) {
            Ok(problem) => Err(ClientError::Problem(Box::new(problem))),
            Err(_) => Err(self.unexpected(format!("status {status} without a problem"))),
        }
    }

    fn failed(&self, source: reqwest::Error, limit: Duration) -> ClientError {
        if source.is_timeout() && !source.is_connect() {
            return self.too_late(limit);
        }
        ClientError::Unreachable {
            address: self.base.clone(),
            source,
        }
    }

    fn too_late(&self, limit: Duration) -> ClientError {
        ClientError::Timeout {
            address: self.base.clone(),
            limit_s: limit.as_secs(),
        }
    }

    fn unexpected(&self, reason: String) -> ClientError {
        ClientError::Unexpected {
            address: self.base.clone(),
            reason,
        }
    }
}

fn state_path(ledger: &str, contract: &str, key: &[u8]) -> String {
    let (ledger, contract, key) = (part(ledger), part(contract), hex::encode(key));
    format!("/v1/ledgers/{ledger}/contracts/{contract}/state/{key}")
}

fn height_part(height: Option<u64>) -> String {
    height.map_or_else(|| "latest".into(), |height| height.to_string())
}

/// One part of a path: everything but unreserved characters percent-encoded (RFC 3986 §2.3).
fn part(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
                encoded.push(byte.into())
            }
            // Dots are encoded too: `..` would climb out of the route.
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_path_part_cannot_leave_its_place() {
        assert_eq!(part("../a b/链"), "%2E%2E%2Fa%20b%2F%E9%93%BE");
        assert_eq!(part("trade-1"), "trade-1");
    }

    #[test]
    fn only_addresses_of_nodes_are_taken() {
        for good in ["http://127.0.0.1:7400", "http://localhost:1/"] {
            assert!(Client::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1:7400",
            "https://a",
            "file:///etc",
            "http://a/b",
        ] {
            assert!(Client::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_neither_sent_in_the_clear_nor_shown() {
        let key = format!("bwk_{}", "7".repeat(64));
        for good in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"] {
            let client = Client::new(good).unwrap().with_api_key(&key).unwrap();
            assert!(!format!("{client:?}").contains("777"));
        }
        let remote = Client::new("http://192.0.2.1:1").unwrap();
        let refused = remote.with_api_key(&key);
        assert!(matches!(refused, Err(ClientError::KeyInTheClear { .. })));
        let bad = Client::new("http://localhost:1")
            .unwrap()
            .with_api_key("a\nb");
        assert!(matches!(bad, Err(ClientError::BadKey)));
    }
}
