//! What events of evidence say, in a sentence of each language.

use blockworm_ledger::Event;

/// The English and the Chinese sentence; none for a type that this console does not know.
pub(crate) fn evidence(event: &Event) -> Option<(String, String)> {
    by_parties(event).or_else(|| by_officials(event))
}

fn told<'a>(event: &'a Event, name: &str) -> &'a str {
    event.attribute(name).unwrap_or("?")
}

/// What parties do, and what organisations state.
fn by_parties(event: &Event) -> Option<(String, String)> {
    let matter = &event.subject;
    let (by, entry) = (told(event, "by"), told(event, "entry"));
    Some(match event.kind.as_str() {
        "opened" => (
            format!("{by} opened the matter {matter}"),
            format!("{by} 立案 {matter}"),
        ),
        "deposited" => {
            let (kind, phase) = (told(event, "kind"), told(event, "phase"));
            (
                format!("{by} deposited entry {entry} of {matter}: {kind}, phase {phase}"),
                format!("{by} 在案件 {matter} 中存证第 {entry} 条：{kind}，阶段 {phase}"),
            )
        }
        "disputed" => (
            format!("{by} disputed entry {entry} of {matter}"),
            format!("{by} 对案件 {matter} 第 {entry} 条存证提出异议"),
        ),
        "retained" => (
            format!("{by} lengthened how long the originals of {matter} are kept"),
            format!("{by} 延长案件 {matter} 原件的保存期限"),
        ),
        "erased" => (
            format!("{by} says that the original of entry {entry} of {matter} is destroyed"),
            format!("{by} 声明案件 {matter} 第 {entry} 条存证的原件已销毁"),
        ),
        "closed" => (
            format!("{by} closed the matter {matter}"),
            format!("{by} 关闭案件 {matter}"),
        ),
        "declared" => {
            let (to, relation) = (told(event, "to"), told(event, "relation"));
            (
                format!("{by} stated the relation of {matter} to {to}: {relation}"),
                format!("{by} 声明 {matter} 与 {to} 的关系：{relation}"),
            )
        }
        _ => return None,
    })
}

/// What notaries and courts do.
fn by_officials(event: &Event) -> Option<(String, String)> {
    let (matter, by) = (&event.subject, told(event, "by"));
    Some(match event.kind.as_str() {
        "left" => {
            let party = told(event, "party");
            (
                format!("{party} is no party of {matter}: it acts in it as a notary or court"),
                format!("{party} 以公证机构或法院身份办理案件 {matter}，不再是当事方"),
            )
        }
        "attested" => {
            let (entry, statement) = (told(event, "entry"), told(event, "statement"));
            (
                format!("{by} said of entry {entry} of {matter}: {statement}"),
                format!("{by} 就案件 {matter} 第 {entry} 条存证作出见证：{statement}"),
            )
        }
        "withdrawn" => {
            let attestation = told(event, "attestation");
            (
                format!("{by} took attestation {attestation} of {matter} back"),
                format!("{by} 撤回案件 {matter} 的第 {attestation} 条见证"),
            )
        }
        "decided" => {
            let (dispute, outcome) = (told(event, "dispute"), told(event, "outcome"));
            (
                format!("{by} decided dispute {dispute} of {matter}: {outcome}"),
                format!("{by} 裁决案件 {matter} 的第 {dispute} 项异议：{outcome}"),
            )
        }
        "held" => (
            format!("{by} ordered that the originals of {matter} are kept"),
            format!("{by} 裁定保全案件 {matter} 的原件"),
        ),
        "released" => (
            format!("{by} released the originals of {matter}"),
            format!("{by} 解除案件 {matter} 原件的保全"),
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The types of docs/contracts/evidence.md, each with a sentence that lacks nothing of it.
    #[test]
    fn every_event_of_the_contract_has_its_sentence() {
        let page = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/contracts/evidence.md"
        );
        let page = std::fs::read_to_string(page).unwrap();
        let messages = page.split("## Messages").nth(1).unwrap();
        let messages = messages.split("\n## ").next().unwrap();
        let told = messages.lines().filter_map(|line| {
            let event = line.strip_prefix("| `")?.split(" | ").last()?;
            Some(event.trim_end_matches(" |"))
        });
        let mut seen = 0;
        for part in told.flat_map(|cell| cell.split(", `")) {
            let mut words = part.split('`').filter(|word| !word.trim().is_empty());
            let kind = words.next().unwrap();
            let names = part.split(": `").nth(1).unwrap_or_default();
            let names = names.trim_end_matches(" for each").trim_end_matches('`');
            let names = names.split('`').next().unwrap().split(", ");
            if names.clone().all(str::is_empty) {
                continue;
            }
            let attributes = names.map(|name| (name.to_owned(), "x".to_owned()));
            let event = Event {
                contract: "evidence".parse().unwrap(),
                kind: kind.to_owned(),
                subject: "steel".into(),
                attributes: attributes.collect(),
            };
            let (english, chinese) = evidence(&event).unwrap_or_else(|| panic!("{kind}"));
            assert!(
                !english.contains('?') && !chinese.contains('?'),
                "{english}"
            );
            assert!(
                english.contains("steel") && !chinese.is_ascii(),
                "{chinese}"
            );
            seen += 1;
        }
        assert!(seen >= 11, "{seen}");
    }
}
