//! Nodes are started, stopped and restarted one by one; a rolling restart under load loses nothing that was acknowledged
//! and never takes the quorum away.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{Consortium, load::send_batch, wait};
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const ANSWER: Duration = Duration::from_secs(20);

fn outcomes(report: &Value) -> Vec<(String, String)> {
    let nodes = report["nodes"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    nodes
        .iter()
        .map(|node| (text(&node["organisation"]), text(&node["outcome"])))
        .collect()
}

fn one(organisation: &str, outcome: &str) -> Vec<(String, String)> {
    vec![(organisation.to_owned(), outcome.to_owned())]
}

/// One node goes and comes back; what it wrote to its log is read in order.
fn one_by_one(consortium: &Consortium) {
    let stopped = consortium.run(&["node", "stop", "court"]).json();
    assert_eq!(outcomes(&stopped), one("court", "stopped"));
    assert_eq!(consortium.pid("court"), None);
    let again = consortium.run(&["node", "stop", "court"]).json();
    assert_eq!(outcomes(&again), one("court", "not_running"));
    let health = consortium.run(&["network", "health"]);
    assert_eq!(
        health.code,
        Some(1),
        "a node of the folder is down: {health:?}"
    );
    let started = consortium.run(&["node", "start", "court"]).json();
    assert_eq!(outcomes(&started), one("court", "started"));
    let again = consortium.run(&["node", "start", "court"]).json();
    assert_eq!(outcomes(&again), one("court", "running"));

    let lines = consortium
        .run(&["node", "logs", "court", "--lines", "5000"])
        .json();
    let texts: Vec<&str> = lines
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["text"].as_str().unwrap())
        .collect();
    let find = |what: &str| texts.iter().position(|text| text.contains(what));
    let end = find("SIGTERM: stopping").unwrap_or_else(|| panic!("{texts:#?}"));
    let starts = texts
        .iter()
        .filter(|text| text.contains("starting"))
        .count();
    assert!(starts == 2 && find("starting").unwrap() < end, "{texts:#?}");
    let few = consortium
        .run(&["node", "logs", "court", "--lines", "2"])
        .json();
    assert_eq!(few.as_array().unwrap().len(), 2);
    let errors = consortium
        .run(&["node", "logs", "court", "--level", "error"])
        .json();
    assert_eq!(errors.as_array().unwrap().len(), 0, "{errors}");
    let unknown = consortium.run(&["node", "stop", "tax-office"]);
    assert_eq!(unknown.error_code(), "node.not_found");
}

/// Everything is restarted while transfers go on at whichever node answers.
fn roll_under_load(consortium: &Consortium) {
    let done = Arc::new(AtomicBool::new(false));
    let acknowledged = std::thread::scope(|scope| {
        let flag = done.clone();
        let load = scope.spawn(move || wait(keep_sending(consortium, &flag)));
        let restarted = consortium.run(&["node", "restart", "--all"]);
        done.store(true, Ordering::Relaxed);
        let acknowledged = load.join().unwrap();
        let restarted = outcomes(&restarted.json());
        assert_eq!(restarted.len(), 4);
        assert!(
            restarted.iter().all(|(_, outcome)| outcome == "restarted"),
            "{restarted:?}"
        );
        acknowledged
    });
    assert!(
        acknowledged.len() >= 40,
        "only {} went through",
        acknowledged.len()
    );
    let health = consortium.run(&["network", "health"]).json();
    assert_eq!(health["health"], "ok", "{health:#}");
    wait(async {
        let client = consortium.client("court");
        for id in &acknowledged {
            let receipt = client
                .receipt(&consortium.ledger(), id, ANSWER)
                .await
                .unwrap();
            assert_eq!(receipt.unwrap_or_else(|| panic!("{id} is lost")).code, "ok");
        }
    });
}

async fn keep_sending(consortium: &Consortium, done: &AtomicBool) -> Vec<String> {
    let maker = consortium.signer("bank/maker");
    let money = consortium.money().to_owned();
    let mut acknowledged = Vec::new();
    let organisations = ["platform", "bank", "notary", "court"];
    for organisation in organisations.iter().cycle() {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let client = consortium.client(organisation);
        let to = (money.as_str(), "bank/checker");
        let sent = send_batch(&client, &maker, to, 10, ANSWER).await;
        assert_eq!(sent.refused, Vec::<String>::new());
        acknowledged.extend(sent.ids);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    acknowledged
}

/// Why a node finds that a ledger is not well.
fn reasons(consortium: &Consortium, node: &str, ledger: &str) -> Vec<String> {
    let asked = ["network", "health", "--node", node, "--ledger", ledger];
    let health = consortium.run(&asked).json();
    let reasons = health["nodes"][0]["ledgers"][0]["reasons"].as_array();
    let codes = reasons
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap().to_owned());
    codes.collect()
}

/// With one of four away no second one is taken away.
fn refuse_without_room(consortium: &Consortium) {
    consortium.crash("notary");
    let miss = ["network.no_margin", "network.unreachable"];
    for ledger in ["trade", "registry"] {
        consortium.wait_until("the others miss the notary", || {
            reasons(consortium, "bank", ledger) == miss
        });
    }
    let pid = consortium.pid("bank");
    let refused = consortium.run(&["node", "restart", "bank", "--wait-s", "1"]);
    assert_eq!(refused.error_code(), "node.no_margin");
    assert_eq!(consortium.pid("bank"), pid, "it goes on");
    consortium.run(&["node", "start", "notary"]).json();
    let seen = consortium
        .run(&[
            "network", "topology", "--node", "notary", "--ledger", "registry",
        ])
        .json();
    let ledger = &seen[0]["ledgers"][0];
    assert_eq!(
        (&ledger["validators"], &ledger["quorum"]),
        (&4.into(), &3.into()),
        "{seen:#}"
    );
    let own = ledger["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|node| node["this_node"] == true);
    assert_eq!(own.unwrap()["organisation"], "notary");
}

#[test]
fn nodes_start_stop_and_restart() {
    let consortium = Consortium::start(4);
    consortium.money();
    one_by_one(&consortium);
    roll_under_load(&consortium);
    refuse_without_room(&consortium);
    let stopped = consortium.run(&["node", "stop", "--all"]).json();
    assert_eq!(stopped["nodes"].as_array().unwrap().len(), 4);
}
