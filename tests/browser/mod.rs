//! A headless Chromium for scenarios, driven through chromedriver's HTTP protocol (W3C WebDriver).
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long a page may take to get where a scenario wants it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running browser with one tab; it ends with this value.
pub struct Browser {
    http: reqwest::Client,
    session: String,
    driver: Child,
    /// The browser's empty profile.
    _profile: tempfile::TempDir,
}

/// Where a program of the PATH is.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

impl Browser {
    /// Starts Chromium, or says why this machine has none.
    pub async fn start() -> Result<Self, String> {
        let missing = |name: &str| format!("there is no {name}: scripts/packages test installs it");
        let chromedriver = program("chromedriver").ok_or_else(|| missing("chromedriver"))?;
        let chromium = program("chromium").ok_or_else(|| missing("chromium"))?;
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new(chromedriver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port: u16 = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let port = line.rsplit_once("successfully on port ")?.1;
                port.trim_end_matches('.').parse().ok()
            })
            .expect("chromedriver says where it listens");
        // The pipe is read to its end, or the driver would stop at a full one.
        std::thread::spawn(move || lines.for_each(drop));
        let mut browser = Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            session: format!("http://127.0.0.1:{port}/session"),
            driver,
            _profile: profile,
        };
        let data = format!("--user-data-dir={}", browser._profile.path().display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--no-proxy-server",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--lang=en-GB",
            &data,
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"binary": chromium, "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let started = browser.command("", &wanted).await;
        let id = started["sessionId"].as_str().expect("a session");
        browser.session = format!("{}/{id}", browser.session);
        Ok(browser)
    }

    /// One command of the protocol; a refusal ends the scenario.
    async fn command(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.session)).json(body);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let mut answer: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path} {body}: {answer}");
        answer["value"].take()
    }

    /// Opens an address and waits until it has loaded.
    pub async fn open(&self, url: &str) {
        self.command("/url", &json!({"url": url})).await;
    }

    /// Runs the body of a function in the page and gives what it returns.
    pub async fn run(&self, script: &str) -> Value {
        let body = json!({"script": script, "args": []});
        self.command("/execute/sync", &body).await
    }

    /// Waits until an expression holds in the page.
    pub async fn until(&self, condition: &str) {
        let begun = Instant::now();
        let script = format!("return Boolean({condition})");
        while self.run(&script).await != json!(true) {
            if begun.elapsed() > PATIENCE {
                let text = self.run("return document.body.innerText").await;
                panic!("waited too long until {condition} in\n{text}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The text that an expression gives in the page.
    pub async fn text(&self, expression: &str) -> String {
        let value = self.run(&format!("return String({expression})")).await;
        value.as_str().unwrap().to_owned()
    }

    async fn find(&self, selector: &str) -> String {
        let body = json!({"using": "css selector", "value": selector});
        let found = self.command("/element", &body).await;
        let id = found.as_object().unwrap().values().next().unwrap();
        id.as_str().unwrap().to_owned()
    }

    /// Clicks as a person would: the element must be visible and not covered.
    pub async fn click(&self, selector: &str) {
        let element = self.find(selector).await;
        let path = format!("/element/{element}/click");
        self.command(&path, &json!({})).await;
    }

    /// Types into a field.
    pub async fn fill(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        self.command(&format!("/element/{element}/clear"), &json!({}))
            .await;
        let path = format!("/element/{element}/value");
        self.command(&path, &json!({"text": text})).await;
    }

    /// Gives the browser a device for passkeys, as a laptop has one, and says its name.
    pub async fn add_authenticator(&self) -> String {
        let device = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserConsenting": true,
            "isUserVerified": true,
        });
        let id = self.command("/webauthn/authenticator", &device).await;
        id.as_str().unwrap().to_owned()
    }

    /// Lets the device know its user by PIN, finger or face, or not.
    pub async fn verify_user(&self, authenticator: &str, verified: bool) {
        let path = format!("/webauthn/authenticator/{authenticator}/uv");
        self.command(&path, &json!({"isUserVerified": verified}))
            .await;
    }

    /// Types into a field, then Enter.
    pub async fn enter(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        let path = format!("/element/{element}/value");
        let text = format!("{text}\u{e007}");
        self.command(&path, &json!({"text": text})).await;
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.command("/goog/cdp/execute", &body).await
    }

    /// Makes the page so wide and high.
    pub async fn size(&self, width: u32, height: u32) {
        let parameters = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.devtools("Emulation.setDeviceMetricsOverride", parameters)
            .await;
    }

    /// Lets the page believe that the system prefers `light` or `dark`.
    pub async fn system_prefers(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}))
            .await;
    }

    /// What the page said on its console since the last call, warnings and errors alone.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.command("/se/log", &json!({"type": "browser"})).await;
        let entries = entries.as_array().unwrap().iter();
        entries
            .filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")))
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Writes what the tab shows, whole, at the width set before.
    pub async fn screenshot(&self, width: u32, file: &Path) {
        let height = self
            .run("return document.documentElement.offsetHeight")
            .await;
        let height = u32::try_from(height.as_u64().unwrap()).unwrap();
        self.size(width, height.clamp(600, 2400)).await;
        let shot = self
            .devtools("Page.captureScreenshot", json!({"format": "png"}))
            .await;
        let png = BASE64_STANDARD
            .decode(shot["data"].as_str().unwrap())
            .unwrap();
        assert!(png.starts_with(b"\x89PNG"), "a PNG");
        std::fs::write(file, png).unwrap();
    }

    /// Closes the browser.
    pub async fn close(self) {
        let _ = self.http.delete(&self.session).send().await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends with its driver; the driver leads a process group of its own.
        if let Some(pid) = i32::try_from(self.driver.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = self.driver.wait();
    }
}
