//! One organisation sends as much as it can; another's few transactions still go through soon.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{Consortium, load::send_batch, signing::Signer, wait};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// How long one small transaction may take beside the flood; alone it takes tens of milliseconds.
const SOON: Duration = Duration::from_secs(10);
const FLOODERS: usize = 4;
const BATCH: usize = 2_000;

#[test]
fn a_flooding_organisation_does_not_starve_another() {
    let consortium = Consortium::start(4);
    wait(async {
        consortium.fund("bank/maker", 10_000_000).await;
        consortium.fund("platform/supplier-3f9a", 1_000).await;
    });
    let stop = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let maker = consortium.signer("bank/maker");
    let flood: Vec<_> = (0..FLOODERS)
        .map(|number| {
            let (stop, answered, maker) = (Arc::clone(&stop), Arc::clone(&answered), maker.clone());
            let node = ["platform", "bank", "notary", "court"][number % 4];
            let client = consortium.client(node);
            std::thread::spawn(move || {
                wait(async {
                    while !stop.load(Ordering::Relaxed) {
                        let wait = Duration::from_millis(200);
                        let done = send_batch(&client, &maker, "bank/checker", BATCH, wait).await;
                        answered.fetch_add(done.ids.len(), Ordering::Relaxed);
                    }
                });
            })
        })
        .collect();
    consortium.wait_until("the flood is there", || {
        answered.load(Ordering::Relaxed) > 0
    });

    let supplier = consortium.signer("platform/supplier-3f9a");
    let slowest = wait(pay_slowly(&consortium, &supplier));
    stop.store(true, Ordering::Relaxed);
    flood.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(
        slowest < SOON,
        "the slowest of 20 took {slowest:?} beside the flood"
    );
}

async fn pay_slowly(consortium: &Consortium, supplier: &Signer) -> Duration {
    let client = consortium.client("platform");
    let message = json!({ "transfer": {
        "to": "platform/buyer-c27e", "amount": "1", "currency": "CNY",
    }});
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let begun = Instant::now();
        let transaction = supplier.sign("money", &message);
        let answer = client
            .submit(&consortium.ledger(), &transaction, SOON)
            .await
            .unwrap();
        let code = answer.receipt.map(|receipt| receipt.code);
        assert_eq!(code.as_deref(), Some("ok"), "after {:?}", begun.elapsed());
        slowest = slowest.max(begun.elapsed());
    }
    slowest
}
