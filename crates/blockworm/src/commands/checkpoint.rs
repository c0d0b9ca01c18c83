//! `blockworm checkpoint`: cosigned checkpoints, headers' places in them, and a policy to pin.

use crate::{
    cli::{CheckpointCommand, CheckpointHistoryArgs, CheckpointPolicyArgs, CheckpointShowArgs},
    failure::{Failure, Result},
    output::{Format, table, utc},
    remote::{Remote, client_failure},
};
use blockworm_api::{
    Paging,
    model::{CheckpointView, OrganisationView, TopologyNode},
};
use blockworm_crypto::sha256;
use blockworm_ledger::{
    SignedCheckpoint,
    checkpoint::{Policy, PolicyReport, Verdict, origin},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, process::ExitCode};

/// Pages of organisations that are read: 100 each.
const PAGES: usize = 10;
/// The groups of a written policy; no organisation's slug has a dot.
const GROUPS: [&str; 4] = [
    "validators.quorum",
    "notaries.any",
    "courts.any",
    "evidence.all",
];

/// Runs one of the verbs.
pub async fn run(command: &CheckpointCommand, format: Format) -> Result<ExitCode> {
    match command {
        CheckpointCommand::Show(args) => show(args, format).await,
        CheckpointCommand::History(args) => history(args, format).await,
        CheckpointCommand::Policy(args) => policy(args, format).await,
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| {
        Failure::of("file.unwritable", &error)
            .during(format!("cannot write {}", path.display()))
            .next("choose another file with -o")
    })
}

fn read_policy(path: &Path) -> Result<Policy> {
    let text = fs::read(path).map_err(|error| {
        Failure::of("policy.unreadable", &error).during(format!("cannot read {}", path.display()))
    })?;
    Policy::parse(&text).map_err(|error| {
        Failure::of(error.code(), &error)
            .during(format!("{} is no policy", path.display()))
            .next("docs/formats/checkpoint.md has the grammar; `blockworm checkpoint policy` writes one")
    })
}

/// A note that a node gave; the command judges it itself.
fn parse(view: &CheckpointView) -> Result<SignedCheckpoint> {
    SignedCheckpoint::parse(view.note.as_bytes())
        .map_err(|error| Failure::of(error.code(), &error).during("the node's note is none"))
}

