//! A financing across two ledgers is stopped after each of its steps: it is taken up again, or the rival frees the invoice by proof; never do both banks have it.
#![allow(clippy::unwrap_used)]

mod dsl;

use blockworm_kit::{
    assets::AssetId,
    claims::{Claim, claim_key, pledge_key},
};
use blockworm_ledger::{ForeignState, StateAnswerProof};
use blockworm_receivable::Reservation;
use blockworm_workflows::{
    receivable::{Contracts, Request, import, sample_invoice},
    registry::Registry,
};
use cosmwasm_std::Uint128;
use dsl::{Consortium, PATIENCE, path, signing::Signer, wait};
use serde_json::{Value, json};
use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const BANK: &str = "bank/maker";
const RIVAL: &str = "harbour-bank/maker";
/// Short reservations of the scenarios: long enough to become firm, which takes a heartbeat or two.
const SECONDS: &str = "8";

struct Scene {
    consortium: Consortium,
    trade: String,
    registry: String,
}

/// An invoice of its own, confirmed by its buyer.
struct Document {
    file: String,
    id: String,
}

impl Scene {
    fn start(nodes: usize) -> Self {
        let consortium = Consortium::start(nodes);
        let ledgers = consortium.record().ledgers;
        let scene = Self {
            trade: ledgers[0].id.clone(),
            registry: ledgers[1].id.clone(),
            consortium,
        };
        wait(scene.consortium.fund("platform/buyer-c27e", 9_000_000_000));
        scene
    }

