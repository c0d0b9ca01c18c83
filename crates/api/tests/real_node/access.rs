//! API keys: every route for every scope, and keys that no longer count or never did.

use crate::world::{PATIENCE, WORLD, now_ms, problem};
use blockworm_api::{
    Access, Client, Limits, ListenerConfig, ServerConfig, ServerError,
    client::{EventFilter, EventStream},
    keys::{KeyFile, NewKey, Scope},
    model::LedgerView,
};
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tokio::sync::oneshot;

/// A server that asks for keys, and its file of them.
pub struct Guarded {
    pub address: SocketAddr,
    pub path: PathBuf,
    _stop: oneshot::Sender<()>,
    _folder: tempfile::TempDir,
}

impl Guarded {
    async fn start() -> Self {
        Self::start_within(Limits::default()).await
    }

    async fn start_within(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api-keys.json");
        KeyFile::default().write(&path).unwrap();
        let access = Access {
            keys: true,
            ..Access::default()
        };
        let address = "127.0.0.1:0".parse().unwrap();
        let config = ServerConfig {
            listeners: vec![ListenerConfig { address, access }],
            keys_file: Some(path.clone()),
            users_file: None,
            limits,
        };
        let (address, stop, _) = WORLD.serve_as(config).await;
        Self {
            address,
            path,
            _stop: stop,
            _folder: folder,
        }
    }

    /// A key of these scopes, limited to `ledgers`, good for a minute.
    fn key(&self, name: &str, scopes: &[Scope], ledgers: &[&str]) -> String {
        let mut file = KeyFile::read(&self.path).unwrap().unwrap();
        let new = NewKey {
            name: name.into(),
            scopes: scopes.iter().copied().collect(),
            ledgers: ledgers.iter().map(|text| (*text).to_owned()).collect(),
            expires_at_ms: now_ms() + 60_000,
        };
        let key = file.create(new, now_ms()).unwrap();
        file.write(&self.path).unwrap();
        key.to_string()
    }

    fn change(&self, change: impl FnOnce(&mut KeyFile)) {
        let mut file = KeyFile::read(&self.path).unwrap().unwrap();
        change(&mut file);
        file.write(&self.path).unwrap();
    }

    fn client(&self, key: &str) -> Client {
        let client = Client::new(&format!("http://{}", self.address)).unwrap();
        client.with_api_key(key).unwrap()
    }

    async fn send(&self, method: &str, path: &str, key: Option<&str>) -> reqwest::Response {
        let method = method.to_uppercase().parse().unwrap();
        let url = format!("http://{}{path}", self.address);
        let mut request = WORLD.http().request(method, url);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        request.send().await.unwrap()
    }
}

