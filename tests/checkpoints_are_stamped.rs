//! Checkpoints get timestamps that openssl accepts, from the notary's node or from outside, whatever an authority does; and they are renewed.
#![allow(clippy::unwrap_used)]

mod dsl;
mod outside_tsa;

use blockworm_service::network::clock;
use dsl::{
    Consortium,
    load::{ASSETS, transfer},
    not_run, path, wait,
};
use outside_tsa::{OutsideTsa, RSA, openssl};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// A block with a transaction; its height.
fn deposit(consortium: &Consortium) -> u64 {
    let signer = consortium.signer("bank/maker");
    let message = transfer("nothing/0000000000000000", "bank/maker", 1);
    let submitted = wait(consortium.client("bank").submit(
        &signer.ledger.to_string(),
        &signer.sign(ASSETS, &message),
        Duration::from_secs(20),
    ));
    submitted.unwrap().receipt.unwrap().height
}

/// Waits until the bank's node keeps a stamp that covers the height, and writes its files.
fn stamp_covering(consortium: &Consortium, height: u64, folder: &Path) -> serde_json::Value {
    let height = height.to_string();
    let shown = || {
        let args = [
            "timestamp",
            "show",
            "--node",
            "bank",
            "--covering",
            &height,
            "--out",
            path(folder),
        ];
        consortium.run(&args)
    };
    consortium.wait_until("a stamp covers the deposit", || shown().code == Some(0));
    shown().json()
}

fn root_of_notary(consortium: &Consortium) -> PathBuf {
    let notary = "notary".parse().unwrap();
    consortium.folder.certificate_file(&notary, "ca")
}

/// `openssl ts -verify` on the files of a stamp.
fn openssl_accepts(folder: &Path, root: &Path, data: &str) -> Option<bool> {
    let root = root.display();
    let arguments = format!(
        "ts -verify -data {data} -in token.tsr -token_in -CAfile {root} -untrusted chain.pem"
    );
    openssl(folder, &arguments).map(|(good, _)| good)
}

#[test]
fn tokens_appear_whatever_an_authority_does() {
    let consortium = Consortium::start(4);
    let (ours, later, outside) = (
        consortium.beside("ours"),
        consortium.beside("later"),
        consortium.beside("outside"),
    );
    let stamp = stamp_covering(&consortium, deposit(&consortium), &ours);
    assert!(
        stamp["stamp"]["authority"]
            .as_str()
            .unwrap()
            .contains("O=notary")
    );
    let root = root_of_notary(&consortium);
    if openssl_accepts(&ours, &root, "body.txt").is_none() {
        return not_run("there is no openssl to compare with");
    }
    assert_eq!(openssl_accepts(&ours, &root, "body.txt"), Some(true));
    assert_eq!(openssl_accepts(&ours, &root, "checkpoint.txt"), Some(false));
    the_notary_answers_openssl(&consortium, &root);
    files_are_checked(&consortium, &ours, &root);
    an_authority_that_is_killed_loses_nothing(&consortium, &later, &root);
    an_outside_authority_takes_its_place(&consortium, &outside);
}

/// The notary's node as any program's authority.
fn the_notary_answers_openssl(consortium: &Consortium, root: &Path) {
    let folder = consortium.beside("query");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("data"), b"anything").unwrap();
    openssl(&folder, "ts -query -data data -sha512 -cert -out q.tsq").unwrap();
    let nodes = consortium.record().nodes;
    let notary = nodes
        .iter()
        .find(|node| node.organisation.as_str() == "notary");
    let url = format!("{}/v1/timestamps", notary.unwrap().api_url());
    let ask = |media: &'static str, body: Vec<u8>| {
        let sent = reqwest::Client::builder().no_proxy().build().unwrap();
        let sent = sent.post(&url).header("content-type", media).body(body);
        wait(async {
            let response = sent.send().await.unwrap();
            (response.status().as_u16(), response.bytes().await.unwrap())
        })
    };
    let query = fs::read(folder.join("q.tsq")).unwrap();
    let (status, answer) = ask("application/timestamp-query", query.clone());
    assert_eq!(status, 200);
    fs::write(folder.join("r.tsr"), answer).unwrap();
    let verify = format!(
        "ts -verify -queryfile q.tsq -in r.tsr -CAfile {}",
        root.display()
    );
    let (good, said) = openssl(&folder, &verify).unwrap();
    assert!(good, "{said}");
    assert_eq!(ask("application/octet-stream", query.clone()).0, 415);
    assert_eq!(ask("application/timestamp-query", vec![0; 70_000]).0, 413);
    // Others' nodes are none.
    let bank = url.replace(&notary.unwrap().api_url(), &nodes[0].api_url());
    let refused = request_code(&folder, &bank, root);
    assert_eq!(refused, "timestamp.http_status");
}

