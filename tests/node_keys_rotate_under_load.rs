//! Nodes' consensus keys are replaced by vote under load, on one machine and across several.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{
    Consortium, blockworm,
    load::send_batch,
    machines::{Machine, Machines, draft_of, found},
    path, wait,
};
use serde_json::{Value, json};
use std::{
    fs,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

const ANSWER: Duration = Duration::from_secs(20);

/// Everything that was sent from the nodes that keep their keys.
async fn keep_sending(consortium: &Consortium, done: &AtomicBool) -> Vec<String> {
    let maker = consortium.signer("bank/maker");
    let money = consortium.money().to_owned();
    let mut acknowledged = Vec::new();
    while !done.load(Ordering::Relaxed) {
        let client = consortium.client("platform");
        let to = (money.as_str(), "bank/checker");
        let sent = send_batch(&client, &maker, to, 3, ANSWER).await;
        assert_eq!(sent.refused, Vec::<String>::new());
        assert_eq!(sent.ids.len(), 3, "all are answered");
        acknowledged.extend(sent.ids);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    acknowledged
}

/// Each ledger's nodes: key, and whether it votes, was dismissed or watches.
fn standing(consortium: &Consortium, ledger: &str, key: &str) -> &'static str {
    let list = consortium.run(&["node", "list", "--ledger", ledger]).json();
    let newest = list["decided"].as_array().unwrap().last().unwrap();
    let has = |list: &Value| {
        let mut all = list.as_array().unwrap().iter();
        all.find(|one| one["key"] == key).cloned()
    };
    match (has(&newest["validators"]), has(&list["nodes"])) {
        (Some(_), _) => "votes",
        (None, Some(row)) if !row["dismissed_at"].is_null() => "dismissed",
        _ => "unknown",
    }
}

fn key_of(consortium: &Consortium, organisation: &str) -> String {
    let client = consortium.client(organisation);
    let seen = wait(async { client.topology(&consortium.ledger()).await.unwrap() });
    let own = seen.nodes.iter().find(|node| node.this_node).unwrap();
    assert_eq!(own.role, "votes");
    own.key.clone()
}

/// The node changes its key; the ledgers and the folder agree about it.
fn rotate(consortium: &Consortium, organisation: &str, before: &str) -> String {
    let id = organisation.parse().unwrap();
    let file = consortium.folder.key_file(&id, "consensus");
    let key_before = fs::read(&file).unwrap();
    let told = consortium.run(&["node", "rotate-key", organisation]).json();
    assert_eq!(told["outcome"], "rotated", "{told:#}");
    let after = key_of(consortium, organisation);
    assert_eq!(told["key"], after.as_str());
    assert_ne!(before, after);
    for ledger in told["ledgers"].as_array().unwrap() {
        let name = ledger["name"].as_str().unwrap();
        assert_eq!(ledger["pauses"], false);
        assert_eq!(standing(consortium, name, before), "dismissed");
        assert_eq!(standing(consortium, name, &after), "votes");
    }
    assert_ne!(fs::read(&file).unwrap(), key_before);
    let home = consortium.folder.keys(&id).join("next");
    let left = fs::read_dir(home).unwrap().count();
    assert_eq!(left, 0, "the key before is gone");
    after
}

/// Begins a change and kills the command, at one moment after the other; what it did so far stays.
fn begin_and_kill(consortium: &Consortium, organisation: &str) {
    for after_ms in [400, 1_500, 4_000] {
        let mut begun = Command::new(env!("CARGO_BIN_EXE_blockworm"))
            .args(["node", "rotate-key", organisation, "--dir"])
            .arg(consortium.folder.root())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(after_ms));
        begun.kill().unwrap();
        begun.wait().unwrap();
    }
}

