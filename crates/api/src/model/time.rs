//! What the API answers about stamped checkpoints.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use blockworm_service::time::{About, LedgerTime, Stamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A stamped checkpoint, with all that convinces a stranger of its time but the pinned root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimestampView {
    /// The checkpoint's size: blocks below it are covered.
    pub size: u64,
    /// The checkpoint as a C2SP note with the cosignatures that this node has.
    pub note: String,
    /// The note's body, three lines: the bytes that were stamped.
    pub body: String,
    /// The first token (RFC 3161, ContentInfo DER), base64.
    pub token: String,
    /// The evidence record (RFC 4998, DER), base64: the first token and its renewals.
    pub evidence_record: String,
    /// The newest token's authority up to the pinned root, PEM.
    pub tsa_chain_pem: String,
    /// What a list says of it.
    pub stamp: StampView,
}

/// A stamp in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StampView {
    /// The checkpoint's size.
    pub size: u64,
    /// The time of the last block that it covers.
    pub block_ms: u64,
    /// The first token's time.
    pub token_ms: u64,
    /// How far that time may be off, as the authority says.
    pub accuracy_ms: Option<u64>,
    /// The URL of the authority that made the first token.
    pub source: String,
    /// The subject of its certificate.
    pub authority: String,
    /// The subject of the pinned root.
    pub root: String,
    /// The hash function of the newest token.
    pub hash: String,
    /// Until when the newest token's certificates hold.
    pub holds_until_ms: u64,
    /// How often it was renewed.
    pub renewals: u32,
}

/// An authority that gives no token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StampFailure {
    /// Since when none has.
    pub since_ms: u64,
    /// The code of the last refusal.
    pub code: String,
    /// In words.
    pub detail: String,
}

/// How the stamping of a ledger is doing on the node that answers, since it started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StampingView {
    /// Whether this node stamps the ledger.
    pub stamping: bool,
    /// Stamps that were made.
    pub stamps: u64,
    /// Rounds in which no authority gave a token.
    pub failures: u64,
    /// Stamps that were renewed.
    pub renewals: u64,
    /// Stamps whose certificate or hash ended before they were renewed.
    pub lapsed: u64,
    /// The size of the newest stamped checkpoint.
    pub newest_size: Option<u64>,
    /// When it was stamped, by the token.
    pub newest_ms: Option<u64>,
    /// How far the authority's time lay off when it was last asked; positive where it is ahead.
    pub drift_ms: i64,
    /// Whether that is more than the limit of the settings.
    pub drifting: bool,
    /// Why there is no newer stamp; null where the last one was made.
    pub failing: Option<StampFailure>,
}

impl From<LedgerTime> for StampingView {
    fn from(time: LedgerTime) -> Self {
        Self {
            stamping: time.stamping,
            stamps: time.stamps,
            failures: time.failures,
            renewals: time.renewals,
            lapsed: time.lapsed,
            newest_size: time.newest_size,
            newest_ms: time.newest_ms,
            drift_ms: time.drift_ms,
            drifting: time.drifting,
            failing: time.failing.map(|failing| StampFailure {
                since_ms: failing.since_ms,
                code: failing.code,
                detail: failing.detail,
            }),
        }
    }
}

impl From<About> for StampView {
    fn from(about: About) -> Self {
        Self {
            size: about.size,
            block_ms: about.block_ms,
            token_ms: about.token_ms,
            accuracy_ms: about.accuracy_ms,
            source: about.source,
            authority: about.authority,
            root: about.root,
            hash: about.hash,
            holds_until_ms: about.holds_until_ms,
            renewals: about.renewals,
        }
    }
}

impl From<Stamp> for TimestampView {
    fn from(stamp: Stamp) -> Self {
        Self {
            size: stamp.about.size,
            note: stamp.note,
            body: stamp.body,
            token: STANDARD.encode(stamp.token),
            evidence_record: STANDARD.encode(stamp.record),
            tsa_chain_pem: stamp.chain_pem,
            stamp: stamp.about.into(),
        }
    }
}
