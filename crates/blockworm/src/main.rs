//! The binary: composition root and command line.

mod bench;
mod builtins;
mod cli;
mod commands;
mod failure;
mod log;
mod output;
mod progress;
mod prompt;
mod remote;
mod signer;

use blockworm_service::network::clock;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, error::ErrorKind};
use failure::EXIT_USAGE;
use std::{path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    let parsed = cli::Cli::command()
        .try_get_matches()
        .and_then(|given| Ok((cli::Cli::from_arg_matches(&given)?, folder_of(&given))));
    let cli = match parsed {
        Ok((cli, folder)) => {
            // The folder of a local consortium may have a clock of its own.
            if let Some(folder) = folder {
                clock::live_by(&folder);
            }
            cli
        }
        Err(error) => {
            let asked = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            // Nothing is left to do when even the terminal is gone.
            let _ = error.print();
            return ExitCode::from(if asked { 0 } else { EXIT_USAGE });
        }
    };
    let format = cli.output;
    match commands::run(cli) {
        Ok(code) => code,
        Err(failure) => {
            failure.print(format);
            ExitCode::from(failure.exit)
        }
    }
}

/// The consortium's folder, which most commands name by `--dir`.
fn folder_of(given: &ArgMatches) -> Option<PathBuf> {
    let mut given = given;
    while let Some((_, deeper)) = given.subcommand() {
        given = deeper;
    }
    let dir = given.try_get_one::<PathBuf>("dir");
    dir.ok().flatten().cloned()
}
