//! Looking after a consortium's folder: what `doctor` checks without asking a node.

use crate::{
    identity::{
        self, AUTHORITY, CONSENSUS, COSIGNER, CertificateState, IdentityError, OrganisationKey,
        Passphrase,
    },
    key_holder::KeyFolder,
    network::{
        ConsortiumFolder, ConsortiumRecord, FolderError, LedgerRecord, NodeConfigFile, NodeState,
        Overrides, process,
    },
};
use blockworm_ledger::{MemberId, OrganisationId};
use rustix::fs::statvfs;
use serde::Serialize;
use std::{error::Error, fs, net::TcpListener, os::unix::fs::MetadataExt as _};

/// Below this much free disk a node is close to stopping.
pub const LEAST_FREE_BYTES: u64 = 1 << 30;
/// A ledger that begins this much later than the machine's clock tells of a wrong clock.
const CLOCK_TOLERANCE_MS: u64 = 5_000;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// In order.
    Ok,
    /// Works, and will not for long.
    Warning,
    /// Does not work.
    Failed,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, such as `keys of bank`.
    pub check: String,
    /// How it went.
    pub verdict: Verdict,
    /// What was seen.
    pub detail: String,
    /// What to do; empty if nothing.
    pub next: String,
}

impl Finding {
    /// In order.
    pub fn ok(check: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, detail, "")
    }

    /// Works, and will not for long.
    pub fn warning(
        check: impl Into<String>,
        detail: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self::new(check, Verdict::Warning, detail, next)
    }

    /// Does not work.
    pub fn failed(
        check: impl Into<String>,
        detail: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self::new(check, Verdict::Failed, detail, next)
    }

    fn new(
        check: impl Into<String>,
        verdict: Verdict,
        detail: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            check: check.into(),
            verdict,
            detail: detail.into(),
            next: next.into(),
        }
    }
}

/// Looks at everything in the folder. Never fails: what cannot be read is a finding.
#[must_use]
pub fn check_folder(folder: &ConsortiumFolder, now_ms: u64) -> Vec<Finding> {
    let mut findings = Vec::new();
    let record = match folder.record() {
        Ok(record) => record,
        Err(error) => {
            findings.push(no_record(folder, &error));
            return findings;
        }
    };
    findings.push(Finding::ok(
        "folder",
        format!("{}", folder.root().display()),
    ));
    findings.push(check_permissions(folder));
    findings.extend(
        record
            .ledgers
            .iter()
            .map(|ledger| check_genesis(folder, ledger)),
    );
    findings.push(check_clock(folder, &record, now_ms));
    findings.push(check_disk(folder));
    for organisation in &record.organisations {
        findings.push(check_keys(folder, &organisation.id, &organisation.members));
        findings.push(check_certificates(
            folder,
            &organisation.id,
            &organisation.members,
            now_ms,
        ));
    }
    for node in &record.nodes {
        findings.extend(check_node(folder, &node.organisation));
        findings.extend(check_cosigner(folder, &node.organisation));
    }
    findings
}

/// A node without a cosigner's key works; its organisation's word is missing in every checkpoint.
fn check_cosigner(folder: &ConsortiumFolder, organisation: &OrganisationId) -> Option<Finding> {
    let own = folder.keys(organisation).exists();
    let missing = own && !folder.key_file(organisation, COSIGNER).exists();
    missing.then(|| {
        Finding::warning(
            format!("cosigner of {organisation}"),
            "there is no key to cosign checkpoints with",
            format!(
                "blockworm certificate issue {COSIGNER} --node {organisation} --dir {}; blockworm node restart {organisation}",
                folder.root().display()
            ),
        )
    })
}

fn no_record(folder: &ConsortiumFolder, error: &FolderError) -> Finding {
    let next = match error {
        FolderError::Absent { .. } => {
            format!("blockworm up --dir {}", folder.root().display())
        }
        FolderError::OtherFormat { .. } => {
            "use the version of blockworm that made the folder, or another folder".to_owned()
        }
        _ => "restore the folder from a backup, or start a new one elsewhere".to_owned(),
    };
    Finding::failed("folder", chain(error), next)
}

fn check_permissions(folder: &ConsortiumFolder) -> Finding {
    const CHECK: &str = "permissions";
    match fs::metadata(folder.root()) {
        Ok(metadata) if metadata.mode() & 0o077 == 0 => {
            Finding::ok(CHECK, "only the owner can enter the folder")
        }
        Ok(metadata) => Finding::warning(
            CHECK,
            format!(
                "others can enter the folder (mode {:o})",
                metadata.mode() & 0o777
            ),
            format!("chmod 700 {}", folder.root().display()),
        ),
        Err(error) => Finding::failed(CHECK, error.to_string(), "look at the folder's owner"),
    }
}

