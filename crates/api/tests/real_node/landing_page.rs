//! The page at `/`: languages, escaping, policy and links that answer.

use crate::world::WORLD;

async fn page(path: &str, accept_language: &str) -> (String, String) {
    let request = WORLD
        .http()
        .get(WORLD.url(path))
        .header("accept-language", accept_language);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "text/html; charset=utf-8"
    );
    assert_eq!(response.headers()["vary"], "accept-language");
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        !policy.contains("unsafe") && !policy.contains("script-src"),
        "{policy}"
    );
    let language = response.headers()["content-language"]
        .to_str()
        .unwrap()
        .to_owned();
    (language, response.text().await.unwrap())
}

#[test]
fn the_page_shows_the_node_in_both_languages() {
    WORLD.run(async {
        let (_, height) = WORLD.committed().await;
        let english = page("/", "en").await;
        assert_eq!(english.0, "en");
        for part in [
            "Node of",
            "<b>bank</b>",
            "tests",
            &WORLD.id(),
            &format!("/blocks/{height}\""),
        ] {
            assert!(english.1.contains(part), "{part}");
        }
        assert!(!english.1.contains("<script") && !english.1.contains("style=\""));
        let chinese = page("/", "zh-CN,zh;q=0.9,en;q=0.8").await;
        assert!(chinese.0 == "zh-CN" && chinese.1.contains("账本"));
        let asked = page("/?lang=zh-CN", "en").await;
        assert!(asked.0 == "zh-CN" && asked.1.contains("lang=\"zh-CN\""));
        assert_eq!(
            page("/?lang=%22%3E&x=%FF", "en").await.0,
            "en",
            "odd questions do no harm"
        );
    });
}

#[test]
fn every_link_of_the_page_leads_somewhere() {
    WORLD.run(async {
        WORLD.committed().await;
        let (_, text) = page("/", "en").await;
        let links: Vec<_> = text
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(links.len() > 8, "{links:?}");
        for link in links {
            let response = WORLD.http().get(WORLD.url(link)).send().await.unwrap();
            assert_eq!(response.status(), 200, "{link}");
        }
    });
}
