//! A package that a court checks without us: collected from a node and a folder, laid out, explained, sealed.

pub mod archive;
pub mod bag;
pub mod checklist;
pub mod collect;
pub mod covering;
mod error;
pub mod export;
pub mod facts;
pub mod index;
pub mod missing;
pub mod operators;
pub mod placing;
pub mod report;
pub mod seal;
pub mod source;
pub mod values;
pub mod verify_md;

pub use error::ExportError;
pub use export::{Case, Exported, Request, Summary, export};
pub use missing::Missing;
pub use seal::{SealError, Sealer, seal_archive};
pub use source::{Holdings, Opened, Original, Source};
