//! What each event says, in a sentence of each language.

use crate::{format, language::Language, sentences_evidence::evidence};
use blockworm_execution::Difference;
use blockworm_ledger::Event;

/// The English and the Chinese sentence.
type Both = (String, String);

/// An account: members have an organisation, contracts have none.
fn party(account: &str, language: Language) -> String {
    if account.contains('/') {
        return account.to_owned();
    }
    format!("{} {account}", language.pick("the contract", "合约"))
}

/// What an event says, in a sentence. `program` is the code that the speaking contract runs, without
/// its version; what this console does not know is told by its type and subject.
pub(crate) fn event(event: &Event, program: &str, language: Language) -> String {
    let told = match program {
        "asset-issuance" => issuance(event),
        "evidence" => evidence(event),
        "asset-transaction" => holdings(event, language),
        "receivable" => receivable(event).or_else(|| part_of_receivable(event)),
        "members" => members(event),
        "registry" => registry(event),
        "proposals" => proposals(event),
        "ledger" => ledger(event),
        _ => None,
    };
    let (english, chinese) = told.unwrap_or_else(|| {
        let (contract, kind, subject) = (&event.contract, &event.kind, &event.subject);
        (
            format!("{contract}: {kind} {subject}"),
            format!("{contract}：{kind} {subject}"),
        )
    });
    match language {
        Language::English if english.starts_with("the ") => english.replacen('t', "T", 1),
        Language::English => english,
        Language::Chinese => chinese,
    }
}

/// An attribute, or a mark that it is not there.
fn attribute<'a>(event: &'a Event, name: &str) -> &'a str {
    event.attribute(name).unwrap_or("?")
}

/// An attribute in minor units of the event's currency.
fn money_of(event: &Event, name: &str) -> String {
    match event.attribute(name).map(str::parse) {
        Some(Ok(minor)) => format::amount(minor, attribute(event, "currency")),
        _ => "?".into(),
    }
}

/// The life of an asset.
fn issuance(event: &Event) -> Option<Both> {
    let (subject, by) = (&event.subject, attribute(event, "by"));
    let both = |english: String, chinese: String| Some((english, chinese));
    match event.kind.as_str() {
        "class_defined" => both(
            format!("The class {subject} of assets was defined."),
            format!("已定义资产类别 {subject}。"),
        ),
        "drafted" => {
            let issuer = attribute(event, "issuer");
            both(
                format!("{issuer} drafted the asset {subject}."),
                format!("{issuer} 起草资产 {subject}。"),
            )
        }
        "proposed" => both(
            format!("{by} proposed the asset {subject}."),
            format!("{by} 提交资产 {subject} 待批准。"),
        ),
        "approved" => both(
            format!("{by} approved the asset {subject}."),
            format!("{by} 批准资产 {subject}。"),
        ),
        "rejected" => both(
            format!("{by} sent the asset {subject} back."),
            format!("{by} 退回资产 {subject}。"),
        ),
        "activated" => both(
            format!("The asset {subject} began."),
            format!("资产 {subject} 生效。"),
        ),
        "minted" => both(
            format!("More units of the asset {subject} were issued."),
            format!("资产 {subject} 增发。"),
        ),
        "redeemed" => both(
            format!("The asset {subject} was paid and is over."),
            format!("资产 {subject} 已兑付并终止。"),
        ),
        "cancelled" => both(
            format!("The asset {subject} was cancelled."),
            format!("资产 {subject} 已取消。"),
        ),
        "frozen" => both(
            format!("{by} froze the asset {subject} by an order."),
            format!("{by} 依令冻结资产 {subject}。"),
        ),
        "unfrozen" => both(
            format!("{by} lifted the freeze of the asset {subject}."),
            format!("{by} 解除资产 {subject} 的冻结。"),
        ),
        _ => None,
    }
}

/// Units of an asset. Classes end with the currency that their units count.
fn units(event: &Event, name: &str, asset: &str) -> String {
    let class = asset.split('/').next().unwrap_or_default();
    let currency = class
        .rsplit('-')
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    match event.attribute(name).map(str::parse) {
        Some(Ok(minor)) => format::amount(minor, &currency),
        _ => "?".into(),
    }
}

