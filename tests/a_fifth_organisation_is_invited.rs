//! Five organisations in five folders: four found a ledger, invite a fifth, vote it in, and it votes as validator.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{
    Ran,
    machines::{Machine, Machines, found},
};
use serde_json::{Value, json};
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

/// Four founders whose nodes run, and what travels between them and the fifth.
struct Scene {
    founders: [Machine; 4],
    insurer: Machine,
    digest: String,
    invitation: String,
    acceptance: String,
    /// For files that were changed on their way.
    forged: String,
    // Dropped last: the folders lie in it.
    _table: Machines,
}

impl Scene {
    fn start() -> Self {
        let table = Machines::new();
        let founders =
            ["bank", "court", "notary", "platform"].map(|name| table.founder(name, &[name]));
        let all: Vec<&Machine> = founders.iter().collect();
        let digest = found(&table, "trade", &all);
        for founder in &founders {
            founder.start();
        }
        for founder in &founders {
            founder.wait_ready(1);
        }
        Self {
            insurer: table.machine("insurer"),
            founders,
            digest,
            invitation: table.file("invitation.json"),
            acceptance: table.file("acceptance.json"),
            forged: table.file("forged.json"),
            _table: table,
        }
    }

    fn invite(&self) {
        let invited = self.founders[3].run(&[
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
            &self.invitation,
        ]);
        let told = &invited.json()["genesis_digests"][0];
        assert_eq!(told, self.digest.as_str());
    }

    /// On the fifth machine.
    fn accept(&self, genesis: &str, invitation: &str) -> Ran {
        let address = self.insurer.address.to_string();
        self.insurer.run(&[
            "org",
            "accept",
            invitation,
            "--genesis",
            genesis,
            "--address",
            &address,
            "-o",
            &self.acceptance,
        ])
    }

    fn admit(&self, invitation: &str, acceptance: &str) -> Ran {
        let platform = &self.founders[3];
        platform.run(&[
            "org",
            "admit",
            invitation,
            acceptance,
            "--as",
            "platform/admin",
        ])
    }

    /// Files that somebody changed on their way.
    fn refuse_forgeries(&self) {
        let mut more = read(&self.invitation);
        more["signed"]["invitation"]["roles"] = json!(["bank", "insurer"]);
        write(&self.forged, &more);
        let refused = self.admit(&self.forged, &self.acceptance);
        assert_eq!(refused.error_code(), "invitation.forged");
        let mut late = read(&self.invitation);
        late["signed"]["invitation"]["expires_at_ms"] = 1.into();
        write(&self.forged, &late);
        let refused = self.accept(&self.digest, &self.forged);
        assert_eq!(refused.error_code(), "invitation.expired");
        // The authority, swapped on the acceptance's way.
        let mut swapped = read(&self.acceptance);
        let bank = dsl::path(&self.founders[0].founder_file()).to_owned();
        swapped["acceptance"]["root"] = read(&bank)["founder"]["root"].clone();
        write(&self.forged, &swapped);
        let refused = self.admit(&self.invitation, &self.forged);
        assert_eq!(refused.error_code(), "certificate.organisation_mismatch");
    }

    /// Proposed at the inviter's, voted for on the others' machines.
    fn vote_in(&self) {
        let [bank, court, _, platform] = &self.founders;
        let made = self.admit(&self.invitation, &self.acceptance).json();
        let number = made["proposal"].as_u64().unwrap();
        let again = || self.admit(&self.invitation, &self.acceptance).error_code();
        assert_eq!(again(), "invitation.used", "while it is voted on");
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
        let insurer = platform.query("organisations", r#"{"organisation":{"id":"insurer"}}"#);
        assert_eq!(insurer["roles"], json!(["insurer"]));
        assert_eq!(again(), "invitation.used", "and for ever");
    }

    /// The fifth's node catches up, and its own admin asks for its vote.
    fn join(&self) {
        let [bank, court, notary, _] = &self.founders;
        let joined = self.insurer.run(&["org", "join"]).json();
        let number = joined["ledgers"][0]["proposal"].as_u64().unwrap();
        // Taken up again, it asks for nothing twice.
        let again = self.insurer.run(&["org", "join"]).json();
        assert_eq!(again["ledgers"][0]["proposal"], number);
        for machine in [bank, court, notary] {
            vote(machine, number);
        }
        self.insurer.wait_until("the fifth votes", |insurer| {
            let status = insurer.run(&["status"]).json();
            status["nodes"][0]["ledgers"][0]["votes"] == true
        });
    }

    /// What an admin proposes on its own machine; the proposal's number.
    fn make(&self, by: &Machine, change: &[&str]) -> u64 {
        let admin = by.admin();
        let made = by.run(&[&["proposal", "make"], change, &["--as", &admin]].concat());
        made.json()["proposal"].as_u64().unwrap()
    }
}

#[test]
fn a_fifth_is_invited_voted_in_and_votes() {
    let scene = Scene::start();
    let begun = Instant::now();
    scene.invite();
    let wrong = scene.accept(&"00".repeat(32), &scene.invitation);
    assert_eq!(wrong.error_code(), "invitation.other_genesis");
    scene.accept(&scene.digest, &scene.invitation).json();
    scene.refuse_forgeries();
    scene.vote_in();
    scene.join();
    println!(
        "from the invitation to the fifth vote: {} ms",
        begun.elapsed().as_millis()
    );
    let [bank, court, notary, platform] = &scene.founders;
    let members = platform.query("members", r#"{"list":{"organisation":"insurer"}}"#);
    let registered = members.as_array().unwrap().len();
    assert_eq!(registered, 2, "its admin, and its operator by it");
    let listed = court.run(&["org", "list"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 5);

    // Suspended, it does not vote; removed, its node does not either, and the others go on.
    let number = scene.make(bank, &["suspend", "insurer"]);
    for machine in [court, notary, platform] {
        vote(machine, number);
    }
    let number = scene.make(bank, &["policy", "freeze", "court", "notary"]);
    let question = format!(r#"{{"proposal":{{"number":{number}}}}}"#);
    scene.insurer.wait_until("the fifth knows", |insurer| {
        !insurer.query("proposals", &question).is_null()
    });
    let text = number.to_string();
    let late = ["proposal", "vote", &text, "--as", "insurer/admin"];
    assert_eq!(
        scene.insurer.run(&late).error_code(),
        "organisation.suspended"
    );
    vote(court, number);
    vote(notary, number);
    let policies = platform.query("ledger", r#"{"policies":{}}"#);
    assert_eq!(policies["freeze"], json!(["court", "notary"]));
    let number = scene.make(bank, &["remove", "insurer"]);
    vote(court, number);
    vote(notary, number);
    platform.wait_until("four vote again", |platform| {
        let status = platform.run(&["status"]).json();
        status["nodes"][0]["ledgers"][0]["validators"] == 4
    });
    let register = ["member", "register", "bank/after", "--function", "maker"];
    bank.run(&register).json();
}
