//! People at a guarded console: password and code, a passkey in a device, codes that are wrong or used,
//! the lock after failures, signing out; in both languages, in a browser.
#![allow(clippy::unwrap_used)]

mod browser;
mod dsl;

use blockworm_service::users::TotpSecret;
use browser::Browser;
use dsl::{Consortium, path};
use serde_json::{Value, json};
use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

const PASSWORD: &str = "steel and paper boats";
const WIDE: u32 = 1080;
const NARROW: u32 = 375;

/// One node with a guarded listener, a person who may read, and a browser.
struct Scene {
    consortium: Consortium,
    browser: Browser,
    url: String,
    totp: TotpSecret,
    pictures: PathBuf,
}

/// One node whose guarded listener lets people in, and what `console-user add` printed.
fn guarded() -> (Consortium, String, Value) {
    let consortium = Consortium::start(1);
    consortium.run(&["down"]).json();
    let password = consortium.beside("password");
    fs::write(&password, format!("{PASSWORD}\n")).unwrap();
    let add = |consortium: &Consortium| {
        consortium.run(&[
            "console-user",
            "add",
            "ana",
            "--scope",
            "read",
            "--node",
            "platform",
            "--password-file",
            path(&password),
        ])
    };
    fs::set_permissions(&password, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(add(&consortium).error_code(), "password.unreadable");
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
    let added = add(&consortium).json();
    assert_eq!(add(&consortium).error_code(), "user.name_taken");
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let node_toml = consortium.folder.node_file(&"platform".parse().unwrap());
    let text = fs::read_to_string(&node_toml).unwrap();
    let listener = format!(
        "api_listeners = [{{ address = \"127.0.0.1:{port}\", access = {{ accept = [\"user\"] }} }}]"
    );
    fs::write(&node_toml, format!("{listener}\n{text}")).unwrap();
    consortium.up(&[]).json();
    (consortium, format!("http://localhost:{port}"), added)
}

/// The secret in the link that the command printed.
fn totp(added: &Value) -> TotpSecret {
    let uri = added["totp_uri"].as_str().unwrap();
    assert!(
        uri.starts_with("otpauth://totp/Blockworm%20platform:ana?"),
        "{uri}"
    );
    let secret = uri
        .split_once("secret=")
        .unwrap()
        .1
        .split('&')
        .next()
        .unwrap();
    serde_json::from_value(json!(secret)).unwrap()
}

fn now_ms() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64
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
    fs::create_dir_all(&folder).unwrap();
    folder
}

impl Scene {
    async fn open(&self, page: &str) {
        self.browser.open(&format!("{}{page}", self.url)).await;
    }

    async fn sign_in(&self, password: &str, code: &str) {
        self.browser.fill("input[name=name]", "ana").await;
        self.browser.fill("input[name=password]", password).await;
        self.browser.enter("input[name=code]", code).await;
    }

    async fn sign_out(&self) {
        self.browser.click("#sign-out").await;
        self.browser.until("location.pathname === '/sign-in'").await;
    }

    async fn told(&self, part: &str) {
        let condition = format!(
            "!document.querySelector('#trouble').hidden && document.querySelector('#trouble').textContent.includes({part:?})"
        );
        self.browser.until(&condition).await;
    }

    async fn is_inside(&self, path: &str) {
        let condition =
            format!("location.pathname === {path:?} && document.querySelector('#sign-out')");
        self.browser.until(&condition).await;
    }

    async fn picture(&self, width: u32, name: &str) {
        self.browser.size(width, 900).await;
        let found = self
            .browser
            .text("document.documentElement.scrollWidth")
            .await;
        assert!(found.parse::<u32>().unwrap() <= width, "{name}: {found} px");
        let folder = match name {
            "sign-in" | "account" => self.pictures.clone(),
            _ => self.consortium.scratch.path().to_owned(),
        };
        let file = folder.join(format!("{name}.png"));
        self.browser.screenshot(width, &file).await;
        self.browser.size(WIDE, 900).await;
    }

    /// Nothing but the refusals that the browser met, and its wish for RSA keys, which are not asked for.
    async fn quiet(&self, place: &str) {
        let complaints = self.browser.complaints().await;
        let expected = ["401", "403", "429", "pubKeyCredParams"];
        let known = |line: &String| expected.iter().any(|part| line.contains(part));
        assert!(complaints.iter().all(known), "{place}: {complaints:#?}");
    }
}

