//! Authorities that lie, fail or hang, and the code by which each is refused.

use super::*;

/// One bad authority: where it is, which root is pinned for it, how it is refused.
type Case = (String, PathBuf, &'static str);

/// Those that do not answer as HTTP and RFC 3161 ask.
fn broken(good: &Arc<Tsa>, root: &Path) -> Vec<Case> {
    let answer = |status: u16, media: &'static str, body: Vec<u8>| {
        serve(move |_| (status, media, body.clone()))
    };
    let copied = good.clone();
    let wordy = serve(move |request| (200, "text/html", copied.answer(request)));
    let refusing = Authority::unavailable("no clock").der;
    let hanging = serve(|_| {
        thread::sleep(Duration::from_secs(3));
        (200, REPLY_MEDIA, Vec::new())
    });
    [
        (
            answer(500, REPLY_MEDIA, Vec::new()),
            "timestamp.http_status",
        ),
        (
            answer(302, REPLY_MEDIA, Vec::new()),
            "timestamp.http_status",
        ),
        (wordy, "timestamp.media_type"),
        (
            answer(200, REPLY_MEDIA, vec![0x30; 70_000]),
            "timestamp.too_large",
        ),
        (
            answer(200, REPLY_MEDIA, b"hello".to_vec()),
            "timestamp.malformed",
        ),
        (answer(200, REPLY_MEDIA, refusing), "timestamp.refused"),
        (hanging, "timestamp.unreachable"),
    ]
    .map(|(url, code)| (url, root.to_owned(), code))
    .into()
}

/// Those whose tokens are for something else, or were changed on their way.
fn lying(good: &Arc<Tsa>, root: &Path) -> Vec<Case> {
    let change = |change: fn(&mut Request)| {
        let tsa = good.clone();
        serve(move |request| {
            let mut asked = Request::parse(request).unwrap();
            change(&mut asked);
            (200, REPLY_MEDIA, tsa.answer(&asked.to_der().unwrap()))
        })
    };
    let copied = good.clone();
    let flipped = serve(move |request| {
        let mut answer = copied.answer(request);
        *answer.last_mut().unwrap() ^= 1;
        (200, REPLY_MEDIA, answer)
    });
    [
        (
            change(|asked| asked.nonce = Some(vec![1])),
            "timestamp.wrong_nonce",
        ),
        (change(|asked| asked.nonce = None), "timestamp.wrong_nonce"),
        (change(|asked| asked.imprint[0] ^= 1), "timestamp.imprint"),
        (flipped, "timestamp.signature"),
    ]
    .map(|(url, code)| (url, root.to_owned(), code))
    .into()
}

/// Those whose certificates do not hold.
fn uncertified(folder: &Path, root: &Path) -> Vec<Case> {
    let expired = tsa(Profile::Timestamping, -1);
    let useless = tsa(Profile::DocumentSigning, 1_000);
    let expired_root = pin(folder, "expired.pem", &expired.root);
    let useless_root = pin(folder, "useless.pem", &useless.root);
    let stranger = serve_tsa(tsa(Profile::Timestamping, 1_000));
    vec![
        (stranger, root.to_owned(), "timestamp.untrusted"),
        (serve_tsa(expired), expired_root, "timestamp.expired"),
        (serve_tsa(useless), useless_root, "timestamp.purpose"),
    ]
}

#[test]
fn each_bad_authority_is_refused_by_its_code() {
    let folder = TempDir::new().unwrap();
    let good = Arc::new(tsa(Profile::Timestamping, 1_000));
    let root = pin(folder.path(), "root.pem", &good.root);
    let growing = Growing::new();
    growing.grow(5, 4);
    let cases = [
        broken(&good, &root),
        lying(&good, &root),
        uncertified(folder.path(), &root),
    ];
    for (url, root, code) in cases.concat() {
        let plan = plan(vec![source(&url, root)]);
        let stamper = stamper(folder.path(), plan, &growing);
        let refused = runtime().block_on(stamper.stamp_newest()).unwrap_err();
        assert_eq!(refused.code(), code, "{refused}");
        assert_eq!(stamper.store.newest(&growing.ledger()), None);
    }
}

#[test]
fn an_answer_that_is_sent_again_is_refused() {
    let folder = TempDir::new().unwrap();
    let good = tsa(Profile::Timestamping, 1_000);
    let root = pin(folder.path(), "root.pem", &good.root);
    let first: Mutex<Option<Vec<u8>>> = Mutex::default();
    let repeating = serve(move |request| {
        let mut first = first.lock().unwrap();
        let answer = first.get_or_insert_with(|| good.answer(request));
        (200, REPLY_MEDIA, answer.clone())
    });
    let growing = Growing::new();
    growing.grow(5, 4);
    let plan = plan(vec![source(&repeating, root)]);
    let stamper = stamper(folder.path(), plan, &growing);
    assert_eq!(runtime().block_on(stamper.stamp_newest()).unwrap(), Some(5));
    growing.grow(6, 5);
    let refused = runtime().block_on(stamper.stamp_newest()).unwrap_err();
    assert_eq!(refused.code(), "timestamp.wrong_nonce");
}
