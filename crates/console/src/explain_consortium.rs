//! What the refusals of proposals, invitations and votes mean, in both languages.

use crate::language::Language;

#[rustfmt::skip]
pub(crate) const CODES: &[(&str, &str, &str)] = &[
    ("organisation.removed", "The sender's organisation left the consortium for good.", "发送方所属机构已永久退出联盟。"),
    ("ledger.archived", "The consortium archived the ledger; only proposals and votes are taken.", "联盟已将账本归档，仅接受提案与表决。"),
    ("proposal.other_action", "The vote names another change than the proposal's.", "表决所指变更与提案不符。"),
    ("proposal.superseded", "What the change would replace has changed since it was proposed.", "提案所依据的现状已改变，须重新提出。"),
    ("proposal.organisation_removed", "The organisation was removed for good.", "该机构已被永久移除。"),
    ("proposal.last_organisation", "Without the last active organisation nobody could vote.", "不能停用最后一家有效机构。"),
    ("proposal.other_organisation", "Only the organisation itself may propose this.", "该事项只能由本机构提出。"),
    ("proposal.bad_key", "A node's key is a sound Ed25519 key.", "节点密钥须为合格的 Ed25519 密钥。"),
    ("proposal.bad_address", "A node's address is an IP address and a port.", "节点地址须为 IP 地址加端口。"),
    ("proposal.unknown_node", "No such node keeps the ledger.", "账本没有该节点。"),
    ("proposal.still_votes", "The node is still a validator.", "该节点仍是验证者。"),
    ("proposal.too_many_nodes", "Votes have admitted as many nodes as they may.", "准入节点已达上限。"),
    ("proposal.too_many_validators", "The ledger has as many validators as it may.", "验证者已达上限。"),
    ("proposal.last_validator", "The last validator stays.", "不能移除最后的验证者。"),
    ("proposal.bad_threshold", "The threshold is out of its bounds.", "表决门槛超出允许范围。"),
    ("proposal.bad_calendar", "The calendar's days are not of its year or not in order.", "日历日期不属于该年或未按序排列。"),
    ("proposal.bad_name", "The organisation's name has 1 to 64 printable characters.", "机构名称须为 1 至 64 个可打印字符。"),
    ("proposal.organisation_exists", "The slug is or was another organisation's.", "该机构标识已被使用过。"),
    ("proposal.too_many_organisations", "The ledger has as many organisations as it may.", "机构数量已达上限。"),
    ("invitation.inviter_unknown", "The inviter is no active admin of this ledger.", "邀请人不是本账本的有效管理员。"),
    ("invitation.forged", "The inviter's registered key did not sign the invitation.", "邀请函并非由邀请人的登记密钥签署。"),
    ("invitation.other_ledger", "The invitation does not name this ledger.", "邀请函未包含本账本。"),
    ("invitation.malformed", "The invitation is out of its bounds.", "邀请函内容超出限制。"),
    ("invitation.expired", "The invitation's time has passed.", "邀请函已过期。"),
    ("invitation.used", "The invitation stands in a proposal already.", "邀请函已被某提案使用。"),
    ("proposal.not_an_admin", "The certificate does not give the function admin.", "该证书未授予管理员职能。"),
    ("acceptance.other_invitation", "The acceptance answers another invitation.", "接受书针对的是另一份邀请函。"),
    ("acceptance.not_an_admin", "The new organisation's first member is no admin.", "新机构的首位成员不是管理员。"),
    ("acceptance.forged", "The new organisation's admin did not sign the acceptance.", "接受书并非由新机构管理员签署。"),
];

/// Kind of change or act, English, Chinese.
const CHANGES: &[(&str, &str, &str)] = &[
    ("set_roles", "Roles of an organisation", "机构角色"),
    ("suspend", "Suspension of an organisation", "暂停机构"),
    ("reinstate", "End of a suspension", "恢复机构"),
    ("pin_ledger", "Trust in another ledger", "信任其他账本"),
    ("membership", "Nodes and validators", "节点与共识成员"),
    (
        "admit_organisation",
        "Admission of an organisation",
        "接纳新机构",
    ),
    (
        "remove_organisation",
        "Removal of an organisation",
        "移除机构",
    ),
    ("set_authority", "Root certificate", "根证书"),
    (
        "register_admin",
        "An admin in place of those who can act no more",
        "为已无有效管理员的机构登记管理员",
    ),
    ("set_policy", "Who may do an act", "行为权限"),
    ("set_threshold", "Approvals that a change needs", "表决门槛"),
    ("set_calendar", "Business days", "工作日历"),
    ("archive_ledger", "Archiving of the ledger", "账本归档"),
    ("reopen_ledger", "Reopening of the ledger", "账本重开"),
    ("issue", "issue assets", "发行资产"),
    ("attest", "attest evidence", "出具证明"),
    ("freeze", "freeze holdings", "冻结持有"),
    ("upgrade", "replace a contract's code", "升级合约"),
];

/// What a kind of change or an act is called; its own name where it has no other.
pub(crate) fn change(name: &str, language: Language) -> String {
    let known = CHANGES.iter().find(|(known, ..)| *known == name);
    let text = known.map_or(name, |(_, english, chinese)| {
        language.pick(english, chinese)
    });
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use blockworm_execution::{Act, ActionKind};

    #[test]
    fn every_change_and_act_is_called_something() {
        let kinds = ActionKind::ALL.map(ActionKind::name);
        let acts = Act::ALL.map(Act::name);
        for name in kinds.iter().chain(&acts) {
            assert_ne!(change(name, Language::English), *name);
        }
        assert_eq!(kinds.len() + acts.len(), CHANGES.len(), "no more, no fewer");
    }
}
