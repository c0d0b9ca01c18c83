//! All certificates of a consortium end within the hour; the hour passes, and nobody notices.
#![allow(clippy::unwrap_used)]

mod dsl;

use blockworm_api::{Client, model::CosignerView};
use blockworm_service::{
    identity::{CertificateStanding, CertificateState, certificates},
    network::clock,
};
use dsl::{
    Consortium,
    load::{ASSETS, send_batch, transfer},
};
use serde_json::json;
use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

const HOUR_MS: u64 = 60 * 60 * 1000;
/// A ledger that stands still for so long has stopped; a heartbeat is 2 s, a busy machine slow.
const LONGEST: Duration = Duration::from_secs(30);

/// What lies in the folder, but for the roots, which stay for ten years.
fn standings(consortium: &Consortium) -> Vec<CertificateStanding> {
    let record = consortium.record();
    let organisations: Vec<_> = record.organisations.into_iter().map(|one| one.id).collect();
    let now_ms = clock::now_ms(consortium.folder.root());
    let mut all = certificates(&consortium.folder, &organisations, now_ms);
    all.retain(|one| one.file != "ca");
    all
}

/// Asks the ledgers of the folder for something that every active member may do.
async fn member_acts(consortium: &Consortium, member: &str) -> String {
    let signer = consortium.signer(member);
    let message = transfer("nothing/0000000000000000", member, 1);
    let node = consortium.record().nodes[0].organisation.to_string();
    let answer = consortium
        .client(&node)
        .submit(
            &signer.ledger.to_string(),
            &signer.sign(ASSETS, &message),
            Duration::from_secs(20),
        )
        .await;
    match answer {
        Ok(submitted) => submitted.receipt.map_or_else(String::new, |it| it.code),
        Err(error) => error.code().unwrap_or_default().to_owned(),
    }
}

