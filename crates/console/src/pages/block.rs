//! A block: its header, its transactions, and who made it final; and the list of older blocks.

use crate::{
    fault::Fault,
    format::{Hex, UtcTime, count},
    frame::Frame,
    ledger::{self, BlockRow},
    visitor::Visitor,
    words::Words,
};
use askama::Template;
use axum::response::Response;
use blockworm_ledger::{Block, Header, finality::quorum, transaction::TransactionView};
use blockworm_node::LedgerHandle;
use std::collections::HashMap;

/// Blocks on a page of the list.
const BLOCKS: u64 = 25;
/// Transactions on a block's page.
const TRANSACTIONS: u64 = 50;

/// A transaction in a block.
struct Line {
    index: u64,
    id: Hex,
    sender: String,
    contract: String,
    code: String,
}

/// A validator and whether its signature stands in the certificate.
struct Signer {
    organisation: String,
    id: String,
    signed: bool,
}

/// The votes that made a block final.
struct Finality {
    /// The certified height.
    through: u64,
    own: bool,
    epoch: String,
    view: String,
    needed: usize,
    reached: usize,
    validators: usize,
    signers: Vec<Signer>,
}

#[derive(Template)]
#[template(path = "block.html")]
struct BlockPage {
    f: Frame,
    w: &'static Words,
    ledger_id: String,
    height: u64,
    label: String,
    digest: Hex,
    time: UtcTime,
    header: Header,
    parent: Option<u64>,
    child: Option<u64>,
    root_lag: u64,
    byte_len: String,
    total: u64,
    lines: Vec<Line>,
    earlier: Option<u64>,
    later: Option<u64>,
    finality: Option<Finality>,
}

#[derive(Template)]
#[template(path = "blocks.html")]
struct BlockList {
    f: Frame,
    w: &'static Words,
    ledger_id: String,
    blocks: Vec<BlockRow>,
    before: Option<u64>,
    at_top: bool,
}

/// Older blocks, page by page.
pub(crate) async fn list(visitor: Visitor) -> Response {
    let page = block_list(&visitor).await;
    visitor.reply(page)
}

async fn block_list(visitor: &Visitor) -> Result<BlockList, Fault> {
    let ledger = visitor.ledger()?;
    let newest = ledger.status().height.saturating_add(1);
    let asked = visitor.number("before")?;
    let before = asked.unwrap_or(newest).min(newest);
    let blocks = ledger::blocks_below(&ledger, before, BLOCKS)?;
    let w = visitor.language.words();
    Ok(BlockList {
        f: visitor.frame(Some(&ledger), w.blocks),
        w,
        ledger_id: ledger.id().to_string(),
        before: blocks.last().map(|row| row.height).filter(|last| *last > 1),
        at_top: before == newest,
        blocks,
    })
}

/// One block.
pub(crate) async fn show(visitor: Visitor) -> Response {
    let page = block_page(&visitor).await;
    visitor.reply(page)
}

async fn block_page(visitor: &Visitor) -> Result<BlockPage, Fault> {
    let ledger = visitor.ledger()?;
    let text = visitor.part("height");
    let height: u64 = text
        .parse()
        .map_err(|_| Fault::BadHeight(text.to_owned()))?;
    let newest = ledger.status().height;
    let missing = || Fault::UnknownBlock { height, newest };
    // The genesis header has no block of its own in the store.
    let (header, block) = if height == 0 {
        (ledger.header(0).await?.ok_or_else(missing)?, None)
    } else {
        let block = ledger.block(height).await?.ok_or_else(missing)?;
        (block.header.clone(), Some(block))
    };
    let total = block
        .as_ref()
        .map_or(0, |block| block.transactions.len() as u64);
    let from = visitor.number("from")?.unwrap_or(0).min(total);
    let lines = match &block {
        Some(block) if total > 0 => lines(&ledger, block, from).await?,
        _ => Vec::new(),
    };
    let shown = from + lines.len() as u64;
    let w = visitor.language.words();
    Ok(BlockPage {
        f: visitor.frame(Some(&ledger), format!("{} {}", w.block, count(height))),
        w,
        ledger_id: ledger.id().to_string(),
        height,
        label: count(height),
        digest: Hex::of(header.digest()),
        time: UtcTime(header.time_ms),
        parent: height.checked_sub(1),
        child: (height < newest).then_some(height + 1),
        root_lag: ledger.genesis().parameters.root_lag,
        byte_len: count(
            block
                .as_ref()
                .map_or(0, |block| block.transactions.byte_len()),
        ),
        total,
        lines,
        earlier: (from > 0).then(|| from.saturating_sub(TRANSACTIONS)),
        later: (shown < total).then_some(shown),
        finality: if height == 0 {
            None
        } else {
            finality(&ledger, height).await?
        },
        header,
    })
}

