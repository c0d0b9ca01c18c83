//! The pages, one module each; every one reads a bounded part of the ledger.

pub(crate) mod account;
pub(crate) mod block;
pub(crate) mod live;
pub(crate) mod nodes;
pub(crate) mod overview;
pub(crate) mod receivable;
pub(crate) mod search;
pub(crate) mod sign_in;
pub(crate) mod transaction;

use askama::Template;

/// The template of an answer that is always an error page.
#[derive(Template)]
#[template(source = "", ext = "html")]
pub(crate) struct Never {}
