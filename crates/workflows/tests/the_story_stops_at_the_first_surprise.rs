//! The story is told step by step, and stops at the first receipt that is not its own.
#![allow(clippy::unwrap_used)]

use blockworm_crypto::{
    SecretKey,
    oprf::{EvaluationKey, KeyVersion},
    sha256,
};
use blockworm_kit::claims::{claim_key, pledge_key};
use blockworm_ledger::{
    CertifiedHeaders, ContractName, Event, FinalityProof, ForeignState, MemberId, StateClaim,
    StateProof,
};
use blockworm_registry::{DocumentSet, commitment};
use blockworm_workflows::fingerprint::{
    Document, Fingerprinted, forms,
    keyed::{Asking, KeySet},
};
use blockworm_workflows::receivable::story::{play, play_sample};
use blockworm_workflows::receivable::{
    Cast, Contracts, On, Outcome, Request, SAMPLE_INVOICE, Shown, Since, Story, StoryError,
    Submitter,
};
use cosmwasm_std::{Binary, from_json};
use serde_json::{Value, json};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A ledger by the script: remembers what it was asked and answers with the next code.
struct Scripted {
    codes: Vec<&'static str>,
    asked: Vec<(String, String, Value)>,
    known_invoices: usize,
    /// What was proved, where, and of which states.
    proved: Vec<(On, Vec<u8>, Since)>,
}

impl Submitter for Scripted {
    type Error = String;

    async fn submit(&mut self, request: &Request) -> Result<Outcome, String> {
        let message =
            serde_json::from_slice(&request.message).map_err(|error| error.to_string())?;
        self.asked.push((
            request.sender.to_string(),
            request.contract.to_string(),
            message,
        ));
        let index = self.asked.len() - 1;
        let code = self.codes.get(index).ok_or("the line is dead")?;
        Ok(Outcome {
            transaction: sha256(&[&index.to_be_bytes()]),
            height: index as u64 + 1,
            code: (*code).to_owned(),
            message: if *code == "ok" {
                String::new()
            } else {
                "because".to_owned()
            },
            events: vec![Event {
                contract: request.contract.clone(),
                kind: "done".to_owned(),
                subject: String::new(),
                attributes: [("claim", "3"), ("firm_at", "19")]
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .into(),
            }],
        })
    }

    async fn query(
        &mut self,
        on: On,
        _: &ContractName,
        message: &[u8],
    ) -> Result<Option<Value>, String> {
        let message: Value = serde_json::from_slice(message).map_err(|error| error.to_string())?;
        if let Some(answer) = self.answer(on, &message) {
            return Ok(Some(answer));
        }
        assert_eq!(message["by_invoice"]["digest"].as_str().unwrap().len(), 64);
        if self.known_invoices == 0 {
            return Ok(Some(Value::Null));
        }
        self.known_invoices -= 1;
        Ok(Some(json!({ "id": "r-1" })))
    }

    async fn prove(
        &mut self,
        on: On,
        _: &ContractName,
        key: &[u8],
        since: Since,
    ) -> Result<Shown, String> {
        self.proved.push((on, key.to_vec(), since));
        let digest = sha256(&[]);
        let proof = StateProof {
            pairs: Vec::new(),
            siblings: Vec::new(),
        };
        let finality = FinalityProof {
            epoch: 0,
            view: 1,
            parent_view: 0,
            payload: digest,
            signatures: Vec::new(),
        };
        let chain = CertifiedHeaders {
            handovers: Vec::new(),
            headers: Vec::new(),
            finality,
        };
        let claim = StateClaim::new(1, 17, key.to_vec(), None, proof);
        let state = ForeignState { claim, chain };
        let handovers = Vec::new();
        Ok(Shown { state, handovers })
    }

