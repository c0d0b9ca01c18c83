//! Somebody whose key never leaves its machine becomes a member by a one-time token; everything else is refused.
#![allow(clippy::unwrap_used)]

mod dsl;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_crypto::{
    Algorithm, SecretKey,
    identity::{CertificateRequest, parse_member, split_chain},
};
use blockworm_service::identity::{EnrolmentRequest, PossessionProof, RenewalRequest};
use dsl::{Consortium, blockworm, not_run, path};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

fn token(consortium: &Consortium, name: &str, more: &[&str]) -> String {
    let args = ["enrolment", "token", name, "--node", "bank"];
    let made = consortium.run(&[&args[..], more].concat()).json();
    made["token"].as_str().unwrap().to_owned()
}

fn maker_token(consortium: &Consortium, name: &str) -> String {
    token(consortium, name, &["--function", "maker"])
}

/// The code with which the node that certifies for the bank answers a request for a certificate; `ok` for a certificate.
async fn asked(consortium: &Consortium, token: &str, request: &[u8]) -> String {
    let asked = EnrolmentRequest {
        token: token.to_owned(),
        request: BASE64_STANDARD.encode(request),
    };
    match consortium.client("platform").enrol(&asked).await {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.code().unwrap_or_default().to_owned(),
    }
}

fn request(name: &str, key: &SecretKey) -> Vec<u8> {
    CertificateRequest::create("bank", name, &[], key).unwrap()
}

fn key() -> SecretKey {
    SecretKey::generate(Algorithm::Ed25519).unwrap()
}