/// The block's transactions from a place on.
async fn lines(ledger: &LedgerHandle, block: &Block, from: u64) -> Result<Vec<Line>, Fault> {
    let receipts = ledger.receipts_of(block.header.height).await?;
    let receipts = receipts.unwrap_or_default();
    let slices = block.transactions.slices().enumerate();
    let shown = slices.skip(from as usize).take(TRANSACTIONS as usize);
    // A committed block holds only transactions that parse: its verification refused others.
    let line = |(index, bytes): (usize, &[u8])| {
        let view = TransactionView::parse(bytes).ok()?;
        let receipt = receipts.get(index);
        Some(Line {
            index: index as u64,
            id: Hex::of(view.id()),
            sender: view.sender().into(),
            contract: view.contract().into(),
            code: receipt
                .map(|receipt| receipt.code.clone())
                .unwrap_or_default(),
        })
    };
    Ok(shown.filter_map(line).collect())
}

/// The certificate that makes the block final, with the names of all validators.
async fn finality(ledger: &LedgerHandle, height: u64) -> Result<Option<Finality>, Fault> {
    let Some((through, proof)) = ledger.finality(height).await else {
        return Ok(None);
    };
    let organisations = ledger::organisations(ledger).await?;
    let names: HashMap<&str, &str> = organisations
        .iter()
        .map(|organisation| (organisation.id.as_str(), organisation.name.as_str()))
        .collect();
    let validators = ledger.committee(through);
    let signers = (0u32..).zip(&validators).map(|(place, validator)| {
        let id = validator.organisation.as_str();
        Signer {
            organisation: (*names.get(id).unwrap_or(&id)).to_owned(),
            id: id.to_owned(),
            signed: proof.signatures.iter().any(|(signer, _)| *signer == place),
        }
    });
    Ok(Some(Finality {
        through,
        own: through == height,
        epoch: count(proof.epoch),
        view: count(proof.view),
        needed: quorum(validators.len()),
        reached: proof.signatures.len(),
        validators: validators.len(),
        signers: signers.collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        frame::{EVIL, check_escaped},
        language::Language,
        visitor::render,
    };

    fn page(language: Language) -> String {
        let header = Header {
            version: 1,
            protocol_version: 1,
            ledger: "00112233445566778899aabbccddeeff".parse().unwrap(),
            height: 7,
            time_ms: 0,
            parent: blockworm_crypto::Digest::ZERO,
            history_root: blockworm_crypto::Digest::ZERO,
            transactions_root: blockworm_crypto::Digest::ZERO,
            receipts_root: blockworm_crypto::Digest::ZERO,
            state_root: blockworm_crypto::Digest::ZERO,
            next_validators: blockworm_crypto::Digest::ZERO,
        };
        let signer = |signed| Signer {
            organisation: EVIL.into(),
            id: EVIL.into(),
            signed,
        };
        let page = BlockPage {
            f: Frame::behind(language),
            w: language.words(),
            ledger_id: EVIL.into(),
            height: 7,
            label: "7".into(),
            digest: Hex(EVIL.into()),
            time: UtcTime(0),
            header,
            parent: Some(6),
            child: Some(8),
            root_lag: 4,
            byte_len: "1".into(),
            total: 1,
            lines: vec![Line {
                index: 0,
                id: Hex(EVIL.into()),
                sender: EVIL.into(),
                contract: EVIL.into(),
                code: EVIL.into(),
            }],
            earlier: None,
            later: None,
            finality: Some(Finality {
                through: 9,
                own: false,
                epoch: "0".into(),
                view: "12".into(),
                needed: 3,
                reached: 3,
                validators: 4,
                signers: vec![signer(true), signer(true), signer(true), signer(false)],
            }),
        };
        render(&page).unwrap()
    }

    #[test]
    fn finality_through_a_later_block_is_said_and_linked_and_values_stay_text() {
        let english = page(Language::English);
        check_escaped(&english);
        assert!(
            english.contains("/blocks/9\">9</a>")
                && english.contains("Final through a later block")
        );
        assert!(english.contains("3 needed of 4 validators"), "{english}");
        assert_eq!(english.matches(">signed<").count(), 3);
        assert_eq!(english.matches("not in this certificate").count(), 1);
        let chinese = page(Language::Chinese);
        check_escaped(&chinese);
        assert!(chinese.contains("通过后续区块终局"));
    }

    #[test]
    fn a_page_of_a_node_that_is_behind_says_so() {
        let english = page(Language::English);
        assert!(english.contains("This node is catching up.") && english.contains("9,999"));
        assert!(page(Language::Chinese).contains("本节点正在同步"));
    }
}
