//! Why no document was made, or none was signed.

/// What went wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The text does not fit a QR code.
    #[error("the text of the code is {0} bytes long, more than a QR code holds")]
    Code(usize),
    /// A date outside the years 0 to 9999.
    #[error("{0} ms is no date that a document can bear")]
    Date(u64),
    /// A media type that is none.
    #[error("{0} is no media type")]
    Media(String),
    /// The writer of PDF refused.
    #[error("the PDF cannot be written: {0}")]
    Unwritable(String),
    /// The file is no PDF that this program can sign.
    #[error("the PDF cannot be signed: {0}")]
    Unsignable(&'static str),
    /// The signature is larger than the room for it.
    #[error("a signature of {size} bytes does not fit the room of {room}")]
    Room {
        /// The signature's bytes.
        size: usize,
        /// What was kept free.
        room: usize,
    },
    /// The key did not sign.
    #[error("the document was not signed: {0}")]
    Signature(String),
}

impl DocumentError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Code(_) => "document.code_too_long",
            Self::Date(_) => "document.bad_date",
            Self::Media(_) => "document.bad_media_type",
            Self::Unwritable(_) => "document.unwritable",
            Self::Unsignable(_) => "document.unsignable",
            Self::Room { .. } => "document.signature_too_large",
            Self::Signature(_) => "document.not_signed",
        }
    }
}
