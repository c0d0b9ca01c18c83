//! Codes, roles and functions in words.

use crate::{
    explain_assets, explain_claims, explain_consortium, explain_evidence, language::Language,
};

/// Code, English, Chinese. The receipt's own message, which a contract writes in English with the
/// facts of the case, is shown beside it.
const CODES: &[(&str, &str, &str)] = &[
    ("ok", "The transaction took effect.", "交易已生效。"),
    (
        "transaction.oversized",
        "It has more bytes than the ledger takes.",
        "交易字节数超过账本上限。",
    ),
    (
        "transaction.malformed",
        "Its bytes are not a transaction.",
        "内容不是有效的交易格式。",
    ),
    (
        "transaction.bad_signature",
        "The signature is not the key's.",
        "签名与公钥不符。",
    ),
    (
        "transaction.wrong_ledger",
        "It was made for another ledger.",
        "该交易属于其他账本。",
    ),
    (
        "transaction.expired",
        "Block time had reached its expiry.",
        "区块时间已到其有效期。",
    ),
    (
        "transaction.expiry_too_far",
        "Its expiry lies further ahead than the ledger allows.",
        "有效期超出账本允许的范围。",
    ),
    (
        "transaction.replayed",
        "The same transaction stands in an earlier block or place.",
        "相同交易已在先前的区块或位置中。",
    ),
    (
        "member.unknown",
        "The sender is not registered.",
        "发送方未注册。",
    ),
    (
        "member.key_mismatch",
        "The key is not the sender's registered one.",
        "公钥与发送方注册的公钥不一致。",
    ),
    (
        "member.revoked",
        "The sender was revoked.",
        "发送方已被吊销。",
    ),
    (
        "member.expired",
        "The certificate has expired.",
        "证书已过期。",
    ),
    (
        "member.not_an_admin",
        "The sender is not an admin of the organisation.",
        "发送方不具备管理员职能。",
    ),
    (
        "member.other_organisation",
        "An admin acts for its own organisation alone.",
        "管理员只能为本机构办理。",
    ),
    (
        "member.already_registered",
        "The member is registered already.",
        "该成员已注册。",
    ),
    (
        "member.already_revoked",
        "The member was revoked before.",
        "该成员此前已被吊销。",
    ),
    (
        "member.not_registered",
        "The member is not registered.",
        "该成员未注册。",
    ),
    (
        "member.possession_unproved",
        "The holder did not prove that the key is theirs.",
        "未能证明持有该密钥。",
    ),
    (
        "member.bad_count",
        "Too few or too many certificates in one message.",
        "一次提交的证书数量不符合规定。",
    ),
    (
        "member.reason_too_long",
        "The reason of the revocation is too long.",
        "吊销原因过长。",
    ),
    (
        "organisation.suspended",
        "The sender's organisation is suspended.",
        "发送方所属机构已被暂停。",
    ),
    (
        "contract.unknown",
        "The ledger has no contract of this name.",
        "账本上没有该名称的合约。",
    ),
    (
        "contract.bad_message",
        "The contract does not understand the message.",
        "合约无法识别该消息。",
    ),
    (
        "contract.panicked",
        "The contract's code stopped with a failure; nothing changed.",
        "合约代码异常终止；未改变任何状态。",
    ),
    (
        "contract.failed",
        "The contract refused without a code of its own.",
        "合约拒绝，未给出专用代码。",
    ),
    (
        "execution.cost_exceeded",
        "The work costs more than one transaction may.",
        "工作量超过单笔交易上限。",
    ),
    (
        "execution.funds_unsupported",
        "Contracts here take money as messages, not as attached funds.",
        "此处合约以消息方式收款，不支持附带资金。",
    ),
    (
        "execution.message_unsupported",
        "The contract sent a kind of message that is not carried out here.",
        "合约发出了不支持的消息类型。",
    ),
    (
        "execution.reply_unsupported",
        "The contract asked for a reply, which is not given here.",
        "合约请求了不支持的回调。",
    ),
    (
        "execution.read_only",
        "A query tried to write.",
        "查询中不得写入。",
    ),
    (
        "execution.too_deep",
        "Contracts called each other too deeply.",
        "合约相互调用层数过多。",
    ),
    (
        "execution.too_many_messages",
        "The contract sent too many messages.",
        "合约发出的消息过多。",
    ),
    (
        "execution.value_too_large",
        "The contract stored too large a value.",
        "合约写入的值过大。",
    ),
    (
        "caller.not_a_member",
        "The caller is not a member of this ledger.",
        "调用方不是本账本成员。",
    ),
    (
        "caller.inactive",
        "The caller is revoked or its organisation suspended.",
        "调用方已被吊销或其机构已被暂停。",
    ),
    (
        "caller.missing_role",
        "The caller's organisation does not hold the role that this needs.",
        "调用方所属机构没有所需的角色。",
    ),
    (
        "caller.missing_function",
        "The caller does not hold the function that this needs.",
        "调用方没有所需的职能。",
    ),
    (
        "proposal.bad_duration",
        "The time for voting is too short or too long.",
        "表决期限过短或过长。",
    ),
    (
        "proposal.bad_roles",
        "The roles are not slugs in ascending order.",
        "角色名称不符合规定或未按升序排列。",
    ),
    (
        "proposal.unknown_organisation",
        "There is no such organisation.",
        "没有该机构。",
    ),
    (
        "proposal.no_change",
        "The proposal would change nothing.",
        "该提案不会带来任何变更。",
    ),
    (
        "proposal.not_found",
        "There is no such proposal.",
        "没有该提案。",
    ),
    (
        "proposal.decided",
        "The proposal was decided before.",
        "该提案已有结果。",
    ),
    (
        "proposal.expired",
        "The time for voting has passed.",
        "表决期限已过。",
    ),
    (
        "proposal.already_voted",
        "The organisation has voted.",
        "该机构已表决。",
    ),
];

