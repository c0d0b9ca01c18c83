//! The pages over a real node whose names and messages try to be markup: escaping, policy, errors,
//! languages, and links that lead somewhere.

#![allow(clippy::unwrap_used)]

#[path = "../../../tests/one_node/mod.rs"]
mod one_node;
mod world;

use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};
use world::{EVIL, WORLD};

/// What a page answered.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

async fn send(method: Method, path: &str, headers: &[(header::HeaderName, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let response = WORLD
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await;
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 8 << 20).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

async fn get(path: &str) -> Answer {
    send(Method::GET, path, &[]).await
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What must be true of every page, whatever it shows.
fn check_page(answer: &Answer, path: &str) {
    assert_eq!(
        answer.header(header::CONTENT_TYPE),
        "text/html; charset=utf-8",
        "{path}"
    );
    assert_eq!(
        answer.header(header::CONTENT_SECURITY_POLICY),
        POLICY,
        "{path}"
    );
    let text = &answer.text;
    for bad in [
        "<script>",
        "<img src=x",
        "onerror=\"",
        "onerror='",
        " style=",
        "\" onmouseover",
    ] {
        assert!(!text.contains(bad), "{path} has {bad}:\n{text}");
    }
    let scripts = text.matches("<script").count();
    assert_eq!(
        scripts,
        text.matches("<script src=\"/assets/").count(),
        "{path}"
    );
}

#[test]
fn names_messages_and_questions_from_elsewhere_stay_text() {
    WORLD.run(async {
        let issue = json!({"issue": {"to": EVIL, "amount": "1", "currency": "CNY", "memo": EVIL}});
        let refused = WORLD.commit("bank/maker", "money", &issue).await;
        assert!(!refused.is_ok());
        let unknown = json!({"issue": {"to": EVIL, "amount": "1", "currency": "CNY"}});
        let unknown = WORLD.commit("bank/maker", "money", &unknown).await;
        assert!(unknown.message.contains(EVIL), "{}", unknown.message);
        let revoke = json!({"revoke": {"member": "bank/leaver", "reason": EVIL}});
        let revoked = WORLD.commit("bank/admin", "members", &revoke).await;
        assert!(revoked.is_ok(), "{}", revoked.message);
        let evil = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%20onmouseover%3D%22x";
        let mut pages = vec![
            "".to_owned(),
            "/blocks".into(),
            "/receivables".into(),
            "/consortium".into(),
        ];
        for receipt in [&refused, &unknown, &revoked] {
            pages.push(format!("/transactions/{}", receipt.transaction));
            pages.push(format!("/blocks/{}", receipt.height));
        }
        for path in ["blocks", "transactions", "receivables"] {
            pages.push(format!("/{path}/{evil}"));
        }
        pages.push(format!("/search?q={evil}"));
        pages.push(format!("/blocks?before={evil}"));
        pages.push(format!(
            "/receivables?after={evil}&lang={evil}&theme={evil}"
        ));
        let mut escaped = 0;
        for page in pages {
            for language in ["en", "zh"] {
                let path = WORLD.at(&page);
                let headers = [(header::ACCEPT_LANGUAGE, language)];
                let answer = send(Method::GET, &path, &headers).await;
                check_page(&answer, &path);
                escaped += answer.text.matches("&#60;script&#62;").count();
            }
        }
        assert!(escaped > 30, "the markup was shown as text: {escaped}");
    });
}

#[test]
fn a_transaction_is_told_whole() {
    WORLD.run(async {
        let issue = json!({"issue": {"to": "bank/maker", "amount": "123456", "currency": "CNY"}});
        let receipt = WORLD.commit("bank/maker", "money", &issue).await;
        let path = WORLD.at(&format!("/transactions/{}", receipt.transaction));
        let english = get(&path).await;
        for part in [
            // A contract that the console knows no sentences of.
            "money: issued bank/maker",
            "The transaction took effect.",
            "maker, operator",
            "&#34;amount&#34;: &#34;123456&#34;",
        ] {
            assert!(english.text.contains(part), "{part}:\n{}", english.text);
        }
        let chinese = send(Method::GET, &format!("{path}?lang=zh-CN"), &[]).await;
        for part in ["交易已生效", "money：issued bank/maker", "经办、运维"] {
            assert!(chinese.text.contains(part), "{part}:\n{}", chinese.text);
        }
        // Empty blocks follow until the roots stand; then the part says so without a page.
        let part = format!("{path}/proof");
        let begun = std::time::Instant::now();
        while !get(&part).await.text.contains("Download the proof") {
            assert!(begun.elapsed() < world::PATIENCE, "never provable");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let block = get(&WORLD.at(&format!("/blocks/{}", receipt.height))).await;
        assert!(
            block.text.contains("1 needed") && block.text.contains("signed"),
            "{}",
            block.text
        );
        let genesis = get(&WORLD.at("/blocks/0")).await;
        assert!(genesis.text.contains("The founders") || genesis.text.contains("the founders"));
    });
}

#[test]
fn a_proposal_is_shown_with_what_it_changes_and_who_voted() {
    WORLD.run(async {
        let policy = json!({"set_policy": {"act": "attest", "roles": ["court", "notary"]}});
        let propose = json!({"propose": {"action": policy, "for_ms": 3_600_000}});
        let receipt = WORLD.commit("bank/admin", "proposals", &propose).await;
        assert!(receipt.is_ok(), "{}", receipt.message);
        let path = WORLD.at("/consortium");
        let english = get(&path).await;
        check_page(&english, &path);
        for part in [
            "Who may do an act",
            "court notary",
            "1 of 1 approvals",
            "bank: yes",
            "attest evidence",
            "court, notary",
            "2/3",
        ] {
            assert!(english.text.contains(part), "{part}:\n{}", english.text);
        }
        let chinese = get(&format!("{path}?lang=zh-CN")).await;
        for part in ["行为权限", "已通过", "bank: 赞成", "出具证明"] {
            assert!(chinese.text.contains(part), "{part}:\n{}", chinese.text);
        }
        let odd = get(&format!("{path}?upto=99999999999999999999")).await;
        assert!(odd.text.contains("console.bad_parameter"), "{}", odd.text);
    });
}

#[test]
fn what_cannot_be_shown_is_said_with_a_code_and_what_next() {
    WORLD.run(async {
        WORLD.money().await;
        let none = "00".repeat(32);
        let cases = [
            ("/nowhere".into(), 404, "console.unknown_page"),
            ("/assets/secret".into(), 404, "console.unknown_page"),
            ("/ledgers/00".into(), 404, "ledger.not_found"),
            ("/ledgers/%FF/blocks/1".into(), 404, "ledger.not_found"),
            (WORLD.at("/blocks/99999999"), 404, "block.not_found"),
            (
                WORLD.at("/blocks/18446744073709551616"),
                400,
                "console.bad_height",
            ),
            (WORLD.at("/blocks/-1"), 400, "console.bad_height"),
            (WORLD.at("/blocks?before=x"), 400, "console.bad_parameter"),
            (
                WORLD.at("/transactions/abc"),
                400,
                "console.bad_transaction_id",
            ),
            (
                WORLD.at(&format!("/transactions/{none}")),
                404,
                "transaction.not_found",
            ),
            (WORLD.at("/receivables/r-1"), 404, "receivable.no_contract"),
            (WORLD.at("/search?q="), 400, "console.empty_search"),
            (WORLD.at("/search?q=nothing"), 404, "console.nothing_found"),
            (
                WORLD.at(&format!("/search?q={}", "9".repeat(5000))),
                404,
                "console.nothing_found",
            ),
        ];
        for (path, status, code) in cases {
            let english = get(&path).await;
            check_page(&english, &path);
            assert_eq!(english.status.as_u16(), status, "{path}");
            assert!(
                english.text.contains(code) && english.text.contains("What next"),
                "{path}"
            );
            let chinese = send(Method::GET, &path, &[(header::ACCEPT_LANGUAGE, "zh")]).await;
            assert!(
                chinese.text.contains(code) && chinese.text.contains("下一步"),
                "{path}"
            );
        }
        for method in [Method::POST, Method::DELETE] {
            let answer = send(method, "/", &[]).await;
            assert_eq!(answer.status.as_u16(), 405);
            assert!(answer.text.contains("console.method_not_allowed"));
            check_page(&answer, "/");
        }
    });
}

#[test]
fn choices_are_remembered_and_nothing_else_is_set() {
    WORLD.run(async {
        let chosen = get("/?lang=zh-CN&theme=dark").await;
        let cookies: Vec<_> = chosen
            .headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        assert_eq!(cookies.len(), 2, "{cookies:?}");
        for cookie in &cookies {
            assert!(
                cookie.contains("SameSite=Lax") && cookie.contains("HttpOnly"),
                "{cookie}"
            );
        }
        assert!(chosen.text.contains("lang=\"zh-CN\" data-theme=\"dark\""));
        let kept = "other=1; blockworm_language=zh-CN; blockworm_theme=dark";
        let headers = [(header::COOKIE, kept), (header::ACCEPT_LANGUAGE, "en")];
        let again = send(Method::GET, "/", &headers).await;
        assert!(again.text.contains("lang=\"zh-CN\" data-theme=\"dark\""));
        assert_eq!(again.header(header::CONTENT_LANGUAGE), "zh-CN");
        let odd = "blockworm_language=\"><script>; blockworm_theme=%00";
        let odd = send(Method::GET, "/?lang=%22%3E&x=%FF", &[(header::COOKIE, odd)]).await;
        check_page(&odd, "/");
        assert!(odd.text.contains("lang=\"en\" data-theme=\"auto\""));
        assert!(!odd.headers.contains_key(header::SET_COOKIE));
    });
}

#[test]
fn every_link_of_the_pages_leads_somewhere() {
    WORLD.run(async {
        WORLD.money().await;
        let mut waiting = vec!["/".to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(path) = waiting.pop() {
            // The API's own links are its own tests' matter, but they must point at its paths.
            let ours = path == "/"
                || ["/ledgers", "/assets", "/certificates"]
                    .iter()
                    .any(|root| path.starts_with(root));
            assert!(ours || path.starts_with("/v1/"), "{path}");
            if !ours || seen.len() > 60 || !seen.insert(path.clone()) {
                continue;
            }
            let answer = get(&path).await;
            let no_contract = path.ends_with("/receivables");
            assert!(
                no_contract || answer.status.is_success(),
                "{path}: {}",
                answer.status
            );
            for attribute in ["href=\"", "src=\""] {
                let links = answer.text.split(attribute).skip(1);
                let links = links.filter_map(|rest| rest.split('"').next());
                waiting.extend(
                    links
                        .filter(|link| !link.starts_with(['?', '#']))
                        .map(str::to_owned),
                );
            }
        }
        assert!(seen.len() > 10, "{seen:?}");
    });
}

#[test]
fn live_lists_are_counted_and_end_with_the_server() {
    WORLD.run(async {
        use futures::StreamExt as _;
        let path = WORLD.at("/live");
        let mut open = Vec::new();
        for _ in 0..64 {
            let request = Request::get(&path).body(axum::body::Body::empty()).unwrap();
            let response = WORLD.send(request).await;
            assert_eq!(
                response.headers()[header::CONTENT_TYPE],
                "text/event-stream"
            );
            open.push(response.into_body().into_data_stream());
        }
        let refused = get(&path).await;
        assert_eq!(refused.status.as_u16(), 503);
        assert!(refused.text.contains("console.too_many_streams"));
        let mut stream = open.pop().unwrap();
        drop(open);
        let mut text = String::new();
        let read = async {
            while !text.contains("event: nodes") {
                text.push_str(&String::from_utf8_lossy(
                    &stream.next().await.unwrap().unwrap(),
                ));
            }
            // Blocks of the other tests may push one out of the list before the next update.
            let mut rows = Vec::new();
            while !rows.iter().any(|row: &String| text.contains(row)) {
                let receipt = WORLD.money().await;
                rows.push(format!("data-height=\"{}\"", receipt.height));
                let update = tokio::time::timeout(Duration::from_secs(2), stream.next());
                if let Ok(part) = update.await {
                    text.push_str(&String::from_utf8_lossy(&part.unwrap().unwrap()));
                }
            }
        };
        tokio::time::timeout(world::PATIENCE, read).await.unwrap();
        assert!(!text.contains("<script>"));
        let request = Request::get(&path).body(axum::body::Body::empty()).unwrap();
        let again = WORLD.send(request).await;
        assert!(again.status().is_success(), "places are given back");
        let ended = WORLD.streams_of_a_server_that_stops().await;
        assert!(ended, "open lists end when the server stops");
    });
}

#[test]
fn templates_hold_nothing_inline_and_escape_everything() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            path.extension().unwrap(),
            "html",
            "askama escapes by the extension"
        );
        for bad in [
            "|safe",
            "| safe",
            "escape",
            "style=",
            "<style",
            " on",
            "javascript:",
            "hx-on",
        ] {
            let allowed = bad == " on" && !text.contains(" onclick") && !text.contains(" onload");
            assert!(allowed || !text.contains(bad), "{}: {bad}", path.display());
        }
        let scripts = text.matches("<script").count();
        assert_eq!(scripts, text.matches("<script src=\"/assets/").count());
        read += 1;
    }
    assert!(read > 8);
}
