//! A receivable's part on real nodes, by the command line alone: split, given on, financed under its share, overdue, taken back, paid; and the case that tells it with proofs.
#![allow(clippy::unwrap_used)]

mod dsl;

use blockworm_workflows::{evidence::package::archive, receivable::SAMPLE_INVOICE};
use dsl::{Consortium, blockworm, path, wait};
use serde_json::Value;
use std::{fs, path::Path};

const SUPPLIER: &str = "platform/supplier-b";

struct Scene {
    consortium: Consortium,
    id: String,
    invoice: String,
    opening: String,
}

impl Scene {
    /// The sample invoice, due months ago, issued with recourse and confirmed.
    fn start() -> Self {
        let consortium = Consortium::start(1);
        wait(consortium.fund("platform/buyer-c27e", 200_000_000));
        let text = String::from_utf8(SAMPLE_INVOICE.to_vec()).unwrap();
        let late = text
            .replace("2027-01-31", "2026-10-31")
            .replace("<cbc:IssueDate>2026-11", "<cbc:IssueDate>2026-10");
        assert_ne!(late, text);
        let invoice = consortium.beside("late.xml");
        fs::write(&invoice, late).unwrap();
        let invoice = path(&invoice).to_owned();
        let imported = consortium.run(&["receivable", "import", &invoice]).json();
        let opening = consortium.beside("opening.json");
        fs::write(&opening, imported["opening"].to_string()).unwrap();
        let id = imported["receivable"].as_str().unwrap().to_owned();
        consortium.run(&["receivable", "confirm", &id]).json();
        let register = ["member", "register", SUPPLIER, "--function", "maker"];
        consortium.run(&register).json();
        let opening = path(&opening).to_owned();
        Self {
            consortium,
            id,
            invoice,
            opening,
        }
    }

    fn receivable(&self, verb: &str, flags: &[&str]) -> dsl::Ran {
        let words = [&["receivable", verb, &self.id][..], flags].concat();
        self.consortium.run(&words)
    }

    fn part(&self, number: u64) -> Value {
        let shown = self.receivable("show", &[]).json();
        let parts = shown["parts"].as_array().unwrap().iter();
        let mut found = parts.filter(|part| part["holding"] == number);
        found.next().unwrap().clone()
    }

    /// Split in two, the second part given to another supplier, who offers it with recourse.
    fn down_the_chain(&self) {
        let split = ["--part", "0", "--amount", "1000000.00"];
        self.receivable("split", &split).json();
        let around = ["--part", "1", "--to", "bank/maker"];
        assert_eq!(
            self.receivable("give", &around).error_code(),
            "asset.guarded"
        );
        let give = ["--part", "2", "--to", SUPPLIER];
        self.receivable("give", &give).json();
        let ask = ["--part", "2", "--price", "620000.00", "--recourse"];
        assert_eq!(
            self.receivable("ask", &ask).error_code(),
            "receivable.not_the_owner"
        );
        let as_owner = ["--as", SUPPLIER];
        self.receivable("ask", &[&ask[..], &as_owner].concat())
            .json();
    }

    /// Bought by the bank, overdue, and back in the hand of who sold it.
    fn recourse(&self) {
        let finance = ["--part", "2", "--invoice", &self.invoice];
        self.receivable("finance", &finance).json();
        assert_eq!(self.part(2)["held"]["owner"], "bank/maker");
        let (part, bank) = (["--part", "2"], ["--as", "bank/maker"]);
        let demand = [&part[..], &bank, &["--amount", "630000.00"]].concat();
        assert_eq!(
            self.receivable("demand", &demand).error_code(),
            "receivable.no_notice"
        );
        let letter = self.consortium.beside("notice.txt");
        fs::write(&letter, "pay what has been due since October").unwrap();
        let notify = [&part[..], &bank, &["--notice", path(&letter)]].concat();
        self.receivable("notify", &notify).json();
        self.receivable("demand", &demand).json();
        let gift = ["voucher", "give", "10000.00", "CNY", SUPPLIER];
        self.consortium.run(&[&gift[..], &bank].concat()).json();
        let owner = ["--as", SUPPLIER];
        self.receivable("repurchase", &[&part[..], &owner].concat())
            .json();
        let back = self.part(2);
        assert_eq!(back["held"]["owner"], SUPPLIER);
        assert_eq!(back["financing"]["end"], "repurchased");
    }
}