fn secret_file(consortium: &Consortium, name: &str, text: &str) -> PathBuf {
    let file = consortium.beside(name);
    fs::write(&file, format!("{text}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file
}

fn api(consortium: &Consortium, organisation: &str) -> String {
    let record = consortium.record();
    let mut nodes = record.nodes.iter();
    let node = nodes.find(|node| node.organisation.as_str() == organisation);
    node.unwrap().api_url()
}

/// `blockworm VERB … --dir MINE --api URL`, on the new member's own machine.
fn at_home(home: &Path, api: &str, args: &[&str]) -> dsl::Ran {
    let place = ["--output", "json", "--dir", path(home), "--api", api];
    blockworm(&[args, &place].concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_makes_a_member_once() {
    let consortium = Consortium::start(1);
    // The bank's node: one node serves all five here.
    let url = api(&consortium, "platform");
    let home = consortium.beside("mine");
    let text = maker_token(&consortium, "maker-9");
    let file = secret_file(&consortium, "token", &text);
    let args = [
        "enrolment",
        "request",
        "bank/maker-9",
        "--token-file",
        path(&file),
    ];
    let made = at_home(&home, &url, &args).json();
    assert_eq!(made["functions"], json!(["maker"]));
    assert_eq!(made["ledgers"].as_array().unwrap().len(), 2);
    // The key is at home and nowhere else.
    assert!(home.join("bank/keys/maker-9.key.pem").exists());
    let keys = consortium.folder.keys(&"bank".parse().unwrap());
    assert!(!keys.join("maker-9.key.pem").exists());

    let message = json!({ "accept": {} }).to_string();
    let act = [
        "tx",
        "submit",
        "--ledger",
        "trade",
        "--as",
        "bank/maker-9",
        "--contract",
        "assets",
        "--message",
        &message,
    ];
    assert_eq!(at_home(&home, &url, &act).error_code(), "member.unknown");
    consortium
        .run(&["member", "register", "bank/maker-9"])
        .json();
    let refused = at_home(&home, &url, &act).error_code();
    assert!(!refused.starts_with("member."), "{refused}");

    // Renewal and a new key, both from home, where no authority is.
    at_home(
        &home,
        &url,
        &["member", "renew", "bank/maker-9", "--ledger", "trade"],
    )
    .json();
    let rotated = at_home(&home, &url, &["member", "rotate-key", "bank/maker-9"]).json();
    assert_ne!(rotated["key"], made["key"]);
    let refused = at_home(&home, &url, &act).error_code();
    assert!(!refused.starts_with("member."), "{refused}");

    refused_requests(&consortium).await;
    refused_renewals(&consortium, &home).await;
    openssl_makes_requests_too(&consortium).await;

    no_secret_is_kept(&consortium, &text);
    revoked_for_outsiders(&consortium);
}

/// The list and the file say for whom a token was, and never the token.
fn no_secret_is_kept(consortium: &Consortium, text: &str) {
    let listed = consortium
        .run(&["enrolment", "list", "--node", "bank"])
        .json();
    let first = &listed["tokens"][0];
    assert_eq!(
        (&first["name"], &first["state"]),
        (&json!("maker-9"), &json!("used"))
    );
    assert!(!listed.to_string().contains(text.split('.').nth(1).unwrap()));
    let kept = consortium.folder.organisation(&"bank".parse().unwrap());
    let kept = fs::read_to_string(kept.join("enrolment-tokens.json")).unwrap();
    assert!(!kept.contains(text.split('.').nth(1).unwrap()));
}

async fn refused_requests(consortium: &Consortium) {
    let (first, second) = (key(), key());
    let once = maker_token(consortium, "maker-10");
    assert_eq!(
        asked(consortium, &once, &request("maker-10", &first)).await,
        "ok"
    );
    // Whose answer was lost may ask again with the same key; another key gets nothing.
    assert_eq!(
        asked(consortium, &once, &request("maker-10", &first)).await,
        "ok"
    );
    let again = asked(consortium, &once, &request("maker-10", &second)).await;
    assert_eq!(again, "enrolment.token_used");

    let open = maker_token(consortium, "maker-11");
    let taken = asked(consortium, &open, &request("maker-11", &first)).await;
    assert_eq!(taken, "enrolment.duplicate_key");
    let maker = consortium.signer("bank/maker").key;
    let taken = asked(consortium, &open, &request("maker-11", &maker)).await;
    assert_eq!(taken, "enrolment.duplicate_key");
    let other = asked(consortium, &open, &request("maker-12", &second)).await;
    assert_eq!(other, "enrolment.subject_mismatch");
    let admin = CertificateRequest::create("bank", "maker-11", &["admin".to_owned()], &second);
    let more = asked(consortium, &open, &admin.unwrap()).await;
    assert_eq!(more, "enrolment.subject_mismatch");
    let mut forged = request("maker-11", &second);
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let forged = asked(consortium, &open, &forged).await;
    assert_eq!(forged, "certificate.request_signature");
    let mut unsound = request("maker-11", &second);
    let place = second.public_key().as_bytes().to_vec();
    let at = unsound.windows(32).position(|part| part == place).unwrap();
    unsound[at..at + 32].fill(0);
    let unsound = asked(consortium, &open, &unsound).await;
    assert_eq!(unsound, "certificate.unsound_key");
    assert_eq!(
        asked(consortium, &open, b"nothing").await,
        "certificate.request_malformed"
    );
    for unknown in ["", "bwt1.00.00", &format!("{open}.00"), &flip(&open)] {
        let answer = asked(consortium, unknown, &request("maker-11", &second)).await;
        assert_eq!(answer, "enrolment.token_unknown", "{unknown}");
    }
    // None of this spent the token.
    assert_eq!(
        asked(consortium, &open, &request("maker-11", &second)).await,
        "ok"
    );

    let ended = maker_token(consortium, "maker-13");
    end_tokens(consortium);
    let answer = asked(consortium, &ended, &request("maker-13", &key())).await;
    assert_eq!(answer, "enrolment.token_expired");
    let bad = [
        "enrolment",
        "token",
        "judge",
        "--function",
        "court",
        "--node",
        "bank",
    ];
    assert_eq!(
        consortium.run(&bad).error_code(),
        "certificate.unknown_function"
    );
}

/// Another token: its first hex digit changed.
fn flip(token: &str) -> String {
    let (head, tail) = token.split_at(5);
    let first = if tail.starts_with('0') { '1' } else { '0' };
    format!("{head}{first}{}", &tail[1..])
}

/// Lets all tokens of the bank end a moment ago.
fn end_tokens(consortium: &Consortium) {
    let home = consortium.folder.organisation(&"bank".parse().unwrap());
    let file = home.join("enrolment-tokens.json");
    let mut tokens: Vec<Value> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    for token in &mut tokens {
        token["expires_at_ms"] = json!(dsl::signing::now_ms() - 1);
    }
    fs::write(&file, serde_json::to_vec(&tokens).unwrap()).unwrap();
}

async fn refused_renewals(consortium: &Consortium, home: &Path) {
    let client = consortium.client("platform");
    let renew = async |asked: &RenewalRequest| match client.renew(asked).await {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.code().unwrap_or_default().to_owned(),
    };
    let signer = consortium.signer("bank/maker");
    let chain = fs::read(
        consortium
            .folder
            .certificate_file(&"bank".parse().unwrap(), "maker"),
    );
    let chain = blockworm_service::identity::decode_pem(&chain.unwrap()).unwrap();
    let now_ms = dsl::signing::now_ms();
    let ask = |name: &str, key: &SecretKey, at_ms: u64| {
        RenewalRequest::sign(&chain, &request(name, key), &signer.key, at_ms).unwrap()
    };
    let next = key();
    assert_eq!(renew(&ask("maker", &next, now_ms)).await, "ok");
    assert_eq!(
        renew(&ask("checker", &next, now_ms)).await,
        "enrolment.subject_mismatch"
    );
    assert_eq!(
        renew(&ask("maker", &next, now_ms - 600_000)).await,
        "enrolment.stale"
    );
    let mut stranger = ask("maker", &next, now_ms);
    stranger.signature = RenewalRequest::sign(&chain, b"other", &next, now_ms)
        .unwrap()
        .signature;
    assert_eq!(renew(&stranger).await, "enrolment.bad_signature");
    // A member's leaf alone, without its issuing authority, leads nowhere.
    let leaf = split_chain(&chain).unwrap()[0];
    let bare = RenewalRequest::sign(leaf, &request("maker", &next), &signer.key, now_ms).unwrap();
    assert_eq!(renew(&bare).await, "certificate.wrong_issuer");
    let file = fs::read(home.join("bank/keys/maker-9.cert.pem")).unwrap();
    let theirs = blockworm_service::identity::decode_pem(&file).unwrap();
    assert_eq!(parse_member(&theirs).unwrap().name, "maker-9");
    let mut proof = PossessionProof::sign(&theirs, &[signer.ledger], &signer.key).unwrap();
    let refused = client.take_possession(&proof).await.unwrap_err();
    assert_eq!(refused.code(), Some("enrolment.bad_signature"));
    proof.certificate = "no base64".to_owned();
    let refused = client.take_possession(&proof).await.unwrap_err();
    assert_eq!(refused.code(), Some("enrolment.not_base64"));
}

async fn openssl_makes_requests_too(consortium: &Consortium) {
    let directory = consortium.beside("openssl");
    fs::create_dir(&directory).unwrap();
    let text = maker_token(consortium, "maker-20");
    let make = |kind: &str| {
        let args = format!(
            "req -new -noenc -keyout k -outform DER -out r -subj /O=bank/CN=maker-20 {kind}"
        );
        let made = Command::new("openssl")
            .args(args.split(' '))
            .current_dir(&directory)
            .output();
        match made {
            Ok(made) => {
                assert!(made.status.success(), "{made:?}");
                Some(fs::read(directory.join("r")).unwrap())
            }
            Err(error) => {
                not_run(&format!(
                    "there is no openssl to make requests with: {error}"
                ));
                None
            }
        }
    };
    let Some(rsa) = make("-newkey rsa:2048") else {
        return;
    };
    assert_eq!(
        asked(consortium, &text, &rsa).await,
        "certificate.unsupported_key"
    );
    let p256 = make("-newkey ec -pkeyopt ec_paramgen_curve:P-256").unwrap();
    assert_eq!(asked(consortium, &text, &p256).await, "ok");
}

/// What an admin revokes on the ledger stands in the list for outsiders, and is not renewed.
fn revoked_for_outsiders(consortium: &Consortium) {
    let revoke = [
        "member",
        "revoke",
        "bank/maker-9",
        "--reason",
        "left the bank",
    ];
    consortium.run(&revoke).json();
    let list = consortium.beside("bank.crl.pem");
    let crl = ["certificate", "crl", "-o", path(&list), "--node", "bank"];
    let written = consortium.run(&crl).json();
    assert!(written["revoked"].as_u64().unwrap() >= 3, "{written}");
    let issuing = consortium
        .folder
        .certificate_file(&"bank".parse().unwrap(), "issuing");
    let shown = Command::new("openssl")
        .args([
            "crl",
            "-noout",
            "-text",
            "-in",
            path(&list),
            "-CAfile",
            path(&issuing),
        ])
        .output();
    let Ok(shown) = shown else {
        not_run("there is no openssl to read the list of revocations");
        return;
    };
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    let said = String::from_utf8_lossy(&shown.stderr).into_owned();
    assert!(said.contains("verify OK"), "{said}");
    assert_eq!(
        text.matches("Serial Number").count() as u64,
        written["revoked"].as_u64().unwrap()
    );
}

/// The command line keeps tokens out of the clear and away from other eyes.
#[test]
fn a_token_is_not_sent_in_the_clear_and_its_file_is_private() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("token");
    let text = format!("bwt1.{}.{}\n", "0".repeat(64), "1".repeat(64));
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let home = scratch.path().join("mine");
    let args = [
        "enrolment",
        "request",
        "bank/maker-9",
        "--token-file",
        path(&file),
    ];
    let far = "http://node.bank.example:7443";
    assert_eq!(at_home(&home, far, &args).error_code(), "key.unusable");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(at_home(&home, far, &args).error_code(), "key.in_the_clear");
    fs::write(&file, "not a token\n").unwrap();
    let refused = at_home(&home, "http://127.0.0.1:1", &args).error_code();
    assert_eq!(refused, "enrolment.token_unknown");
}
