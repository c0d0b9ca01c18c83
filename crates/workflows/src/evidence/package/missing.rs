//! What a complete package would have and this one has not: named, never passed over.

use super::{
    collect::Collected,
    facts::{Facts, Said, named},
    index::exchanged,
    placing::Placed,
};
use serde::Serialize;

/// What is missing where nobody sealed the package.
pub const SEAL: &str = "seal";

/// Something that a complete package would have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What: `original`, `capture`, `document`, `checkpoint`, `time`, `revocations`, `certificate`, `seal`.
    pub what: &'static str,
    /// In words.
    #[serde(flatten)]
    pub said: Said,
}

impl Missing {
    fn new(what: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            what,
            said: Said::new(zh, en),
        }
    }
}

/// Of what was collected and laid out.
#[must_use]
pub fn missing(
    collected: &Collected,
    placed: &Placed,
    facts: &Facts,
    sealed: bool,
) -> Vec<Missing> {
    let mut missing = files(placed);
    missing.extend(times(collected, facts));
    for slug in collected.organisations.keys() {
        if !collected.revocations.contains_key(slug) {
            let name = named(collected, slug);
            missing.push(Missing::new(
                "revocations",
                format!("{name}的证书吊销列表：无。"),
                format!("{name}'s list of revoked certificates: none was to be had."),
            ));
        }
    }
    for member in exchanged(collected) {
        missing.push(Missing::new(
            "certificate",
            format!("{member} 的密钥其后更换，包内是现行证书。"),
            format!("{member} has exchanged its key since; its certificate here is today's."),
        ));
    }
    if !sealed {
        missing.push(Missing::new(
            SEAL,
            "本包未经公证处或法院封签。",
            "No notary or court has sealed this package.",
        ));
    }
    missing
}

/// Files that whoever exports does not hold, or left out.
fn files(placed: &Placed) -> Vec<Missing> {
    let originals = placed.without_original.iter().map(|(number, why)| {
        let zh = match *why {
            "erased" => "已由存证人声明销毁",
            "left out" => "导出时未附",
            _ => "导出方不持有",
        };
        Missing::new(
            "original",
            format!("第 {number} 项的原件：{zh}。"),
            format!("The original of entry {number}: {why}."),
        )
    });
    let captures = placed.without_capture.iter().map(|number| {
        Missing::new(
            "capture",
            format!("第 {number} 项的取证记录：导出方不持有。"),
            format!("The capture record of entry {number}: not held here."),
        )
    });
    let documents = placed.without_document.iter().map(|number| {
        Missing::new(
            "document",
            format!("第 {number} 号程序所据的文书：导出方不持有。"),
            format!("The document that act {number} rests on: not held here."),
        )
    });
    originals.chain(captures).chain(documents).collect()
}

/// Entries without a cosigned checkpoint or a timestamp.
fn times(collected: &Collected, facts: &Facts) -> Vec<Missing> {
    let entries = || collected.entries.iter().map(|one| &one.row);
    let uncovered = entries().filter(|row| !collected.covered.contains_key(&row.height));
    let timed = |number: &u32| facts.times.iter().any(|time| time.covers.contains(number));
    let untimed = entries().filter(|row| !timed(&row.number));
    let mut missing = Vec::new();
    if let Some(numbers) = numbers(uncovered.map(|row| row.number)) {
        missing.push(Missing::new(
            "checkpoint",
            format!("第 {numbers} 项尚无会签的检查点覆盖。"),
            format!("No cosigned checkpoint covers entries {numbers} yet."),
        ));
    }
    match numbers(untimed.map(|row| row.number)) {
        Some(numbers) => missing.push(Missing::new(
            "time",
            format!("第 {numbers} 项尚无时间戳覆盖。"),
            format!("No timestamp covers entries {numbers} yet."),
        )),
        None if facts.earliest_outside().is_none() => missing.push(Missing::new(
            "time",
            "没有独立于节点运营者的时间戳。",
            "No timestamp is by an authority apart from those who run nodes.",
        )),
        None => {}
    }
    missing
}

fn numbers(all: impl Iterator<Item = u32>) -> Option<String> {
    let all: Vec<String> = all.map(|number| number.to_string()).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// The last section of `VERIFY.md`.
#[must_use]
pub fn section(missing: &[Missing]) -> String {
    let mut text = String::from("\n## 本包所缺 · What is not in this package\n");
    for one in missing {
        text.push_str(&format!("- {} {}\n", one.said.zh, one.said.en));
    }
    if missing.is_empty() {
        text.push_str("- 无 nothing\n");
    }
    text
}
