//! Proofs of many values, and lists of revoked certificates.

use super::{ANSWER, Client, ClientError, part};
use crate::model::StateQuestion;
use reqwest::Method;

impl Client {
    /// The text of one `blockworm-state` file that proves all these values after one block. The problem
    /// `proof.not_yet_provable` means: ask again in a second.
    pub async fn state_proofs(
        &self,
        ledger: &str,
        question: &StateQuestion,
    ) -> Result<String, ClientError> {
        let path = format!("/v1/ledgers/{}/state-proofs", part(ledger));
        let request = self.request(Method::POST, &path).json(question);
        let response = self.send(request, ANSWER).await?;
        response
            .text()
            .await
            .map_err(|error| self.failed(error, ANSWER))
    }

    /// An organisation's list of revoked certificates, DER; none where the node has none.
    pub async fn revocations(
        &self,
        ledger: &str,
        organisation: &str,
    ) -> Result<Option<Vec<u8>>, ClientError> {
        let path = format!(
            "/v1/ledgers/{}/revocations/{}",
            part(ledger),
            part(organisation)
        );
        match self.send(self.request(Method::GET, &path), ANSWER).await {
            Ok(response) => {
                let list = response.bytes().await;
                list.map(|list| Some(list.to_vec()))
                    .map_err(|error| self.failed(error, ANSWER))
            }
            Err(error) if error.code() == Some("revocations.not_found") => Ok(None),
            Err(error) => Err(error),
        }
    }
}
