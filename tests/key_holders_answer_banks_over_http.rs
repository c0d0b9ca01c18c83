//! Banks ask the nodes of both key holders for fingerprints, and everybody else is refused with a code.
#![allow(clippy::unwrap_used)]

mod dsl;

use blockworm_api::{Client, ClientError};
use blockworm_crypto::{
    Digest, SecretKey,
    oprf::{Blinding, Evaluation, KeyVersion},
};
use blockworm_ledger::{LedgerId, MemberId};
use blockworm_service::{
    identity,
    key_holder::{EvaluationRequest, Nonce, SentElement, SignedRequest},
};
use blockworm_workflows::{
    fingerprint::{
        Document, Fingerprinted,
        asking::{self, Asker, Holders, Panel},
        keyed::KeySet,
    },
    receivable::import,
};
use dsl::{Consortium, SAMPLE_INVOICE, answering, blockworm, path, signing::now_ms, wait};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs};

const HOLDERS: [&str; 2] = ["notary", "court"];
/// What the notary's node.toml allows each bank in a day, elements.
const NOTARYS_LIMIT: usize = 500;

/// Five organisations' nodes, and what everybody of the registry knows.
struct Scene {
    consortium: Consortium,
    ledger: LedgerId,
}

/// A member with a key of the folder, or of its own.
struct Person {
    member: MemberId,
    key: SecretKey,
}

impl Asker for Person {
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

/// The nodes of notary and court, by their APIs.
struct Nodes([Client; 2]);

impl Holders for Nodes {
    type Error = ClientError;

    async fn evaluate(&self, signed: &SignedRequest) -> Result<Evaluation, ClientError> {
        let second = signed.request.holder.as_str() == HOLDERS[1];
        self.0[usize::from(second)].evaluate(signed).await
    }
}

impl Scene {
    fn set() -> Self {
        let consortium = Consortium::start(5);
        // The limit is the holder's own to set.
        consortium.run(&["down"]).json();
        let file = consortium.folder.node_file(&"notary".parse().unwrap());
        let text = fs::read_to_string(&file).unwrap();
        let limited = format!("elements = {NOTARYS_LIMIT}\naudit_file = ");
        assert_eq!(text.matches("audit_file = ").count(), 1, "{text}");
        fs::write(&file, text.replace("audit_file = ", &limited)).unwrap();
        consortium.up(&[]).json();
        Self::of(consortium)
    }

    fn of(consortium: Consortium) -> Self {
        let record = consortium.record();
        let mut ledgers = record.ledgers.iter();
        let registry = ledgers.find(|ledger| ledger.name == "registry").unwrap();
        let ledger = registry.id.parse().unwrap();
        Self { consortium, ledger }
    }

    fn person(&self, member: &str) -> Person {
        let member: MemberId = member.parse().unwrap();
        let key = identity::load(&self.consortium.folder, &member)
            .unwrap()
            .key;
        Person { member, key }
    }

    fn nodes(&self) -> Nodes {
        Nodes(HOLDERS.map(|holder| self.consortium.client(holder)))
    }

    /// What the holders' own commands show, which their admins publish.
    fn panel(&self, versions: &[u32]) -> Panel {
        let shown = HOLDERS.map(|holder| {
            let shown = self
                .consortium
                .run(&["key-holder", "show", "--org", holder]);
            shown.json()["versions"].clone()
        });
        let key = |holder: &Value, version: u32| {
            let mut all = holder.as_array().unwrap().iter();
            let found = all.find(|one| one["version"] == version).unwrap();
            serde_json::from_value(found["public_key"].clone()).unwrap()
        };
        let set = |version: &u32| KeySet {
            version: KeyVersion(*version),
            holders: shown.each_ref().map(|holder| key(holder, *version)),
        };
        Panel {
            ledger: self.ledger,
            holders: HOLDERS.map(|holder| holder.parse().unwrap()),
            keys: versions.iter().map(set).collect(),
        }
    }

