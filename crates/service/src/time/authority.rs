//! The built-in timestamp authority of an organisation, which a small consortium and tests stamp with.
//!
//! It says the time of its node's clock. Run by an organisation that also validates, it is no outside
//! time: docs/time.md says what it is worth.

use super::{TimeError, serials::Serials};
use crate::{
    identity::{TIMESTAMPING, open_key, read_certificate},
    network::{ConsortiumFolder, clock, folder::make_private_folder},
};
use blockworm_crypto::{
    cms::Signer,
    identity::{MAX_CERTIFICATE_BYTES, describe},
    timestamp::{Answer, Authority, Refusal},
};
use blockworm_ledger::OrganisationId;
use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often the certificate is looked at, which renewal writes anew.
const LOOK: Duration = Duration::from_secs(2);

/// What an authority is opened with.
#[derive(Clone, Debug)]
pub struct AuthorityPlan {
    /// The folder in which the organisation's lies.
    pub folder: ConsortiumFolder,
    /// Whose key `timestamping` signs.
    pub organisation: OrganisationId,
    /// The policy, dotted.
    pub policy: String,
    /// How far the node's clock may be off.
    pub accuracy_ms: u64,
    /// Tokens that may be asked for within a second.
    pub per_second: u32,
    /// Where serial numbers are kept.
    pub directory: PathBuf,
}

/// Why an authority gives no answer at all.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityRefusal {
    /// More requests within a second than are answered.
    #[error("this authority answers {per_second} requests a second")]
    TooOften {
        /// How many it answers.
        per_second: u32,
    },
    /// It cannot write down its serial numbers.
    #[error(transparent)]
    Serial(TimeError),
}

/// An authority at work.
pub struct TimeAuthority {
    plan: AuthorityPlan,
    state: Mutex<State>,
}

struct State {
    key: Key,
    looked: Instant,
    serials: Serials,
    /// No token says an earlier time than one before it.
    last_ms: u64,
    /// The second that runs, and how many were asked for in it.
    window: (Instant, u32),
}

struct Key {
    authority: Authority,
    chain: Vec<u8>,
    not_before_ms: u64,
    not_after_ms: u64,
}

impl TimeAuthority {
    /// Opens the organisation's key `timestamping`.
    ///
    /// # Errors
    /// A key, certificate, policy or folder that cannot be used.
    pub fn open(plan: AuthorityPlan) -> Result<Self, TimeError> {
        make_private_folder(&plan.directory).map_err(|error| TimeError::Damaged {
            path: plan.directory.clone(),
            reason: error.to_string(),
        })?;
        let serials = Serials::open(plan.directory.join("serial"), clock::current_ms())?;
        let state = State {
            key: Key::open(&plan)?,
            looked: Instant::now(),
            serials,
            last_ms: 0,
            window: (Instant::now(), 0),
        };
        Ok(Self {
            plan,
            state: Mutex::new(state),
        })
    }

    /// Whose authority it is.
    #[must_use]
    pub const fn organisation(&self) -> &OrganisationId {
        &self.plan.organisation
    }

    /// Answers a request (DER). Signing takes a fraction of a millisecond, a key that was renewed a
    /// second: for a thread that may wait.
    ///
    /// # Errors
    /// [`AuthorityRefusal`]; what RFC 3161 has a status for is an answer.
    pub fn answer(&self, request: &[u8]) -> Result<Answer, AuthorityRefusal> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.take_place(self.plan.per_second)?;
        self.look_for_renewal(&mut state);
        let now_ms = clock::current_ms().max(state.last_ms);
        if !(state.key.not_before_ms..=state.key.not_after_ms).contains(&now_ms) {
            return Ok(Authority::unavailable(
                "the authority's certificate does not hold now",
            ));
        }
        let serial = state.serials.take().map_err(AuthorityRefusal::Serial)?;
        let answer = state.key.authority.answer(request, now_ms, serial);
        match &answer.refusal {
            None => state.last_ms = now_ms,
            Some(Refusal { failures, text, .. }) => {
                tracing::debug!(?failures, text, "a request for a timestamp was refused");
            }
        }
        Ok(answer)
    }

    /// Takes up a certificate that was renewed.
    fn look_for_renewal(&self, state: &mut State) {
        if state.looked.elapsed() < LOOK {
            return;
        }
        state.looked = Instant::now();
        let (folder, organisation) = (&self.plan.folder, &self.plan.organisation);
        let path = folder.certificate_file(organisation, TIMESTAMPING);
        let renewed = read_certificate(&path).is_ok_and(|chain| chain != state.key.chain);
        if !renewed {
            return;
        }
        match Key::open(&self.plan) {
            Ok(key) => {
                tracing::info!(%organisation, "the timestamp authority's certificate was renewed");
                state.key = key;
            }
            Err(error) => tracing::warn!(%error, "the renewed certificate cannot be used"),
        }
    }
}

impl State {
    fn take_place(&mut self, per_second: u32) -> Result<(), AuthorityRefusal> {
        if self.window.0.elapsed() >= Duration::from_secs(1) {
            self.window = (Instant::now(), 0);
        }
        if self.window.1 >= per_second {
            return Err(AuthorityRefusal::TooOften { per_second });
        }
        self.window.1 += 1;
        Ok(())
    }
}

impl Key {
    fn open(plan: &AuthorityPlan) -> Result<Self, TimeError> {
        let (key, chain) = open_key(&plan.folder, &plan.organisation, TIMESTAMPING)?;
        debug_assert!(chain.len() <= MAX_CERTIFICATE_BYTES);
        let validity = describe(&chain)
            .map_err(|error| TimeError::Setting(error.to_string()))?
            .validity;
        let signer = Signer::new(key, chain.clone())?;
        let authority = Authority::new(signer, &plan.policy, plan.accuracy_ms)
            .map_err(|error| TimeError::Setting(error.to_string()))?;
        Ok(Self {
            authority,
            chain,
            not_before_ms: validity.not_before_ms,
            // The last whole second still counts.
            not_after_ms: validity.not_after_ms + 999,
        })
    }
}
