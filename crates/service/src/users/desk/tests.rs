//! Signing in, being refused, and being forgotten, on a file of users.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::private_file::PrivateFileError;
use crate::users::{
    ABSOLUTE_MS, IDLE_MS, MAX_PASSKEYS, NewUser, SESSIONS_OF_ONE, Scope, Secrets,
    testing::{Device, site},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use std::{fs, os::unix::fs::PermissionsExt as _};
use zeroize::Zeroizing;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const PASSWORD: &str = "correct horse battery";
const START: u64 = 1_700_000_000_000;

struct Scene {
    users: Users,
    secrets: Secrets,
    _folder: tempfile::TempDir,
}

fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("console-users.json");
    let users = Users::open(path).unwrap();
    let secrets = UserFile::change(&users.path, |file| file.add(new("ana"), START)).unwrap();
    Scene {
        users,
        secrets,
        _folder: folder,
    }
}

fn new(name: &str) -> NewUser {
    NewUser {
        name: name.into(),
        scopes: [Scope::Read].into(),
        ledgers: vec!["trade".into()],
        password: Zeroizing::new(PASSWORD.into()),
    }
}

impl Scene {
    fn sign_in(&self, password: &str, code: &str, now_ms: u64) -> Result<NewSession, Refused> {
        self.users.sign_in("ana", password, code, HERE, now_ms)
    }

    fn code(&self, now_ms: u64) -> String {
        self.secrets.totp.code_at(now_ms)
    }

    fn signed_in(&self, now_ms: u64) -> NewSession {
        self.sign_in(PASSWORD, &self.code(now_ms), now_ms).unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut UserFile) -> Result<(), UsersError>) {
        UserFile::change(&self.users.path, change).unwrap();
    }

    /// Adds a device's passkey and gives who added it.
    fn with_passkey(&self, device: &mut Device, now_ms: u64) -> Arc<SignedIn> {
        let session = self.signed_in(now_ms);
        let who = self.users.session(&session.secret, now_ms).unwrap();
        let offer = self
            .users
            .offer_passkey(&who, &site(), HERE, now_ms)
            .unwrap();
        device.handle = unbase64(&offer["user"]["id"]);
        let answer = device.register(&unbase64(&offer["challenge"]));
        let added = self
            .users
            .add_passkey(&who, &site(), " laptop ", &answer, now_ms);
        added.unwrap();
        who
    }

    fn by_passkey(&self, device: &Device, now_ms: u64) -> Result<NewSession, Refused> {
        let asked = self.users.ask_for_passkey(&site(), HERE, now_ms).unwrap();
        let answer = device.answer(&unbase64(&asked["challenge"]));
        self.users
            .sign_in_by_passkey(&site(), &answer, HERE, now_ms)
    }
}

fn unbase64(value: &serde_json::Value) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD
        .decode(value.as_str().unwrap())
        .unwrap()
}

fn is_wrong(answer: Result<NewSession, Refused>) -> bool {
    matches!(answer, Err(Refused::Wrong))
}

#[test]
fn password_and_code_together_sign_in_once() {
    let scene = scene();
    let code = scene.code(START);
    assert!(is_wrong(scene.sign_in("wrong horse battery", &code, START)));
    assert!(is_wrong(scene.sign_in(PASSWORD, "000000", START)));
    assert!(is_wrong(scene.sign_in(PASSWORD, "", START)));
    let unknown = scene.users.sign_in("ben", PASSWORD, &code, HERE, START);
    assert!(is_wrong(unknown), "told as a wrong password is");
    let session = scene.sign_in(PASSWORD, &format!("{} {}", &code[..3], &code[3..]), START);
    let who = scene
        .users
        .session(&session.unwrap().secret, START)
        .unwrap();
    assert_eq!((who.user.as_str(), who.by), ("ana", "password and code"));
    assert_eq!(
        (who.ledgers.clone(), who.scopes.len()),
        (vec!["trade".into()], 1)
    );
    assert!(who.is_token(&who.token) && !who.is_token("") && !who.is_token(&who.session));
    // The code is spent, also for a desk that begins anew.
    assert!(is_wrong(scene.sign_in(PASSWORD, &code, START)));
    let restarted = Users::open(scene.users.path.clone()).unwrap();
    assert!(is_wrong(
        restarted.sign_in("ana", PASSWORD, &code, HERE, START)
    ));
    assert!(restarted.session("", START).is_none());
    scene.signed_in(START + 30_000);
}

