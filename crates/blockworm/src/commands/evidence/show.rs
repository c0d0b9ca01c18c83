//! A matter for people and programs: what the ledger says, what an organisation holds of it here, and an original in the clear.

use super::{failure, store, store_failure};
use crate::{
    cli::{EvidenceListArgs, EvidenceShowArgs, Target},
    commands::submitter::FolderSubmitter,
    failure::{Failure, Result},
    output::{Format, table, utc},
    remote::Remote,
};
use blockworm_evidence::state::{Act, Matter};
use blockworm_service::network::ConsortiumFolder;
use blockworm_workflows::{
    evidence::{Evidence, Kept, Part, Story, Way, settle},
    receivable::On,
};
use serde::Serialize;
use std::{fmt::Write as _, fs, path::Path, process::ExitCode, time::Duration};

/// About how many matters are listed at once.
const LISTED: usize = 1_000;

/// Somebody who only asks.
struct Reader<'a> {
    ledger: String,
    evidence: Evidence,
    submitter: FolderSubmitter<'a>,
}

impl<'a> Reader<'a> {
    async fn open(target: &Target, folder: &'a ConsortiumFolder) -> Result<Self> {
        let remote = Remote::connect(target).await?;
        Ok(Self {
            ledger: remote.ledger_text(),
            evidence: Evidence::default(),
            submitter: FolderSubmitter::new(folder, Duration::ZERO).on(On::Trade, &remote),
        })
    }

    fn way(&mut self) -> Way<'_, FolderSubmitter<'a>> {
        Way {
            submitter: &mut self.submitter,
            evidence: &self.evidence,
            ledger: &self.ledger,
        }
    }
}

/// A file that is held here.
#[derive(Serialize)]
struct Held {
    part: Part,
    /// Of the entry, the attestation or the act; `null` while the ledger does not have it.
    number: Option<u32>,
    name: String,
    media_type: String,
    sha256: String,
    commitment: String,
    erased: bool,
}

impl From<&Kept> for Held {
    fn from(kept: &Kept) -> Self {
        Self {
            part: kept.part,
            number: kept.number,
            name: kept.name.clone(),
            media_type: kept.media_type.clone(),
            sha256: kept.sha256.to_string(),
            commitment: kept.commitment.to_string(),
            erased: kept.erased,
        }
    }
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    story: Story,
    /// What the organisation holds; absent where none was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<Vec<Held>>,
}

pub(super) async fn show(args: &EvidenceShowArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let mut reader = Reader::open(&args.target, &folder).await?;
    let story = reader.way().story(&args.matter).await.map_err(failure)?;
    let story = story.ok_or_else(|| {
        let what = format!("there is no matter {} on this ledger", args.matter);
        Failure::new("evidence.unknown_matter", what).next("blockworm evidence list")
    })?;
    let mut held = None;
    if let Some(organisation) = &args.org {
        let store = store(&args.target.place.dir, organisation)?;
        settle(&mut reader.way(), &store, &args.matter)
            .await
            .map_err(failure)?;
        if let (Some(number), Some(out)) = (args.original, &args.out) {
            let found = store.find(&reader.ledger, &args.matter, number);
            let kept = found.map_err(|error| store_failure(&error))?;
            let kept = kept.ok_or_else(|| {
                let what = format!("{organisation} holds no original of entry {number} here");
                Failure::new("evidence.not_held_here", what)
                    .next(format!("blockworm evidence show {}", args.matter))
            })?;
            let bytes = store.original(&kept);
            let bytes = bytes.map_err(|error| store_failure(&error))?;
            write(out, &bytes)?;
            let text = format!(
                "{} ({} bytes) is in {}",
                kept.name,
                bytes.len(),
                out.display()
            );
            format.print(&Held::from(&kept), text)?;
            return Ok(ExitCode::SUCCESS);
        }
        let all = store.matter(&reader.ledger, &args.matter);
        let all = all.map_err(|error| store_failure(&error))?;
        held = Some(all.iter().map(Held::from).collect());
    }
    let shown = Shown { story, held };
    format.print(&shown, text(&shown))?;
    Ok(ExitCode::SUCCESS)
}

/// Never over a file that is there.
fn write(out: &Path, bytes: &[u8]) -> Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let opened = fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(out);
    let written = opened.and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| {
        Failure::of("file.unwritable", &error).during(format!("cannot write {}", out.display()))
    })
}

