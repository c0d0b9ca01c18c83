//! Lists, page by page or whole.

use super::{ANSWER, Client, ClientError, height_part, part};
use crate::model::{
    BlockLine, BlockSummary, CalendarView, ContractView, LedgerView, MemberView, OrganisationView,
    Page, PoliciesView, ProposalView, TopologyView,
};
use reqwest::Method;
use serde::{Serialize, de::DeserializeOwned};

/// Most pages that are followed for a whole list: 100,000 items.
const PAGES: usize = 1_000;
/// Items on each of them, the most that the server gives.
const WHOLE: u32 = 100;

/// Which page of a list; the first, of the server's usual length, by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Paging {
    /// How many items, 1 to 100.
    pub limit: Option<u32>,
    /// The [`Page::next`] of the page before.
    pub cursor: Option<String>,
}

impl Paging {
    /// The page of that many items that a cursor names; the first without one.
    #[must_use]
    pub const fn new(limit: u32, cursor: Option<String>) -> Self {
        let limit = Some(limit);
        Self { limit, cursor }
    }
}

/// A page's parameters, with a filter.
#[derive(Serialize)]
struct Filtered<'a> {
    organisation: Option<&'a str>,
    #[serde(flatten)]
    paging: &'a Paging,
}

impl Client {
    /// All ledgers of the node that the caller may see, ordered by id.
    pub async fn ledgers(&self) -> Result<Vec<LedgerView>, ClientError> {
        self.whole("/v1/ledgers").await
    }

    /// A ledger's nodes as the node sees them, and how well it is doing.
    pub async fn topology(&self, ledger: &str) -> Result<TopologyView, ClientError> {
        self.get(&format!("/v1/ledgers/{}/topology", part(ledger)), ANSWER)
            .await
    }

    /// Whether the process answers at all.
    pub async fn live(&self) -> Result<(), ClientError> {
        self.send(self.request(Method::GET, "/health/live"), ANSWER)
            .await
            .map(drop)
    }

    /// A page of blocks, newest first.
    pub async fn blocks(
        &self,
        ledger: &str,
        paging: &Paging,
    ) -> Result<Page<BlockSummary>, ClientError> {
        let path = format!("/v1/ledgers/{}/blocks", part(ledger));
        self.page(&path, paging).await
    }

    /// A page of a block's transactions in block order; of the newest block when `height` is none.
    pub async fn block_transactions(
        &self,
        ledger: &str,
        height: Option<u64>,
        paging: &Paging,
    ) -> Result<Page<BlockLine>, ClientError> {
        let (ledger, height) = (part(ledger), height_part(height));
        let path = format!("/v1/ledgers/{ledger}/blocks/{height}/transactions");
        self.page(&path, paging).await
    }

    /// A page of organisations, ordered by id.
    pub async fn organisations(
        &self,
        ledger: &str,
        paging: &Paging,
    ) -> Result<Page<OrganisationView>, ClientError> {
        let path = format!("/v1/ledgers/{}/organisations", part(ledger));
        self.page(&path, paging).await
    }

    /// A page of members (of one organisation), ordered by id.
    pub async fn members(
        &self,
        ledger: &str,
        organisation: Option<&str>,
        paging: &Paging,
    ) -> Result<Page<MemberView>, ClientError> {
        let path = format!("/v1/ledgers/{}/members", part(ledger));
        let query = Filtered {
            organisation,
            paging,
        };
        self.page(&path, &query).await
    }

    /// A page of proposals, ordered by number.
    pub async fn proposals(
        &self,
        ledger: &str,
        paging: &Paging,
    ) -> Result<Page<ProposalView>, ClientError> {
        let path = format!("/v1/ledgers/{}/proposals", part(ledger));
        self.page(&path, paging).await
    }

    /// One proposal.
    pub async fn proposal(&self, ledger: &str, number: u64) -> Result<ProposalView, ClientError> {
        let path = format!("/v1/ledgers/{}/proposals/{number}", part(ledger));
        self.get(&path, ANSWER).await
    }

    /// Policies, thresholds, and whether the ledger is archived.
    pub async fn policies(&self, ledger: &str) -> Result<PoliciesView, ClientError> {
        let path = format!("/v1/ledgers/{}/policies", part(ledger));
        self.get(&path, ANSWER).await
    }

    /// A page of the calendars that votes set.
    pub async fn calendars(
        &self,
        ledger: &str,
        paging: &Paging,
    ) -> Result<Page<CalendarView>, ClientError> {
        let path = format!("/v1/ledgers/{}/calendars", part(ledger));
        self.page(&path, paging).await
    }

    /// All contracts of a ledger, ordered by name.
    pub async fn contracts(&self, ledger: &str) -> Result<Vec<ContractView>, ClientError> {
        let path = format!("/v1/ledgers/{}/contracts", part(ledger));
        self.whole(&path).await
    }

    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &impl Serialize,
    ) -> Result<Page<T>, ClientError> {
        let request = self.request(Method::GET, path).query(query);
        self.json(request, ANSWER).await
    }

    async fn whole<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, ClientError> {
        let (mut items, mut paging) = (Vec::new(), Paging::new(WHOLE, None));
        for _ in 0..PAGES {
            let page: Page<T> = self.page(path, &paging).await?;
            items.extend(page.items);
            match page.next {
                Some(next) => paging.cursor = Some(next),
                None => return Ok(items),
            }
        }
        Err(self.unexpected(format!("{path} has no end")))
    }
}
