//! What the API answers in JSON: shapes shared by the server, the OpenAPI document and the client.
//! Digests, keys and bytes are lower-case hex; times are milliseconds since 1970 (UTC).

mod checkpoints;
mod consortium;
mod time;
mod topology;

pub use checkpoints::{CheckpointView, CosignerView, HistoryView, InclusionView};
pub use consortium::{CalendarView, DifferenceView, PoliciesView, ProposalView, VoteView};
pub use time::{StampFailure, StampView, StampingView, TimestampView};
pub use topology::{HealthReason, TopologyNode, TopologyView};

use blockworm_ledger::{Event, Header, Receipt};
use blockworm_node::LedgerStatus;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// In the list's own order.
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page; null on the last page.
    pub next: Option<String>,
}

/// A node and those of its ledgers that the caller may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeView {
    /// The organisation that runs this node.
    pub organisation: String,
    /// The program's version.
    pub version: String,
    /// Its ledgers.
    pub ledgers: Vec<LedgerView>,
}

/// How a ledger is doing on this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerView {
    /// The ledger's id: 32 hex digits.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// SHA-256 of the genesis: what proofs are pinned to.
    pub genesis_digest: String,
    /// The last durable height.
    pub height: u64,
    /// The highest final height that this node has heard of.
    pub tip: u64,
    /// Time of the last durable block.
    pub time_ms: u64,
    /// State root after the last durable block.
    pub state_root: String,
    /// The epoch of the next block: the validators change only between epochs.
    pub epoch: u64,
    /// Whether this node votes in it; else it watches.
    pub votes: bool,
    /// How many nodes vote.
    pub validators: usize,
    /// How many of the others that vote are connected.
    pub connected_peers: usize,
    /// Transactions waiting on this node.
    pub mempool_transactions: usize,
    /// Their bytes.
    pub mempool_bytes: usize,
    /// True while this node is behind the others.
    pub catching_up: bool,
}

impl LedgerView {
    /// From the node's own status.
    #[must_use]
    pub fn new(status: LedgerStatus, genesis_digest: String) -> Self {
        Self {
            id: status.ledger.to_string(),
            name: status.name,
            genesis_digest,
            height: status.height,
            tip: status.tip,
            time_ms: status.time_ms,
            state_root: status.state_root.to_string(),
            epoch: status.epoch,
            votes: status.votes,
            validators: status.validators,
            connected_peers: status.connected_peers,
            mempool_transactions: status.mempool_transactions,
            mempool_bytes: status.mempool_bytes,
            catching_up: status.catching_up,
        }
    }
}

/// A detail of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttributeView {
    /// The detail's name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// What a contract told the world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventView {
    /// The contract that speaks.
    pub contract: String,
    /// What happened: `financed`, `transferred`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The thing it happened to.
    pub subject: String,
    /// Details, in the order given by the contract.
    pub attributes: Vec<AttributeView>,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        let attribute = |(key, value)| AttributeView { key, value };
        Self {
            contract: event.contract.to_string(),
            kind: event.kind,
            subject: event.subject,
            attributes: event.attributes.into_iter().map(attribute).collect(),
        }
    }
}

/// The outcome of a committed transaction: final, and durable on this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptView {
    /// The transaction's id.
    pub transaction: String,
    /// The block that holds it.
    pub height: u64,
    /// Its place in the block, from 0.
    pub index: u32,
    /// `ok`, or a stable refusal code such as `receivable.already_financed`.
    pub code: String,
    /// The refusal in a sentence; empty when `ok`.
    pub message: String,
    /// What happened; empty unless `ok`.
    pub events: Vec<EventView>,
    /// What the contract returned, hex; empty unless `ok`.
    pub data: String,
    /// The price in units of work.
    pub cost: u64,
}

impl ReceiptView {
    /// Whether the contract did what was asked.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.code == "ok"
    }
}

