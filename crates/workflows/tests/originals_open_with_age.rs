//! Originals are age files: the standard tool opens ours, we open its; nothing that was changed opens.

#![allow(clippy::unwrap_used)]

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;

use blockworm_workflows::evidence::age::{AgeError, Identity, open_under, seal_under};
use not_run::not_run;
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place * 31 % 251) as u8).collect()
}

#[test]
fn files_of_every_length_around_a_chunk_come_back() {
    let identity = Identity::generate().unwrap();
    for length in [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000] {
        let sealed = identity.seal(&bytes(length)).unwrap();
        assert_eq!(identity.open(&sealed).unwrap(), bytes(length), "{length}");
    }
    let again = Identity::parse(&identity.text()).unwrap();
    assert_eq!(again.recipient(), identity.recipient());
    let other = Identity::generate().unwrap();
    let sealed = identity.seal(b"x").unwrap();
    assert_eq!(other.open(&sealed), Err(AgeError::NotForThis));
    assert_ne!(identity.seal(b"x").unwrap(), sealed, "fresh keys each time");
}

#[test]
fn whatever_is_changed_or_cut_off_does_not_open() {
    let identity = Identity::generate().unwrap();
    let sealed = identity.seal(&bytes(70_000)).unwrap();
    let header = sealed.windows(4).position(|at| at == b"--- ").unwrap() + 48;
    let every = (0..header).chain((header..sealed.len()).step_by(97));
    for place in every.chain([sealed.len() - 1]) {
        let mut wrong = sealed.clone();
        wrong[place] ^= 1;
        assert!(identity.open(&wrong).is_err(), "byte {place}");
    }
    // A file that ends after a whole chunk, after none, and one with more at its end.
    let chunk = header + 16 + 65_536 + 16;
    for length in [0, 20, header, header + 16, chunk, sealed.len() - 1] {
        assert!(identity.open(&sealed[..length]).is_err(), "{length} bytes");
    }
    assert!(identity.open(&[&sealed[..], b"x"].concat()).is_err());
    for bad in ["", "AGE-SECRET-KEY-1QQQ", "# only a comment\n"] {
        assert_eq!(Identity::parse(bad).unwrap_err(), AgeError::Malformed);
    }
}

#[test]
fn a_passphrase_opens_what_was_sealed_under_it() {
    let sealed = seal_under(b"correct horse", 10, b"secret").unwrap();
    assert_eq!(open_under(b"correct horse", &sealed).unwrap(), b"secret");
    assert_eq!(open_under(b"other", &sealed), Err(AgeError::NotForThis));
    // A file may not ask for any amount of memory.
    let text = String::from_utf8_lossy(&sealed).replace(" 10\n", " 30\n");
    assert_eq!(open_under(b"x", text.as_bytes()), Err(AgeError::Malformed));
    let identity = Identity::generate().unwrap();
    assert_eq!(identity.open(&sealed), Err(AgeError::Malformed));
}

/// The tool, if this machine has it.
fn has_age() -> bool {
    let asked = Command::new("age").arg("--version").output();
    asked.is_ok_and(|answer| answer.status.success())
}

fn age(arguments: &[&Path]) -> Vec<u8> {
    let ran = Command::new("age").args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}");
    ran.stdout
}

#[test]
fn the_tool_age_opens_ours_and_we_open_its() {
    if !has_age() {
        return not_run("the tool age is not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (key, sealed, plain) = (path("key"), path("a.age"), path("plain"));
    let identity = Identity::generate().unwrap();
    fs::write(&key, &*identity.text()).unwrap();
    for length in [0, 1, 65_536, 200_000] {
        fs::write(&sealed, identity.seal(&bytes(length)).unwrap()).unwrap();
        let [d, i, r] = ["-d", "-i", "-r"].map(Path::new);
        assert_eq!(age(&[d, i, &key, &sealed]), bytes(length), "{length}");

        fs::write(&plain, bytes(length)).unwrap();
        let recipient = identity.recipient();
        let made = age(&[r, Path::new(&recipient), &plain]);
        assert_eq!(identity.open(&made).unwrap(), bytes(length), "{length}");
    }
}

/// `age -d -i` asks for the passphrase on its terminal, which `script` is here.
#[test]
fn the_tool_age_takes_the_key_under_its_passphrase() {
    if !has_age() || Command::new("script").arg("--version").output().is_err() {
        return not_run("the tools age and script are not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let identity = Identity::generate().unwrap();
    let text = identity.text();
    let under = seal_under(b"correct horse", 10, text.as_bytes()).unwrap();
    fs::write(path("key.age"), under).unwrap();
    fs::write(path("a.age"), identity.seal(b"the original").unwrap()).unwrap();
    let mut tool = Command::new("script")
        .args(["-qec", "age -d -i key.age -o out a.age", "/dev/null"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    use std::io::Write as _;
    let mut terminal = tool.stdin.take().unwrap();
    // It waits on the terminal until the tool reads it.
    terminal.write_all(b"correct horse\n").unwrap();
    let ended = tool.wait().unwrap();
    assert!(ended.success());
    assert_eq!(fs::read(path("out")).unwrap(), b"the original");
}
