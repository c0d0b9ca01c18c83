//! kill -9 of one of four: the others go on, and the fourth catches up to the same state.
#![allow(clippy::unwrap_used)]

mod dsl;

use dsl::{Consortium, load::send_batch, wait};
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(30);

#[test]
fn a_killed_node_catches_up() {
    let consortium = Consortium::start(4);
    wait(async {
        consortium.fund("bank/maker", 1_000_000).await;
        let maker = consortium.signer("bank/maker");
        let money = consortium.money();
        let platform = consortium.client("platform");

        consortium.crash("court");
        let mut sent = 0;
        for _ in 0..5 {
            let done = send_batch(&platform, &maker, (money, "bank/checker"), 100, WAIT).await;
            assert_eq!(done.refused, Vec::<String>::new());
            assert_eq!(done.ids.len(), 100, "three of four are enough");
            sent += 100;
        }

        tokio::task::block_in_place(|| consortium.up(&[]).json());
        let height = consortium.height("platform").await.unwrap();
        loop {
            if consortium
                .height("court")
                .await
                .is_some_and(|caught_up| caught_up >= height)
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(consortium.balance("court", "bank/checker").await, sent);
        let header_of = async |organisation: &str| {
            consortium
                .client(organisation)
                .header(&consortium.ledger(), Some(height))
                .await
                .unwrap()
        };
        assert_eq!(header_of("court").await, header_of("platform").await);

        // It votes again: without the notary, the court's vote is needed for a quorum.
        consortium.crash("notary");
        let done = send_batch(&platform, &maker, (money, "bank/checker"), 10, WAIT).await;
        assert_eq!(done.ids.len(), 10, "{:?}", done.refused);
    });
}
