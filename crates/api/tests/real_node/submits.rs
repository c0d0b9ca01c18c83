//! Submitting: once, again, waiting, in JSON, in batches.

use crate::world::{PATIENCE, WORLD};
use blockworm_api::{client::join_batch, model::Progress};
use std::time::Duration;

#[test]
fn a_transaction_is_committed_and_its_receipt_comes_back() {
    WORLD.run(async {
        let client = WORLD.client();
        let transaction = WORLD.issue(5);
        let submitted = client
            .submit(&WORLD.id(), &transaction, PATIENCE)
            .await
            .unwrap();
        assert_eq!(submitted.status, Progress::Committed);
        assert!(!submitted.known);
        assert_eq!(submitted.id, transaction.id().to_string());
        let receipt = submitted.receipt.unwrap();
        assert!(receipt.is_ok(), "{}", receipt.message);
        assert_eq!(receipt.transaction, submitted.id);
        assert_eq!(receipt.events.len(), 1);
        assert_eq!(receipt.events[0].contract, "money");
        assert_eq!(receipt.events[0].kind, "issued");
        assert!(receipt.height >= 1 && receipt.cost > 0);
        let again = client
            .receipt(&WORLD.id(), &submitted.id, Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(again, Some(receipt));
    });
}

#[test]
fn submitting_again_is_known_and_gives_the_first_receipt() {
    WORLD.run(async {
        let client = WORLD.client();
        let transaction = WORLD.issue(7);
        let first = client
            .submit(&WORLD.id(), &transaction, PATIENCE)
            .await
            .unwrap();
        for wait in [Duration::ZERO, PATIENCE] {
            let again = client
                .submit(&WORLD.id(), &transaction, wait)
                .await
                .unwrap();
            assert!(again.known);
            assert_eq!(again.status, Progress::Committed);
            assert_eq!(again.receipt, first.receipt);
        }
    });
}

#[test]
fn without_a_wait_the_answer_is_202_and_says_where_the_receipt_will_be() {
    WORLD.run(async {
        let transaction = WORLD.issue(1);
        let response = WORLD
            .http()
            .post(WORLD.at("/transactions"))
            .header("content-type", "application/octet-stream")
            .body(transaction.encode())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 202);
        let location = response.headers()["location"].to_str().unwrap().to_owned();
        let wait = format!("{}?wait_ms={}", WORLD.url(&location), PATIENCE.as_millis());
        let receipt = WORLD.http().get(wait).send().await.unwrap();
        assert_eq!(receipt.status(), 200);
        let receipt: serde_json::Value = receipt.json().await.unwrap();
        assert_eq!(receipt["transaction"], transaction.id().to_string());
        assert_eq!(receipt["code"], "ok");
    });
}

#[test]
fn the_json_form_is_the_same_transaction() {
    WORLD.run(async {
        let transaction = WORLD.issue(3);
        let text = serde_json::to_string(&transaction).unwrap();
        let submitted = WORLD
            .client()
            .submit_json(&WORLD.id(), text, PATIENCE)
            .await
            .unwrap();
        assert_eq!(submitted.id, transaction.id().to_string());
        assert!(submitted.receipt.unwrap().is_ok());
    });
}

#[test]
fn a_contracts_refusal_is_committed_with_its_code() {
    WORLD.run(async {
        let submitted = WORLD
            .client()
            .submit(&WORLD.id(), &WORLD.refused(), PATIENCE)
            .await
            .unwrap();
        let receipt = submitted.receipt.unwrap();
        assert!(receipt.code.starts_with("money."), "{}", receipt.code);
        assert!(!receipt.message.is_empty() && receipt.events.is_empty());
    });
}

#[test]
fn a_batch_gives_one_outcome_each_in_order() {
    WORLD.run(async {
        let mut transactions: Vec<Vec<u8>> = (1..=200).map(|n| WORLD.issue(n).encode()).collect();
        transactions[50] = WORLD.refused().encode();
        transactions[100] = b"not a transaction".to_vec();
        transactions[150] = transactions[149].clone();
        let client = WORLD.client();
        let outcomes = client
            .submit_batch(&WORLD.id(), &transactions, PATIENCE)
            .await
            .unwrap();
        assert_eq!(outcomes.len(), 200);
        for (place, outcome) in outcomes.iter().enumerate() {
            let (status, code) = (outcome.status, outcome.code.as_str());
            match place {
                50 => assert!(status == Progress::Committed && code.starts_with("money.")),
                100 => assert_eq!((status, code), (Progress::Refused, "transaction.malformed")),
                _ => assert_eq!((status, code), (Progress::Committed, "ok"), "{place}"),
            }
            assert_eq!(outcome.height > 0, status == Progress::Committed);
        }
        let (twin, original) = (&outcomes[150], &outcomes[149]);
        assert_eq!((twin.height, twin.index), (original.height, original.index));
        let again = client
            .submit_joined(&WORLD.id(), join_batch(&transactions), PATIENCE)
            .await
            .unwrap();
        assert_eq!(
            again, outcomes,
            "a batch sent again gives the same outcomes"
        );
    });
}

#[test]
fn many_clients_submit_at_once() {
    WORLD.run(async {
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let transactions: Vec<_> = (1..=50).map(|n| WORLD.issue(n).encode()).collect();
                let (client, id) = (WORLD.client(), WORLD.id());
                tokio::spawn(async move {
                    client
                        .submit_batch(&id, &transactions, PATIENCE)
                        .await
                        .unwrap()
                })
            })
            .collect();
        for task in tasks {
            assert!(
                task.await
                    .unwrap()
                    .iter()
                    .all(|outcome| outcome.code == "ok")
            );
        }
    });
}
