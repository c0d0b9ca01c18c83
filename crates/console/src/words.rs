//! Every fixed text of the pages, both languages side by side: a text without its translation does
//! not compile.

macro_rules! words {
    ($($name:ident: $english:literal, $chinese:literal;)*) => {
        /// The fixed texts in one language.
        pub(crate) struct Words {
            $(pub(crate) $name: &'static str,)*
        }

        /// In English.
        pub(crate) const ENGLISH: Words = Words { $($name: $english,)* };
        /// In simplified Chinese.
        pub(crate) const CHINESE: Words = Words { $($name: $chinese,)* };

        /// Name, English, Chinese.
        #[cfg(test)]
        const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $chinese),)*];
    };
}

words! {
    // The frame
    skip: "Skip to the content", "跳到正文";
    overview: "Overview", "概览";
    blocks: "Blocks", "区块";
    receivables: "Receivables", "应收账款";
    consortium: "Consortium", "联盟治理";
    interface: "API", "接口文档";
    search: "Search", "查询";
    search_hint: "Transaction id, block height or receivable id", "交易编号、区块高度或应收账款编号";
    language: "Language", "语言";
    appearance: "Appearance", "外观";
    theme_auto: "Auto", "自动";
    theme_light: "Light", "浅色";
    theme_dark: "Dark", "深色";
    node_of: "Node of", "节点所属机构";
    reads_only: "This console only reads", "本控制台仅供查阅";
    copy: "Click to copy", "点击复制";
    copied: "Copied", "已复制";
    behind_title: "This node is catching up.", "本节点正在同步。";
    behind_at: "It has stored block", "已存储到区块";
    behind_of: "of at least", "，网络至少已到";
    behind_note: "What the others agreed on since is not shown yet.", "此后各方已达成共识的内容尚未显示。";

    // Overview
    ledgers: "Ledgers of this node", "本节点的账本";
    ledger: "Ledger", "账本";
    ledger_id: "Ledger id", "账本编号";
    height: "Height", "高度";
    state: "State", "状态";
    up_to_date: "up to date", "已同步";
    catching_up: "catching up", "同步中";
    waiting: "Waiting transactions", "待打包交易";
    peers: "Other validators heard", "可联系的其他共识节点";
    cosigners: "Checkpoint cosigned by", "检查点联署节点";
    of: "of", "/";
    last_block: "Last block", "最新区块时间";
    genesis_digest: "Genesis digest", "创世摘要";
    genesis: "Genesis file", "创世文件";
    organisations: "Organisations and their nodes", "机构及其节点";
    organisation: "Organisation", "机构";
    roles: "Roles", "角色";
    node: "Node", "节点";
    this_node: "this node", "本节点";
    heard: "heard lately", "近期有消息";
    silent: "not heard lately", "近期无消息";
    never_heard: "not heard yet", "尚无消息";
    watches: "does not vote", "不投票";
    no_node: "no validator", "无共识节点";
    suspended: "suspended", "已暂停";
    heights_note: "Heights of others are the highest blocks that this node heard them vote for; they may stand higher.", "其他节点的高度，是本节点收到其投票的最高区块；实际高度可能更高。";
    more_organisations: "Only the first 100 organisations are shown; the API lists all.", "仅显示前 100 个机构；完整列表见接口。";
    live_blocks: "Live blocks", "实时区块";
    live: "live", "实时";
    reconnecting: "connection lost, trying again", "连接中断，正在重连";
    paused: "paused", "已暂停更新";
    pause: "Pause", "暂停";
    resume: "Resume", "继续";
    new_since: "New blocks since the pause:", "暂停以来的新区块：";
    no_blocks: "No block yet: the first transaction makes one.", "还没有区块：第一笔交易提交后产生。";
    older: "Older blocks", "更早的区块";
    newer: "Newest blocks", "最新的区块";

    // What the consortium decides
    no_proposals: "None yet. An admin proposes: blockworm proposal make.", "尚无。由管理员提出：blockworm proposal make。";
    proposal: "Proposal", "提案";
    proposal_open: "open", "表决中";
    proposal_accepted: "accepted", "已通过";
    proposal_rejected: "rejected", "已否决";
    proposal_expired: "expired", "已过期";
    what_changes: "What", "变更对象";
    before: "Before", "变更前";
    after: "After", "变更后";
    differences_note: "The differences are the ledger's own words; every vote names the change by its digest.", "变更前后内容为账本原文；每一票都以摘要指明所表决的变更。";
    votes: "Votes", "表决";
    approvals: "approvals", "赞成";
    voted_yes: "yes", "赞成";
    voted_no: "no", "反对";
    open_until: "Open until (UTC)", "表决截止（UTC）";
    decided_in: "Decided in block", "作出决定的区块";
    rules: "Rules", "规则";
    who_may: "Who may", "何者可为";
    by_contract: "as each contract says", "依各合约规定";
    more_than: "More than this share must approve", "须超过以下比例赞成";
    archived: "The ledger is archived: it takes nothing but proposals and votes.", "账本已归档，仅接受提案与表决。";
    older_proposals: "Older proposals", "更早的提案";

    // Certificates of the node's organisation
    certificates: "Certificates", "证书";
    certificate: "Certificate", "证书";
    no_certificates: "This node looks after no certificates: [identity] is not in its node.toml.", "本节点不管理证书：node.toml 中没有 [identity]。";
    certificates_note: "The node renews what has less than a third of its life left; a certificate that ends never stops the ledger.", "剩余有效期不足三分之一时节点自动续期；证书到期不会使账本停止。";
    profile: "For", "用途";
    profile_member: "member", "成员";
    profile_node: "node", "节点";
    profile_tls: "TLS server", "TLS 服务器";
    profile_document: "signing documents", "文件签名";
    profile_time: "timestamps", "时间戳";
    profile_authority: "authority", "签发机构";
    certificate_valid: "valid", "有效";
    certificate_ending: "ends soon", "即将到期";
    certificate_not_yet: "not yet valid", "尚未生效";
    certificate_expired: "expired", "已过期";
    left: "Left", "剩余";
    days: "days", "天";
    hours: "hours", "小时";
    ends: "Ends (UTC)", "到期时间（UTC）";
    serial: "Serial number", "序列号";

    // Blocks
    block: "Block", "区块";
    time_utc: "Time (UTC)", "时间（UTC）";
    transactions: "Transactions", "交易";
    transaction_count: "Transactions", "交易数";
    digest: "Digest", "摘要";
    header: "Header", "区块头";
    parent: "Parent", "父区块";
    child: "Next block", "下一区块";
    version: "Header version", "区块头版本";
    protocol: "Protocol version", "协议版本";
    history_root: "History root", "历史根";
    transactions_root: "Transactions root", "交易根";
    receipts_root: "Receipts root", "回执根";
    state_root: "State root", "状态根";
    roots_note: "Receipts root and state root are those after an earlier block: this many blocks before:", "回执根与状态根对应更早的区块，相差区块数：";
    next_validators: "Next validators", "下一共识组摘要";
    block_bytes: "Bytes of its transactions", "交易字节数";
    finality: "Finality", "终局性";
    final_own: "Final: certified by its own votes.", "已终局：由针对本区块的投票直接证明。";
    final_through: "Final through a later block: the votes below certify block", "通过后续区块终局：以下投票证明的是区块";
    final_through_why: "which builds on this one, so this one cannot change either.", "；它建立在本区块之上，因此本区块同样不可更改。";
    no_certificate: "Stored and executed here. No certificate was found within the next 256 blocks; one follows with the next certified block.", "已在本节点存储并执行。在其后 256 个区块内未找到投票证明；下一个带证明的区块产生后即可显示。";
    genesis_final: "The genesis header is not voted on: the founders fixed it.", "创世区块头不经投票：由发起机构确定。";
    signers: "Signed by", "签名机构";
    quorum: "Quorum", "法定票数";
    quorum_needed: "needed", "需要";
    quorum_reached: "reached", "已达";
    quorum_validators: "validators", "个共识节点";
    epoch: "Epoch", "纪元";
    view: "View", "视图";
    signed: "signed", "已签名";
    not_signed: "not in this certificate", "不在此证明中";
    empty_block: "This block holds no transactions: it carries the roots of earlier ones or shows that the network lives.", "本区块没有交易：它承载先前区块的根，或表明网络正常运行。";
    place: "Place", "序号";
    sender: "Sender", "发送方";
    contract: "Contract", "合约";
    result: "Result", "结果";
    previous_page: "Previous", "上一页";
    next_page: "Next", "下一页";

    // A transaction
    transaction: "Transaction", "交易";
    took_effect: "took effect", "已生效";
    refused: "refused", "已拒绝";
    functions: "Functions", "职能";
    no_functions: "none", "无";
    unknown_member: "not registered on this ledger", "未在本账本注册";
    revoked: "revoked", "已吊销";
    key: "Key", "公钥";
    expires: "Expires (UTC)", "有效期至（UTC）";
    nonce: "Nonce", "随机数";
    signature: "Signature", "签名";
    message: "Message", "消息内容";
    payload: "Payload for the receiving contract", "转交接收合约的内容";
    message_bytes: "The message is not JSON text; its bytes in hex:", "消息不是 JSON 文本；十六进制字节：";
    receipt: "Receipt", "回执";
    code: "Code", "代码";
    cost: "Cost in units of work", "开销（工作量单位）";
    returned: "Returned data", "返回数据";
    reason: "In the contract's words", "合约原文";
    events: "What happened", "发生的事项";
    no_events: "Nothing: a refused transaction changes nothing.", "无：被拒绝的交易不改变任何状态。";
    no_events_ok: "The contract reported no event.", "合约未报告事项。";
    details: "Details", "详情";
    proof: "Proof", "证明";
    proof_ready: "Anybody can check this transaction offline with the proof and a genesis that they trust.", "任何人凭此证明和其信任的创世文件，即可离线核验本交易。";
    proof_download: "Download the proof", "下载证明";
    proof_wait: "Not yet provable", "暂不可证明";
    proof_wait_why: "The header that carries this block's roots is not certified yet. The button works by itself once it is; that needs a certified block at height", "承载本区块各根的区块头尚未获得投票证明；获得后按钮自动可用。所需的被证明高度：";
    proof_check: "Check it with", "核验命令";
    as_json: "As JSON", "JSON 格式";

    // Receivables
    receivable: "Receivable", "应收账款";
    history: "History", "历史";
    status: "Status", "状态";
    status_issued: "issued", "已登记";
    status_confirmed: "confirmed", "已确认";
    status_financed: "financed", "已融资";
    status_settled: "settled", "已清偿";
    status_refused: "refused", "已拒绝";
    status_withdrawn: "withdrawn", "已撤回";
    overdue: "overdue", "已逾期";
    step_issued: "Issued by the seller", "卖方登记";
    step_confirmed: "Confirmed by the buyer", "买方确认";
    step_financed: "Financed", "融资";
    step_settled: "Settled by the buyer", "买方清偿";
    step_refused: "Refused by the buyer", "买方拒绝";
    step_withdrawn: "Withdrawn by the seller", "卖方撤回";
    step_asked: "Offered to banks", "向银行报价";
    step_notified: "Notice of the overdue debt", "逾期催告";
    step_demanded: "Demanded back from the seller", "向卖方追索";
    step_repurchased: "Taken back by the seller", "卖方回购";
    parts: "Parts", "拆分";
    part: "Part", "份额";
    owner: "Owner", "持有人";
    financed_by: "Financed by", "融资银行";
    settled_amount: "Paid so far", "已付";
    no_parts: "The parts begin when the buyer confirms.", "买方确认后方产生份额。";
    notice: "Notice", "催告函";
    asset: "Asset", "资产";
    seller: "Seller", "卖方";
    buyer: "Buyer", "买方";
    amount: "Amount owed", "应付金额";
    price: "Price asked", "转让价格";
    paid: "Paid", "支付";
    due: "Due", "到期日";
    invoice_digest: "Digest of the invoice's identity", "发票身份摘要";
    commitment: "Commitment to the file", "文件承诺值";
    by: "By", "办理人";
    no_transaction: "The transaction of this step is not among this block's events.", "本区块的事项中未找到该步骤的交易。";
    history_limit: "The history is what the contract recorded: each step that took effect. Refused attempts change nothing on the record and are not listed; they are found by their transaction id.", "历史以合约记录为准，仅含已生效的步骤。被拒绝的尝试不改变记录，故不在此列；可按其交易编号查询。";
    not_issued: "not yet", "尚未进行";
    no_receivables: "No receivable has been issued on this ledger yet.", "本账本尚未登记应收账款。";

    // Signing in
    sign_in: "Sign in", "登录";
    sign_in_to: "To the node of", "节点所属机构：";
    sign_out: "Sign out", "退出";
    user_name: "Name", "用户名";
    password: "Password", "密码";
    one_time_code: "Code", "验证码";
    one_time_code_hint: "Six digits of your authenticator app, or a recovery code", "身份验证器应用的六位数字，或恢复码";
    or: "or", "或";
    sign_in_by_passkey: "Sign in by passkey", "用通行密钥登录";
    passkey_cancelled: "Nothing came of it: cancelled, too slow, or no passkey that fits.", "未完成：已取消、超时，或没有合适的通行密钥。";
    passkey_missing: "This browser knows no passkeys.", "该浏览器不支持通行密钥。";
    passkey_no_name: "Passkeys need the console's host name: open it by its name instead of its address.", "通行密钥需要主机名：请用主机名而非地址打开控制台。";

    // One's own account
    account: "Account", "账户";
    may: "May", "权限";
    all_ledgers: "all of this node", "本节点的全部账本";
    recovery_left: "Recovery codes left", "剩余恢复码";
    account_note: "A password, the app's secret, recovery codes and rights are changed by the node's operator: blockworm console-user.", "密码、验证器密钥、恢复码和权限由节点运维人员更改：blockworm console-user。";
    passkeys: "Passkeys", "通行密钥";
    passkey: "Passkey", "通行密钥";
    no_passkeys: "None yet. A passkey signs in by the lock of your device, without password and code.", "尚无。通行密钥用设备的锁屏方式登录，无需密码和验证码。";
    passkey_site: "Counts at", "适用地址";
    passkey_label: "Name of the new passkey", "新通行密钥的名称";
    add_passkey: "Add a passkey", "添加通行密钥";
    added: "Added (UTC)", "添加时间（UTC）";
    last_used: "Last used (UTC)", "最近使用（UTC）";
    never_used: "never", "从未";
    remove: "Remove", "移除";
    sessions: "Sessions", "会话";
    began: "Began (UTC)", "开始时间（UTC）";
    from_address: "From", "来源地址";
    signed_in_by: "Signed in by", "登录方式";
    by_passkey: "passkey", "通行密钥";
    by_code: "password and code", "密码和验证码";
    by_recovery: "password and recovery code", "密码和恢复码";
    this_session: "this one", "当前会话";
    end_session: "End", "结束";

    // What went wrong
    error: "Error", "错误";
    next: "What next", "下一步";
    back: "Back to the overview", "返回概览";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_stands_in_both_languages() {
        let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        for (name, english, chinese) in ALL {
            assert!(!english.is_empty() && !chinese.is_empty(), "{name}");
            assert!(
                !english.contains(is_chinese),
                "{name} mixes languages: {english}"
            );
            let neutral = matches!(*name, "of");
            assert!(
                neutral || chinese.contains(is_chinese),
                "{name} is not translated: {chinese}"
            );
        }
        assert!(ALL.len() > 100);
    }
}
