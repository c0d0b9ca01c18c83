//! `blockworm node rotate-key`: a node gets another consensus key by vote, while its ledgers go on.

mod deciding;

use super::{
    lifecycle::{is_running, locked, no_node, start_one, stop_one},
    voting::{self, Standing},
};
use crate::{
    cli::NodeRotateKeyArgs,
    failure::{Failure, Result},
    output::{Format, table},
    progress::Progress,
    remote::{client_failure, recorded},
};
use blockworm_api::Client;
use blockworm_crypto::PublicKey;
use blockworm_ledger::OrganisationId;
use blockworm_service::{
    consortium::{Own, founding::FounderFile, write_file},
    identity::{IdentityError, NextRoot, NodeRotation},
    network::{
        ConsortiumFolder, ConsortiumRecord, LedgerRecord, NodeConfigFile, NodeRecord, Overrides,
        clock,
    },
};
use deciding::{Asked, Deciding};
use serde::Serialize;
use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

/// How often nodes are asked again.
const POLL: Duration = Duration::from_millis(50);
/// How long a node may take to end.
const STOP: Duration = Duration::from_secs(20);

#[derive(Serialize)]
struct Rotated {
    organisation: String,
    /// `rotated`, or `waiting` for the votes of others.
    outcome: &'static str,
    /// The next key, or the one that votes now.
    key: String,
    ledgers: Vec<Asked>,
    elapsed_ms: u64,
}

/// What the steps have in common.
struct Rotating<'a> {
    folder: &'a ConsortiumFolder,
    record: &'a ConsortiumRecord,
    node: &'a NodeRecord,
    ledgers: Vec<LedgerRecord>,
    patience: Duration,
    progress: &'a Progress,
}

/// Gives a node another consensus key, or goes on where an earlier run ended.
pub async fn rotate_key(args: &NodeRotateKeyArgs, format: Format) -> Result<ExitCode> {
    let begun = Instant::now();
    let (folder, lock) = locked(&args.place)?;
    let record = recorded(&folder)?;
    let organisation = &args.organisation;
    let mut nodes = record.nodes.iter();
    let node = nodes
        .find(|node| node.organisation == *organisation)
        .ok_or_else(|| no_node(&record, organisation.as_str(), &folder))?;
    check_place(&folder, organisation)?;
    let kept = |ledger: &&LedgerRecord| ledger.is_kept_by(organisation);
    let progress = Progress::new();
    let rotating = Rotating {
        folder: &folder,
        record: &record,
        node,
        ledgers: record.ledgers.iter().filter(kept).cloned().collect(),
        patience: Duration::from_secs(args.wait_s),
        progress: &progress,
    };
    let now_ms = clock::now_ms(folder.root());
    let unusable = |error: IdentityError| unusable(&folder, organisation, &error);
    let mut rotation = NodeRotation::begin(&folder, organisation, now_ms).map_err(unusable)?;
    let mut ledgers = Vec::new();
    if let Some(old) = rotation.now {
        ledgers = rotating.ask(args, &rotation, &old).await?;
        if ledgers.iter().any(|asked| asked.in_effect_from.is_none()) {
            progress.done();
            let key = &rotation.next;
            return print(&rotating, key, ledgers, "waiting", begun, format);
        }
        rotating.wait_for_effect(&ledgers).await?;
        progress.doing(format!("stopping the node of {organisation}"));
        stop_one(&folder, node, STOP)?;
    }
    rotation.place().map_err(unusable)?;
    let client = start_one(&folder, &record, node, rotating.patience, &progress).await?;
    rotating.wait_until_voting(&client, &rotation.next).await?;
    rotating.renew_founder_file(now_ms);
    let key = rotation.next;
    rotation.finish().map_err(unusable)?;
    progress.done();
    drop(lock);
    print(&rotating, &key, ledgers, "rotated", begun, format)
}