#[test]
fn a_recovery_code_stands_in_once() {
    let scene = scene();
    let code = scene.secrets.recovery[3].to_string();
    assert!(
        is_wrong(scene.sign_in("wrong horse battery", &code, START)),
        "not spent by this"
    );
    let session = scene.sign_in(PASSWORD, &code, START).unwrap();
    let who = scene.users.session(&session.secret, START).unwrap();
    assert_eq!(who.by, "password and recovery code");
    assert!(is_wrong(scene.sign_in(PASSWORD, &code, START)));
    let text = fs::read_to_string(&scene.users.path).unwrap();
    for secret in scene
        .secrets
        .recovery
        .iter()
        .map(|code| code.replace('-', ""))
    {
        assert!(!text.contains(&secret) && !text.contains(PASSWORD));
    }
    scene
        .sign_in(PASSWORD, &scene.secrets.recovery[4], START)
        .unwrap();
}

#[test]
fn failures_lock_the_password_but_not_the_passkey() {
    let scene = scene();
    let mut device = Device::es256();
    scene.with_passkey(&mut device, START);
    let now_ms = START + 60_000;
    for _ in 0..5 {
        assert!(is_wrong(scene.sign_in(PASSWORD, "000000", now_ms)));
    }
    let good = scene.code(now_ms);
    let locked = scene.sign_in(PASSWORD, &good, now_ms);
    assert!(
        matches!(locked, Err(Refused::Wait { seconds: 60 })),
        "{locked:?}"
    );
    scene.by_passkey(&device, now_ms).unwrap();
    scene.signed_in(now_ms + 60_000);
    // Unknown users are locked the same.
    for _ in 0..5 {
        assert!(is_wrong(
            scene.users.sign_in("ben", PASSWORD, "0", HERE, now_ms)
        ));
    }
    let locked = scene.users.sign_in("ben", PASSWORD, "0", HERE, now_ms);
    assert!(matches!(locked, Err(Refused::Wait { .. })));
}

#[test]
fn sessions_end_idle_late_and_with_their_user() {
    let scene = scene();
    let secret = scene.signed_in(START).secret;
    let alive = |now_ms| scene.users.session(&secret, now_ms).is_some();
    let mut now_ms = START;
    while now_ms + IDLE_MS < START + ABSOLUTE_MS {
        now_ms += IDLE_MS - 1;
        assert!(alive(now_ms));
    }
    let who = scene.users.session(&secret, now_ms).unwrap();
    assert!(scene.users.still(&who, now_ms).is_some());
    assert!(!alive(START + ABSOLUTE_MS));
    assert!(scene.users.still(&who, now_ms).is_none(), "gone");

    let secret = scene.signed_in(now_ms).secret;
    let who = scene.users.session(&secret, now_ms).unwrap();
    assert!(scene.users.still(&who, now_ms + IDLE_MS - 1).is_some());
    assert!(
        scene.users.session(&secret, now_ms + IDLE_MS).is_none(),
        "a look is no use"
    );

    type Change = fn(&mut UserFile) -> Result<(), UsersError>;
    let changes: [Change; 4] = [
        |file| file.set_disabled("ana", true, START + 2 * ABSOLUTE_MS),
        |file| file.reset_password("ana", PASSWORD, START + 5 * ABSOLUTE_MS),
        |file| file.reset_totp("ana", START + 8 * ABSOLUTE_MS).map(drop),
        |file| file.remove("ana"),
    ];
    for (round, change) in (1..).zip(changes) {
        let now_ms = START + (3 * round - 1) * ABSOLUTE_MS - 40_000;
        let secret = scene.signed_in(now_ms).secret;
        assert!(scene.users.session(&secret, now_ms).is_some());
        scene.change(change);
        assert!(
            scene.users.session(&secret, now_ms + 50_000).is_none(),
            "{round}"
        );
        if round == 1 {
            let code = scene.code(now_ms + 50_000);
            assert!(
                is_wrong(scene.sign_in(PASSWORD, &code, now_ms + 50_000)),
                "disabled"
            );
            scene.change(|file| file.set_disabled("ana", false, START + 3 * ABSOLUTE_MS));
        }
        if round == 3 {
            let code = scene.code(now_ms + 90_000);
            assert!(
                is_wrong(scene.sign_in(PASSWORD, &code, now_ms + 90_000)),
                "the old app"
            );
            scene.change(|file| {
                file.user("ana")?.totp_secret = scene.secrets.totp.clone();
                Ok(())
            });
        }
    }
}