/// Assets from hand to hand.
fn holdings(event: &Event, language: Language) -> Option<Both> {
    let subject = &event.subject;
    let amount = units(event, "amount", subject);
    let account = |name| party(attribute(event, name), language);
    let price = || units(event, "price", attribute(event, "for"));
    match event.kind.as_str() {
        "transferred" => {
            let (from, to) = (account("from"), account("to"));
            Some((
                format!("{from} gave {amount} of {subject} to {to}."),
                format!("{from} 向 {to} 转让 {subject} 中的 {amount}。"),
            ))
        }
        "handed" | "exchanged" if event.attribute("price").is_some() => {
            let (from, to, price) = (account("from"), account("to"), price());
            Some((
                format!("{to} got {amount} of {subject} from {from} for {price}."),
                format!("{to} 以 {price} 从 {from} 取得 {subject} 中的 {amount}。"),
            ))
        }
        "holding_retired" => {
            let (owner, price) = (account("owner"), price());
            Some((
                format!("{owner} was paid {price} for {amount} of {subject}, which is over."),
                format!("{owner} 就 {subject} 中的 {amount} 获付 {price}，该份额终止。"),
            ))
        }
        "split" => {
            let holding = attribute(event, "holding");
            Some((
                format!("Holding {holding} of {subject} was split."),
                format!("{subject} 的份额 {holding} 已拆分。"),
            ))
        }
        "opened" => Some((
            format!("Holdings of {subject} opened."),
            format!("{subject} 开始持有。"),
        )),
        "closed" => Some((
            format!("Holdings of {subject} closed."),
            format!("{subject} 持有终止。"),
        )),
        _ => None,
    }
}

fn receivable(event: &Event) -> Option<Both> {
    let of = |name| attribute(event, name);
    let (seller, buyer, price) = (of("seller"), of("buyer"), money_of(event, "price"));
    let subject = &event.subject;
    match event.kind.as_str() {
        "issued" => {
            let (amount, due) = (money_of(event, "amount"), of("due_date"));
            Some((
                format!(
                    "{seller} issued receivable {subject}: {buyer} owes {amount}, due {due}; offered for {price}."
                ),
                format!(
                    "{seller} 登记应收账款 {subject}：{buyer} 应付 {amount}，到期日 {due}；转让价格 {price}。"
                ),
            ))
        }
        "confirmed" => Some((
            format!("{buyer} confirmed that receivable {subject} is owed."),
            format!("{buyer} 确认应收账款 {subject} 的债务。"),
        )),
        "financed" => {
            let financier = of("financier");
            Some((
                format!("{financier} financed receivable {subject} and paid {price} to {seller}."),
                format!("{financier} 为应收账款 {subject} 融资，并向 {seller} 支付 {price}。"),
            ))
        }
        "settled" => {
            let (holder, amount) = (of("holder"), money_of(event, "amount"));
            Some((
                format!("{buyer} settled receivable {subject} and paid {amount} to {holder}."),
                format!("{buyer} 清偿应收账款 {subject}，向 {holder} 支付 {amount}。"),
            ))
        }
        "refused" => Some((
            format!("{} refused receivable {subject}.", of("by")),
            format!("{} 拒绝应收账款 {subject}。", of("by")),
        )),
        "withdrawn" => Some((
            format!("{} withdrew receivable {subject}.", of("by")),
            format!("{} 撤回应收账款 {subject}。", of("by")),
        )),
        "forgone" => {
            let (bank, claim) = (of("bank"), of("claim"));
            Some((
                format!("{bank} will finance nothing under claim {claim} of the registry."),
                format!("{bank} 放弃在登记 {claim} 项下融资。"),
            ))
        }
        _ => None,
    }
}

