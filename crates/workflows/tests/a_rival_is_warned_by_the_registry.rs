//! A bank checks a document through two real key holders and a registry that knows what a rival registered.
#![allow(clippy::unwrap_used)]

use blockworm_crypto::{
    Digest, SecretKey,
    oprf::{Evaluation, EvaluationKey, KeyVersion},
};
use blockworm_ledger::{LedgerId, MemberId};
use blockworm_service::key_holder::{
    AuditRow, EvaluationRequest, KeyHolder, Limit, Refusal, SignedRequest, Standing,
};
use blockworm_workflows::{
    fingerprint::{
        Document, Fingerprinted, Verdict, Written,
        asking::{self, AskError, Asker, Holders},
        check::{self, CheckError, Checked, Registry, WHOLE},
        forms::Form,
    },
    receivable::{SAMPLE_INVOICE, import},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::Mutex,
    task::{Context, Poll, Waker},
};

const NOW_MS: u64 = 1_795_305_600_000;

fn ledger() -> LedgerId {
    "07".repeat(16).parse().unwrap()
}

/// Nothing here ever waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a future waited"),
    }
}

struct Bank {
    member: MemberId,
    key: SecretKey,
}

impl Bank {
    fn new(member: &str, seed: u8) -> Self {
        Self {
            member: member.parse().unwrap(),
            key: SecretKey::from_ed25519_seed([seed; 32]),
        }
    }
}

impl Asker for Bank {
    fn member(&self) -> &MemberId {
        &self.member
    }

    fn sign(
        &self,
        request: EvaluationRequest,
    ) -> Result<SignedRequest, blockworm_crypto::SigningError> {
        Ok(request.sign(&self.key))
    }
}

/// Notary and court with two versions each, and what the ledger says of both banks.
struct Offices {
    holders: [Mutex<KeyHolder<Vec<AuditRow>>>; 2],
    members: BTreeMap<String, Standing>,
}

fn key(holder: u8, version: u32) -> EvaluationKey {
    let seed = SecretKey::from_ed25519_seed([holder * 10 + u8::try_from(version).unwrap(); 32]);
    EvaluationKey::derive(&seed, KeyVersion(version)).unwrap()
}

impl Offices {
    fn open(banks: &[&Bank]) -> Self {
        let office = |name: &str, number| {
            let keys = [1, 2].map(|version| key(number, version));
            let (name, limit) = (name.parse().unwrap(), Limit::default());
            Mutex::new(KeyHolder::new(name, ledger(), keys, limit, Vec::new(), []))
        };
        let standing = |bank: &&Bank| {
            let standing = Standing {
                key: bank.key.public_key(),
                active: true,
                roles: vec!["bank".to_owned()],
            };
            (bank.member.to_string(), standing)
        };
        Self {
            holders: [office("notary", 1), office("court", 2)],
            members: banks.iter().map(standing).collect(),
        }
    }

    fn rows(&self) -> usize {
        let rows = |holder: &Mutex<KeyHolder<Vec<AuditRow>>>| holder.lock().unwrap().audit().len();
        self.holders.iter().map(rows).sum()
    }
}

impl Holders for Offices {
    type Error = Refusal;

    async fn evaluate(&self, signed: &SignedRequest) -> Result<Evaluation, Refusal> {
        let second = signed.request.holder.as_str() == "court";
        let mut holder = self.holders[usize::from(second)].lock().unwrap();
        let standing = self.members.get(signed.request.asker.as_str());
        holder.answer(signed, standing, NOW_MS)
    }
}

/// What the contract answers: the fingerprints under claims, and nothing of the others.
#[derive(Default)]
struct Claims {
    required: Vec<u32>,
    known: BTreeMap<Digest, Value>,
    asked: Mutex<Vec<usize>>,
}

impl Claims {
    fn requiring(required: &[u32]) -> Self {
        Self {
            required: required.to_vec(),
            ..Self::default()
        }
    }

    fn claim(&mut self, fingerprinted: &[Fingerprinted], share: u32) {
        for (form, fingerprint) in fingerprinted.iter().flat_map(|one| &one.known) {
            let capped = matches!(
                form,
                Form::Exact | Form::Number | Form::WithoutDate | Form::Linked
            );
            let known = if capped {
                json!({ "standing": "reserved", "taken": share, "marked": false, "reserved_until_ms": 9 })
            } else {
                json!({ "standing": "free", "taken": 0, "marked": true, "reserved_until_ms": null })
            };
            self.known.insert(*fingerprint, known);
        }
    }
}

impl Registry for Claims {
    type Error = Refusal;

    async fn query(&self, message: &Value) -> Result<Value, Refusal> {
        if message.get("keys").is_some() {
            let set = |version| {
                let keys = [1, 2].map(|holder| key(holder, version).public_key());
                json!({ "version": version, "public_keys": keys })
            };
            let sets: Vec<Value> = [1, 2].map(set).to_vec();
            return Ok(json!({
                "holders": ["notary", "court"], "in_force": sets, "pending": null,
                "required": self.required,
            }));
        }
        let asked = message["check"]["fingerprints"].as_array().unwrap();
        self.asked.lock().unwrap().push(asked.len());
        let free = json!({ "standing": "free", "taken": 0, "marked": false });
        let answer = |text: &Value| {
            let fingerprint: Digest = text.as_str().unwrap().parse().unwrap();
            self.known.get(&fingerprint).unwrap_or(&free).clone()
        };
        Ok(asked.iter().map(answer).collect())
    }
}

