//! Whatever is wrong with an input has a code of its own, changes nothing and harms no node.
#![allow(clippy::unwrap_used)]

mod dsl;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_api::Client;
use blockworm_crypto::{
    Algorithm, Namespace, PublicKey, SecretKey, Signature,
    identity::{CertificateAuthority, MemberSubject, Validity},
    sha256,
};
use blockworm_ledger::{LedgerId, Transaction, TransactionBody};
use dsl::{
    Consortium, blockworm,
    load::{ASSETS, transfer},
    member, path,
    signing::{Signer, now_ms},
    wait,
};
use serde_json::{Value, json};
use std::{fs, time::Duration};

const WAIT: Duration = Duration::from_secs(30);

/// What a node makes of some bytes: its refusal's code, or the receipt's.
async fn code_of(client: &Client, ledger: &str, bytes: Vec<u8>) -> String {
    match client.submit_encoded(ledger, bytes.into(), WAIT).await {
        Ok(answer) => answer
            .receipt
            .map_or_else(|| "pending".to_owned(), |receipt| receipt.code),
        Err(error) => error
            .code()
            .map_or_else(|| format!("no code: {error}"), ToOwned::to_owned),
    }
}

struct Scene {
    consortium: Consortium,
    client: Client,
    ledger: String,
    maker: Signer,
}

impl Scene {
    fn set() -> Self {
        let consortium = Consortium::start(1);
        wait(consortium.fund("bank/maker", 1_000));
        let client = consortium.client("platform");
        let ledger = consortium.ledger();
        let maker = consortium.signer("bank/maker");
        Self {
            consortium,
            client,
            ledger,
            maker,
        }
    }

    async fn code(&self, transaction: &Transaction) -> String {
        code_of(&self.client, &self.ledger, transaction.encode()).await
    }

    fn body(&self) -> TransactionBody {
        let money = self.consortium.money();
        self.maker.body(ASSETS, &transfer(money, "bank/checker", 1))
    }

    /// A good transfer with one thing changed before it was signed.
    fn changed(&self, change: impl FnOnce(&mut TransactionBody)) -> Transaction {
        let mut body = self.body();
        change(&mut body);
        body.sign(&self.maker.key)
    }

    /// The node still does its work, and nothing but `paid` units has moved.
    async fn is_unharmed(&self, paid: u64) {
        assert_eq!(
            self.consortium.balance("platform", "bank/checker").await,
            paid
        );
        let money = self.consortium.money();
        let good = self.maker.sign(ASSETS, &transfer(money, "bank/maker-2", 1));
        assert_eq!(self.code(&good).await, "ok");
    }
}

#[test]
fn bytes_that_are_no_transaction() {
    let scene = Scene::set();
    wait(async {
        let good = scene.body().sign(&scene.maker.key).encode();
        let cut = good[..good.len() - 1].to_vec();
        let longer = [good.as_slice(), &[0]].concat();
        for bad in [cut, longer, vec![0xff; 300]] {
            let code = code_of(&scene.client, &scene.ledger, bad).await;
            assert_eq!(code, "transaction.malformed");
        }
        scene.is_unharmed(0).await;
    });
}

#[test]
fn an_oversized_transaction() {
    let scene = Scene::set();
    wait(async {
        let large = vec![b' '; scene.consortium.genesis().parameters.transaction_bytes as usize];
        let oversized = scene.changed(|body| body.message.extend(&large));
        let alone = scene.code(&oversized).await;
        let codes = ["transaction.oversized", "api.body_too_large"];
        assert!(codes.contains(&alone.as_str()), "{alone}");
        let good = scene.body().sign(&scene.maker.key);
        let batch = [oversized.encode(), good.encode()];
        let outcomes = scene
            .client
            .submit_batch(&scene.ledger, &batch, WAIT)
            .await
            .unwrap();
        assert_eq!(outcomes[0].code, "transaction.oversized", "{outcomes:?}");
        assert_eq!(
            outcomes[1].code, "ok",
            "its neighbour in the batch is not harmed"
        );
        scene.is_unharmed(1).await;
    });
}