impl From<Receipt> for ReceiptView {
    fn from(receipt: Receipt) -> Self {
        Self {
            transaction: receipt.transaction.to_string(),
            height: receipt.height,
            index: receipt.index,
            code: receipt.code,
            message: receipt.message,
            events: receipt.events.into_iter().map(EventView::from).collect(),
            data: hex::encode(receipt.data),
            cost: receipt.cost,
        }
    }
}

/// How far a submitted transaction came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// In a final block, durable on this node; there is a receipt.
    Committed,
    /// Taken; waits for its block.
    Pending,
    /// Not taken; nothing will happen.
    Refused,
}

/// The answer to one submitted transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Submitted {
    /// The transaction's id.
    pub id: String,
    /// `committed` (HTTP 200) or `pending` (HTTP 202).
    pub status: Progress,
    /// True when the node had it already: submitting again is harmless.
    pub known: bool,
    /// The receipt, once committed. Its `code` says whether the contract agreed.
    pub receipt: Option<ReceiptView>,
}

/// The answer to one transaction of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// How far it came.
    pub status: Progress,
    /// The receipt's code (`ok` or a contract's refusal) or the node's refusal; empty while pending.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// The refusal in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The block that holds it; 0 unless committed.
    pub height: u64,
    /// Its place in the block.
    pub index: u32,
}

/// The answer to a batch: one outcome per transaction, in the order sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchAnswer {
    /// In the order sent.
    pub outcomes: Vec<Outcome>,
}

/// A committed transaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TransactionView {
    /// SHA-256 of the signed part.
    pub id: String,
    /// The block that holds it.
    pub height: u64,
    /// Its place in the block, from 0.
    pub index: u32,
    /// The transaction in its JSON form, as it can be submitted.
    #[schema(value_type = Object)]
    pub transaction: serde_json::Value,
    /// What became of it.
    pub receipt: ReceiptView,
}

/// A block's header (docs/formats/block.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeaderView {
    /// SHA-256 of the encoded header: what validators vote on.
    pub digest: String,
    /// Version of the layout.
    pub version: u16,
    /// Version of the execution rules.
    pub protocol_version: u32,
    /// The ledger's id.
    pub ledger: String,
    /// 0 for the genesis header.
    pub height: u64,
    /// Block time.
    pub time_ms: u64,
    /// Digest of the header before.
    pub parent: String,
    /// Root over the digests of all earlier headers.
    pub history_root: String,
    /// Root over this block's transactions.
    pub transactions_root: String,
    /// Root over the receipts of the block `root_lag` before.
    pub receipts_root: String,
    /// State root after the block `root_lag` before.
    pub state_root: String,
    /// Digest of the validator set of the next block.
    pub next_validators: String,
}

impl From<&Header> for HeaderView {
    fn from(header: &Header) -> Self {
        Self {
            digest: header.digest().to_string(),
            version: header.version,
            protocol_version: header.protocol_version,
            ledger: header.ledger.to_string(),
            height: header.height,
            time_ms: header.time_ms,
            parent: header.parent.to_string(),
            history_root: header.history_root.to_string(),
            transactions_root: header.transactions_root.to_string(),
            receipts_root: header.receipts_root.to_string(),
            state_root: header.state_root.to_string(),
            next_validators: header.next_validators.to_string(),
        }
    }
}

/// A transaction as a line of its block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlockLine {
    /// The transaction's id.
    pub id: String,
    /// Who asked.
    pub sender: String,
    /// Which contract was asked.
    pub contract: String,
    /// `ok` or a refusal code.
    pub code: String,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlockView {
    /// The header.
    pub header: HeaderView,
    /// Bytes of its transactions.
    pub transaction_bytes: u64,
    /// How many transactions it holds; `…/blocks/HEIGHT/transactions` lists them.
    pub transaction_count: usize,
}

/// A block in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlockSummary {
    /// Its height.
    pub height: u64,
    /// Block time.
    pub time_ms: u64,
    /// Digest of its header.
    pub digest: String,
    /// How many transactions it holds.
    pub transactions: usize,
}

