//! Stamping against good and bad authorities, each a small server of this test.

#![allow(clippy::unwrap_used)]

mod bad_authorities;

use super::*;
use crate::{
    identity::{Authority as Organisation, Lifetimes, OrganisationKey, Passphrase},
    network::{ConsortiumFolder, clock, folder::make_private_folder},
};
use blockworm_crypto::{
    Algorithm, SecretKey,
    cms::Signer,
    identity::{CertificateAuthority, Order, Profile, Validity},
    pkix::HashAlgorithm,
    timestamp::{Authority, EvidenceRecord, Request, Response, Token},
};
use blockworm_ledger::LedgerId;
use der::pem::{self, LineEnding};
use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};
use tempfile::TempDir;

const DAY_MS: u64 = 86_400_000;

/// An authority whose certificate ends in so many days, as a library.
struct Tsa {
    root: Vec<u8>,
    authority: Authority,
}

fn tsa(profile: Profile, ends_in_days: i64) -> Tsa {
    let now_ms = clock::machine_ms();
    let validity = |days: i64| Validity {
        not_before_ms: now_ms - 400 * DAY_MS,
        not_after_ms: now_ms.saturating_add_signed(days * DAY_MS as i64),
    };
    let root =
        CertificateAuthority::create("outside", "Root", Algorithm::P256, validity(4_000)).unwrap();
    let order = Order {
        profile,
        name: "tsa",
        functions: &[],
        hosts: &[],
    };
    let key = SecretKey::generate(Algorithm::P256).unwrap();
    let chain = root
        .issue_as(&order, &key.public_key(), validity(ends_in_days))
        .unwrap();
    let signer = Signer::new(Arc::new(key), chain).unwrap();
    Tsa {
        root: root.certificate().to_vec(),
        authority: Authority::new(signer, POLICY, 1_000).unwrap(),
    }
}

impl Tsa {
    fn answer(&self, request: &[u8]) -> Vec<u8> {
        let now_ms = clock::machine_ms();
        self.authority.answer(request, now_ms, now_ms).der
    }
}

