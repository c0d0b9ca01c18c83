//! What the page asks, and the report or the reason why there is none.

use crate::exports::PageSource;
use blockworm_ledger::{checkpoint::Policy, proof::PROOF_MAX_BYTES};
use blockworm_verify::{
    GenesisPin, Package, Pins, Source as _, pem_certificates, verify_package, verify_text,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;

/// The pins as the page has them: text out of fields and files.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// The file's name.
    name: String,
    /// Its bytes.
    size: u64,
    /// A digest or a genesis file's text.
    genesis: Option<String>,
    policy: Option<String>,
    /// PEM.
    tsa_roots: Vec<String>,
}

/// A report as JSON, or `{"error": …}`.
pub(crate) fn answer(request: &[u8]) -> Vec<u8> {
    let answer = report(request).unwrap_or_else(|error| json!({ "error": error }));
    answer.to_string().into_bytes()
}

fn report(request: &[u8]) -> Result<Value, String> {
    let request: Request = serde_json::from_slice(request).map_err(|error| error.to_string())?;
    let mut pins = Pins::default();
    let genesis = request.genesis.as_deref().map(GenesisPin::read).transpose();
    let genesis = genesis.map_err(|error| format!("genesis: {error}"))?;
    pins.genesis = genesis.as_ref().map(|pin| pin.digest);
    if let Some(text) = &request.policy {
        let policy = Policy::parse(text.as_bytes());
        pins.policy = Some(policy.map_err(|error| format!("policy: {error}"))?);
    }
    for text in &request.tsa_roots {
        let roots = pem_certificates(text.as_bytes());
        pins.tsa_roots
            .extend(roots.map_err(|error| format!("root: {error}"))?);
    }
    let source = PageSource { size: request.size };
    if Package::is_zip(&source) {
        let report = verify_package(&Package::Zip(&source), &pins);
        return serde_json::to_value(report).map_err(|error| error.to_string());
    }
    // One byte beyond the limit is enough to refuse the rest.
    let size = request.size.min(PROOF_MAX_BYTES as u64 + 1);
    let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
    source.read_at(0, &mut bytes)?;
    let report = verify_text(Path::new(&request.name), &bytes, genesis.as_ref())
        .map_err(|error| format!("{error} ({}); {}", error.code(), error.next()))?;
    serde_json::to_value(report).map_err(|error| error.to_string())
}
