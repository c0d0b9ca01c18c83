//! `report.pdf`: the package for people, above all for a judge, in Chinese and English.

use super::{
    export::Material,
    facts::{TimeFact, moment, named, root_name, word},
    operators::NOT_DECLARED,
};
use blockworm_document::{Attachment, Block, Column, Document, Table};

/// The report, with the index attached.
#[must_use]
pub fn report(material: &Material<'_>, index: &[u8]) -> Document {
    let matter = &material.collected.matter.row.id;
    let id = format!("{}/{matter}", material.collected.genesis.ledger_id());
    let mut blocks = vec![
        Block::Title {
            text: "电子证据报告".into(),
            subtitle: format!("Evidence report\n事项 Matter: {matter}"),
            code: Some(format!("blockworm-evidence:{id}?index={}", material.index)),
        },
        Block::Table(Table::facts(summary(material))),
    ];
    blocks.extend(verdict(material));
    blocks.extend(entries(material));
    blocks.extend(attestations(material));
    blocks.extend(acts(material));
    blocks.extend(times(material));
    blocks.extend(operators(material));
    blocks.extend(checklist(material));
    blocks.extend(missing(material));
    blocks.extend(how(material));
    Document {
        title: format!("电子证据报告 Evidence report {matter}"),
        language: "zh-CN".into(),
        id,
        created_ms: material.exported_ms,
        blocks,
        attachments: vec![Attachment {
            name: "matter.json".into(),
            media: "application/json".into(),
            description: "证据包索引 Index of the evidence package".into(),
            data: index.to_vec(),
        }],
    }
}

fn heading(text: &str) -> Block {
    Block::Heading(text.to_owned())
}

fn summary(material: &Material<'_>) -> Vec<(String, String)> {
    let collected = material.collected;
    let matter = &collected.matter.row;
    let parties: Vec<String> = matter
        .parties
        .iter()
        .map(|slug| named(collected, slug))
        .collect();
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let mut rows = vec![
        fact("当事人 Parties", parties.join("\n")),
        fact(
            "账本 Ledger",
            format!(
                "{} ({})",
                collected.genesis.name,
                collected.genesis.ledger_id()
            ),
        ),
        fact(
            "创世摘要 Genesis digest",
            collected.genesis.digest().to_string(),
        ),
        fact(
            "立项 Opened",
            format!("{} {}", moment(matter.time_ms.u64()), matter.opened_by),
        ),
        fact(
            "存证、见证、程序 Entries, attestations, acts",
            format!(
                "{}、{}、{}",
                matter.entries, matter.attestations, matter.acts
            ),
        ),
        fact("核对区块 As of block", collected.state_height.to_string()),
        fact(
            "导出 Exported",
            format!(
                "{} {}",
                moment(material.exported_ms),
                named(collected, material.exported_by)
            ),
        ),
        fact("索引摘要 Digest of the index", material.index.to_string()),
    ];
    if let Some(act) = matter.hold {
        rows.push(fact(
            "保全 Legal hold",
            format!("自第 {act} 号程序起禁止销毁 since act {act}"),
        ));
    }
    rows
}

/// What this report is, and what it is not.
fn verdict(material: &Material<'_>) -> Vec<Block> {
    let outside = match material.facts.earliest_outside() {
        Some(time) => format!(
            "最早的外部可信时间为 {},由 {} 签发。\nThe earliest time that somebody says who runs no node here is {}, by {}.",
            moment(time.time_ms),
            time.authority,
            moment(time.time_ms),
            time.authority
        ),
        None => {
            "本包没有独立于节点运营者的时间戳。\nNo timestamp here is by somebody who runs no node."
                .to_owned()
        }
    };
    vec![
        Block::Paragraph(
            "本报告概述随附的证据包，本身不是核验结论。结论须由核验者依包内 VERIFY.md 或核验程序自行得出，无须账号，无须信任平台。\n\
            This report sums up the package that it came with; it is no verdict. Verify the package yourself by its VERIFY.md or with the verifier: no account is needed, and no trust in the platform."
                .into(),
        ),
        Block::Paragraph(outside),
    ]
}

