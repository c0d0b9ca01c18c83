//! What surrounds every page: navigation, language and appearance, and whether the node is behind.

use crate::{
    format,
    language::Language,
    ledger::contract_running,
    visitor::{Theme, Visitor},
    words::Words,
};
use blockworm_node::LedgerHandle;

/// The ledger that a page is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LedgerName {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// A node that is behind: what it has and what it has heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Behind {
    pub(crate) height: String,
    pub(crate) tip: String,
}

/// Who signed in, and what their forms carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) token: String,
}

/// What the base template needs.
pub(crate) struct Frame {
    pub(crate) language: Language,
    pub(crate) theme: Theme,
    pub(crate) w: &'static Words,
    pub(crate) title: String,
    /// The organisation that runs this node.
    pub(crate) organisation: String,
    pub(crate) version: &'static str,
    pub(crate) ledger: Option<LedgerName>,
    pub(crate) behind: Option<Behind>,
    /// Whether the ledger runs a contract for receivables.
    pub(crate) has_receivables: bool,
    pub(crate) person: Option<Person>,
}

impl Frame {
    /// The frame of a page about `ledger`, or about the first one that the visitor may see.
    pub(crate) fn new(visitor: &Visitor, ledger: Option<&LedgerHandle>, title: String) -> Self {
        let node = &visitor.console.node;
        let ledger = ledger
            .cloned()
            .or_else(|| visitor.ledgers().first().cloned());
        let status = ledger.as_ref().map(LedgerHandle::status);
        // Whose node it is may be known to all who come this far.
        let named = ledger
            .as_ref()
            .or(node.ledgers().first())
            .and_then(|ledger| {
                let genesis = ledger.genesis();
                let organisation = genesis.organisation(node.organisation());
                organisation.map(|organisation| organisation.name.clone())
            });
        Self {
            language: visitor.language,
            theme: visitor.theme,
            w: visitor.language.words(),
            title,
            organisation: named.unwrap_or_else(|| node.organisation().to_string()),
            version: env!("CARGO_PKG_VERSION"),
            behind: status
                .as_ref()
                .filter(|status| status.catching_up)
                .map(|status| Behind {
                    height: format::count(status.height),
                    tip: format::count(status.tip),
                }),
            has_receivables: ledger
                .as_ref()
                .is_some_and(|ledger| contract_running(ledger, "receivable").is_some()),
            ledger: status.map(|status| LedgerName {
                id: status.ledger.to_string(),
                name: status.name,
            }),
            person: visitor.user().map(|user| Person {
                name: user.user.clone(),
                token: user.token.to_string(),
            }),
        }
    }
}

#[cfg(test)]
impl Frame {
    /// A frame for tests of templates, of a node that is behind, with markup for names.
    pub(crate) fn behind(language: Language) -> Self {
        let evil = crate::frame::EVIL;
        Self {
            language,
            theme: Theme::Auto,
            w: language.words(),
            title: evil.into(),
            organisation: evil.into(),
            version: "0",
            ledger: Some(LedgerName {
                id: evil.into(),
                name: evil.into(),
            }),
            behind: Some(Behind {
                height: "1,200".into(),
                tip: "9,999".into(),
            }),
            has_receivables: true,
            person: Some(Person {
                name: evil.into(),
                token: evil.into(),
            }),
        }
    }
}

/// A name that would like to be markup.
#[cfg(test)]
pub(crate) const EVIL: &str = "\"><script>alert('1')</script><img src=x onerror=a()>";

/// Markup from values must have become text.
#[cfg(test)]
pub(crate) fn check_escaped(text: &str) {
    for bad in ["<script>", "<img src=x", "onerror='", "\"><script"] {
        assert!(!text.contains(bad), "{bad} in\n{text}");
    }
    assert!(text.contains("&#60;script&#62;"), "{text}");
}