async fn show(args: &CheckpointShowArgs, format: Format) -> Result<ExitCode> {
    let policy = args.policy.as_deref().map(read_policy).transpose()?;
    let remote = Remote::connect(&args.target).await?;
    let ledger = remote.ledger_text();
    let view = remote.client.checkpoint(&ledger, args.covering);
    let view = view.await.map_err(client_failure)?;
    let signed = parse(&view)?;
    if let Some(height) = args.covering.filter(|height| view.size <= *height) {
        let what = format!(
            "no cosigned checkpoint covers block {height} yet; the newest has size {}",
            view.size
        );
        return Err(Failure::new("checkpoint.not_covered", what).next(
            "wait some seconds and ask again; `blockworm status` shows whether the ledger goes on",
        ));
    }
    if let Some(out) = &args.out {
        write(out, &view.note)?;
    }
    let report = policy.map(|policy| policy.evaluate(&signed));
    let rows: Vec<[String; 3]> = view
        .cosigners
        .iter()
        .map(|one| {
            [
                one.organisation.clone(),
                utc(one.time_s.saturating_mul(1000)),
                one.vkey.clone(),
            ]
        })
        .collect();
    let mut text = format!(
        "{}\n{}",
        view.note,
        table(["COSIGNER", "AT (UTC)", "KEY"], &rows)
    );
    let mut answer = json!({ "checkpoint": view });
    if let Some(report) = &report {
        answer["policy"] = report_json(report);
        text.push_str(&report_text(report));
    }
    format.print(&answer, text)?;
    Ok(match report {
        Some(report) if !report.met => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

fn said(verdict: &Verdict) -> (&'static str, Option<String>) {
    match verdict {
        Verdict::Signed { .. } => ("cosigned", None),
        Verdict::Missing => ("missing", None),
        Verdict::Invalid { reason } => ("invalid", Some(reason.clone())),
        Verdict::Unsupported { algorithm } => {
            ("unsupported", Some(format!("algorithm {algorithm:#04x}")))
        }
    }
}

fn report_json(report: &PolicyReport) -> Value {
    let cosigners = report.cosigners.iter().map(|one| {
        let (verdict, reason) = said(&one.verdict);
        json!({ "name": one.name, "verdict": verdict, "reason": reason, "duplicates": one.duplicates })
    });
    let groups = report.groups.iter();
    let groups = groups.map(
        |one| json!({ "name": one.name, "needed": one.needed, "have": one.have, "met": one.met() }),
    );
    let outsiders = report.outsiders.iter();
    let outsiders = outsiders.map(|one| json!({ "name": one.name, "key_id": one.key_id }));
    json!({
        "met": report.met,
        "ledger_matches": report.ledger_matches,
        "cosigners": cosigners.collect::<Vec<_>>(),
        "groups": groups.collect::<Vec<_>>(),
        "outsiders": outsiders.collect::<Vec<_>>(),
    })
}

fn report_text(report: &PolicyReport) -> String {
    let mut text = String::from("\n\n");
    for one in &report.cosigners {
        let (verdict, reason) = said(&one.verdict);
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        let _ = writeln!(text, "{:<24} {verdict}{reason}", one.name);
    }
    for one in &report.groups {
        let met = if one.met() { "met" } else { "not met" };
        let _ = writeln!(
            text,
            "{:<24} {} of {} needed, {met}",
            one.name, one.have, one.needed
        );
    }
    for one in &report.outsiders {
        let _ = writeln!(
            text,
            "{:<24} is not in the policy and counts for nothing",
            one.name
        );
    }
    if !report.ledger_matches {
        text.push_str("the policy is of another ledger\n");
    }
    text.push_str(if report.met {
        "the policy is met"
    } else {
        "the policy is NOT met"
    });
    text
}

async fn history(args: &CheckpointHistoryArgs, format: Format) -> Result<ExitCode> {
    let remote = Remote::connect(&args.target).await?;
    let ledger = remote.ledger_text();
    let view = remote.client.history(&ledger, args.height, args.size);
    let view = view.await.map_err(client_failure)?;
    let text =
        serde_json::to_string_pretty(&view).map_err(|error| Failure::of("output.json", &error))?;
    write(&args.out, &(text + "\n"))?;
    let line = format!(
        "wrote {}: header {} in the tree of {}",
        args.out.display(),
        view.header.height,
        view.inclusion.size
    );
    format.print(
        &json!({ "file": args.out, "height": view.header.height, "size": view.inclusion.size }),
        line,
    )?;
    Ok(ExitCode::SUCCESS)
}

async fn policy(args: &CheckpointPolicyArgs, format: Format) -> Result<ExitCode> {
    let remote = Remote::connect(&args.target).await?;
    let ledger = remote.ledger_text();
    let topology = remote
        .client
        .topology(&ledger)
        .await
        .map_err(client_failure)?;
    let organisations = organisations(&remote).await?;
    let view = remote
        .client
        .checkpoint(&ledger, None)
        .await
        .map_err(client_failure)?;
    let plan = Plan::new(&topology.nodes, &organisations, &view);
    let text = plan.text(&origin(&remote.ledger), &topology.name)?;
    // What is written must be a policy, and the checkpoint that it was made from must meet it.
    let policy =
        Policy::parse(text.as_bytes()).map_err(|error| Failure::of(error.code(), &error))?;
    let met = policy.evaluate(&parse(&view)?).met;
    write(&args.out, &text)?;
    let digest = sha256(&[text.as_bytes()]);
    let mut told = format!("wrote {}\nSHA-256 {digest}\n", args.out.display());
    for one in &plan.missing {
        let _ = writeln!(
            told,
            "{one} has a node and no cosigner that this node has heard: it is not in the policy"
        );
    }
    if !met {
        told.push_str("the newest checkpoint does not meet it\n");
    }
    told.push_str(
        "Compare the digest with what other organisations' nodes write, then pin the file.",
    );
    let answer = json!({
        "file": args.out, "sha256": digest, "missing": plan.missing, "met_by_newest": met,
    });
    format.print(&answer, told)?;
    Ok(ExitCode::SUCCESS)
}

async fn organisations(remote: &Remote) -> Result<Vec<OrganisationView>> {
    let ledger = remote.ledger_text();
    let mut all = Vec::new();
    let mut cursor = None;
    for _ in 0..PAGES {
        let paging = Paging::new(100, cursor);
        let page = remote.client.organisations(&ledger, &paging);
        let page = page.await.map_err(client_failure)?;
        all.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(all)
}

/// A witness of the policy to be.
struct Plan {
    /// Name within the policy, its lines of comment, its key.
    witnesses: Vec<(String, String, String)>,
    /// How many nodes vote, and who of the witnesses does.
    voting: usize,
    votes: Vec<String>,
    notaries: Vec<String>,
    courts: Vec<String>,
    /// Organisations with a node of which no cosigner was heard.
    missing: Vec<String>,
}

impl Plan {
    fn new(
        nodes: &[TopologyNode],
        organisations: &[OrganisationView],
        view: &CheckpointView,
    ) -> Self {
        let mut plan = Self {
            witnesses: Vec::new(),
            voting: nodes.iter().filter(|node| node.role == "votes").count(),
            votes: Vec::new(),
            notaries: Vec::new(),
            courts: Vec::new(),
            missing: Vec::new(),
        };
        // By name, so that every node writes the same file.
        let mut slugs: BTreeMap<&str, bool> = BTreeMap::new();
        for node in nodes {
            let votes = slugs.entry(&node.organisation).or_default();
            *votes |= node.role == "votes";
        }
        for (slug, votes) in slugs {
            let known = organisations.iter().find(|one| one.id == slug);
            let mut keys: Vec<_> = view
                .cosigners
                .iter()
                .filter(|one| one.organisation == slug)
                .collect();
            keys.sort_by(|one, other| one.vkey.cmp(&other.vkey));
            if keys.is_empty() {
                plan.missing.push(slug.to_owned());
            }
            let roles = known.map_or_else(Vec::new, |one| one.roles.clone());
            for (number, key) in (1..).zip(keys) {
                let name = if number == 1 {
                    slug.to_owned()
                } else {
                    format!("{slug}.{number}")
                };
                let who = known.map_or(slug, |one| one.name.as_str());
                let node = if votes {
                    "its node votes"
                } else {
                    "its node watches"
                };
                let comment = format!("# {} ({slug}; {}), {node}", one_line(who), roles.join(", "));
                if votes {
                    plan.votes.push(name.clone());
                }
                let is = |role: &str| roles.iter().any(|one| one == role);
                if is("notary") {
                    plan.notaries.push(name.clone());
                }
                if is("court") {
                    plan.courts.push(name.clone());
                }
                plan.witnesses.push((name, comment, key.vkey.clone()));
            }
        }
        plan
    }

    /// 2f+1 of those who vote, with any notary and any court, as far as there are some.
    fn text(&self, origin: &str, ledger: &str) -> Result<String> {
        let quorum = self.voting - self.voting.saturating_sub(1) / 3;
        if quorum == 0 || self.votes.len() < quorum {
            let what = format!(
                "{quorum} of {} validators must cosign, and this node has heard the cosigners of {} only",
                self.voting,
                self.votes.len()
            );
            return Err(Failure::new("policy.too_few_cosigners", what)
                .next("blockworm certificate issue cosigner --node ORGANISATION, for each that has none; restart its node"));
        }
        let mut text = format!(
            "# Which cosigners of the ledger {} count, and which of them together are enough.\n\
             # Written from what one node knows. It proves nothing until you pin it: compare it,\n\
             # or its SHA-256, with what other organisations' nodes write or what was agreed.\n\
             origin {origin}\n",
            one_line(ledger)
        );
        for (name, comment, key) in &self.witnesses {
            let _ = write!(text, "\n{comment}\nwitness {name} {key}\n");
        }
        let [validators, notaries, courts, evidence] = GROUPS;
        let mut groups = vec![validators];
        let _ = write!(
            text,
            "\n# {quorum} of the {} nodes that vote: more than any third that lies could forge.\ngroup {validators} {quorum} {}\n",
            self.voting,
            self.votes.join(" ")
        );
        for (group, who, members) in [
            (notaries, "notary", &self.notaries),
            (courts, "court", &self.courts),
        ] {
            if members.is_empty() {
                let _ = writeln!(text, "# No {who} with a cosigner is on this ledger.");
            } else {
                let _ = write!(
                    text,
                    "# At least one {who}.\ngroup {group} any {}\n",
                    members.join(" ")
                );
                groups.push(group);
            }
        }
        let _ = write!(
            text,
            "group {evidence} all {}\nquorum {evidence}\n",
            groups.join(" ")
        );
        Ok(text)
    }
}

/// A name in a comment: on one line, without control characters.
fn one_line(text: &str) -> String {
    let spaced = text.replace(|letter: char| letter.is_control(), " ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn node(organisation: &str, role: &str) -> TopologyNode {
        TopologyNode {
            organisation: organisation.into(),
            key: String::new(),
            address: None,
            role: role.into(),
            this_node: false,
            reachable: None,
            heard_ago_ms: None,
            height: None,
            lag_blocks: None,
            lag_ms: None,
        }
    }

    fn organisation(id: &str, role: &str) -> OrganisationView {
        OrganisationView {
            id: id.into(),
            name: format!("The\n{id}"),
            roles: vec![role.into()],
            ca_certificate: String::new(),
            suspended_at: None,
            removed_at: None,
        }
    }

    fn view(cosigners: &[&str]) -> CheckpointView {
        use blockworm_api::model::CosignerView;
        let cosigner = |(seed, name): (u8, &&str)| {
            let key = blockworm_crypto::SecretKey::from_ed25519_seed([seed; 32]).public_key();
            let name = blockworm_ledger::checkpoint::cosigner_name(name);
            CosignerView {
                organisation: name.replace("blockworm/", ""),
                vkey: blockworm_ledger::CosignerKey::new(name.clone(), &key)
                    .unwrap()
                    .to_string(),
                name,
                chain_pem: String::new(),
                time_s: 1,
            }
        };
        CheckpointView {
            note: String::new(),
            size: 1,
            root: String::new(),
            time_ms: 1,
            cosigners: (1..).zip(cosigners).map(cosigner).collect(),
        }
    }

    #[test]
    fn a_policy_asks_for_two_thirds_and_for_any_notary_and_any_court() {
        let nodes = [
            node("platform", "votes"),
            node("bank", "votes"),
            node("notary", "votes"),
            node("court", "watches"),
            node("other-notary", "votes"),
        ];
        let organisations = [
            organisation("bank", "bank"),
            organisation("court", "court"),
            organisation("notary", "notary"),
            organisation("other-notary", "notary"),
        ];
        let plan = Plan::new(
            &nodes,
            &organisations,
            &view(&["court", "notary", "bank", "platform"]),
        );
        assert_eq!(plan.missing, ["other-notary"]);
        let text = plan
            .text("blockworm/96f6679fdf1f26ba8bd38e9d7586aaf9", "a\nb")
            .unwrap();
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let groups: Vec<_> = policy
            .groups
            .iter()
            .map(|one| (one.threshold, one.members.join(" ")))
            .collect();
        let all = "validators.quorum notaries.any courts.any".to_owned();
        assert_eq!(
            groups,
            [
                (3, "bank notary platform".to_owned()),
                (1, "notary".into()),
                (1, "court".into()),
                (3, all)
            ]
        );
        assert!(
            text.contains("# The bank (bank; bank), its node votes\n"),
            "{text}"
        );
        assert!(
            text.contains("# The court (court; court), its node watches\n"),
            "{text}"
        );
        let few = Plan::new(&nodes, &organisations, &view(&["court", "notary"]));
        let refused = few.text("blockworm/00", "a").unwrap_err();
        assert_eq!(refused.code, "policy.too_few_cosigners");
    }
}
