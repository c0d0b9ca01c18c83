//! Pages beside the API: behind its guards, with their own errors, and without touching its own.

use crate::world::{PATIENCE, WORLD, problem};
use axum::{
    Router,
    http::StatusCode,
    response::{Html, IntoResponse},
    routing::get,
};
use blockworm_api::{Server, ServerConfig};

async fn missing() -> impl IntoResponse {
    (StatusCode::NOT_FOUND, Html("<p>no such page</p>"))
}

async fn broken() -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

#[test]
fn pages_stand_behind_the_guards_and_keep_their_own_errors() {
    WORLD.run(async {
        let config = ServerConfig::new("127.0.0.1:0".parse().unwrap());
        let server = Server::bind(config, WORLD.handle()).await.unwrap();
        let mut stopping = server.stopping();
        let address = server.local_addr();
        let pages = Router::new()
            .route("/", get(|| async { Html("<p>hello</p>") }))
            .route("/broken", get(broken))
            .fallback(missing);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn(server.with_pages(pages).run(async move {
            let _ = stopped.await;
        }));
        let ask = |path: &str, host: Option<&str>| {
            let request = WORLD.http().get(format!("http://{address}{path}"));
            let request = match host {
                Some(host) => request.header("host", host),
                None => request,
            };
            request.send()
        };
        let page = ask("/", None).await.unwrap();
        assert_eq!(page.status(), 200);
        assert_eq!(page.headers()["x-frame-options"], "DENY");
        assert_eq!(page.text().await.unwrap(), "<p>hello</p>");
        let refused = problem(ask("/", Some("evil.example")).await.unwrap()).await;
        assert_eq!(refused, (403, "api.host_refused".into()));
        let missing = ask("/nowhere", None).await.unwrap();
        assert_eq!(missing.status(), 404);
        assert_eq!(missing.text().await.unwrap(), "<p>no such page</p>");
        for path in ["/v1/nowhere", "/health", "/v1"] {
            let unknown = problem(ask(path, None).await.unwrap()).await;
            assert_eq!(unknown, (404, "api.unknown_route".into()), "{path}");
        }
        let broken = problem(ask("/broken", None).await.unwrap()).await;
        assert_eq!(broken, (500, "api.internal".into()));
        assert!(!*stopping.borrow());
        stop.send(()).unwrap();
        let told = stopping.wait_for(|stopping| *stopping);
        assert!(tokio::time::timeout(PATIENCE, told).await.unwrap().is_ok());
        running.await.unwrap();
    });
}
