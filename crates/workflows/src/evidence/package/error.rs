//! Why no package was made.

use super::archive::ArchiveError;
use blockworm_document::DocumentError;

/// What went wrong with an export; `E` is why the node did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ExportError<E> {
    /// The node did not answer.
    #[error(transparent)]
    Source(E),
    /// There is no such matter.
    #[error("there is no matter {0} on this ledger")]
    NotFound(String),
    /// Nothing was deposited yet.
    #[error("the matter {0} holds no entry yet")]
    Empty(String),
    /// It grew each time that it was read.
    #[error("the matter {0} grows faster than it is read")]
    Growing(String),
    /// More rows than a proof of the state holds.
    #[error("{0} rows are to be proved; a proof of the state holds 512")]
    TooMany(usize),
    /// An answer that no honest node gives, or that this program does not know.
    #[error("the node answered strangely: {0}")]
    Strange(String),
    /// What is held of the matter cannot be read.
    #[error("cannot read what is held of the matter: {0}")]
    Held(String),
    /// The report could not be made.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The package could not be written.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The seal was not made.
    #[error("the package was not sealed: {0}")]
    Seal(String),
}

impl<E> ExportError<E> {
    /// The stable code; a source's errors have their own.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Source(_) => "node.unexpected",
            Self::NotFound(_) => "evidence.matter_not_found",
            Self::Empty(_) => "evidence.matter_empty",
            Self::Growing(_) => "evidence.matter_grows",
            Self::TooMany(_) => "evidence.too_many_rows",
            Self::Strange(_) => "evidence.strange_answer",
            Self::Held(_) => "evidence.store_unreadable",
            Self::Document(error) => error.code(),
            Self::Archive(error) => error.code(),
            Self::Seal(_) => "evidence.not_sealed",
        }
    }
}
