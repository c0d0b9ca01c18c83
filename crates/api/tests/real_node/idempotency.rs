//! The `Idempotency-Key` header on submits.

use crate::world::{WORLD, problem};
use blockworm_api::client::join_batch;
use serde_json::Value;

async fn post(path: &str, key: &str, body: Vec<u8>) -> reqwest::Response {
    let request = WORLD.http().post(WORLD.at(path)).body(body);
    let request = request.header("content-type", "application/octet-stream");
    request.header("idempotency-key", key).send().await.unwrap()
}

#[test]
fn the_same_key_takes_the_same_body_again_and_no_other() {
    WORLD.run(async {
        let path = "/transactions?wait_ms=30000";
        let (one, other) = (WORLD.issue(1).encode(), WORLD.issue(2).encode());
        let first: Value = post(path, "order-1", one.clone())
            .await
            .json()
            .await
            .unwrap();
        let again: Value = post(path, "order-1", one.clone())
            .await
            .json()
            .await
            .unwrap();
        assert_eq!(
            (first["known"].clone(), again["known"].clone()),
            (false.into(), true.into())
        );
        assert_eq!(first["receipt"], again["receipt"]);
        assert_eq!(first["receipt"]["code"], "ok");
        let mismatch = (422, "api.idempotency_mismatch".to_owned());
        assert_eq!(
            problem(post(path, "order-1", other.clone()).await).await,
            mismatch
        );
        let batch = "/transactions/batch?wait_ms=30000";
        let joined = join_batch(&[one, other]).to_vec();
        assert_eq!(
            problem(post(batch, "order-1", joined.clone()).await).await,
            mismatch
        );
        for _ in 0..2 {
            let answer: Value = post(batch, "order-2", joined.clone())
                .await
                .json()
                .await
                .unwrap();
            assert_eq!(answer["outcomes"][1]["code"], "ok", "{answer}");
        }
    });
}

#[test]
fn a_refused_body_leaves_its_key_free() {
    WORLD.run(async {
        let mut body = WORLD.body("money", &serde_json::json!({}));
        body.expires_at_ms = 1;
        let expired = WORLD.sign(body).encode();
        let refused = problem(post("/transactions", "order-3", expired).await).await;
        assert_eq!(refused, (422, "transaction.expired".into()));
        let corrected = post("/transactions", "order-3", WORLD.issue(1).encode()).await;
        assert_eq!(corrected.status(), 202);
        let strange = problem(post("/transactions", "a b", WORLD.issue(1).encode()).await).await;
        assert_eq!(strange, (400, "api.bad_parameter".into()));
    });
}
