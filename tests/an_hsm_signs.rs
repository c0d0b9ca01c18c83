//! A security module in a real network: a member and an issuing authority whose keys lie on a token,
//! certificates that openssl accepts, and a token that is taken away and comes back.
#![allow(clippy::unwrap_used)]

mod dsl;
mod softhsm;

use dsl::{Consortium, Ran, run};
use serde_json::Value;
use softhsm::{CONFIGURATION, PIN, SoftHsm};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// One node, and a bank with a token.
struct Scene {
    consortium: Consortium,
    module: SoftHsm,
}

impl Scene {
    /// Runs a verb where the module finds its tokens.
    fn run(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blockworm"));
        command
            .env(CONFIGURATION, self.module.configuration())
            .args(args)
            .args(["--output", "json", "--dir"])
            .arg(self.consortium.folder.root());
        run(&mut command)
    }

    fn keys(&self) -> PathBuf {
        self.consortium.folder.keys(&"bank".parse().unwrap())
    }

    fn register(&self, member: &str, more: &[&str]) -> Ran {
        let mut args = vec!["member", "register", member, "--function", "maker"];
        args.extend(more);
        self.run(&args)
    }

    /// Whether openssl finds the way from a member's certificate to the bank's root.
    fn openssl_accepts(&self, name: &str) -> Result<(), String> {
        let at = |file: &str| self.keys().join(file);
        let verified = Command::new("openssl")
            .args(["verify", "-x509_strict", "-CAfile"])
            .arg(at("ca.cert.pem"))
            .arg("-untrusted")
            .arg(at("issuing.cert.pem"))
            .arg(at(&format!("{name}.cert.pem")))
            .output()
            .expect("openssl (scripts/packages test installs it)");
        let told = String::from_utf8_lossy(&verified.stderr).into_owned();
        verified.status.success().then_some(()).ok_or(told)
    }
}

#[test]
fn an_hsm_signs() {
    let scratch = tempfile::tempdir().unwrap();
    let module = match SoftHsm::prepare(scratch.path()) {
        Ok(module) => module,
        Err(why) => return dsl::not_run(&why),
    };
    let scene = Scene {
        consortium: Consortium::start(1),
        module,
    };
    what_is_missing_is_said(&scene);
    a_member_signs_on_the_token(&scene);
    an_authority_certifies_on_the_token(&scene);
    without_the_token_nothing_is_half_done(&scene);
    the_authority_stays_on_the_token_until_told(&scene);
    no_pin_is_told(&scene);
}

fn what_is_missing_is_said(scene: &Scene) {
    let status = || scene.run(&["hsm", "status", "--org", "bank"]);
    assert_eq!(status().error_code(), "hsm.no_settings");
    scene.module.write_settings(&scene.keys(), "bank");
    assert_eq!(status().error_code(), "hsm.token_absent");
    scene.module.make_token("bank");
    let answered = status().json();
    assert_eq!(answered["token"], "bank");
    assert_eq!(answered["p256"], true);
}

fn a_member_signs_on_the_token(scene: &Scene) {
    let admin = ["hsm", "member", "bank/vault", "--function", "admin"];
    assert_eq!(scene.run(&admin).json()["code"], "ok");
    assert!(!scene.keys().join("vault.key.pem").exists());
    scene.openssl_accepts("vault").unwrap();
    // Registered by a transaction that the token signed.
    let registered = scene.register("bank/clerk", &["--as", "bank/vault"]).json();
    assert_eq!(registered["code"], "ok");
    let found = scene
        .run(&["tx", "show", registered["transaction"].as_str().unwrap()])
        .json();
    let body = &found["transaction"]["body"];
    assert_eq!(body["sender"], "bank/vault");
    assert!(body["key"].as_str().unwrap().starts_with("p256:"), "{body}");
    let again = scene
        .run(&["hsm", "renew", "bank/vault", "--as", "bank/vault"])
        .json();
    assert_eq!(again["code"], "ok");
    scene
        .run(&["hsm", "generate", "spare", "--org", "bank"])
        .json();
    let listed = scene.run(&["hsm", "keys", "--org", "bank"]).json();
    let keys: Vec<(&Value, &Value)> = listed["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (&key["label"], &key["used_as"][0]))
        .collect();
    assert_eq!(keys.len(), 2, "{listed}");
    assert_eq!(keys[1], (&Value::from("bank/vault"), &Value::from("vault")));
    let taken = scene.run(&["hsm", "generate", "maker", "--org", "bank"]);
    assert_eq!(
        taken.error_code(),
        "hsm.key_exists",
        "its key lies in a file"
    );
    // A member whom the ledger refuses leaves neither key nor certificate.
    let refused = scene.run(&[
        "hsm",
        "member",
        "bank/maker-9",
        "--function",
        "maker",
        "--as",
        "bank/maker",
    ]);
    assert_ne!(refused.code, Some(0));
    for file in ["maker-9.hsm.toml", "maker-9.cert.pem"] {
        assert!(!scene.keys().join(file).exists(), "{file}");
    }
    let listed = scene.run(&["hsm", "keys", "--org", "bank"]).json();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 2, "{listed}");
}

