//! Submitting transactions and following what became of them.

use crate::{
    app::{App, Params, Place},
    body::{self, Media, OCTETS, wants_octets},
    idempotency::Binding,
    model::{BatchAnswer, Outcome, Progress, ReceiptView, Submitted, TransactionView},
    problem::{Failure, Problem},
};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use blockworm_ledger::{Receipt, Transaction, TransactionId};
use blockworm_node::Refusal;
use bytes::{Buf, Bytes};
use serde::Deserialize;
use std::time::Duration;
use utoipa::IntoParams;

/// How long to wait.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WaitQuery {
    /// How long to wait for the receipt, milliseconds, at most 60,000. One transaction: 0 unless
    /// given; a batch: 30,000.
    #[param(maximum = 60000)]
    wait_ms: Option<u64>,
}

impl WaitQuery {
    fn duration(&self, app: &App, unless_given: Duration) -> Result<Duration, Failure> {
        let wait = self.wait_ms.map_or(unless_given, Duration::from_millis);
        if wait > app.limits.wait {
            let limit = format_args!("at most {}", app.limits.wait.as_millis());
            return Err(Failure::bad_parameter("wait_ms", limit));
        }
        Ok(wait)
    }
}

/// Submits a transaction; submitting the same bytes again is harmless and gives the same receipt.
#[utoipa::path(
    post, path = "/v1/ledgers/{ledger}/transactions", tag = "transactions",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        WaitQuery,
        ("idempotency-key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$", description = "A name of the caller's own for this body; refused with another body")
    ),
    request_body(
        description = "The canonical encoding (docs/formats/transaction.md), or the JSON form",
        content((String = "application/octet-stream"), (Object = "application/json"))
    ),
    responses(
        (status = 200, description = "Committed: final and durable on this node; `receipt.code` says whether the contract agreed", body = Submitted),
        (status = 202, description = "Taken, not in a block yet; `location` has the receipt later", body = Submitted),
        (status = 400, description = "`transaction.malformed`, `api.malformed_body`", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`transaction.bad_signature`, `member.*`, `organisation.suspended`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`transaction.oversized`, `api.body_too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`transaction.wrong_ledger`, `transaction.expired`, `transaction.expiry_too_far`, `api.idempotency_mismatch`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`mempool.full`: too many of the organisation's transactions wait here", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn submit_transaction(
    State(app): State<App>,
    place: Place,
    Params(query): Params<WaitQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let wait = query.duration(&app, Duration::ZERO)?;
    let media = body::media(&headers, &[Media::Octets, Media::Json])?;
    let limit = place.ledger.genesis().parameters.transaction_bytes as usize;
    let (encoded, binding) = match media {
        Media::Octets => {
            let encoded = body::read(&headers, body, limit, app.limits.body).await?;
            let binding = bind(&app, &place, &headers, &encoded)?;
            (encoded, binding)
        }
        // A JSON form is longer than what it stands for: hex, escapes and field names.
        Media::Json => {
            let text = body::read(&headers, body, 2 * limit + 4096, app.limits.body).await?;
            let transaction: Transaction =
                serde_json::from_slice(&text).map_err(Failure::malformed_body)?;
            let binding = bind(&app, &place, &headers, &text)?;
            (Bytes::from(transaction.encode()), binding)
        }
    };
    let mut answers = place.ledger.submit(vec![encoded]).await;
    let admitted = answers.pop().unwrap_or_else(|| Err(unanswered()));
    match &admitted {
        Ok(_) => app.idempotency.keep(&binding),
        Err(_) => app.idempotency.release(&binding),
    }
    let admitted = admitted?;
    let mut receipt = None;
    if admitted.known {
        receipt = place.ledger.receipt(&admitted.id).await?;
    }
    if receipt.is_none() && !wait.is_zero() {
        receipt = place.ledger.wait_receipt(&admitted.id, wait).await;
    }
    Ok(submitted(&place, admitted.id, admitted.known, receipt))
}

/// Binds the request's idempotency key to its body.
fn bind(app: &App, place: &Place, headers: &HeaderMap, body: &[u8]) -> Result<Binding, Failure> {
    let ledger = place.ledger.id();
    app.idempotency.bind(headers, &place.caller, &ledger, body)
}

/// 200 with the receipt, or 202 with the place where it will be.
fn submitted(place: &Place, id: TransactionId, known: bool, receipt: Option<Receipt>) -> Response {
    let (code, status) = match receipt {
        Some(_) => (StatusCode::OK, Progress::Committed),
        None => (StatusCode::ACCEPTED, Progress::Pending),
    };
    let receipt = receipt.map(ReceiptView::from);
    let mut response = (
        code,
        Json(Submitted {
            id: id.to_string(),
            status,
            known,
            receipt,
        }),
    )
        .into_response();
    let location = format!(
        "/v1/ledgers/{}/transactions/{id}/receipt",
        place.ledger.id()
    );
    if let Ok(value) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// Submits many transactions at once and waits for all receipts.
#[utoipa::path(
    post, path = "/v1/ledgers/{ledger}/transactions/batch", tag = "transactions",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        WaitQuery,
        ("idempotency-key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$", description = "A name of the caller's own for this body; refused with another body")
    ),
    request_body(
        description = "Canonical encodings, each after its length as four bytes, big-endian; at most 8192 of them and 8 MiB",
        content((String = "application/octet-stream"))
    ),
    responses(
        (status = 200, description = "One outcome per transaction, in the order sent", body = BatchAnswer),
        (status = 400, description = "`batch.malformed`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`api.idempotency_mismatch`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`batch.too_many`, `api.body_too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`api.busy`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn submit_batch(
    State(app): State<App>,
    place: Place,
    Params(query): Params<WaitQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<BatchAnswer>, Failure> {
    let wait = query.duration(&app, Duration::from_secs(30))?;
    body::media(&headers, &[Media::Octets])?;
    let limit = app.limits.batch_bytes;
    let expected = body::declared_length(&headers)
        .unwrap_or(limit as u64)
        .min(limit as u64);
    // Held until the answer stands: this many bytes are in memory on behalf of the request.
    let room = app
        .batch_kib
        .clone()
        .acquire_many_owned(expected.div_ceil(1024) as u32);
    let _room = tokio::time::timeout(Duration::from_secs(5), room)
        .await
        .map_err(|_| {
            let detail = "too many batches are waiting for their receipts";
            Failure::new(StatusCode::SERVICE_UNAVAILABLE, "api.busy", detail)
        })?;
    let bytes = body::read(&headers, body, limit, app.limits.body).await?;
    let transactions = split(bytes.clone(), app.limits.batch_transactions)?;
    let binding = bind(&app, &place, &headers, &bytes)?;
    drop(bytes);
    let answers = place.ledger.submit_and_wait(transactions, wait).await;
    if answers.iter().all(Result::is_err) {
        app.idempotency.release(&binding);
    }
    Ok(Json(BatchAnswer {
        outcomes: answers.into_iter().map(outcome).collect(),
    }))
}

/// Cuts a batch at its lengths. Each transaction is copied: sharing the batch's memory would let one
/// that waits keep all the others' bytes, which the mempool does not count.
fn split(mut batch: Bytes, limit: usize) -> Result<Vec<Bytes>, Failure> {
    let whole = batch.len();
    let mut transactions = Vec::new();
    while batch.has_remaining() {
        if transactions.len() == limit {
            let detail = format!("more than {limit} transactions in one batch");
            return Err(Failure::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "batch.too_many",
                detail,
            ));
        }
        let at = whole - batch.len();
        let length = batch.try_get_u32().ok().map(|length| length as usize);
        match length.filter(|length| (1..=batch.len()).contains(length)) {
            Some(length) => transactions.push(Bytes::copy_from_slice(&batch.split_to(length))),
            None => {
                let detail = format!("the length at byte {at} is missing, zero or beyond the end");
                return Err(Failure::new(
                    StatusCode::BAD_REQUEST,
                    "batch.malformed",
                    detail,
                ));
            }
        }
    }
    if transactions.is_empty() {
        let detail = "the batch is empty";
        return Err(Failure::new(
            StatusCode::BAD_REQUEST,
            "batch.malformed",
            detail,
        ));
    }
    Ok(transactions)
}

fn outcome(answer: Result<Option<Receipt>, Refusal>) -> Outcome {
    let (status, code, message, height, index) = match answer {
        Ok(Some(receipt)) => {
            let Receipt {
                code,
                message,
                height,
                index,
                ..
            } = receipt;
            (Progress::Committed, code, message, height, index)
        }
        Ok(None) => (Progress::Pending, String::new(), String::new(), 0, 0),
        Err(Refusal { code, message }) => (Progress::Refused, code, message, 0, 0),
    };
    Outcome {
        status,
        code,
        message,
        height,
        index,
    }
}

/// A committed transaction with its receipt.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/transactions/{id}", tag = "transactions",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        ("id" = String, Path, description = "The transaction's id, 64 hex digits")
    ),
    responses(
        (status = 200, description = "The transaction; its canonical encoding when asked for", content((TransactionView = "application/json"), (String = "application/octet-stream"))),
        (status = 404, description = "`transaction.not_found`: unknown here, or not in a block yet", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_transaction(place: Place, headers: HeaderMap) -> Result<Response, Failure> {
    let id: TransactionId = place.parse("id")?;
    let missing = || Failure::not_found("transaction", format_args!("transaction {id}"));
    let (encoded, height, index) = place.ledger.transaction(&id).await?.ok_or_else(missing)?;
    if wants_octets(&headers) {
        return Ok(([(header::CONTENT_TYPE, OCTETS)], encoded).into_response());
    }
    let receipt = place.ledger.receipt(&id).await?.ok_or_else(missing)?;
    let transaction = Transaction::decode(&encoded, encoded.len()).map_err(Failure::internal)?;
    let transaction = serde_json::to_value(&transaction).map_err(Failure::internal)?;
    let view = TransactionView {
        id: id.to_string(),
        height,
        index,
        transaction,
        receipt: receipt.into(),
    };
    Ok(Json(view).into_response())
}

/// The receipt of a committed transaction, or after a wait for it.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/transactions/{id}/receipt", tag = "transactions",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        ("id" = String, Path, description = "The transaction's id, 64 hex digits"),
        WaitQuery
    ),
    responses(
        (status = 200, description = "The receipt", body = ReceiptView),
        (status = 404, description = "`receipt.not_found`: unknown here, or not in a block yet", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_receipt(
    State(app): State<App>,
    place: Place,
    Params(query): Params<WaitQuery>,
) -> Result<Json<ReceiptView>, Failure> {
    let id: TransactionId = place.parse("id")?;
    let wait = query.duration(&app, Duration::ZERO)?;
    let mut receipt = place.ledger.receipt(&id).await?;
    if receipt.is_none() && !wait.is_zero() {
        receipt = place.ledger.wait_receipt(&id, wait).await;
    }
    let missing = || Failure::not_found("receipt", format_args!("a receipt of transaction {id}"));
    receipt
        .map(|receipt| Json(receipt.into()))
        .ok_or_else(missing)
}

/// A proof of the transaction and its receipt that a stranger checks offline.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/transactions/{id}/proof", tag = "transactions",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        ("id" = String, Path, description = "The transaction's id, 64 hex digits")
    ),
    responses(
        (status = 200, description = "A `blockworm-proof/1` file, or `/2` once validators have changed (docs/formats/proof.md)", body = Object),
        (status = 404, description = "`proof.not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`proof.not_yet_provable`: committed, but the header with its roots is not certified yet", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_proof(place: Place) -> Result<Response, Failure> {
    let id: TransactionId = place.parse("id")?;
    let proof = place.ledger.transaction_proof(&id).await?;
    let text = proof.to_json().map_err(Failure::internal)?;
    Ok(body::attachment(&format!("{id}.proof.json"), text))
}

/// The node answers every transaction; this stands in should it ever not.
fn unanswered() -> Refusal {
    Refusal {
        code: "node.stopping".into(),
        message: "the node did not answer".into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn batch(parts: &[&[u8]]) -> Bytes {
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes.into()
    }

    #[test]
    fn a_batch_is_cut_at_its_lengths() {
        assert_eq!(split(batch(&[b"ab", b"c"]), 2).unwrap(), vec!["ab", "c"]);
        assert_eq!(
            split(batch(&[b"ab", b"c"]), 1).unwrap_err().code,
            "batch.too_many"
        );
        for bad in [
            &b""[..],
            b"\0\0\0",
            b"\0\0\0\0",
            b"\0\0\0\x02a",
            b"\xff\xff\xff\xffa",
        ] {
            let problem = split(Bytes::copy_from_slice(bad), 8).unwrap_err();
            assert_eq!(problem.code, "batch.malformed", "{bad:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_joined_is_cut_again_and_no_bytes_panic(
            parts in proptest::collection::vec(
                proptest::collection::vec(proptest::prelude::any::<u8>(), 1..300), 1..20),
            noise in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
        ) {
            let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let cut = split(batch(&slices), 20).unwrap();
            proptest::prop_assert_eq!(cut, parts);
            let _ = split(noise.into(), 20);
        }
    }
}