fn check_genesis(folder: &ConsortiumFolder, ledger: &LedgerRecord) -> Finding {
    let check = format!("genesis of {}", ledger.name);
    let path = folder.genesis_file(&ledger.name);
    let next = format!(
        "restore {} from another organisation's copy",
        path.display()
    );
    match folder.genesis(&ledger.name) {
        Err(error) => Finding::failed(check, chain(&error), next),
        Ok(genesis) if genesis.ledger_id().to_string() != ledger.id => Finding::failed(
            check,
            format!(
                "{} is of ledger {}, not {}",
                path.display(),
                genesis.ledger_id(),
                ledger.id
            ),
            next,
        ),
        Ok(genesis) => match genesis.check() {
            Ok(()) => Finding::ok(check, format!("digest {}", genesis.digest())),
            Err(error) => Finding::failed(check, error.to_string(), next),
        },
    }
}

fn check_clock(folder: &ConsortiumFolder, record: &ConsortiumRecord, now_ms: u64) -> Finding {
    const CHECK: &str = "clock";
    let begun = record
        .ledgers
        .iter()
        .filter_map(|ledger| folder.genesis(&ledger.name).ok())
        .map(|genesis| genesis.time_ms)
        .max()
        .unwrap_or(0);
    if now_ms + CLOCK_TOLERANCE_MS < begun {
        return Finding::failed(
            CHECK,
            format!(
                "the clock is {} ms before the ledgers' beginning",
                begun - now_ms
            ),
            "set the clock; nodes refuse blocks from the future",
        );
    }
    Finding::ok(CHECK, "not before the ledgers' beginning")
}

fn check_disk(folder: &ConsortiumFolder) -> Finding {
    const CHECK: &str = "disk";
    match statvfs(folder.root()) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let detail = format!("{} MiB free", free >> 20);
            if free < LEAST_FREE_BYTES {
                Finding::warning(
                    CHECK,
                    detail,
                    "free space: a node stops when the disk is full",
                )
            } else {
                Finding::ok(CHECK, detail)
            }
        }
        Err(error) => Finding::failed(CHECK, error.to_string(), "look at the disk"),
    }
}

fn check_keys(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    members: &[MemberId],
) -> Finding {
    let check = format!("keys of {organisation}");
    let read = || -> Result<usize, IdentityError> {
        let passphrase = Passphrase::read(&folder.passphrase_file(organisation))?;
        let names = members.iter().map(MemberId::name).chain([AUTHORITY]);
        let mut files: Vec<_> = names
            .map(|name| folder.key_file(organisation, name))
            .collect();
        let consensus = folder.key_file(organisation, CONSENSUS);
        if folder.node_file(organisation).exists() {
            identity::read_key(&consensus, &passphrase)?;
            files.push(consensus);
        }
        let further = OrganisationKey::ALL.map(|key| folder.key_file(organisation, key.name()));
        files.extend(further.into_iter().filter(|file| file.exists()));
        let evaluation = KeyFolder::of(folder, organisation);
        let versions = evaluation.versions().unwrap_or_default();
        files.extend(versions.into_iter().map(|version| evaluation.file(version)));
        // Decrypting may be slow by design, so one key stands for all: they share the passphrase.
        files
            .iter()
            .try_for_each(|file| identity::check_private(file))?;
        if let Some(first) = files.first() {
            identity::read_key(first, &passphrase)?;
        }
        Ok(files.len())
    };
    match read() {
        Ok(count) => Finding::ok(
            check,
            format!("{count} keys, readable by their owner alone"),
        ),
        Err(error) => {
            let next = match &error {
                IdentityError::Exposed { path, .. } => format!("chmod 600 {}", path.display()),
                IdentityError::KeyFile { .. } => {
                    "put the passphrase back that the keys were encrypted with".to_owned()
                }
                _ => "restore the key files from a backup".to_owned(),
            };
            Finding::failed(check, chain(&error), next)
        }
    }
}

fn check_certificates(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    members: &[MemberId],
    now_ms: u64,
) -> Finding {
    let check = format!("certificates of {organisation}");
    for member in members {
        let path = folder.certificate_file(organisation, member.name());
        if let Err(error) =
            identity::read_certificate(&path).and_then(|chain| identity::read_member(&chain))
        {
            let next = format!("restore {} from a backup", path.display());
            return Finding::failed(check, chain(&error), next);
        }
    }
    let standings = identity::certificates(folder, std::slice::from_ref(organisation), now_ms);
    let mut counting = standings
        .iter()
        .filter(|one| one.state != CertificateState::Revoked);
    let Some(first) = counting.next() else {
        return Finding::ok(check, "none");
    };
    let whose = format!("{organisation}/{}", first.file);
    let days = first.seconds_left / (24 * 60 * 60);
    let renew = match first.file.as_str() {
        AUTHORITY => format!("blockworm authority root {organisation}"),
        file => format!("blockworm certificate renew {file} --node {organisation}"),
    };
    if first.state == CertificateState::Expired {
        Finding::failed(check, format!("that of {whose} has expired"), renew)
    } else if first.warnings() > 0 {
        let left = format!("that of {whose} ends in {days} days");
        Finding::warning(check, left, renew)
    } else {
        let left = format!("the first to end is {whose}'s, in {days} days");
        Finding::ok(check, left)
    }
}