/// Who may use which route: none, any key, or one of the scopes. A new route must be added here.
const TABLE: &[(&str, &str, &str)] = &[
    ("get", "/health/live", "nobody is asked"),
    ("get", "/health/ready", "read submit metrics"),
    ("get", "/metrics", "metrics"),
    ("get", "/v1/openapi.json", "read submit metrics"),
    ("get", "/v1/node", "read"),
    ("get", "/v1/ledgers", "read"),
    ("get", "/v1/ledgers/{ledger}", "read"),
    ("get", "/v1/ledgers/{ledger}/genesis", "read"),
    ("get", "/v1/ledgers/{ledger}/blocks", "read"),
    ("get", "/v1/ledgers/{ledger}/blocks/{height}", "read"),
    (
        "get",
        "/v1/ledgers/{ledger}/blocks/{height}/transactions",
        "read",
    ),
    ("get", "/v1/ledgers/{ledger}/headers/{height}", "read"),
    ("get", "/v1/ledgers/{ledger}/checkpoint", "read"),
    ("get", "/v1/ledgers/{ledger}/history/{height}", "read"),
    ("post", "/v1/ledgers/{ledger}/state-proofs", "read"),
    (
        "get",
        "/v1/ledgers/{ledger}/revocations/{organisation}",
        "read",
    ),
    ("post", "/v1/ledgers/{ledger}/transactions", "submit"),
    ("post", "/v1/ledgers/{ledger}/transactions/batch", "submit"),
    ("get", "/v1/ledgers/{ledger}/transactions/{id}", "read"),
    (
        "get",
        "/v1/ledgers/{ledger}/transactions/{id}/receipt",
        "read submit",
    ),
    (
        "get",
        "/v1/ledgers/{ledger}/transactions/{id}/proof",
        "read",
    ),
    ("get", "/v1/ledgers/{ledger}/organisations", "read"),
    ("get", "/v1/ledgers/{ledger}/members", "read"),
    ("get", "/v1/ledgers/{ledger}/topology", "read"),
    ("get", "/v1/ledgers/{ledger}/contracts", "read"),
    ("get", "/v1/ledgers/{ledger}/proposals", "read"),
    ("get", "/v1/ledgers/{ledger}/proposals/{number}", "read"),
    ("get", "/v1/ledgers/{ledger}/policies", "read"),
    ("get", "/v1/ledgers/{ledger}/calendars", "read"),
    (
        "post",
        "/v1/ledgers/{ledger}/contracts/{contract}/query",
        "read",
    ),
    (
        "get",
        "/v1/ledgers/{ledger}/contracts/{contract}/state/{key}",
        "read",
    ),
    (
        "get",
        "/v1/ledgers/{ledger}/contracts/{contract}/state/{key}/proof",
        "read",
    ),
    ("get", "/v1/ledgers/{ledger}/events", "read"),
    ("post", "/v1/evaluations", "nobody is asked"),
    ("post", "/v1/timestamps", "nobody is asked"),
    ("get", "/v1/ledgers/{ledger}/timestamps", "read"),
    ("get", "/v1/ledgers/{ledger}/stamps", "read"),
    ("get", "/v1/ledgers/{ledger}/stamping", "read"),
    ("post", "/v1/identity/enrolments", "nobody is asked"),
    ("post", "/v1/identity/renewals", "nobody is asked"),
    ("post", "/v1/identity/possessions", "nobody is asked"),
    ("get", "/v1/identity/certificates", "read"),
    ("get", "/", "read"),
];

fn filled(template: &str) -> String {
    template
        .replace("{ledger}", &WORLD.id())
        .replace("{height}", "0")
        .replace("{number}", "1")
        .replace("{id}", &"00".repeat(32))
        .replace("{contract}", "nothing")
        .replace("{key}", "00")
}

#[test]
fn the_table_names_every_route_of_the_document() {
    let document = serde_json::to_value(blockworm_api::openapi()).unwrap();
    let mut described = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        described.extend(
            item.as_object()
                .unwrap()
                .keys()
                .map(|method| (method.clone(), path.clone())),
        );
    }
    let mut listed: Vec<(String, String)> = TABLE
        .iter()
        .filter(|(_, path, _)| *path != "/")
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    described.sort();
    listed.sort();
    assert_eq!(described, listed);
}

#[test]
fn each_scope_opens_its_routes_and_no_others() {
    WORLD.run(async {
        let server = Guarded::start().await;
        let keys = Scope::ALL.map(|scope| (scope, server.key(scope.as_str(), &[scope], &[])));
        for (method, template, allowed) in TABLE {
            let path = filled(template);
            let asked = *allowed != "nobody is asked";
            let response = server.send(method, &path, None).await;
            if asked {
                assert_eq!(
                    response.headers()["www-authenticate"],
                    "Bearer realm=\"blockworm\""
                );
                assert_eq!(
                    problem(response).await,
                    (401, "api.unauthenticated".into()),
                    "{path}"
                );
            } else if *template == "/v1/evaluations" {
                // It is let in, and told that this node holds no key.
                let refused = (404, "evaluation.no_key_holder".to_owned());
                assert_eq!(problem(response).await, refused);
            } else if *template == "/v1/timestamps" {
                let refused = (404, "timestamp.no_authority".to_owned());
                assert_eq!(problem(response).await, refused);
            } else if template.starts_with("/v1/identity/") {
                // It is let in, and told that an empty body is no request.
                let refused = (415, "api.unsupported_media_type".to_owned());
                assert_eq!(problem(response).await, refused);
            } else {
                assert_eq!(response.status(), 200);
            }
            for (scope, key) in &keys {
                let response = server.send(method, &path, Some(key)).await;
                let may = !asked || allowed.contains(scope.as_str());
                if may {
                    let status = response.status();
                    assert!(
                        !matches!(status.as_u16(), 401 | 403 | 500),
                        "{scope} {method} {path}: {status}"
                    );
                } else {
                    let challenge = "Bearer realm=\"blockworm\", error=\"insufficient_scope\"";
                    assert_eq!(response.headers()["www-authenticate"], challenge);
                    let refused = (403, "api.scope_missing".to_owned());
                    assert_eq!(problem(response).await, refused, "{scope} {method} {path}");
                }
            }
        }
    });
}

