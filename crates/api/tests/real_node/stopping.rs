//! Stopping the server, and asking when nobody is there.

use crate::world::{PATIENCE, WORLD};
use blockworm_api::{Client, ClientError, Limits, client::EventFilter};
use std::time::Duration;

#[test]
fn stopping_finishes_open_requests_and_ends_streams() {
    WORLD.run(async {
        let (address, stop, server) = WORLD.serve(Limits::default()).await;
        let client = Client::new(&format!("http://{address}")).unwrap();
        let mut stream = client
            .events(&WORLD.id(), &EventFilter::default(), None)
            .await
            .unwrap();
        let none = "00".repeat(32);
        let id = WORLD.id();
        let waiting = {
            let client = client.clone();
            tokio::spawn(async move { client.receipt(&id, &none, Duration::from_secs(1)).await })
        };
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.send(()).unwrap();
        tokio::time::timeout(PATIENCE, async {
            while let Some(item) = stream.next().await {
                item.unwrap();
            }
        })
        .await
        .expect("the stream ends");
        assert_eq!(
            waiting.await.unwrap().unwrap(),
            None,
            "the open request got its answer"
        );
        let stopped = tokio::time::timeout(PATIENCE, server).await;
        stopped.expect("it stops").unwrap();
        let error = client.node().await.unwrap_err();
        assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
    });
}

#[test]
fn nobody_at_the_address_is_said_plainly() {
    WORLD.run(async {
        let client = Client::new("http://127.0.0.1:1").unwrap();
        let error = client.node().await.unwrap_err();
        assert!(error.is_temporary());
        let text = error.to_string();
        assert!(
            text.contains("http://127.0.0.1:1") && text.contains("blockworm status"),
            "{text}"
        );
    });
}