#[test]
fn a_person_signs_in_by_code_and_by_passkey() {
    dsl::wait(async {
        let browser = match Browser::start().await {
            Ok(browser) => browser,
            Err(why) => return dsl::not_run(&why),
        };
        let (consortium, url, added) = guarded();
        let scene = Scene {
            totp: totp(&added),
            pictures: pictures(&consortium),
            consortium,
            browser,
            url,
        };
        scene.browser.system_prefers("light").await;
        scene.browser.size(WIDE, 900).await;
        let device = scene.browser.add_authenticator().await;
        let code = by_password_and_code(&scene).await;
        a_passkey_is_added(&scene).await;
        a_used_code_is_refused(&scene, &code).await;
        by_passkey(&scene, &device).await;
        failures_lock_the_password_but_not_the_passkey(&scene).await;
        a_passkey_is_removed_and_a_person_disabled(&scene).await;
        nothing_secret_was_written(&scene, &added, &code);
        scene.browser.close().await;
    });
}

async fn by_password_and_code(scene: &Scene) -> String {
    let browser = &scene.browser;
    scene.open("/account?lang=en").await;
    browser.until("location.pathname === '/sign-in'").await;
    let search = browser.text("location.search").await;
    assert_eq!(search, "?next=/account%3Flang%3Den", "where to go back to");
    let page = browser.text("document.body.innerText").await;
    assert!(
        page.contains("Supply Chain Platform") && !page.contains("Blocks"),
        "{page}"
    );
    scene.picture(WIDE, "sign-in").await;
    scene.picture(NARROW, "narrow-sign-in").await;
    scene.sign_in(PASSWORD, "000000").await;
    scene.told("Name, password or code is wrong").await;
    let kept = browser
        .text("document.querySelector('input[name=name]').value")
        .await;
    assert_eq!(kept, "ana");
    let password = browser
        .text("document.querySelector('input[name=password]').value")
        .await;
    assert_eq!(password, "", "a password is never sent back");
    let code = scene.totp.code_at(now_ms());
    scene.sign_in("a wrong password", &code).await;
    scene.told("Name, password or code is wrong").await;
    scene.sign_in(PASSWORD, &code).await;
    scene.is_inside("/account").await;
    assert_eq!(
        browser.text("document.cookie").await.contains("blockworm-"),
        false,
        "HttpOnly"
    );
    // Live lists come through the session too.
    scene.open("/").await;
    browser
        .until("document.querySelector('#live-state').textContent === 'live'")
        .await;
    scene.quiet("password and code").await;
    code
}

async fn a_passkey_is_added(scene: &Scene) {
    let browser = &scene.browser;
    browser.click(".person a").await;
    scene.is_inside("/account").await;
    browser.enter("#new-passkey input", "Ana's laptop").await;
    browser
        .until("document.querySelector('#passkeys table')")
        .await;
    let row = browser
        .text("document.querySelector('#passkeys tbody').innerText")
        .await;
    assert!(
        row.contains("Ana's laptop") && row.contains("localhost"),
        "{row}"
    );
    assert!(row.contains("never"), "{row}");
    scene.picture(WIDE, "account").await;
    scene.picture(NARROW, "narrow-account").await;
    // The same device does not take a second one for the same person.
    browser.enter("#new-passkey input", "again").await;
    scene.told("Nothing came of it").await;
    scene.quiet("account").await;
}

async fn a_used_code_is_refused(scene: &Scene, code: &str) {
    scene.sign_out().await;
    scene.open("/").await;
    scene
        .browser
        .until("location.pathname === '/sign-in'")
        .await;
    scene.sign_in(PASSWORD, code).await;
    scene.told("A code counts once").await;
}

async fn by_passkey(scene: &Scene, device: &str) {
    let browser = &scene.browser;
    scene.open("/sign-in?lang=zh-CN&theme=dark").await;
    browser.verify_user(device, false).await;
    browser.click("#passkey").await;
    scene.told("未完成").await;
    browser.verify_user(device, true).await;
    browser.click("#passkey").await;
    scene.is_inside("/").await;
    browser
        .until("document.querySelector('#live-state').textContent === '实时'")
        .await;
    scene.open("/account").await;
    let sessions = browser
        .text("document.querySelector('#sessions tbody').innerText")
        .await;
    assert!(
        sessions.contains("通行密钥") && sessions.contains("当前会话"),
        "{sessions}"
    );
    let row = browser
        .text("document.querySelector('#passkeys tbody').innerText")
        .await;
    assert!(!row.contains("从未"), "{row}");
    scene.picture(WIDE, "account-zh-dark").await;
    scene.sign_out().await;
    scene.picture(WIDE, "sign-in-zh-dark").await;
    scene.quiet("passkey").await;
}

