//! Requests that must be refused, each with its own code, and the node unharmed.

use crate::{
    bodies::{OCTETS, post},
    world::{PATIENCE, WORLD, problem},
};
use blockworm_api::{Limits, Server, ServerConfig, ServerError};
use blockworm_ledger::Transaction;
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn submit(transaction: &Transaction) -> (u16, String) {
    post("/transactions", OCTETS, transaction.encode()).await
}

#[test]
fn bad_transactions_are_refused_with_their_code() {
    WORLD.run(async {
        let good = WORLD.issue(1);
        let message = json!({"issue": {"to": "bank/maker", "amount": "1", "currency": "CNY"}});
        let changed = |change: fn(&mut blockworm_ledger::TransactionBody)| {
            let mut body = WORLD.body("money", &message);
            change(&mut body);
            WORLD.sign(body)
        };
        let forged = {
            let mut transaction = good.clone();
            transaction.body.nonce[0] ^= 1;
            transaction
        };
        let cases = [
            (forged, 403, "transaction.bad_signature"),
            (
                changed(|body| body.ledger.0[0] ^= 1),
                422,
                "transaction.wrong_ledger",
            ),
            (
                changed(|body| body.expires_at_ms = 1),
                422,
                "transaction.expired",
            ),
            (
                changed(|body| body.expires_at_ms += 600_000),
                422,
                "transaction.expiry_too_far",
            ),
            (
                changed(|body| body.sender = "bank/nobody".parse().unwrap()),
                403,
                "member.unknown",
            ),
            (
                changed(|body| body.sender = "rival/maker".parse().unwrap()),
                403,
                "member.unknown",
            ),
        ];
        for (transaction, status, code) in cases {
            let answer = submit(&transaction).await;
            assert_eq!(answer, (status, code.to_owned()));
        }
    });
}

#[test]
fn a_key_that_is_not_the_members_is_refused() {
    WORLD.run(async {
        let message = json!({"issue": {"to": "bank/maker", "amount": "1", "currency": "CNY"}});
        let other =
            blockworm_crypto::SecretKey::generate(blockworm_crypto::Algorithm::Ed25519).unwrap();
        let mut body = WORLD.body("money", &message);
        body.key = other.public_key();
        assert_eq!(
            submit(&body.sign(&other)).await,
            (403, "member.key_mismatch".into())
        );
    });
}

#[test]
fn bytes_that_are_no_transaction_are_refused_and_the_node_goes_on() {
    WORLD.run(async {
        let good = WORLD.issue(1);
        let mut trailing = good.encode();
        trailing.push(0);
        for bytes in [
            trailing,
            Vec::new(),
            vec![0xff; 300],
            good.encode()[..40].to_vec(),
        ] {
            let answer = post("/transactions", OCTETS, bytes).await;
            assert_eq!(answer, (400, "transaction.malformed".into()));
        }
        let submitted = WORLD
            .client()
            .submit(&WORLD.id(), &good, PATIENCE)
            .await
            .unwrap();
        assert!(submitted.receipt.unwrap().is_ok(), "the node goes on");
    });
}

#[test]
fn parameters_are_checked() {
    WORLD.run(async {
        let id = "0".repeat(64);
        for path in [
            "/blocks/-1".to_owned(),
            "/blocks/x".into(),
            "/blocks?limit=0".into(),
            "/blocks?limit=101".into(),
            "/blocks?unknown=1".into(),
            "/headers/18446744073709551616".into(),
            "/transactions/xyz".into(),
            "/transactions/%ff".into(),
            format!("/transactions/{id}/receipt?wait_ms=60001"),
            format!("/transactions/{id}/receipt?wait_ms=-1"),
            "/contracts/money/state/xyz".into(),
            "/members?limit=101".into(),
            "/members?organisation=Bank".into(),
            "/organisations?limit=zero".into(),
            "/events?from=x".into(),
        ] {
            let answer = problem(WORLD.http().get(WORLD.at(&path)).send().await.unwrap()).await;
            assert_eq!(answer, (400, "api.bad_parameter".into()), "{path}");
        }
        let request = WORLD
            .http()
            .get(WORLD.at("/events"))
            .header("last-event-id", "7-x");
        let answer = problem(request.send().await.unwrap()).await;
        assert_eq!(answer, (400, "api.bad_parameter".into()));
    });
}