    fn registered(&self, person: &Person, versions: &[u32]) -> Vec<Fingerprinted> {
        let (document, panel) = (document(), self.panel(versions));
        let nodes = self.nodes();
        let asked = asking::registered(&document, &panel, person, &nodes, now_ms());
        wait(asked).unwrap()
    }

    /// A good question to the notary, for `change` to spoil.
    fn question(
        &self,
        person: &Person,
        change: impl FnOnce(&mut EvaluationRequest),
    ) -> SignedRequest {
        let blinding = Blinding::new(&["one", "two"]).unwrap();
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&now_ms().to_be_bytes());
        nonce[8..].copy_from_slice(&blinding.blinded()[0].to_bytes()[..8]);
        let mut request = EvaluationRequest {
            ledger: self.ledger,
            holder: "notary".parse().unwrap(),
            asker: person.member.clone(),
            version: KeyVersion(1),
            asked_at_ms: now_ms(),
            nonce: Nonce(nonce),
            elements: blinding.blinded().iter().map(SentElement::from).collect(),
        };
        change(&mut request);
        request.sign(&person.key)
    }

    /// The status and code of a node's refusal, and when it says to come again.
    fn refused(&self, node: &str, body: String) -> (u16, String, Option<u64>) {
        let url = format!("{}/v1/evaluations", self.consortium.client(node).base());
        wait(async {
            let http = reqwest::Client::builder().no_proxy().build().unwrap();
            let request = http.post(url).header("content-type", "application/json");
            let response = request.body(body).send().await.unwrap();
            let status = response.status().as_u16();
            let again = response.headers().get("retry-after");
            let again = again.and_then(|again| again.to_str().ok()?.parse().ok());
            let problem: Value = response.json().await.unwrap();
            let code = problem["code"].as_str().unwrap_or_default().to_owned();
            (status, code, again)
        })
    }

    #[track_caller]
    fn assert_refused(&self, signed: &SignedRequest, status: u16, code: &str) {
        let body = serde_json::to_string(signed).unwrap();
        let (found, said, _) = self.refused("notary", body);
        assert_eq!((found, said.as_str()), (status, code));
    }

    fn audit(&self, holder: &str) -> Vec<Value> {
        let audit = ["key-holder", "audit", "--last", "9999", "--org", holder];
        let rows = self.consortium.run(&audit).json()["rows"].take();
        rows.as_array().unwrap().clone()
    }
}

/// The one node of a small consortium holds both keys, as it holds everything.
#[test]
fn one_node_answers_with_both_keys() {
    let consortium = Consortium::start(1);
    let scene = Scene::of(consortium);
    let platform = Nodes([(); 2].map(|()| scene.consortium.client("platform")));
    let (document, panel) = (document(), scene.panel(&[1]));
    let bank = scene.person("bank/maker");
    let asked = asking::registered(&document, &panel, &bank, &platform, now_ms());
    assert_eq!(wait(asked).unwrap().len(), 1);
    for holder in HOLDERS {
        assert_eq!(scene.audit(holder).len(), 1);
        let shown = scene
            .consortium
            .run(&["key-holder", "show", "--org", holder]);
        assert_eq!(shown.json()["node"], "platform");
    }
    let unused = scene
        .consortium
        .run(&["key-holder", "rotate", "--org", "bank"]);
    assert_eq!(unused.json()["node"], Value::Null);
    let nobody = scene
        .consortium
        .run(&["key-holder", "show", "--org", "nobody"]);
    assert_eq!(nobody.error_code(), "organisation.not_found");
    a_node_without_its_key_does_not_start(&scene);
}

fn a_node_without_its_key_does_not_start(scene: &Scene) {
    scene.consortium.run(&["down"]).json();
    let folder = &scene.consortium.folder;
    let config = folder.node_file(&"platform".parse().unwrap());
    let start = || {
        let config = ["--config", path(&config), "--output", "json"];
        blockworm(&[&["node", "run"][..], &config].concat())
    };
    let (court, notary) = ("court".parse().unwrap(), "notary".parse().unwrap());
    fs::remove_file(folder.evaluation_keys(&court).join("1.key.pem")).unwrap();
    let keyless = start();
    assert_eq!(keyless.error_code(), "key_holder.no_key");
    assert!(
        keyless.stderr.contains("key-holder rotate --org court"),
        "{keyless:?}"
    );
    let made = scene
        .consortium
        .run(&["key-holder", "rotate", "--org", "court"]);
    assert_eq!(made.json()["version"], 1);
    fs::write(folder.evaluation_audit(&notary, &scene.ledger), "no row\n").unwrap();
    assert_eq!(start().error_code(), "key_holder.audit_unusable");
}

