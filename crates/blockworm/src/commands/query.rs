//! `blockworm query`: asks a contract.

use crate::{
    cli::QueryArgs,
    failure::{Failure, Result},
    output::Format,
    remote::Remote,
};
use serde_json::Value;
use std::{fs, process::ExitCode};

/// Asks and prints the answer; it is JSON in either format.
pub async fn run(args: &QueryArgs, format: Format) -> Result<ExitCode> {
    let message = message_text(&args.message)?;
    let message: Value = serde_json::from_str(&message).map_err(|error| bad_message(&error))?;
    let remote = Remote::connect(&args.target).await?;
    let answer = remote.query(args.contract.as_str(), &message).await?;
    let text = serde_json::to_string_pretty(&answer)
        .map_err(|error| Failure::of("output.json", &error))?;
    format.print(&answer, text)?;
    Ok(ExitCode::SUCCESS)
}

/// A message given as JSON or as `@FILE`.
pub fn message_text(argument: &str) -> Result<String> {
    match argument.strip_prefix('@') {
        None => Ok(argument.to_owned()),
        Some(path) => fs::read_to_string(path).map_err(|error| {
            Failure::of("message.unreadable", &error)
                .during(format!("cannot read {path}"))
                .next("give JSON, or @ and the path of a file that holds it")
        }),
    }
}

/// The message is not JSON.
pub fn bad_message(error: &serde_json::Error) -> Failure {
    Failure::of("message.malformed", error)
        .during("the message is not JSON")
        .next(r#"a message looks like {"balance":{"account":"bank/maker","currency":"CNY"}}"#)
}
