//! The page that checks proofs and packages in the browser, out of a file beside the program.
//!
//! `scripts/build-verifier` makes the file. It is served as it is, so that whoever saves it has what
//! was served; its own policy forbids it every connection.

use axum::{
    Router,
    body::Bytes,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use std::{fs::File, io::Read as _, path::Path};

/// The file's name beside the program.
pub const VERIFY_PAGE: &str = "verify.html";
/// A larger file is none of ours.
const MAX_BYTES: u64 = 16 << 20;
const POLICY: &str = "<meta http-equiv=\"Content-Security-Policy\" content=\"";

/// `/verify`, where the file is there and is such a page; otherwise no route, which answers as any
/// unknown page. To be merged into the [pages](crate::pages).
pub fn verify_page(file: &Path) -> Router {
    let Some(page) = read(file) else {
        return Router::new();
    };
    Router::new().route(
        "/verify",
        get(move || {
            let page = page.clone();
            async move { page.respond() }
        }),
    )
}

#[derive(Clone)]
struct Page {
    html: Bytes,
    policy: HeaderValue,
}

impl Page {
    fn respond(self) -> Response {
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            ),
            (header::CONTENT_SECURITY_POLICY, self.policy),
        ];
        (headers, self.html).into_response()
    }
}

fn read(file: &Path) -> Option<Page> {
    let mut html = Vec::new();
    File::open(file)
        .ok()?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut html)
        .ok()?;
    if html.len() as u64 > MAX_BYTES {
        return None;
    }
    // Headers and the page's own words are both applied; so the same ones are sent, and no frame.
    let text = str::from_utf8(&html).ok()?;
    let (policy, _) = text.split_once(POLICY)?.1.split_once('"')?;
    let policy = HeaderValue::from_str(&format!("{policy}; frame-ancestors 'none'")).ok()?;
    Some(Page {
        html: html.into(),
        policy,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_page_is_served_under_its_own_policy_and_other_files_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(VERIFY_PAGE);
        assert!(read(&file).is_none());
        std::fs::write(&file, "<p>some page").unwrap();
        assert!(read(&file).is_none());
        std::fs::write(&file, format!("{POLICY}default-src 'none'\">")).unwrap();
        let response = read(&file).unwrap().respond();
        let policy = &response.headers()[header::CONTENT_SECURITY_POLICY];
        assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'");
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/html; charset=utf-8"
        );
    }
}
