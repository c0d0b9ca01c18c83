//! Renews stamps before the authority's certificate or the hash function ends (RFC 4998).

use super::{About, Checkpoints, Stamp, StampStore, Stamper, TimeError, stamper::StampPlan};
use crate::network::clock;
use blockworm_crypto::timestamp::{EvidenceRecord, Imprint};

/// Stamps that are renewed in one round: another comes a moment later.
const IN_A_ROUND: usize = 64;

impl StampPlan {
    /// Whether a stamp must be renewed now. One that has ended already cannot be.
    #[must_use]
    pub fn is_due(&self, about: &About, now_ms: u64) -> bool {
        // Certificates of hours, as in rehearsals, are not due all the time.
        let life_ms = about.holds_until_ms.saturating_sub(about.holds_from_ms);
        let before_ms = self.renew_before_ms.min(life_ms / 3);
        let certificate = now_ms.saturating_add(before_ms) > about.holds_until_ms;
        let lasting_ms = now_ms.saturating_add(self.renew_before_ms);
        let hash = lasting_ms >= self.hashes.end_ms(about.algorithm())
            && self.hashes.strong_until(lasting_ms) != about.algorithm();
        now_ms <= self.end_ms(about) && (certificate || hash)
    }

    /// When the newest token of a stamp holds no more.
    #[must_use]
    pub fn end_ms(&self, about: &About) -> u64 {
        let hash_ms = self.hashes.end_ms(about.algorithm());
        about.holds_until_ms.min(hash_ms)
    }
}

impl<C: Checkpoints> Stamper<C> {
    /// Renews the stamps that are due, a bounded number of them; how many were renewed.
    ///
    /// # Errors
    /// What kept the first from being renewed that was not: mostly it keeps all.
    pub async fn renew_due(&self) -> Result<usize, TimeError> {
        let (ledger, now_ms) = (self.checkpoints.ledger(), clock::current_ms());
        let due = |about: &About| self.plan.is_due(about, now_ms);
        let due = self.store.find(&ledger, IN_A_ROUND, due);
        let lapsed = |about: &About| self.plan.end_ms(about) < now_ms;
        let lapsed = self.store.count(&ledger, lapsed);
        self.standing.change(ledger, |time| time.lapsed = lapsed);
        let mut renewed = 0;
        for about in due {
            if let Err(error) = self.renew(&about).await {
                tracing::warn!(
                    %ledger, size = about.size, code = error.code(), until_ms = about.holds_until_ms,
                    "a stamp was not renewed and is tried again: {error}"
                );
                return Err(error);
            }
            renewed += 1;
        }
        Ok(renewed)
    }

    async fn renew(&self, about: &About) -> Result<(), TimeError> {
        let ledger = self.checkpoints.ledger();
        let mut stamp = self
            .store
            .get(ledger, about.size)?
            .ok_or_else(|| TimeError::Setting("the stamp is gone".to_owned()))?;
        let imprint = self.renewal_imprint(&stamp)?;
        let (url, by) = self.ask(&imprint).await?;
        stamp.renew(&by).map_err(|source| TimeError::Token {
            url: url.clone(),
            source,
        })?;
        let until_ms = stamp.about.holds_until_ms;
        if until_ms <= about.holds_until_ms && stamp.about.hash == about.hash {
            // The authority itself must be renewed first; each round would only lengthen the record.
            return Err(TimeError::Setting(format!(
                "{url} stamps with a certificate that ends no later"
            )));
        }
        self.keep(stamp, StampStore::put_renewed).await?;
        tracing::info!(%ledger, url, size = about.size, until_ms, "renewed a stamp");
        self.standing.change(ledger, |time| {
            time.renewals += 1;
            time.failing = None;
        });
        Ok(())
    }

    /// What the next token must cover: the last one, or by a stronger hash the body and the record.
    fn renewal_imprint(&self, stamp: &Stamp) -> Result<Imprint, TimeError> {
        let damaged = |reason: String| TimeError::Damaged {
            path: format!("record.ers of size {}", stamp.about.size).into(),
            reason,
        };
        let record =
            EvidenceRecord::parse(&stamp.record).map_err(|error| damaged(error.to_string()))?;
        let current = stamp.about.algorithm();
        let lasting = clock::current_ms().saturating_add(self.plan.renew_before_ms);
        let strong = self.plan.hashes.strong_until(lasting);
        if self.plan.hashes.end_ms(current) <= lasting && strong != current {
            return Ok(record.what_to_stamp_hash(stamp.body.as_bytes(), strong));
        }
        record
            .what_to_stamp_timestamp()
            .ok_or_else(|| damaged("it has no token".to_owned()))
    }
}