fn entries(material: &Material<'_>) -> Vec<Block> {
    let collected = material.collected;
    let columns = vec![
        Column::new("号 No", 0.06),
        Column::new("阶段与类型 Phase and kind", 0.2),
        Column::new("存证人 By", 0.24),
        Column::new("取证、上链时间 Captured, on the ledger", 0.26),
        Column::new("原件 Original", 0.24),
    ];
    let rows = collected.entries.iter().map(|one| {
        let entry = &one.row;
        let prefix = format!("data/originals/{:04}-", entry.number);
        let mut files = material
            .placed
            .files
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix));
        let original = match (
            files.next(),
            material.placed.without_original.get(&entry.number),
        ) {
            (Some(name), _) => name.to_owned(),
            (None, Some(&"erased")) => "已销毁 erased".to_owned(),
            (None, _) => "未附 not enclosed".to_owned(),
        };
        vec![
            entry.number.to_string(),
            format!("{}\n{}", word(&entry.phase), word(&entry.kind)),
            format!("{}\n{}", named(collected, &entry.organisation), entry.by),
            format!(
                "{}\n{}",
                moment(entry.captured_ms.u64()),
                moment(entry.time_ms.u64())
            ),
            format!("{original}\n{} B, {}", entry.size, word(&entry.method)),
        ]
    });
    let digests = collected.entries.iter().map(|one| {
        let entry = &one.row;
        vec![
            entry.number.to_string(),
            format!("{}\n{}", entry.commitment, entry.link),
            format!(
                "{}\n{}",
                entry.height,
                entry.transaction.get(..16).unwrap_or_default()
            ),
        ]
    });
    vec![
        heading("一、存证 Entries"),
        Block::Table(Table::new(columns, rows.collect())),
        Block::Table(Table::new(
            vec![
                Column::new("号 No", 0.06),
                Column::new("承诺与链接 Commitment and link", 0.7),
                Column::new("区块、交易 Block, transaction", 0.24),
            ],
            digests.collect(),
        )),
    ]
}

fn attestations(material: &Material<'_>) -> Vec<Block> {
    let collected = material.collected;
    let mut blocks = vec![heading("二、公证与见证 Attestations")];
    if collected.attestations.is_empty() {
        blocks.push(Block::Paragraph("无。None.".into()));
        return blocks;
    }
    let rows = collected.attestations.iter().map(|one| {
        let row = &one.row;
        let withdrawn = row
            .withdrawn
            .map(|height| format!("\n已于区块 {height} 撤回 withdrawn in block {height}"));
        vec![
            row.number.to_string(),
            row.entry.to_string(),
            format!(
                "{}\n{}",
                named(collected, &row.organisation),
                word(&row.role)
            ),
            format!("{}{}", word(&row.statement), withdrawn.unwrap_or_default()),
            moment(row.time_ms.u64()),
        ]
    });
    blocks.push(Block::Table(Table::new(
        vec![
            Column::new("号 No", 0.06),
            Column::new("存证 Entry", 0.1),
            Column::new("由谁 By", 0.3),
            Column::new("所述 Statement", 0.28),
            Column::new("时间 Time", 0.26),
        ],
        rows.collect(),
    )));
    blocks
}

