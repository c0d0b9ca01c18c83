//! Stamped checkpoints.

use super::{ANSWER, Client, ClientError, part};
use crate::model::{StampsView, TimestampView};

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

    /// How the stamping of a ledger is doing, and at most `limit` stamps of a size below `below`.
    pub async fn stamps(
        &self,
        ledger: &str,
        below: Option<u64>,
        limit: usize,
    ) -> Result<StampsView, ClientError> {
        let below = below.map_or_else(String::new, |below| format!("&below={below}"));
        let path = format!("/v1/ledgers/{}/stamps?limit={limit}{below}", part(ledger));
        self.get(&path, ANSWER).await
    }
}
