//! A document's text and attachment come out of it again, and the same document gives the same bytes.
#![allow(clippy::unwrap_used)]

use blockworm_document::{Attachment, Block, Column, Document, Table};
use std::process::Command;

fn document() -> Document {
    let row = |n: u32| {
        vec![
            n.to_string(),
            format!("第{n}份合同 Contract {n}"),
            "a".repeat(64),
        ]
    };
    Document {
        title: "证据报告 Evidence report".into(),
        language: "zh".into(),
        id: "l123/matter-1".into(),
        created_ms: 1_795_423_899_000,
        blocks: vec![
            Block::Title {
                text: "证据报告".into(),
                subtitle: "Evidence report".into(),
                code: Some("blockworm:l123/matter-1".into()),
            },
            Block::Heading("一、当事人 Parties".into()),
            Block::Paragraph("龘𠮷先生(原告)与示例公司订立合同,约定“货到付款”。Mr Long and Example Ltd agreed on payment on delivery.".into()),
            Block::Table(Table::facts(vec![("金额 Amount".into(), "¥ 1,250,000.00".into())])),
            Block::Heading("二、存证 Deposits".into()),
            Block::Table(Table::new(
                vec![Column::new("号 No", 0.1), Column::new("名称 Name", 0.4), Column::new("摘要 Digest", 0.5)],
                (1..=60).map(row).collect(),
            )),
            Block::Remark("end of the document".into()),
        ],
        attachments: vec![Attachment {
            name: "matter.json".into(),
            media: "application/json".into(),
            description: "index".into(),
            data: b"{\"format\":\"blockworm-evidence/1\"}".to_vec(),
        }],
    }
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let first = document().to_pdf().unwrap();
    assert_eq!(first, document().to_pdf().unwrap());
    assert!(first.starts_with(b"%PDF-1."));
    if let Some(folder) = std::env::var_os("BLOCKWORM_SHOW") {
        std::fs::write(std::path::Path::new(&folder).join("page.pdf"), &first).unwrap();
    }
}

#[test]
fn text_and_attachment_come_out_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.pdf");
    std::fs::write(&file, document().to_pdf().unwrap()).unwrap();
    let Ok(shown) = Command::new("pdftotext")
        .arg("-layout")
        .arg(&file)
        .arg("-")
        .output()
    else {
        return not_run::not_run(
            "text_and_attachment_come_out_again: there is no pdftotext (package poppler-utils)",
        );
    };
    let text = String::from_utf8(shown.stdout).unwrap();
    for part in [
        "证据报告",
        "龘[U+20BB7]先生",
        "第60份合同 Contract 60",
        "end of the document",
        "1/3",
        "3/3",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert_eq!(
        text.matches("摘要").count(),
        3,
        "the head stands on each page\n{text}"
    );
    let saved = folder.path().join("saved.json");
    let status = Command::new("pdfdetach")
        .args(["-save", "1", "-o"])
        .arg(&saved)
        .arg(&file)
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(
        std::fs::read(saved).unwrap(),
        document().attachments[0].data
    );
}

#[path = "../../../tests/not_run/mod.rs"]
mod not_run;