async fn failures_lock_the_password_but_not_the_passkey(scene: &Scene) {
    // The used code was the first of five.
    for _ in 0..4 {
        scene.sign_in(PASSWORD, "000000").await;
        scene.told("用户名、密码或验证码错误").await;
        scene.open("/sign-in").await;
    }
    let next_code = scene.totp.code_at(now_ms() + 30_000);
    scene.sign_in(PASSWORD, &next_code).await;
    scene.told("失败次数过多").await;
    scene.browser.click("#passkey").await;
    scene.is_inside("/").await;
    scene.quiet("locked").await;
}

async fn a_passkey_is_removed_and_a_person_disabled(scene: &Scene) {
    let browser = &scene.browser;
    scene.open("/account?lang=en").await;
    browser.click("#passkeys tbody button").await;
    browser
        .until("document.querySelector('#passkeys') && !document.querySelector('#passkeys table')")
        .await;
    let named = ["console-user", "disable", "ana", "--node", "platform"];
    scene.consortium.run(&named).json();
    scene.open("/").await;
    browser.until("location.pathname === '/sign-in'").await;
    let listed = scene
        .consortium
        .run(&["console-user", "list", "--node", "platform"])
        .json();
    assert_eq!(listed["users"][0]["state"], "disabled");
    assert_eq!(listed["users"][0]["passkeys"], json!([]));
    scene.browser.click("#passkey").await;
    scene.told("This passkey is not known here").await;
}

fn nothing_secret_was_written(scene: &Scene, added: &Value, code: &str) {
    let folder = scene
        .consortium
        .folder
        .organisation(&"platform".parse().unwrap());
    let log = fs::read_to_string(folder.join("node.log")).unwrap();
    for line in [
        "sign-in failed",
        "signed in",
        "signed out",
        "passkey added",
        "passkey removed",
    ] {
        assert!(log.contains(line), "{line} is not in the log");
    }
    let uri = added["totp_uri"].as_str().unwrap();
    let secret = uri
        .split_once("secret=")
        .unwrap()
        .1
        .split('&')
        .next()
        .unwrap();
    for secret in [PASSWORD, secret, code, "a wrong password"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    let file = folder.join("console-users.json");
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains(PASSWORD));
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn the_command_line_keeps_people_in_a_file_of_the_node() {
    let (consortium, url, added) = guarded();
    let password = consortium.beside("password");
    let run = |verb: &str, name: &str, more: &[&str]| {
        let mut args = vec!["console-user", verb, name, "--node", "platform"];
        args.extend(more);
        consortium.run(&args)
    };
    fs::write(&password, "too short").unwrap();
    let short = run(
        "reset-password",
        "ana",
        &["--password-file", path(&password)],
    );
    assert_eq!(short.error_code(), "user.bad");
    fs::write(&password, "another long password").unwrap();
    run(
        "reset-password",
        "ana",
        &["--password-file", path(&password)],
    )
    .json();
    let reset = run("reset-totp", "ana", &[]).json();
    assert_ne!(reset["totp_uri"], added["totp_uri"]);
    assert_eq!(reset["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!(run("reset-totp", "ben", &[]).error_code(), "user.unknown");
    dsl::wait(forms_are_answered(&url, totp(&reset)));
    run("remove", "ana", &[]).json();
    let listed = consortium
        .run(&["console-user", "list", "--node", "platform"])
        .json();
    assert_eq!(listed["users"], json!([]));
}

/// A form without an origin or of another site, the old password, and all as it should be.
async fn forms_are_answered(url: &str, secret: TotpSecret) {
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    let http = http.build().unwrap();
    let mut answers = Vec::new();
    for (form_origin, password) in [
        (None, "another long password"),
        (Some("http://evil.example"), "another long password"),
        (Some(url), PASSWORD),
        (Some(url), "another long password"),
    ] {
        let code = secret.code_at(now_ms());
        let body = format!(
            "name=ana&password={}&code={code}&next=//evil.example",
            password.replace(' ', "+")
        );
        let mut request = http.post(format!("{url}/sign-in")).body(body);
        request = request.header("content-type", "application/x-www-form-urlencoded");
        if let Some(form_origin) = form_origin {
            request = request.header("origin", form_origin);
        }
        answers.push(
            request
                .timeout(Duration::from_secs(30))
                .send()
                .await
                .unwrap(),
        );
    }
    let statuses: Vec<u16> = answers
        .iter()
        .map(|answer| answer.status().as_u16())
        .collect();
    assert_eq!(
        statuses,
        [403, 403, 401, 303],
        "no origin, a foreign one, the old password, all right"
    );
    assert_eq!(answers[3].headers()["location"], "/");
    let cookie = answers[3].headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
}