/// Only a key that lies where the node of this folder reads it can be put in place here, and one
/// change at a time.
fn check_place(folder: &ConsortiumFolder, organisation: &OrganisationId) -> Result<()> {
    let path = folder.node_file(organisation);
    let file = NodeConfigFile::read(&path, Overrides::default()).map_err(|error| {
        Failure::of("config.unusable", &error).next("correct the file, then run it again")
    })?;
    let usual = folder.key_file(organisation, "consensus");
    let same = |path: &std::path::Path| path.canonicalize().ok();
    if same(&file.consensus_key_file) != same(&usual) {
        let what = format!(
            "{} names {} as the consensus key, which is not in the keys folder",
            path.display(),
            file.consensus_key_file.display()
        );
        return Err(Failure::new("node.key_elsewhere", what).next(format!(
            "move it to {} and correct the file",
            usual.display()
        )));
    }
    let waiting = NextRoot::read(folder, organisation)
        .map_err(|error| unusable(folder, organisation, &error))?;
    if waiting.is_some() {
        let what = format!(
            "another root of {organisation} waits in {}: a certificate of the one before would be refused once it is voted in",
            folder.keys(organisation).join("next").display()
        );
        return Err(Failure::new("node.rotation_under_way", what)
            .next(format!("blockworm authority adopt {organisation}")));
    }
    Ok(())
}

fn unusable(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    error: &IdentityError,
) -> Failure {
    let during = format!("the consensus key of {organisation} cannot be replaced");
    Failure::of("node.key_unusable", error)
        .during(during)
        .next(format!(
            "blockworm doctor --dir {}; then the same command again",
            folder.root().display()
        ))
}

