//! Reading bounded bodies and choosing between their media types.

use crate::problem::Failure;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use std::time::Duration;

/// Canonical encodings.
pub(crate) const OCTETS: &str = "application/octet-stream";
/// The JSON form.
pub(crate) const JSON: &str = "application/json";

/// A body's media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Octets,
    Json,
}

/// The body's media type; parameters such as `charset` are ignored.
pub(crate) fn media(headers: &HeaderMap, readable: &[Media]) -> Result<Media, Failure> {
    let text = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str());
    let essence = match text {
        Some(Ok(text)) => text.split(';').next().unwrap_or_default().trim(),
        _ => "",
    };
    let found = if essence.eq_ignore_ascii_case(OCTETS) {
        Some(Media::Octets)
    } else if essence.eq_ignore_ascii_case(JSON) {
        Some(Media::Json)
    } else {
        None
    };
    found
        .filter(|media| readable.contains(media))
        .ok_or_else(|| {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            let detail = format!("the media type {essence:?} is not read here");
            Failure::new(status, "api.unsupported_media_type", detail)
        })
}

/// Whether the caller asks for the canonical encoding rather than JSON.
pub(crate) fn wants_octets(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.to_ascii_lowercase().contains(OCTETS))
}

/// The declared length of the body, if it is declared.
pub(crate) fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// Reads a body of at most `limit_bytes` within `limit`.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit_bytes: usize,
    limit: Duration,
) -> Result<Bytes, Failure> {
    let declared = declared_length(headers);
    if declared.is_some_and(|length| length > limit_bytes as u64) {
        return Err(too_large(limit_bytes));
    }
    match tokio::time::timeout(limit, collect(body, declared, limit_bytes)).await {
        Ok(bytes) => bytes,
        Err(_) => {
            let detail = format!("the body did not arrive within {} s", limit.as_secs());
            Err(Failure::new(
                StatusCode::REQUEST_TIMEOUT,
                "api.body_too_slow",
                detail,
            ))
        }
    }
}

/// Collects the frames into one buffer, without copying when there is only one.
async fn collect(body: Body, declared: Option<u64>, limit: usize) -> Result<Bytes, Failure> {
    let mut frames = body.into_data_stream();
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(Failure::malformed_body)?;
        if first.len().max(rest.len()) + frame.len() > limit {
            return Err(too_large(limit));
        }
        if first.is_empty() && rest.is_empty() {
            first = frame;
            continue;
        }
        if rest.is_empty() {
            // The declared length is below the limit here, so this reserves no more than that.
            rest.reserve(declared.map_or(first.len() + frame.len(), |length| length as usize));
            rest.extend_from_slice(&first);
        }
        rest.extend_from_slice(&frame);
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}

/// A JSON file to be saved as `name`.
pub(crate) fn attachment(name: &str, text: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let disposition = HeaderValue::from_str(&disposition);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(JSON)),
        (
            header::CONTENT_DISPOSITION,
            disposition.unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    (headers, text).into_response()
}

fn too_large(limit_bytes: usize) -> Failure {
    let detail = format!("the body is larger than {limit_bytes} bytes");
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "api.body_too_large", detail)
}