/// Keys whose values are to be proved together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StateQuestion {
    /// 1 to 512.
    #[schema(min_items = 1, max_items = 512)]
    pub keys: Vec<StateKey>,
}

/// One contract's own key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StateKey {
    /// The contract's name.
    #[schema(pattern = "^[a-z][a-z0-9-]{0,31}$")]
    pub contract: String,
    /// The key, hex.
    #[schema(pattern = "^([0-9a-fA-F]{2})*$")]
    pub key: String,
}

/// A contract's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StateView {
    /// The contract.
    pub contract: String,
    /// The contract's own key, hex.
    pub key: String,
    /// The value, hex; null when the key is absent.
    pub value: Option<String>,
    /// After which block.
    pub height: u64,
}

/// Health of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthView {
    /// `live`, `ready` or `catching_up`.
    pub status: String,
}

/// An event in the stream, with where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamEvent {
    /// The block.
    pub height: u64,
    /// The transaction's place in the block.
    pub index: u32,
    /// The event's place among the transaction's events.
    pub position: u32,
    /// The transaction's id.
    pub transaction: String,
    /// What happened.
    pub event: EventView,
}

/// The end of a block in the stream: all its events have been sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamBlock {
    /// The block.
    pub height: u64,
    /// Block time.
    pub time_ms: u64,
    /// How many transactions it holds.
    pub transactions: usize,
}

/// An organisation of the consortium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrganisationView {
    /// Its slug.
    pub id: String,
    /// Its legal name.
    pub name: String,
    /// The roles that the consortium granted it.
    pub roles: Vec<String>,
    /// Its root certificate, DER in base64.
    pub ca_certificate: String,
    /// The height from which it is suspended.
    pub suspended_at: Option<u64>,
    /// The height at which it left the consortium for good.
    pub removed_at: Option<u64>,
}

/// A member of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberView {
    /// `organisation/name`.
    pub id: String,
    /// Its public key: `ed25519:<hex>` or `p256:<hex>`.
    pub key: String,
    /// What its organisation lets it do.
    pub functions: Vec<String>,
    /// Block time until which its certificate is valid.
    pub not_after_ms: u64,
    /// The height of its registration; 0 for genesis.
    pub registered_at: u64,
    /// The height of its revocation, which counts from the next block.
    pub revoked_at: Option<u64>,
}

/// A contract of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContractView {
    /// Its name, also its address.
    pub name: String,
    /// Its number: the first four bytes of its state keys.
    pub id: u32,
    /// The code that it runs: `name@version`.
    pub code: String,
}

/// A question to a key holder (docs/formats/evaluation.md); nothing in it tells of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvaluationQuestion {
    /// The id of the registry's ledger.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    pub ledger: String,
    /// The organisation whose key it is.
    #[schema(pattern = "^[a-z][a-z0-9-]{0,31}$")]
    pub holder: String,
    /// The bank's member who asks, `organisation/name`.
    #[schema(pattern = "^[a-z][a-z0-9-]{0,31}/[a-z0-9][a-z0-9._-]{0,47}$")]
    pub asker: String,
    /// Which version of the key, counted from 1.
    #[schema(minimum = 1)]
    pub version: u32,
    /// The asker's clock.
    pub asked_at_ms: u64,
    /// 16 random bytes.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    pub nonce: String,
    /// Blinded elements of ristretto255.
    #[schema(min_items = 1, max_items = 64, inline)]
    pub elements: Vec<String>,
}

/// The same with its asker's signature: `ed25519:<hex>` or `p256:<hex>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedQuestion {
    /// The question.
    pub request: EvaluationQuestion,
    /// Over its digest, with the key that the ledger has for the asker.
    #[schema(pattern = "^(ed25519|p256):[0-9a-f]{128}$")]
    pub signature: String,
}

/// A key holder's answer: the elements in the question's order, and one proof for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvaluationAnswer {
    /// The version of the key that was used.
    pub version: u32,
    /// One for each blinded element.
    pub elements: Vec<String>,
    /// That all were made with that key, 128 hex digits.
    pub proof: String,
}