fn an_authority_certifies_on_the_token(scene: &Scene) {
    let file = scene.keys().join("issuing.cert.pem");
    let before = fs::read(&file).unwrap();
    scene.run(&["hsm", "authority", "--org", "bank"]).json();
    assert_ne!(fs::read(&file).unwrap(), before);
    assert!(!scene.keys().join("issuing.key.pem").exists());
    let shown = issuer(&scene.keys().join("issuing.cert.pem"), "-text");
    assert!(
        shown.contains("prime256v1") && shown.contains("CA:TRUE"),
        "{shown}"
    );
    assert_eq!(scene.register("bank/second", &[]).json()["code"], "ok");
    scene.openssl_accepts("second").unwrap();
    let shown = issuer(&scene.keys().join("second.cert.pem"), "-issuer");
    assert!(shown.contains("issuing 2"), "{shown}");
    // The second authority on the token follows the first.
    scene
        .run(&[
            "hsm",
            "authority",
            "--org",
            "bank",
            "--algorithm",
            "ed25519",
        ])
        .json();
    assert_eq!(scene.register("bank/third", &[]).json()["code"], "ok");
    scene.openssl_accepts("third").unwrap();
}

fn issuer(file: &Path, shown: &str) -> String {
    let ran = Command::new("openssl")
        .args(["x509", "-noout", shown, "-in"])
        .arg(file)
        .output()
        .unwrap();
    String::from_utf8(ran.stdout).unwrap()
}

fn without_the_token_nothing_is_half_done(scene: &Scene) {
    scene.module.take_away();
    let signing = scene.register("bank/fourth", &["--as", "bank/vault"]);
    assert!(signing.stderr.contains("hsm.token_absent"), "{signing:?}");
    let authority = scene.run(&["hsm", "authority", "--org", "bank"]);
    assert_eq!(authority.error_code(), "hsm.token_absent");
    let made = scene.run(&["hsm", "member", "bank/fifth", "--function", "maker"]);
    assert_eq!(made.error_code(), "hsm.token_absent");
    for file in [
        "fourth.key.pem",
        "fourth.cert.pem",
        "fifth.hsm.toml",
        "fifth.cert.pem",
    ] {
        assert!(!scene.keys().join(file).exists(), "{file}");
    }
    // The node itself goes on.
    scene
        .run(&["member", "revoke", "bank/second", "--reason", "left"])
        .json();
    scene.module.bring_back();
    let back = scene
        .register("bank/fourth", &["--as", "bank/vault"])
        .json();
    assert_eq!(back["code"], "ok");
    scene.openssl_accepts("fourth").unwrap();
    fs::write(scene.keys().join("hsm.pin"), "wrong").unwrap();
    let refused = scene.register("bank/fifth", &["--as", "bank/vault"]);
    assert!(refused.stderr.contains("hsm.pin"), "{refused:?}");
    scene.module.write_settings(&scene.keys(), "bank");
}

fn the_authority_stays_on_the_token_until_told(scene: &Scene) {
    let keys = scene.keys();
    let rotated = ["authority", "rotate", "--node", "bank"];
    scene.run(&rotated).json();
    assert!(!keys.join("issuing.key.pem").exists() && keys.join("issuing.hsm.toml").exists());
    assert_eq!(scene.register("bank/sixth", &[]).json()["code"], "ok");
    scene.openssl_accepts("sixth").unwrap();
    let back = ["hsm", "authority", "--org", "bank", "--back-to-file"];
    scene.run(&back).json();
    assert!(keys.join("issuing.key.pem").exists() && !keys.join("issuing.hsm.toml").exists());
    assert_eq!(scene.register("bank/seventh", &[]).json()["code"], "ok");
    scene.openssl_accepts("seventh").unwrap();
}

fn no_pin_is_told(scene: &Scene) {
    let home = scene
        .consortium
        .folder
        .organisation(&"platform".parse().unwrap());
    let log = fs::read_to_string(home.join("node.log")).unwrap();
    assert!(!log.contains(PIN));
    let status = scene.run(&["hsm", "status", "--org", "bank"]);
    assert!(!status.stdout.contains(PIN) && !status.stderr.contains(PIN));
}
