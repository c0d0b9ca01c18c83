//! What an evidence package is made from here: a node behind its API, and the originals in the folder.

use crate::{
    failure::{Failure, Result},
    remote::{Remote, client_failure},
    signer::now_ms,
};
use blockworm_api::{
    ClientError,
    model::{StateKey, StateQuestion},
};
use blockworm_ledger::{OrganisationId, TransactionId};
use blockworm_service::{identity::revocations::Revocations, network::ConsortiumFolder};
use blockworm_workflows::evidence::{
    Store,
    package::source::{CheckpointAnswer, HistoryAnswer, NodeSeen, StampAnswer},
    package::{Holdings, Opened, Original, Source},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::time::{Duration, Instant};

/// How often what is not there yet is asked for again.
const POLL: Duration = Duration::from_millis(150);

/// One ledger on one node.
pub struct NodeSource {
    remote: Remote,
    folder: ConsortiumFolder,
    /// Until when to wait for what is not there yet.
    until: Instant,
}

impl NodeSource {
    /// Waits for at most `patience` in all.
    pub fn new(remote: Remote, folder: ConsortiumFolder, patience: Duration) -> Self {
        Self {
            remote,
            folder,
            until: Instant::now() + patience,
        }
    }

    /// The list of an organisation whose authority lies in the folder, made here.
    fn of_folder(&self, organisation: &str) -> Option<Vec<u8>> {
        let organisation: OrganisationId = organisation.parse().ok()?;
        let own = std::slice::from_ref(&organisation);
        let made = Revocations::new().list(&self.folder, own, &organisation, now_ms());
        made.ok().flatten()
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Waits a little, while there is time.
    async fn pause(&self) -> bool {
        let left = self.left();
        if left.is_zero() {
            return false;
        }
        tokio::time::sleep(POLL.min(left)).await;
        true
    }
}

/// An answer in the shape that the exporter reads.
fn shaped<T: DeserializeOwned>(answer: &impl Serialize) -> Result<T> {
    serde_json::to_value(answer)
        .and_then(serde_json::from_value)
        .map_err(|error| Failure::of("node.unexpected", &error))
}

impl Source for NodeSource {
    type Error = Failure;

    async fn query(&mut self, contract: &str, question: &Value) -> Result<Value> {
        self.remote.query(contract, question).await
    }

    async fn proof(&mut self, transaction: &str) -> Result<String> {
        let id: TransactionId = transaction.parse().map_err(|_| {
            Failure::new(
                "node.unexpected",
                format!("`{transaction}` is no transaction's id"),
            )
        })?;
        self.remote.proof(&id, self.left().max(POLL)).await
    }

    async fn states(&mut self, keys: &[(String, Vec<u8>)]) -> Result<String> {
        let keys = keys.iter().map(|(contract, key)| StateKey {
            contract: contract.clone(),
            key: hex(key),
        });
        let question = StateQuestion {
            keys: keys.collect(),
        };
        loop {
            let ledger = self.remote.ledger_text();
            match self.remote.client.state_proofs(&ledger, &question).await {
                Err(error)
                    if error.code() == Some("proof.not_yet_provable") && self.pause().await => {}
                answer => return answer.map_err(client_failure),
            }
        }
    }

    async fn checkpoint(&mut self, covering: u64) -> Result<Option<CheckpointAnswer>> {
        loop {
            let ledger = self.remote.ledger_text();
            let answer = self.remote.client.checkpoint(&ledger, Some(covering)).await;
            let found: Option<CheckpointAnswer> = match absent(answer)? {
                Some(answer) => Some(shaped(&answer)?),
                None => None,
            };
            let covers = found.as_ref().is_some_and(|one| one.size > covering);
            if covers || !self.pause().await {
                return Ok(found);
            }
        }
    }

    async fn history(&mut self, height: u64, size: u64) -> Result<HistoryAnswer> {
        let ledger = self.remote.ledger_text();
        let answer = self
            .remote
            .client
            .history(&ledger, height, Some(size))
            .await;
        shaped(&answer.map_err(client_failure)?)
    }

    async fn stamped(&mut self, covering: u64) -> Result<Option<StampAnswer>> {
        loop {
            let ledger = self.remote.ledger_text();
            let answer = self.remote.client.timestamp(&ledger, Some(covering)).await;
            if let Some(answer) = absent(answer)? {
                return shaped(&answer).map(Some);
            }
            if !self.pause().await {
                return Ok(None);
            }
        }
    }

    async fn revocations(&mut self, organisation: &str) -> Result<Option<Vec<u8>>> {
        let ledger = self.remote.ledger_text();
        let answer = self.remote.client.revocations(&ledger, organisation).await;
        match answer.map_err(client_failure)? {
            Some(list) => Ok(Some(list)),
            None => Ok(self.of_folder(organisation)),
        }
    }

    async fn nodes(&mut self) -> Result<Vec<NodeSeen>> {
        let ledger = self.remote.ledger_text();
        let seen = self
            .remote
            .client
            .topology(&ledger)
            .await
            .map_err(client_failure)?;
        let nodes = seen.nodes.into_iter().map(|node| NodeSeen {
            organisation: node.organisation,
            key: node.key,
            votes: node.role == "votes",
        });
        Ok(nodes.collect())
    }
}

/// What is not there yet, or not on this node, is no failure.
fn absent<T>(answer: std::result::Result<T, ClientError>) -> Result<Option<T>> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(ClientError::Problem(problem)) if problem.status == 404 => Ok(None),
        Err(error) => Err(client_failure(error)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What organisations of this folder keep.
pub struct FolderHoldings {
    stores: Vec<Store>,
    ledger: String,
    encrypted: bool,
}

impl FolderHoldings {
    /// Opens their stores; one that has none yet holds nothing.
    pub fn open<'a>(
        folder: &ConsortiumFolder,
        organisations: impl Iterator<Item = &'a OrganisationId>,
        ledger: String,
        encrypted: bool,
    ) -> Result<Self> {
        let mut stores = Vec::new();
        for organisation in organisations {
            let store = Store::open(folder.root(), organisation).map_err(|error| {
                Failure::of(error.code(), &error)
                    .during(format!("the originals of {organisation}"))
                    .next("run it on the machine of that organisation, or name another with --as")
            })?;
            stores.push(store);
        }
        Ok(Self {
            stores,
            ledger,
            encrypted,
        })
    }

    fn find<T>(
        &self,
        matter: &str,
        commitment: &str,
        take: impl Fn(
            &Store,
            blockworm_workflows::evidence::Kept,
        ) -> std::result::Result<Option<T>, String>,
    ) -> std::result::Result<Option<T>, String> {
        for store in &self.stores {
            let found = store.find_commitment(&self.ledger, matter, commitment);
            if let Some(kept) = found.map_err(|error| error.to_string())?
                && let Some(taken) = take(store, kept)?
            {
                return Ok(Some(taken));
            }
        }
        Ok(None)
    }
}

impl Holdings for FolderHoldings {
    fn original(
        &self,
        matter: &str,
        _: u32,
        commitment: &str,
    ) -> std::result::Result<Option<Original>, String> {
        self.find(matter, commitment, |store, kept| {
            if kept.erased {
                return Ok(None);
            }
            let bytes = match self.encrypted {
                true => store.sealed(&kept),
                false => store.original(&kept),
            };
            let opening = kept.salt.map(|salt| (kept.sha256, salt.0));
            Ok(Some(Original {
                bytes: bytes.map_err(|error| error.to_string())?,
                name: kept.name,
                encrypted: self.encrypted,
                // Whoever may not read the original may not guess at it either.
                opening: opening.filter(|_| !self.encrypted),
            }))
        })
    }

    fn opened(&self, matter: &str, committed: &str) -> std::result::Result<Option<Opened>, String> {
        for store in &self.stores {
            let all = store
                .matter(&self.ledger, matter)
                .map_err(|error| error.to_string())?;
            for kept in all {
                let capture = kept.capture.as_ref();
                let capture = capture.filter(|one| one.commitment.to_string() == committed);
                if let Some(capture) = capture {
                    return Ok(Some(Opened {
                        bytes: capture.record.clone().into_bytes(),
                        salt: capture.salt.0,
                    }));
                }
                if let (true, Some(salt)) = (kept.commitment.to_string() == committed, kept.salt) {
                    let bytes = store.original(&kept).map_err(|error| error.to_string())?;
                    return Ok(Some(Opened {
                        bytes,
                        salt: salt.0,
                    }));
                }
            }
        }
        Ok(None)
    }

    fn document(
        &self,
        matter: &str,
        digest: &str,
    ) -> std::result::Result<Option<(String, Vec<u8>)>, String> {
        self.find(matter, digest, |store, kept| {
            let bytes = store.original(&kept).map_err(|error| error.to_string())?;
            Ok(kept.salt.is_none().then(|| (kept.name.clone(), bytes)))
        })
    }
}
