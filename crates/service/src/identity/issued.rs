//! The log of an organisation's issued certificates: what was certified for whom, how, and what was revoked.

use crate::{file_error::FileError, network::folder::ConsortiumFolder};
use blockworm_crypto::identity::{RevokedCertificate, describe};
use blockworm_ledger::OrganisationId;
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
};

/// The log's name in the organisation's folder: a line of JSON for each certificate and revocation.
pub const ISSUED: &str = "issued.jsonl";
/// The log is not read beyond this.
const MAX_BYTES: u64 = 64 << 20;

/// How a certificate came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enrolled {
    /// With the consortium, or by the operator on the organisation's own machine.
    Founded,
    /// By an admin's `member register`.
    Registered,
    /// By a token and a request.
    Token,
    /// The same key again, before the certificate ended.
    Renewed,
    /// A new key.
    Rotated,
}

/// A certificate of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuedCertificate {
    /// Its serial number, hex.
    pub serial: String,
    /// `organisation/name`; for an authority its name for people.
    pub subject: String,
    /// `member`, `node`, `tls-server`, …, or `authority`.
    pub profile: String,
    /// The certified key.
    pub key: String,
    /// A member's functions.
    pub functions: Vec<String>,
    /// When it begins to count, milliseconds since 1970.
    pub not_before_ms: u64,
    /// When it ends.
    pub not_after_ms: u64,
    /// How it came about.
    pub how: Enrolled,
    /// The digest of the token that allowed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Issued(IssuedCertificate),
    Revoked {
        serial: String,
        at_ms: u64,
        reason: String,
    },
}

/// Why the log cannot be used or refuses a certificate.
#[derive(Debug, thiserror::Error)]
pub enum IssuedError {
    /// The key is another's already.
    #[error("the key {key} is certified for {holder} already")]
    DuplicateKey {
        /// The key.
        key: String,
        /// Whose it is.
        holder: String,
    },
    /// The certificate cannot be read.
    #[error("the certificate cannot be written down")]
    Certificate(#[source] blockworm_crypto::identity::IdentityError),
    /// A line is not what it should be.
    #[error("line {line} of {} is not readable", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from one.
        line: usize,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] FileError),
}

impl IssuedError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DuplicateKey { .. } => "enrolment.duplicate_key",
            _ => "enrolment.log_unusable",
        }
    }
}

/// The log of one organisation. Whoever writes holds a lock on the file, so the node and commands
/// may write at the same time.
#[derive(Clone, Debug)]
pub struct IssuedLog {
    path: PathBuf,
}

impl IssuedLog {
    /// The organisation's log; there need be none yet.
    #[must_use]
    pub fn of(folder: &ConsortiumFolder, organisation: &OrganisationId) -> Self {
        Self {
            path: folder.organisation(organisation).join(ISSUED),
        }
    }

    /// Writes down the first certificate of a chain, durably, before it is given to anybody.
    ///
    /// # Errors
    /// [`IssuedError::DuplicateKey`] where the key was certified for another subject.
    pub fn record(
        &self,
        chain: &[u8],
        how: Enrolled,
        token: Option<String>,
    ) -> Result<IssuedCertificate, IssuedError> {
        let described = describe(chain).map_err(IssuedError::Certificate)?;
        let subject = match described.profile {
            Some(_) => format!("{}/{}", described.organisation, described.name),
            None => described.name,
        };
        let issued = IssuedCertificate {
            serial: hex::encode(&described.serial),
            subject,
            profile: described
                .profile
                .map_or("authority", |profile| profile.as_str())
                .to_owned(),
            key: described.public_key.to_string(),
            functions: described.functions,
            not_before_ms: described.validity.not_before_ms,
            not_after_ms: described.validity.not_after_ms,
            how,
            token,
        };
        self.append(|lines| {
            let another = lines.iter().find_map(|line| match line {
                Line::Issued(other)
                    if other.key == issued.key
                        && (&other.subject, &other.profile)
                            != (&issued.subject, &issued.profile) =>
                {
                    Some(other.subject.clone())
                }
                _ => None,
            });
            match another {
                Some(holder) => Err(IssuedError::DuplicateKey {
                    key: issued.key.clone(),
                    holder,
                }),
                None => Ok(vec![Line::Issued(issued.clone())]),
            }
        })?;
        Ok(issued)
    }