#[test]
fn a_signature_that_does_not_count() {
    let scene = Scene::set();
    wait(async {
        let forged = Transaction {
            body: scene.body(),
            signature: Signature::Ed25519([7; 64]),
        };
        assert_eq!(scene.code(&forged).await, "transaction.bad_signature");
        let body = scene.body();
        let namespace = Namespace::new(&scene.ledger, "register");
        let signature = scene.maker.key.sign(&namespace, &body.id());
        let for_another_purpose = Transaction { body, signature };
        let code = scene.code(&for_another_purpose).await;
        assert_eq!(code, "transaction.bad_signature");
        scene.is_unharmed(0).await;
    });
}

#[test]
fn transactions_that_must_not_run() {
    let scene = Scene::set();
    wait(async {
        let elsewhere = scene.changed(|body| body.ledger = LedgerId([9; 16]));
        assert_eq!(scene.code(&elsewhere).await, "transaction.wrong_ledger");
        let expired = scene.changed(|body| body.expires_at_ms = 1);
        assert_eq!(scene.code(&expired).await, "transaction.expired");
        let eternal = scene.changed(|body| body.expires_at_ms = now_ms() + 3_600_000);
        assert_eq!(scene.code(&eternal).await, "transaction.expiry_too_far");
        let nobody = scene.changed(|body| body.sender = member("bank/nobody"));
        assert_eq!(scene.code(&nobody).await, "member.unknown");
        let somebody_else = scene.changed(|body| body.sender = member("bank/checker"));
        assert_eq!(scene.code(&somebody_else).await, "member.key_mismatch");
        scene.is_unharmed(0).await;
    });
}

#[test]
fn requests_that_a_contract_refuses() {
    let scene = Scene::set();
    wait(async {
        let no_contract = scene.changed(|body| body.contract = "nothing".parse().unwrap());
        assert_eq!(scene.code(&no_contract).await, "contract.unknown");
        let no_message = scene.changed(|body| body.message = b"{\"steal\":{}}".to_vec());
        let code = scene.code(&no_message).await;
        assert!(code.starts_with("contract."), "{code}");
        let part = json!({ "units": "340282366920938463463374607431768211455" });
        let money = scene.consortium.money();
        let too_much =
            json!({ "transfer": { "asset": money, "part": part, "to": "bank/checker" } });
        let overdrawn = scene.maker.sign(ASSETS, &too_much);
        assert_eq!(scene.code(&overdrawn).await, "asset.insufficient_units");
        scene.is_unharmed(0).await;
    });
}

#[test]
fn a_replay_is_answered_with_the_first_receipt_and_pays_once() {
    let scene = Scene::set();
    wait(async {
        let paid = scene.body().sign(&scene.maker.key);
        let submit = async || {
            scene
                .client
                .submit(&scene.ledger, &paid, WAIT)
                .await
                .unwrap()
        };
        let first = submit().await;
        assert!(!first.known);
        let again = submit().await;
        assert!(again.known);
        assert_eq!(again.receipt, first.receipt);
        scene.consortium.crash("platform");
        tokio::task::block_in_place(|| scene.consortium.up(&[]).json());
        let after_restart = submit().await;
        assert!(after_restart.known);
        assert_eq!(after_restart.receipt, first.receipt);
        scene.is_unharmed(1).await;
    });
}

#[test]
fn a_revoked_member() {
    let scene = Scene::set();
    let revoked = [
        "member",
        "revoke",
        "bank/maker",
        "--reason",
        "left the bank",
    ];
    scene.consortium.run(&revoked).json();
    wait(async {
        // Revocation counts from the next block on; an idle ledger needs one to happen.
        let other = scene.consortium.signer("bank/maker-2");
        let next = other.sign(
            "issuance",
            &json!({ "draft": {
                "class": "voucher-cny", "amount": "5", "metadata": {},
                "backing": { "commitment": "0a".repeat(32), "amount": "5", "currency": "CNY" },
            } }),
        );
        assert_eq!(scene.code(&next).await, "ok");
        assert_eq!(
            scene.code(&scene.body().sign(&scene.maker.key)).await,
            "member.revoked"
        );
        assert_eq!(
            scene.consortium.balance("platform", "bank/checker").await,
            0
        );
    });
    let again = ["member", "revoke", "bank/maker", "--reason", "once more"];
    assert_eq!(
        scene.consortium.run(&again).error_code(),
        "member.already_revoked"
    );
    let nobody = ["member", "revoke", "bank/nobody", "--reason", "who?"];
    assert_eq!(
        scene.consortium.run(&nobody).error_code(),
        "member.not_registered"
    );
}

