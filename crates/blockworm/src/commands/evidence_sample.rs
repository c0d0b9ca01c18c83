//! `blockworm evidence sample`: a sale from its contract to the court's decision, on a local consortium.

use super::{
    acting::Desk,
    evidence_package::{self, Written},
    submitter::FolderSubmitter,
};
use crate::{
    cli::{EvidenceExportArgs, EvidenceSampleArgs},
    failure::{Failure, Result},
    output::Format,
    progress::Progress,
    signer::now_ms,
};
use blockworm_evidence::{ExecuteMsg, state::RelationKind};
use blockworm_ledger::MemberId;
use blockworm_service::network::ConsortiumFolder;
use blockworm_workflows::{
    evidence::{
        Device, Evidence, EvidenceError, File, Paper, Store, Terms, Way, attest, capture, cite,
        deposit,
    },
    receivable::{On, Submitter as _},
};
use serde::Serialize;
use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

/// How long each step may take.
const STEP: Duration = Duration::from_secs(30);
/// How long to wait for proofs, cosignatures and a timestamp.
const PATIENCE_S: u64 = 30;
const PLATFORM: &str = "platform/operator";
const BANK: &str = "bank/operator";
const NOTARY: &str = "notary/operator";
const COURT: &str = "court/operator";

/// What the parties deposited: by whom, phase, kind, method, name, text.
const FILES: [(&str, &str, &str, &str, &str, &str); 4] = [
    (
        PLATFORM,
        "contract",
        "agreement",
        "upload",
        "买卖合同.txt",
        include_str!("evidence_sample/contract.txt"),
    ),
    (
        PLATFORM,
        "delivery",
        "delivery-note",
        "scan",
        "送货单.txt",
        include_str!("evidence_sample/delivery.txt"),
    ),
    (
        BANK,
        "delivery",
        "receipt",
        "scan",
        "签收单.txt",
        include_str!("evidence_sample/receipt.txt"),
    ),
    (
        PLATFORM,
        "demand",
        "notice",
        "upload",
        "催款函.txt",
        include_str!("evidence_sample/demand.txt"),
    ),
];

/// How a sample went.
#[derive(Serialize)]
pub struct Played {
    matter: String,
    steps: Vec<String>,
    elapsed_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<Written>,
}

/// Plays the sample and exports it.
pub async fn run(args: &EvidenceSampleArgs, format: Format) -> Result<ExitCode> {
    let desk = Desk::open(&args.target).await?;
    let progress = Progress::new();
    let mut played = play(&desk, &args.target.place.dir, &progress).await?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("{}.evidence.zip", played.matter)));
    let export = EvidenceExportArgs {
        matter: Some(played.matter.clone()),
        asset: None,
        out,
        organisation: organisation(PLATFORM)?,
        also: vec![
            organisation(BANK)?,
            organisation(NOTARY)?,
            organisation(COURT)?,
        ],
        sealed_by: Some(organisation(NOTARY)?),
        encrypted: false,
        without_originals: false,
        wait_s: PATIENCE_S,
        target: args.target.clone(),
    };
    let written = evidence_package::write_package(&desk, &export, &progress).await?;
    progress.done();
    let mut text = String::new();
    for step in &played.steps {
        text.push_str(&format!("            {step}\n"));
    }
    text.push_str(&evidence_package::told(&written));
    played.package = Some(written);
    format.print(&played, text)?;
    Ok(ExitCode::SUCCESS)
}

fn organisation(member: &str) -> Result<blockworm_ledger::OrganisationId> {
    Ok(this(member)?.organisation())
}

fn this(member: &str) -> Result<MemberId> {
    member
        .parse()
        .map_err(|_| Failure::new("evidence.sample", format!("`{member}` is no member's id")))
}

/// From the contract to the decision.
pub async fn play(desk: &Desk, dir: &std::path::Path, progress: &Progress) -> Result<Played> {
    let begun = Instant::now();
    let folder = ConsortiumFolder::new(dir);
    let ledger = desk.remote.ledger_text();
    let evidence = Evidence::default();
    // Each run tells its own story.
    let matter = format!("sample-{}", now_ms());
    let mut stage = Stage {
        folder: &folder,
        submitter: FolderSubmitter::new(&folder, STEP).on(On::Trade, &desk.remote),
        evidence: &evidence,
        ledger: &ledger,
        matter: &matter,
        progress,
        steps: Vec::new(),
    };
    stage.open().await?;
    for (by, phase, kind, method, name, text) in FILES {
        stage
            .deposit(by, (phase, kind, method), (name, text))
            .await?;
    }
    stage.attest().await?;
    let dispute = ExecuteMsg::Dispute {
        matter: matter.clone(),
        entry: 4,
        document: String::new(),
    };
    stage
        .cite(
            BANK,
            dispute,
            "异议理由.txt",
            include_str!("evidence_sample/dispute.txt"),
        )
        .await?;
    let decide = ExecuteMsg::Decide {
        matter: matter.clone(),
        dispute: 1,
        outcome: "dismissed".into(),
        document: String::new(),
    };
    stage
        .cite(
            COURT,
            decide,
            "裁定书.txt",
            include_str!("evidence_sample/decision.txt"),
        )
        .await?;
    let steps = stage.steps;
    Ok(Played {
        matter,
        steps,
        elapsed_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        package: None,
    })
}

