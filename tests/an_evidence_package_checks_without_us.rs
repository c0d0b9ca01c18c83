//! A matter leaves four nodes as a package: programs of others validate it, its own commands check it in a shell without a network, and what was altered is refused.
#![allow(clippy::unwrap_used)]

mod dsl;

use blockworm_workflows::evidence::package::archive;
use dsl::{Consortium, not_run, path, run};
use serde_json::Value;
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The folder of pyHanko and bagit, where scripts/test could install them.
fn tools() -> Option<PathBuf> {
    let tools = std::env::var_os("BLOCKWORM_EVIDENCE_TOOLS").map(PathBuf::from);
    if tools.is_none() {
        not_run(
            "BLOCKWORM_EVIDENCE_TOOLS names no folder with bagit and pyHanko (scripts/test installs them)",
        );
    }
    tools
}

struct Scene {
    consortium: Consortium,
    genesis: String,
    policy: PathBuf,
    root: PathBuf,
}

impl Scene {
    fn start() -> Self {
        let consortium = Consortium::planned(4);
        let up = consortium.up(&["--sample"]).json();
        assert!(up["sample"].is_object(), "{up}");
        let genesis = consortium.folder.genesis_file("trade");
        let policy = consortium.beside("policy.txt");
        consortium.wait_until("every node has cosigned", || {
            let _ = fs::remove_file(&policy);
            let made = consortium.run(&["checkpoint", "policy", "-o", path(&policy)]);
            let text = fs::read_to_string(&policy).unwrap_or_default();
            made.code == Some(0) && text.matches("\nwitness ").count() == 4
        });
        Self {
            genesis: path(&genesis).to_owned(),
            policy,
            root: consortium.folder.root().join("notary/keys/ca.cert.pem"),
            consortium,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.consortium.beside(name)
    }

    /// What the verifier says, with everything pinned, and its exit status.
    fn verify(&self, package: &Path) -> (Option<i32>, Value) {
        let args = [
            "verify",
            path(package),
            "--genesis",
            &self.genesis,
            "--policy",
            path(&self.policy),
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_blockworm"));
        command
            .args(args)
            .args(["--tsa-root", path(&self.root), "--output", "json"]);
        let ran = run(&mut command);
        (
            ran.code,
            serde_json::from_str(&ran.stdout).unwrap_or_default(),
        )
    }

    fn export(&self, matter: &str, out: &Path, more: &[&str]) -> dsl::Ran {
        let args = ["evidence", "export", matter, "-o", path(out)];
        self.consortium.run(&[&args, more].concat())
    }
}

/// The names of the checks with this verdict.
fn checks(report: &Value, verdict: &str) -> Vec<String> {
    let all = report["checks"].as_array().unwrap();
    let such = all.iter().filter(|check| check["verdict"] == verdict);
    such.map(|check| format!("{}: {}", check["name"].as_str().unwrap(), check["reason"]))
        .collect()
}

/// Lays a package out in a folder, as unzipping does; the bag's own folder.
fn unpacked(package: &Path, into: &Path) -> PathBuf {
    fs::create_dir_all(into).unwrap();
    let python = Command::new("python3")
        .args(["-m", "zipfile", "-e"])
        .arg(package)
        .arg(into)
        .output();
    let files = archive::read(&fs::read(package).unwrap()).unwrap();
    for (name, bytes) in &files {
        let file = into.join(name);
        if python.is_ok() {
            assert_eq!(
                &fs::read(&file).unwrap(),
                bytes,
                "python and we read {name} alike"
            );
        }
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, bytes).unwrap();
    }
    into.join(files[0].0.split('/').next().unwrap())
}

/// Every command block of the package's own VERIFY.md, one behind the other.
fn commands(bag: &Path) -> String {
    let guide = fs::read_to_string(bag.join("data/VERIFY.md")).unwrap();
    let blocks = guide.split("```sh\n").skip(1);
    let blocks: Vec<&str> = blocks
        .map(|rest| rest.split_once("```\n").unwrap().0)
        .collect();
    assert_eq!(blocks.len(), 10);
    blocks.concat()
}

/// Runs the commands in the bag's folder, without a network where `alone`; `None` where that is not allowed.
fn shell(bag: &Path, alone: bool) -> Option<(bool, String)> {
    let mut search = OsString::new();
    if let Some(tools) = std::env::var_os("BLOCKWORM_EVIDENCE_TOOLS") {
        search.push(tools);
        search.push(":");
    }
    search.push(std::env::var_os("PATH").unwrap_or_default());
    let mut command = if alone {
        let allowed = Command::new("unshare").args(["-rn", "true"]).output();
        if !allowed.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let mut command = Command::new("unshare");
        command.args(["-rn", "bash"]);
        command
    } else {
        Command::new("bash")
    };
    command
        .arg("-c")
        .arg(commands(bag))
        .env("PATH", search)
        .current_dir(bag);
    let ran = run(&mut command);
    Some((ran.code == Some(0), format!("{}{}", ran.stdout, ran.stderr)))
}

/// Makes both manifests fit what lies there, as a forger would.
fn listed_anew(bag: &Path) {
    let script = "sed 's/^.\\{66\\}//' manifest-sha256.txt | xargs -d '\\n' sha256sum > m && mv m manifest-sha256.txt; \
                  sed 's/^.\\{66\\}//' tagmanifest-sha256.txt | xargs -d '\\n' sha256sum > t && mv t tagmanifest-sha256.txt";
    let ran = run(Command::new("bash").arg("-c").arg(script).current_dir(bag));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

fn replaced(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{}", file.display());
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn others_programs_and_the_packages_own_commands_check_it() {
    let scene = Scene::start();
    let package = scene.file("sample.evidence.zip");
    let played = scene
        .consortium
        .run(&["evidence", "sample", "-o", path(&package)])
        .json();
    let summary = &played["package"];
    assert_eq!(
        (
            &summary["entries"],
            &summary["attestations"],
            &summary["acts"]
        ),
        (&4.into(), &1.into(), &2.into()),
        "{played}"
    );
    assert_eq!(summary["sealed_by"], "notary");
    // The genesis stands in it once, not in each of nine proofs.
    let files = archive::read(&fs::read(&package).unwrap()).unwrap();
    let holding = files.iter().filter(|(_, bytes)| {
        let text = String::from_utf8_lossy(bytes);
        text.contains("\"ca_certificate\"")
    });
    let holding: Vec<&str> = holding.map(|(name, _)| name.as_str()).collect();
    assert!(
        matches!(holding[..], [one] if one.ends_with("/data/genesis.json")),
        "{holding:?}"
    );
    let overhead = summary["overhead_bytes"].as_u64().unwrap();
    assert!(overhead < 160_000, "{overhead}");
    let matter = played["matter"].as_str().unwrap();
    let what = |report: &Value| -> Vec<String> {
        let all = report["missing"].as_array().unwrap();
        all.iter()
            .map(|one| one["what"].as_str().unwrap().to_owned())
            .collect()
    };
    // The notary stamps, and it runs a node: that is said, and nothing else is missing.
    assert_eq!(what(summary), ["time"], "{played}");

    let (code, report) = scene.verify(&package);
    assert_eq!(checks(&report, "fail"), Vec::<String>::new());
    assert_eq!(code, Some(0), "{:?}", checks(&report, "unpinned"));
    for name in [
        "seal.signature",
        "report.signature",
        "report.content",
        "entry[4].original",
        "entry[1].history",
        "attestation[1].interest",
    ] {
        let passed = checks(&report, "pass");
        assert!(
            passed
                .iter()
                .any(|check| check.starts_with(&format!("{name}:"))),
            "{name} in {passed:?}"
        );
    }

    outsiders_validate(&unpacked(&package, &scene.file("sample")));
    what_was_altered_fails(&scene, &package);
    an_export_names_what_it_lacks(&scene, matter, &what);
    a_court_seals_what_holds_and_nothing_else(&scene, matter);
}

/// The package's own commands, bagit and pyHanko.
fn outsiders_validate(bag: &Path) {
    match shell(bag, true) {
        Some((held, said)) => assert!(held, "{said}"),
        None => not_run(
            "unshare makes no namespace here: the commands of VERIFY.md ran with the network there",
        ),
    }
    let (held, said) = shell(bag, false).unwrap();
    assert!(
        held && said.contains("everything that was checked holds\n"),
        "{said}"
    );
    assert_eq!(
        said.matches("Signature Verified Successfully").count() % 4,
        0,
        "four cosign: {said}"
    );
    assert!(
        said.contains("CAdES Verification successful") && said.contains("Verification: OK"),
        "{said}"
    );
    if let Some(tools) = tools() {
        assert!(said.contains("The signature is judged VALID"), "{said}");
        let mut bagit = Command::new(tools.join("python"));
        let validated = run(bagit.args(["-m", "bagit", "--validate"]).arg(bag));
        assert_eq!(validated.code, Some(0), "{}", validated.stderr);
    }
}

/// Each change is hidden from the manifests, and found all the same.
fn what_was_altered_fails(scene: &Scene, package: &Path) {
    let changes: [(&str, &str, &str, &str); 5] = [
        (
            "data/originals/0001-买卖合同.txt",
            "380,000.00",
            "980,000.00",
            "0001-买卖合同.txt",
        ),
        (
            "data/captures/0001.json",
            "upload",
            "scanned",
            "captures/0001.json",
        ),
        ("data/checkpoints/", "blockworm/", "blockworn/", ""),
        (
            "data/proofs/tx-",
            "\"sender\": \"",
            "\"sender\": \"x",
            "another transaction",
        ),
        ("data/report.pdf", "", "", "seal"),
    ];
    for (index, (file, from, to, named)) in changes.into_iter().enumerate() {
        let bag = unpacked(package, &scene.file(&format!("altered-{index}")));
        let file = found(&bag, file);
        if from.is_empty() {
            let mut bytes = fs::read(&file).unwrap();
            bytes[2000] ^= 1;
            fs::write(&file, bytes).unwrap();
        } else {
            replaced(&file, from, to);
        }
        if index == 0 {
            let (held, said) = shell(&bag, false).unwrap();
            assert!(!held && said.contains("a file was changed"), "{said}");
        }
        listed_anew(&bag);
        let (held, said) = shell(&bag, false).unwrap();
        assert!(!held && said.contains(named), "{}: {said}", file.display());
    }
}

/// The first file of the bag whose path begins so.
fn found(bag: &Path, prefix: &str) -> PathBuf {
    let listed = fs::read_to_string(bag.join("manifest-sha256.txt")).unwrap();
    let mut paths = listed.lines().filter_map(|line| line.get(66..));
    bag.join(paths.find(|path| path.starts_with(prefix)).unwrap())
}

fn an_export_names_what_it_lacks(
    scene: &Scene,
    matter: &str,
    what: &dyn Fn(&Value) -> Vec<String>,
) {
    let out = scene.file("bank.evidence.zip");
    let summary = scene.export(matter, &out, &["--as", "bank"]).json();
    let missing = what(&summary);
    // The bank holds what it deposited and the reasons of its dispute.
    assert_eq!(
        missing.iter().filter(|one| *one == "original").count(),
        3,
        "{summary}"
    );
    assert_eq!(
        missing.iter().filter(|one| *one == "document").count(),
        1,
        "{summary}"
    );
    assert!(missing.contains(&"seal".to_owned()), "{summary}");
    let (_, report) = scene.verify(&out);
    assert_eq!(checks(&report, "fail"), Vec::<String>::new());
    let again = scene.export(matter, &out, &["--as", "bank"]);
    assert_eq!(again.error_code(), "file.exists");
    let none = scene.export("no-such-matter", &scene.file("none.zip"), &["--as", "bank"]);
    assert_eq!(none.error_code(), "evidence.matter_not_found");

    let encrypted = scene.file("encrypted.evidence.zip");
    scene
        .export(matter, &encrypted, &["--as", "platform", "--encrypted"])
        .json();
    let files = archive::read(&fs::read(&encrypted).unwrap()).unwrap();
    let originals: Vec<_> = files
        .iter()
        .filter(|(name, _)| name.contains("/originals/"))
        .collect();
    assert_eq!(originals.len(), 3);
    assert!(
        originals
            .iter()
            .all(|(name, bytes)| name.ends_with(".age")
                && bytes.starts_with(b"age-encryption.org/v1"))
    );
    let (_, report) = scene.verify(&encrypted);
    assert_eq!(checks(&report, "fail"), Vec::<String>::new());
}

fn a_court_seals_what_holds_and_nothing_else(scene: &Scene, matter: &str) {
    let package = scene.file("court.evidence.zip");
    scene.export(matter, &package, &["--as", "platform"]).json();
    let seal = |package: &Path, who: &str| {
        scene.consortium.run(&[
            "evidence",
            "seal",
            path(package),
            "--as",
            who,
            "--genesis",
            &scene.genesis,
            "--policy",
            path(&scene.policy),
        ])
    };
    assert_eq!(
        seal(&package, "bank").error_code(),
        "evidence.no_documents_key"
    );
    let broken = scene.file("broken.evidence.zip");
    let mut files = archive::read(&fs::read(&package).unwrap()).unwrap();
    let row = files
        .iter_mut()
        .find(|(name, _)| name.ends_with("data/operators.json"))
        .unwrap();
    row.1.push(b' ');
    fs::write(&broken, archive::write(&files).unwrap()).unwrap();
    assert_eq!(
        seal(&broken, "court").error_code(),
        "evidence.package_broken"
    );
    seal(&package, "court").json();
    let (code, report) = scene.verify(&package);
    assert_eq!(checks(&report, "fail"), Vec::<String>::new());
    assert_eq!(code, Some(0));
    assert_eq!(
        seal(&package, "notary").error_code(),
        "evidence.already_sealed"
    );
}
