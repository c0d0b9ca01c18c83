//! `blockworm doctor`: looks at everything that can be wrong and says what to do.

use super::{
    summary::{self, NodeSummary},
    timestamp_health,
};
use crate::{cli::Place, failure::Result, output::Format, signer::now_ms};
use blockworm_api::model::LedgerView;
use blockworm_service::{
    hsm::{self, HsmSettings},
    network::{ConsortiumFolder, ConsortiumRecord, LedgerRecord},
    operations::{Finding, Verdict, check_folder},
};
use serde::Serialize;
use std::{collections::BTreeSet, fmt::Write as _, process::ExitCode};

/// Blocks by which a node may lag in the moment of asking.
const LAG_BLOCKS: u64 = 50;
/// How far the newest block may be from this machine's clock on an idle ledger: its heartbeat and
/// some time for the vote.
const QUIET_MS: u64 = 60_000;

#[derive(Serialize)]
struct Report {
    healthy: bool,
    findings: Vec<Finding>,
}

/// Prints what was found; exits with 1 if something does not work.
pub async fn run(place: &Place, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&place.dir);
    let now_ms = now_ms();
    let mut findings = check_folder(&folder, now_ms);
    if let Ok(record) = folder.record() {
        findings.extend(check_tokens(&folder, &record));
        let nodes = summary::nodes(&folder, &record).await;
        let running: Vec<NodeSummary> = nodes
            .into_iter()
            .filter(|node| node.pid.is_some() && node.state != "died")
            .collect();
        findings.extend(running.iter().map(|node| check_answers(node, place)));
        if !running.is_empty() {
            findings.extend(
                record
                    .ledgers
                    .iter()
                    .map(|ledger| check_heights(&running, ledger)),
            );
            findings.push(check_time(&running, now_ms));
            findings.extend(timestamp_health::check(&running).await);
        }
    }
    let healthy = findings
        .iter()
        .all(|finding| finding.verdict != Verdict::Failed);
    let report = Report { healthy, findings };
    format.print(&report, render(&report))?;
    Ok(if healthy {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The security module of each organisation that has one.
fn check_tokens(folder: &ConsortiumFolder, record: &ConsortiumRecord) -> Vec<Finding> {
    let organisations = record.organisations.iter().map(|one| &one.id);
    let with = organisations.filter(|id| hsm::settings_file(folder, id).exists());
    with.map(|id| {
        let check = format!("security module of {id}");
        match HsmSettings::read(folder, id).and_then(|settings| hsm::status(&settings)) {
            Ok(status) => Finding::ok(check, format!("the token {} answers", status.token)),
            Err(error) => {
                Finding::failed(check, format!("{}: {error}", error.code()), error.next())
            }
        }
    })
    .collect()
}

fn check_answers(node: &NodeSummary, place: &Place) -> Finding {
    let check = format!("API of {}", node.organisation);
    let log = place.dir.join(&node.organisation).join("node.log");
    if node.ledgers.is_empty() {
        return Finding::failed(
            check,
            format!("{} does not answer", node.api_url),
            format!("look at {}", log.display()),
        );
    }
    let others = |ledger: &LedgerView| ledger.validators - usize::from(ledger.votes);
    let alone = node
        .ledgers
        .iter()
        .find(|ledger| ledger.connected_peers < others(ledger));
    match alone {
        Some(ledger) => Finding::warning(
            check,
            format!(
                "{} of {} peers connected on {}",
                ledger.connected_peers,
                others(ledger),
                ledger.name
            ),
            "blockworm status: start the nodes that do not run",
        ),
        None => {
            let watched = node.ledgers.iter().filter(|ledger| !ledger.votes);
            let watched: Vec<&str> = watched.map(|ledger| ledger.name.as_str()).collect();
            let how = match watched.as_slice() {
                [] => String::new(),
                names => format!("; it has no vote on {} in this epoch", names.join(" and ")),
            };
            Finding::ok(check, format!("{} answers{how}", node.api_url))
        }
    }
}

fn check_heights(nodes: &[NodeSummary], ledger: &LedgerRecord) -> Finding {
    let check = format!("agreement on {}", ledger.name);
    let ledgers = nodes.iter().filter_map(|node| {
        let view = node.ledgers.iter().find(|view| view.id == ledger.id)?;
        Some((node, view))
    });
    let heights: Vec<(String, u64, String)> = ledgers
        .map(|(node, ledger)| {
            (
                node.organisation.clone(),
                ledger.height,
                ledger.state_root.clone(),
            )
        })
        .collect();
    let highest = heights
        .iter()
        .map(|(_, height, _)| *height)
        .max()
        .unwrap_or(0);
    let lowest = heights
        .iter()
        .map(|(_, height, _)| *height)
        .min()
        .unwrap_or(0);
    let roots: BTreeSet<&str> = heights
        .iter()
        .filter(|(_, height, _)| *height == highest)
        .map(|(.., root)| root.as_str())
        .collect();
    if roots.len() > 1 {
        return Finding::failed(
            check,
            format!("nodes hold different states at height {highest}"),
            "stop them, keep the folders, and report this: it must never happen",
        );
    }
    if highest - lowest > LAG_BLOCKS {
        let (late, ..) = heights
            .iter()
            .min_by_key(|(_, height, _)| *height)
            .map_or(("?", 0, ""), |(name, height, root)| {
                (name.as_str(), *height, root.as_str())
            });
        return Finding::warning(
            check,
            format!("{late} is at height {lowest}, others at {highest}"),
            "wait while it catches up; look again with blockworm status",
        );
    }
    Finding::ok(
        check,
        format!("all at height {highest}, give or take {}", highest - lowest),
    )
}

fn check_time(nodes: &[NodeSummary], now_ms: u64) -> Finding {
    const CHECK: &str = "block time";
    let newest = nodes
        .iter()
        .flat_map(|node| &node.ledgers)
        .map(|ledger| ledger.time_ms)
        .max()
        .unwrap_or(0);
    if newest > now_ms + 5_000 {
        return Finding::failed(
            CHECK,
            format!(
                "the newest block is {} ms ahead of this clock",
                newest - now_ms
            ),
            "set the clock",
        );
    }
    if now_ms.saturating_sub(newest) > QUIET_MS {
        return Finding::warning(
            CHECK,
            format!("the newest block is {} s old", (now_ms - newest) / 1000),
            "blockworm status: are enough nodes running to agree?",
        );
    }
    Finding::ok(
        CHECK,
        format!(
            "the newest block is {} ms old",
            now_ms.saturating_sub(newest)
        ),
    )
}

fn render(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let mark = match finding.verdict {
            Verdict::Ok => "ok    ",
            Verdict::Warning => "warn  ",
            Verdict::Failed => "FAIL  ",
        };
        let _ = writeln!(text, "{mark}{:<26} {}", finding.check, finding.detail);
        if !finding.next.is_empty() {
            let _ = writeln!(text, "      {:<26} next: {}", "", finding.next);
        }
    }
    text
}
