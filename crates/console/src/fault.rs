//! Why a page cannot be shown: a stable code, what is wrong, and what to do next, in both languages.

use crate::{
    format::count,
    frame::Frame,
    language::Language,
    visitor::{Visitor, render},
};
use askama::Template;
use axum::{http::StatusCode, response::Response};
use blockworm_node::{ReadError, Refusal};

/// Why there is no page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No such address.
    UnknownPage,
    /// The address exists, but it can only be read.
    MethodNotAllowed,
    /// A number in the query that is none.
    BadParameter { name: &'static str, value: String },
    /// The height in the path is no number.
    BadHeight(String),
    /// The transaction id in the path is no digest.
    BadTransaction(String),
    /// This node has no such ledger.
    UnknownLedger(String),
    /// The ledger does not reach this height here.
    UnknownBlock { height: u64, newest: u64 },
    /// Not in a block of this node.
    UnknownTransaction(String),
    /// The contract knows none of this id.
    UnknownReceivable(String),
    /// No contract for receivables on this ledger.
    NoReceivables,
    /// Nothing was entered.
    EmptySearch,
    /// What was entered fits nothing here.
    NothingFound(String),
    /// A form of another session.
    OldForm,
    /// Too many live lists are open.
    TooManyStreams(usize),
    /// The store or a contract did not answer.
    Unavailable(String),
    /// A defect of this program.
    Internal(String),
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Unavailable(refusal.to_string())
    }
}

