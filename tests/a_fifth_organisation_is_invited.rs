//! Five organisations in five folders: four found a ledger, invite a fifth, vote it in, and it votes as validator.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::machines::{Machine, Machines, found};
use serde_json::Value;
use std::{fs, time::Instant};

fn read(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn write(path: &str, value: &Value) {
    fs::write(path, value.to_string()).unwrap();
}

/// Votes on a proposal from the voter's own machine, once its node has it.
#[track_caller]
fn vote(machine: &Machine, number: u64) -> Value {
    let question = format!(r#"{{"proposal":{{"number":{number}}}}}"#);
    machine.wait_until("the proposal is there", |machine| {
        !machine.query("proposals", &question).is_null()
    });
    let number = number.to_string();
    machine
        .run(&["proposal", "vote", &number, "--as", &machine.admin()])
        .json()
}

#[test]
fn a_fifth_is_invited_voted_in_and_votes() {
    let table = Machines::new();
    let founders = ["bank", "court", "notary", "platform"].map(|name| table.founder(name, &[name]));
    let all: Vec<&Machine> = founders.iter().collect();
    let digest = found(&table, "trade", &all);
    for founder in &founders {
        founder.start();
    }
    for founder in &founders {
        founder.wait_ready(1);
    }
    let [bank, court, notary, platform] = &founders;
    let begun = Instant::now();
    let invitation = table.file("invitation.json");
    let invited = platform.run(&[
        "org",
        "invite",
        "insurer",
        "--name",
        "Marine Insurer",
        "--role",
        "insurer",
        "--days",
        "1",
        "--as",
        "platform/admin",
        "-o",
        &invitation,
    ]);
    assert_eq!(invited.json()["genesis_digests"][0], digest.as_str());
    // On the fifth machine: the digest was told by telephone.
    let insurer = table.machine("insurer");
    let address = insurer.address.to_string();
    let acceptance = table.file("acceptance.json");
    let accept = |genesis: &str, invitation: &str| {
        insurer.run(&[
            "org",
            "accept",
            invitation,
            "--genesis",
            genesis,
            "--address",
            &address,
            "-o",
            &acceptance,
        ])
    };
    let wrong = accept(&"00".repeat(32), &invitation);
    assert_eq!(wrong.error_code(), "invitation.other_genesis");
    accept(&digest, &invitation).json();

    // Forged: another role than was signed.
    let admit = |invitation: &str, acceptance: &str| {
        platform.run(&[
            "org",
            "admit",
            invitation,
            acceptance,
            "--as",
            "platform/admin",
        ])
    };
    let forged = table.file("forged.json");
    let mut more = read(&invitation);
    more["signed"]["invitation"]["roles"] = serde_json::json!(["bank", "insurer"]);
    write(&forged, &more);
    // (The acceptance answers another invitation then; its signature is looked at first.)
    assert_eq!(
        admit(&forged, &acceptance).error_code(),
        "invitation.forged"
    );
    // Expired: by the clock of the ledger, whatever the file's reader thinks.
    let mut late = read(&invitation);
    late["signed"]["invitation"]["expires_at_ms"] = 1.into();
    write(&forged, &late);
    assert_eq!(accept(&digest, &forged).error_code(), "invitation.expired");
    // The authority was swapped on the acceptance's way.
    let mut swapped = read(&acceptance);
    let root = read(dsl::path(&bank.founder_file()))["founder"]["root"].clone();
    swapped["acceptance"]["root"] = root;
    write(&forged, &swapped);
    let refused = admit(&invitation, &forged);
    assert_eq!(refused.error_code(), "certificate.organisation_mismatch");

    let made = admit(&invitation, &acceptance).json();
    let number = made["proposal"].as_u64().unwrap();
    // Replayed while it is voted on.
    assert_eq!(
        admit(&invitation, &acceptance).error_code(),
        "invitation.used"
    );
    // A voter who was told of another change is stopped before it signs.
    let (text, other) = (number.to_string(), "11".repeat(32));
    let told = [
        "proposal",
        "vote",
        &text,
        "--as",
        "bank/admin",
        "--digest",
        &other,
    ];
    assert_eq!(bank.run(&told).error_code(), "proposal.other_action");
    vote(bank, number);
    vote(court, number);
    let roles = platform.query("organisations", r#"{"organisation":{"id":"insurer"}}"#);
    assert_eq!(roles["roles"], serde_json::json!(["insurer"]));
    assert_eq!(
        admit(&invitation, &acceptance).error_code(),
        "invitation.used"
    );

    // The fifth machine's node starts, catches up, and its own admin asks for its vote.
    let joined = insurer.run(&["org", "join"]).json();
    let number = joined["ledgers"][0]["proposal"].as_u64().unwrap();
    for machine in [bank, court, notary] {
        vote(machine, number);
    }
    insurer.wait_until("the fifth votes", |insurer| {
        let status = insurer.run(&["status"]).json();
        status["nodes"][0]["ledgers"][0]["votes"] == true
    });
    println!(
        "from the invitation to the fifth vote: {} ms",
        begun.elapsed().as_millis()
    );
    let members = platform.query("members", r#"{"list":{"organisation":"insurer"}}"#);
    assert_eq!(
        members.as_array().unwrap().len(),
        2,
        "its admin, and its operator by it"
    );
    let listed = court.run(&["org", "list"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 5);

    // Suspended, it neither acts nor votes; removed, it never comes back.
    let make = |by: &Machine, change: &[&str]| {
        let admin = by.admin();
        let made = by.run(&[&["proposal", "make"], change, &["--as", &admin]].concat());
        made.json()["proposal"].as_u64().unwrap()
    };
    let number = make(bank, &["suspend", "insurer"]);
    for machine in [court, notary, platform] {
        vote(machine, number);
    }
    let number = make(bank, &["policy", "freeze", "court", "notary"]);
    insurer.wait_until("the fifth knows", |insurer| {
        let text = format!(r#"{{"proposal":{{"number":{number}}}}}"#);
        !insurer.query("proposals", &text).is_null()
    });
    let text = number.to_string();
    let refused = insurer.run(&["proposal", "vote", &text, "--as", "insurer/admin"]);
    assert_eq!(refused.error_code(), "organisation.suspended");
    vote(court, number);
    vote(notary, number);
    let policies = platform.query("ledger", r#"{"policies":{}}"#);
    assert_eq!(policies["freeze"], serde_json::json!(["court", "notary"]));
    let number = make(bank, &["remove", "insurer"]);
    vote(court, number);
    vote(notary, number);
    platform.wait_until("four vote again", |platform| {
        let status = platform.run(&["status"]).json();
        status["nodes"][0]["ledgers"][0]["validators"] == 4
    });
    let register = ["member", "register", "bank/after", "--function", "maker"];
    bank.run(&register).json();
}
