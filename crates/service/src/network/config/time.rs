//! Whose time a node stamps checkpoints with, and whether it gives time itself: `[time]` of `node.toml`.

use super::{ConfigError, NodeConfigFile};
use crate::{
    identity::AUTHORITY,
    network::ConsortiumFolder,
    time::{AuthorityPlan, HashAges, POLICY, Source, StampPlan, TIMESTAMPS, TimeError, read_roots},
};
use blockworm_ledger::OrganisationId;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

const MAX_SOURCES: usize = 8;

/// `[time]`. Without sources a node stamps nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeSettings {
    /// Whether the node answers requests for timestamps with its organisation's key `timestamping`.
    pub authority: bool,
    /// The policy that its tokens name, dotted.
    pub policy: String,
    /// How far its clock may be off, in milliseconds, as its tokens say.
    pub accuracy_ms: u64,
    /// Tokens that may be asked of it within a second.
    pub per_second: u32,
    /// At most one stamp of a ledger in so many seconds.
    pub interval_s: u64,
    /// More drift between an authority's time and the ledger's than this is warned of.
    pub drift_limit_ms: u64,
    /// How long before its end a stamp is renewed, in seconds.
    pub renew_before_s: u64,
    /// The authorities that stamp, the first one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<TimeSourceSettings>,
    /// Until which day a hash function is believed: `sha256 = "2035-12-31"`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hashes: BTreeMap<String, String>,
}

/// One `[[time.sources]]` entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeSourceSettings {
    /// Where it is asked, by `http://` or `https://`.
    pub url: String,
    /// PEM files of the roots that may vouch for it; no other is believed.
    pub roots: Vec<PathBuf>,
    /// How long an answer may take, in milliseconds.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
}

const fn timeout_ms() -> u64 {
    10_000
}

impl Default for TimeSettings {
    fn default() -> Self {
        Self {
            authority: false,
            policy: POLICY.to_owned(),
            accuracy_ms: 1_000,
            per_second: 100,
            interval_s: 600,
            drift_limit_ms: 10_000,
            renew_before_s: 30 * 24 * 60 * 60,
            sources: Vec::new(),
            hashes: BTreeMap::new(),
        }
    }
}

impl TimeSettings {
    /// Of a node in a local consortium: the notary's node is the authority, by which all stamp at
    /// short intervals. Paths count from the node's folder.
    pub(crate) fn local(notary: &OrganisationId, api: SocketAddr, is_notary: bool) -> Self {
        let root = ConsortiumFolder::new("..").certificate_file(notary, AUTHORITY);
        Self {
            authority: is_notary,
            interval_s: 5,
            sources: vec![TimeSourceSettings {
                url: format!("http://{api}/v1/timestamps"),
                roots: vec![root],
                timeout_ms: timeout_ms(),
            }],
            ..Self::default()
        }
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.sources.iter_mut().flat_map(|source| &mut source.roots)
    }

    /// How the node stamps. Roots that cannot be read are told now, not at the first stamp.
    ///
    /// # Errors
    /// Roots that cannot be read, a table of hash functions that breaks its rule.
    pub fn plan(&self) -> Result<StampPlan, TimeError> {
        for path in self.sources.iter().flat_map(|source| &source.roots) {
            read_roots(path)?;
        }
        let source = |source: &TimeSourceSettings| Source {
            url: source.url.clone(),
            roots: source.roots.clone(),
            timeout: Duration::from_millis(source.timeout_ms),
        };
        Ok(StampPlan {
            sources: self.sources.iter().map(source).collect(),
            interval: Duration::from_secs(self.interval_s),
            drift_limit_ms: self.drift_limit_ms,
            renew_before_ms: self.renew_before_s.saturating_mul(1_000),
            hashes: HashAges::read(&self.hashes)?,
        })
    }

    fn check(&self) -> Result<(), TimeError> {
        let broken = |what: String| Err(TimeError::Setting(what));
        if self.interval_s == 0 || self.per_second == 0 || self.accuracy_ms == 0 {
            return broken("interval_s, per_second and accuracy_ms are at least 1".to_owned());
        }
        if self.sources.len() > MAX_SOURCES {
            return broken(format!("there are more than {MAX_SOURCES} sources"));
        }
        for source in &self.sources {
            let url = &source.url;
            let scheme = reqwest::Url::parse(url).map(|url| url.scheme().to_owned());
            if !matches!(scheme.as_deref(), Ok("http" | "https")) {
                return broken(format!("{url:?} is no URL of http or https"));
            }
            if source.roots.is_empty() {
                return broken(format!(
                    "{url} has no pinned root: name its PEM files in `roots`"
                ));
            }
            if !(100..=120_000).contains(&source.timeout_ms) {
                return broken(format!("timeout_ms of {url} is not within 100 to 120000"));
            }
        }
        HashAges::read(&self.hashes).map(|_| ())
    }
}

impl NodeConfigFile {
    /// Checks `[time]`, but for the files that it names.
    pub(super) fn check_time(&self) -> Result<(), ConfigError> {
        Ok(self.time.check()?)
    }

    /// Where the node keeps serial numbers and stamps.
    #[must_use]
    pub fn timestamps(&self) -> PathBuf {
        self.directory.join(TIMESTAMPS)
    }

    /// The built-in authority, where the node serves one.
    #[must_use]
    pub fn authority_plan(&self) -> Option<AuthorityPlan> {
        self.time.authority.then(|| AuthorityPlan {
            folder: ConsortiumFolder::new(self.directory.join("..")),
            organisation: self.organisation.clone(),
            policy: self.time.policy.clone(),
            accuracy_ms: self.time.accuracy_ms,
            per_second: self.time.per_second,
            directory: self.timestamps(),
        })
    }
}
