//! Members' keys, the issuing authority and the root are replaced while transactions go on.
#![allow(clippy::unwrap_used)]

mod dsl;

use blockworm_crypto::identity::{split_chain, verify_chain};
use blockworm_service::identity::{decode_pem, read_certificate};
use dsl::{Consortium, PATIENCE, load::send_batch, not_run, path};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// The longest that a node waits for a receipt is a minute.
const ANSWER: Duration = Duration::from_secs(50);

fn registered(consortium: &Consortium, ledger: &str, member: &str) -> Value {
    let question = json!({ "member": { "id": member } }).to_string();
    consortium
        .run(&["query", "members", &question, "--ledger", ledger])
        .json()
}

fn root_of(consortium: &Consortium, ledger: &str) -> String {
    let question = json!({ "organisation": { "id": "bank" } }).to_string();
    let record = consortium
        .run(&["query", "organisations", &question, "--ledger", ledger])
        .json();
    record["ca_certificate"].as_str().unwrap().to_owned()
}

/// All organisations of a ledger vote for its only open proposal.
fn all_vote(consortium: &Consortium, ledger: &str) {
    let list = ["proposal", "list", "--open", "--ledger", ledger];
    let open = consortium.run(&list).json();
    let number = open[0]["number"].to_string();
    for organisation in ["platform", "notary", "court", "harbour-bank"] {
        let admin = format!("{organisation}/admin");
        let vote = [
            "proposal", "vote", &number, "--as", &admin, "--ledger", ledger,
        ];
        let ran = consortium.run(&vote);
        let open = consortium.run(&list).json();
        if open.as_array().unwrap().is_empty() {
            return;
        }
        assert_eq!(ran.code, Some(0), "{ran:#?}");
    }
    panic!("the proposal on {ledger} is still open");
}

/// What the load sent; the maker's own key changes under it.
fn load(
    consortium: &Consortium,
    going: &Arc<AtomicBool>,
) -> thread::JoinHandle<(BTreeSet<String>, Vec<String>)> {
    let (client, signer) = (consortium.client("bank"), consortium.signer("bank/maker"));
    let (money, going) = (consortium.money().to_owned(), going.clone());
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let (mut ids, mut refused) = (BTreeSet::new(), Vec::new());
        while going.load(Ordering::Relaxed) {
            let to = (money.as_str(), "bank/maker-2");
            let wait = ANSWER;
            let done = runtime.block_on(send_batch(&client, &signer, to, 2, wait));
            ids.extend(done.ids);
            refused.extend(done.refused);
            thread::sleep(Duration::from_millis(100));
        }
        (ids, refused)
    })
}

#[test]
fn keys_and_authorities_change_under_load() {
    let consortium = Consortium::start(4);
    let going = Arc::new(AtomicBool::new(true));
    consortium.money();
    let sending = load(&consortium, &going);

    a_members_key_changes_on_both_ledgers(&consortium);
    another_issuing_authority_needs_nobody(&consortium);
    another_root_is_used_once_it_is_voted_in(&consortium);
    going.store(false, Ordering::Relaxed);
    let (sent, refused) = sending.join().unwrap();
    assert_eq!(refused, Vec::<String>::new());
    assert!(sent.len() > 10, "{}", sent.len());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (client, ledger) = (consortium.client("platform"), consortium.ledger());
    for id in &sent {
        let receipt = runtime.block_on(client.receipt(&ledger, id, ANSWER));
        assert_eq!(receipt.unwrap().unwrap().code, "ok");
    }
    a_server_shows_its_next_certificate(&consortium, &runtime);
}

/// A member's key, on both ledgers at once.
fn a_members_key_changes_on_both_ledgers(consortium: &Consortium) {
    let before = registered(consortium, "trade", "bank/checker");
    let told = consortium
        .run(&["member", "rotate-key", "bank/checker", "--node", "bank"])
        .json();
    let after = registered(consortium, "trade", "bank/checker");
    assert_ne!(before["key"], after["key"]);
    assert_eq!(told["key"], after["key"]);
    assert_eq!(
        consortium
            .signer("bank/checker")
            .key
            .public_key()
            .to_string(),
        after["key"]
    );
}

/// The next member comes from it.
fn another_issuing_authority_needs_nobody(consortium: &Consortium) {
    let first = consortium
        .run(&["authority", "show", "--node", "bank"])
        .json();
    let second = consortium
        .run(&["authority", "rotate", "--node", "bank"])
        .json();
    assert_ne!(first["issuing"]["key"], second["issuing"]["key"]);
    assert_eq!(first["root"], second["root"]);
    let register = ["member", "register", "bank/maker-7", "--function", "maker"];
    consortium.run(&register).json();
}