/// What happens to a part of a receivable, mostly once it is overdue.
fn part_of_receivable(event: &Event) -> Option<Both> {
    let of = |name| attribute(event, name);
    let (seller, buyer, subject) = (of("seller"), of("buyer"), &event.subject);
    match event.kind.as_str() {
        "asked" => Some((
            format!(
                "{} changed the price asked for part {} of receivable {subject}.",
                of("owner"),
                of("holding")
            ),
            format!(
                "{} 变更应收账款 {subject} 份额 {} 的转让价格。",
                of("owner"),
                of("holding")
            ),
        )),
        "notified" => Some((
            format!(
                "{} gave {buyer} notice that receivable {subject} is overdue.",
                of("by")
            ),
            format!("{} 就逾期的应收账款 {subject} 向 {buyer} 催告。", of("by")),
        )),
        "demanded" => Some((
            format!(
                "{} demanded that {seller} takes part {} of receivable {subject} back.",
                of("bank"),
                of("holding")
            ),
            format!(
                "{} 要求 {seller} 回购应收账款 {subject} 的份额 {}。",
                of("bank"),
                of("holding")
            ),
        )),
        "repurchased" => {
            let amount = money_of(event, "amount");
            Some((
                format!(
                    "{seller} took part {} of receivable {subject} back and paid {amount} to {}.",
                    of("holding"),
                    of("bank")
                ),
                format!(
                    "{seller} 回购应收账款 {subject} 的份额 {}，向 {} 支付 {amount}。",
                    of("holding"),
                    of("bank")
                ),
            ))
        }
        _ => None,
    }
}

fn members(event: &Event) -> Option<Both> {
    let subject = &event.subject;
    match event.kind.as_str() {
        "registered" | "renewed" => {
            let functions = attribute(event, "functions");
            Some((
                format!("Member {subject} was registered with the functions: {functions}."),
                format!("成员 {subject} 已注册，职能：{functions}。"),
            ))
        }
        "revoked" => {
            let reason = attribute(event, "reason");
            Some((
                format!("Member {subject} was revoked: {reason}."),
                format!("成员 {subject} 已吊销：{reason}。"),
            ))
        }
        _ => None,
    }
}

fn registry(event: &Event) -> Option<Both> {
    let document = &event.subject;
    let of = |name| attribute(event, name);
    let (english, chinese) = match event.kind.as_str() {
        "committed" => {
            let bank = of("bank");
            return Some((
                format!("{bank} committed itself to a claim that nobody sees yet."),
                format!("{bank} 已就一项尚未公开的登记作出承诺。"),
            ));
        }
        "key_published" => {
            let (holder, version) = (of("holder"), of("version"));
            return Some((
                format!("{holder} published version {version} of its key."),
                format!("{holder} 公布了第 {version} 版密钥。"),
            ));
        }
        "keys_in_force" => {
            let version = of("version");
            return Some((
                format!("Version {version} of the keys is in force."),
                format!("第 {version} 版密钥生效。"),
            ));
        }
        "displaced" => ("freed for an earlier commitment", "已让位于更早的承诺"),
        "cleared" => ("cleared of a displaced claim", "已清理被取代的登记"),
        "reregistered" => ("registered under newer keys", "已以新密钥重新登记"),
        "reserved" => ("reserved", "已预留"),
        "financed" => ("registered as financed", "已登记为融资"),
        "released" => ("released", "已释放"),
        _ => return None,
    };
    Some((
        format!("The document with the fingerprint {document} was {english}."),
        format!("指纹为 {document} 的单据{chinese}。"),
    ))
}

fn ledger(event: &Event) -> Option<Both> {
    let (name, since) = (&event.subject, attribute(event, "since"));
    match event.kind.as_str() {
        "followed" => Some((
            format!("The proofs of the ledger {name} count here from now on."),
            format!("自此采信账本 {name} 的证明。"),
        )),
        "advanced" => Some((
            format!("The validators of the ledger {name} from its height {since} on are known."),
            format!("已获知账本 {name} 自高度 {since} 起的验证者。"),
        )),
        _ => None,
    }
}