fn document() -> Document {
    Document::of(&import(&fs::read(SAMPLE_INVOICE).unwrap()).unwrap().invoice).unwrap()
}

#[test]
fn banks_are_answered_and_nobody_else_is() {
    let scene = Scene::set();
    let (bank, rival) = (
        scene.person("bank/maker"),
        scene.person("harbour-bank/maker"),
    );
    let registered = scene.registered(&bank, &[1]);
    assert_eq!(registered, scene.registered(&rival, &[1]));
    assert!(registered[0].known.len() > 10);
    one_audit_row_for_each_question(&scene, &registered);
    strangers_are_refused(&scene, &bank);
    bad_questions_are_refused(&scene, &bank);
    a_revoked_member_is_refused(&scene);
    the_command_line_tells_a_rival(&scene, &registered);
    the_keys_change_without_a_restart(&scene, &rival, &registered);
    a_bank_over_its_limit_waits(&scene, &bank);
}

fn one_audit_row_for_each_question(scene: &Scene, registered: &[Fingerprinted]) {
    let fingerprints = registered.iter().flat_map(|one| &one.known);
    let fingerprints: Vec<String> = fingerprints.map(|(_, print)| print.to_string()).collect();
    for holder in HOLDERS {
        let rows = scene.audit(holder);
        let members: Vec<_> = rows.iter().map(|row| row["member"].clone()).collect();
        assert_eq!(members, ["bank/maker", "harbour-bank/maker"]);
        assert!(rows.iter().all(|row| row["outcome"] == "answered"));
        assert_eq!(rows[0]["elements"], fingerprints.len());

        // All that the holder keeps but its state of the ledger: audit, log, configuration.
        let organisation = holder.parse().unwrap();
        let folder = &scene.consortium.folder;
        let audit = folder.evaluation_audit(&organisation, &scene.ledger);
        let log = folder.organisation(&organisation).join("node.log");
        for file in [audit, log] {
            let kept = fs::read_to_string(file).unwrap();
            for secret in ["CL-2026-004417", "Canglan", "沧澜", "1848144.05"] {
                assert!(!kept.contains(secret), "{secret} is with the {holder}");
            }
            let known = fingerprints.iter().find(|print| kept.contains(*print));
            assert_eq!(known, None, "a holder knows no fingerprint");
        }
    }
}

fn strangers_are_refused(scene: &Scene, bank: &Person) {
    let good = |person: &Person| scene.question(person, |_| {});
    let before = scene.audit("notary").len();
    // On the trade's ledger, not on the registry's.
    let supplier = scene.person("platform/supplier-3f9a");
    scene.assert_refused(&good(&supplier), 403, "evaluation.bad_signature");
    let unregistered = Person {
        member: bank.member.clone(),
        key: SecretKey::from_ed25519_seed([7; 32]),
    };
    scene.assert_refused(&good(&unregistered), 403, "evaluation.bad_signature");
    let other = scene.question(bank, |request| request.holder = "court".parse().unwrap());
    scene.assert_refused(&other, 404, "evaluation.other_holder");
    let trade = scene.consortium.ledger().parse().unwrap();
    let other = scene.question(bank, |request| request.ledger = trade);
    scene.assert_refused(&other, 404, "evaluation.other_ledger");
    let body = serde_json::to_string(&good(bank)).unwrap();
    let (status, code, _) = scene.refused("platform", body);
    assert_eq!((status, code.as_str()), (404, "evaluation.no_key_holder"));
    assert_eq!(scene.audit("notary").len(), before, "noise leaves no row");
    // Known on the registry, signed, and no bank.
    let platform = scene.person("platform/admin");
    scene.assert_refused(&good(&platform), 403, "evaluation.missing_role");
    assert_eq!(scene.audit("notary").len(), before + 1);
}