    fn document(&self, copy: u32) -> Document {
        let invoice = sample_invoice(copy);
        let file = self.consortium.beside(&format!("invoice-{copy}.xml"));
        fs::write(&file, &invoice).unwrap();
        let file = path(&file).to_owned();
        let imported = self.run(&["receivable", "import", &file]);
        let id = imported["receivable"].as_str().unwrap().to_owned();
        self.run(&["receivable", "confirm", &id]);
        Document { file, id }
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Value {
        self.consortium.run(args).json()
    }

    #[track_caller]
    fn refused(&self, args: &[&str]) -> String {
        self.consortium.run(args).error_code()
    }

    fn shown(&self, document: &Document) -> Value {
        self.run(&["registry", "show", &document.file])
    }

    fn reserve(&self, document: &Document, by: &str, seconds: &str) {
        let args = ["registry", "reserve", &document.file, "--as", by];
        let how = ["--seconds", seconds, "--of-order", "10"];
        self.run(&[&args[..], &how].concat());
    }

    /// The proof of a row, as the API hands it out.
    fn proof(&self, ledger: &str, contract: &str, key: &[u8]) -> ForeignState {
        let client = self.consortium.client("platform");
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE);
            if let Ok(text) = wait(client.state_proof(ledger, contract, key)) {
                let answer = StateAnswerProof::from_json(&text).unwrap();
                return ForeignState::of(answer).unwrap().0;
            }
        }
    }

    /// The number of the newest claim on the document.
    fn newest(&self, document: &Document) -> u64 {
        let claims = self.shown(document)["claims"].clone();
        let newest = claims.as_array().unwrap().last().unwrap();
        newest["number"].as_u64().unwrap()
    }

    /// The claim's row once it is firm.
    fn claim(&self, number: u64) -> ForeignState {
        let begun = Instant::now();
        loop {
            let state = self.proof(&self.registry, "registry", &claim_key(number));
            let row: Claim = serde_json::from_slice(state.claim.value.as_ref().unwrap()).unwrap();
            if state.claim.height >= row.firm_at {
                return state;
            }
            assert!(begun.elapsed() < PATIENCE);
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn pledge(&self, number: u64) -> ForeignState {
        let key = pledge_key(number, "bank");
        self.proof(&self.trade, "receivable", &key)
    }

    fn finance(&self, document: &Document) -> Value {
        self.run(&finance(document))
    }

    /// Pays under this proof of a reservation; the receipt's code.
    fn pay(&self, document: &Document, claim: u64, proof: &[u8]) -> String {
        let price = import(&fs::read(&document.file).unwrap()).unwrap().amount;
        let price = Uint128::new(price.minor);
        let reservation = Reservation {
            claim,
            proof: proof.into(),
        };
        let bank = BANK.parse().unwrap();
        let money = AssetId::parse(self.consortium.money()).unwrap();
        let part = (document.id.as_str(), 0);
        let request = Contracts::default().finance(&bank, &money, part, price, Some(reservation));
        self.send(&self.trade, &[request.unwrap()]).remove(0)
    }

    /// Submits all at once; the receipts' codes.
    fn send(&self, ledger: &str, requests: &[Request]) -> Vec<String> {
        let client = self.consortium.client("platform");
        let transactions: Vec<Vec<u8>> = requests
            .iter()
            .map(|request| {
                let signer = self.consortium.signer(request.sender.as_str());
                let signer = Signer {
                    ledger: ledger.parse().unwrap(),
                    ..signer
                };
                let message: Value = serde_json::from_slice(&request.message).unwrap();
                signer.sign(request.contract.as_str(), &message).encode()
            })
            .collect();
        let outcomes = wait(client.submit_batch(ledger, &transactions, Duration::from_secs(30)));
        let outcomes = outcomes.unwrap().into_iter();
        outcomes.map(|outcome| outcome.code).collect()
    }
}

/// Every invoice is a tenth of the one order that all of them name.
fn finance(document: &Document) -> [&str; 7] {
    let (id, file) = (&document.id, &document.file);
    let tenth = ["--of-order", "10"];
    [
        "receivable",
        "finance",
        id,
        "--invoice",
        file,
        tenth[0],
        tenth[1],
    ]
}

fn rivals_reserve(file: &str) -> [&str; 7] {
    let tenth = ["--of-order", "10"];
    [
        "registry", "reserve", file, "--as", RIVAL, tenth[0], tenth[1],
    ]
}

#[test]
fn stopped_after_the_reservation() {
    let scene = Scene::start(1);
    let document = scene.document(1);
    scene.reserve(&document, BANK, SECONDS);
    let number = scene.newest(&document);
    let old = scene.claim(number).encode();
    let file = document.file.as_str();
    let reserve = rivals_reserve(file);
    assert_eq!(scene.refused(&reserve), "registry.already_reserved");
    let release = ["registry", "release", file, "--as", RIVAL];
    // Not waiting, it shows a block from before the reservation's end.
    let early = scene.pledge(number);
    let rival = RIVAL.parse().unwrap();
    let early = Registry::default().release(&rival, number, early.encode());
    let codes = scene.send(&scene.registry, &[early.unwrap()]);
    assert_eq!(codes, ["registry.too_early"]);

    // The bank does not come back. The rival shows that nothing was financed in time.
    scene.run(&release);
    assert_eq!(scene.shown(&document)["standing"], "free");
    scene.run(&reserve);
    assert_eq!(
        scene.pay(&document, number, &old),
        "receivable.reservation_expired",
        "the old proof is genuine and worth nothing any more"
    );
    let refused = scene.refused(&finance(&document));
    assert_eq!(refused, "registry.already_reserved");
    let claims = scene.shown(&document)["claims"].clone();
    assert_eq!(
        (&claims[0]["end"], &claims[1]["bank"]),
        (&json!("expired"), &json!("harbour-bank"))
    );

    // Another bank that does come back finds its reservation and goes on.
    let second = scene.document(2);
    scene.reserve(&second, BANK, "3600");
    let done = scene.finance(&second);
    let steps: Vec<&str> = done["steps"].as_array().unwrap().iter().map(name).collect();
    assert_eq!(steps, ["finance", "register"]);

    // Or finds that its time has passed, gives it back by proof and reserves again.
    let third = scene.document(3);
    scene.reserve(&third, BANK, "1");
    thread::sleep(Duration::from_millis(1_500));
    let before = scene.newest(&third);
    let done = scene.finance(&third);
    let steps: Vec<&str> = done["steps"].as_array().unwrap().iter().map(name).collect();
    assert_eq!(
        steps,
        ["release", "commit", "reserve", "finance", "register"]
    );
    assert_eq!(done["claim"], before + 1);
}

fn name(step: &Value) -> &str {
    step["name"].as_str().unwrap()
}

#[test]
fn stopped_after_the_pledge() {
    let scene = Scene::start(1);
    let document = scene.document(1);
    scene.reserve(&document, BANK, SECONDS);
    let number = scene.newest(&document);
    let reservation = scene.claim(number).encode();
    assert_eq!(scene.pay(&document, number, &reservation), "ok");
    thread::sleep(Duration::from_secs(8));
    // Long after the reservation's end nobody can free it: the money has moved.
    let file = document.file.as_str();
    let release = ["registry", "release", file, "--as", RIVAL];
    assert_eq!(scene.refused(&release), "registry.still_pledged");
    let reserve = rivals_reserve(file);
    assert_eq!(scene.refused(&reserve), "registry.already_reserved");

    // Everything dies; who comes back confirms what was pledged.
    scene.consortium.crash_all();
    scene.consortium.up(&[]).json();
    let proposals = scene.run(&["proposal", "list"]);
    assert_eq!(proposals.as_array().unwrap().len(), 1, "pinned once");
    let done = scene.finance(&document);
    let steps: Vec<&str> = done["steps"].as_array().unwrap().iter().map(name).collect();
    assert_eq!(steps, ["register"]);
    assert_eq!(scene.shown(&document)["standing"], "financed");
    assert_eq!(scene.refused(&reserve), "registry.already_financed");

    // The debt is paid: the registry lets go by proof, whoever shows it.
    assert_eq!(scene.refused(&release), "registry.still_pledged");
    scene.run(&["receivable", "settle", &document.id]);
    scene.run(&release);
    assert_eq!(scene.shown(&document)["claims"][0]["end"], "released");

    // A bank that changed its mind frees its reservation before its time.
    let other = scene.document(2);
    scene.reserve(&other, BANK, "3600");
    let file = other.file.as_str();
    scene.run(&["receivable", "forgo", file]);
    scene.run(&["registry", "release", file, "--as", RIVAL]);
    scene.run(&rivals_reserve(file));
    // The rival has reserved it since.
    let number = scene.newest(&other) - 1;
    let reservation = scene.proof(&scene.registry, "registry", &claim_key(number));
    let refused = scene.pay(&other, number, &reservation.encode());
    assert_eq!(refused, "receivable.claim_used");
}

#[test]
fn a_node_that_joined_meanwhile_is_handed_over_to() {
    let scene = Scene::start(4);
    let document = scene.document(1);
    scene.run(&["node", "join", "harbour-bank"]);
    let done = scene.finance(&document);
    let steps: Vec<&str> = done["steps"].as_array().unwrap().iter().map(name).collect();
    assert_eq!(
        steps,
        ["commit", "reserve", "advance", "finance", "register"]
    );
    let anchors = scene.run(&["query", "ledger", r#"{"anchors":{}}"#]);
    let voting = anchors["registry"]["validators"].as_array().unwrap().len();
    assert_eq!(voting, 5, "{anchors}");
    let reserve = rivals_reserve(&document.file);
    assert_eq!(scene.refused(&reserve), "registry.already_financed");
    scene.run(&["receivable", "settle", &document.id]);
    let release = ["registry", "release", &document.file, "--as", RIVAL];
    scene.run(&release);
    scene.run(&reserve);
}

#[test]
fn forged_proofs_and_those_of_another_consortium_move_nothing() {
    let scene = Scene::start(1);
    let document = scene.document(1);
    scene.reserve(&document, BANK, "3600");
    let number = scene.newest(&document);
    let genuine = scene.claim(number).encode();
    let bank = BANK.parse().unwrap();
    let flips = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let places = (0..bytes.len()).step_by(bytes.len() / 24);
        let flip = |at: usize| {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= 1;
            bytes
        };
        places.map(flip).collect()
    };
    for forged in flips(&genuine) {
        let code = scene.pay(&document, number, &forged);
        assert!(code.starts_with("foreign."), "{code}");
    }
    assert_eq!(scene.pay(&document, number, &genuine), "ok");
    let pledge = scene.pledge(number).encode();
    let confirm = |proof: Vec<u8>| {
        let request = Registry::default().confirm(&bank, number, proof);
        request.unwrap()
    };
    let forged: Vec<Request> = flips(&pledge).into_iter().map(confirm).collect();
    for code in scene.send(&scene.registry, &forged) {
        assert!(code.starts_with("foreign."), "{code}");
    }

    // The same people found another consortium, where nothing was pledged, or everything.
    let twin = Scene::start(1);
    let elsewhere = twin.pledge(number).encode();
    let rival = RIVAL.parse().unwrap();
    let release = Registry::default().release(&rival, number, elsewhere.clone());
    let moved = [release.unwrap(), confirm(elsewhere)];
    let codes = scene.send(&scene.registry, &moved);
    assert_eq!(codes, ["foreign.broken_proof", "foreign.broken_proof"]);
    assert_eq!(scene.shown(&document)["standing"], "reserved");
    let codes = scene.send(&scene.registry, &[confirm(pledge)]);
    assert_eq!(codes, ["ok"]);
}

#[test]
fn killed_at_any_moment_it_is_done_by_running_it_again() {
    let scene = Scene::start(1);
    for (copy, ms) in (1..).zip([0, 30, 60, 90, 120, 160, 200, 300]) {
        let document = scene.document(copy);
        let mut first = Command::new(env!("CARGO_BIN_EXE_blockworm"));
        let first = first
            .args(finance(&document))
            .arg("--dir")
            .arg(scene.consortium.folder.root());
        let first = first.stdout(Stdio::null()).stderr(Stdio::null());
        let mut first = first.spawn().unwrap();
        thread::sleep(Duration::from_millis(ms));
        let _ = first.kill();
        first.wait().unwrap();
        // What it had submitted may still be on its way into a block: again until nothing is left.
        let begun = Instant::now();
        while scene.shown(&document)["standing"] != "financed" {
            assert!(begun.elapsed() < PATIENCE, "killed after {ms} ms");
            scene.consortium.run(&finance(&document));
        }
        let claims = scene.shown(&document)["claims"].clone();
        assert_eq!(claims.as_array().unwrap().len(), 1, "killed after {ms} ms");
        let shown = scene.run(&["receivable", "show", &document.id]);
        assert_eq!(shown["financier"], BANK);
        assert_eq!(
            scene.refused(&finance(&document)),
            "receivable.already_financed"
        );
    }
    // Eight prices were paid, each once.
    let left = wait(scene.consortium.balance("platform", BANK));
    let price = import(&sample_invoice(1)).unwrap().amount.minor;
    assert_eq!(
        u128::from(left),
        1_000_000_000_000 - 9_000_000_000 - 8 * price
    );
}