fn acts(material: &Material<'_>) -> Vec<Block> {
    let collected = material.collected;
    let mut blocks = vec![heading(
        "三、异议、裁判与保存 Disputes, decisions, retention",
    )];
    if collected.acts.is_empty() {
        blocks.push(Block::Paragraph("无。None.".into()));
        return blocks;
    }
    let rows = collected.acts.iter().map(|one| {
        let row = &one.row;
        let mut about = String::new();
        if let Some(entry) = row.entry {
            about.push_str(&format!("存证 entry {entry} "));
        }
        if let Some(of) = row.of {
            about.push_str(&format!("第 {of} 号 no {of} "));
        }
        if let Some(outcome) = &row.outcome {
            about.push_str(&word(outcome));
        }
        if let Some(until) = row.until_ms {
            about.push_str(&format!("至 until {}", moment(until.u64())));
        }
        vec![
            row.number.to_string(),
            word(row.act.name()),
            about,
            format!("{}\n{}", named(collected, &row.organisation), row.by),
            moment(row.time_ms.u64()),
        ]
    });
    blocks.push(Block::Table(Table::new(
        vec![
            Column::new("号 No", 0.06),
            Column::new("程序 Act", 0.18),
            Column::new("关于 About", 0.24),
            Column::new("由谁 By", 0.26),
            Column::new("时间 Time", 0.26),
        ],
        rows.collect(),
    )));
    blocks
}