/// No height is missing. How far two blocks lie apart is printed: a busy machine may stretch it. That no
/// view times out is shown in simulated time (`an_epoch_begins_without_a_pause` of the node).
async fn blocks_follow_each_other(consortium: &Consortium, from: u64) {
    let (client, ledger) = (consortium.client("platform"), consortium.ledger());
    let last = client.ledger(&ledger).await.unwrap().height;
    assert!(last > from + 20, "{from} to {last}");
    let mut before = None;
    let mut widest = 0;
    for height in from..=last {
        let header = client.header(&ledger, Some(height)).await.unwrap();
        assert_eq!(header.height, height);
        if let Some(before) = before.replace(header.time_ms) {
            widest = widest.max(header.time_ms - before);
        }
    }
    eprintln!("at most {widest} ms between two blocks, {from} to {last}");
}

/// Nothing is asked of whoever is away: everybody is heard on every ledger.
fn everybody_is_heard(consortium: &Consortium, organisation: &str) {
    consortium.wait_until("the node hears everybody", || {
        let client = consortium.client(organisation);
        let record = consortium.record();
        let own = |id: &String| {
            record
                .ledgers
                .iter()
                .any(|ledger| ledger.id == *id && ledger.is_kept_by(&organisation.parse().unwrap()))
        };
        wait(async {
            for ledger in record.ledgers.iter().filter(|one| own(&one.id)) {
                match client.topology(&ledger.id).await {
                    Ok(seen) if seen.reachable == seen.validators => {}
                    _ => return false,
                }
            }
            true
        })
    });
}

#[test]
fn node_keys_change_under_load() {
    let consortium = Consortium::start(4);
    consortium.money();
    let (client, ledger) = (consortium.client("platform"), consortium.ledger());
    let from = wait(async { client.ledger(&ledger).await.unwrap().height });
    let done = AtomicBool::new(false);
    let (sent, keys) = std::thread::scope(|scope| {
        let load = scope.spawn(|| wait(keep_sending(&consortium, &done)));
        let bank = rotate(&consortium, "bank", &key_of(&consortium, "bank"));
        let before = key_of(&consortium, "notary");
        begin_and_kill(&consortium, "notary");
        let keys = [bank, rotate(&consortium, "notary", &before)];
        done.store(true, Ordering::Relaxed);
        (load.join().unwrap(), keys)
    });
    assert!(sent.len() > 30, "only {}", sent.len());
    wait(async {
        blocks_follow_each_other(&consortium, from).await;
        for id in &sent {
            let receipt = consortium
                .client("court")
                .receipt(&ledger, id, ANSWER)
                .await;
            assert_eq!(receipt.unwrap().unwrap().code, "ok");
        }
    });

    // Its node.toml names the keys before, and it finds everybody nevertheless.
    consortium.run(&["node", "restart", "court"]).json();
    everybody_is_heard(&consortium, "court");
    // So does one that had changed its own key.
    consortium.run(&["node", "restart", "bank"]).json();
    everybody_is_heard(&consortium, "bank");
    assert_eq!(key_of(&consortium, "bank"), keys[0]);

    // The genesis is all that one has to know for a proof of what the next keys signed.
    let money = consortium.money().to_owned();
    let maker = consortium.signer("bank/maker");
    let to = (money.as_str(), "bank/checker");
    let sent = wait(send_batch(
        &consortium.client("court"),
        &maker,
        to,
        1,
        ANSWER,
    ));
    let proof = consortium.beside("proof.json");
    let genesis = consortium.folder.genesis_file("trade");
    let export = ["proof", "export", &sent.ids[0], "-o", path(&proof)];
    assert_eq!(consortium.run(&export).code, Some(0));
    let verified = blockworm(&["verify", path(&proof), "--genesis", path(&genesis)]);
    assert_eq!(verified.code, Some(0), "{verified:#?}");
    a_run_that_was_killed_is_repeated(&consortium, &keys[1]);
}