    /// Writes down that all certificates of a subject are revoked that are not already; how many.
    ///
    /// # Errors
    /// [`IssuedError::Io`] or [`IssuedError::Damaged`].
    pub fn revoke(&self, subject: &str, at_ms: u64, reason: &str) -> Result<usize, IssuedError> {
        let mut count = 0;
        self.append(|lines| {
            let revoked: Vec<&str> = lines.iter().filter_map(Line::revoked).collect();
            let ended: Vec<Line> = lines
                .iter()
                .filter_map(|line| match line {
                    Line::Issued(issued)
                        if issued.subject == subject
                            && !revoked.contains(&issued.serial.as_str()) =>
                    {
                        Some(Line::Revoked {
                            serial: issued.serial.clone(),
                            at_ms,
                            reason: reason.to_owned(),
                        })
                    }
                    _ => None,
                })
                .collect();
            count = ended.len();
            Ok(ended)
        })?;
        Ok(count)
    }

    /// All certificates, the oldest first.
    ///
    /// # Errors
    /// [`IssuedError::Io`] or [`IssuedError::Damaged`].
    pub fn issued(&self) -> Result<Vec<IssuedCertificate>, IssuedError> {
        let lines = self.read()?.into_iter();
        Ok(lines
            .filter_map(|line| match line {
                Line::Issued(issued) => Some(issued),
                Line::Revoked { .. } => None,
            })
            .collect())
    }

    /// What is revoked, as a list of revocations needs it.
    ///
    /// # Errors
    /// [`IssuedError::Io`] or [`IssuedError::Damaged`].
    pub fn revoked(&self) -> Result<Vec<RevokedCertificate>, IssuedError> {
        let lines = self.read()?.into_iter();
        Ok(lines
            .filter_map(|line| match line {
                Line::Revoked { serial, at_ms, .. } => Some(RevokedCertificate {
                    serial: hex::decode(serial).ok()?,
                    revoked_at_ms: at_ms,
                }),
                Line::Issued(_) => None,
            })
            .collect())
    }

    fn read(&self) -> Result<Vec<Line>, IssuedError> {
        match File::open(&self.path) {
            Ok(file) => self.parse(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(FileError::on("read", &self.path)(error).into()),
        }
    }

    fn append(
        &self,
        decide: impl FnOnce(&[Line]) -> Result<Vec<Line>, IssuedError>,
    ) -> Result<(), IssuedError> {
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .mode(0o600)
            .open(&self.path)
            .map_err(FileError::on("open", &self.path))?;
        file.lock().map_err(FileError::on("lock", &self.path))?;
        let before = self.parse(&file)?;
        let mut text = String::new();
        for line in decide(&before)? {
            let json = serde_json::to_string(&line).map_err(|source| IssuedError::Damaged {
                path: self.path.clone(),
                line: before.len() + 1,
                source,
            })?;
            text.push_str(&json);
            text.push('\n');
        }
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_data())
            .map_err(FileError::on("write", &self.path))?;
        Ok(())
    }

    fn parse(&self, file: impl io::Read) -> Result<Vec<Line>, IssuedError> {
        let mut text = String::new();
        file.take(MAX_BYTES)
            .read_to_string(&mut text)
            .map_err(FileError::on("read", &self.path))?;
        let lines = text.lines().enumerate();
        lines
            .map(|(at, line)| {
                serde_json::from_str(line).map_err(|source| IssuedError::Damaged {
                    path: self.path.clone(),
                    line: at + 1,
                    source,
                })
            })
            .collect()
    }
}

impl Line {
    fn revoked(&self) -> Option<&str> {
        match self {
            Self::Revoked { serial, .. } => Some(serial),
            Self::Issued(_) => None,
        }
    }
}