fn times(material: &Material<'_>) -> Vec<Block> {
    let collected = material.collected;
    let rows = collected.checkpoints.iter().map(|(size, covering)| {
        let time = material.facts.times.iter().find(|one| one.size == *size);
        let cosigners: Vec<&str> = covering
            .checkpoint
            .cosigners
            .iter()
            .map(|one| one.organisation.as_str())
            .collect();
        vec![
            format!("{}", size - 1),
            numbers(
                collected
                    .entries
                    .iter()
                    .map(|one| &one.row)
                    .filter(|row| collected.covered.get(&row.height) == Some(size))
                    .map(|row| row.number),
            ),
            if cosigners.is_empty() {
                "—".to_owned()
            } else {
                cosigners.join(", ")
            },
            time.map_or_else(|| "尚无 none yet".to_owned(), |time| said(material, time)),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return vec![
            heading("四、时间与会签 Times and cosignatures"),
            Block::Paragraph("尚无会签的检查点。No cosigned checkpoint yet.".into()),
        ];
    }
    vec![
        heading("四、时间与会签 Times and cosignatures"),
        Block::Table(Table::new(
            vec![
                Column::new("至区块 Up to block", 0.14),
                Column::new("存证 Entries", 0.14),
                Column::new("会签机构 Cosigned by", 0.3),
                Column::new("时间戳 Timestamp", 0.42),
            ],
            rows,
        )),
        Block::Remark(
            "多少机构会签才算数，由核验者手中的规则文件决定，不由本包决定。\n\
            How many cosigners are enough is said by the policy file in the verifier's hands, not by this package."
                .into(),
        ),
    ]
}

fn numbers(all: impl Iterator<Item = u32>) -> String {
    let all: Vec<String> = all.map(|number| number.to_string()).collect();
    if all.is_empty() {
        "—".to_owned()
    } else {
        all.join(", ")
    }
}

fn said(material: &Material<'_>, time: &TimeFact) -> String {
    let run = match (&time.run_by, time.outside) {
        (Some(slug), false) => format!(
            "由节点运营者 {slug} 自办，不算外部时间 run by {slug}, which runs a node: no outside time"
        ),
        (Some(slug), true) => format!(
            "由 {} 运营，不运营节点 run by it, which runs no node",
            named(material.collected, slug)
        ),
        (None, _) => "外部机构 an outside authority".to_owned(),
    };
    format!("{}\n{}\n{run}", moment(time.time_ms), time.authority)
}

fn operators(material: &Material<'_>) -> Vec<Block> {
    let collected = material.collected;
    let rows = material.operators.nodes.iter().map(|node| {
        let root = collected.organisations.get(&node.organisation);
        vec![
            format!(
                "{}\n{}",
                named(collected, &node.organisation),
                root.map(|one| root_name(&one.ca_certificate))
                    .unwrap_or_default()
            ),
            node.roles
                .iter()
                .map(|role| word(role))
                .collect::<Vec<_>>()
                .join("、"),
            if node.votes {
                "表决 votes"
            } else {
                "观察 watches"
            }
            .to_owned(),
            if node.cosigner.is_some() {
                "是 yes"
            } else {
                "否 no"
            }
            .to_owned(),
        ]
    });
    let relations = material.operators.relations.iter().map(|one| {
        let said_by = one.said_by.as_deref().unwrap_or("—");
        vec![
            named(collected, &one.organisation),
            named(collected, &one.party),
            if one.relation == NOT_DECLARED {
                word(NOT_DECLARED)
            } else {
                format!("{} ({said_by})", word(&one.relation))
            },
        ]
    });
    vec![
        heading("五、节点由谁运营 Who runs the nodes"),
        Block::Table(Table::new(
            vec![
                Column::new("机构 Organisation", 0.44),
                Column::new("角色 Roles", 0.24),
                Column::new("区块 Blocks", 0.16),
                Column::new("会签 Cosigned", 0.16),
            ],
            rows.collect(),
        )),
        Block::Table(Table::new(
            vec![
                Column::new("运营者 Operator", 0.36),
                Column::new("当事人 Party", 0.36),
                Column::new("关系（声明者） Relation (said by)", 0.28),
            ],
            relations.collect(),
        )),
    ]
}

fn checklist(material: &Material<'_>) -> Vec<Block> {
    let rows = material.checklist.items.iter().map(|item| {
        let zh: Vec<String> = item
            .facts
            .iter()
            .map(|one| format!("· {}", one.zh))
            .collect();
        let en: Vec<String> = item
            .facts
            .iter()
            .map(|one| format!("· {}", one.en))
            .collect();
        let facts = format!("{}\n\n{}", zh.join("\n"), en.join("\n"));
        let open = item
            .open
            .as_ref()
            .map_or_else(String::new, super::facts::Said::lines);
        vec![
            format!("第{}条\nArt. {}", item.article, item.article),
            item.question.lines(),
            facts,
            open,
        ]
    });
    vec![
        heading("六、法院审查要点 What a court weighs"),
        Block::Remark(
            "依《人民法院在线诉讼规则》第十六条至第十九条。左起：条文、所问、本事项的事实、仍待法院判断者。\n\
            By articles 16 to 19 of the Online Litigation Rules of the People's Courts: what each asks, what this matter says to it, what stays open for the court."
                .into(),
        ),
        Block::Table(Table::new(
            vec![
                Column::new("条 Art.", 0.09),
                Column::new("所问 Question", 0.25),
                Column::new("事实 Facts", 0.42),
                Column::new("待法院判断 Open", 0.24),
            ],
            rows.collect(),
        )),
    ]
}

fn missing(material: &Material<'_>) -> Vec<Block> {
    let mut blocks = vec![heading("七、本包所缺 What is not in this package")];
    for one in material.missing {
        blocks.push(Block::Remark(one.said.lines()));
    }
    if material.missing.is_empty() {
        blocks.push(Block::Paragraph("无。Nothing.".into()));
    }
    blocks
}

fn how(material: &Material<'_>) -> Vec<Block> {
    let id = format!(
        "{}/{}",
        material.collected.genesis.ledger_id(),
        material.collected.matter.row.id
    );
    vec![
        heading("八、如何核验 How to verify"),
        Block::Paragraph(format!(
            "1. 从可信来源取得创世摘要与会签规则文件，不要用本包内的。\n\
            2. 运行 blockworm verify {0}.evidence.zip --genesis 创世摘要 --policy 规则文件，或在浏览器核验页中打开本包。\n\
            3. 或解压后依 data/VERIFY.md 的命令，只用 sha256sum 与 openssl。\n\
            4. 本报告内附索引 matter.json,其 SHA-256 见首页；二维码载明证据包编号 {id} 与该摘要。\n\
            1. Get the genesis digest and the policy file from somebody you trust, not from this package.\n\
            2. Run blockworm verify {0}.evidence.zip --genesis DIGEST --policy FILE, or open the package in the verifier's page.\n\
            3. Or unzip it and run the commands of data/VERIFY.md, with sha256sum and openssl alone.\n\
            4. The index matter.json is attached to this report, its SHA-256 on the first page; the code holds the package's id and that digest.",
            material.collected.matter.row.id
        )),
    ]
}