/// What a proposal would change, as `what: before → after`; the words are the ledger's own.
fn differences(text: &str) -> String {
    let all: Vec<Difference> = serde_json::from_str(text).unwrap_or_default();
    let one = |difference: &Difference| {
        let Difference {
            what,
            before,
            after,
        } = difference;
        format!("{what}: {before} → {after}")
    };
    all.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn proposals(event: &Event) -> Option<Both> {
    let (number, of) = (&event.subject, |name| attribute(event, name));
    match event.kind.as_str() {
        "proposed" => {
            let changes = differences(of("differences"));
            Some((
                format!("Proposal {number} was made. {changes}"),
                format!("提出提案 {number}。{changes}"),
            ))
        }
        "voted" => {
            let organisation = of("organisation");
            let (english, chinese) = match of("approve") {
                "true" => ("for", "赞成"),
                _ => ("against", "反对"),
            };
            Some((
                format!("{organisation} voted {english} proposal {number}."),
                format!("{organisation} 对提案 {number} 投{chinese}票。"),
            ))
        }
        "accepted" => Some((
            format!("Proposal {number} was accepted: {}.", of("action")),
            format!("提案 {number} 获得通过：{}。", of("action")),
        )),
        "rejected" => Some((
            format!("Proposal {number} was rejected."),
            format!("提案 {number} 被否决。"),
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_sentences_and_unknown_ones_are_named() {
        let attributes = [
            ("financier", "bank/maker"),
            ("seller", "steel/maker"),
            ("price", "98500"),
            ("currency", "CNY"),
        ];
        let mut financed = Event {
            contract: "receivable".parse().unwrap(),
            kind: "financed".into(),
            subject: "r-1".into(),
            attributes: attributes
                .map(|(name, value)| (name.into(), value.into()))
                .to_vec(),
        };
        assert_eq!(
            event(&financed, "receivable", Language::English),
            "bank/maker financed receivable r-1 and paid CNY 985.00 to steel/maker."
        );
        assert_eq!(
            event(&financed, "receivable", Language::Chinese),
            "bank/maker 为应收账款 r-1 融资，并向 steel/maker 支付 CNY 985.00。"
        );
        financed.attributes.clear();
        assert!(event(&financed, "receivable", Language::English).contains('?'));
        assert_eq!(
            event(&financed, "other", Language::English),
            "receivable: financed r-1"
        );
    }

    #[test]
    fn assets_are_told_in_the_currency_of_their_class() {
        let attributes = [
            ("from", "platform/supplier-1"),
            ("to", "receivable"),
            ("amount", "98500"),
            ("for", "voucher-eur/0101010101010101"),
            ("price", "90000"),
        ];
        let mut handed = Event {
            contract: "assets".parse().unwrap(),
            kind: "transferred".into(),
            subject: "voucher-cny/0101010101010101".into(),
            attributes: attributes
                .map(|(name, value)| (name.into(), value.into()))
                .to_vec(),
        };
        let told = |event: &Event| super::event(event, "asset-transaction", Language::English);
        assert_eq!(
            told(&handed),
            "platform/supplier-1 gave CNY 985.00 of voucher-cny/0101010101010101 to the contract receivable."
        );
        handed.kind = "handed".into();
        assert!(
            told(&handed).ends_with("for EUR 900.00."),
            "{}",
            told(&handed)
        );
    }

    #[test]
    fn votes_and_claims_are_told_in_both_languages() {
        let mut voted = Event {
            contract: "proposals".parse().unwrap(),
            kind: "voted".into(),
            subject: "7".into(),
            attributes: vec![
                ("organisation".into(), "court".into()),
                ("approve".into(), "false".into()),
            ],
        };
        assert_eq!(
            event(&voted, "proposals", Language::English),
            "court voted against proposal 7."
        );
        assert_eq!(
            event(&voted, "proposals", Language::Chinese),
            "court 对提案 7 投反对票。"
        );
        voted.kind = "reserved".into();
        assert_eq!(
            event(&voted, "registry", Language::English),
            "The document with the fingerprint 7 was reserved."
        );
    }
}