/// What a code means; none for a code that this console does not know.
pub(crate) fn code(code: &str, language: Language) -> Option<&'static str> {
    let mut all = CODES
        .iter()
        .chain(explain_claims::CODES)
        .chain(explain_assets::CODES)
        .chain(explain_consortium::CODES)
        .chain(explain_evidence::CODES);
    let found = all.find(|(known, ..)| *known == code);
    found.map(|(_, english, chinese)| language.pick(english, chinese))
}

/// Roles of organisations and functions of members that have a Chinese name.
const NAMES: &[(&str, &str)] = &[
    ("platform", "平台"),
    ("bank", "银行"),
    ("supplier", "供应商"),
    ("merchant", "商户"),
    ("warehouse", "仓储方"),
    ("carrier", "承运方"),
    ("notary", "公证机构"),
    ("court", "法院"),
    ("regulator", "监管机构"),
    ("insurer", "保险机构"),
    ("trustee", "受托人"),
    ("maker", "经办"),
    ("checker", "复核"),
    ("operator", "运维"),
    ("admin", "管理员"),
];

/// Roles or functions, listed.
pub(crate) fn names(names: &[String], language: Language) -> String {
    let name = |name: &String| {
        let known = NAMES.iter().find(|(known, _)| known == name);
        known.map_or_else(
            || name.clone(),
            |(english, chinese)| language.pick(english, chinese).to_owned(),
        )
    };
    let listed: Vec<String> = names.iter().map(name).collect();
    listed.join(language.pick(", ", "、"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use blockworm_ledger::codes::SYSTEM_CODES;

    #[test]
    fn every_system_code_is_explained_once_in_both_languages() {
        for known in SYSTEM_CODES {
            assert!(code(known, Language::English).is_some(), "{known}");
        }
        let all = [
            CODES,
            explain_claims::CODES,
            explain_assets::CODES,
            explain_consortium::CODES,
            explain_evidence::CODES,
        ]
        .concat();
        for (place, (name, english, chinese)) in all.iter().enumerate() {
            assert!(!english.is_empty() && !chinese.is_ascii(), "{name}");
            let again = all[place + 1..].iter().any(|(other, ..)| other == name);
            assert!(!again, "{name} twice");
        }
        assert_eq!(code("tomorrow.unheard_of", Language::Chinese), None);
    }

    /// What a contract's page lists as a code, the console can say.
    #[test]
    fn every_code_of_the_contracts_pages_is_explained() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contracts");
        for page in [
            "asset-issuance",
            "asset-transaction",
            "evidence",
            "receivable",
            "registry",
        ] {
            let text = std::fs::read_to_string(format!("{folder}/{page}.md")).unwrap();
            let mut codes = 0;
            for known in text.split('`').skip(1).step_by(2) {
                let Some((area, name)) = known.split_once('.') else {
                    continue;
                };
                let areas = [
                    "asset",
                    "evidence",
                    "issuance",
                    "receivable",
                    "registry",
                    "caller",
                ];
                let is_code = areas.contains(&area)
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                if is_code {
                    codes += 1;
                    assert!(code(known, Language::English).is_some(), "{page}: {known}");
                }
            }
            assert!(codes > 10, "{page}: {codes} codes");
        }
    }
}