impl Fault {
    /// The stable code.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::UnknownPage => "console.unknown_page",
            Self::MethodNotAllowed => "console.method_not_allowed",
            Self::BadParameter { .. } => "console.bad_parameter",
            Self::BadHeight(_) => "console.bad_height",
            Self::BadTransaction(_) => "console.bad_transaction_id",
            Self::UnknownLedger(_) => "ledger.not_found",
            Self::UnknownBlock { .. } => "block.not_found",
            Self::UnknownTransaction(_) => "transaction.not_found",
            Self::UnknownReceivable(_) => "receivable.not_found",
            Self::NoReceivables => "receivable.no_contract",
            Self::EmptySearch => "console.empty_search",
            Self::NothingFound(_) => "console.nothing_found",
            Self::OldForm => "console.old_form",
            Self::TooManyStreams(_) => "console.too_many_streams",
            Self::Unavailable(_) => "store.unavailable",
            Self::Internal(_) => "console.internal",
        }
    }

    /// The HTTP status.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::BadParameter { .. }
            | Self::BadHeight(_)
            | Self::BadTransaction(_)
            | Self::EmptySearch => StatusCode::BAD_REQUEST,
            Self::OldForm => StatusCode::FORBIDDEN,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooManyStreams(_) | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::NOT_FOUND,
        }
    }

    /// What is wrong.
    pub(crate) fn what(&self, language: Language) -> String {
        let (english, chinese) = self.told();
        match language {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    fn told(&self) -> (String, String) {
        match self {
            Self::UnknownPage => pair("There is no page at this address.", "该地址没有页面。"),
            Self::MethodNotAllowed => pair(
                "This page can only be read: GET or HEAD.",
                "该页面只能读取（GET 或 HEAD）。",
            ),
            Self::BadParameter { name, value } => (
                format!("The parameter {name} must be a number; “{value}” is none."),
                format!("参数 {name} 必须是数字；“{value}”不是数字。"),
            ),
            Self::BadHeight(text) => (
                format!("A block is named by its height, a number from 0; “{text}” is none."),
                format!("区块以高度（从 0 起的整数）标识；“{text}”不是高度。"),
            ),
            Self::BadTransaction(text) => (
                format!("A transaction id has 64 hex digits; “{text}” has not."),
                format!("交易编号为 64 位十六进制数；“{text}”不是交易编号。"),
            ),
            Self::UnknownLedger(text) => (
                format!("This node has no ledger “{text}”."),
                format!("本节点没有账本“{text}”。"),
            ),
            Self::UnknownBlock { height, newest } => (
                format!(
                    "This node has no block {}; its newest is {}.",
                    count(height),
                    count(newest)
                ),
                format!(
                    "本节点没有区块 {}；最新区块为 {}。",
                    count(height),
                    count(newest)
                ),
            ),
            Self::UnknownTransaction(id) => (
                format!("Transaction {id} stands in no block of this node."),
                format!("本节点的区块中没有交易 {id}。"),
            ),
            Self::UnknownReceivable(id) => (
                format!("There is no receivable “{id}” on this ledger."),
                format!("本账本没有应收账款“{id}”。"),
            ),
            Self::NoReceivables => pair(
                "This ledger has no contract for receivables.",
                "本账本没有应收账款合约。",
            ),
            Self::EmptySearch => pair("The search field was empty.", "查询内容为空。"),
            Self::NothingFound(text) => (
                format!("“{text}” is no transaction, block or receivable of this ledger."),
                format!("“{text}”不是本账本的交易、区块或应收账款。"),
            ),
            Self::OldForm => pair(
                "The form belongs to another session.",
                "该表单属于另一会话。",
            ),
            Self::TooManyStreams(limit) => (
                format!("{limit} live lists are open already."),
                format!("已打开 {limit} 个实时列表。"),
            ),
            Self::Unavailable(reason) => (
                format!("The node cannot answer: {reason}"),
                format!("节点无法答复：{reason}"),
            ),
            Self::Internal(reason) => (
                format!("The page could not be made: {reason}"),
                format!("页面生成失败：{reason}"),
            ),
        }
    }

    /// What to do next.
    pub(crate) const fn next(&self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Self::UnknownPage => (
                "Start from the overview, or use the search field.",
                "请从概览开始，或使用查询框。",
            ),
            Self::MethodNotAllowed => (
                "Open it as a link; programs write through the API under /v1.",
                "请以链接方式打开；程序请通过 /v1 下的接口写入。",
            ),
            Self::BadParameter { .. } | Self::BadHeight(_) | Self::BadTransaction(_) => (
                "Correct the address, or use the search field.",
                "请更正地址，或使用查询框。",
            ),
            Self::UnknownLedger(_) => (
                "The overview lists the ledgers of this node.",
                "概览列出了本节点的账本。",
            ),
            Self::UnknownBlock { .. } => (
                "If others have it, this node is behind: look again in a moment.",
                "若其他节点已有该区块，说明本节点落后：请稍后再看。",
            ),
            Self::UnknownTransaction(_) => (
                "It may still wait for its block: look again in a moment. Past its expiry it will never come; sign and submit it anew then.",
                "它可能仍在等待打包：请稍后再看。若已过有效期则不会再被打包，请重新签名提交。",
            ),
            Self::UnknownReceivable(_) => (
                "Upper and lower case differ in ids; the list of receivables shows all.",
                "编号区分大小写；应收账款列表显示全部编号。",
            ),
            Self::NoReceivables => (
                "Choose a ledger that runs receivable@1.",
                "请选择运行 receivable@1 的账本。",
            ),
            Self::EmptySearch | Self::NothingFound(_) => (
                "Enter a transaction id (64 hex digits), a block height, a receivable id or an invoice digest, complete and without spaces.",
                "请输入完整、不含空格的交易编号（64 位十六进制）、区块高度、应收账款编号或发票摘要。",
            ),
            Self::OldForm => (
                "Open the console again; sign in if it asks.",
                "请重新打开控制台；如有要求，请登录。",
            ),
            Self::TooManyStreams(_) => (
                "Close a page that you no longer need, then reload.",
                "请关闭不再需要的页面，然后刷新。",
            ),
            Self::Unavailable(_) => (
                "Reload in a moment; if it stays, check the node: blockworm doctor --dir DIR.",
                "请稍后刷新；若仍如此，请检查节点：blockworm doctor --dir DIR。",
            ),
            Self::Internal(_) => (
                "Reload; if it stays, report it with the address of the page.",
                "请刷新；若仍如此，请连同页面地址一并报告。",
            ),
        };
        language.pick(english, chinese)
    }
}

fn pair(english: &str, chinese: &str) -> (String, String) {
    (english.into(), chinese.into())
}

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage {
    f: Frame,
    code: &'static str,
    status: u16,
    what: String,
    next: &'static str,
}

/// The page that says it.
pub(crate) fn page(visitor: &Visitor, fault: &Fault) -> String {
    if fault.status().is_server_error() {
        tracing::warn!(
            code = fault.code(),
            what = fault.what(Language::English),
            "a page failed"
        );
    }
    let ledger = visitor.ledger().ok();
    let page = FaultPage {
        f: visitor.frame(ledger.as_ref(), fault.code()),
        code: fault.code(),
        status: fault.status().as_u16(),
        what: fault.what(visitor.language),
        next: fault.next(visitor.language),
    };
    // The template has only text to write; should it fail, its own code is still better than nothing.
    render(&page).unwrap_or_else(|_| fault.code().to_owned())
}

/// The page for addresses that do not exist.
pub(crate) async fn unknown_page(visitor: Visitor) -> Response {
    visitor.reply(Err::<FaultPage, _>(Fault::UnknownPage))
}

/// The page for other methods than GET and HEAD.
pub(crate) async fn method_not_allowed(visitor: Visitor) -> Response {
    visitor.reply(Err::<FaultPage, _>(Fault::MethodNotAllowed))
}
