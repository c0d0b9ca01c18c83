//! The page's HTML. Everything that is not written here passes through `escape`.

use super::language::{Language, Words};
use crate::model::{BlockSummary, LedgerView};
use std::fmt::{self, Write as _};

/// A ledger and its newest blocks.
pub(super) struct LedgerSection {
    pub(super) view: LedgerView,
    pub(super) blocks: Vec<BlockSummary>,
}

/// Text with the five characters that mean something in HTML made harmless.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// The whole page.
pub(super) fn page(language: Language, organisation: &str, sections: &[LedgerSection]) -> String {
    let words = language.words();
    let organisation = Escaped(organisation);
    let tag = language.tag();
    let other = match language {
        Language::English => "<a href=\"/?lang=zh-CN\" lang=\"zh-CN\" hreflang=\"zh-CN\">中文</a>",
        Language::Chinese => "<a href=\"/?lang=en\" lang=\"en\" hreflang=\"en\">English</a>",
    };
    let mut text = String::with_capacity(8192);
    let _ = write!(
        text,
        "<!doctype html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{organisation} · Blockworm</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n\
         <header><p>Blockworm {version}</p><nav>{other}</nav></header>\n<main>\n\
         <h1>{node_of} <b>{organisation}</b></h1>\n<p>{intro}</p>\n",
        version = env!("CARGO_PKG_VERSION"),
        node_of = words.node_of,
        intro = words.intro,
    );
    for section in sections {
        write_ledger(&mut text, words, section);
    }
    let _ = write!(
        text,
        "<section>\n<h2>{}</h2>\n<ul>\n\
         <li><a href=\"/v1/openapi.json\">{}</a></li>\n<li><a href=\"/v1/node\">{}</a></li>\n\
         <li><a href=\"/health/ready\">{}</a></li>\n<li><a href=\"/metrics\">{}</a></li>\n\
         </ul>\n</section>\n</main>\n</body>\n</html>\n",
        words.interfaces, words.openapi, words.status, words.ready, words.metrics,
    );
    text
}

fn write_ledger(text: &mut String, words: &Words, section: &LedgerSection) {
    let LedgerSection { view, blocks } = section;
    let state = if view.catching_up {
        words.catching_up
    } else {
        words.up_to_date
    };
    let time = UtcTime(view.time_ms);
    let facts: [(&str, &dyn fmt::Display); 7] = [
        (words.height, &view.height),
        (words.state, &state),
        (words.block_time, &time),
        (words.validators, &view.validators),
        (words.peers, &view.connected_peers),
        (words.waiting, &view.mempool_transactions),
        (words.genesis_digest, &view.genesis_digest),
    ];
    let id = Escaped(&view.id);
    let _ = write!(
        text,
        "<section>\n<h2>{} {} <code>{id}</code></h2>\n<dl>\n",
        words.ledger,
        Escaped(&view.name),
    );
    for (name, value) in facts {
        let value = value.to_string();
        let _ = writeln!(
            text,
            "<div><dt>{name}</dt><dd>{}</dd></div>",
            Escaped(&value)
        );
    }
    let _ = write!(
        text,
        "</dl>\n<p><a href=\"/v1/ledgers/{id}/genesis\">{}</a> · <a href=\"/v1/ledgers/{id}/blocks\">{}</a></p>\n\
         <h3>{}</h3>\n",
        words.genesis, words.blocks, words.recent_blocks,
    );
    write_blocks(text, words, &view.id, blocks);
    text.push_str("</section>\n");
}

fn write_blocks(text: &mut String, words: &Words, ledger: &str, blocks: &[BlockSummary]) {
    if blocks.is_empty() {
        let _ = writeln!(text, "<p>{}</p>", words.no_blocks);
        return;
    }
    let _ = writeln!(
        text,
        "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th>\
         <th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead>\n<tbody>",
        words.height, words.block_time, words.transactions, words.digest,
    );
    for block in blocks {
        let _ = writeln!(
            text,
            "<tr><td><a href=\"/v1/ledgers/{ledger}/blocks/{height}\">{height}</a></td><td>{time}</td>\
             <td>{count}</td><td><code>{digest}</code></td></tr>",
            ledger = Escaped(ledger),
            height = block.height,
            time = UtcTime(block.time_ms),
            count = block.transactions,
            digest = Escaped(&block.digest),
        );
    }
    text.push_str("</tbody>\n</table></div>\n");
}

/// Milliseconds since 1970 as `2026-11-22 17:04:05` (proleptic Gregorian calendar, UTC).
struct UtcTime(u64);

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1000;
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        // Days since 0000-03-01, in eras of 400 years; years begin in March, so that the leap day
        // comes last.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_elsewhere_stay_text() {
        let view = LedgerView {
            id: "\"><script>".into(),
            name: "<img src=x onerror='a()'>&".into(),
            genesis_digest: "<b>".into(),
            height: 1,
            tip: 1,
            time_ms: 0,
            state_root: String::new(),
            validators: 1,
            connected_peers: 0,
            mempool_transactions: 0,
            mempool_bytes: 0,
            catching_up: false,
        };
        let block = BlockSummary {
            height: 1,
            time_ms: 0,
            digest: "<i>".into(),
            transactions: 1,
        };
        for language in [Language::English, Language::Chinese] {
            let section = LedgerSection {
                view: view.clone(),
                blocks: vec![block.clone()],
            };
            let text = page(language, "</title><script>", &[section]);
            for bad in ["<script", "<img", "<b>\n", "<i>", "onerror='"] {
                assert!(!text.contains(bad), "{bad}");
            }
            assert!(text.contains("&lt;img src=x onerror=&#39;a()&#39;&gt;&amp;"));
        }
    }

    #[test]
    fn times_follow_the_calendar() {
        let cases = [
            (0, "1970-01-01 00:00:00"),
            (951_782_400_000, "2000-02-29 00:00:00"),
            (1_709_251_199_999, "2024-02-29 23:59:59"),
            (1_795_367_045_000, "2026-11-22 17:04:05"),
            (4_107_542_400_000, "2100-03-01 00:00:00"),
        ];
        for (ms, text) in cases {
            assert_eq!(UtcTime(ms).to_string(), text);
        }
        let _ = UtcTime(u64::MAX).to_string();
    }
}