fn bad_questions_are_refused(scene: &Scene, bank: &Person) {
    let once = scene.question(bank, |_| {});
    wait(scene.nodes().evaluate(&once)).unwrap();
    scene.assert_refused(&once, 422, "evaluation.repeated");
    // The audit remembers what the process forgot.
    scene.consortium.crash("notary");
    scene.consortium.up(&[]).json();
    scene.assert_refused(&once, 422, "evaluation.repeated");
    let stale = scene.question(bank, |request| request.asked_at_ms -= 61_000);
    scene.assert_refused(&stale, 422, "evaluation.stale");
    let unknown = scene.question(bank, |request| request.version = KeyVersion(2));
    scene.assert_refused(&unknown, 422, "evaluation.unknown_version");
    let empty = scene.question(bank, |request| request.elements.clear());
    scene.assert_refused(&empty, 422, "evaluation.batch_size");
    let neutral: SentElement = serde_json::from_value(json!("0".repeat(64))).unwrap();
    let neutral = scene.question(bank, |request| request.elements[1] = neutral);
    scene.assert_refused(&neutral, 422, "evaluation.bad_element");

    let oversize = scene.question(bank, |request| {
        request.elements = vec![request.elements[0]; 500];
    });
    scene.assert_refused(&oversize, 413, "api.body_too_large");
    let (status, code, _) = scene.refused("notary", "{\"request\":1}".to_owned());
    assert_eq!((status, code.as_str()), (400, "api.malformed_body"));
}

fn a_revoked_member_is_refused(scene: &Scene) {
    let checker = scene.person("bank/checker");
    let nodes = scene.nodes();
    wait(nodes.evaluate(&scene.question(&checker, |_| {}))).unwrap();
    let revoke = ["member", "revoke", "bank/checker", "--reason", "left"];
    let on = ["--ledger", "registry", "--node", "notary"];
    scene.consortium.run(&[&revoke[..], &on].concat()).json();
    let late = scene.question(&checker, |_| {});
    scene.assert_refused(&late, 403, "evaluation.inactive");
    let rows = scene.audit("notary");
    let last = &rows.last().unwrap()["outcome"]["refused"];
    assert_eq!(last, "evaluation.inactive");
}

/// `financing check` from document to verdict: real key holders, and a node of the registry that
/// answers as its contract does.
fn the_command_line_tells_a_rival(scene: &Scene, registered: &[Fingerprinted]) {
    let known: BTreeSet<Digest> = registered
        .iter()
        .flat_map(|one| one.known.iter().map(|(_, print)| *print))
        .collect();
    let url = fake_registry(scene, known);
    let notary = format!("notary={}", scene.consortium.client("notary").base());
    let check = |document: &str, more: &[&str]| {
        let asked = ["financing", "check", document, "--as", "harbour-bank/maker"];
        scene
            .consortium
            .run(&[&asked[..], &["--api", &url], more].concat())
    };
    let found = check(SAMPLE_INVOICE, &[]);
    assert_eq!(found.code, Some(2), "{found:?}");
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(found["verdict"], "duplicate");
    assert_eq!(found["taken"], 250_000_000);
    assert!(found["forms"].as_array().unwrap().contains(&json!("exact")));

    let order = json!({
        "sort": "order", "number": "PO-77", "date": "2026-11-02", "amount": "10.00",
        "currency": "CNY", "references": [],
        "seller": { "ids": [], "names": ["Somebody Else"] },
        "buyer": { "ids": [], "names": ["Another"] },
    });
    let file = scene.consortium.beside("order.json");
    fs::write(&file, order.to_string()).unwrap();
    let free = check(path(&file), &["--holder", &notary]).json();
    assert_eq!(
        (&free["verdict"], &free["taken"]),
        (&json!("free"), &json!(0))
    );
    assert_eq!(free["matches"], json!([]));

    let nowhere = check(SAMPLE_INVOICE, &["--holder", "court=http://127.0.0.1:1"]);
    assert_eq!(nowhere.error_code(), "node.unreachable");
    assert!(nowhere.stderr.contains("court"), "{nowhere:?}");
    let stranger = [
        "financing",
        "check",
        SAMPLE_INVOICE,
        "--as",
        "platform/admin",
    ];
    let stranger = scene
        .consortium
        .run(&[&stranger[..], &["--api", &url]].concat());
    assert_eq!(stranger.error_code(), "evaluation.missing_role");
}

