//! A browser on the printed console URL: live blocks, the financing, its history, both languages,
//! light and dark, wide and narrow, without a word of complaint on the console.
#![allow(clippy::unwrap_used)]

mod browser;
mod dsl;

use browser::Browser;
use dsl::{Consortium, blockworm, load, path};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

const WIDE: u32 = 1080;
const NARROW: u32 = 375;
/// The pictures that docs/console.md shows; the others are only taken.
const KEPT: [&str; 5] = [
    "overview",
    "receivable",
    "transaction",
    "overview-zh-dark",
    "narrow-receivable",
];
const RECEIPT: Duration = Duration::from_secs(30);

/// The sample on one node, a browser on it, and where pictures go.
struct Scene {
    consortium: Consortium,
    browser: Browser,
    url: String,
    ledger: String,
    sample: Value,
    pictures: PathBuf,
}

impl Scene {
    fn at(&self, path: &str) -> String {
        format!("{}/ledgers/{}{path}", self.url, self.ledger)
    }

    /// The transaction of the story's first step of this name.
    fn transaction(&self, step: &str) -> (String, u64) {
        let steps = self.sample["steps"].as_array().unwrap();
        let step = steps.iter().find(|found| found["name"] == step).unwrap();
        let id = step["transaction"].as_str().unwrap().to_owned();
        (id, step["height"].as_u64().unwrap())
    }

    /// Commits one transfer, and so makes at least one block.
    async fn commit(&self) {
        let signer = self.consortium.signer("bank/maker");
        let transfer = load::transfer(self.consortium.money(), "bank/checker", 1);
        let transaction = signer.sign(load::ASSETS, &transfer);
        let client = self.consortium.client("platform");
        let submitted = client.submit(&self.ledger, &transaction, RECEIPT).await;
        assert_eq!(submitted.unwrap().receipt.unwrap().code, "ok");
    }

    /// The page must not be wider than the window. A picture of it is kept.
    async fn picture(&self, width: u32, name: &str) {
        self.browser.size(width, 900).await;
        let found = self
            .browser
            .text("document.documentElement.scrollWidth")
            .await;
        let found: u32 = found.parse().unwrap();
        assert!(found <= width, "{name}: {found} px in a window of {width}");
        let folder = if KEPT.contains(&name) {
            &self.pictures
        } else {
            self.consortium.scratch.path()
        };
        let file = folder.join(format!("{name}.png"));
        self.browser.screenshot(width, &file).await;
        self.browser.size(WIDE, 900).await;
    }

    async fn quiet(&self, place: &str) {
        let complaints = self.browser.complaints().await;
        assert!(complaints.is_empty(), "{place}: {complaints:#?}");
    }
}