#[test]
fn a_part_goes_down_the_chain_and_back_with_its_case() {
    let scene = Scene::start();
    scene.down_the_chain();
    scene.recourse();
    // The registry lets go of the share, by proof that the pledge has ended.
    let rival = ["--as", "harbour-bank/maker"];
    let release = ["registry", "release", &scene.invoice];
    scene
        .consortium
        .run(&[&release[..], &rival].concat())
        .json();
    let folder = scene.consortium.beside("case");
    let flags = ["-o", path(&folder), "--opening", &scene.opening];
    let written = scene.receivable("case", &flags).json();
    assert_eq!(written["proofs"], written["transactions"]);
    let case: Value = serde_json::from_slice(&fs::read(folder.join("case.json")).unwrap()).unwrap();
    assert_eq!(case["receivable"]["overdue"], true);
    let steps = case["history"].as_array().unwrap().iter();
    let steps: Vec<&str> = steps.map(|entry| entry["step"].as_str().unwrap()).collect();
    let expected = [
        "issued",
        "confirmed",
        "asked",
        "financed",
        "notified",
        "demanded",
        "repurchased",
    ];
    assert_eq!(steps, expected);
    // Two parts, each with its chain of title; every proof holds against the pinned genesis.
    let titles = case["titles"].as_array().unwrap();
    assert_eq!(titles.len(), 2);
    let owners = titles[1]["steps"].as_array().unwrap().iter();
    let owners: Vec<&str> = owners
        .map(|step| step["step"]["owner"].as_str().unwrap())
        .collect();
    let seller = "platform/supplier-3f9a";
    let chain = [seller, seller, seller, SUPPLIER, "bank/maker", SUPPLIER];
    assert_eq!(owners, chain);
    let genesis = scene.consortium.folder.genesis_file("trade");
    for transaction in case["transactions"].as_array().unwrap() {
        let proof = folder.join(transaction["proof"].as_str().unwrap());
        let verified = blockworm(&["verify", path(&proof), "--genesis", path(&genesis)]);
        assert_eq!(verified.code, Some(0), "{verified:?}");
    }
    // Another file's opening is not disclosed as this one's.
    let other = scene.consortium.beside("other.json");
    let wrong = fs::read_to_string(&scene.opening).unwrap();
    let digest = &wrong[wrong.find(":\"").unwrap() + 2..][..8];
    fs::write(&other, wrong.replace(digest, "00000000")).unwrap();
    let elsewhere = scene.consortium.beside("case-2");
    let flags = ["-o", path(&elsewhere), "--opening", path(&other)];
    assert_eq!(
        scene.receivable("case", &flags).error_code(),
        "case.other_document"
    );
    the_case_goes_to_court_in_a_package(&scene, &genesis);
    // The buyer pays what is left to whoever holds it now.
    scene.receivable("settle", &[]).json();
    let shown = scene.receivable("show", &[]).json();
    assert_eq!(
        (&shown["status"], &shown["overdue"]),
        (&Value::from("settled"), &Value::from(false))
    );
}

/// The overdue debt with its case file in an evidence package, which is checked without us.
fn the_case_goes_to_court_in_a_package(scene: &Scene, genesis: &Path) {
    let consortium = &scene.consortium;
    let package = consortium.beside("case.evidence.zip");
    let export = ["evidence", "export", "--asset", &scene.id, "--as", "bank"];
    let export = [&export[..], &["-o", path(&package)]].concat();
    let refused = consortium.run(&export);
    assert_eq!(refused.error_code(), "evidence.matter_not_found");
    // The refusal names the matter in which the bank puts what it wrote to the debtor.
    let matter = matter_of(&scene.id);
    assert!(refused.stdout.contains(&matter) || refused.stderr.contains(&matter));
    let letter = consortium.beside("notice.txt");
    let deposit = ["evidence", "deposit", &matter, path(&letter)];
    let deposit = [&deposit[..], &["--phase", "notice", "--as", "bank/maker"]].concat();
    consortium.run(&deposit).json();
    consortium.run(&export).json();

    let verify = ["verify", path(&package), "--genesis", path(genesis)];
    let verified = blockworm(&[&verify[..], &["--output", "json"]].concat());
    assert_eq!(verified.code, Some(2), "no policy was pinned: {verified:?}");
    let report: Value = serde_json::from_str(&verified.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["verdict"] != "fail"));
    let files = archive::read(&fs::read(&package).unwrap()).unwrap();
    let within = |name: &str| {
        let mut all = files.iter();
        let found = all.find(|(path, _)| path.split_once('/').is_some_and(|(_, at)| at == name));
        &found.unwrap_or_else(|| panic!("{name} is missing")).1
    };
    let case: Value = serde_json::from_slice(within("data/case.json")).unwrap();
    assert_eq!(case["receivable"]["overdue"], true);
    let passes = |name: &str| {
        let mut all = checks.iter();
        all.any(|check| check["name"] == name && check["verdict"] == "pass")
    };
    assert!(
        passes("file:data/case.json") && passes("asset.case"),
        "{report:#}"
    );
    let transactions = case["transactions"].as_array().unwrap();
    assert!(transactions.len() >= 7);
    for transaction in transactions {
        let name = transaction["proof"].as_str().unwrap();
        let proof = consortium.beside("from-the-package.json");
        let file = format!("data/{name}");
        assert!(passes(&format!("asset.proof:{file}")), "{report:#}");
        fs::write(&proof, within(&file)).unwrap();
        let verified = blockworm(&["verify", path(&proof), "--genesis", path(genesis)]);
        assert_eq!(verified.code, Some(0), "{name}: {verified:?}");
    }
}

/// The matter that bears the id of a receivable.
fn matter_of(receivable: &str) -> String {
    let plain = |one: char| {
        if one.is_ascii_alphanumeric() {
            one
        } else {
            '-'
        }
    };
    let name = receivable.to_ascii_lowercase();
    name.chars().take(64).map(plain).collect()
}
