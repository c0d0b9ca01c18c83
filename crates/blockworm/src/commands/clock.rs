//! `blockworm clock`: the clock of a local consortium, moved to rehearse what time will bring.

use crate::{
    cli::{ClockCommand, ClockMoveArgs, Place},
    failure::{Failure, Result},
    output::Format,
};
use blockworm_service::network::{
    ConsortiumFolder,
    clock::{self, ClockError},
};
use serde_json::json;
use std::process::ExitCode;

const HOUR_MS: u64 = 60 * 60 * 1000;

/// Runs one of the two.
pub fn run(command: &ClockCommand, format: Format) -> Result<ExitCode> {
    match command {
        ClockCommand::Move(args) => advance(args, format),
        ClockCommand::Show(place) => show(place, format),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn advance(args: &ClockMoveArgs, format: Format) -> Result<()> {
    let folder = ConsortiumFolder::new(&args.place.dir);
    let _lock = folder
        .lock()
        .map_err(|error| crate::remote::folder_failure(&folder, &error))?;
    let pace = args.hours_per_minute * 60;
    let ahead_ms = args.for_hours * HOUR_MS;
    let until_ms =
        clock::advance(&folder, pace, ahead_ms).map_err(|error| failure(&folder, &error))?;
    let takes_s = ahead_ms.div_ceil(pace - 1).div_ceil(1000);
    let text = format!(
        "the clock of {} gains {} h in {takes_s} s; its nodes and commands live by it",
        folder.root().display(),
        args.for_hours
    );
    format.print(&json!({ "until_real_ms": until_ms, "pace": pace }), text)
}

fn failure(folder: &ConsortiumFolder, error: &ClockError) -> Failure {
    let (code, next) = match error {
        ClockError::NotLocal { .. } => (
            "clock.not_local",
            "rehearse on a local consortium: blockworm up --dir ELSEWHERE --certificate-hours 1",
        ),
        ClockError::Pace { .. } => ("clock.pace", "give another --hours-per-minute"),
        ClockError::Moving { .. } => ("clock.moving", "wait until this move has ended"),
        ClockError::Folder(inner) => return crate::remote::folder_failure(folder, inner),
    };
    Failure::of(code, error).next(next)
}

fn show(place: &Place, format: Format) -> Result<()> {
    let clock = clock::read(&place.dir);
    let now_ms = clock::now_ms(&place.dir);
    let ahead_ms = now_ms.saturating_sub(clock::machine_ms());
    let text = format!(
        "{} s ahead of the machine's clock{}",
        ahead_ms / 1000,
        if clock::is_moving(&place.dir) {
            ", and being moved"
        } else {
            ""
        }
    );
    let value = json!({ "now_ms": now_ms, "ahead_ms": ahead_ms, "clock": clock });
    format.print(&value, text)
}