fn text(shown: &Shown) -> String {
    let Story {
        matter,
        entries,
        attestations,
        acts,
    } = &shown.story;
    let mut text = heading(matter);
    let rows: Vec<[String; 7]> = entries
        .iter()
        .map(|entry| {
            [
                entry.number.to_string(),
                entry.phase.clone(),
                entry.kind.clone(),
                entry.size.to_string(),
                entry.by.clone(),
                utc(entry.time_ms.u64()),
                state(entry.erased.is_some(), "original destroyed"),
            ]
        })
        .collect();
    let head = ["ENTRY", "PHASE", "KIND", "BYTES", "BY", "BLOCK TIME", ""];
    let _ = writeln!(text, "\n{}", table(head, &rows));
    if !attestations.is_empty() {
        let rows: Vec<[String; 6]> = attestations
            .iter()
            .map(|said| {
                [
                    said.number.to_string(),
                    said.entry.to_string(),
                    said.statement.clone(),
                    format!("{} ({})", said.by, said.role),
                    utc(said.time_ms.u64()),
                    state(said.withdrawn.is_some(), "withdrawn"),
                ]
            })
            .collect();
        let head = ["ATTESTATION", "ENTRY", "STATEMENT", "BY", "BLOCK TIME", ""];
        let _ = writeln!(text, "\n{}", table(head, &rows));
    }
    if !acts.is_empty() {
        let rows: Vec<[String; 5]> = acts.iter().map(act).collect();
        let head = ["ACT", "WHAT", "ABOUT", "BY", "BLOCK TIME"];
        let _ = writeln!(text, "\n{}", table(head, &rows));
    }
    if let Some(held) = &shown.held {
        let rows: Vec<[String; 4]> = held
            .iter()
            .map(|held| {
                let number = held.number.map(|number| number.to_string());
                let part = match held.part {
                    Part::Original => "entry",
                    Part::Findings => "attestation",
                    Part::Document => "act",
                };
                let number = number.unwrap_or_else(|| "not on the ledger".into());
                let gone = state(held.erased, "destroyed");
                [part.to_owned(), number, held.name.clone(), gone]
            })
            .collect();
        let head = ["HELD HERE", "NUMBER", "FILE", ""];
        let _ = writeln!(text, "\n{}", table(head, &rows));
    }
    text
}

fn heading(matter: &Matter) -> String {
    let mut text = format!("matter    {}\n", matter.id);
    let _ = writeln!(text, "parties   {}", matter.parties.join(", "));
    let _ = writeln!(
        text,
        "opened    {} by {}",
        utc(matter.time_ms.u64()),
        matter.opened_by
    );
    let mut standing = vec![if matter.closed { "closed" } else { "open" }.to_owned()];
    if let Some(act) = matter.hold {
        standing.push(format!("originals kept by the order of act {act}"));
    }
    if let Some(until) = matter.retain_until_ms {
        standing.push(format!("originals kept until {}", utc(until.u64())));
    }
    let _ = writeln!(text, "stands    {}", standing.join("; "));
    let _ = writeln!(text, "head      {}", matter.head);
    text
}

fn state(holds: bool, word: &str) -> String {
    if holds {
        word.to_owned()
    } else {
        String::new()
    }
}

fn act(act: &Act) -> [String; 5] {
    let about = [
        act.entry.map(|number| format!("entry {number}")),
        act.of.map(|number| format!("of {number}")),
        act.outcome.clone(),
        act.until_ms
            .map(|until| format!("until {}", utc(until.u64()))),
    ];
    let about: Vec<String> = about.into_iter().flatten().collect();
    [
        act.number.to_string(),
        act.act.name().to_owned(),
        about.join(", "),
        act.by.clone(),
        utc(act.time_ms.u64()),
    ]
}

pub(super) async fn list(args: &EvidenceListArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let mut reader = Reader::open(&args.target, &folder).await?;
    if args.relations {
        let said = reader.way().relations().await.map_err(failure)?;
        let rows: Vec<[String; 4]> = said
            .iter()
            .map(|said| {
                let (relation, time) = (said.relation.name().to_owned(), utc(said.time_ms.u64()));
                [said.organisation.clone(), relation, said.to.clone(), time]
            })
            .collect();
        let head = ["ORGANISATION", "IS", "TO", "SAID AT"];
        format.print(&said, table(head, &rows))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut all: Vec<Matter> = Vec::new();
    let mut after = args.after.clone();
    let mut more = true;
    while more && all.len() < LISTED {
        let page = reader.way().matters(after).await.map_err(failure)?;
        after = page.last().map(|last| last.id.clone());
        more = after.is_some();
        all.extend(page);
    }
    if let Some(party) = &args.party {
        all.retain(|matter| matter.parties.iter().any(|one| one == party.as_str()));
    }
    let rows: Vec<[String; 5]> = all
        .iter()
        .map(|matter| {
            [
                matter.id.clone(),
                matter.entries.to_string(),
                matter.attestations.to_string(),
                matter.parties.join(", "),
                if matter.closed { "closed" } else { "open" }.to_owned(),
            ]
        })
        .collect();
    let head = ["MATTER", "ENTRIES", "ATTESTATIONS", "PARTIES", ""];
    let mut text = table(head, &rows);
    if let (true, Some(after)) = (more, after) {
        let _ = write!(text, "\nnext  blockworm evidence list --after {after}");
    }
    format.print(&all, text)?;
    Ok(ExitCode::SUCCESS)
}