/// Follows a ledger's height on a node and notes how long it ever stood still.
async fn longest_pause(client: Client, ledger: String, until: Instant) -> Duration {
    let (mut longest, mut height, mut since) = (Duration::ZERO, 0, Instant::now());
    while Instant::now() < until {
        if let Ok(view) = client.ledger(&ledger).await
            && view.height > height
        {
            (height, since) = (view.height, Instant::now());
        }
        longest = longest.max(since.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    longest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_in_which_every_certificate_ends_passes_unnoticed() {
    let consortium = Consortium::planned(4);
    consortium.up(&["--certificate-hours", "1"]).json();
    assert!(clock::live_by(consortium.folder.root()));
    let before = standings(&consortium);
    let now_ms = clock::now_ms(consortium.folder.root());
    let ends = now_ms + HOUR_MS;
    assert!(before.len() > 20, "{before:#?}");
    assert!(before.iter().all(|one| one.not_after_ms < ends));
    let serials: BTreeSet<_> = before.iter().map(|one| one.serial.clone()).collect();

    let money = tokio::task::block_in_place(|| consortium.money().to_owned());
    let balance = consortium.balance("platform", "bank/maker-2").await;
    let moved = [
        "clock",
        "move",
        "--hours-per-minute",
        "1",
        "--for-hours",
        "1",
    ];
    consortium.run(&moved).json();
    let until = Instant::now() + Duration::from_secs(64);
    let watched: Vec<_> = consortium
        .record()
        .ledgers
        .iter()
        .map(|ledger| longest_pause(consortium.client("bank"), ledger.id.clone(), until))
        .map(tokio::spawn)
        .collect();
    let client = consortium.client("platform");
    let (acknowledged, refused) = steady_load(&consortium, &client, &money, until).await;
    for pause in watched {
        let pause = pause.await.unwrap();
        eprintln!("at most {pause:?} without a block");
        assert!(pause < LONGEST, "no block for {pause:?}");
    }
    assert!(clock::now_ms(consortium.folder.root()) > ends);

    let after = standings(&consortium);
    for one in &after {
        assert_eq!(one.state, CertificateState::Valid, "{one:#?}");
        assert!(!serials.contains(&one.serial), "{one:#?}");
    }
    assert_eq!(after.len(), before.len());
    assert!(
        acknowledged.len() > 60,
        "{}: {refused:?}",
        acknowledged.len()
    );
    assert_eq!(refused, Vec::<String>::new());
    let received = consortium.balance("platform", "bank/maker-2").await - balance;
    assert!(received >= acknowledged.len() as u64);
    let ledger = consortium.ledger();
    for id in &acknowledged {
        let receipt = client.receipt(&ledger, id, Duration::ZERO).await;
        assert_eq!(receipt.unwrap().unwrap().code, "ok");
    }
    no_block_is_missing(&consortium).await;
    every_member_acts(&consortium).await;
    checkpoints_go_on(&consortium, ends).await;
    let list = consortium.run(&["certificate", "list"]).json();
    assert_eq!(
        list["certificates"].as_array().unwrap().len(),
        after.len() + 5
    );
}

/// Two transfers, then the next two as soon as these are acknowledged.
async fn steady_load(
    consortium: &Consortium,
    client: &Client,
    money: &str,
    until: Instant,
) -> (BTreeSet<String>, Vec<String>) {
    let maker = consortium.signer("bank/maker");
    let (mut acknowledged, mut refused) = (BTreeSet::new(), Vec::new());
    while Instant::now() < until {
        let to = (money, "bank/maker-2");
        let done = send_batch(client, &maker, to, 2, Duration::from_secs(10)).await;
        acknowledged.extend(done.ids);
        refused.extend(done.refused);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    (acknowledged, refused)
}

/// Whoever may act at all is told about the asset, not about a certificate.
async fn every_member_acts(consortium: &Consortium) {
    for member in [
        "bank/maker",
        "bank/checker",
        "platform/admin",
        "notary/admin",
        "court/admin",
    ] {
        let code = member_acts(consortium, member).await;
        let about = ["asset", "holding", "caller"];
        assert!(
            about.iter().any(|area| code.starts_with(area)),
            "{member}: {code}"
        );
    }
}

/// All nodes cosign with their renewed certificates, in the moved clock's time.
async fn checkpoints_go_on(consortium: &Consortium, ends: u64) {
    let client = consortium.client("bank");
    let begun = Instant::now();
    loop {
        let view = client.checkpoint(&consortium.ledger(), None).await.unwrap();
        let moved = |cosigner: &CosignerView| cosigner.time_s * 1000 > ends;
        if view.cosigners.len() == 4 && view.cosigners.iter().all(moved) {
            return;
        }
        assert!(begun.elapsed() < LONGEST, "{view:#?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn no_block_is_missing(consortium: &Consortium) {
    let record = consortium.record();
    for ledger in &record.ledgers {
        let client = consortium.client("bank");
        let last = client.ledger(&ledger.id).await.unwrap().height;
        assert!(last > 20);
        for height in 1..=last {
            let header = client.header(&ledger.id, Some(height)).await.unwrap();
            assert_eq!(header.height, height);
        }
    }
}

/// The control: with renewal switched off the same hour ends every member's rights.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_renewal_the_same_hour_ends_every_members_rights() {
    let consortium = Consortium::planned(1);
    consortium.up(&["--certificate-hours", "1"]).json();
    consortium.run(&["down"]).json();
    let node = consortium.record().nodes[0].organisation.clone();
    let path = consortium.folder.node_file(&node);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("renew = true"), "{text}");
    fs::write(&path, text.replace("renew = true", "renew = false")).unwrap();
    consortium.up(&[]).json();
    // No need to be slow where nothing is to be renewed.
    let fast = [
        "clock",
        "move",
        "--hours-per-minute",
        "20",
        "--for-hours",
        "2",
    ];
    consortium.run(&fast).json();
    tokio::time::sleep(Duration::from_secs(8)).await;
    let args = ["tx", "submit", "--as", "bank/maker", "--contract", "assets"];
    let message = json!({ "accept": {} }).to_string();
    let refused = consortium.run(&[&args[..], &["--message", &message]].concat());
    assert_eq!(refused.error_code(), "member.expired");
    let standings = standings(&consortium);
    assert!(
        standings
            .iter()
            .all(|one| one.state == CertificateState::Expired)
    );
    let metrics = metrics(&consortium, node.as_str()).await;
    let line = metrics
        .lines()
        .find(|line| line.contains("certificate_seconds_left") && line.contains("\"maker\""));
    assert!(line.unwrap().contains("} -"), "{line:?}");
    // The node goes on, and says what is wrong.
    let log = fs::read_to_string(consortium.folder.organisation(&node).join("node.log")).unwrap();
    assert!(log.contains("a certificate has ended"), "{log}");
}

async fn metrics(consortium: &Consortium, organisation: &str) -> String {
    let record = consortium.record();
    let node = record
        .nodes
        .iter()
        .find(|node| node.organisation.as_str() == organisation);
    let url = format!("{}/metrics", node.unwrap().api_url());
    reqwest::get(url).await.unwrap().text().await.unwrap()
}