impl Rotating<'_> {
    /// What goes to the others before a further ledger is founded names the node's certificate.
    fn renew_founder_file(&self, now_ms: u64) {
        let organisation = &self.node.organisation;
        let Ok(own) = Own::open(self.folder, Some(organisation)) else {
            return;
        };
        let path = own.file("founder");
        if !path.exists() {
            return;
        }
        let written = FounderFile::of(&own, now_ms).and_then(|file| write_file(&path, &file));
        self.progress.say(&match written {
            Ok(()) => format!(
                "written {}: it names the next key, for ledgers founded from now on",
                path.display()
            ),
            Err(error) => format!(
                "{} still names the key before, and no further ledger can be founded with it: {error}",
                path.display()
            ),
        });
    }

    /// Proposes the change on every ledger that has not accepted it, and votes with the keys of the
    /// folder.
    async fn ask(
        &self,
        args: &NodeRotateKeyArgs,
        rotation: &NodeRotation,
        old: &PublicKey,
    ) -> Result<Vec<Asked>> {
        let running = is_running(self.folder, self.node)?;
        if running {
            self.progress.doing(format!(
                "looking whether {} can be spared",
                self.node.organisation
            ));
            voting::wait_for_room(self.node, self.patience).await?;
        }
        let mut asked = Vec::with_capacity(self.ledgers.len());
        for ledger in &self.ledgers {
            let deciding = Deciding::on(self, ledger, (old, rotation)).await?;
            if !running && deciding.decided().await?.is_none() {
                return Err(self.not_running());
            }
            let one = deciding.ask(args).await?;
            if one.pauses && one.in_effect_from.is_some() {
                self.progress.say(&format!(
                    "{} stands still from the end of the epoch until the node is back: of so few validators none can be spared",
                    ledger.name
                ));
            }
            asked.push(one);
        }
        Ok(asked)
    }

    fn not_running(&self) -> Failure {
        let organisation = &self.node.organisation;
        let what = format!("the node of {organisation} does not run");
        let dir = self.folder.root().display();
        Failure::new("node.not_running", what).next(format!(
            "blockworm node start {organisation} --dir {dir}; then the same command again"
        ))
    }

    /// Waits until the next key has the vote on all ledgers: until then the key before votes on.
    async fn wait_for_effect(&self, asked: &[Asked]) -> Result<()> {
        let begun = Instant::now();
        for (ledger, asked) in self.ledgers.iter().zip(asked) {
            let Some(epoch) = asked.in_effect_from else {
                continue;
            };
            self.progress.doing(format!(
                "waiting for the end of the epoch of {}",
                ledger.name
            ));
            let (remote, own) = deciding::someone(self, ledger).await?;
            loop {
                let view = remote.client.ledger(&ledger.id).await;
                let view = view.map_err(client_failure)?;
                // Nobody sends the key before anything once it has no vote; then it misses nothing.
                let cut_off = own && view.validators > 1 && view.connected_peers == 0;
                if view.epoch >= epoch || cut_off {
                    break;
                }
                if begun.elapsed() > self.patience {
                    let what = format!(
                        "the change is not in effect on {}: it stands at block {} in epoch {}, and takes effect with epoch {epoch}",
                        ledger.name, view.height, view.epoch
                    );
                    return Err(Failure::new("node.change_not_in_effect", what).next(
                        "blockworm network health; then the same command again: it goes on from here",
                    ));
                }
                tokio::time::sleep(POLL).await;
            }
        }
        Ok(())
    }

    /// Waits until the node votes with the key wherever it may.
    async fn wait_until_voting(&self, client: &Client, key: &PublicKey) -> Result<()> {
        let organisation = &self.node.organisation;
        self.progress
            .doing(format!("waiting until the node of {organisation} votes"));
        let mut voting = Vec::new();
        for ledger in &self.ledgers {
            if self.has_vote(client, ledger, key).await? {
                voting.push(Standing {
                    ledger: ledger.id.clone(),
                    votes: Some(key.to_string()),
                    reachable: usize::MAX,
                });
            }
        }
        let (folder, record) = (self.folder, self.record);
        voting::wait_until_voting(folder, record, self.node, client, &voting, self.patience).await
    }

    /// Whether the key has a vote on the ledger, once the node has come so far as to know.
    async fn has_vote(
        &self,
        client: &Client,
        ledger: &LedgerRecord,
        key: &PublicKey,
    ) -> Result<bool> {
        let begun = Instant::now();
        loop {
            let seen = client.topology(&ledger.id).await.map_err(client_failure)?;
            let own = seen.nodes.iter().find(|node| node.this_node);
            if own.is_some_and(|own| own.key == key.to_string() && own.role == "votes") {
                return Ok(true);
            }
            let (remote, _) = deciding::someone(self, ledger).await?;
            if !deciding::may_vote(&remote, key).await? {
                return Ok(false);
            }
            if begun.elapsed() > self.patience {
                let what = format!(
                    "the node of {} runs and does not vote with {key} on {}: it stands at block {}",
                    self.node.organisation, ledger.name, seen.height
                );
                return Err(Failure::new("node.not_voting", what).next(
                    "look at its log; blockworm network health; then the same command again",
                ));
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

fn print(
    rotating: &Rotating<'_>,
    key: &PublicKey,
    ledgers: Vec<Asked>,
    outcome: &'static str,
    begun: Instant,
    format: Format,
) -> Result<ExitCode> {
    let organisation = &rotating.node.organisation;
    let rotated = Rotated {
        organisation: organisation.to_string(),
        outcome,
        key: key.to_string(),
        ledgers,
        elapsed_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    let text = match outcome {
        "waiting" => waiting(&rotated, rotating.folder),
        _ => format!(
            "the node of {organisation} votes with {}, after {} ms; the key before is gone",
            rotated.key, rotated.elapsed_ms
        ),
    };
    format.print(&rotated, text)?;
    Ok(ExitCode::SUCCESS)
}

/// What has to happen elsewhere before this can go on.
fn waiting(rotated: &Rotated, folder: &ConsortiumFolder) -> String {
    let rows: Vec<[String; 3]> = rotated
        .ledgers
        .iter()
        .map(|asked| {
            let number = asked.proposal.map(|number| number.to_string());
            [
                asked.name.clone(),
                number.unwrap_or_else(|| "–".to_owned()),
                match asked.in_effect_from {
                    Some(_) => "accepted".to_owned(),
                    None => format!("{} of {}", asked.approvals, asked.needed),
                },
            ]
        })
        .collect();
    let mut text = format!(
        "the next key of the node of {} is {}\n\n{}\n\nthe others, each on its own machine:\n",
        rotated.organisation,
        rotated.key,
        table(["LEDGER", "PROPOSAL", "APPROVALS"], &rows)
    );
    let open = rotated.ledgers.iter();
    for asked in open.filter(|asked| asked.in_effect_from.is_none()) {
        text.push_str(&format!(
            "  blockworm proposal vote {} --as ORG/admin --digest {} --ledger {}\n",
            asked.proposal.unwrap_or_default(),
            asked.digest.as_deref().unwrap_or_default(),
            asked.name
        ));
    }
    text.push_str(&format!(
        "then here again: blockworm node rotate-key {} --dir {}",
        rotated.organisation,
        folder.root().display()
    ));
    text
}
