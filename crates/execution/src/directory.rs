//! Members as of the start of the block, remembered in memory: a bounded read-through cache over
//! the state, shared by execution and admission.
//!
//! A block never sees its own registrations and revocations, so what this cache may hold is
//! exactly the state between two blocks. A reader on another thread that fetched a record before a
//! block was staged must not put it here afterwards: each block raises `version`, and a record
//! fetched under an older version is used but not kept.

use crate::{
    base::Base,
    error::ExecutionError,
    records::{
        MEMBERS, MemberRecord, ORGANISATIONS, OrganisationRecord, is_organisation_key, member_key,
        member_of_state_key, read,
    },
    session::state_key,
};
use blockworm_state::Writes;
use serde::Serialize;
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// Most members of one generation; two generations are kept.
const GENERATION_MEMBERS: usize = 1 << 15;

/// A member with its organisation.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) organisation_id: String,
    pub(crate) organisation: OrganisationRecord,
    pub(crate) member: MemberRecord,
}

/// Whether a member may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Active,
    Revoked,
    Expired,
    OrganisationRemoved,
    OrganisationSuspended,
}

#[derive(Serialize)]
struct View<'a> {
    organisation: &'a str,
    roles: &'a [String],
    functions: &'a [String],
    active: bool,
}

impl Known {
    /// In a block of this time. The record is of the block's start, so any mark on it counts.
    pub(crate) fn standing(&self, time_ms: u64) -> Standing {
        if self.member.revoked_at.is_some() {
            Standing::Revoked
        } else if time_ms > self.member.not_after_ms {
            Standing::Expired
        } else if self.organisation.removed_at.is_some() {
            Standing::OrganisationRemoved
        } else if self.organisation.suspended_at.is_some() {
            Standing::OrganisationSuspended
        } else {
            Standing::Active
        }
    }

    /// The kit's `MemberView` in JSON.
    pub(crate) fn view_json(&self, time_ms: u64) -> Vec<u8> {
        let view = View {
            organisation: &self.organisation_id,
            roles: &self.organisation.roles,
            functions: &self.member.functions,
            active: self.standing(time_ms) == Standing::Active,
        };
        serde_json::to_vec(&view).expect("invariant: text and a flag are JSON")
    }

    pub(crate) fn has_function(&self, function: &str) -> bool {
        self.member.functions.iter().any(|held| held == function)
    }
}

/// See the module.
#[derive(Default)]
pub(crate) struct Directory(RwLock<Cache>);

#[derive(Default)]
struct Cache {
    version: u64,
    young: HashMap<String, Option<Arc<Known>>>,
    old: HashMap<String, Option<Arc<Known>>>,
}

impl Directory {
    /// The member, as the state behind `base` shows it between two blocks.
    pub(crate) fn find(
        &self,
        id: &str,
        base: &dyn Base,
    ) -> Result<Option<Arc<Known>>, ExecutionError> {
        let (version, remembered) = {
            let cache = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = cache.young.get(id) {
                return Ok(known.clone());
            }
            (cache.version, cache.old.get(id).cloned())
        };
        let known = match remembered {
            Some(known) => known,
            None => fetch(id, base)?.map(Arc::new),
        };
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if cache.version == version {
            cache.keep(id, known.clone());
        }
        Ok(known)
    }

    /// Forgets what a block changed. Call it once the block is staged.
    pub(crate) fn block_staged(&self, changed: &[Vec<u8>]) {
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        cache.version += 1;
        for key in changed {
            if is_organisation_key(key) {
                cache.young.clear();
                cache.old.clear();
            } else if let Some(id) = member_of_state_key(key) {
                cache.young.remove(id);
                cache.old.remove(id);
            }
        }
    }

    /// The keys among a block's writes that matter here.
    pub(crate) fn changed_keys(writes: &Writes) -> Vec<Vec<u8>> {
        let end = state_key(MEMBERS + 1, &[]);
        writes
            .range(state_key(ORGANISATIONS, &[])..end)
            .map(|(key, _)| key.clone())
            .collect()
    }
}

impl Cache {
    fn keep(&mut self, id: &str, known: Option<Arc<Known>>) {
        if self.young.len() >= GENERATION_MEMBERS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id.to_owned(), known);
    }
}

fn fetch(id: &str, base: &dyn Base) -> Result<Option<Known>, ExecutionError> {
    let Some((organisation_id, _)) = id.split_once('/') else {
        return Ok(None);
    };
    let Some(member) = base.get(&state_key(MEMBERS, &member_key(id)))? else {
        return Ok(None);
    };
    let organisation = base
        .get(&state_key(ORGANISATIONS, organisation_id.as_bytes()))?
        .ok_or(ExecutionError::DamagedRecord {
            what: "an organisation",
        })?;
    Ok(Some(Known {
        organisation_id: organisation_id.to_owned(),
        organisation: read(&organisation, "an organisation")?,
        member: read(&member, "a member")?,
    }))
}