    /// Through two holders, each time blinded anew.
    async fn fingerprint(
        &mut self,
        _: &MemberId,
        document: &Document,
    ) -> Result<Vec<Fingerprinted>, String> {
        let version = KeyVersion(1);
        let key = |seed| {
            let seed = SecretKey::from_ed25519_seed([seed; 32]);
            EvaluationKey::derive(&seed, version).unwrap()
        };
        let keys = [key(1), key(2)];
        let holders = [keys[0].public_key(), keys[1].public_key()];
        let inputs = forms::registered(document);
        let asking = Asking::new(KeySet { version, holders }, &inputs).unwrap();
        let [first, second] = asking.blinded();
        let answers = [keys[0].evaluate(first), keys[1].evaluate(second)].map(Result::unwrap);
        let found = asking.fingerprints([&answers[0], &answers[1]]).unwrap();
        let forms = inputs.iter().map(|input| input.form);
        let known = forms.zip(found).collect();
        Ok(vec![Fingerprinted { version, known }])
    }
}

impl Scripted {
    /// What the contracts say of themselves on the way.
    fn answer(&self, on: On, message: &Value) -> Option<Value> {
        let asked = |name: &str| message.get(name).is_some();
        if asked("config") {
            let registry =
                json!({ "ledger": "shared", "contract": "registry", "known_as": "trade" });
            return Some(json!({
                "issuance": "issuance", "assets": "assets", "class": "receivable",
                "vouchers": ["voucher-cny"], "utc_offset_minutes": 480, "registry": registry,
            }));
        }
        if asked("assets") {
            return Some(self.money(&message["assets"]));
        }
        if asked("balance") {
            return Some(json!({ "amount": "324684390" }));
        }
        if asked("open") {
            assert_eq!(
                (on, &message["open"]["bank"]),
                (On::Registry, &json!("bank"))
            );
            return Some(Value::Null);
        }
        if asked("claim") {
            assert_eq!((on, &message["claim"]["claim"]), (On::Registry, &json!(3)));
            return Some(json!({
                "bank": "bank", "ledger": "trade", "documents": [], "committed_at": 4,
                "reserved_at": 17, "firm_at": 19, "reserved_until_ms": 99,
                "financed_at": null, "ended_at": null, "end": null,
            }));
        }
        let issue = &self.asked.first()?.2["issue"];
        if asked("parts") {
            let held = json!({
                "units": { "from": "0", "to": issue["amount"] },
                "owner": "platform/supplier-3f9a", "closed": false,
            });
            let ask = json!({
                "by": "platform/supplier-3f9a", "price": issue["price"], "recourse": true,
            });
            let whole = json!([{ "holding": 0, "held": held, "ask": ask, "financing": null }]);
            let first = message["parts"]["from"] == 0;
            return Some(if first { whole } else { json!([]) });
        }
        asked("receivable").then(|| {
            json!({
                "id": issue["id"], "asset": "receivable-cny/0123456789abcdef",
                "status": "confirmed", "overdue": false,
                "invoice_digest": issue["invoice_digest"], "document_commitment": null,
                "seller": "platform/supplier-3f9a", "buyer": issue["buyer"],
                "amount": issue["amount"], "currency": issue["currency"],
                "due_date": issue["due_date"], "settled": "0", "financier": null,
            })
        })
    }

    /// The bank's settlement money, as far as it was brought.
    fn money(&self, question: &Value) -> Value {
        let statuses = ["draft", "proposed", "approved", "active"];
        let steps = self.asked.len().saturating_sub(3).min(3);
        if self.asked.len() < 3 || !question["start_after"].is_null() {
            return json!([]);
        }
        let draft = &self.asked[2].2["draft"];
        json!([{ "id": MONEY, "asset": {
            "status": statuses[steps], "issuer": "bank/maker", "organisation": "bank",
            "makers": ["bank/maker"], "amount": draft["amount"], "backing": [draft["backing"]],
            "metadata": {}, "version": 1, "approvals": [], "increase": null, "finalised": false,
            "order": null,
        } }])
    }
}

