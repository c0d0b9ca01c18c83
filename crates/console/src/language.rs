//! The languages of the pages, and which one a visitor gets.

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
}

impl Language {
    /// The language asked for, else the one that the browser prefers, else English.
    pub(crate) fn choose(asked: Option<&str>, accepted: Option<&str>) -> Self {
        if let Some(language) = asked.and_then(Self::of_tag) {
            return language;
        }
        // RFC 9110 §12.5.4; weights in thousandths, ties by order.
        let mut best = (0, Self::English);
        for range in accepted.unwrap_or_default().split(',').take(32) {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(1000, thousandths);
            if let Some(language) = Self::of_tag(tag)
                && weight > best.0
            {
                best = (weight, language);
            }
        }
        best.1
    }

    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") {
            Some(Self::Chinese)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::English)
        } else {
            None
        }
    }

    /// The tag that the answer is marked with (BCP 47).
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// The one of two texts that is in this language.
    pub(crate) const fn pick<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// The words of the pages in this language.
    pub(crate) const fn words(self) -> &'static crate::words::Words {
        match self {
            Self::English => &crate::words::ENGLISH,
            Self::Chinese => &crate::words::CHINESE,
        }
    }
}

/// A weight such as `0.8` in thousandths; 0 when it cannot be read.
fn thousandths(text: &str) -> u32 {
    let (whole, rest) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits: String = rest.chars().chain("000".chars()).take(3).collect();
    let weight = whole.parse::<u32>().ok().zip(digits.parse::<u32>().ok());
    weight.map_or(0, |(whole, part)| (whole.min(1) * 1000 + part).min(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_counts_more_than_the_browser_and_the_browser_more_than_nothing() {
        use Language::{Chinese, English};
        let cases = [
            (None, None, English),
            (Some("zh-CN"), Some("en"), Chinese),
            (Some("en"), Some("zh"), English),
            (Some("xx"), Some("zh"), Chinese),
            (None, Some("zh-CN,zh;q=0.9,en;q=0.8"), Chinese),
            (None, Some("fr, en;q=0.5, zh;q=0.7"), Chinese),
            (None, Some("zh;q=0, en;q=0.1"), English),
            (None, Some("zh;q=99999999999999"), English),
            (None, Some(";;,,q=é"), English),
        ];
        for (asked, accepted, language) in cases {
            assert_eq!(
                Language::choose(asked, accepted),
                language,
                "{asked:?} {accepted:?}"
            );
        }
    }
}
