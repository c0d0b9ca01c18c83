//! Sixty-four banks claim one invoice at the same moment on a registry that four nodes keep: one of them, an earliest to commit, holds it on all nodes.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_crypto::{SecretKey, sha256};
use blockworm_ledger::{Receipt, TransactionBody, TransactionView, genesis::GenesisContract};
use blockworm_registry::{DocumentSet, Part, commitment, msg::NumberedClaim};
use bytes::Bytes;
use commonware_runtime::{Clock as _, Runner as _, Supervisor as _, deterministic};
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};
use support::{
    Consortium, bank, key, parameters,
    simulation::{START_MS, World},
};

const NODES: usize = 4;
const BANKS: usize = 64;
/// Longer than all openings take to arrive, one after another.
const SETTLE: u64 = 8;
const WHOLE: u32 = 1_000_000_000;

fn slug(bank: usize) -> String {
    format!("racer-{bank:02}")
}

fn racer(bank: usize) -> SecretKey {
    key("racer", bank)
}

/// The consortium of the other tests with sixty-four more banks and the registry.
fn consortium() -> Consortium {
    let mut consortium = Consortium::new(START_MS, NODES, parameters());
    let genesis = &mut consortium.genesis;
    let racers = (0..BANKS).map(|number| bank(&slug(number), &racer(number), START_MS));
    genesis.organisations.extend(racers);
    let init = json!({ "ledgers": [{ "name": "trade", "contract": "receivable" }],
        "holders": ["notary", "court"], "settle_blocks": SETTLE });
    genesis.contracts.push(GenesisContract {
        name: "registry".parse().unwrap(),
        code: "registry@1".into(),
        init: init.to_string(),
    });
    genesis.check().unwrap();
    consortium.ledger = genesis.ledger_id();
    consortium
}

fn sets() -> Vec<DocumentSet> {
    let part = |number: u8, share| Part {
        fingerprint: sha256(&[&[number]]).to_string(),
        share,
    };
    // Some forms of one invoice: caps of the whole, and marks.
    let parts: Vec<Part> = (0..30)
        .map(|number| part(number, if number < 6 { WHOLE } else { 0 }))
        .collect();
    vec![DocumentSet {
        version: 1,
        document: parts[0].fingerprint.clone(),
        share: WHOLE,
        parts,
    }]
}

struct Race {
    world: World,
    sent: u64,
}

impl Race {
    fn signed(&mut self, who: &str, key: &SecretKey, message: &Value) -> Bytes {
        self.sent += 1;
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&self.sent.to_be_bytes());
        let body = TransactionBody {
            ledger: self.world.consortium.ledger,
            sender: format!("{who}/maker").parse().unwrap(),
            key: key.public_key(),
            contract: "registry".parse().unwrap(),
            message: message.to_string().into_bytes(),
            nonce,
            expires_at_ms: self.world.now_ms() + 100_000,
        };
        body.sign(key).encode().into()
    }

    /// Each to another node, so much after the one before; their receipts.
    async fn send(
        &mut self,
        messages: Vec<(String, SecretKey, Value)>,
        apart: Duration,
    ) -> Vec<Receipt> {
        let mut waiting = Vec::new();
        for (number, (who, key, message)) in messages.into_iter().enumerate() {
            let bytes = self.signed(&who, &key, &message);
            assert!(TransactionView::parse(&bytes).is_ok());
            let node = self.world.ledger(number % NODES);
            let begins = self.world.context.sleep(apart * number as u32);
            waiting.push(async move {
                begins.await;
                let wait = Duration::from_secs(40);
                let mut done = node.submit_and_wait(vec![bytes], wait).await;
                done.remove(0).unwrap().unwrap()
            });
        }
        join_all(waiting).await
    }

    async fn claims(&self, node: usize, fingerprint: &str) -> Vec<NumberedClaim> {
        let question = json!({ "claims": { "fingerprint": fingerprint } }).to_string();
        let registry = "registry".parse().unwrap();
        let ledger = self.world.ledger(node);
        let answer = ledger.query(&registry, question.as_bytes());
        serde_json::from_slice(&answer.await.unwrap()).unwrap()
    }
}