fn check_node(folder: &ConsortiumFolder, organisation: &OrganisationId) -> Vec<Finding> {
    let mut findings = Vec::new();
    let check = format!("node of {organisation}");
    let up = format!("blockworm up --detach --dir {}", folder.root().display());
    let config = match NodeConfigFile::read(&folder.node_file(organisation), Overrides::default()) {
        Ok(config) => config,
        Err(error) => {
            return vec![Finding::failed(check, chain(&error), "correct node.toml")];
        }
    };
    match process::state(folder, organisation) {
        Ok(NodeState::Running(pid)) => {
            findings.push(Finding::ok(check, format!("process {pid} runs")));
            return findings;
        }
        Ok(NodeState::Stopped) => findings.push(Finding::warning(check, "is stopped", up)),
        Ok(NodeState::Died(pid)) => {
            let words = process::last_words(folder, organisation, 1).join(" ");
            findings.push(Finding::failed(
                check,
                format!("process {pid} died: {words}"),
                up,
            ));
        }
        Err(error) => findings.push(Finding::failed(check, chain(&error), up)),
    }
    for (what, address) in [("listen", config.listen), ("api", config.api)] {
        let check = format!("{what} port of {organisation}");
        findings.push(match TcpListener::bind(address) {
            Ok(_) => Finding::ok(check, format!("{address} is free")),
            Err(error) => Finding::failed(
                check,
                format!("{address}: {error}"),
                format!("stop the program on {address}, or change `{what}` in node.toml"),
            ),
        });
    }
    findings
}

/// An error and its causes in one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        consortium::{local_ledgers, local_parameters},
        network::local::{LocalPlan, create},
    };
    use std::os::unix::fs::PermissionsExt as _;

    const NOW_MS: u64 = 1_790_000_000_000;
    /// A certificate that ends within thirty days is warned of.
    const RENEWAL_MS: u64 = 30 * 24 * 60 * 60 * 1000;

    fn founded() -> (tempfile::TempDir, ConsortiumFolder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = ConsortiumFolder::new(dir.path().join("c"));
        let plan = LocalPlan {
            nodes: 1,
            now_ms: NOW_MS,
            parameters: local_parameters(),
            ledgers: local_ledgers(Vec::new(), Vec::new()),
            lifetimes: crate::identity::Lifetimes::default(),
        };
        create(&folder, &plan).unwrap();
        (dir, folder)
    }

    fn failed(findings: &[Finding]) -> Vec<&str> {
        findings
            .iter()
            .filter(|finding| finding.verdict == Verdict::Failed)
            .map(|finding| finding.check.as_str())
            .collect()
    }

    #[test]
    fn a_fresh_folder_is_in_order() {
        let (_dir, folder) = founded();
        let findings = check_folder(&folder, NOW_MS);
        assert_eq!(failed(&findings), Vec::<&str>::new(), "{findings:?}");
    }

    #[test]
    fn each_damage_is_found_and_has_a_next_step() {
        let (_dir, folder) = founded();
        let bank: OrganisationId = "bank".parse().unwrap();
        let key = folder.key_file(&bank, "maker");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        let court: OrganisationId = "court".parse().unwrap();
        fs::write(folder.passphrase_file(&court), "wrong\n").unwrap();
        let platform: OrganisationId = "platform".parse().unwrap();
        fs::write(folder.node_file(&platform), "organisation = 3").unwrap();
        fs::remove_file(folder.key_file(&platform, COSIGNER)).unwrap();
        let findings = check_folder(&folder, NOW_MS);
        assert_eq!(
            failed(&findings),
            ["keys of bank", "keys of court", "node of platform"]
        );
        let mut warned = findings
            .iter()
            .filter(|one| one.verdict == Verdict::Warning);
        assert!(warned.any(|one| one.check == "cosigner of platform"));
        assert!(
            findings
                .iter()
                .all(|f| (f.verdict == Verdict::Ok) == f.next.is_empty()),
            "{findings:?}"
        );
    }

    #[test]
    fn certificates_are_watched() {
        let (_dir, folder) = founded();
        let later = NOW_MS + identity::MEMBER_VALIDITY_MS - RENEWAL_MS / 2;
        let findings = check_folder(&folder, later);
        assert!(
            findings
                .iter()
                .any(|finding| finding.verdict == Verdict::Warning
                    && finding.check == "certificates of bank")
        );
        let ended = check_folder(&folder, later + RENEWAL_MS);
        assert!(failed(&ended).contains(&"certificates of court"));
    }

    #[test]
    fn no_consortium_is_one_finding() {
        let dir = tempfile::tempdir().unwrap();
        let findings = check_folder(&ConsortiumFolder::new(dir.path()), NOW_MS);
        assert_eq!(failed(&findings), ["folder"]);
        assert!(findings[0].next.contains("blockworm up"));
    }
}