const MONEY: &str = "voucher-cny/00112233445566aa";

/// The script never waits, so one poll is enough.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the script never waits"),
    }
}

fn cast() -> Cast {
    Cast {
        supplier: "platform/supplier-3f9a".parse().unwrap(),
        buyer: "platform/buyer-c27e".parse().unwrap(),
        financier: "bank/maker".parse().unwrap(),
        checker: "bank/checker".parse().unwrap(),
        second_financier: "bank/maker-2".parse().unwrap(),
        rival: "harbour-bank/maker".parse().unwrap(),
    }
}

fn scripted(codes: &[&'static str]) -> Scripted {
    Scripted {
        codes: codes.to_vec(),
        asked: Vec::new(),
        known_invoices: 0,
        proved: Vec::new(),
    }
}

const GOOD: [&str; 14] = [
    "ok",
    "ok",
    "ok",
    "ok",
    "ok",
    "ok",
    "ok",
    "ok",
    "ok",
    "ok",
    "ok",
    "receivable.already_financed",
    "ok",
    "registry.already_financed",
];

#[test]
fn the_whole_story_is_told() {
    let mut ledger = scripted(&GOOD);
    let mut told = Vec::new();
    let story = now(play(
        &mut ledger,
        &Contracts::default(),
        &cast(),
        SAMPLE_INVOICE,
        |step| told.push(step.clone()),
    ))
    .unwrap();
    assert_eq!(story.steps, told);
    let names: Vec<&str> = story.steps.iter().map(|step| step.name).collect();
    assert_eq!(
        names,
        [
            "issue",
            "confirm",
            "draft",
            "propose",
            "approve",
            "activate",
            "give",
            "commit",
            "reserve",
            "finance",
            "register",
            "finance_again",
            "commit_again",
            "reserve_again"
        ]
    );
    let refused = story.step("finance_again").unwrap();
    assert_eq!(
        (
            refused.who.to_string().as_str(),
            refused.code.as_str(),
            refused.message.as_str()
        ),
        ("bank/maker-2", "receivable.already_financed", "because")
    );

    check_messages(&story, &ledger.asked);
    let firm = Since {
        height: 19,
        absent_ms: 0,
    };
    let unused = Since {
        height: 0,
        absent_ms: 99,
    };
    let expected = [
        (On::Registry, claim_key(3), firm),
        (On::Trade, pledge_key(3, "bank"), unused),
    ];
    assert_eq!(ledger.proved, expected);
}

/// Settlement money before the financing.
fn check_money(asked: &[(String, String, Value)]) {
    // Twice the price for two offers, on a statement, approved by another member; half is given on.
    let (draft, approve) = (&asked[2].2["draft"], &asked[4]);
    assert_eq!(draft["amount"], "324684390");
    assert_eq!(draft["backing"]["amount"], draft["amount"]);
    assert_eq!(
        (approve.0.as_str(), &approve.2["approve"]["asset"]),
        ("bank/checker", &json!(MONEY))
    );
    assert_eq!(asked[6].2["transfer"]["to"], "bank/maker-2");
}

/// What the ledger was asked, step by step.
fn check_messages(story: &Story, asked: &[(String, String, Value)]) {
    let (who, contract, issue) = &asked[0];
    assert_eq!(
        (who.as_str(), contract.as_str()),
        ("platform/supplier-3f9a", "receivable")
    );
    let issue = &issue["issue"];
    assert_eq!(issue["id"], story.receivable.as_str());
    assert_eq!(
        issue["invoice_digest"],
        story.claim.invoice_digest.to_string()
    );
    assert_eq!(
        issue["document_commitment"],
        story.opening.commitment().to_string()
    );
    assert_eq!(
        (issue["amount"].as_str(), issue["price"].as_str()),
        (Some("164814405"), Some("162342195"))
    );
    assert_eq!(
        (issue["currency"].as_str(), issue["due_date"].as_str()),
        (Some("CNY"), Some("2027-01-31"))
    );

    check_money(asked);
    let (who, contract, commit) = &asked[7];
    assert_eq!(
        (who.as_str(), contract.as_str()),
        ("bank/maker", "registry")
    );
    let opened = |(who, _, reserve): &(String, String, Value)| -> (String, Vec<DocumentSet>) {
        let reserve = &reserve["reserve"];
        let sets: Vec<DocumentSet> = serde_json::from_value(reserve["sets"].clone()).unwrap();
        let (bank, nonce) = (who.split('/').next().unwrap(), reserve["nonce"].as_str());
        (commitment(bank, nonce.unwrap(), &sets).unwrap(), sets)
    };
    let (opens, sets) = opened(&asked[8]);
    assert_eq!(commit["commit"]["commitment"], opens);
    assert_eq!(asked[10].2["confirm"]["claim"], 3);
    let (opens_rivals, rivals) = opened(&asked[13]);
    assert_eq!(asked[13].0, "harbour-bank/maker");
    assert_eq!(asked[12].2["commit"]["commitment"], opens_rivals);
    assert_eq!(rivals, sets, "both banks find the same fingerprints");
    assert_ne!(opens_rivals, opens);

    let (who, contract, finance) = &asked[9];
    assert_eq!((who.as_str(), contract.as_str()), ("bank/maker", "assets"));
    assert_eq!(
        (
            finance["send"]["contract"].as_str(),
            finance["send"]["part"]["units"].as_str()
        ),
        (Some("receivable"), Some("162342195"))
    );
    let payload = |send: &Value| -> Value {
        let payload = send["send"]["payload"].as_str().unwrap();
        from_json(Binary::from_base64(payload).unwrap()).unwrap()
    };
    assert_eq!(payload(finance)["finance"]["reservation"]["claim"], 3);
    let again = payload(&asked[11].2);
    assert!(again["finance"]["reservation"].is_null());
    assert_eq!(again["finance"]["id"], payload(finance)["finance"]["id"]);
}

#[test]
fn a_surprise_stops_it() {
    for at in 0..GOOD.len() {
        let mut codes = GOOD;
        codes[at] = if codes[at] == "ok" {
            "member.revoked"
        } else {
            "ok"
        };
        let mut ledger = scripted(&codes);
        let error = now(play(
            &mut ledger,
            &Contracts::default(),
            &cast(),
            SAMPLE_INVOICE,
            |_| (),
        ))
        .unwrap_err();
        assert!(
            matches!(&error, StoryError::Unexpected { code, .. } if code == codes[at]),
            "{error}"
        );
        assert_eq!(ledger.asked.len(), at + 1);
    }
    let mut dead = scripted(&GOOD[..2]);
    let error = now(play(
        &mut dead,
        &Contracts::default(),
        &cast(),
        SAMPLE_INVOICE,
        |_| (),
    ))
    .unwrap_err();
    assert_eq!(error, StoryError::Submitter("the line is dead".to_owned()));
}

#[test]
fn a_bad_invoice_sends_nothing() {
    let mut ledger = scripted(&GOOD);
    let bad = include_bytes!("../../../samples/steel-invoice-wrong-totals.xml");
    let error = now(play(
        &mut ledger,
        &Contracts::default(),
        &cast(),
        bad,
        |_| (),
    ))
    .unwrap_err();
    assert_eq!(error.code(), Some("invoice.totals_mismatch"));
    assert!(ledger.asked.is_empty());
}

#[test]
fn a_ledger_that_knows_the_sample_hears_of_the_next_copy() {
    let mut ledger = Scripted {
        known_invoices: 2,
        ..scripted(&GOOD)
    };
    let story = now(play_sample(
        &mut ledger,
        &Contracts::default(),
        &cast(),
        |_| (),
    ))
    .unwrap();
    assert_eq!(story.claim.invoice.number, "CL-2026-004417-2");
}
