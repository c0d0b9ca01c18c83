//! The page, opened from a file, checks a good and a bad package in a browser and sends nothing anywhere.
#![allow(clippy::unwrap_used)]

#[path = "../../../tests/browser/mod.rs"]
mod browser;
mod matter;
#[path = "../../../tests/not_run/mod.rs"]
mod not_run;

use browser::Browser;
use matter::{Matter, bag, ledger::MATTER, papers};
use not_run::not_run;
use std::path::{Path, PathBuf};

/// The page that scripts/build-verifier made.
fn page() -> Option<PathBuf> {
    let folder = std::env::var_os("BLOCKWORM_VERIFIER")?;
    Some(Path::new(&folder).join("verify.html"))
}

struct Scene {
    browser: Browser,
    folder: tempfile::TempDir,
}

impl Scene {
    fn place(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    /// Checks a package in the page; the outcome, or what the page said instead.
    async fn check(&self, file: &str) -> String {
        self.browser
            .run("last = null; document.getElementById('report').replaceChildren()")
            .await;
        self.browser.fill("#package", file).await;
        self.browser.click("#check").await;
        self.browser
            .until("document.getElementById('verdict')")
            .await;
        self.browser
            .text("document.getElementById('verdict').dataset.outcome ?? document.getElementById('verdict').textContent")
            .await
    }

    async fn row(&self, check: &str) -> String {
        self.browser
            .text(&format!(
                "document.querySelector('[data-check=\"{check}\"]').className"
            ))
            .await
    }
}

#[tokio::test]
async fn a_court_checks_a_package_without_a_network() {
    let Some(page) = page() else {
        return not_run("BLOCKWORM_VERIFIER names no page: scripts/build-verifier makes it");
    };
    let browser = match Browser::start().await {
        Ok(browser) => browser,
        Err(why) => return not_run(&why),
    };
    let scene = Scene {
        browser,
        folder: tempfile::tempdir().unwrap(),
    };
    let browser = &scene.browser;
    browser.open(&format!("file://{}", page.display())).await;
    let matter = Matter::good();
    let good = scene.place("good.zip", &matter.zip());
    assert_eq!(scene.check(&good).await, "unpinned");
    browser
        .fill("#genesis", &matter.ledger.genesis.digest().to_string())
        .await;
    browser
        .fill(
            "#policy",
            &scene.place("policy.txt", papers::policy(&matter.ledger).as_bytes()),
        )
        .await;
    let root = papers::pem(matter.stamps.root.certificate());
    browser
        .fill("#roots", &scene.place("root.pem", root.as_bytes()))
        .await;
    assert_eq!(scene.check(&good).await, "valid");
    assert_eq!(scene.row("checkpoint[10].policy").await, "pass");
    let text = browser
        .text("document.getElementById('report').innerText")
        .await;
    assert!(text.contains("timekeeper"), "{text}");
    check_large(&scene, &matter).await;
    check_silent(browser).await;
}

async fn check_large(scene: &Scene, matter: &Matter) {
    // A large original is read in pieces, and one byte of it is wrong.
    let mut files = matter.files.clone();
    files.insert("data/originals/large.bin".into(), vec![7; 40 << 20]);
    let manifest = bag::manifest(&files);
    files.insert("manifest-sha256.txt".into(), manifest);
    files.get_mut("data/originals/large.bin").unwrap()[30 << 20] ^= 1;
    let entries: Vec<_> = files
        .iter()
        .map(|(path, bytes)| matter::Entry::stored(&format!("{MATTER}/{path}"), bytes))
        .collect();
    let bad = scene.place("bad.zip", &bag::zip_entries(&entries));
    assert_eq!(scene.check(&bad).await, "broken");
    assert_eq!(scene.row("file:data/originals/large.bin").await, "fail");
    assert_eq!(
        scene.row("file:data/originals/0001-paper 1.txt").await,
        "pass"
    );
    assert!(
        scene
            .check(&scene.place("text.txt", b"hello"))
            .await
            .contains("malformed")
    );
    let junk = scene.check(&scene.place("junk.zip", b"hello")).await;
    assert!(junk.contains("verify.no_zip"), "{junk}");
}

async fn check_silent(browser: &Browser) {
    // Both languages; nothing was asked of any network, and nothing could be.
    let before = browser.text("document.title").await;
    browser.click("#language").await;
    assert_ne!(before, browser.text("document.title").await);
    let asked = "performance.getEntriesByType('resource').filter((one) => !/^(blob|data):/.test(one.name)).map((one) => one.name)";
    assert_eq!(
        browser.text(&format!("JSON.stringify({asked})")).await,
        "[]"
    );
    browser
        .run("window.refused = []; document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective)); fetch('http://127.0.0.1:9/').catch(() => 0); new Image().src = 'http://127.0.0.1:9/x.png'")
        .await;
    browser
        .until("refused.includes('connect-src') && refused.includes('img-src')")
        .await;
}
