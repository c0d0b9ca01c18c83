//! What follows from what was collected: times with their authorities, who runs what, who is whose, in the words of the report and the checklist.

use super::{collect::Collected, covering::Covering};
use blockworm_crypto::{
    identity::{parse_authority, split_chain},
    timestamp::Token,
};
use blockworm_kit::CivilDate;
use blockworm_service::identity::decode_pem;
use std::collections::BTreeSet;

/// The time of a checkpoint, as an authority says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFact {
    /// The checkpoint's size.
    pub size: u64,
    /// The authority's time, milliseconds since 1970.
    pub time_ms: u64,
    /// The authority's name in its certificate.
    pub authority: String,
    /// The organisation of this ledger that runs it.
    pub run_by: Option<String>,
    /// The certificate that its path leads to, DER, where one is known.
    pub root: Option<Vec<u8>>,
    /// Whether nobody who runs a node of this ledger runs it.
    pub outside: bool,
    /// The entries that it covers.
    pub covers: Vec<u32>,
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Said {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Said {
    /// Both texts.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }

    /// One below the other.
    #[must_use]
    pub fn lines(&self) -> String {
        format!("{}\n{}", self.zh, self.en)
    }
}

/// What follows from a collection.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Times, oldest first.
    pub times: Vec<TimeFact>,
    /// Cosigners' organisations, ordered.
    pub cosigners: BTreeSet<String>,
    /// Organisations that run a node that votes, ordered.
    pub validators: BTreeSet<String>,
    /// Organisations that run a node, ordered.
    pub operators: BTreeSet<String>,
}

impl Facts {
    /// Of a collection.
    #[must_use]
    pub fn of(collected: &Collected) -> Self {
        let voting = collected.nodes.iter().filter(|node| node.votes);
        let validators = voting.map(|node| node.organisation.clone()).collect();
        let operators: BTreeSet<String> = collected
            .nodes
            .iter()
            .map(|node| node.organisation.clone())
            .collect();
        let mut times: Vec<TimeFact> = collected
            .checkpoints
            .values()
            .filter_map(|one| time(collected, one, &operators))
            .collect();
        times.sort_by_key(|one| (one.time_ms, one.size));
        let cosigners = collected
            .checkpoints
            .values()
            .flat_map(|one| &one.checkpoint.cosigners);
        Self {
            times,
            cosigners: cosigners.map(|one| one.organisation.clone()).collect(),
            validators,
            operators,
        }
    }

    /// The earliest time of an authority that nobody here runs.
    #[must_use]
    pub fn earliest_outside(&self) -> Option<&TimeFact> {
        self.times.iter().find(|one| one.outside)
    }
}

fn time(
    collected: &Collected,
    covering: &Covering,
    operators: &BTreeSet<String>,
) -> Option<TimeFact> {
    let stamp = covering.stamp.as_ref()?;
    let token = Token::parse(&stamp.token).ok()?;
    let size = covering.checkpoint.size;
    let data = body(&covering.checkpoint.note);
    let chain = stamp
        .chain
        .as_deref()
        .and_then(|pem| decode_pem(pem.as_bytes()));
    let chain = chain.unwrap_or_default();
    let chain: Vec<Vec<u8>> = split_chain(&chain)
        .map(|parts| parts.into_iter().map(<[u8]>::to_vec).collect())
        .unwrap_or_default();
    let leads = |root: &Vec<u8>| {
        token
            .verify_with(data.as_bytes(), &chain, std::slice::from_ref(root), &[])
            .ok()
    };
    let own = collected.organisations.iter().find_map(|(slug, record)| {
        leads(&record.ca_certificate).map(|verified| (slug.clone(), verified))
    });
    let (run_by, verified) = match own {
        Some((slug, verified)) => (Some(slug), Some(verified)),
        None => (None, chain.last().and_then(leads)),
    };
    let covers = collected.entries.iter().filter(|one| one.row.height < size);
    Some(TimeFact {
        size,
        time_ms: token.time_ms,
        authority: verified.as_ref().map_or_else(
            || "an authority whose certificates are not in the package".to_owned(),
            |verified| verified.path.subject.clone(),
        ),
        outside: run_by.as_ref().is_none_or(|slug| !operators.contains(slug)),
        run_by,
        root: verified.map(|verified| verified.path.root),
        covers: covers.map(|one| one.row.number).collect(),
    })
}

/// What a checkpoint's cosignatures and timestamps are over: its note's first three lines.
#[must_use]
pub fn body(note: &str) -> String {
    note.split_inclusive('\n').take(3).collect()
}

/// An organisation's name for people, with its slug.
#[must_use]
pub fn named(collected: &Collected, slug: &str) -> String {
    match collected.organisations.get(slug) {
        Some(record) if record.name != slug => format!("{} ({slug})", record.name),
        _ => slug.to_owned(),
    }
}

/// The name in an organisation's root certificate.
#[must_use]
pub fn root_name(der: &[u8]) -> String {
    parse_authority(der).map_or_else(|_| "?".to_owned(), |authority| authority.name)
}

/// A moment as Chinese clocks show it, with its distance from UTC.
#[must_use]
pub fn moment(ms: u64) -> String {
    const BEIJING_MINUTES: i16 = 8 * 60;
    let date = CivilDate::at(ms, BEIJING_MINUTES);
    let second = (ms / 1000 + 8 * 3600) % 86_400;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{date} {hour:02}:{minute:02}:{second:02} +08:00")
}

/// A date for `bag-info.txt`, UTC.
#[must_use]
pub fn date(ms: u64) -> String {
    CivilDate::at(ms, 0).to_string()
}

/// A word of the contract with its Chinese, where people commonly use it.
#[must_use]
pub fn word(slug: &str) -> String {
    const WORDS: &[(&str, &str)] = &[
        ("contract", "合同"),
        ("delivery", "交付"),
        ("payment-demand", "催款"),
        ("demand", "催款"),
        ("invoice", "发票"),
        ("agreement", "协议"),
        ("photo", "照片"),
        ("receipt", "签收单"),
        ("delivery-note", "送货单"),
        ("notice", "通知"),
        ("upload", "上传"),
        ("scan", "扫描"),
        ("camera", "拍摄"),
        ("export", "导出"),
        ("seen-original", "已核对原件"),
        ("dispute", "异议"),
        ("decide", "裁判"),
        ("hold", "保全"),
        ("release", "解除保全"),
        ("retain", "延长保存"),
        ("erase", "销毁"),
        ("close", "结束存证"),
        ("withdraw", "撤回"),
        ("upheld", "成立"),
        ("dismissed", "不成立"),
        ("notary", "公证"),
        ("court", "法院"),
        ("none", "无利害关系"),
        ("owner", "持股方"),
        ("subsidiary", "被持股方"),
        ("affiliate", "关联方"),
        ("customer", "客户"),
        ("supplier", "供应商"),
        ("employer", "雇主"),
        ("contractor", "承揽方"),
        ("other", "其他关系"),
        ("not declared", "未声明"),
    ];
    match WORDS.iter().find(|(word, _)| *word == slug) {
        Some((word, chinese)) => format!("{chinese} {word}"),
        None => slug.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_by_beijing_time() {
        assert_eq!(moment(1_795_423_899_000), "2026-11-23 16:51:39 +08:00");
        assert_eq!(moment(1_795_453_200_000), "2026-11-24 01:00:00 +08:00");
        assert_eq!(body("a\nb\nc\n\n— x y\n"), "a\nb\nc\n");
    }
}