#[test]
fn a_person_has_a_bounded_number_of_sessions_and_ends_their_own_alone() {
    let scene = scene();
    scene.change(|file| file.add(new("ben"), START).map(drop));
    let mut secrets = Vec::new();
    for round in 0..=SESSIONS_OF_ONE as u64 {
        secrets.push(scene.signed_in(START + round * 30_000).secret);
    }
    let now_ms = START + 300_000;
    assert!(
        scene.users.session(&secrets[0], now_ms).is_none(),
        "the oldest"
    );
    let who = scene.users.session(&secrets[1], now_ms).unwrap();
    let listed = scene.users.sessions_of(&who, now_ms);
    assert_eq!(listed.len(), SESSIONS_OF_ONE);
    assert_eq!(listed.last().unwrap().session, who.session);
    let kept = scene.users.file().unwrap().find("ben").unwrap().clone();
    let code = kept.totp_secret.code_at(START);
    let ben = scene
        .users
        .sign_in("ben", PASSWORD, &code, HERE, START)
        .unwrap();
    let ben = scene.users.session(&ben.secret, now_ms).unwrap();
    assert!(!scene.users.end_session(&ben, &who.session), "another's");
    assert!(scene.users.end_session(&who, &who.session));
    assert!(scene.users.session(&secrets[1], now_ms).is_none());
    assert!(scene.users.session(&secrets[2], now_ms).is_some());
}

#[test]
fn a_passkey_signs_in_until_it_is_removed() {
    let scene = scene();
    let mut device = Device::eddsa();
    let who = scene.with_passkey(&mut device, START);
    let session = scene.by_passkey(&device, START + 1).unwrap();
    let by = scene.users.session(&session.secret, START + 1).unwrap().by;
    assert_eq!(by, "passkey");
    let kept = scene.users.record(&who).unwrap().passkeys;
    assert_eq!(
        (kept[0].label.as_str(), kept[0].used_at_ms),
        ("laptop", Some(START + 1))
    );
    // The counter is kept: a copy that is behind is refused.
    device.count = 7;
    scene.by_passkey(&device, START + 2).unwrap();
    let behind = scene.by_passkey(&device, START + 3);
    assert!(matches!(
        behind,
        Err(Refused::Passkey(PasskeyError::Counter))
    ));
    device.count = 8;
    let mut stranger = Device::eddsa();
    for handle in [device.handle.clone(), vec![1; 16]] {
        stranger.handle = handle;
        let refused = scene.by_passkey(&stranger, START + 4);
        assert!(matches!(
            refused,
            Err(Refused::Passkey(PasskeyError::Unknown))
        ));
    }
    scene.change(|file| file.set_disabled("ana", true, START));
    assert!(scene.by_passkey(&device, START + 5).is_err());
    scene.change(|file| file.set_disabled("ana", false, START));
    scene.by_passkey(&device, START + 6).unwrap();
    scene.users.remove_passkey(&who, &kept[0].id).unwrap();
    device.count = 9;
    let removed = scene.by_passkey(&device, START + 7);
    assert!(matches!(
        removed,
        Err(Refused::Passkey(PasskeyError::Unknown))
    ));
    assert!(scene.users.remove_passkey(&who, &kept[0].id).is_err());
}

