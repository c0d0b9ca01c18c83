//! `up --sample`: the story of one invoice, financed once, and the proof that it leaves.

use super::{proof, submitter::FolderSubmitter, verify};
use crate::{
    failure::{Failure, Result},
    progress::Progress,
    remote::Remote,
};
use blockworm_ledger::{MemberId, VerificationReport};
use blockworm_service::{
    consortium::{BUYER, REGISTRY, RIVAL, SUPPLIER, TRADE},
    network::ConsortiumFolder,
};
use blockworm_verify::GenesisPin;
use blockworm_workflows::receivable::{
    Cast, Contracts, On, Step, Story, StoryError, story::play_sample,
};
use serde::Serialize;
use std::{fmt, time::Duration};

/// How long one step may take.
const STEP: Duration = Duration::from_secs(30);

/// What the story leaves.
#[derive(Serialize)]
pub struct StoryReport {
    /// The receivable's id.
    pub receivable: String,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// The financing's transaction.
    pub transaction: String,
    /// The refusal of the second financing by the same bank.
    pub second_financing: Refused,
    /// The refusal that another bank got, which sees nothing of the trade.
    pub rival_financing: Refused,
    /// Where the proof of the financing is.
    pub proof_file: String,
    /// What a stranger finds in it.
    pub verification: VerificationReport,
}

/// A refusal by a contract.
#[derive(Serialize)]
pub struct Refused {
    /// Its stable code.
    pub code: String,
    /// Its sentence.
    pub message: String,
}

impl Refused {
    fn of(step: &Step) -> Self {
        Self {
            code: step.code.clone(),
            message: step.message.clone(),
        }
    }
}

/// Plays the story, exports the financing's proof and verifies it as a stranger would.
pub async fn play(
    folder: &ConsortiumFolder,
    [remote, registry]: [&Remote; 2],
    progress: &Progress,
) -> Result<StoryReport> {
    let mut submitter = FolderSubmitter::new(folder, STEP)
        .on(On::Trade, remote)
        .on(On::Registry, registry);
    // The result tells the steps once more; on a terminal they need not stay twice.
    let tell = |step: &Step| progress.doing(line(step));
    let story = play_sample(&mut submitter, &Contracts::default(), &cast()?, tell)
        .await
        .map_err(story_failure)?;
    let financing = step(&story, "finance")?;
    let second = step(&story, "finance_again")?;
    let rival = step(&story, "reserve_again")?;
    progress.doing("waiting until the proof can be made");
    let text = remote.proof(&financing.transaction, STEP).await?;
    let path = folder.root().join("financing.proof.json");
    proof::write(&path, &text)?;
    let genesis = folder
        .genesis(TRADE)
        .map_err(|error| Failure::of("genesis.unusable", &error))?;
    let verification = verify::check(&text, Some(&GenesisPin::of(genesis)))?;
    if verification.outcome.exit_code() != 0 {
        let what = format!("the proof is {}", verification.outcome);
        return Err(Failure::new("proof.broken", what).next(format!(
            "blockworm verify {} and report this",
            path.display()
        )));
    }
    Ok(StoryReport {
        receivable: story.receivable.clone(),
        transaction: financing.transaction.to_string(),
        second_financing: Refused::of(second),
        rival_financing: Refused::of(rival),
        proof_file: path.display().to_string(),
        verification,
        steps: story.steps,
    })
}

fn cast() -> Result<Cast> {
    let member = |text: &str| {
        text.parse::<MemberId>()
            .map_err(|error| Failure::of("member.bad_name", &error))
    };
    Ok(Cast {
        supplier: member(&format!("platform/{SUPPLIER}"))?,
        buyer: member(&format!("platform/{BUYER}"))?,
        financier: member("bank/maker")?,
        checker: member("bank/checker")?,
        second_financier: member("bank/maker-2")?,
        rival: member(&format!("{RIVAL}/maker"))?,
    })
}

fn step<'a>(story: &'a Story, name: &str) -> Result<&'a Step> {
    story.step(name).ok_or_else(|| {
        Failure::new(
            "story.unexpected",
            format!("the story ended without its step `{name}`"),
        )
    })
}

fn story_failure(error: StoryError<Failure>) -> Failure {
    let code = error.code().unwrap_or("story.stopped").to_owned();
    match error {
        StoryError::Submitter(failure) => failure.during("the sample's story"),
        other => Failure::of(code, &other).during("the sample's story"),
    }
}

/// A step in a line.
pub fn line(step: &Step) -> String {
    let outcome = if step.code == "ok" {
        "ok".to_owned()
    } else {
        format!("refused, {}: {}", step.code, step.message)
    };
    let ledger = match step.on {
        On::Trade => TRADE,
        On::Registry => REGISTRY,
    };
    format!(
        "{ledger:<8} block {:>4}  {} {}: {outcome}",
        step.height, step.who, step.sentence
    )
}

impl fmt::Display for StoryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{}", line(step))?;
        }
        writeln!(f, "\nproof of the financing: {}", self.proof_file)?;
        f.write_str(&verify::render(&self.verification))
    }
}
