//! kill -9 of all four, again and again under load: what was acknowledged stays committed.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{Consortium, load::send_batch, wait};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const ROUNDS: u64 = 5;
const WAIT: Duration = Duration::from_secs(20);

#[test]
fn killing_all_nodes_loses_nothing_acknowledged() {
    let consortium = Consortium::start(4);
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    wait(consortium.fund("bank/maker", 1_000_000));
    for round in 0..ROUNDS {
        let before = acknowledged.lock().unwrap().len();
        let stop = Arc::new(AtomicBool::new(false));
        let sender = {
            let (stop, acknowledged) = (Arc::clone(&stop), Arc::clone(&acknowledged));
            let maker = consortium.signer("bank/maker");
            let money = consortium.money().to_owned();
            let clients = ["platform", "bank", "notary"].map(|node| consortium.client(node));
            std::thread::spawn(move || {
                wait(async {
                    while !stop.load(Ordering::Relaxed) {
                        let sent = clients.each_ref().map(|client| {
                            send_batch(client, &maker, (&money, "bank/checker"), 25, WAIT)
                        });
                        for done in futures::future::join_all(sent).await {
                            acknowledged.lock().unwrap().extend(done.ids);
                        }
                    }
                });
            })
        };
        consortium.wait_until("the load has begun", || {
            acknowledged.lock().unwrap().len() > before
        });
        // Another moment of the pipeline in each round.
        std::thread::sleep(Duration::from_millis(37 * round));
        consortium.crash_all();
        stop.store(true, Ordering::Relaxed);
        sender.join().unwrap();
        consortium.up(&[]).json();
        wait(check(&consortium, &acknowledged.lock().unwrap()));
    }
    assert!(acknowledged.lock().unwrap().len() >= 25 * ROUNDS as usize);
}

async fn check(consortium: &Consortium, acknowledged: &[String]) {
    let ledger = consortium.ledger();
    for organisation in consortium.organisations() {
        let client = consortium.client(organisation.as_str());
        for id in acknowledged {
            let receipt = client
                .receipt(&ledger, id, Duration::from_secs(20))
                .await
                .unwrap();
            let receipt = receipt.unwrap_or_else(|| panic!("{organisation} lost {id}"));
            assert_eq!(receipt.code, "ok");
        }
        // Others may have been committed without their sender learning it; none is counted twice.
        let balance = consortium
            .balance(organisation.as_str(), "bank/checker")
            .await;
        assert!(
            balance >= acknowledged.len() as u64,
            "{organisation}: {balance}"
        );
    }
}