/// The code by which a request at a URL is refused.
fn request_code(folder: &Path, url: &str, root: &Path) -> String {
    let file = folder.join("data");
    let ran = bare(&[
        "timestamp",
        "request",
        path(&file),
        "--url",
        url,
        "--root",
        path(root),
    ]);
    ran.error_code()
}

/// A verb that takes no folder.
fn bare(args: &[&str]) -> dsl::Ran {
    dsl::blockworm(&[args, &["--output", "json"]].concat())
}

/// `timestamp check` tells good files from bad ones.
fn files_are_checked(consortium: &Consortium, folder: &Path, root: &Path) {
    let (body, note) = (folder.join("body.txt"), folder.join("checkpoint.txt"));
    let check = |token: &str, data: &Path, root: &Path| {
        let token = folder.join(token);
        bare(&[
            "timestamp",
            "check",
            path(&token),
            "--data",
            path(data),
            "--root",
            path(root),
        ])
    };
    for token in ["token.tsr", "record.ers"] {
        let valid = check(token, &body, root).json();
        assert_eq!(valid["tokens"].as_array().unwrap().len(), 1);
        assert_eq!(check(token, &note, root).error_code(), "timestamp.imprint");
        let bank = "bank".parse().unwrap();
        let other = consortium.folder.certificate_file(&bank, "ca");
        assert_eq!(
            check(token, &body, &other).error_code(),
            "timestamp.untrusted"
        );
    }
    let mut token = fs::read(folder.join("token.tsr")).unwrap();
    *token.last_mut().unwrap() ^= 1;
    fs::write(folder.join("altered.tsr"), token).unwrap();
    assert_eq!(
        check("altered.tsr", &body, root).error_code(),
        "timestamp.signature"
    );
}

fn an_authority_that_is_killed_loses_nothing(consortium: &Consortium, folder: &Path, root: &Path) {
    consortium.crash("notary");
    // Three of four go on, and a deposit waits for its stamp.
    let height = deposit(consortium);
    let warned = || {
        let report = consortium.run(&["doctor"]);
        let report: serde_json::Value = serde_json::from_slice(report.stdout.as_bytes()).unwrap();
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| {
                let text = finding.to_string();
                text.contains("timestamps of trade") && text.contains("timestamp.unreachable")
            })
    };
    consortium.wait_until("doctor warns of the authority", warned);
    let asked = wait(
        consortium
            .client("bank")
            .timestamp(&consortium.ledger(), Some(height)),
    );
    assert_eq!(asked.unwrap_err().code(), Some("timestamp.not_found"));
    let metrics = metrics(consortium, "bank");
    assert!(
        metrics.contains("blockworm_timestamp_failures_total"),
        "{metrics}"
    );
    consortium.run(&["node", "start", "notary"]).json();
    stamp_covering(consortium, height, folder);
    assert_eq!(openssl_accepts(folder, root, "body.txt"), Some(true));
}

fn metrics(consortium: &Consortium, organisation: &str) -> String {
    let nodes = consortium.record().nodes;
    let node = nodes
        .iter()
        .find(|node| node.organisation.as_str() == organisation);
    let url = format!("{}/metrics", node.unwrap().api_url());
    wait(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(url).send().await.unwrap().text().await.unwrap()
    })
}

/// openssl's authority behind HTTP; it can be told to fail.
fn serve(tsa: OutsideTsa, broken: Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut bytes, mut chunk) = (stream.unwrap(), Vec::new(), [0; 4096]);
            let query = loop {
                let read = stream.read(&mut chunk).unwrap_or(0);
                bytes.extend_from_slice(&chunk[..read]);
                let head = bytes.windows(4).position(|part| part == b"\r\n\r\n");
                // A request for a timestamp says its own length: 30, one byte, the rest.
                let body = head.map(|head| &bytes[head + 4..]);
                match body {
                    Some(body @ [0x30, length, ..]) if body.len() >= 2 + usize::from(*length) => {
                        break body.to_vec();
                    }
                    _ if read == 0 => break Vec::new(),
                    _ => {}
                }
            };
            let (status, body) = match broken.load(Ordering::SeqCst) {
                true => ("503 Busy", Vec::new()),
                false if query.is_empty() => ("400 Bad", Vec::new()),
                false => ("200 OK", tsa.reply(&query)),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    url
}