#[test]
fn keys_that_do_not_count_are_told_why() {
    WORLD.run(async {
        let server = Guarded::start().await;
        let (good, revoked) = (
            server.key("good", &[Scope::Read], &[]),
            server.key("revoked", &[Scope::Read], &[]),
        );
        let ended = server.key("ended", &[Scope::Read], &[]);
        for key in [&good, &revoked, &ended] {
            assert_eq!(
                server.send("get", "/v1/node", Some(key)).await.status(),
                200
            );
        }
        server.change(|file| {
            file.revoke("revoked", now_ms()).unwrap();
            let ended = file
                .keys
                .iter_mut()
                .find(|key| key.name == "ended")
                .unwrap();
            ended.expires_at_ms = now_ms();
        });
        let unknown = format!("bwk_{}", "0".repeat(64));
        let nearly = format!("{good}0");
        for (key, code) in [
            (&revoked, "api.key_revoked"),
            (&ended, "api.key_expired"),
            (&unknown, "api.key_unknown"),
            (&nearly, "api.key_unknown"),
        ] {
            let response = server.send("get", "/v1/node", Some(key)).await;
            let challenge = "Bearer realm=\"blockworm\", error=\"invalid_token\"";
            assert_eq!(response.headers()["www-authenticate"], challenge);
            assert_eq!(problem(response).await, (401, code.into()));
        }
        assert_eq!(
            server.send("get", "/v1/node", Some(&good)).await.status(),
            200
        );
        let url = format!("http://{}/v1/node", server.address);
        for value in ["", "Bearer", "Basic dTpw", &good] {
            let request = WORLD.http().get(&url).header("authorization", value);
            let answer = problem(request.send().await.unwrap()).await;
            assert_eq!(answer, (401, "api.key_unknown".into()), "{value:?}");
        }
        let twice = WORLD
            .http()
            .get(&url)
            .bearer_auth(&good)
            .header("authorization", format!("Bearer {good}"));
        assert_eq!(problem(twice.send().await.unwrap()).await.0, 401);
    });
}

#[test]
fn for_a_limited_key_other_ledgers_are_not_there() {
    WORLD.run(async {
        let server = Guarded::start().await;
        let id = WORLD.id();
        for (name, ledgers, sees) in [
            ("by-id", [&id[..]], true),
            ("by-name", ["tests"], true),
            ("other", ["elsewhere"], false),
        ] {
            let client = server.client(&server.key(name, &[Scope::Read, Scope::Submit], &ledgers));
            let seen = client.ledgers().await.unwrap();
            assert_eq!(seen.len(), usize::from(sees));
            // Heights may differ: other tests commit meanwhile.
            let ids = |ledgers: &[LedgerView]| -> Vec<String> {
                ledgers.iter().map(|ledger| ledger.id.clone()).collect()
            };
            assert_eq!(ids(&client.node().await.unwrap().ledgers), ids(&seen));
            for place in [&id[..], "tests"] {
                let code = client
                    .ledger(place)
                    .await
                    .err()
                    .and_then(|error| error.code().map(str::to_owned));
                assert_eq!(
                    code.as_deref(),
                    (!sees).then_some("ledger.not_found"),
                    "{name} {place}"
                );
                let submitted = client.submit(place, &WORLD.issue(1), PATIENCE).await;
                assert_eq!(submitted.is_ok(), sees);
            }
            let page = server
                .send(
                    "get",
                    "/",
                    Some(&server.key(&format!("{name}-2"), &[Scope::Read], &ledgers)),
                )
                .await;
            assert_eq!(problem(page).await, (403, "api.scope_missing".into()));
        }
    });
}

