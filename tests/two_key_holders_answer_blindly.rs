//! A bank finds what a rival registered, through two key holders that see nothing of either document.
#![allow(clippy::unwrap_used)]

use blockworm_crypto::{
    Digest, SecretKey,
    oprf::{Evaluation, EvaluationKey, KeyVersion},
};
use blockworm_ledger::LedgerId;
use blockworm_service::key_holder::{
    AuditFile, EvaluationRequest, KeyHolder, Limit, Nonce, SentElement, SignedRequest, Standing,
};
use blockworm_workflows::{
    fingerprint::{
        Document, Finding, Verdict, Written,
        forms::{self, Input},
        keyed::{Asking, KeySet},
        verdict,
    },
    receivable::{SAMPLE_INVOICE, import, sample_invoice},
};
use std::{collections::BTreeSet, fs, path::PathBuf};
use tempfile::TempDir;

const NOW_MS: u64 = 1_795_305_600_000;
const VERSION: KeyVersion = KeyVersion(1);
const HOLDERS: [&str; 2] = ["notary", "court"];

fn ledger() -> LedgerId {
    "07".repeat(16).parse().unwrap()
}

/// A bank with its maker's key.
struct Bank {
    member: &'static str,
    key: SecretKey,
    asked: u8,
}

impl Bank {
    fn standing(&self) -> Standing {
        Standing {
            key: self.key.public_key(),
            active: true,
            roles: vec!["bank".to_owned()],
        }
    }
}

/// Notary and court, each with its key and its audit, and all that ever reached them.
struct World {
    folder: TempDir,
    holders: Vec<KeyHolder<AuditFile>>,
    keys: KeySet,
    received: Vec<String>,
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut publics = Vec::new();
        let mut holders = Vec::new();
        for (seed, organisation) in [11, 12].into_iter().zip(HOLDERS) {
            let seed = SecretKey::from_ed25519_seed([seed; 32]);
            let key = EvaluationKey::derive(&seed, VERSION).unwrap();
            publics.push(key.public_key());
            let path = folder.path().join(format!("{organisation}.jsonl"));
            let (audit, rows) = AuditFile::open(&path, 0).unwrap();
            let (name, limit) = (organisation.parse().unwrap(), Limit::default());
            holders.push(KeyHolder::new(name, ledger(), [key], limit, audit, rows));
        }
        let keys = KeySet {
            version: VERSION,
            holders: publics.try_into().unwrap(),
        };
        Self {
            folder,
            holders,
            keys,
            received: Vec::new(),
        }
    }

    fn audits(&self) -> [PathBuf; 2] {
        HOLDERS.map(|name| self.folder.path().join(format!("{name}.jsonl")))
    }

    /// A bank's whole way: blind, sign, be answered by both, check, unblind.
    fn fingerprints(&mut self, bank: &mut Bank, inputs: &[Input]) -> Vec<Digest> {
        let asking = Asking::new(self.keys, inputs).unwrap();
        let mut answers: Vec<Evaluation> = Vec::new();
        for (index, elements) in asking.blinded().into_iter().enumerate() {
            bank.asked += 1;
            let request = EvaluationRequest {
                ledger: ledger(),
                holder: HOLDERS[index].parse().unwrap(),
                asker: bank.member.parse().unwrap(),
                version: VERSION,
                asked_at_ms: NOW_MS,
                nonce: Nonce([bank.asked; 16]),
                elements: elements.iter().map(SentElement::from).collect(),
            };
            let sent = serde_json::to_string(&request.sign(&bank.key)).unwrap();
            let read: SignedRequest = serde_json::from_str(&sent).unwrap();
            self.received.push(sent);
            let standing = bank.standing();
            let answer = self.holders[index].answer(&read, Some(&standing), NOW_MS);
            answers.push(answer.unwrap());
        }
        asking.fingerprints([&answers[0], &answers[1]]).unwrap()
    }

    /// What a bank is told of a document when these fingerprints are registered.
    fn check(
        &mut self,
        bank: &mut Bank,
        document: &Written,
        registered: &BTreeSet<Digest>,
    ) -> Finding {
        let inputs = forms::asked(&Document::new(document).unwrap());
        let found = self.fingerprints(bank, &inputs);
        let known = inputs.iter().zip(&found);
        verdict(
            known
                .filter(|(_, fingerprint)| registered.contains(fingerprint))
                .map(|(input, _)| input.form),
        )
    }
}

