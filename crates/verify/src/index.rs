//! `data/matter.json`: what the package is said to hold. Every word of it is compared with what is proved.

use crate::rows::{ActRow, AttestationRow, EntryRow, RelationRow};
use blockworm_crypto::{Digest, PublicKey};
use blockworm_ledger::{LedgerId, MemberId};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// The format field.
pub const INDEX_FORMAT: &str = "blockworm-evidence/1";

/// Most items of each list.
const MAX_LISTED: usize = 512;

/// The index of a package.
#[derive(Clone, Debug)]
pub struct Index {
    pub(crate) ledger: LedgerId,
    pub(crate) genesis_digest: Digest,
    pub(crate) contract: String,
    pub(crate) contract_id: u32,
    pub(crate) matter: String,
    pub(crate) exported_ms: u64,
    pub(crate) exported_by: String,
    pub(crate) state_height: u64,
    pub(crate) entries: Vec<Listed<EntryRow, EntryFiles>>,
    pub(crate) attestations: Vec<Listed<AttestationRow, AttestationFiles>>,
    pub(crate) acts: Vec<Listed<ActRow, ActFiles>>,
    pub(crate) relations: Vec<Listed<RelationRow, RelationFiles>>,
    pub(crate) organisations: Vec<OrganisationItem>,
    pub(crate) members: Vec<MemberItem>,
    pub(crate) checkpoints: Vec<CheckpointItem>,
    pub(crate) asset: Option<AssetItem>,
}

/// A row as matter.json repeats it, and the files that belong to it.
#[derive(Clone, Debug)]
pub(crate) struct Listed<R, F> {
    pub(crate) row: R,
    pub(crate) files: F,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    format: String,
    ledger: LedgerId,
    genesis_digest: Digest,
    contract: String,
    contract_id: u32,
    matter: String,
    exported_ms: String,
    exported_by: String,
    state_height: u64,
    entries: Vec<Map<String, Value>>,
    attestations: Vec<Map<String, Value>>,
    acts: Vec<Map<String, Value>>,
    relations: Vec<Map<String, Value>>,
    organisations: Vec<OrganisationItem>,
    members: Vec<MemberItem>,
    checkpoints: Vec<CheckpointItem>,
    asset: Option<AssetItem>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntryFiles {
    pub(crate) original: Option<OriginalFile>,
    pub(crate) capture_file: Option<SaltedFile>,
    pub(crate) proof: String,
    pub(crate) checkpoint: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OriginalFile {
    pub(crate) file: String,
    pub(crate) encrypted: bool,
    #[allow(dead_code)]
    pub(crate) name: String,
    pub(crate) sha256: Option<Digest>,
    pub(crate) salt: Option<Digest>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaltedFile {
    pub(crate) file: String,
    pub(crate) sha256: Digest,
    pub(crate) salt: Digest,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttestationFiles {
    pub(crate) findings_file: Option<SaltedFile>,
    pub(crate) proof: String,
    pub(crate) checkpoint: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActFiles {
    pub(crate) document_file: Option<String>,
    pub(crate) proof: String,
    pub(crate) checkpoint: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelationFiles {
    pub(crate) proof: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganisationItem {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) roles: Vec<String>,
    pub(crate) root: String,
    pub(crate) crl: Option<String>,
    pub(crate) suspended_at: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberItem {
    pub(crate) id: MemberId,
    pub(crate) key: PublicKey,
    pub(crate) functions: Vec<String>,
    pub(crate) certificate: String,
    pub(crate) registered_at: u64,
    pub(crate) revoked_at: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckpointItem {
    pub(crate) size: u64,
    pub(crate) file: String,
    pub(crate) token: Option<String>,
    pub(crate) record: Option<String>,
    pub(crate) history: Vec<HistoryItem>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryItem {
    pub(crate) height: u64,
    pub(crate) file: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssetItem {
    pub(crate) receivable: Value,
    pub(crate) case: String,
}

/// Parts the fields of the row from those of the files; both are read strictly.
fn part<R: DeserializeOwned, F: DeserializeOwned>(
    what: &str,
    files: &[&str],
    mut fields: Map<String, Value>,
) -> Result<Listed<R, F>, String> {
    let mut apart = Map::new();
    for name in files {
        let value = fields
            .remove(*name)
            .ok_or_else(|| format!("{what} has no field {name}"))?;
        apart.insert((*name).to_owned(), value);
    }
    let wrong = |error| format!("{what}: {error}");
    Ok(Listed {
        row: serde_json::from_value(Value::Object(fields)).map_err(wrong)?,
        files: serde_json::from_value(Value::Object(apart)).map_err(wrong)?,
    })
}

fn parts<R: DeserializeOwned, F: DeserializeOwned>(
    what: &str,
    files: &[&str],
    all: Vec<Map<String, Value>>,
) -> Result<Vec<Listed<R, F>>, String> {
    let one = |(index, fields)| part(&format!("{what}[{}]", index + 1), files, fields);
    all.into_iter().enumerate().map(one).collect()
}

impl Index {
    /// Reads matter.json; unknown fields are refused.
    ///
    /// # Errors
    /// In words.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let raw: Raw = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if raw.format != INDEX_FORMAT {
            return Err(format!(
                "the format is {:?}, not {INDEX_FORMAT}",
                raw.format
            ));
        }
        let counts = [
            raw.entries.len(),
            raw.attestations.len(),
            raw.acts.len(),
            raw.relations.len(),
            raw.organisations.len(),
            raw.members.len(),
            raw.checkpoints.len(),
        ];
        if counts.iter().any(|count| *count > MAX_LISTED) {
            return Err(format!("a list has more than {MAX_LISTED} items"));
        }
        let with_salt = ["original", "capture_file", "proof", "checkpoint"];
        Ok(Self {
            ledger: raw.ledger,
            genesis_digest: raw.genesis_digest,
            contract: raw.contract,
            contract_id: raw.contract_id,
            matter: raw.matter,
            exported_ms: crate::rows::decimal(&raw.exported_ms)
                .ok_or("exported_ms is no decimal number")?,
            exported_by: raw.exported_by,
            state_height: raw.state_height,
            entries: parts("entries", &with_salt, raw.entries)?,
            attestations: parts(
                "attestations",
                &["findings_file", "proof", "checkpoint"],
                raw.attestations,
            )?,
            acts: parts("acts", &["document_file", "proof", "checkpoint"], raw.acts)?,
            relations: parts("relations", &["proof"], raw.relations)?,
            organisations: raw.organisations,
            members: raw.members,
            checkpoints: raw.checkpoints,
            asset: raw.asset,
        })
    }
}