/// How many had to make room.
async fn race(world: World) -> usize {
    let mut race = Race { world, sent: 0 };
    let keys = [(2, "notary"), (1, "court")].map(|(place, holder)| {
        let public_key = sha256(&[holder.as_bytes()]);
        let publish = json!({ "publish_key": { "version": 1, "public_key": public_key } });
        (holder.to_owned(), key("maker", place), publish)
    });
    for receipt in race.send(keys.to_vec(), Duration::ZERO).await {
        assert_eq!(receipt.code, "ok", "{}", receipt.message);
    }
    let nonce = |number: usize| sha256(&[b"nonce", &number.to_be_bytes()]).to_string();
    let banks = || (0..BANKS).map(|number| (number, slug(number), racer(number)));
    let commits = banks().map(|(number, slug, key)| {
        let commitment = commitment(&slug, &nonce(number), &sets()).unwrap();
        (slug, key, json!({ "commit": { "commitment": commitment } }))
    });
    let commits = race.send(commits.collect(), Duration::from_millis(2)).await;
    assert!(commits.iter().all(|receipt| receipt.code == "ok"));
    let opens = banks().map(|(number, slug, key)| {
        let open = json!({ "reserve": { "nonce": nonce(number), "ledger": "trade",
            "for_ms": 3_600_000, "sets": sets() } });
        (slug, key, open)
    });
    // The last to commit opens first.
    let apart = Duration::from_millis(2);
    let opened = race.send(opens.rev().collect(), apart).await;
    let (won, lost): (Vec<_>, Vec<_>) = opened.iter().partition(|one| one.code == "ok");
    for receipt in &lost {
        assert_eq!(receipt.code, "registry.already_reserved");
        assert!(!receipt.message.contains("racer"), "{}", receipt.message);
    }
    let events = won.iter().flat_map(|receipt| &receipt.events);
    let displaced = events.filter(|event| event.kind == "displaced").count();
    assert_eq!(won.len(), displaced + 1, "one is left");
    assert_eq!(won.len() + lost.len(), BANKS);

    // Until the claim is firm, and has reached every node.
    race.world.context.sleep(Duration::from_secs(10)).await;
    let earliest = commits.iter().map(|receipt| receipt.height).min();
    let document = sets()[0].document.clone();
    let mut holders = Vec::new();
    for node in 0..NODES {
        let claims = race.claims(node, &document).await;
        assert_eq!(claims.len(), won.len());
        let open: Vec<_> = claims
            .iter()
            .filter(|one| one.claim.end.is_none())
            .collect();
        assert_eq!(open.len(), 1, "on node {node}");
        assert_eq!(Some(open[0].claim.committed_at), earliest);
        let height = race.world.ledger(node).status().height;
        assert!(open[0].claim.firm_at < height);
        holders.push(open[0].claim.clone());
    }
    assert!(holders.windows(2).all(|two| two[0] == two[1]));
    displaced
}

#[test]
fn exactly_one_of_sixty_four_banks_wins() {
    let mut displaced = 0;
    for seed in [1, 2] {
        let config = deterministic::Config::new()
            .with_seed(seed)
            .with_start_time(UNIX_EPOCH + Duration::from_millis(START_MS))
            .with_timeout(Some(Duration::from_secs(600)));
        displaced += deterministic::Runner::new(config).start(|context| async move {
            let consortium = consortium();
            let keys = consortium.validators.clone();
            let mut world = World::new(context.child("world"), consortium, &keys).await;
            let all: Vec<usize> = (0..NODES).collect();
            world.connect(&all, &all, true).await;
            for node in 0..NODES {
                world.start(node).await;
            }
            race(world).await
        });
    }
    assert!(displaced > 0, "nobody opened before an earlier commitment");
}