fn bank(member: &'static str, seed: u8) -> Bank {
    Bank {
        member,
        key: SecretKey::from_ed25519_seed([seed; 32]),
        asked: 0,
    }
}

#[test]
fn a_rival_finds_the_invoice_and_the_holders_see_nothing() {
    let mut world = World::new();
    let (mut first, mut rival) = (bank("bank/maker", 1), bank("harbour-bank/maker", 2));
    let invoice = Written::of(&import(SAMPLE_INVOICE).unwrap().invoice);
    let inputs = forms::registered(&Document::new(&invoice).unwrap());
    let registered: BTreeSet<Digest> = world
        .fingerprints(&mut first, &inputs)
        .into_iter()
        .collect();
    assert_eq!(registered.len(), inputs.len());

    let mut retyped = invoice.clone();
    retyped.number = "cl 2026 OO4417".to_owned();
    retyped.date = "2.11.2026".to_owned();
    retyped.seller.names = vec!["CANGLAN Special Steel Limited".to_owned()];
    let renumbered = Written {
        number: "X-1".to_owned(),
        ..invoice.clone()
    };
    let other = Written::of(&import(&sample_invoice(2)).unwrap().invoice);
    let mut unlike = other;
    (unlike.date, unlike.amount) = ("2026-03-03".to_owned(), "17.50".to_owned());
    (unlike.number, unlike.references) = ("CL-2026-000001".to_owned(), Vec::new());
    for (document, expected) in [
        (&invoice, Verdict::Duplicate),
        (&retyped, Verdict::Duplicate),
        (&renumbered, Verdict::Warning),
        (&unlike, Verdict::Free),
    ] {
        let finding = world.check(&mut rival, document, &registered);
        assert_eq!(finding.verdict, expected, "{finding:?}");
    }

    let elements: Vec<String> = world
        .received
        .iter()
        .flat_map(|sent| {
            let sent: SignedRequest = serde_json::from_str(sent).unwrap();
            sent.request
                .elements
                .iter()
                .map(|element| serde_json::to_string(element).unwrap())
                .collect::<Vec<_>>()
        })
        .collect();
    let distinct: BTreeSet<_> = elements.iter().collect();
    assert_eq!(
        distinct.len(),
        elements.len(),
        "nothing a holder sees comes twice"
    );
    let mut seen = world.received.join("\n");
    for path in world.audits() {
        let audit = fs::read_to_string(path).unwrap();
        assert_eq!(audit.lines().count(), 5);
        seen.push_str(&audit);
    }
    for secret in ["CL-2026-004417", "OO4417", "Canglan", "沧澜", "1848144.05"] {
        assert!(!seen.contains(secret), "{secret} reached a key holder");
    }
    for fingerprint in &registered {
        assert!(
            !seen.contains(&fingerprint.to_string()),
            "a holder sees no fingerprint"
        );
    }
}

/// Who stole the notary's key and knows the invoice still cannot tell whether it is registered.
#[test]
fn one_stolen_key_guesses_nothing() {
    let mut world = World::new();
    let invoice = Written::of(&import(SAMPLE_INVOICE).unwrap().invoice);
    let inputs = forms::registered(&Document::new(&invoice).unwrap());
    let registered = world.fingerprints(&mut bank("bank/maker", 1), &inputs);
    let stolen = EvaluationKey::derive(&SecretKey::from_ed25519_seed([11; 32]), VERSION).unwrap();
    let guess = EvaluationKey::derive(&SecretKey::from_ed25519_seed([13; 32]), VERSION).unwrap();
    for pair in [[&stolen, &guess], [&guess, &stolen], [&stolen, &stolen]] {
        let holders = pair.map(EvaluationKey::public_key);
        let asking = Asking::new(
            KeySet {
                version: VERSION,
                holders,
            },
            &inputs,
        )
        .unwrap();
        let [one, two] = asking.blinded();
        let answers = [
            pair[0].evaluate(one).unwrap(),
            pair[1].evaluate(two).unwrap(),
        ];
        let guessed = asking.fingerprints([&answers[0], &answers[1]]).unwrap();
        assert!(guessed.iter().all(|one| !registered.contains(one)));
    }
}
