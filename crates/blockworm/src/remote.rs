//! A command's connection to one node and one of its ledgers.

use crate::{
    cli::{Credentials, Target},
    failure::{Failure, Result},
    signer::Signer,
};
use blockworm_api::{
    Client, ClientError, TlsOptions,
    client::TlsIdentity,
    model::{LedgerView, Progress, ReceiptView},
};
use blockworm_ledger::{ContractName, LedgerId, TransactionId};
use blockworm_service::{
    identity::{self, Passphrase},
    network::{ConsortiumFolder, ConsortiumRecord, FolderError, NodeRecord, NodeState, process},
};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// How often a proof that cannot be made yet is asked for again.
const POLL: Duration = Duration::from_millis(100);

/// One ledger on one node.
#[derive(Clone)]
pub struct Remote {
    /// The node's API.
    pub client: Client,
    /// The ledger.
    pub ledger: LedgerId,
}

impl Remote {
    /// Finds the node and the ledger that the flags name.
    pub async fn connect(target: &Target) -> Result<Self> {
        let client = Self::node(target)?;
        let ledgers = client.ledgers().await.map_err(client_failure)?;
        let keeps = |id: &String| ledgers.iter().any(|ledger| ledger.id == *id);
        let wanted = target.ledger.clone().or(usual_ledger(target).filter(keeps));
        let ledger = choose(&ledgers, wanted.as_deref())?;
        Self::of(client, ledger)
    }

    /// A client of the node that the flags name; nothing is asked yet.
    pub fn node(target: &Target) -> Result<Client> {
        let address = match &target.api {
            Some(address) => address.clone(),
            None => running_node(target)?.api_url(),
        };
        client(&address, &target.credentials)
    }

    /// A ledger of a node that answered already.
    pub fn of(client: Client, ledger: &LedgerView) -> Result<Self> {
        let ledger = ledger.id.parse().map_err(|_| {
            Failure::new(
                "node.unexpected",
                format!("`{}` is not a ledger's id", ledger.id),
            )
        })?;
        Ok(Self { client, ledger })
    }

    /// The ledger's id as the API takes it.
    pub fn ledger_text(&self) -> String {
        self.ledger.to_string()
    }

    /// Signs, submits and waits for the receipt; the receipt may be a refusal.
    pub async fn submit(
        &self,
        signer: &Signer,
        contract: &ContractName,
        message: Vec<u8>,
        wait: Duration,
    ) -> Result<ReceiptView> {
        let transaction = signer.sign(self.ledger, contract, message)?;
        let submitted = self
            .client
            .submit(&self.ledger_text(), &transaction, wait)
            .await
            .map_err(client_failure)?;
        match (submitted.status, submitted.receipt) {
            (Progress::Committed, Some(receipt)) => Ok(receipt),
            _ => Err(Failure::new(
                "transaction.pending",
                format!(
                    "{} was taken and is in no block after {} s",
                    submitted.id,
                    wait.as_secs()
                ),
            )
            .next(format!(
                "blockworm tx show {}; blockworm status",
                submitted.id
            ))),
        }
    }

    /// As [`Self::submit`], where a refusal is a failure.
    pub async fn submit_ok(
        &self,
        signer: &Signer,
        contract: &ContractName,
        message: Vec<u8>,
        wait: Duration,
    ) -> Result<ReceiptView> {
        let receipt = self.submit(signer, contract, message, wait).await?;
        check_ok(&receipt)?;
        Ok(receipt)
    }

    /// The text of a transaction's proof, waiting until it can be made.
    pub async fn proof(&self, id: &TransactionId, wait: Duration) -> Result<String> {
        let begun = Instant::now();
        loop {
            match self
                .client
                .proof(&self.ledger_text(), &id.to_string())
                .await
            {
                Err(error)
                    if error.code() == Some("proof.not_yet_provable") && begun.elapsed() < wait =>
                {
                    tokio::time::sleep(POLL).await;
                }
                answer => return answer.map_err(client_failure),
            }
        }
    }

    /// Asks a contract.
    pub async fn query(&self, contract: &str, message: &Value) -> Result<Value> {
        self.client
            .query(&self.ledger_text(), contract, message)
            .await
            .map_err(client_failure)
    }
}

/// A receipt that refuses is a failure of the command, with the receipt's own code.
pub fn check_ok(receipt: &ReceiptView) -> Result<()> {
    if receipt.is_ok() {
        return Ok(());
    }
    let what = format!("{} (block {})", receipt.message, receipt.height);
    Err(Failure::new(receipt.code.clone(), what)
        .next(format!("blockworm tx show {}", receipt.transaction)))
}

/// What a failed call means for the user.
pub fn client_failure(error: ClientError) -> Failure {
    let code = match &error {
        ClientError::Problem(_) => "",
        ClientError::Address { .. } => "node.bad_address",
        ClientError::Unreachable { .. } => "node.unreachable",
        ClientError::Timeout { .. } => "node.timeout",
        ClientError::NoRoots { .. } => "tls.no_roots",
        ClientError::Tls { .. } => "tls.unusable",
        ClientError::KeyInTheClear { .. } => "key.in_the_clear",
        ClientError::BadKey => "key.bad",
        ClientError::Setup { .. } => "client.setup",
        ClientError::Unexpected { .. } => "node.unexpected",
    };
    match error {
        ClientError::Problem(problem) => Failure::of_problem(*problem),
        other => Failure::of(code, &other),
    }
}

/// A client of another organisation's node, to which neither key nor certificate is shown.
pub fn stranger(address: &str, credentials: &Credentials) -> Result<Client> {
    plain_client(address, credentials, None)
}

