//! How well a ledger is doing, judged from what one of its nodes sees, with a reason for every doubt.

use crate::operations::LEAST_FREE_BYTES;
use blockworm_node::{NodeRole, NodeSeen, Topology};
use rustix::fs::statvfs;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A validator that is further behind than this, in blocks and in block time, lags.
pub const LAG_BLOCKS: u64 = 50;
/// See [`LAG_BLOCKS`].
pub const LAG_MS: u64 = 10_000;
/// A block that is further ahead of this clock would be held back: docs/formats/block.md.
pub const CLOCK_MS: u64 = 500;
/// An idle ledger makes a block each heartbeat; after so many without any it stands still.
const HEARTBEATS: u64 = 5;
/// But no sooner than this.
const STILL_MS: u64 = 15_000;

/// How well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Nothing to do.
    Ok,
    /// It works, and one thing more would stop it, or one part does not.
    Degraded,
    /// It does not work.
    Failed,
}

impl Health {
    /// As it stands in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        }
    }
}

/// Why it is not well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// How bad this alone is.
    pub health: Health,
    /// `network.<snake_case>`.
    pub code: &'static str,
    /// What was seen.
    pub detail: String,
    /// What to do.
    pub next: String,
}

fn reason(health: Health, code: &'static str, detail: String, next: &str) -> Reason {
    Reason {
        health,
        code,
        detail,
        next: next.to_owned(),
    }
}

/// The worst of the reasons.
#[must_use]
pub fn worst(reasons: &[Reason]) -> Health {
    let found = reasons.iter().map(|reason| reason.health).max();
    found.unwrap_or(Health::Ok)
}