struct World {
    first: Bank,
    rival: Bank,
    offices: Offices,
}

impl World {
    fn new() -> Self {
        let (first, rival) = (
            Bank::new("bank/maker", 1),
            Bank::new("harbour-bank/maker", 2),
        );
        let offices = Offices::open(&[&first, &rival]);
        Self {
            first,
            rival,
            offices,
        }
    }

    fn registered(&self, document: &Written, claims: &Claims) -> Vec<Fingerprinted> {
        let document = Document::new(document).unwrap();
        let panel = now(check::panel(claims, ledger())).unwrap();
        let asked = asking::registered(&document, &panel, &self.first, &self.offices, NOW_MS);
        now(asked).unwrap()
    }

    fn check(&self, document: &Written, claims: &Claims) -> Result<Checked, CheckError<Refusal>> {
        let document = Document::new(document).unwrap();
        let (asker, offices) = (&self.rival, &self.offices);
        now(check::check(
            &document,
            ledger(),
            claims,
            asker,
            offices,
            NOW_MS,
        ))
    }
}

fn invoice() -> Written {
    Written::of(&import(SAMPLE_INVOICE).unwrap().invoice)
}

#[test]
fn what_a_rival_registered_is_found_under_every_required_version() {
    let world = World::new();
    let invoice = invoice();
    let renumbered = Written {
        number: "X-1".to_owned(),
        date: "2026-01-01".to_owned(),
        ..invoice.clone()
    };
    let half = WHOLE / 2;
    // A claim made before the keys changed is found for as long as the registry requires the old.
    let mut claims = Claims::requiring(&[1]);
    let under_old = world.registered(&invoice, &claims);
    claims.claim(&under_old, half);
    claims.required = vec![1, 2];

    let checked = world.check(&invoice, &claims).unwrap();
    assert_eq!(checked.finding.verdict, Verdict::Duplicate);
    assert_eq!((checked.taken, checked.is_clear()), (half, false));
    assert!(
        checked
            .matches
            .iter()
            .all(|one| one.version == KeyVersion(1))
    );
    assert_eq!(checked.versions, [1, 2].map(KeyVersion));
    let linked = world.check(&renumbered, &claims).unwrap();
    assert_eq!(linked.finding.verdict, Verdict::Linked);
    assert_eq!((linked.taken, linked.is_clear()), (half, true));
    let mut whole = Claims::requiring(&[1]);
    whole.claim(&under_old, WHOLE);
    assert!(!world.check(&renumbered, &whole).unwrap().is_clear());
    let warned = Written {
        number: "X-2".to_owned(),
        references: Vec::new(),
        ..invoice.clone()
    };
    let warned = world.check(&warned, &claims).unwrap();
    assert_eq!(
        (warned.finding.verdict, warned.taken),
        (Verdict::Warning, 0)
    );

    claims.required = vec![2];
    let free = world.check(&invoice, &claims).unwrap();
    assert_eq!(free.finding.verdict, Verdict::Free);
    assert!(free.matches.is_empty() && free.is_clear());
    assert!(
        claims
            .asked
            .lock()
            .unwrap()
            .iter()
            .all(|count| *count <= 128)
    );
}

#[test]
fn both_holders_are_asked_once_for_each_version_and_checked() {
    let world = World::new();
    let claims = Claims::requiring(&[1, 2]);
    world.check(&invoice(), &claims).unwrap();
    assert_eq!(world.offices.rows(), 4);

    let stranger = Bank::new("bank/stranger", 9);
    let panel = now(check::panel(&claims, ledger())).unwrap();
    let document = Document::new(&invoice()).unwrap();
    let ask = |panel, asker| {
        now(asking::asked(
            &document,
            panel,
            asker,
            &world.offices,
            NOW_MS,
        ))
    };
    let refused = ask(&panel, &stranger).unwrap_err();
    assert!(
        matches!(&refused, AskError::Holder { source, .. } if source.code() == "evaluation.bad_signature"),
        "{refused}"
    );
    // A holder that answers with another key than the registry has is caught by its proof.
    let mut swapped = panel.clone();
    swapped.keys[0].holders.reverse();
    let refused = ask(&swapped, &world.first).unwrap_err();
    assert_eq!(refused.code(), "fingerprint.answer_refused");
    assert!(refused.to_string().contains("1 is notary"), "{refused}");
    let mut none = panel.clone();
    none.keys.clear();
    assert_eq!(
        ask(&none, &world.first).unwrap_err().code(),
        "fingerprint.no_keys"
    );
}

#[test]
fn a_registry_that_makes_no_sense_is_not_believed() {
    struct Odd(Value);
    impl Registry for Odd {
        type Error = Refusal;
        async fn query(&self, _: &Value) -> Result<Value, Refusal> {
            Ok(self.0.clone())
        }
    }
    let sane = now(Claims::requiring(&[1]).query(&json!({ "keys": {} }))).unwrap();
    let mut unknown = sane.clone();
    unknown["required"] = json!([3]);
    let mut neutral = sane;
    neutral["in_force"][0]["public_keys"][1] = json!("0".repeat(64));
    for odd in [json!(null), json!([]), unknown, neutral] {
        let refused = now(check::panel(&Odd(odd), ledger())).unwrap_err();
        assert_eq!(refused.code(), "registry.unexpected", "{refused}");
    }
}
