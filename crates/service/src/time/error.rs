//! Why there is no timestamp, or it cannot be kept.

use crate::{file_error::FileError, identity::IdentityError};
use blockworm_crypto::{cms::CmsError, timestamp::TimestampError};
use std::path::PathBuf;

/// Why there is no timestamp, or it cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum TimeError {
    /// Nobody answers there, or too late.
    #[error("{url} does not answer: {reason}")]
    Unreachable {
        /// The authority.
        url: String,
        /// As the connection says it.
        reason: String,
    },
    /// An answer that is no success of HTTP.
    #[error("{url} answered with HTTP status {status}")]
    Status {
        /// The authority.
        url: String,
        /// The status.
        status: u16,
    },
    /// An answer that says it is something else.
    #[error("{url} answered with {found:?}, not application/timestamp-reply")]
    Media {
        /// The authority.
        url: String,
        /// What it said.
        found: String,
    },
    /// The answer or its token does not count.
    #[error("{url}: {source}")]
    Token {
        /// The authority.
        url: String,
        /// Why not.
        source: TimestampError,
    },
    /// A file of pinned roots cannot be used.
    #[error("the roots in {} cannot be used: {reason}", path.display())]
    Roots {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A setting breaks its rule.
    #[error("time: {0}")]
    Setting(String),
    /// The authority's own key or certificate cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The authority's own certificate does not fit its key.
    #[error("the timestamp authority's certificate: {0}")]
    Certificate(#[from] CmsError),
    /// A stored stamp is not what it was.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The operating system refused.
    #[error("{}: {}", .0, .0.source)]
    Io(FileError),
}

impl TimeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "timestamp.unreachable",
            Self::Status { .. } => "timestamp.http_status",
            Self::Media { .. } => "timestamp.media_type",
            Self::Token { source, .. } => source.code(),
            Self::Roots { .. } => "timestamp.roots",
            Self::Setting(_) => "timestamp.setting",
            Self::Identity(_) | Self::Certificate(_) => "timestamp.authority_key",
            Self::Damaged { .. } => "timestamp.damaged",
            Self::Io(_) => "timestamp.io",
        }
    }
}

// Its words name the cause, so it is not told as a cause again.
impl From<FileError> for TimeError {
    fn from(error: FileError) -> Self {
        Self::Io(error)
    }
}