/// It takes the votes of both ledgers; what it issued reaches them by itself.
fn another_root_is_used_once_it_is_voted_in(consortium: &Consortium) {
    let (bank, folder) = ("bank".parse().unwrap(), consortium.folder.clone());
    let root = read_certificate(&folder.certificate_file(&bank, "ca")).unwrap();
    let first = consortium
        .run(&["authority", "show", "--node", "bank"])
        .json();
    let roots = [
        root_of(consortium, "trade"),
        root_of(consortium, "registry"),
    ];
    consortium
        .run(&["authority", "root", "bank", "--ledger", "trade"])
        .json();
    consortium
        .run(&["authority", "root", "bank", "--ledger", "registry"])
        .json();
    let adopt = ["authority", "adopt", "bank", "--node", "bank"];
    assert_eq!(
        consortium.run(&adopt).error_code(),
        "authority.not_accepted"
    );
    all_vote(consortium, "trade");
    assert_eq!(
        consortium.run(&adopt).error_code(),
        "authority.not_accepted"
    );
    assert_eq!(
        read_certificate(&folder.certificate_file(&bank, "ca")).unwrap(),
        root
    );
    all_vote(consortium, "registry");
    let adopted = consortium.run(&adopt).json();
    assert_ne!(adopted["root"], first["root"]);
    let now = [
        root_of(consortium, "trade"),
        root_of(consortium, "registry"),
    ];
    assert_eq!(now[0], now[1]);
    assert!(!roots.contains(&now[0]));
    assert_eq!(
        consortium.run(&adopt).error_code(),
        "authority.no_next_root"
    );

    // What the new root issued reaches the ledgers by itself, and new members come from it.
    let root = read_certificate(&folder.certificate_file(&bank, "ca")).unwrap();
    let chain = read_certificate(&folder.certificate_file(&bank, "maker")).unwrap();
    assert_eq!(split_chain(&chain).unwrap().len(), 2);
    verify_chain(&chain, &root, dsl::signing::now_ms()).unwrap();
    let register = ["member", "register", "bank/maker-8", "--function", "maker"];
    consortium.run(&register).json();
}

/// The bank's node serves by TLS; its certificate is replaced, and the next client sees the new one.
fn a_server_shows_its_next_certificate(consortium: &Consortium, runtime: &tokio::runtime::Runtime) {
    let bank = "bank".parse().unwrap();
    consortium.run(&["down"]).json();
    let file = consortium.folder.node_file(&bank);
    let text = fs::read_to_string(&file).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    drop(taken);
    let listener = format!(
        "\n[[api_listeners]]\naddress = \"{address}\"\n[api_listeners.access]\naccept = []\n\
         [api_listeners.access.tls]\ncertificate_file = \"keys/tls.cert.pem\"\nkey_file = \"keys/tls.key.pem\"\n"
    );
    fs::write(&file, format!("{text}{listener}")).unwrap();
    consortium.up(&[]).json();
    let root = fs::read(consortium.folder.certificate_file(&bank, "ca")).unwrap();
    let shown = || {
        let root = reqwest::Certificate::from_pem(&root).unwrap();
        let client = reqwest::Client::builder()
            .tls_certs_only([root])
            .tls_info(true)
            .build()
            .unwrap();
        let url = format!("https://{address}/health/live");
        let answer = runtime.block_on(async { client.get(url).send().await.unwrap() });
        let info = answer.extensions().get::<reqwest::tls::TlsInfo>().unwrap();
        info.peer_certificate().unwrap().to_vec()
    };
    let before = shown();
    let renew = ["certificate", "renew", "tls", "--new-key", "--node", "bank"];
    consortium.run(&renew).json();
    let kept = fs::read(consortium.folder.certificate_file(&bank, "tls")).unwrap();
    let kept = decode_pem(&kept).unwrap();
    let begun = Instant::now();
    while shown() == before {
        assert!(begun.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(shown(), split_chain(&kept).unwrap()[0]);
}

/// Every certificate of a fresh consortium is good for its use, as openssl sees it, and for no other.
#[test]
fn openssl_verifies_every_certificate_of_a_fresh_consortium() {
    let consortium = Consortium::planned(5);
    consortium.up(&[]).json();
    let mut count = 0;
    for organisation in consortium.record().organisations {
        let keys = consortium.folder.keys(&organisation.id);
        let verify = |purpose: &str, name: &str| {
            let command = Command::new("openssl")
                .args(["verify", "-x509_strict", "-CAfile", "ca.cert.pem"])
                .args(["-untrusted", "issuing.cert.pem", "-purpose", purpose, name])
                .current_dir(&keys)
                .output();
            command.map(|output| output.status.success())
        };
        for entry in fs::read_dir(&keys).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let Some(short) = name.strip_suffix(".cert.pem") else {
                continue;
            };
            let (good, bad): (&[&str], &[&str]) = match short {
                "ca" | "issuing" => (&["any"], &["timestampsign"]),
                "tls" => (&["sslserver"], &["sslclient", "timestampsign"]),
                "node" => (&["sslserver", "sslclient"], &["timestampsign"]),
                "cosigner" => (&["any"], &["sslclient", "sslserver", "timestampsign"]),
                "documents" => (&["any"], &["sslclient", "sslserver", "timestampsign"]),
                "timestamping" => (&["timestampsign"], &["sslclient", "sslserver"]),
                _ => (&["sslclient"], &["sslserver", "timestampsign"]),
            };
            for (purpose, wanted) in good
                .iter()
                .map(|it| (it, true))
                .chain(bad.iter().map(|it| (it, false)))
            {
                match verify(purpose, &name) {
                    Ok(verified) => assert_eq!(
                        verified,
                        wanted,
                        "{} for {purpose}",
                        path(&keys.join(&name))
                    ),
                    Err(error) => {
                        not_run(&format!("there is no openssl to compare with: {error}"));
                        return;
                    }
                }
                count += 1;
            }
        }
    }
    assert!(count > 60, "{count}");
}