/// Free bytes where a node keeps its ledgers; none where the system does not say.
#[must_use]
pub fn free_bytes(directory: &Path) -> Option<u64> {
    let disk = statvfs(directory).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Judges a ledger by what a node sees of it and how much room its disk has.
#[must_use]
pub fn judge(seen: &Topology, free_bytes: Option<u64>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    reasons.extend(judge_quorum(seen));
    reasons.extend(seen.nodes.iter().filter_map(judge_validator));
    if seen.catching_up {
        let detail = format!("this node is at block {} of {}", seen.height, seen.tip);
        let next = "wait; `blockworm network health` says when it has caught up";
        reasons.push(reason(
            Health::Degraded,
            "network.catching_up",
            detail,
            next,
        ));
    }
    reasons.extend(judge_clock(seen));
    if let Some(free) = free_bytes.filter(|free| *free < LEAST_FREE_BYTES) {
        let detail = format!(
            "{} MiB are free where this node keeps its ledgers",
            free >> 20
        );
        let next = "free space: a node stops when its disk is full";
        reasons.push(reason(Health::Degraded, "network.disk_low", detail, next));
    }
    reasons
}

fn judge_quorum(seen: &Topology) -> Option<Reason> {
    let (validators, there) = (seen.validators(), seen.reachable);
    let heard = format!(
        "{there} of {validators} validators are there, and {} must vote for a block",
        seen.quorum
    );
    if seen.margin() < 0 {
        let next = "bring validators back: blockworm node start on their hosts, then look at the network between them";
        let detail = format!("{heard}: the ledger stands still");
        return Some(reason(Health::Failed, "network.no_quorum", detail, next));
    }
    let away = there < validators;
    if seen.margin() == 0 && away {
        let next = "bring back the validator that is away before another one goes";
        let detail = format!("{heard}: the next that goes away stops the ledger");
        return Some(reason(Health::Degraded, "network.no_margin", detail, next));
    }
    let age_ms = seen.now_ms.saturating_sub(seen.time_ms);
    let patience_ms = (HEARTBEATS * seen.heartbeat_ms).max(STILL_MS);
    if seen.height > 0 && age_ms > patience_ms {
        let detail = format!(
            "{heard}, but the newest block is {} s old by this node's clock",
            age_ms / 1000
        );
        let next = "compare this host's clock with the others'; if it is right, look at the logs of the validators";
        return Some(reason(
            Health::Failed,
            "network.standing_still",
            detail,
            next,
        ));
    }
    None
}

fn judge_validator(node: &NodeSeen) -> Option<Reason> {
    if node.role != NodeRole::Votes || node.this_node {
        return None;
    }
    let who = &node.organisation;
    if node.reachable == Some(false) {
        let since = node.heard_ago_ms.map_or_else(
            || "since this node started".to_owned(),
            |ago_ms| format!("for {} s", ago_ms / 1000),
        );
        let detail = format!("the validator of {who} was not heard {since}");
        let next = "ask its operator; look at the network to it (address in node.toml)";
        return Some(reason(
            Health::Degraded,
            "network.unreachable",
            detail,
            next,
        ));
    }
    let blocks = node.lag_blocks.unwrap_or(0);
    let ms = node.lag_ms.unwrap_or(0);
    if blocks > LAG_BLOCKS && ms > LAG_MS {
        let detail = format!(
            "the validator of {who} is {blocks} blocks behind ({} s)",
            ms / 1000
        );
        let next = "it catches up by itself; if it does not, look at its disk, processor and log";
        return Some(reason(
            Health::Degraded,
            "network.validator_lags",
            detail,
            next,
        ));
    }
    None
}

fn judge_clock(seen: &Topology) -> Option<Reason> {
    let ahead_ms = seen.time_ms.saturating_sub(seen.now_ms);
    (ahead_ms > CLOCK_MS).then(|| {
        let detail = format!("the newest block is {ahead_ms} ms ahead of this node's clock");
        let next =
            "set this host's clock (NTP): a node holds back votes for blocks ahead of its clock";
        reason(Health::Degraded, "network.clock_drift", detail, next)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use blockworm_crypto::SecretKey;
    use blockworm_ledger::LedgerId;

    const NOW_MS: u64 = 1_790_000_000_000;

    /// Validators that were heard, one that was not for each `false`; the first is this node.
    fn seen(heard: &[bool]) -> Topology {
        let nodes = heard.iter().enumerate().map(|(number, heard)| NodeSeen {
            organisation: format!("o{number}").parse().unwrap(),
            key: SecretKey::from_ed25519_seed([u8::try_from(number).unwrap(); 32]).public_key(),
            address: None,
            role: NodeRole::Votes,
            this_node: number == 0,
            reachable: Some(*heard),
            heard_ago_ms: Some(60_000),
            height: Some(100),
            lag_blocks: Some(0),
            lag_ms: Some(0),
        });
        let tolerated = (heard.len() - 1) / 3;
        Topology {
            ledger: LedgerId([7; 16]),
            name: "trade".into(),
            now_ms: NOW_MS,
            height: 100,
            tip: 100,
            time_ms: NOW_MS - 1_000,
            heartbeat_ms: 2_000,
            catching_up: false,
            tolerated,
            quorum: heard.len() - tolerated,
            reachable: heard.iter().filter(|heard| **heard).count(),
            nodes: nodes.collect(),
        }
    }

    fn codes(seen: &Topology, free: u64) -> (Health, Vec<&'static str>) {
        let reasons = judge(seen, Some(free));
        assert!(reasons.iter().all(|reason| !reason.next.is_empty()));
        let codes = reasons.iter().map(|reason| reason.code).collect();
        (worst(&reasons), codes)
    }

    #[test]
    fn a_ledger_is_degraded_without_margin_and_failed_without_quorum() {
        let plenty = u64::MAX;
        assert_eq!(codes(&seen(&[true; 4]), plenty), (Health::Ok, vec![]));
        assert_eq!(codes(&seen(&[true]), plenty), (Health::Ok, vec![]));
        assert_eq!(
            codes(&seen(&[true, true, true, false]), plenty),
            (
                Health::Degraded,
                vec!["network.no_margin", "network.unreachable"]
            )
        );
        let seven = [true, true, true, true, true, true, false];
        assert_eq!(
            codes(&seen(&seven), plenty),
            (Health::Degraded, vec!["network.unreachable"]),
            "five of six suffice"
        );
        let (health, found) = codes(&seen(&[true, true, true, false, false]), plenty);
        assert_eq!((health, found[0]), (Health::Failed, "network.no_quorum"));
    }

    #[test]
    fn lag_clock_disk_and_stillness_are_told_apart() {
        let mut late = seen(&[true; 4]);
        late.nodes[2].lag_blocks = Some(LAG_BLOCKS + 1);
        assert_eq!(
            codes(&late, u64::MAX).1,
            Vec::<&str>::new(),
            "blocks alone may be a burst"
        );
        late.nodes[2].lag_ms = Some(LAG_MS + 1);
        assert_eq!(codes(&late, u64::MAX).1, ["network.validator_lags"]);
        let mut ahead = seen(&[true; 4]);
        ahead.time_ms = NOW_MS + CLOCK_MS + 1;
        assert_eq!(codes(&ahead, u64::MAX).1, ["network.clock_drift"]);
        assert_eq!(codes(&seen(&[true; 4]), 5 << 20).1, ["network.disk_low"]);
        let mut still = seen(&[true; 4]);
        still.time_ms = NOW_MS - STILL_MS - 1;
        assert_eq!(
            codes(&still, u64::MAX),
            (Health::Failed, vec!["network.standing_still"])
        );
        let mut behind = seen(&[true; 4]);
        behind.catching_up = true;
        assert_eq!(codes(&behind, u64::MAX).1, ["network.catching_up"]);
    }
}
