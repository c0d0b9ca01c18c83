//! Submitting transactions, one by one and in batches.

use super::{ANSWER, Client, ClientError, part};
use crate::model::{BatchAnswer, Outcome, Submitted};
use blockworm_ledger::Transaction;
use bytes::Bytes;
use reqwest::{Method, RequestBuilder, header};
use std::time::Duration;

impl Client {
    /// Submits a transaction and waits up to `wait` for its receipt; zero returns at once.
    pub async fn submit(
        &self,
        ledger: &str,
        transaction: &Transaction,
        wait: Duration,
    ) -> Result<Submitted, ClientError> {
        self.submit_encoded(ledger, transaction.encode().into(), wait)
            .await
    }

    /// As [`Client::submit`], for an encoded transaction.
    pub async fn submit_encoded(
        &self,
        ledger: &str,
        transaction: Bytes,
        wait: Duration,
    ) -> Result<Submitted, ClientError> {
        let path = format!("/v1/ledgers/{}/transactions", part(ledger));
        let request = self.octets(&path, transaction, wait);
        self.json(request, wait + ANSWER).await
    }

    /// As [`Client::submit`], for a transaction in its JSON form.
    pub async fn submit_json(
        &self,
        ledger: &str,
        transaction: String,
        wait: Duration,
    ) -> Result<Submitted, ClientError> {
        let path = format!("/v1/ledgers/{}/transactions", part(ledger));
        let request = self
            .request(Method::POST, &path)
            .query(&[("wait_ms", wait.as_millis() as u64)])
            .header(header::CONTENT_TYPE, "application/json")
            .body(transaction);
        self.json(request, wait + ANSWER).await
    }

    /// Submits encoded transactions in one request and waits up to `wait` for all receipts: one
    /// outcome each, in the order given. At most 8192 of them and 8 MiB.
    pub async fn submit_batch<T: AsRef<[u8]>>(
        &self,
        ledger: &str,
        transactions: &[T],
        wait: Duration,
    ) -> Result<Vec<Outcome>, ClientError> {
        self.submit_joined(ledger, join_batch(transactions), wait)
            .await
    }

    /// As [`Client::submit_batch`], for a body made by [`join_batch`] beforehand.
    pub async fn submit_joined(
        &self,
        ledger: &str,
        batch: Bytes,
        wait: Duration,
    ) -> Result<Vec<Outcome>, ClientError> {
        let path = format!("/v1/ledgers/{}/transactions/batch", part(ledger));
        let answer: BatchAnswer = self
            .json(self.octets(&path, batch, wait), wait + ANSWER)
            .await?;
        Ok(answer.outcomes)
    }

    fn octets(&self, path: &str, body: Bytes, wait: Duration) -> RequestBuilder {
        self.request(Method::POST, path)
            .query(&[("wait_ms", wait.as_millis() as u64)])
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .body(body)
    }
}

/// The body of a batch: each transaction after its length as four bytes, big-endian.
#[must_use]
pub fn join_batch<T: AsRef<[u8]>>(transactions: &[T]) -> Bytes {
    let length = transactions
        .iter()
        .map(|transaction| 4 + transaction.as_ref().len())
        .sum();
    let mut body = Vec::with_capacity(length);
    for transaction in transactions {
        let transaction = transaction.as_ref();
        // A length beyond u32 is beyond every limit of the server, which then refuses the batch.
        let length = u32::try_from(transaction.len()).unwrap_or(u32::MAX);
        body.extend_from_slice(&length.to_be_bytes());
        body.extend_from_slice(transaction);
    }
    body.into()
}