/// The bank pins an authority from outside, before the notary's: it stamps, and the notary's node
/// takes its place while it is broken.
fn an_outside_authority_takes_its_place(consortium: &Consortium, folder: &Path) {
    let home = consortium.beside("tsa");
    fs::create_dir(&home).unwrap();
    let Some(tsa) = OutsideTsa::create(&home, RSA) else {
        return not_run("there is no openssl to stamp with");
    };
    let root = tsa.root_pem();
    let broken = Arc::new(AtomicBool::new(false));
    let url = serve(tsa, broken.clone());
    let bank = "bank".parse().unwrap();
    let file = consortium.folder.node_file(&bank);
    let text = fs::read_to_string(&file).unwrap();
    let source = format!(
        "[[time.sources]]\nurl = \"{url}\"\nroots = [\"{}\"]\n\n[[time.sources]]",
        root.display()
    );
    fs::write(&file, text.replacen("[[time.sources]]", &source, 1)).unwrap();
    consortium.run(&["node", "stop", "bank"]).json();
    consortium.run(&["node", "start", "bank"]).json();
    let stamp = stamp_covering(consortium, deposit(consortium), folder);
    assert!(
        stamp["stamp"]["root"]
            .as_str()
            .unwrap()
            .contains("O=outside")
    );
    assert_eq!(openssl_accepts(folder, &root, "body.txt"), Some(true));
    assert_eq!(
        openssl_accepts(folder, &root_of_notary(consortium), "body.txt"),
        Some(false)
    );
    broken.store(true, Ordering::SeqCst);
    let refused = request_code(&consortium.beside("query"), &url, &root);
    assert_eq!(refused, "timestamp.http_status");
    let stamp = stamp_covering(consortium, deposit(consortium), folder);
    assert!(
        stamp["stamp"]["root"]
            .as_str()
            .unwrap()
            .contains("O=notary")
    );
    // A record is lengthened by hand too, by whichever authority works.
    broken.store(false, Ordering::SeqCst);
    let roots = [root, root_of_notary(consortium)];
    let (record, body) = (folder.join("record.ers"), folder.join("body.txt"));
    let longer = folder.join("longer.ers");
    let mut args = vec!["timestamp", "renew", path(&record), "--data", path(&body)];
    args.extend(["--url", &url, "--hash", "sha512", "--out", path(&longer)]);
    args.extend(roots.iter().flat_map(|root| ["--root", path(root)]));
    let renewed = bare(&args).json();
    assert_eq!(renewed["tokens"].as_array().unwrap().len(), 2);
    bad_settings_are_refused(consortium, &text);
}

/// What breaks a rule of `[time]` is told at the start.
fn bad_settings_are_refused(consortium: &Consortium, text: &str) {
    consortium.run(&["node", "stop", "bank"]).json();
    let file = consortium.beside("bad.toml");
    for (wrong, named) in [
        ("[time]\nhours = 1", "hours"),
        ("[time]\ninterval_s = 0", "interval_s"),
        ("[time]\nhashes = { md5 = \"2030-01-01\" }", "md5"),
    ] {
        let usual = "interval_s = 5\n";
        let bad = text.replacen("[time]", wrong, 1).replacen(usual, "", 1);
        fs::write(&file, bad).unwrap();
        let ran = bare(&["node", "run", "--config", path(&file)]);
        assert_eq!(ran.error_code(), "config.unusable", "{ran:?}");
        assert!(ran.stderr.contains(named), "{ran:?}");
    }
}

#[test]
fn a_stamp_is_renewed_before_its_certificate_ends() {
    let consortium = Consortium::planned(4);
    consortium.up(&["--certificate-hours", "1"]).json();
    let folder = consortium.beside("stamp");
    let height = deposit(&consortium);
    let first = stamp_covering(&consortium, height, &folder);
    let size = first["size"].as_u64().unwrap();
    let ends = first["stamp"]["holds_until_ms"].as_u64().unwrap();
    consortium
        .run(&[
            "clock",
            "move",
            "--hours-per-minute",
            "2",
            "--for-hours",
            "1",
        ])
        .json();
    let now = || clock::now_ms(consortium.folder.root());
    consortium.wait_until("the first certificate has ended", || now() > ends);
    let renewed = stamp_covering(&consortium, height, &folder);
    assert_eq!(renewed["size"].as_u64(), Some(size));
    assert_eq!(renewed["token"], first["token"]);
    assert!(
        renewed["stamp"]["renewals"].as_u64().unwrap() >= 1,
        "{renewed:#}"
    );
    assert!(renewed["stamp"]["holds_until_ms"].as_u64().unwrap() > now());
    let (record, body) = (folder.join("record.ers"), folder.join("body.txt"));
    let root = root_of_notary(&consortium);
    let checked = bare(&[
        "timestamp",
        "check",
        path(&record),
        "--data",
        path(&body),
        "--root",
        path(&root),
    ]);
    let tokens = checked.json()["tokens"].as_array().unwrap().clone();
    assert!(tokens.len() >= 2, "{tokens:?}");
    let time = |at: usize| tokens[at]["time_ms"].as_u64().unwrap();
    assert!(time(0) < ends && time(1) < ends && time(1) > time(0));
}