/// Killed after the next key was put in place and before the node ran: the same key goes on.
fn a_run_that_was_killed_is_repeated(consortium: &Consortium, key: &str) {
    let notary = "notary".parse().unwrap();
    consortium.run(&["node", "stop", "notary"]).json();
    let certificate = consortium.folder.certificate_file(&notary, "node");
    let waiting = consortium.folder.keys(&notary).join("next/node.cert.pem");
    fs::copy(certificate, &waiting).unwrap();
    let told = consortium.run(&["node", "rotate-key", "notary"]).json();
    assert_eq!(
        (&told["outcome"], &told["key"]),
        (&json!("rotated"), &json!(key))
    );
    assert_eq!(key_of(consortium, "notary"), key);
    assert!(!waiting.exists());

    let no_node = consortium.run(&["node", "rotate-key", "tax-office"]);
    assert_eq!(no_node.error_code(), "node.not_found");
    consortium
        .run(&["authority", "root", "bank", "--ledger", "trade"])
        .json();
    let two = consortium.run(&["node", "rotate-key", "bank"]);
    assert_eq!(two.error_code(), "node.rotation_under_way");
}

fn vote(machine: &Machine, told: &Value, more: &[&str]) {
    let asked = &told["ledgers"][0];
    let number = asked["proposal"].to_string();
    let digest = asked["digest"].as_str().unwrap();
    let admin = machine.admin();
    let args = [
        "proposal", "vote", &number, "--as", &admin, "--digest", digest,
    ];
    machine.run(&[&args[..], more].concat()).json();
}

/// No other key lies in the node's folder: it asks, the others vote on their own machines, it goes on.
#[test]
fn others_vote_for_a_nodes_next_key_on_their_own_machines() {
    let table = Machines::new();
    let roles = [
        ("bank", "bank"),
        ("court", "court"),
        ("notary", "notary"),
        ("platform", "platform"),
    ];
    let machines = roles.map(|(organisation, role)| table.founder(organisation, &[role]));
    found(&table, "trade", &machines.each_ref());
    machines.iter().for_each(Machine::start);
    machines.iter().for_each(|machine| machine.wait_ready(1));
    let [bank, court, notary, platform] = &machines;
    let rotate = ["node", "rotate-key", "bank"];
    let again = ["node", "rotate-key", "bank", "--again"];

    let asked = bank.run(&rotate).json();
    assert_eq!(asked["outcome"], "waiting");
    assert_eq!(asked["ledgers"][0]["approvals"], 1);
    vote(court, &asked, &["--reject"]);
    vote(notary, &asked, &["--reject"]);
    // The others' nodes took the votes; the bank's own hears of them with the next block.
    bank.wait_until("the bank hears that its key was refused", |bank| {
        let ran = bank.run(&rotate);
        ran.code != Some(0) && ran.error_code() == "proposal.rejected"
    });
    let second = bank.run(&again).json();
    assert_eq!(second["key"], asked["key"], "the same key waits");
    assert_ne!(
        second["ledgers"][0]["proposal"],
        asked["ledgers"][0]["proposal"]
    );
    vote(court, &second, &[]);
    vote(platform, &second, &[]);

    // The change takes effect while the node is down; with the key before it hears nobody then.
    bank.run(&["node", "stop", "bank"]).json();
    assert_eq!(bank.run(&rotate).error_code(), "node.not_running");
    bank.run(&["node", "start", "bank"]).json();
    let done = bank.run(&rotate).json();
    assert_eq!(
        (&done["outcome"], &done["key"]),
        (&json!("rotated"), &asked["key"])
    );
    let key = asked["key"].as_str().unwrap();
    // The bank founds further ledgers with it.
    let draft = table.file("second.draft.json");
    draft_of("second", &[bank, court], &draft, &[]).json();
    assert!(fs::read_to_string(&draft).unwrap().contains(key));
    court.wait_until("the court hears the next key", |court| {
        let seen = court.run(&["network", "topology"]).json().to_string();
        seen.contains(key)
    });
    court.restart();
    court.wait_ready(1);
    court.wait_until("the court hears everybody after a restart", |court| {
        court.run(&["network", "health"]).code == Some(0)
    });
}
