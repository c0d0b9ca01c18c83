//! The page's languages and its words in each.

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

/// The page's words.
pub(super) struct Words {
    pub(super) node_of: &'static str,
    pub(super) intro: &'static str,
    pub(super) ledger: &'static str,
    pub(super) height: &'static str,
    pub(super) state: &'static str,
    pub(super) up_to_date: &'static str,
    pub(super) catching_up: &'static str,
    pub(super) block_time: &'static str,
    pub(super) validators: &'static str,
    pub(super) peers: &'static str,
    pub(super) waiting: &'static str,
    pub(super) genesis_digest: &'static str,
    pub(super) recent_blocks: &'static str,
    pub(super) transactions: &'static str,
    pub(super) digest: &'static str,
    pub(super) no_blocks: &'static str,
    pub(super) interfaces: &'static str,
    pub(super) openapi: &'static str,
    pub(super) status: &'static str,
    pub(super) metrics: &'static str,
    pub(super) ready: &'static str,
    pub(super) genesis: &'static str,
    pub(super) blocks: &'static str,
}

const ENGLISH: Words = Words {
    node_of: "Node of",
    intro: "A node of a consortium ledger, served to this machine only. Reload for news.",
    ledger: "Ledger",
    height: "Height",
    state: "State",
    up_to_date: "up to date",
    catching_up: "catching up",
    block_time: "Time of the last block (UTC)",
    validators: "Validators",
    peers: "Connected to",
    waiting: "Waiting transactions",
    genesis_digest: "Genesis digest",
    recent_blocks: "Recent blocks",
    transactions: "Transactions",
    digest: "Digest",
    no_blocks: "No block yet: the first transaction makes one.",
    interfaces: "Interfaces",
    openapi: "OpenAPI document",
    status: "Node and ledgers",
    metrics: "Metrics (Prometheus)",
    ready: "Health",
    genesis: "Genesis",
    blocks: "Blocks",
};

const CHINESE: Words = Words {
    node_of: "节点所属机构：",
    intro: "联盟账本的一个节点，仅供本机访问。刷新页面查看最新情况。",
    ledger: "账本",
    height: "高度",
    state: "状态",
    up_to_date: "已同步",
    catching_up: "同步中",
    block_time: "最新区块时间（UTC）",
    validators: "共识节点数",
    peers: "已连接节点数",
    waiting: "待打包交易",
    genesis_digest: "创世摘要",
    recent_blocks: "最近区块",
    transactions: "交易数",
    digest: "摘要",
    no_blocks: "还没有区块：第一笔交易提交后产生。",
    interfaces: "接口",
    openapi: "OpenAPI 文档",
    status: "节点与账本",
    metrics: "监控指标（Prometheus）",
    ready: "健康检查",
    genesis: "创世文件",
    blocks: "区块列表",
};

impl Language {
    /// The language asked for, else the one that the browser prefers, else English.
    pub(super) fn choose(asked: Option<&str>, accepted: Option<&str>) -> Self {
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

    fn of_tag(tag: &str) -> Option<Self> {
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
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    pub(super) const fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Chinese => &CHINESE,
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
