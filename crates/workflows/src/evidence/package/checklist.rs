//! `checklist.json`: what articles 16 to 19 of China's Online Litigation Rules of the People's Courts ask, what this matter says to it, and what stays open.

use super::{
    collect::Collected,
    facts::{Facts, Said, moment, named, word},
    operators::{NOT_DECLARED, Operators},
};
use serde::Serialize;

/// The format field.
pub const FORMAT: &str = "blockworm-checklist/1";

/// The file.
#[derive(Clone, Debug, Serialize)]
pub struct Checklist {
    /// [`FORMAT`].
    pub format: &'static str,
    /// In the order of the articles.
    pub items: Vec<Item>,
}

/// One thing that a court weighs.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// The article, `16` to `19`.
    pub article: &'static str,
    /// What it asks.
    pub question: Said,
    /// What this matter says to it.
    pub facts: Vec<Said>,
    /// The checks of the verifier that show those facts.
    pub checks: Vec<&'static str>,
    /// What no check of this package can show.
    pub open: Option<Said>,
}

/// Of what was collected.
#[must_use]
pub fn checklist(collected: &Collected, facts: &Facts, operators: &Operators) -> Checklist {
    Checklist {
        format: FORMAT,
        items: vec![
            integrity(collected, facts),
            qualification(collected, facts),
            interest(collected, facts, operators),
            security(collected, facts),
            process(collected),
            before_upload(collected),
            experts(collected),
        ],
    }
}

/// Article 16: not altered since it was put on the ledger.
fn integrity(collected: &Collected, facts: &Facts) -> Item {
    let count = collected.entries.len();
    let mut said = vec![Said::new(
        format!(
            "本事项共有 {count} 项存证，逐项链接，写入由 {} 个验证机构共同确认的区块。",
            facts.validators.len()
        ),
        format!(
            "The matter has {count} entries, chained to one another, in blocks that {} validating organisations made final.",
            facts.validators.len()
        ),
    )];
    if let Some(first) = collected.entries.first() {
        let at = moment(first.row.time_ms.u64());
        said.push(Said::new(
            format!("首项存证的区块时间：{at}。"),
            format!("Block time of the first entry: {at}."),
        ));
    }
    said.push(match facts.earliest_outside() {
        Some(time) => Said::new(
            format!("最早的外部可信时间：{},由 {} 签发。", moment(time.time_ms), time.authority),
            format!("Earliest outside time: {}, by {}.", moment(time.time_ms), time.authority),
        ),
        None => Said::new(
            "本包没有独立于节点运营者的时间戳，存证时间以区块时间为准。",
            "No timestamp here is by an authority apart from those who run nodes; times are the ledger's own.",
        ),
    });
    Item {
        article: "16",
        question: Said::new(
            "电子数据上链后是否未经篡改（技术核验是否一致）？",
            "Is the electronic data unaltered since it was put on the chain (does it pass technical verification)?",
        ),
        facts: said,
        checks: vec![
            "entry[n].original",
            "entry[n].link",
            "entry[n].row",
            "entry[n].history",
            "checkpoint[size].policy",
            "time[size].token",
            "matter.complete",
        ],
        open: Some(Said::new(
            "有无足以推翻的相反证据，由法院审查。",
            "Whether contrary evidence suffices to overturn this is for the court.",
        )),
    }
}

/// Article 17, item 1: the platform meets the rules for such services.
fn qualification(collected: &Collected, facts: &Facts) -> Item {
    let said = facts.operators.iter().map(|slug| {
        let roles = collected
            .organisations
            .get(slug)
            .map(|record| record.roles.join("、"));
        let (name, roles) = (named(collected, slug), roles.unwrap_or_default());
        Said::new(
            format!("{name}运营节点，表决授予的角色：{roles}。"),
            format!(
                "{name} runs a node; roles granted by vote: {}.",
                roles.replace('、', ", ")
            ),
        )
    });
    Item {
        article: "17",
        question: Said::new(
            "（一）存证平台是否符合国家有关部门关于提供区块链存证服务的相关规定？",
            "(1) Does the platform meet the competent authorities' rules for blockchain evidence services?",
        ),
        facts: said.collect(),
        checks: vec!["operators.consistent", "genesis.pinned"],
        open: Some(Said::new(
            "账本上的角色不是行政备案或许可；备案情况须由当事人另行提交。",
            "A role on the ledger is no filing or licence; those are to be submitted apart from this package.",
        )),
    }
}