#[test]
fn host_and_origin_are_checked_before_keys() {
    WORLD.run(async {
        let server = Guarded::start().await;
        let key = server.key("reader", &[Scope::Read], &[]);
        let url = format!("http://{}/v1/node", server.address);
        let request = WORLD.http().get(&url).bearer_auth(&key);
        let foreign = request.try_clone().unwrap().header("host", "evil.example");
        assert_eq!(
            problem(foreign.send().await.unwrap()).await.1,
            "api.host_refused"
        );
        let foreign = request.header("origin", "http://evil.example");
        assert_eq!(
            problem(foreign.send().await.unwrap()).await.1,
            "api.origin_refused"
        );
    });
}

#[test]
fn an_open_listener_beside_a_guarded_one_keeps_its_own_rule() {
    WORLD.run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api-keys.json");
        let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let access = Access {
            keys: true,
            ..Access::default()
        };
        let config = ServerConfig {
            listeners: vec![
                ListenerConfig::open(address),
                ListenerConfig { address, access },
            ],
            keys_file: Some(path.clone()),
            users_file: None,
            ..ServerConfig::new(address)
        };
        let refused = blockworm_api::Server::bind(config.clone(), WORLD.handle())
            .await
            .err()
            .unwrap();
        assert!(matches!(refused, ServerError::NoKeys { .. }), "{refused}");
        KeyFile::default().write(&path).unwrap();
        let server = blockworm_api::Server::bind(config, WORLD.handle())
            .await
            .unwrap();
        let [open, guarded] = server.local_addrs()[..] else {
            panic!("two addresses")
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        for (address, status) in [(open, 200), (guarded, 401)] {
            let url = format!("http://{address}/v1/node");
            assert_eq!(WORLD.http().get(url).send().await.unwrap().status(), status);
        }
        stop.send(()).unwrap();
        running.await.unwrap();
    });
}

/// Whether the stream ends in good order, soon and without a further block.
async fn ends(stream: &mut EventStream) -> bool {
    let rest = async {
        while let Some(item) = stream.next().await {
            item.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, rest).await.is_ok()
}

#[test]
fn an_open_stream_ends_with_the_rights_of_its_key() {
    WORLD.run(async {
        let recheck = Duration::from_millis(50);
        let limits = Limits {
            recheck,
            ..Limits::default()
        };
        let server = Guarded::start_within(limits).await;
        let id = WORLD.id();
        let key = |name| server.key(name, &[Scope::Read, Scope::Submit], &[]);
        let names = ["stays", "revoked", "ended", "cut", "removed"];
        let keys = names.map(key);
        let mut streams = Vec::new();
        for key in &keys {
            let client = server.client(key);
            let all = EventFilter::default();
            streams.push(client.events(&id, &all, None).await.unwrap());
        }
        let (_, height) = WORLD.committed().await;
        for stream in &mut streams {
            while stream.last_height().unwrap_or(0) < height {
                stream.next().await.unwrap().unwrap();
            }
        }
        server.change(|file| {
            file.revoke("revoked", now_ms()).unwrap();
            file.keys[2].expires_at_ms = now_ms();
            file.keys[3].scopes.remove(&Scope::Read);
            file.keys.retain(|key| key.name != "removed");
        });
        for (name, stream) in names.iter().zip(&mut streams).skip(1) {
            assert!(ends(stream).await, "{name}");
        }
        for (key, code) in keys.iter().skip(1).zip([
            "api.key_revoked",
            "api.key_expired",
            "api.scope_missing",
            "api.key_unknown",
        ]) {
            let (client, all) = (server.client(key), EventFilter::default());
            let again = client.events(&id, &all, None);
            assert_eq!(again.await.err().unwrap().code(), Some(code));
        }
        // The one that still counts goes on through many looks.
        tokio::time::sleep(recheck * 10).await;
        let (_, height) = WORLD.committed().await;
        while streams[0].last_height().unwrap() < height {
            streams[0].next().await.unwrap().unwrap();
        }
    });
}