fn plain_client(
    address: &str,
    credentials: &Credentials,
    identity: Option<TlsIdentity>,
) -> Result<Client> {
    let client = match &credentials.server_ca {
        Some(path) if address.starts_with("https:") => {
            let server_ca = read(path)?;
            Client::with_tls(
                address,
                &TlsOptions {
                    server_ca,
                    identity,
                },
            )
        }
        _ => Client::new(address),
    };
    client.map_err(client_failure)
}

/// A client of the node at `address` that shows what the flags name.
pub fn client(address: &str, credentials: &Credentials) -> Result<Client> {
    let client = plain_client(address, credentials, identity(credentials)?)?;
    match &credentials.api_key_file {
        None => Ok(client),
        Some(path) => {
            identity::check_private(path).map_err(|error| {
                Failure::of("key.unusable", &error).next(format!("chmod 600 {}", path.display()))
            })?;
            let key = String::from_utf8(read(path)?).unwrap_or_default();
            client.with_api_key(&key).map_err(client_failure)
        }
    }
}

/// A member's certificate with the key and the passphrase that lie beside it, as in an
/// organisation's folder.
fn identity(credentials: &Credentials) -> Result<Option<TlsIdentity>> {
    let Some(certificate) = &credentials.client_certificate else {
        return Ok(None);
    };
    let name = certificate.file_name().and_then(|name| name.to_str());
    let Some(name) = name.and_then(|name| name.strip_suffix(".cert.pem")) else {
        let what = format!("{} is not called NAME.cert.pem", certificate.display());
        return Err(Failure::new("key.unusable", what)
            .next("call it so, and put NAME.key.pem and the file passphrase beside it"));
    };
    let secret = Passphrase::read(&certificate.with_file_name("passphrase"))
        .and_then(|passphrase| {
            let key = certificate.with_file_name(format!("{name}.key.pem"));
            identity::read_key(&key, &passphrase)
        })
        .map_err(|error| Failure::of("key.unusable", &error).next("blockworm doctor"))?;
    Ok(Some(TlsIdentity {
        certificate: read(certificate)?,
        key: secret.to_pkcs8_der(),
    }))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        Failure::of("file.unreadable", &error)
            .during(format!("cannot read {}", path.display()))
            .next("look at its path and owner")
    })
}

/// The ledger that is meant where none is named: the folder's first, if there is a folder.
fn usual_ledger(target: &Target) -> Option<String> {
    let record = ConsortiumFolder::new(&target.place.dir).record().ok()?;
    record.first_ledger().ok().map(|ledger| ledger.id.clone())
}

fn running_node(target: &Target) -> Result<NodeRecord> {
    let folder = ConsortiumFolder::new(&target.place.dir);
    let record = recorded(&folder)?;
    let wanted = |node: &&NodeRecord| {
        target
            .node
            .as_ref()
            .is_none_or(|id| node.organisation == *id)
    };
    let mut candidates = record.nodes.iter().filter(wanted).peekable();
    if candidates.peek().is_none() {
        let id = target
            .node
            .as_ref()
            .map_or("any organisation", |id| id.as_str());
        let nodes: Vec<_> = record
            .nodes
            .iter()
            .map(|node| node.organisation.as_str())
            .collect();
        return Err(Failure::new(
            "node.not_found",
            format!("no node of {id} is in this folder"),
        )
        .next(format!("--node {}", nodes.join(" or "))));
    }
    candidates
        .find(|node| {
            matches!(
                process::state(&folder, &node.organisation),
                Ok(NodeState::Running(_))
            )
        })
        .cloned()
        .ok_or_else(|| {
            let what = format!("no node of {} runs", folder.root().display());
            Failure::new("node.not_running", what).next(format!(
                "blockworm up --detach --dir {}",
                folder.root().display()
            ))
        })
}

fn choose<'a>(ledgers: &'a [LedgerView], wanted: Option<&str>) -> Result<&'a LedgerView> {
    let mut matching = ledgers
        .iter()
        .filter(|ledger| wanted.is_none_or(|text| ledger.id == text || ledger.name == text));
    let names = || {
        ledgers
            .iter()
            .map(|ledger| ledger.id.as_str())
            .collect::<Vec<_>>()
            .join(" or ")
    };
    match (matching.next(), matching.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(Failure::new(
            "ledger.ambiguous",
            "the node keeps several ledgers that fit",
        )
        .next(format!("--ledger {}", names()))),
        (None, _) => Err(Failure::new(
            "ledger.not_found",
            format!("the node keeps no ledger `{}`", wanted.unwrap_or_default()),
        )
        .next(format!("--ledger {}", names()))),
    }
}

/// What the folder records of its consortium.
pub fn recorded(folder: &ConsortiumFolder) -> Result<ConsortiumRecord> {
    folder
        .record()
        .map_err(|error| folder_failure(folder, &error))
}

/// What a folder that cannot be used means for the user.
pub fn folder_failure(folder: &ConsortiumFolder, error: &FolderError) -> Failure {
    let dir = folder.root().display();
    match error {
        FolderError::Absent { .. } => {
            Failure::of("folder.absent", error).next(format!("blockworm up --dir {dir}"))
        }
        FolderError::Foreign { .. } => {
            Failure::of("folder.foreign", error).next("choose an empty folder with --dir")
        }
        FolderError::OtherFormat { .. } => Failure::of("folder.other_format", error)
            .next("use the version of blockworm that made the folder, or another folder"),
        FolderError::Locked { .. } => Failure::of("folder.locked", error).next(format!(
            "wait for the other `blockworm up`, or blockworm down --dir {dir}"
        )),
        FolderError::Io { .. } => Failure::of("folder.io", error)
            .next(format!("look at the owner and the free space of {dir}")),
        FolderError::Json { .. } | FolderError::NoLedger => {
            Failure::of("folder.damaged", error).next(format!("blockworm doctor --dir {dir}"))
        }
    }
}