/// Article 17, item 2: interest between a party and the platform.
fn interest(collected: &Collected, facts: &Facts, operators: &Operators) -> Item {
    let mut said = Vec::new();
    for party in &collected.matter.row.parties {
        let name = named(collected, party);
        said.push(match facts.operators.contains(party) {
            true => Said::new(
                format!("当事人{name}自己运营一个节点，单独不能改写账本。"),
                format!("The party {name} runs a node itself; alone it cannot rewrite the ledger."),
            ),
            false => Said::new(
                format!("当事人{name}不运营节点。"),
                format!("The party {name} runs no node."),
            ),
        });
    }
    let (declared, silent): (Vec<_>, Vec<_>) = operators
        .relations
        .iter()
        .partition(|one| one.relation != NOT_DECLARED);
    for one in declared {
        let by = one.said_by.as_deref().unwrap_or_default();
        let of = if by == one.party {
            &one.organisation
        } else {
            &one.party
        };
        let (speaker, other) = (named(collected, by), named(collected, of));
        said.push(Said::new(
            format!(
                "{speaker}签名声明其与{other}的关系：{}。",
                word(&one.relation)
            ),
            format!(
                "{speaker} signed a statement of its relation to {other}: {}.",
                one.relation
            ),
        ));
    }
    if !silent.is_empty() {
        let pairs: Vec<String> = silent
            .iter()
            .map(|one| format!("{}–{}", one.organisation, one.party))
            .collect();
        let pairs = pairs.join("; ");
        said.push(Said::new(
            format!("双方均未声明关系的运营者与当事人：{pairs}。"),
            format!("Operators and parties of whom neither declared a relation: {pairs}."),
        ));
    }
    Item {
        article: "17",
        question: Said::new(
            "（二）当事人与存证平台是否存在利害关系，并利用技术手段不当干预取证、存证过程？",
            "(2) Is there an interest between a party and the platform, and was the process improperly interfered with?",
        ),
        facts: said,
        checks: vec![
            "operators.consistent",
            "attestation[n].interest",
            "checkpoint[size].cosignature:<name>",
        ],
        open: Some(Said::new(
            "关系系各机构自行声明，账本只能证明其何时如此声明。",
            "Relations are the organisations' own statements; the ledger shows when they were made, not that they are true.",
        )),
    }
}

/// Article 17, item 3: security of the platform's information system.
fn security(collected: &Collected, facts: &Facts) -> Item {
    let faulty = facts.validators.len().saturating_sub(1) / 3;
    let with_lists = collected.revocations.len();
    Item {
        article: "17",
        question: Said::new(
            "（三）存证平台的信息系统是否符合清洁性、安全性、可靠性、可用性的国家标准或者行业标准？",
            "(3) Does the information system meet standards of cleanness, security, reliability and availability?",
        ),
        facts: vec![
            Said::new(
                format!(
                    "{} 个验证节点采用拜占庭容错共识，至多 {faulty} 个作恶或失效不影响账本。",
                    facts.validators.len()
                ),
                format!(
                    "{} validators run Byzantine fault tolerant consensus; up to {faulty} of them may fail or lie.",
                    facts.validators.len()
                ),
            ),
            Said::new(
                format!(
                    "检查点由 {} 个机构用共识之外的密钥会签；包内附 {with_lists} 个机构的证书吊销列表。",
                    facts.cosigners.len()
                ),
                format!(
                    "Checkpoints are cosigned by {} organisations with keys apart from consensus; {with_lists} organisations' lists of revoked certificates are enclosed.",
                    facts.cosigners.len()
                ),
            ),
        ],
        checks: vec![
            "checkpoint[size].form",
            "checkpoint[size].policy",
            "entry[n].signer",
            "genesis.digest",
        ],
        open: Some(Said::new(
            "各机构机房与系统的测评报告不在包内。",
            "Audits of each organisation's premises and systems are not in the package.",
        )),
    }
}

