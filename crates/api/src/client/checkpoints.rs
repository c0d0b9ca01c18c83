//! Cosigned checkpoints and headers' places in the history tree.

use super::{ANSWER, Client, ClientError, part};
use crate::model::{CheckpointView, HistoryView};

impl Client {
    /// A cosigned checkpoint: the newest, or the first good one that covers a height. Whether it
    /// does, its `size` tells.
    pub async fn checkpoint(
        &self,
        ledger: &str,
        covering: Option<u64>,
    ) -> Result<CheckpointView, ClientError> {
        let query = covering.map_or_else(String::new, |height| format!("?covering={height}"));
        let path = format!("/v1/ledgers/{}/checkpoint{query}", part(ledger));
        self.get(&path, ANSWER).await
    }

    /// A header and the proof that it stands in the history tree of a size; of all that the node has
    /// where none is given.
    pub async fn history(
        &self,
        ledger: &str,
        height: u64,
        size: Option<u64>,
    ) -> Result<HistoryView, ClientError> {
        let query = size.map_or_else(String::new, |size| format!("?size={size}"));
        let path = format!("/v1/ledgers/{}/history/{height}{query}", part(ledger));
        self.get(&path, ANSWER).await
    }
}
