//! Reading bounded bodies and choosing between their media types.

use crate::problem::Failure;
use axum::{
    body::{Body, BodyDataStream},
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

/// How much of a body that is too large is read and thrown away, and for how long: a client that
/// is still sending when the connection closes may lose the answer.
const DISCARDED_BYTES: usize = 16 << 20;
const DISCARDING: Duration = Duration::from_secs(2);

/// Reads a body of at most `limit_bytes` within `limit`.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit_bytes: usize,
    limit: Duration,
) -> Result<Bytes, Failure> {
    let mut frames = body.into_data_stream();
    let declared = declared_length(headers);
    let collected = if declared.is_some_and(|length| length > limit_bytes as u64) {
        Ok(None)
    } else {
        tokio::time::timeout(limit, collect(&mut frames, limit_bytes)).await
    };
    match collected {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            let _ = tokio::time::timeout(DISCARDING, discard(&mut frames)).await;
            let detail = format!("the body is larger than {limit_bytes} bytes");
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            Err(Failure::new(status, "api.body_too_large", detail))
        }
        Err(_) => {
            let detail = format!("the body did not arrive within {} s", limit.as_secs());
            let status = StatusCode::REQUEST_TIMEOUT;
            Err(Failure::new(status, "api.body_too_slow", detail))
        }
    }
}

/// Collects the frames into one buffer, without copying when there is only one; none when there is
/// more than `limit`.
async fn collect(frames: &mut BodyDataStream, limit: usize) -> Option<Result<Bytes, Failure>> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = frames.next().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => return Some(Err(Failure::malformed_body(error))),
        };
        if first.len().max(rest.len()) + frame.len() > limit {
            return None;
        }
        if first.is_empty() && rest.is_empty() {
            first = frame;
            continue;
        }
        if rest.is_empty() {
            rest.extend_from_slice(&first);
        }
        rest.extend_from_slice(&frame);
    }
    Some(Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    }))
}

/// Throws frames away until there are no more or enough.
async fn discard(frames: &mut BodyDataStream) {
    let mut discarded = 0;
    while discarded < DISCARDED_BYTES
        && let Some(Ok(frame)) = frames.next().await
    {
        discarded += frame.len();
    }
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