struct Stage<'a> {
    folder: &'a ConsortiumFolder,
    submitter: FolderSubmitter<'a>,
    evidence: &'a Evidence,
    ledger: &'a str,
    matter: &'a str,
    progress: &'a Progress,
    steps: Vec<String>,
}

impl<'a> Stage<'a> {
    fn way(&mut self) -> Way<'_, FolderSubmitter<'a>> {
        Way {
            submitter: &mut self.submitter,
            evidence: self.evidence,
            ledger: self.ledger,
        }
    }

    fn store(&self, member: &str) -> Result<Store> {
        Store::open(self.folder.root(), &organisation(member)?)
            .map_err(|error| Failure::of(error.code(), &error))
    }

    fn tell(&mut self, step: String) {
        self.progress.doing(&step);
        self.steps.push(step);
    }

    /// The matter, and what the notary and the court say of the parties.
    async fn open(&mut self) -> Result<()> {
        let parties = ["platform".to_owned(), "bank".to_owned()];
        let open = self.evidence.open(&this(PLATFORM)?, self.matter, &parties);
        self.send(open).await?;
        for official in ["notary", "court"] {
            for party in &parties {
                let admin = this(&format!("{official}/admin"))?;
                let declare = self.evidence.declare(&admin, party, RelationKind::None);
                self.send(declare).await?;
            }
        }
        let matter = self.matter.to_owned();
        self.tell(format!("{matter} opened by platform with bank; notary and court declared that they are neither's"));
        Ok(())
    }

    async fn send(
        &mut self,
        request: std::result::Result<
            blockworm_workflows::receivable::Request,
            blockworm_workflows::receivable::steps::StepError,
        >,
    ) -> Result<()> {
        let request = request.map_err(|error| super::acting::step_failure(&error))?;
        let outcome = self.submitter.submit(&request).await?;
        match outcome.code.as_str() {
            "ok" => Ok(()),
            code => Err(Failure::new(code, outcome.message)),
        }
    }

    async fn deposit(
        &mut self,
        by: &str,
        (phase, kind, method): (&str, &str, &str),
        (name, text): (&str, &str),
    ) -> Result<()> {
        let now = now_ms();
        let file = File {
            name: name.to_owned(),
            bytes: text.as_bytes().to_vec(),
            media_type: None,
            modified_ms: Some(now),
        };
        let who = this(by)?;
        let terms = Terms {
            matter: self.matter.to_owned(),
            phase: phase.to_owned(),
            kind: kind.to_owned(),
            method: method.to_owned(),
            captured_ms: now,
            source: None,
            by: who.clone(),
        };
        let device = Device {
            host: "sample".into(),
            program: "blockworm".into(),
            system: std::env::consts::OS.into(),
            version: env!("CARGO_PKG_VERSION").into(),
        };
        let captured =
            capture(file, terms, &device).map_err(|error| Failure::of(error.code(), &error))?;
        let store = self.store(by)?;
        deposit(&mut self.way(), &store, &who, vec![captured], now)
            .await
            .map_err(failure)?;
        self.tell(format!("{name} deposited by {by} as {phase}"));
        Ok(())
    }

    async fn attest(&mut self) -> Result<()> {
        let (who, store) = (this(NOTARY)?, self.store(NOTARY)?);
        let findings = Paper {
            name: "公证意见.txt".into(),
            bytes: include_bytes!("evidence_sample/findings.txt").to_vec(),
        };
        let matter = self.matter;
        let about = (matter, 1, "seen-original");
        attest(
            &mut self.way(),
            &store,
            &who,
            about,
            Some(&findings),
            now_ms(),
        )
        .await
        .map_err(failure)?;
        self.tell("the notary attested that it saw the original of the contract".into());
        Ok(())
    }

    async fn cite(
        &mut self,
        by: &str,
        mut message: ExecuteMsg,
        name: &str,
        text: &str,
    ) -> Result<()> {
        let paper = Paper {
            name: name.to_owned(),
            bytes: text.as_bytes().to_vec(),
        };
        let said = match &mut message {
            ExecuteMsg::Dispute { document, .. } => {
                *document = paper.digest();
                "disputed the demand"
            }
            ExecuteMsg::Decide { document, .. } => {
                *document = paper.digest();
                "dismissed the dispute"
            }
            _ => "acted",
        };
        let (who, store, matter) = (this(by)?, self.store(by)?, self.matter);
        cite(
            &mut self.way(),
            &store,
            &who,
            (matter, &message),
            &paper,
            now_ms(),
        )
        .await
        .map_err(failure)?;
        self.tell(format!("{by} {said}"));
        Ok(())
    }
}

fn failure(error: EvidenceError<Failure>) -> Failure {
    match error {
        EvidenceError::Submitter(failure) => failure,
        other => {
            let code = other.code().unwrap_or("evidence.sample").to_owned();
            Failure::of(code, &other).during("the sample matter")
        }
    }
}