#[test]
fn unknown_routes_and_methods_are_problems() {
    WORLD.run(async {
        for path in [
            "/v1",
            "/v2/node",
            "/v1/ledgers/x/y/z",
            "/favicon.ico",
            "/v1/node/",
        ] {
            let answer = problem(WORLD.http().get(WORLD.url(path)).send().await.unwrap()).await;
            assert_eq!(answer, (404, "api.unknown_route".into()), "{path}");
        }
        let response = WORLD
            .http()
            .delete(WORLD.url("/v1/node"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.headers()["allow"], "GET,HEAD");
        assert_eq!(
            problem(response).await,
            (405, "api.method_not_allowed".into())
        );
        let head = WORLD
            .http()
            .head(WORLD.url("/v1/node"))
            .send()
            .await
            .unwrap();
        assert_eq!(head.status(), 200);
    });
}

#[test]
fn other_sites_are_kept_out() {
    WORLD.run(async {
        let own = format!("http://{}", WORLD.address);
        for (origin, status) in [
            (own.as_str(), 200),
            ("https://evil.example", 403),
            ("null", 403),
            ("http://127.0.0.1:1", 403),
            ("", 403),
        ] {
            let request = WORLD
                .http()
                .get(WORLD.url("/v1/node"))
                .header("origin", origin);
            let response = request.send().await.unwrap();
            assert!(
                !response
                    .headers()
                    .contains_key("access-control-allow-origin")
            );
            assert_eq!(response.status(), status, "{origin:?}");
            if status == 403 {
                assert_eq!(problem(response).await.1, "api.origin_refused");
            }
        }
        for host in [
            "evil.example",
            "evil.example:80",
            "localhost",
            "127.0.0.1",
            "localhost:1",
        ] {
            let request = WORLD.http().get(WORLD.url("/v1/node")).header("host", host);
            let answer = problem(request.send().await.unwrap()).await;
            assert_eq!(answer, (403, "api.host_refused".into()), "{host}");
        }
        let local = format!("localhost:{}", WORLD.address.port());
        let request = WORLD
            .http()
            .get(WORLD.url("/v1/node"))
            .header("host", local);
        assert_eq!(request.send().await.unwrap().status(), 200);
    });
}

/// Sends bytes as they are and gives the first line and the rest of the answer.
async fn raw(request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(WORLD.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(10), read)
        .await
        .unwrap()
        .unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (first, rest) = answer.split_once("\r\n").unwrap();
    (first.to_owned(), rest.to_owned())
}

#[test]
fn odd_requests_on_the_wire_are_refused() {
    WORLD.run(async {
        let port = WORLD.address.port();
        let end = "connection: close\r\n\r\n";
        let twice = format!("host: localhost:{port}\r\nhost: evil.example\r\n");
        let cases = [
            format!("GET /v1/node HTTP/1.1\r\n{end}"),
            format!("GET /v1/node HTTP/1.1\r\n{twice}{end}"),
            format!("GET http://evil.example/v1/node HTTP/1.1\r\nhost: localhost:{port}\r\n{end}"),
        ];
        for request in cases {
            let (status, rest) = raw(&request).await;
            assert!(status.starts_with("HTTP/1.1 403"), "{request}: {status}");
            assert!(rest.contains("api.host_refused"), "{request}");
        }
        let (status, _) = raw("nonsense\r\n\r\n").await;
        assert!(status.starts_with("HTTP/1.1 400"), "{status}");
    });
}

#[test]
fn an_endless_head_is_given_up() {
    WORLD.run(async {
        let port = WORLD.address.port();
        let mut stream = TcpStream::connect(WORLD.address).await.unwrap();
        let head = format!("GET / HTTP/1.1\r\nhost: localhost:{port}\r\nx: ");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut sent = 0;
        while sent < 64 << 20 && stream.write_all(&[b'y'; 4096]).await.is_ok() {
            sent += 4096;
        }
        assert!(
            sent < 64 << 20,
            "the server took {sent} bytes of one header"
        );
        // Whatever arrives before the connection is reset, it is no answer to the request.
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    });
}

#[test]
fn answers_forbid_browsers_everything_but_showing() {
    WORLD.run(async {
        for path in ["/v1/node", "/no-such-route", "/"] {
            let request = WORLD
                .http()
                .get(WORLD.url(path))
                .header("x-request-id", "mine-1");
            let response = request.send().await.unwrap();
            let headers = response.headers();
            let policy = headers["content-security-policy"].to_str().unwrap();
            assert!(
                policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'")
            );
            assert_eq!(headers["x-content-type-options"], "nosniff");
            assert_eq!(headers["x-frame-options"], "DENY");
            assert_eq!(headers["referrer-policy"], "no-referrer");
            assert_eq!(headers["cache-control"], "no-store");
            assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
            assert_eq!(headers["x-request-id"], "mine-1");
        }
    });
}

#[test]
fn a_head_that_never_ends_is_given_up() {
    WORLD.run(async {
        let limits = Limits {
            head: Duration::from_millis(200),
            ..Limits::default()
        };
        let (address, _stop, _server) = WORLD.serve(limits).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer));
        read.await.expect("the connection is closed").unwrap();
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    });
}

#[test]
fn the_server_refuses_to_listen_beyond_this_machine() {
    WORLD.run(async {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
            let config = ServerConfig::new(address.parse().unwrap());
            let Err(error) = Server::bind(config, WORLD.handle()).await else {
                panic!("{address} was taken");
            };
            assert!(
                matches!(error, ServerError::OpenBeyondLoopback { .. }),
                "{error}"
            );
        }
        let config = ServerConfig::new(WORLD.address);
        let Err(error) = Server::bind(config, WORLD.handle()).await else {
            panic!("the port was taken twice");
        };
        assert!(matches!(error, ServerError::Listen { .. }), "{error}");
    });
}
