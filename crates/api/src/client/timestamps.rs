//! Stamped checkpoints.

use super::{ANSWER, Client, ClientError, Paging, part};
use crate::model::{Page, StampView, StampingView, TimestampView};

impl Client {
    /// The earliest stamped checkpoint that covers a height; the newest where none is given.
    pub async fn timestamp(
        &self,
        ledger: &str,
        covering: Option<u64>,
    ) -> Result<TimestampView, ClientError> {
        let query = covering.map_or_else(String::new, |height| format!("?covering={height}"));
        let path = format!("/v1/ledgers/{}/timestamps{query}", part(ledger));
        self.get(&path, ANSWER).await
    }

    /// A page of stamps, newest first.
    pub async fn stamps(
        &self,
        ledger: &str,
        paging: &Paging,
    ) -> Result<Page<StampView>, ClientError> {
        let path = format!("/v1/ledgers/{}/stamps", part(ledger));
        self.page(&path, paging).await
    }

    /// How the stamping of a ledger is doing on the node.
    pub async fn stamping(&self, ledger: &str) -> Result<StampingView, ClientError> {
        let path = format!("/v1/ledgers/{}/stamping", part(ledger));
        self.get(&path, ANSWER).await
    }
}
