//! Asking any timestamp authority by its URL, and believing only what a pinned root vouches for.

use super::{QUERY_MEDIA, REPLY_MEDIA, TimeError};
use crate::network::clock;
use blockworm_crypto::timestamp::{
    Imprint, MAX_TOKEN_BYTES, Request, Response, TimestampError, Token, Verified,
};
use der::{Reader as _, SliceReader, pem};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// No file of roots is larger, in bytes.
const MAX_ROOTS_BYTES: u64 = 256 * 1024;

/// A timestamp authority that stamps for this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// `http://` or `https://`.
    pub url: String,
    /// PEM files of roots that may vouch for it; read anew for each token.
    pub roots: Vec<PathBuf>,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// A token that was checked on receipt.
#[derive(Clone, Debug)]
pub struct Stamped {
    /// The token.
    pub token: Token,
    /// What it says, and the path to the pinned root.
    pub verified: Verified,
    /// When it was asked for, by this node's clock.
    pub asked_ms: u64,
    /// When it came.
    pub answered_ms: u64,
}

/// Asks authorities; cheap to clone.
#[derive(Clone, Debug)]
pub struct TimeClient {
    outside: reqwest::Client,
    /// For this machine, past any proxy.
    loopback: reqwest::Client,
}

impl TimeClient {
    /// A client that follows no redirects.
    ///
    /// # Errors
    /// [`TimeError::Setting`] where the system's TLS roots cannot be had.
    pub fn new() -> Result<Self, TimeError> {
        let build = |builder: reqwest::ClientBuilder| {
            builder
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .map_err(|error| TimeError::Setting(error.to_string()))
        };
        Ok(Self {
            outside: build(reqwest::Client::builder())?,
            loopback: build(reqwest::Client::builder().no_proxy())?,
        })
    }

    /// Asks for a token and checks everything about it: status, nonce, imprint, signature, purpose
    /// and path to a pinned root at the token's time.
    ///
    /// # Errors
    /// The first failing check, by its code.
    pub async fn stamp(&self, source: &Source, imprint: &Imprint) -> Result<Stamped, TimeError> {
        let url = &source.url;
        let refused = |source| TimeError::Token {
            url: url.clone(),
            source,
        };
        let roots = all_roots(source)?;
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|error| TimeError::Setting(error.to_string()))?;
        let request = Request::of_imprint(imprint.algorithm, imprint.digest.clone(), nonce);
        let asked_ms = clock::current_ms();
        let sent = request.to_der().map_err(refused)?;
        let answer = tokio::time::timeout(source.timeout, self.post(url, sent))
            .await
            .map_err(|_| TimeError::Unreachable {
                url: url.clone(),
                reason: format!("no answer within {} ms", source.timeout.as_millis()),
            })??;
        let answered_ms = clock::current_ms();
        let token = match Response::parse(&answer).map_err(refused)? {
            Response::Granted(token) => Token::parse(&token).map_err(refused)?,
            Response::Refused(refusal) => return Err(refused(TimestampError::Refused(refusal))),
        };
        token.check_answers(&request).map_err(refused)?;
        let verified = token
            .verify_digest(&imprint.digest, &roots, &[])
            .map_err(refused)?;
        Ok(Stamped {
            token,
            verified,
            asked_ms,
            answered_ms,
        })
    }

    async fn post(&self, url: &str, body: Vec<u8>) -> Result<Vec<u8>, TimeError> {
        let unreachable = |error: reqwest::Error| TimeError::Unreachable {
            url: url.to_owned(),
            reason: reason(&error),
        };
        let client = if is_loopback(url) {
            &self.loopback
        } else {
            &self.outside
        };
        let mut response = client
            .post(url)
            .header("content-type", QUERY_MEDIA)
            .header("accept", REPLY_MEDIA)
            .body(body)
            .send()
            .await
            .map_err(unreachable)?;
        let status = response.status();
        if status.as_u16() != 200 {
            return Err(TimeError::Status {
                url: url.to_owned(),
                status: status.as_u16(),
            });
        }
        let media = response.headers().get("content-type");
        let media = media.and_then(|value| value.to_str().ok()).unwrap_or("");
        let kind = media.split(';').next().unwrap_or("").trim();
        if !kind.eq_ignore_ascii_case(REPLY_MEDIA) {
            return Err(TimeError::Media {
                url: url.to_owned(),
                found: media.chars().take(80).collect(),
            });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if bytes.len() + chunk.len() > MAX_TOKEN_BYTES {
                return Err(TimeError::Token {
                    url: url.to_owned(),
                    source: TimestampError::TooLarge("a response of more than 64 KiB"),
                });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// The innermost reason: "connection refused" rather than "error sending request".
fn reason(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

fn is_loopback(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback()),
        None => false,
    })
}

fn all_roots(source: &Source) -> Result<Vec<Vec<u8>>, TimeError> {
    let mut roots = Vec::new();
    for path in &source.roots {
        roots.extend(read_roots(path)?);
    }
    Ok(roots)
}

/// The certificates of a PEM file, one or several, DER.
///
/// # Errors
/// [`TimeError::Roots`] where there is none, or anything else stands there.
pub fn read_roots(path: &Path) -> Result<Vec<Vec<u8>>, TimeError> {
    const END: &str = "-----END CERTIFICATE-----";
    let refused = |reason: &str| TimeError::Roots {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let size = fs::metadata(path).map_err(|error| refused(&error.to_string()))?;
    if size.len() > MAX_ROOTS_BYTES {
        return Err(refused("it is larger than 256 KiB"));
    }
    let text = fs::read_to_string(path).map_err(|error| refused(&error.to_string()))?;
    let (mut roots, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let end = rest.find(END).ok_or_else(|| refused("it is no PEM"))?;
        let (block, after) = rest.split_at(end + END.len());
        let block = format!("{}\n", block.trim());
        let Ok(("CERTIFICATE", der)) = pem::decode_vec(block.as_bytes()) else {
            return Err(refused("it is no PEM of certificates alone"));
        };
        // One certificate a block, whole.
        let whole =
            SliceReader::new(&der).and_then(|mut reader| reader.tlv_bytes().map(<[u8]>::len));
        if whole != Ok(der.len()) {
            return Err(refused("a certificate is malformed"));
        }
        roots.push(der);
        rest = after.trim();
    }
    if roots.is_empty() {
        return Err(refused("there is no certificate in it"));
    }
    Ok(roots)
}
