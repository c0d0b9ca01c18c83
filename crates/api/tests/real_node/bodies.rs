//! Bodies that are too large, too slow, malformed or of another kind than they should be.

use crate::world::{WORLD, problem};
use blockworm_api::Limits;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub const OCTETS: &str = "application/octet-stream";
const JSON: &str = "application/json";

pub async fn post(path: &str, media: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
    let request = WORLD
        .http()
        .post(WORLD.at(path))
        .header("content-type", media)
        .body(body);
    problem(request.send().await.unwrap()).await
}

/// Posts a body and expects a refusal.
async fn refused(path: &str, media: &str, body: impl Into<reqwest::Body>, status: u16, code: &str) {
    let answer = post(path, media, body).await;
    assert_eq!(answer, (status, code.to_owned()), "{path} {media:?}");
}

fn spaces(count: usize) -> Vec<u8> {
    vec![b' '; count]
}

#[test]
fn a_transactions_body_is_bounded_and_says_what_it_is() {
    WORLD.run(async {
        let path = "/transactions";
        refused(path, OCTETS, spaces(4097), 413, "api.body_too_large").await;
        refused(path, JSON, spaces(20_000), 413, "api.body_too_large").await;
        refused(path, JSON, "{", 400, "api.malformed_body").await;
        refused(path, JSON, "{\"body\":1}", 400, "api.malformed_body").await;
        refused(path, "text/plain", "x", 415, "api.unsupported_media_type").await;
        refused(path, "", "x", 415, "api.unsupported_media_type").await;
    });
}

#[test]
fn a_batch_is_bounded_and_says_what_it_is() {
    WORLD.run(async {
        let path = "/transactions/batch";
        refused(path, JSON, "[]", 415, "api.unsupported_media_type").await;
        refused(path, OCTETS, spaces(9 << 20), 413, "api.body_too_large").await;
        refused(path, OCTETS, "", 400, "batch.malformed").await;
        refused(path, OCTETS, vec![0, 0, 0, 9, 1], 400, "batch.malformed").await;
        let many = [0, 0, 0, 1, 7].repeat(8193);
        refused(path, OCTETS, many, 413, "batch.too_many").await;
        // Without a declared length the bound holds too.
        let frames = (0..9).map(|_| Ok::<_, std::io::Error>(spaces(1 << 20)));
        let endless = reqwest::Body::wrap_stream(futures::stream::iter(frames));
        refused(path, OCTETS, endless, 413, "api.body_too_large").await;
    });
}

#[test]
fn a_query_is_bounded_and_says_what_it_is() {
    WORLD.run(async {
        let path = "/contracts/money/query";
        refused(path, JSON, spaces(70_000), 413, "api.body_too_large").await;
        refused(path, JSON, "{\"balance", 400, "api.malformed_body").await;
        refused(path, OCTETS, "{}", 415, "api.unsupported_media_type").await;
        refused(
            "/contracts/Money!/query",
            JSON,
            "{}",
            400,
            "api.bad_parameter",
        )
        .await;
    });
}

#[test]
fn a_slow_body_is_given_up() {
    WORLD.run(async {
        let limits = Limits { body: Duration::from_millis(200), ..Limits::default() };
        let (address, _stop, _server) = WORLD.serve(limits).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /v1/ledgers/{}/transactions HTTP/1.1\r\nhost: localhost:{}\r\ncontent-type: {OCTETS}\r\ncontent-length: 100\r\n\r\nabc",
            WORLD.id(),
            address.port()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut answer));
        let length = read.await.unwrap().unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]);
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("api.body_too_slow"), "{answer}");
    });
}
