//! How long each certificate in an organisation's folder still counts, and when that is worth a word.

use super::{IssuedLog, files::read_certificate};
use crate::network::folder::ConsortiumFolder;
use blockworm_crypto::identity::{Description, describe};
use blockworm_ledger::OrganisationId;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fs};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Days before the end at which a long certificate is told of.
const DAYS: [u64; 4] = [30, 14, 7, 1];
/// Shorter certificates are told of when this part of their life is left.
const PARTS: [u64; 2] = [4, 8];
/// What counts as long: the first of `DAYS` is then at most a quarter of its life.
const LONG_MS: u64 = 4 * 30 * DAY_MS;

/// Whether a certificate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    /// It counts.
    Valid,
    /// It counts, and less than a third of its life is left: it is to be renewed.
    Ending,
    /// It does not count yet.
    NotYetValid,
    /// It counts no more.
    Expired,
    /// Its organisation revoked it.
    Revoked,
}

/// A certificate of an organisation's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateStanding {
    /// Whose.
    pub organisation: String,
    /// The file's name without `.cert.pem`.
    pub file: String,
    /// `member`, `node`, `tls-server`, …, or `authority`.
    pub profile: String,
    /// The name in the certificate.
    pub name: String,
    /// A member's functions.
    pub functions: Vec<String>,
    /// A TLS server's hosts.
    pub hosts: Vec<String>,
    /// The certified key.
    pub key: String,
    /// The serial number, hex.
    pub serial: String,
    /// When it begins to count, milliseconds since 1970.
    pub not_before_ms: u64,
    /// When it ends.
    pub not_after_ms: u64,
    /// Seconds until then; negative afterwards.
    pub seconds_left: i64,
    /// Whether it counts.
    pub state: CertificateState,
}

impl CertificateStanding {
    /// Of a certificate that was read, at this time.
    #[must_use]
    pub fn of(file: &str, described: &Description, revoked: bool, now_ms: u64) -> Self {
        let (begin, end) = (
            described.validity.not_before_ms,
            described.validity.not_after_ms,
        );
        let state = if revoked {
            CertificateState::Revoked
        } else if now_ms > end {
            CertificateState::Expired
        } else if now_ms < begin {
            CertificateState::NotYetValid
        } else if end - now_ms < end.saturating_sub(begin) / 3 {
            CertificateState::Ending
        } else {
            CertificateState::Valid
        };
        let left_ms = i128::from(end) - i128::from(now_ms);
        Self {
            organisation: described.organisation.clone(),
            file: file.to_owned(),
            profile: described
                .profile
                .map_or("authority", |profile| profile.as_str())
                .to_owned(),
            name: described.name.clone(),
            functions: described.functions.clone(),
            hosts: described.hosts.clone(),
            key: described.public_key.to_string(),
            serial: hex::encode(&described.serial),
            not_before_ms: begin,
            not_after_ms: end,
            seconds_left: i64::try_from(left_ms.div_euclid(1000)).unwrap_or(i64::MAX),
            state,
        }
    }

    /// How many warnings are due by now; it only grows as time passes. 0: none.
    #[must_use]
    pub fn warnings(&self) -> usize {
        let left_ms = u64::try_from(self.seconds_left).unwrap_or(0) * 1000;
        let life_ms = self.not_after_ms.saturating_sub(self.not_before_ms);
        let thresholds: Vec<u64> = if life_ms >= LONG_MS {
            DAYS.iter().map(|days| days * DAY_MS).collect()
        } else {
            PARTS.iter().map(|part| life_ms / part).collect()
        };
        let crossed = thresholds.iter().filter(|limit| left_ms <= **limit).count();
        crossed + usize::from(self.seconds_left < 0)
    }
}

/// All certificates in the `keys` folders of these organisations, the soonest to end first. A file
/// that cannot be read is left out and told in the log.
#[must_use]
pub fn certificates(
    folder: &ConsortiumFolder,
    organisations: &[OrganisationId],
    now_ms: u64,
) -> Vec<CertificateStanding> {
    let mut standings = Vec::new();
    for organisation in organisations {
        let revoked = revoked(folder, organisation);
        for file in files(folder, organisation) {
            let path = folder.certificate_file(organisation, &file);
            let described = read_certificate(&path)
                .map_err(|error| error.to_string())
                .and_then(|chain| describe(&chain).map_err(|error| error.to_string()));
            match described {
                Ok(described) => {
                    let ended = revoked.contains(&described.serial);
                    let standing = CertificateStanding::of(&file, &described, ended, now_ms);
                    standings.push(standing);
                }
                Err(error) => {
                    tracing::warn!(path = %path.display(), error, "a certificate cannot be read");
                }
            }
        }
    }
    standings.sort_by_key(|standing| standing.not_after_ms);
    standings
}

/// The names of the certificate files in the organisation's `keys` folder, in order.
pub(super) fn files(folder: &ConsortiumFolder, organisation: &OrganisationId) -> BTreeSet<String> {
    let entries = fs::read_dir(folder.keys(organisation));
    let names = entries.into_iter().flatten().flatten();
    names
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            name.strip_suffix(".cert.pem").map(str::to_owned)
        })
        .collect()
}

/// The serial numbers that the organisation's log says are revoked.
pub(super) fn revoked(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
) -> BTreeSet<Vec<u8>> {
    match IssuedLog::of(folder, organisation).revoked() {
        Ok(revoked) => revoked.into_iter().map(|entry| entry.serial).collect(),
        Err(error) => {
            tracing::warn!(%error, "the log of issued certificates cannot be read");
            BTreeSet::new()
        }
    }
}