/// `docs/screenshots` when the pictures there are to be renewed, else a folder that goes away.
fn pictures(consortium: &Consortium) -> PathBuf {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/screenshots");
    let bless = std::env::var("BLOCKWORM_BLESS").is_ok_and(|value| value == "1");
    let folder = if bless {
        kept
    } else {
        consortium.beside("screenshots")
    };
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_person_follows_the_sample_in_a_browser() {
    dsl::wait(async {
        let browser = match Browser::start().await {
            Ok(browser) => browser,
            Err(why) => return dsl::not_run(&why),
        };
        let consortium = Consortium::planned(1);
        let mut up = consortium.up(&["--sample"]).json();
        let scene = Scene {
            url: up["console_url"].as_str().unwrap().to_owned(),
            ledger: consortium.ledger(),
            sample: up["sample"].take(),
            pictures: pictures(&consortium),
            consortium,
            browser,
        };
        scene.browser.system_prefers("light").await;
        scene.browser.size(WIDE, 900).await;
        blocks_arrive_live_and_can_be_paused(&scene).await;
        the_history_leads_to_the_financing(&scene).await;
        the_proof_convinces_a_stranger(&scene).await;
        the_second_financing_is_told_in_words(&scene).await;
        the_block_names_its_signers(&scene).await;
        it_speaks_chinese_and_goes_dark(&scene).await;
        nothing_is_wider_than_a_telephone(&scene).await;
        what_is_not_there_is_said(&scene).await;
        foreign_scripts_do_not_run(&scene).await;
        scene.browser.close().await;
    });
}

async fn blocks_arrive_live_and_can_be_paused(scene: &Scene) {
    let browser = &scene.browser;
    let newest = "Number(document.querySelector('#blocks tr').dataset.height)";
    browser.open(&scene.url).await;
    browser
        .until("document.querySelector('#live-state').textContent === 'live'")
        .await;
    // Gone if the page were loaded anew.
    browser.run("window.mark = 1; return 1").await;
    let before = browser.text(newest).await;
    scene.commit().await;
    browser
        .until(&format!("{newest} > {before} && window.mark === 1"))
        .await;

    browser.click("#pause").await;
    let before = browser.text(newest).await;
    scene.commit().await;
    browser
        .until("Number(document.querySelector('#held:not([hidden]) b')?.textContent) > 0")
        .await;
    assert_eq!(browser.text(newest).await, before, "paused");
    let state = browser.text("document.querySelector('#live-state').textContent");
    assert_eq!(state.await, "paused");
    browser.click("#pause").await;
    browser.until(&format!("{newest} > {before}")).await;
    browser
        .until("document.querySelector('#held').hidden")
        .await;
    scene.picture(WIDE, "overview").await;
    scene.quiet("overview").await;
}

async fn the_history_leads_to_the_financing(scene: &Scene) {
    let browser = &scene.browser;
    let receivable = scene.sample["receivable"].as_str().unwrap();
    browser.enter(".search input", receivable).await;
    browser
        .until(&format!(
            "location.pathname.endsWith('/receivables/{receivable}')"
        ))
        .await;
    let steps = browser.text("document.querySelectorAll('.timeline li:not(.open)').length");
    assert_eq!(steps.await, "3");
    for (place, step) in ["issue", "confirm", "finance"].iter().enumerate() {
        let id = scene.transaction(step).0;
        let selector = format!(
            "document.querySelectorAll('.timeline li')[{place}].querySelector('a[href*=\"/transactions/\"]').title"
        );
        assert_eq!(browser.text(&selector).await, id, "{step}");
    }
    scene.picture(WIDE, "receivable").await;
    browser
        .click(".timeline li:nth-child(3) a[href*='/transactions/']")
        .await;
    browser.until("document.querySelector('#receipt')").await;
    let receipt = browser
        .text("document.querySelector('#receipt').innerText")
        .await;
    assert!(
        receipt.contains(&format!("bank/maker financed receivable {receivable}")),
        "{receipt}"
    );
    let message = browser
        .text("document.querySelector('#message').innerText")
        .await;
    assert!(
        message.contains("\"send\"") && message.contains("\"finance\""),
        "{message}"
    );
    scene.quiet("receivable and transaction").await;
}

async fn the_proof_convinces_a_stranger(scene: &Scene) {
    let browser = &scene.browser;
    let id = scene.transaction("finance").0;
    browser.until("document.querySelector('a[download]')").await;
    scene.picture(WIDE, "transaction").await;
    let link = browser
        .text("document.querySelector('a[download]').href")
        .await;
    let download = browser
        .text("document.querySelector('a[download]').download")
        .await;
    assert_eq!(download, format!("{id}.proof.json"));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let proof = http.get(link).send().await.unwrap().bytes().await.unwrap();
    let file = scene.consortium.beside("from-the-page.proof.json");
    std::fs::write(&file, proof).unwrap();
    let genesis = scene.consortium.folder.genesis_file("trade");
    let ran = blockworm(&[
        "verify",
        path(&file),
        "--genesis",
        path(&genesis),
        "--output",
        "json",
    ]);
    assert_eq!(ran.json()["outcome"], "valid");
}

async fn the_second_financing_is_told_in_words(scene: &Scene) {
    let browser = &scene.browser;
    browser
        .enter(".search input", &scene.transaction("finance_again").0)
        .await;
    browser
        .until("document.querySelector('#receipt .bad')")
        .await;
    let receipt = browser
        .text("document.querySelector('#receipt').innerText")
        .await;
    for part in [
        "receivable.already_financed",
        "financed at most once",
        "was financed by bank/maker",
    ] {
        assert!(receipt.contains(part), "{part}: {receipt}");
    }
}

async fn the_block_names_its_signers(scene: &Scene) {
    let browser = &scene.browser;
    let height = scene.transaction("finance").1;
    browser.enter(".search input", &height.to_string()).await;
    browser.until("document.querySelector('#finality')").await;
    let finality = browser
        .text("document.querySelector('#finality').innerText")
        .await;
    for part in [
        "Supply Chain Platform",
        "signed",
        "1 needed of 1 validators",
        "Epoch",
        "View",
    ] {
        assert!(finality.contains(part), "{part}: {finality}");
    }
    scene.picture(WIDE, "block").await;
    browser.click("a[rel=prev]").await;
    browser
        .until(&format!(
            "location.pathname.endsWith('/blocks/{}')",
            height - 1
        ))
        .await;
    scene.quiet("block").await;
}

async fn it_speaks_chinese_and_goes_dark(scene: &Scene) {
    let browser = &scene.browser;
    let paper = "getComputedStyle(document.body).backgroundColor";
    let light = browser.text(paper).await;
    browser.system_prefers("dark").await;
    let dark = browser.text(paper).await;
    assert_ne!(light, dark, "auto follows the system");
    browser.click("a[href='?theme=light']").await;
    assert_eq!(browser.text(paper).await, light, "chosen over the system");
    browser.system_prefers("light").await;
    browser.click("a[href='?theme=dark']").await;
    assert_eq!(browser.text(paper).await, dark, "chosen over the system");
    browser.click("a[href='?lang=zh-CN']").await;
    let finality = browser
        .text("document.querySelector('#finality').innerText")
        .await;
    assert!(finality.contains("签名机构"), "{finality}");
    // Both choices are remembered on every other page.
    browser.open(&scene.url).await;
    browser
        .until("document.querySelector('#live-state').textContent === '实时'")
        .await;
    assert_eq!(browser.text("document.documentElement.lang").await, "zh-CN");
    assert_eq!(browser.text(paper).await, dark);
    scene.picture(WIDE, "overview-zh-dark").await;
    browser
        .open(&scene.at(&format!(
            "/transactions/{}",
            scene.transaction("finance_again").0
        )))
        .await;
    let receipt = browser
        .text("document.querySelector('#receipt').innerText")
        .await;
    assert!(receipt.contains("至多融资一次"), "{receipt}");
    scene.picture(WIDE, "refused-zh-dark").await;
    scene.quiet("Chinese and dark").await;
}

async fn nothing_is_wider_than_a_telephone(scene: &Scene) {
    let receivable = scene.sample["receivable"].as_str().unwrap();
    let (id, height) = scene.transaction("finance");
    scene
        .browser
        .open(&format!("{}/?theme=light", scene.url))
        .await;
    scene.picture(NARROW, "narrow-overview-zh").await;
    let pages = [
        (
            format!("/receivables/{receivable}?lang=en"),
            "narrow-receivable",
        ),
        (format!("/transactions/{id}"), "narrow-transaction"),
        (format!("/blocks/{height}"), "narrow-block"),
        ("/blocks".into(), "narrow-blocks"),
        ("/receivables".into(), "narrow-receivables"),
    ];
    for (page, name) in pages {
        scene.browser.open(&scene.at(&page)).await;
        scene.picture(NARROW, name).await;
    }
    scene.quiet("narrow").await;
}

async fn what_is_not_there_is_said(scene: &Scene) {
    let browser = &scene.browser;
    browser.open(&scene.at("/receivables/none-of-this")).await;
    let page = browser
        .text("document.querySelector('main').innerText")
        .await;
    assert!(
        page.contains("receivable.not_found") && page.contains("What next"),
        "{page}"
    );
    scene.picture(NARROW, "narrow-not-found").await;
    let complaints = browser.complaints().await;
    assert!(
        complaints.iter().all(|line| line.contains("404")),
        "{complaints:#?}"
    );
}

/// Also shows that the checks for silence would have heard a violation.
async fn foreign_scripts_do_not_run(scene: &Scene) {
    let browser = &scene.browser;
    browser.open(&scene.url).await;
    browser
        .run(
            "const script = document.createElement('script'); script.textContent = 'window.stolen = 1';
             document.body.append(script); document.body.setAttribute('style', 'color: red'); return 1",
        )
        .await;
    assert_eq!(browser.text("window.stolen").await, "undefined");
    let complaints = browser.complaints().await;
    let refused = complaints
        .iter()
        .filter(|line| line.contains("Content Security Policy"));
    assert!(refused.count() >= 1, "{complaints:#?}");
}
