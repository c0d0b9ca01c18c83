//! Keys on a token of SoftHSM within one process: made, used, lost and found again.
#![allow(clippy::unwrap_used)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;
#[path = "../../../tests/softhsm/mod.rs"]
mod softhsm;

use blockworm_crypto::{Algorithm, PublicKey, SecretKey, Signing as _};
use blockworm_ledger::OrganisationId;
use blockworm_service::{
    hsm::{self, HsmError, HsmKey, HsmSettings, KeyReference},
    network::ConsortiumFolder,
};
use softhsm::{CONFIGURATION, PIN, SoftHsm};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

/// A module reads its configuration from the environment when it begins, so the scenario runs in a
/// process of its own.
#[test]
fn a_token_comes_and_goes() {
    if std::env::var_os(CONFIGURATION).is_some() {
        return scenario();
    }
    let scratch = tempfile::tempdir().unwrap();
    let module = match SoftHsm::prepare(scratch.path()) {
        Ok(module) => module,
        Err(why) => return not_run::not_run(&why),
    };
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_token_comes_and_goes", "--nocapture"])
        .env(CONFIGURATION, module.configuration())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}");
    assert!(!told.contains(PIN), "{told}");
}

struct Scene {
    module: SoftHsm,
    folder: ConsortiumFolder,
    bank: OrganisationId,
}

impl Scene {
    fn settings(&self) -> HsmSettings {
        HsmSettings::read(&self.folder, &self.bank).unwrap()
    }

    fn generate(&self, name: &str, algorithm: Algorithm) -> Result<HsmKey, HsmError> {
        hsm::generate(&self.folder, &self.bank, name, algorithm)
    }

    fn open(&self, name: &str) -> HsmKey {
        hsm::open(&self.folder, &self.bank, name).unwrap().unwrap()
    }

    fn pin_file(&self) -> PathBuf {
        self.folder.keys(&self.bank).join("hsm.pin")
    }

    fn set_pin(&self, pin: &str) {
        fs::write(self.pin_file(), pin).unwrap();
    }
}

fn scenario() {
    let configuration = PathBuf::from(std::env::var_os(CONFIGURATION).unwrap());
    let scratch = configuration.parent().unwrap();
    let scene = Scene {
        module: SoftHsm::at(scratch).unwrap(),
        folder: ConsortiumFolder::new(&scratch.join("consortium")),
        bank: "bank".parse().unwrap(),
    };
    let keys = scene.folder.keys(&scene.bank);
    fs::create_dir_all(&keys).unwrap();
    let unknown = HsmSettings::read(&scene.folder, &scene.bank).unwrap_err();
    assert_eq!(unknown.code(), "hsm.no_settings");
    scene.module.write_settings(&keys, "bank");
    a_token_is_found_as_soon_as_it_is_there(&scene);
    keys_sign_by_both_algorithms(&scene);
    a_token_that_is_gone_is_said_and_found_again(&scene);
    a_wrong_pin_is_tried_once(&scene);
    what_does_not_fit_is_refused(&scene);
}

fn a_token_is_found_as_soon_as_it_is_there(scene: &Scene) {
    let absent = hsm::status(&scene.settings()).unwrap_err();
    assert_eq!(absent.code(), "hsm.token_absent", "{absent}");
    scene.module.make_token("bank");
    let status = hsm::status(&scene.settings()).unwrap();
    assert_eq!((status.token.as_str(), status.p256), ("bank", true));
    assert!(status.model.contains("SoftHSM"), "{status:?}");
}

