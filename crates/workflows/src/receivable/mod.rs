//! A receivable from an invoice to its financing: import, the messages to the ledgers, the way across them, the story, the case.

pub mod credit;
pub mod export;
pub mod financing;
pub mod import;
pub mod stage;
pub mod steps;
pub mod story;
pub mod table;

pub use export::{Case, CaseTransaction};
pub use import::{Claim, ImportError, Opening, Owed, Salt, import, receivable_id, sample_invoice};
pub use stage::{Outcome, Shown, Since, Step, StoryError, Submitter};
pub use steps::{Contracts, IssueTerms, On, Request};
pub use story::{Cast, Story};

/// The invoice that the project ships: a steel mill's, four lines, CNY (samples/steel-invoice.xml).
pub const SAMPLE_INVOICE: &[u8] = include_bytes!("../../../../samples/steel-invoice.xml");
