//! One organisation sends as much as it can; another's few transactions still go through soon.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{
    Consortium,
    load::{ASSETS, send_batch, transfer},
    signing::Signer,
    wait,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Payments of the other organisation, one after the other.
const PAYMENTS: usize = 7;
/// A payment that waited its turn behind the whole flood would wait for more blocks than this: the
/// flood's queue alone fills five.
const SOON_BLOCKS: u64 = 4;
/// A payment that is not in a block by then is starved, however slow the machine is.
const WAIT: Duration = Duration::from_secs(50);
const FLOODERS: usize = 4;
const BATCH: usize = 2_000;
/// Transactions of the flood that wait when the other organisation begins.
const DEEP: usize = 30_000;

#[test]
fn a_flooding_organisation_does_not_starve_another() {
    let consortium = Consortium::start(4);
    wait(async {
        consortium.fund("bank/maker", 10_000_000).await;
        consortium.fund("platform/supplier-3f9a", 1_000).await;
    });
    let stop = Arc::new(AtomicBool::new(false));
    let maker = consortium.signer("bank/maker");
    let money = consortium.money().to_owned();
    let flood: Vec<_> = (0..FLOODERS)
        .map(|number| {
            let (stop, maker, money) = (Arc::clone(&stop), maker.clone(), money.clone());
            let node = ["platform", "bank", "notary", "court"][number % 4];
            let client = consortium.client(node);
            std::thread::spawn(move || {
                wait(async {
                    while !stop.load(Ordering::Relaxed) {
                        // It does not wait for receipts: what it can send, it sends.
                        let wait = Duration::from_millis(1);
                        send_batch(&client, &maker, (&money, "bank/checker"), BATCH, wait).await;
                    }
                });
            })
        })
        .collect();
    consortium.wait_until("the flood is there", || {
        let waiting = wait(consortium.waiting("platform"));
        waiting >= DEEP
    });

    let supplier = consortium.signer("platform/supplier-3f9a");
    let mut blocks_waited = wait(pay(&consortium, &supplier));
    stop.store(true, Ordering::Relaxed);
    flood.into_iter().for_each(|thread| thread.join().unwrap());
    blocks_waited.sort_unstable();
    let median = blocks_waited[PAYMENTS / 2];
    assert!(
        median <= SOON_BLOCKS,
        "waited {blocks_waited:?} blocks beside the flood"
    );
}

/// Pays one by one and returns for how many blocks each payment waited.
async fn pay(consortium: &Consortium, supplier: &Signer) -> Vec<u64> {
    let client = consortium.client("platform");
    let ledger = consortium.ledger();
    let message = transfer(consortium.money(), "platform/buyer-c27e", 1);
    let mut blocks_waited = Vec::new();
    for _ in 0..PAYMENTS {
        let begun = Instant::now();
        let tip = client.ledger(&ledger).await.unwrap().tip;
        let transaction = supplier.sign(ASSETS, &message);
        let answer = client.submit(&ledger, &transaction, WAIT).await.unwrap();
        let receipt = answer
            .receipt
            .unwrap_or_else(|| panic!("nothing after {:?}", begun.elapsed()));
        assert_eq!(receipt.code, "ok");
        blocks_waited.push(receipt.height.saturating_sub(tip));
    }
    blocks_waited
}