fn keys_sign_by_both_algorithms(scene: &Scene) {
    let p256 = scene.generate("maker", Algorithm::P256).unwrap();
    assert!(matches!(p256.public_key(), PublicKey::P256(_)));
    let mut made = vec![("maker", p256)];
    if hsm::status(&scene.settings()).unwrap().ed25519 {
        made.push((
            "signer",
            scene.generate("signer", Algorithm::Ed25519).unwrap(),
        ));
    }
    for (name, key) in &made {
        let opened = scene.open(name);
        assert_eq!(opened.public_key(), key.public_key());
        for message in [&b""[..], b"a message", &[7; 100_000]] {
            let signature = opened.sign_message(message).unwrap();
            key.public_key()
                .verify_message_strict(message, &signature)
                .unwrap();
            assert!(
                key.public_key()
                    .verify_message(b"other", &signature)
                    .is_err()
            );
        }
    }
    let taken = scene.generate("maker", Algorithm::P256).unwrap_err();
    assert_eq!(taken.code(), "hsm.key_exists");
    let listed = hsm::keys(&scene.settings()).unwrap();
    let labels: Vec<&str> = listed.iter().map(|key| key.label.as_str()).collect();
    assert_eq!(labels, ["bank/maker", "bank/signer"][..made.len()]);
    assert_eq!(listed[0].public_key, Some(made[0].1.public_key()));
    // Many at once share the one session.
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let key = scene.open("maker");
            thread::spawn(move || {
                for round in 0..25u8 {
                    let signature = key.sign_message(&[round]).unwrap();
                    key.public_key()
                        .verify_message(&[round], &signature)
                        .unwrap();
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}

fn a_token_that_is_gone_is_said_and_found_again(scene: &Scene) {
    let key = scene.open("maker");
    for _ in 0..2 {
        scene.module.take_away();
        let gone = key.try_sign_message(b"x").unwrap_err();
        assert_eq!(gone.code(), "hsm.token_absent", "{gone}");
        let told = key.sign_message(b"x").unwrap_err().to_string();
        assert!(told.contains("hsm.token_absent"), "{told}");
        scene.module.bring_back();
        key.try_sign_message(b"x").unwrap();
    }
}

fn a_wrong_pin_is_tried_once(scene: &Scene) {
    let key = scene.open("maker");
    let lose_session = || {
        scene.module.take_away();
        key.try_sign_message(b"x").unwrap_err();
        scene.module.bring_back();
    };
    lose_session();
    scene.set_pin("not-the-pin");
    let wrong = key.try_sign_message(b"x").unwrap_err();
    assert_eq!(wrong.code(), "hsm.pin", "{wrong}");
    let again = key.try_sign_message(b"x").unwrap_err();
    assert!(again.to_string().contains("refused it before"), "{again}");
    assert!(!wrong.to_string().contains("not-the-pin"));
    for (pin, mode) in [("", 0o600), (PIN, 0o640)] {
        scene.set_pin(pin);
        fs::set_permissions(scene.pin_file(), fs::Permissions::from_mode(mode)).unwrap();
        let unusable = key.try_sign_message(b"x").unwrap_err();
        assert_eq!(unusable.code(), "hsm.pin", "{unusable}");
    }
    fs::set_permissions(scene.pin_file(), fs::Permissions::from_mode(0o600)).unwrap();
    key.try_sign_message(b"x").unwrap();
}

fn what_does_not_fit_is_refused(scene: &Scene) {
    let read = || {
        KeyReference::read(&scene.folder, &scene.bank, "maker")
            .unwrap()
            .unwrap()
    };
    let write = |reference: &KeyReference, name: &str| {
        reference.write(&scene.folder, &scene.bank, name).unwrap();
    };
    let mut other = read();
    other.public_key = SecretKey::generate(Algorithm::P256).unwrap().public_key();
    write(&other, "other");
    let refused = scene.open("other").try_sign_message(b"x").unwrap_err();
    assert_eq!(refused.code(), "hsm.other_key");
    scene.generate("leaver", Algorithm::P256).unwrap();
    let kept = KeyReference::read(&scene.folder, &scene.bank, "leaver")
        .unwrap()
        .unwrap();
    hsm::destroy(&scene.folder, &scene.bank, "leaver").unwrap();
    assert!(
        hsm::open(&scene.folder, &scene.bank, "leaver")
            .unwrap()
            .is_none()
    );
    write(&kept, "leaver");
    let gone = scene.open("leaver").try_sign_message(b"x").unwrap_err();
    assert_eq!(gone.code(), "hsm.key_absent");
    scene.open("maker").try_sign_message(b"x").unwrap();
    let settings = hsm::settings_file(&scene.folder, &scene.bank);
    let text = fs::read_to_string(&settings).unwrap();
    for (bad, code) in [
        ("", "hsm.settings"),
        ("module = 1", "hsm.settings"),
        (&*text.replace("token =", "tokens ="), "hsm.settings"),
        (
            &*text.replace("module = \"/", "module = \""),
            "hsm.settings",
        ),
        (&*text.replace(".so", ".none"), "hsm.module"),
        (
            &*text.replace("\"bank\"", "\"elsewhere\""),
            "hsm.token_absent",
        ),
    ] {
        fs::write(&settings, bad).unwrap();
        let found = HsmSettings::read(&scene.folder, &scene.bank);
        let found = found.and_then(|settings| hsm::status(&settings));
        assert_eq!(found.unwrap_err().code(), code, "{bad}");
    }
    // A library that is no module.
    let library = Path::new("/lib/x86_64-linux-gnu/libc.so.6");
    if library.exists() {
        let text = text.replace(
            &scene.module.library().display().to_string(),
            &library.display().to_string(),
        );
        fs::write(&settings, text).unwrap();
        assert_eq!(
            hsm::status(&scene.settings()).unwrap_err().code(),
            "hsm.module"
        );
    }
    fs::write(&settings, text).unwrap();
    scene.open("maker").try_sign_message(b"x").unwrap();
}
