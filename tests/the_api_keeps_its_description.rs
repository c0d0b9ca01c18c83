//! A running node answers as its OpenAPI document says: schemathesis asks it, well and badly.
//!
//! `scripts/test` installs the pinned schemathesis and names it in BLOCKWORM_SCHEMATHESIS;
//! BLOCKWORM_LONG=1 asks six times as much.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{Consortium, not_run, path, run};
use std::{fs, process::Command};

/// A cursor is only what a list gave before, a transaction or a question to a key holder what a member signed, a question what a
/// contract understands, a certificate or a request for one what X.509 calls so: a schema cannot say so, and what it allows may rightly be refused there.
/// Of a request for a timestamp it cannot write the media type: openssl asks for it in `checkpoints_are_stamped.rs`.
const UNDESCRIBABLE: &str = r#"
[[operations]]
include-operation-id = [
    "list_ledgers", "list_blocks", "list_block_transactions", "list_organisations", "list_members",
    "list_contracts", "list_proposals", "list_calendars", "list_stamps", "submit_transaction", "submit_batch", "query_contract", "evaluate",
]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "422"]

[[operations]]
include-operation-id = ["enrol", "renew", "take_possession"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "403", "422"]

[[operations]]
include-operation-id = ["stamp"]
enabled = false
"#;

/// What a request of the run may know: things that are there, so that not all answers are 404.
fn settings(consortium: &Consortium, transaction: &str) -> String {
    let ledger = consortium.ledger();
    let member = hex::encode("m/bank/maker");
    format!(
        "[parameters]\n\"path.ledger\" = \"{ledger}\"\n\"path.id\" = \"{transaction}\"\n\
         \"path.contract\" = \"members\"\n\"path.number\" = 1\n\"path.height\" = \"latest\"\n\"path.key\" = \"{member}\"\n\
         \"query.wait_ms\" = 20\n{UNDESCRIBABLE}"
    )
}

/// Runs schemathesis against the API at `url` and gives its words and whether it found nothing.
fn schemathesis(
    consortium: &Consortium,
    url: &str,
    settings: &str,
    more: &[&str],
) -> (bool, String) {
    let program = std::env::var_os("BLOCKWORM_SCHEMATHESIS").unwrap();
    let config = consortium.beside("schemathesis.toml");
    fs::write(&config, settings).unwrap();
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let mut command = Command::new(program);
    command
        .args([
            "--config-file",
            path(&config),
            "run",
            document,
            "--url",
            url,
        ])
        .args([
            "--no-color",
            "--seed",
            "7",
            "--workers",
            "1",
            "--generation-database",
            "none",
        ])
        .args([
            "--continue-on-failure",
            "--request-timeout",
            "10",
            "--warnings",
            "off",
        ])
        // The stream of events never ends by itself, which no run can wait for.
        .args(["--exclude-path-regex", "/events$"])
        .args(more)
        .current_dir(consortium.scratch.path());
    let ran = run(&mut command);
    (ran.code == Some(0), format!("{}{}", ran.stdout, ran.stderr))
}

#[test]
fn schemathesis_finds_no_answer_that_the_document_does_not_have() {
    if std::env::var_os("BLOCKWORM_SCHEMATHESIS").is_none() {
        return not_run("PyPI cannot be reached, or BLOCKWORM_SCHEMATHESIS is not set");
    }
    let consortium = Consortium::planned(1);
    let up = consortium.up(&["--sample"]).json();
    let transaction = up["first_transaction"].as_str().unwrap();
    let url = consortium.record().nodes[0].api_url();
    let long = std::env::var_os("BLOCKWORM_LONG").is_some();
    let examples = if long { "600" } else { "100" };
    let settings = settings(&consortium, transaction);
    let (good, said) = schemathesis(&consortium, &url, &settings, &["--max-examples", examples]);
    assert!(good, "{said}");
    assert!(consortium.pid("platform").is_some(), "the node lives on");
    assert!(dsl::wait(consortium.client("platform").ready()).is_ok());
}
