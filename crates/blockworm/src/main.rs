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

use clap::{Parser as _, error::ErrorKind};
use failure::EXIT_USAGE;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
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