#[test]
fn answers_count_once_and_for_what_was_asked() {
    let scene = scene();
    let mut device = Device::es256();
    let who = scene.with_passkey(&mut device, START);
    let asked = scene.users.ask_for_passkey(&site(), HERE, START).unwrap();
    let answer = device.answer(&unbase64(&asked["challenge"]));
    let show = |now_ms| {
        scene
            .users
            .sign_in_by_passkey(&site(), &answer, HERE, now_ms)
    };
    show(START).unwrap();
    let again = show(START);
    assert!(matches!(
        again,
        Err(Refused::Passkey(PasskeyError::Challenge))
    ));
    // A challenge for adding is none for signing in, nor the other way round.
    let offer = scene
        .users
        .offer_passkey(&who, &site(), HERE, START)
        .unwrap();
    let known = offer["excludeCredentials"][0]["id"].as_str().unwrap();
    assert_eq!(known, BASE64_URL_SAFE_NO_PAD.encode(&device.id));
    let answer = device.answer(&unbase64(&offer["challenge"]));
    assert!(
        scene
            .users
            .sign_in_by_passkey(&site(), &answer, HERE, START)
            .is_err()
    );
    let asked = scene.users.ask_for_passkey(&site(), HERE, START).unwrap();
    let add = |device: &Device, challenge: &serde_json::Value, now_ms| {
        let answer = device.register(&unbase64(challenge));
        scene
            .users
            .add_passkey(&who, &site(), "other", &answer, now_ms)
    };
    let other = Device::es256();
    let refused = add(&other, &asked["challenge"], START);
    assert!(matches!(
        refused,
        Err(Refused::Passkey(PasskeyError::Challenge))
    ));
    let offer = || {
        scene
            .users
            .offer_passkey(&who, &site(), HERE, START)
            .unwrap()
    };
    let twice = add(&device, &offer()["challenge"], START);
    assert!(matches!(twice, Err(Refused::Passkey(PasskeyError::Known))));
    let late = add(&other, &offer()["challenge"], START + 15 * 60_000 + 1);
    assert!(matches!(late, Err(Refused::SignInAgain)));
    for _ in 1..MAX_PASSKEYS {
        add(&Device::es256(), &offer()["challenge"], START).unwrap();
    }
    let full = scene.users.offer_passkey(&who, &site(), HERE, START);
    assert!(matches!(full, Err(Refused::Passkey(PasskeyError::TooMany))));
}

#[test]
fn a_file_that_others_may_read_or_that_is_damaged_lets_nobody_in() {
    let scene = scene();
    let secret = scene.signed_in(START).secret;
    let path = &scene.users.path;
    fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(scene.users.session(&secret, START).is_none());
    let refused = scene.sign_in(PASSWORD, "0", START);
    assert!(matches!(
        refused,
        Err(Refused::Unavailable(UsersError::File(
            PrivateFileError::NotPrivate { .. }
        )))
    ));
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(scene.users.session(&secret, START).is_some());
    let text = fs::read_to_string(path).unwrap();
    for bad in [
        "",
        "{}",
        &text.replace("users/1", "users/9"),
        &text.replace("ana", "A b"),
    ] {
        fs::write(path, bad).unwrap();
        assert!(
            matches!(
                UserFile::read(path),
                Err(UsersError::File(PrivateFileError::Malformed { .. }))
            ),
            "{bad}"
        );
    }
}

#[test]
fn users_that_break_a_rule_are_refused() {
    let scene = scene();
    type Change = fn(&mut NewUser);
    let changes: [Change; 5] = [
        |new| new.name = "A b".into(),
        |new| new.name = String::new(),
        |new| new.scopes.clear(),
        |new| new.scopes = [Scope::Metrics].into(),
        |new| new.password = Zeroizing::new("short".into()),
    ];
    for change in changes {
        let mut bad = new("ben");
        change(&mut bad);
        let added = UserFile::change(&scene.users.path, |file| file.add(bad, START));
        assert!(matches!(added, Err(UsersError::BadUser(_))));
    }
    let taken = UserFile::change(&scene.users.path, |file| file.add(new("ana"), START));
    assert!(matches!(taken, Err(UsersError::NameTaken { .. })));
    assert_eq!(scene.users.file().unwrap().users.len(), 1);
}