#[test]
fn an_organisation_cannot_give_itself_a_role() {
    let scene = Scene::set();
    // The court's own CA makes a maker; the court still is no bank.
    let registered = ["member", "register", "court/greedy", "--function", "maker"];
    scene.consortium.run(&registered).json();
    let message = json!({ "draft": {
        "class": "voucher-cny", "amount": "1000000", "metadata": {},
        "backing": { "commitment": "0a".repeat(32), "amount": "1000000", "currency": "CNY" },
    } })
    .to_string();
    let greedy = [
        "tx",
        "submit",
        "--as",
        "court/greedy",
        "--contract",
        "issuance",
        "--message",
        &message,
    ];
    let ran = scene.consortium.run(&greedy);
    assert_eq!(ran.error_code(), "caller.missing_role");

    // Nor can it make a function of the role, or a member of the bank.
    let banker = ["member", "register", "court/banker", "--function", "bank"];
    assert_eq!(
        scene.consortium.run(&banker).error_code(),
        "member.not_certified"
    );
    let as_court = [
        "member",
        "register",
        "bank/mole",
        "--function",
        "maker",
        "--as",
        "court/admin",
    ];
    let refused = scene.consortium.run(&as_court).error_code();
    assert!(
        refused.starts_with("certificate.") || refused.starts_with("member."),
        "{refused}"
    );

    wait(async {
        let admin = scene.consortium.signer("court/admin");
        for organisation in ["bank", "court"] {
            let (certificate, key) = forged(organisation);
            let message = registration(&scene.ledger, &certificate, &key);
            let code = scene.code(&admin.sign("members", &message)).await;
            assert!(code.starts_with("certificate."), "{organisation}: {code}");
        }
        let maker = scene.maker.sign(
            "members",
            &json!({ "revoke": {
                "member": "court/admin", "reason": "a coup",
            }}),
        );
        assert_eq!(scene.code(&maker).await, "member.not_an_admin");
        scene.is_unharmed(0).await;
    });
}

/// A member's certificate by an authority that only pretends to be the organisation's.
fn forged(organisation: &str) -> (Vec<u8>, SecretKey) {
    let validity = Validity {
        not_before_ms: now_ms() - 3_600_000,
        not_after_ms: now_ms() + 3_600_000,
    };
    let authority =
        CertificateAuthority::create(organisation, "Pretender", Algorithm::Ed25519, validity)
            .unwrap();
    let key = SecretKey::generate(Algorithm::Ed25519).unwrap();
    let subject = MemberSubject {
        organisation: organisation.to_owned(),
        name: "mole".to_owned(),
        functions: vec!["admin".to_owned()],
    };
    let certificate = authority
        .issue(&subject, &key.public_key(), validity)
        .unwrap();
    (certificate, key)
}

fn registration(ledger: &str, certificate: &[u8], key: &SecretKey) -> Value {
    let possession = key.sign(&Namespace::new(ledger, "register"), &sha256(&[certificate]));
    json!({ "register": {
        "certificate": BASE64_STANDARD.encode(certificate), "possession": possession,
    }})
}