/// A node of the registry's ledger that knows these fingerprints.
fn fake_registry(scene: &Scene, known: BTreeSet<Digest>) -> String {
    let ledgers = wait(scene.consortium.client("notary").ledgers()).unwrap();
    let id = scene.ledger.to_string();
    let registry = ledgers.into_iter().find(|ledger| ledger.id == id);
    let ledgers = json!({ "items": [registry.unwrap()], "next": null });
    let set = &scene.panel(&[1]).keys[0];
    let set = json!({ "version": set.version, "public_keys": set.holders });
    let keys = json!({
        "holders": HOLDERS, "in_force": [set], "pending": null, "required": [1],
    });
    answering::serve(move |question| match question {
        Some(question) if question.get("keys").is_some() => keys.clone(),
        Some(question) => checked(&question, &known),
        None => ledgers.clone(),
    })
}

fn checked(question: &Value, known: &BTreeSet<Digest>) -> Value {
    let asked = question["check"]["fingerprints"].as_array().unwrap();
    let answer = |text: &Value| {
        let taken = known.contains(&text.as_str().unwrap().parse().unwrap());
        let standing = if taken { "financed" } else { "free" };
        let share = if taken { 250_000_000 } else { 0 };
        json!({ "standing": standing, "taken": share, "marked": false, "reserved_until_ms": null })
    };
    asked.iter().map(answer).collect()
}

fn the_keys_change_without_a_restart(scene: &Scene, rival: &Person, before: &[Fingerprinted]) {
    for holder in HOLDERS {
        let made = scene
            .consortium
            .run(&["key-holder", "rotate", "--org", holder]);
        assert_eq!(made.json()["version"], 2);
    }
    let both = scene.registered(rival, &[1, 2]);
    assert_eq!(both[0], before[0]);
    assert_eq!(both[1].version, KeyVersion(2));
    let old: BTreeSet<_> = both[0].known.iter().map(|(_, print)| print).collect();
    assert!(both[1].known.iter().all(|(_, print)| !old.contains(print)));
    // A deleted version is gone at once.
    let notary = scene
        .consortium
        .folder
        .evaluation_keys(&"notary".parse().unwrap());
    fs::remove_file(notary.join("1.key.pem")).unwrap();
    let old = scene.question(rival, |_| {});
    scene.assert_refused(&old, 422, "evaluation.unknown_version");
}

fn a_bank_over_its_limit_waits(scene: &Scene, bank: &Person) {
    let nodes = scene.nodes();
    let full = || {
        scene.question(bank, |request| {
            request.version = KeyVersion(2);
            request.elements = vec![request.elements[0]; 64];
        })
    };
    let answered = (0..NOTARYS_LIMIT / 64 + 1)
        .take_while(|_| wait(nodes.evaluate(&full())).is_ok())
        .count();
    assert!(
        answered < NOTARYS_LIMIT / 64 + 1,
        "{answered} were answered"
    );
    let body = serde_json::to_string(&full()).unwrap();
    let (status, code, again) = scene.refused("notary", body);
    assert_eq!((status, code.as_str()), (429, "evaluation.over_limit"));
    let day_s = 24 * 60 * 60;
    assert!(
        again.is_some_and(|again_s| (day_s - 600..=day_s).contains(&again_s)),
        "{again:?}"
    );
    // The rival has a limit of its own.
    let rival = scene.person("harbour-bank/maker");
    let other = scene.question(&rival, |request| request.version = KeyVersion(2));
    wait(nodes.evaluate(&other)).unwrap();
}
