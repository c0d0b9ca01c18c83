//! A node that was down while the others went on: its console says how far it is, and every page answers.
#![allow(clippy::unwrap_used)]

mod dsl;

use blockworm_api::{Client, model::LedgerView};
use dsl::{Consortium, load, wait};
use std::{thread, time::Duration};

const OTHERS: [&str; 3] = ["bank", "notary", "platform"];
/// Blocks that the node misses: far more than those that may lag on a node that keeps up.
const MISSED: u64 = 60;
const NOTICE: &str = "This node is catching up.";
const WAIT: Duration = Duration::from_secs(30);

/// A page of a node's console, with its status.
async fn page(url: &str) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Commits single transactions on one node, so that there are many blocks; gives the last one's id.
async fn go_on(consortium: &Consortium) -> String {
    let (client, ledger) = (consortium.client("platform"), consortium.ledger());
    let signer = consortium.signer("bank/maker");
    let begun = consortium.height("platform").await.unwrap();
    loop {
        let transaction = signer.sign(
            load::ASSETS,
            &load::transfer(consortium.money(), "bank/checker", 1),
        );
        let done = client.submit(&ledger, &transaction, WAIT).await.unwrap();
        let receipt = done.receipt.unwrap();
        assert_eq!(receipt.code, "ok");
        if receipt.height >= begun + MISSED {
            return done.id;
        }
    }
}

/// Waits until the node knows that it is far behind, and gives what it knows.
async fn until_it_knows(court: &Client, ledger: &str) -> LedgerView {
    loop {
        match court.ledger(ledger).await {
            Ok(view) if view.catching_up => return view,
            _ => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
}

/// What the console shows while the others hold still, so that the node stays behind.
async fn look_around(court: &str, ledger: &str, missed: &str) {
    let at = format!("{court}/ledgers/{ledger}");
    for path in ["", "/blocks", "/blocks/1", "/receivables"] {
        let (status, text) = page(&format!("{at}{path}")).await;
        assert_eq!(status, 200, "{path}: {text}");
        assert!(text.contains(NOTICE), "{path}: {text}");
    }
    // What it has not stored yet is not there, and no failure.
    for path in [
        format!("/transactions/{missed}"),
        "/blocks/1000000".to_owned(),
    ] {
        let (status, text) = page(&format!("{at}{path}")).await;
        assert_eq!(status, 404, "{path}: {text}");
        assert!(text.contains(NOTICE), "{path}: {text}");
    }
}

#[test]
fn the_console_of_a_node_that_is_behind_says_so() {
    let consortium = Consortium::start(4);
    let (court, ledger) = (consortium.client("court"), consortium.ledger());
    let nodes = consortium.record().nodes;
    let url = nodes
        .iter()
        .find(|one| one.organisation.as_str() == "court");
    let url = url.unwrap().api_url();
    consortium.crash("court");
    let missed = wait(go_on(&consortium));
    thread::scope(|scope| {
        let up = scope.spawn(|| consortium.up(&[]));
        let seen = wait(until_it_knows(&court, &ledger));
        // Nobody sends it another block now: it stays where it is for as long as one looks.
        consortium.pause(&OTHERS);
        assert!(seen.tip > seen.height + MISSED / 2, "{seen:?}");
        wait(look_around(&url, &ledger, &missed));
        let ready = wait(court.ready()).unwrap_err();
        assert_eq!(ready.code(), Some("node.catching_up"));
        consortium.resume(&OTHERS);
        up.join().unwrap().json();
    });
    let overview = format!("{url}/ledgers/{ledger}");
    consortium.wait_until("the court is no longer behind", || {
        !wait(page(&overview)).1.contains(NOTICE)
    });
    let (status, text) = wait(page(&format!("{overview}/transactions/{missed}")));
    assert_eq!(status, 200, "{text}");
}
