//! People who signed in: what their session opens, and what it does not.

use crate::world::{PATIENCE, WORLD, now_ms, problem};
use blockworm_api::{Access, Limits, ListenerConfig, ServerConfig, ServerError, keys::Scope};
use blockworm_service::users::{NewUser, SignedIn, UserFile, Users, UsersError};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

const PASSWORD: &str = "a long enough password";

/// A server that lets people in, and its file of them.
struct Guarded {
    address: SocketAddr,
    path: PathBuf,
    users: Arc<Users>,
    _stop: oneshot::Sender<()>,
    _folder: tempfile::TempDir,
}

/// A person's browser.
struct Held {
    cookie: String,
    who: Arc<SignedIn>,
}

impl Guarded {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console-users.json");
        UserFile::change::<_, UsersError>(&path, |file| {
            file.add(new("first", &[Scope::Read], &[]), now_ms())
                .map(drop)
        })
        .unwrap();
        let access = Access {
            users: true,
            ..Access::default()
        };
        let address = "127.0.0.1:0".parse().unwrap();
        let limits = Limits {
            recheck: Duration::from_millis(200),
            ..Limits::default()
        };
        let config = ServerConfig {
            listeners: vec![ListenerConfig { address, access }],
            keys_file: None,
            users_file: Some(path.clone()),
            limits,
        };
        let (address, stop, users) = WORLD.serve_people(config).await;
        Self {
            address,
            path,
            users,
            _stop: stop,
            _folder: folder,
        }
    }

    /// A person who signed in with these rights.
    fn person(&self, name: &str, scopes: &[Scope], ledgers: &[&str]) -> Held {
        let secrets = self
            .change(|file| file.add(new(name, scopes, ledgers), now_ms()))
            .totp;
        let now_ms = now_ms();
        let code = secrets.code_at(now_ms);
        let address = [127, 0, 0, 1].into();
        let session = self.users.sign_in(name, PASSWORD, &code, address, now_ms);
        let secret = session.unwrap().secret;
        Held {
            cookie: format!("blockworm-{}={}", self.address.port(), *secret),
            who: self.users.session(&secret, now_ms).unwrap(),
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut UserFile) -> Result<T, UsersError>) -> T {
        UserFile::change(&self.path, change).unwrap()
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        self.send("GET", path, headers).await
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let http = reqwest::Client::builder().no_proxy();
        let http = http
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let url = format!("http://{}{path}", self.address);
        let mut request = http.request(method.parse().unwrap(), url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    async fn status(&self, path: &str, held: &Held) -> u16 {
        self.get(path, &[("cookie", &held.cookie)])
            .await
            .status()
            .as_u16()
    }
}

fn new(name: &str, scopes: &[Scope], ledgers: &[&str]) -> NewUser {
    NewUser {
        name: name.into(),
        scopes: scopes.iter().copied().collect(),
        ledgers: ledgers.iter().map(|text| (*text).to_owned()).collect(),
        password: Zeroizing::new(PASSWORD.into()),
    }
}

#[test]
fn a_page_leads_to_signing_in_and_a_program_is_told() {
    WORLD.run(async {
        let guarded = Guarded::start().await;
        let page = guarded.get("/?a=b&c", &[("accept", "text/html,*/*")]).await;
        assert_eq!(page.status(), 303);
        assert_eq!(page.headers()["location"], "/sign-in?next=/%3Fa%3Db%26c");
        for (path, accept) in [("/", "*/*"), ("/v1/node", "text/html")] {
            let refused = guarded.get(path, &[("accept", accept)]).await;
            assert_eq!(problem(refused).await, (401, "api.unauthenticated".into()));
        }
        let shown = [
            ("authorization", "Bearer bwk_x"),
            ("accept", "application/json"),
        ];
        let refused = guarded.get("/v1/node", &shown).await;
        assert_eq!(problem(refused).await, (401, "api.unauthenticated".into()));
        assert_eq!(guarded.get("/health/live", &[]).await.status(), 200);
    });
}

#[test]
fn a_session_opens_what_its_user_may() {
    WORLD.run(async {
        let guarded = Guarded::start().await;
        let ledger = format!("/v1/ledgers/{}", WORLD.id());
        let reader = guarded.person("reader", &[Scope::Read], &[]);
        for path in ["/v1/node", "/", &ledger, "/health/ready"] {
            assert_eq!(guarded.status(path, &reader).await, 200, "{path}");
        }
        assert_eq!(guarded.status("/metrics", &reader).await, 403);
        let limited = guarded.person("limited", &[Scope::Read], &["tests"]);
        assert_eq!(guarded.status(&ledger, &limited).await, 200);
        assert_eq!(
            guarded.status("/", &limited).await,
            200,
            "pages show their ledgers alone"
        );
        let elsewhere = guarded.person("elsewhere", &[Scope::Read], &["other"]);
        assert_eq!(guarded.status(&ledger, &elsewhere).await, 404);
        let submitter = guarded.person("submitter", &[Scope::Submit], &[]);
        assert_eq!(guarded.status("/", &submitter).await, 403);
        let metrics = guarded.person("metrics", &[Scope::Metrics], &[]);
        assert_eq!(guarded.status("/metrics", &metrics).await, 200);
        // A session counts at its own node's port alone, and whole.
        let secret = reader.cookie.split_once('=').unwrap().1;
        for wrong in [
            format!("blockworm-1={secret}"),
            format!("{}0", reader.cookie),
            reader.cookie.replace('=', "=0"),
        ] {
            let refused = guarded.get("/v1/node", &[("cookie", &wrong)]).await;
            assert_eq!(refused.status(), 401, "{wrong}");
        }
    });
}

#[test]
fn a_session_changes_nothing_without_its_token() {
    WORLD.run(async {
        let guarded = Guarded::start().await;
        let held = guarded.person("writer", &[Scope::Read, Scope::Submit], &[]);
        let path = format!("/v1/ledgers/{}/transactions", WORLD.id());
        let post = async |token: Option<&str>| {
            let mut headers = vec![
                ("cookie", held.cookie.as_str()),
                ("content-type", "application/octet-stream"),
            ];
            headers.extend(token.map(|token| ("x-blockworm-token", token)));
            problem(guarded.send("POST", &path, &headers).await).await
        };
        let missing = (403, "api.session_token_missing".to_owned());
        assert_eq!(post(None).await, missing);
        assert_eq!(post(Some(&held.who.session)).await, missing);
        let other = guarded.person("other", &[Scope::Submit], &[]);
        assert_eq!(post(Some(&other.who.token)).await, missing);
        // With it the request is looked at: an empty body is no transaction.
        let looked_at = post(Some(&held.who.token)).await;
        assert_eq!(looked_at.0, 400, "{looked_at:?}");
    });
}

#[test]
fn a_session_and_its_streams_end_with_its_user() {
    WORLD.run(async {
        let guarded = Guarded::start().await;
        let held = guarded.person("leaver", &[Scope::Read], &[]);
        let events = format!("/v1/ledgers/{}/events", WORLD.id());
        let mut stream = guarded.get(&events, &[("cookie", &held.cookie)]).await;
        assert_eq!(stream.status(), 200);
        guarded.change(|file| file.set_disabled("leaver", true, now_ms()));
        assert_eq!(guarded.status("/v1/node", &held).await, 401);
        let ended = async { while let Ok(Some(_)) = stream.chunk().await {} };
        tokio::time::timeout(PATIENCE, ended).await.unwrap();
        let signed_out = guarded.person("other", &[Scope::Read], &[]);
        assert_eq!(guarded.status("/v1/node", &signed_out).await, 200);
        let who = &signed_out.who;
        assert!(guarded.users.end_session(who, &who.session));
        assert_eq!(guarded.status("/v1/node", &signed_out).await, 401);
    });
}

#[test]
fn a_listener_for_people_alone_needs_one() {
    WORLD.run(async {
        let folder = tempfile::tempdir().unwrap();
        let access = Access {
            users: true,
            ..Access::default()
        };
        let config = ServerConfig {
            listeners: vec![ListenerConfig {
                address: "127.0.0.1:0".parse().unwrap(),
                access,
            }],
            keys_file: None,
            users_file: Some(folder.path().join("console-users.json")),
            limits: Limits::default(),
        };
        let refused = blockworm_api::Server::bind(config, WORLD.handle()).await;
        assert!(matches!(refused.err(), Some(ServerError::NoUsers { .. })));
    });
}