/// Status, media type and body.
type Reply = (u16, &'static str, Vec<u8>);

/// A server of HTTP that answers each body with what `answer` makes of it.
fn serve(answer: impl Fn(&[u8]) -> Reply + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
            let body = loop {
                let read = stream.read(&mut chunk).unwrap_or(0);
                bytes.extend_from_slice(&chunk[..read]);
                let text = String::from_utf8_lossy(&bytes).to_lowercase();
                let length = text.split("content-length: ").nth(1);
                let length = length.and_then(|rest| rest.split('\r').next()?.parse().ok());
                let head = bytes.windows(4).position(|part| part == b"\r\n\r\n");
                if let (Some(head), Some(length)) = (head, length)
                    && bytes.len() >= head + 4 + usize::min(length, 1 << 20)
                {
                    break bytes[head + 4..].to_vec();
                }
                if read == 0 {
                    break Vec::new();
                }
            };
            let (status, media, body) = answer(&body);
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: {media}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    url
}

fn serve_tsa(tsa: Tsa) -> String {
    serve(move |request| (200, REPLY_MEDIA, tsa.answer(request)))
}

fn pin(folder: &Path, name: &str, root: &[u8]) -> PathBuf {
    let path = folder.join(name);
    let text = pem::encode_string("CERTIFICATE", LineEnding::LF, root).unwrap();
    fs::write(&path, text).unwrap();
    path
}

fn source(url: &str, root: PathBuf) -> Source {
    Source {
        url: url.to_owned(),
        roots: vec![root],
        timeout: Duration::from_millis(1_500),
    }
}

/// A ledger that grows when it is told to.
#[derive(Clone)]
struct Growing {
    size: Arc<AtomicU64>,
    busy: Arc<AtomicU64>,
    block_ms: Arc<AtomicU64>,
}

impl Growing {
    fn new() -> Self {
        Self {
            size: Arc::default(),
            busy: Arc::default(),
            block_ms: Arc::new(AtomicU64::new(clock::machine_ms())),
        }
    }

    fn grow(&self, size: u64, busy: u64) {
        self.size.store(size, Ordering::SeqCst);
        self.busy.store(busy, Ordering::SeqCst);
    }
}

impl Checkpoints for Growing {
    fn ledger(&self) -> LedgerId {
        LedgerId([7; 16])
    }

    async fn newest(&self) -> Option<Stampable> {
        let size = self.size.load(Ordering::SeqCst);
        let body = format!("blockworm/{}\n{size}\nroot\n", self.ledger());
        (size > 0).then(|| Stampable {
            size,
            note: format!("{body}\n— someone signed\n"),
            body,
            block_ms: self.block_ms.load(Ordering::SeqCst),
        })
    }

    fn note(&self, _size: u64) -> Option<String> {
        None
    }

    fn busy_since(&self, height: u64) -> bool {
        self.busy.load(Ordering::SeqCst) >= height
    }
}

fn plan(sources: Vec<Source>) -> StampPlan {
    StampPlan {
        sources,
        interval: Duration::from_secs(600),
        drift_limit_ms: 5_000,
        renew_before_ms: 30 * DAY_MS,
        hashes: HashAges::default(),
    }
}

fn stamper(folder: &Path, plan: StampPlan, growing: &Growing) -> Stamper<Growing> {
    let store = Arc::new(StampStore::open(&folder.join("timestamps")).unwrap());
    let client = TimeClient::new().unwrap();
    Stamper::new(plan, client, store, Arc::default(), growing.clone())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn a_stamp_covers_all_deposits_below_it_and_a_ledger_at_rest_gets_none() {
    let folder = TempDir::new().unwrap();
    let tsa = tsa(Profile::Timestamping, 1_000);
    let roots = [tsa.root.clone()];
    let root = pin(folder.path(), "root.pem", &tsa.root);
    let growing = Growing::new();
    let plan = plan(vec![source(&serve_tsa(tsa), root)]);
    let stamper = stamper(folder.path(), plan, &growing);
    let stamp = || runtime().block_on(stamper.stamp_newest()).unwrap();
    assert_eq!(stamp(), None);
    growing.grow(10, 4);
    assert_eq!(stamp(), Some(10));
    // Blocks without transactions bring nothing to stamp.
    growing.grow(30, 4);
    assert_eq!(stamp(), None);
    growing.grow(31, 30);
    assert_eq!(stamp(), Some(31));
    let ledger = growing.ledger();
    let covering = |height| stamper.store.covering(&ledger, height);
    assert_eq!((covering(0), covering(9)), (Some(10), Some(10)));
    assert_eq!(
        (covering(10), covering(30), covering(31)),
        (Some(31), Some(31), None)
    );
    assert_eq!(covering(u64::MAX), None);
    // What was written is found again, and holds.
    let store = StampStore::open(&folder.path().join("timestamps")).unwrap();
    let sizes: Vec<u64> = store
        .list(&ledger, u64::MAX, 9)
        .iter()
        .map(|about| about.size)
        .collect();
    assert_eq!(sizes, [31, 10]);
    let found = store.get(ledger, 10).unwrap().unwrap();
    let body = found.body.as_bytes();
    let token = Token::parse(&found.token).unwrap();
    assert!(token.verify(body, &roots, &[]).is_ok());
    let record = EvidenceRecord::parse(&found.record).unwrap();
    assert_eq!(record.verify(body, &roots, &[]).unwrap().len(), 1);
    assert_eq!(found.chain_pem.matches("BEGIN CERTIFICATE").count(), 2);
    assert_eq!(store.get(ledger, 11).unwrap(), None);
    let standing = stamper.standing.of(&ledger);
    assert_eq!((standing.stamps, standing.newest_size), (2, Some(31)));
    assert!(!standing.drifting && standing.failing.is_none());
}

#[test]
fn an_authority_that_is_down_loses_nothing_and_another_takes_its_place() {
    let folder = TempDir::new().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let tsa = tsa(Profile::Timestamping, 1_000);
    let root = pin(folder.path(), "root.pem", &tsa.root);
    let growing = Growing::new();
    growing.grow(5, 4);
    let alone = stamper(
        folder.path(),
        plan(vec![source(&gone, root.clone())]),
        &growing,
    );
    let refused = runtime().block_on(alone.stamp_newest()).unwrap_err();
    assert_eq!(refused.code(), "timestamp.unreachable");
    let failing = alone.standing.of(&growing.ledger()).failing.unwrap();
    assert_eq!(failing.code, "timestamp.unreachable");
    growing.grow(9, 4);
    let both = vec![source(&gone, root.clone()), source(&serve_tsa(tsa), root)];
    let both = stamper(folder.path(), plan(both), &growing);
    assert_eq!(runtime().block_on(both.stamp_newest()).unwrap(), Some(9));
    // The deposit of the time without an authority is covered by the later stamp.
    assert_eq!(both.store.covering(&growing.ledger(), 4), Some(9));
}

#[test]
fn stamps_are_renewed_before_their_certificate_or_hash_ends() {
    let folder = TempDir::new().unwrap();
    let (old, new) = (
        tsa(Profile::Timestamping, 20),
        tsa(Profile::Timestamping, 900),
    );
    let roots = [old.root.clone(), new.root.clone()];
    let (old_root, new_root) = (
        pin(folder.path(), "old.pem", &old.root),
        pin(folder.path(), "new.pem", &new.root),
    );
    let (old, new) = (
        source(&serve_tsa(old), old_root),
        source(&serve_tsa(new), new_root),
    );
    let growing = Growing::new();
    growing.grow(5, 4);
    let ledger = growing.ledger();
    let first = stamper(folder.path(), plan(vec![old.clone()]), &growing);
    runtime().block_on(first.stamp_newest()).unwrap();
    // The same certificate would renew nothing.
    let refused = runtime().block_on(first.renew_due()).unwrap_err();
    assert_eq!(refused.code(), "timestamp.setting");
    let second = stamper(folder.path(), plan(vec![new.clone()]), &growing);
    assert_eq!(runtime().block_on(second.renew_due()).unwrap(), 1);
    assert_eq!(runtime().block_on(second.renew_due()).unwrap(), 0);
    let mut aging = plan(vec![new]);
    let soon = "2090-01-01".to_owned();
    let date = parse_date(&soon).unwrap();
    aging.hashes = HashAges::read(&BTreeMap::from([("sha256".into(), soon)])).unwrap();
    // Whenever this runs, the hash ends within what the plan renews before.
    aging.renew_before_ms = date.saturating_sub(clock::machine_ms()) + 30 * DAY_MS;
    let third = stamper(folder.path(), aging, &growing);
    assert_eq!(runtime().block_on(third.renew_due()).unwrap(), 1);
    let found = third.store.get(ledger, 5).unwrap().unwrap();
    let record = EvidenceRecord::parse(&found.record).unwrap();
    let times = record.verify(found.body.as_bytes(), &roots, &[]).unwrap();
    assert_eq!(times.len(), 3);
    assert_eq!(found.about.algorithm(), HashAlgorithm::Sha384);
    assert_eq!(found.about.renewals, 2);
    // The first token stays what it was.
    assert_eq!(found.first_token().unwrap().time_ms, times[0].time_ms);
}

#[test]
fn clocks_that_drift_apart_are_warned_of() {
    let folder = TempDir::new().unwrap();
    let tsa = tsa(Profile::Timestamping, 1_000);
    let root = pin(folder.path(), "root.pem", &tsa.root);
    let growing = Growing::new();
    growing.grow(5, 4);
    let ahead = clock::machine_ms() + 60_000;
    growing.block_ms.store(ahead, Ordering::SeqCst);
    let stamper = stamper(
        folder.path(),
        plan(vec![source(&serve_tsa(tsa), root)]),
        &growing,
    );
    runtime().block_on(stamper.stamp_newest()).unwrap();
    let standing = stamper.standing.of(&growing.ledger());
    assert!(
        standing.drifting && standing.drift_ms < -50_000,
        "{standing:?}"
    );
    let metrics = stamper.standing.metrics();
    let drift = metrics
        .iter()
        .find(|metric| metric.name == "blockworm_timestamp_drift_seconds");
    assert!(drift.unwrap().value < -50.0);
}

#[test]
fn the_built_in_authority_stamps_within_its_bounds_and_repeats_no_serial() {
    let folder = TempDir::new().unwrap();
    let consortium = ConsortiumFolder::new(folder.path());
    let notary: blockworm_ledger::OrganisationId = "notary".parse().unwrap();
    make_private_folder(&consortium.keys(&notary)).unwrap();
    let now_ms = clock::machine_ms();
    let passphrase = Passphrase::generate().unwrap();
    passphrase
        .write(&consortium.passphrase_file(&notary))
        .unwrap();
    let organisation = Organisation::create_for(
        &notary,
        "Notary",
        Algorithm::Ed25519,
        now_ms,
        Lifetimes::default(),
    )
    .unwrap();
    organisation.keep(&consortium, &passphrase).unwrap();
    let key = OrganisationKey::Timestamping;
    organisation
        .make_key(&consortium, key, &passphrase, now_ms)
        .unwrap();
    let open = |per_second| {
        TimeAuthority::open(AuthorityPlan {
            folder: consortium.clone(),
            organisation: notary.clone(),
            policy: POLICY.to_owned(),
            accuracy_ms: 1_000,
            per_second,
            directory: folder.path().join("notary/timestamps"),
        })
        .unwrap()
    };
    let roots = [organisation.root().to_vec()];
    let request = Request::of(b"body", HashAlgorithm::Sha256, [9; 16]);
    let mut serials = Vec::new();
    for _ in 0..3 {
        let authority = open(2);
        for _ in 0..2 {
            let answer = authority.answer(&request.to_der().unwrap()).unwrap();
            let Response::Granted(token) = Response::parse(&answer.der).unwrap() else {
                panic!("{:?}", answer.refusal);
            };
            let token = Token::parse(&token).unwrap();
            let verified = token.verify(b"body", &roots, &[]).unwrap();
            assert!(verified.time_ms.abs_diff(clock::machine_ms()) < 60_000);
            assert!(!serials.contains(&token.serial));
            serials.push(token.serial);
        }
        let refused = authority.answer(&request.to_der().unwrap()).unwrap_err();
        assert!(matches!(
            refused,
            AuthorityRefusal::TooOften { per_second: 2 }
        ));
    }
}