/// Article 17, item 4: technology and process.
fn process(collected: &Collected) -> Item {
    let mut methods: Vec<&str> = collected
        .entries
        .iter()
        .map(|one| one.row.method.as_str())
        .collect();
    methods.sort_unstable();
    methods.dedup();
    let zh: Vec<String> = methods.iter().map(|one| word(one)).collect();
    Item {
        article: "17",
        question: Said::new(
            "（四）存证技术和过程是否符合关于系统环境、技术安全、加密方式、数据传输、信息验证等方面的要求？",
            "(4) Do technology and process meet the requirements on environment, security, encryption, transmission and verification?",
        ),
        facts: vec![
            Said::new(
                "链上只存加盐摘要（SHA-256）；签名为 Ed25519 或 ECDSA P-256；默克尔树依 RFC 6962；时间戳依 RFC 3161；格式全部公开。",
                "Only salted digests (SHA-256) are on the ledger; signatures are Ed25519 or ECDSA P-256, Merkle trees RFC 6962, timestamps RFC 3161; all formats are public.",
            ),
            Said::new(
                format!("取证方式：{}。", zh.join("、")),
                format!("Ways of capture: {}.", methods.join(", ")),
            ),
        ],
        checks: vec![
            "entry[n].capture",
            "entry[n].signer",
            "time[size].token",
            "time[size].record",
        ],
        open: None,
    }
}

/// Article 18: true before it was put on the ledger.
fn before_upload(collected: &Collected) -> Item {
    let mut said = Vec::new();
    for entry in collected.entries.iter().map(|one| &one.row) {
        let (captured, on) = (entry.captured_ms.u64(), entry.time_ms.u64());
        let apart = on.saturating_sub(captured) / 1000;
        let (phase, by) = (word(&entry.phase), &entry.by);
        said.push(Said::new(
            format!("第 {} 项（{phase}）：由 {by} 自述于 {} 取得，{apart} 秒后上链。", entry.number, moment(captured)),
            format!("Entry {} ({}): captured by {by}, as it says, at {}, on the ledger {apart} s later.", entry.number, entry.phase, moment(captured)),
        ));
    }
    for attestation in collected.attestations.iter().map(|one| &one.row) {
        let name = named(collected, &attestation.organisation);
        let withdrawn = attestation.withdrawn.is_some();
        said.push(Said::new(
            format!(
                "{name}以{}身份对第 {} 项作证：{}{}。",
                word(&attestation.role),
                attestation.entry,
                word(&attestation.statement),
                if withdrawn { ",其后撤回" } else { "" }
            ),
            format!(
                "{name}, as {}, attested entry {}: {}{}.",
                attestation.role,
                attestation.entry,
                attestation.statement,
                if withdrawn { ", later withdrawn" } else { "" }
            ),
        ));
    }
    if collected.attestations.is_empty() {
        said.push(Said::new(
            "没有公证或第三方见证。",
            "There is no notary's or third party's attestation.",
        ));
    }
    Item {
        article: "18",
        question: Said::new(
            "电子数据上链存储前是否真实（来源、生成机制、存储过程、公证、第三方见证、关联印证）？",
            "Was the data true before it was put on the chain (origin, generation, storage, notarisation, witnesses, corroboration)?",
        ),
        facts: said,
        checks: vec![
            "entry[n].capture",
            "attestation[n].role",
            "attestation[n].interest",
        ],
        open: Some(Said::new(
            "账本不能证明上链之前的真实性；取证记录是存证人的自述，由法院结合其他证据判断。",
            "The ledger cannot show what was true before the upload; capture records are the depositor's own account, to be weighed with other evidence.",
        )),
    }
}

/// Article 19: experts and the court's own verification.
fn experts(collected: &Collected) -> Item {
    let disputes = collected
        .acts
        .iter()
        .filter(|one| one.row.act.name() == "dispute")
        .count();
    let decisions = collected
        .acts
        .iter()
        .filter(|one| one.row.act.name() == "decide")
        .count();
    Item {
        article: "19",
        question: Said::new(
            "是否需要有专门知识的人提出意见、委托鉴定或者调取其他证据核对？",
            "Is an expert's opinion, an appraisal or other evidence needed?",
        ),
        facts: vec![
            Said::new(
                format!("链上记录异议 {disputes} 次、裁判 {decisions} 次。"),
                format!("On the ledger: disputes {disputes}, decisions {decisions}."),
            ),
            Said::new(
                "任何人可依 VERIFY.md 离线复核，无须账号，也无须信任平台。",
                "Anybody can verify this package offline by VERIFY.md, without an account and without trusting the platform.",
            ),
        ],
        checks: vec!["bag.manifest", "report.content", "act[n].role"],
        open: Some(Said::new(
            "是否鉴定、是否调取其他证据，由法院决定。",
            "Whether to appoint an expert or to obtain other evidence is for the court.",
        )),
    }
}