#[test]
fn proofs() {
    let consortium = Consortium::planned(1);
    let up = consortium.up(&[]).json();
    let id = up["first_transaction"].as_str().unwrap();
    let file = consortium.beside("proof.json");
    consortium
        .run(&["proof", "export", id, "-o", path(&file)])
        .json();
    let genesis = consortium.folder.genesis_file("trade");
    let verify = |file: &str, genesis: &str| {
        blockworm(&["verify", file, "--genesis", genesis, "--output", "json"])
    };
    assert_eq!(verify(path(&file), path(&genesis)).code, Some(0));

    // Every string and number of the file counts.
    let text = fs::read_to_string(&file).unwrap();
    let proof: Value = serde_json::from_str(&text).unwrap();
    let altered_file = consortium.beside("altered.json");
    let mut altered_places = 0;
    for pointer in leaves(&proof, String::new()) {
        let mut altered = proof.clone();
        if !alter(altered.pointer_mut(&pointer).unwrap()) {
            continue;
        }
        fs::write(&altered_file, altered.to_string()).unwrap();
        let ran = verify(path(&altered_file), path(&genesis));
        assert_eq!(
            ran.code,
            Some(1),
            "altering {pointer} goes unnoticed: {ran:?}"
        );
        altered_places += 1;
        if altered_places >= 120 {
            break;
        }
    }
    assert!(altered_places > 20, "{altered_places}");

    for (bytes, code) in [
        (&b"not json"[..], "proof.malformed"),
        (br#"{"format":"other/1"}"#, "proof.unknown_format"),
        (b"{}", "proof.unknown_format"),
    ] {
        fs::write(&altered_file, bytes).unwrap();
        let ran = verify(path(&altered_file), path(&genesis));
        assert_eq!(ran.error_code(), code);
        assert_eq!(ran.code, Some(1));
    }
}

#[test]
fn a_proof_with_its_own_genesis() {
    let (ours, theirs) = (Consortium::planned(1), Consortium::planned(1));
    ours.up(&[]).json();
    let up = theirs.up(&[]).json();
    let id = up["first_transaction"].as_str().unwrap();
    let file = theirs.beside("proof.json");
    theirs
        .run(&["proof", "export", id, "-o", path(&file)])
        .json();
    let genesis = ours.folder.genesis_file("trade");
    let against_ours = blockworm(&[
        "verify",
        path(&file),
        "--genesis",
        path(&genesis),
        "--output",
        "json",
    ]);
    assert_eq!(against_ours.code, Some(1), "{against_ours:?}");
    let unpinned = blockworm(&["verify", path(&file), "--output", "json"]);
    assert_eq!(unpinned.code, Some(2), "{unpinned:?}");
}

/// JSON pointers to every string and number.
fn leaves(value: &Value, at: String) -> Vec<String> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, inner)| leaves(inner, format!("{at}/{}", key.replace('/', "~1"))))
            .collect(),
        Value::Array(all) => all
            .iter()
            .enumerate()
            .flat_map(|(n, inner)| leaves(inner, format!("{at}/{n}")))
            .collect(),
        Value::String(_) | Value::Number(_) => vec![at],
        _ => Vec::new(),
    }
}

/// Changes one character or adds one; false for what cannot be changed.
fn alter(value: &mut Value) -> bool {
    match value {
        Value::String(text) => match text.pop() {
            Some(last) => text.push(if last == '0' { '1' } else { '0' }),
            None => text.push('0'),
        },
        Value::Number(number) => match number.as_u64() {
            Some(number) => *value = json!(number.wrapping_add(1)),
            None => return false,
        },
        _ => return false,
    }
    true
}

#[test]
fn invoices() {
    let consortium = Consortium::start(1);
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples");
    for (name, code) in [
        ("steel-invoice-broken.xml", "invoice.malformed"),
        ("steel-invoice-entity-bomb.xml", "invoice.entity_refused"),
        ("steel-invoice-wrong-totals.xml", "invoice.totals_mismatch"),
    ] {
        let file = format!("{samples}/{name}");
        let ran = consortium.run(&["receivable", "import", &file]);
        assert_eq!(ran.error_code(), code, "{name}");
    }
    let good = format!("{samples}/steel-invoice.xml");
    consortium.run(&["receivable", "import", &good]).json();
    let twice = consortium.run(&["receivable", "import", &good]);
    let code = twice.error_code();
    assert!(code.starts_with("receivable."), "{code}");
    let unconfirmed = consortium.run(&["receivable", "finance", "r-0000000000000000"]);
    assert_eq!(unconfirmed.error_code(), "receivable.not_found");
}

#[test]
fn a_key_of_the_other_curve_signs_as_well() {
    let scene = Scene::set();
    wait(async {
        let key = SecretKey::generate(Algorithm::P256).unwrap();
        assert!(matches!(key.public_key(), PublicKey::P256(_)));
        let mut body = scene.body();
        body.key = key.public_key();
        assert_eq!(scene.code(&body.sign(&key)).await, "member.key_mismatch");
        scene.is_unharmed(0).await;
    });
}
