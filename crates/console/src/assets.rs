//! Style sheet, scripts and mark, built into the program.

use crate::{fault::Fault, pages::Never, visitor::Visitor};
use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};

/// Name, media type, content.
const ASSETS: [(&str, &str, &str); 6] = [
    (
        "console.css",
        "text/css; charset=utf-8",
        include_str!("../assets/console.css"),
    ),
    ("console.js", SCRIPT, include_str!("../assets/console.js")),
    ("sign-in.js", SCRIPT, include_str!("../assets/sign-in.js")),
    ("htmx.min.js", SCRIPT, include_str!("../assets/htmx.min.js")),
    (
        "htmx-sse.min.js",
        SCRIPT,
        include_str!("../assets/htmx-sse.min.js"),
    ),
    (
        "mark.svg",
        "image/svg+xml",
        include_str!("../assets/mark.svg"),
    ),
];
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// An asset. Its address carries the program's version, so the browser may keep it.
pub(crate) async fn serve(visitor: Visitor) -> Response {
    let name = visitor.part("name");
    let Some((_, kind, text)) = ASSETS.iter().find(|(known, ..)| *known == name) else {
        return visitor.reply(Err::<Never, _>(Fault::UnknownPage));
    };
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("max-age=3600"),
        ),
    ];
    (headers, *text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_scripts_are_the_published_ones() {
        let published = [
            (
                "htmx.min.js",
                "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
            ),
            (
                "htmx-sse.min.js",
                "98a46496de0c3605fbffdce9167ba427bdd9553184f83f149c261891a92c0136",
            ),
        ];
        for (name, digest) in published {
            let asset = ASSETS.iter().find(|(known, ..)| *known == name).unwrap();
            let found = blockworm_crypto::sha256(&[asset.2.as_bytes()]);
            assert_eq!(found.to_string(), digest, "{name}");
        }
    }
}
