//! What the state held: the rows that `data/proofs/state.json` proves, all at one height.

use super::deeds::Proofs;
use crate::{Pins, files::Files, index::Index, rows::key};
use blockworm_ledger::{
    Pin,
    genesis::{Genesis, Validator},
    proof_file::ProofFile,
    records::{self, FIRST_CONTRACT, MEMBERS, MemberRecord, ORGANISATIONS, OrganisationRecord},
    report::{Checks, Verdict},
};
use borsh::BorshDeserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

const FILE: &str = "data/proofs/state.json";
/// The genesis of all proofs that do not hold it.
const GENESIS: &str = "data/genesis.json";

/// Rows that the signatures of the validators vouch for.
pub(super) struct State {
    rows: BTreeMap<(u32, Vec<u8>), Option<Vec<u8>>>,
    /// Why no row of it counts.
    broken: Option<String>,
    /// The package's genesis, or why there is none.
    pub(super) genesis: Result<Genesis, String>,
    /// Who voted at the height of the proof.
    pub(super) validators: Vec<Validator>,
}

impl State {
    pub(super) fn read(
        files: &Files<'_>,
        index: &Index,
        pins: &Pins,
        genesis: Option<Result<Genesis, String>>,
        checks: &mut Checks,
    ) -> Self {
        let own = genesis.is_none();
        let mut state = Self {
            rows: BTreeMap::new(),
            broken: None,
            genesis: genesis.unwrap_or_else(|| Err(format!("{GENESIS} is missing"))),
            validators: Vec::new(),
        };
        if let Err(reason) = state.read_into(files, index, pins, own, checks) {
            checks.note("state.proof", Err(reason.clone()));
            state.broken = Some(reason);
        }
        state
    }

    fn read_into(
        &mut self,
        files: &Files<'_>,
        index: &Index,
        pins: &Pins,
        own_genesis: bool,
        checks: &mut Checks,
    ) -> Result<(), String> {
        let text = String::from_utf8(files.read(FILE)?).map_err(|_| "it is not UTF-8")?;
        let file = ProofFile::from_json_with(&text, self.genesis.as_ref().ok());
        let ProofFile::State(proof) = file.map_err(|error| error.to_string())? else {
            return Err(format!("{FILE} is no state answer"));
        };
        let report = proof.verify(pins.genesis.map(Pin::digest).as_ref());
        let time_ms = report.certified_time_ms;
        let mut held = true;
        for check in report.checks {
            held &= check.verdict != Verdict::Fail;
            checks.push(format!("state.{}", check.name), check.verdict, check.reason);
        }
        let handed = proof.chain.handovers.last();
        self.validators = handed.map_or_else(
            || proof.genesis.validators.clone(),
            |handover| handover.validators.clone(),
        );
        if own_genesis {
            self.genesis = Ok(proof.genesis);
        }
        if proof.ledger != index.ledger || proof.genesis_digest != index.genesis_digest {
            return Err("the state is another ledger's".into());
        }
        if proof
            .states
            .iter()
            .any(|claim| claim.height != index.state_height)
        {
            return Err(format!(
                "a claim is not about height {}",
                index.state_height
            ));
        }
        if !held {
            return Err("a check of the state's proof failed, so no row of it counts".into());
        }
        for claim in proof.states {
            self.rows.insert((claim.contract, claim.key), claim.value);
        }
        let count = self.rows.len();
        checks.note(
            "state.proof",
            Ok(format!(
                "{count} rows after block {}, certified at {time_ms} ms; what came later is not in the package",
                index.state_height
            )),
        );
        Ok(())
    }

    /// The value under a key, `None` where it is proved that there is none.
    pub(super) fn value(&self, contract: u32, key: &[u8]) -> Result<Option<&[u8]>, String> {
        if let Some(reason) = &self.broken {
            return Err(reason.clone());
        }
        self.rows
            .get(&(contract, key.to_vec()))
            .map(Option::as_deref)
            .ok_or_else(|| "the state's proof says nothing of the row".into())
    }

    fn present(&self, contract: u32, key: &[u8]) -> Result<&[u8], String> {
        self.value(contract, key)?
            .ok_or_else(|| "the state had no such row".into())
    }

    /// A row of the evidence contract.
    pub(super) fn row<T: DeserializeOwned>(
        &self,
        index: &Index,
        namespace: &str,
        first: &[&str],
        last: &[u8],
    ) -> Result<T, String> {
        let value = self.present(index.contract_id, &key(namespace, first, last))?;
        serde_json::from_slice(value).map_err(|error| format!("the row cannot be read: {error}"))
    }

    pub(super) fn organisation(&self, slug: &str) -> Result<OrganisationRecord, String> {
        record(self.present(ORGANISATIONS, slug.as_bytes())?)
    }

    pub(super) fn member(&self, id: &str) -> Result<MemberRecord, String> {
        record(self.present(MEMBERS, &records::member_key(id))?)
    }

    /// The chain of a member's present certificate, DER.
    pub(super) fn certificate(&self, id: &str) -> Result<&[u8], String> {
        self.present(MEMBERS, &records::certificate_key(id))
    }

    /// Whose key it is, or once was.
    pub(super) fn holder(&self, key: &blockworm_crypto::PublicKey) -> Result<&[u8], String> {
        self.present(MEMBERS, &records::holder_key(key))
    }
}

fn record<T: BorshDeserialize>(bytes: &[u8]) -> Result<T, String> {
    borsh::from_slice(bytes).map_err(|error| format!("the row cannot be read: {error}"))
}

/// The package's file of the genesis; `None` where there is none and each proof holds its own.
pub(super) fn read_genesis(files: &Files<'_>) -> Option<Result<Genesis, String>> {
    let read = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).map_err(|_| format!("{GENESIS} is not UTF-8"))?;
        Genesis::from_json(&text).map_err(|error| format!("{GENESIS}: {error}"))
    };
    files
        .contains(GENESIS)
        .then(|| files.read(GENESIS).and_then(read))
}

/// One genesis stands behind everything: the pinned one, and the contract is the one it names.
pub(super) fn check_genesis(
    index: &Index,
    state: &State,
    proofs: &Proofs,
    pins: &Pins,
    checks: &mut Checks,
) {
    let genesis = || state.genesis.as_ref().map_err(String::clone);
    let sound = genesis().and_then(|genesis| genesis.check().map_err(|error| error.to_string()));
    checks.note(
        "genesis.well_formed",
        sound.map(|()| "the genesis follows its rules".into()),
    );
    let one = proofs.check_genesis(index).and_then(|()| {
        let genesis = genesis()?;
        let found = genesis.digest();
        if found == index.genesis_digest && genesis.ledger_id() == index.ledger {
            Ok(format!("every proof is of the genesis {found}"))
        } else {
            Err(format!("the genesis has the digest {found}"))
        }
    });
    checks.note("genesis.digest", one);
    match pins.genesis {
        None => checks.unpinned(
            "genesis.pinned",
            "no genesis was pinned, so the one inside the package counts for nothing",
        ),
        Some(pinned) if pinned == index.genesis_digest => {
            checks.note("genesis.pinned", Ok(format!("the pinned one, {pinned}")));
        }
        Some(pinned) => checks.note(
            "genesis.pinned",
            Err(format!(
                "the pinned genesis is {pinned}, the package's {}",
                index.genesis_digest
            )),
        ),
    }
    checks.note("genesis.contract", check_contract(index, state));
}

fn check_contract(index: &Index, state: &State) -> Result<String, String> {
    let genesis = state.genesis.as_ref().map_err(String::clone)?;
    let place = index
        .contract_id
        .checked_sub(FIRST_CONTRACT)
        .and_then(|place| usize::try_from(place).ok())
        .and_then(|place| genesis.contracts.get(place))
        .ok_or_else(|| format!("the genesis has no contract {}", index.contract_id))?;
    if place.name.as_str() != index.contract || !place.code.starts_with("evidence@") {
        return Err(format!(
            "contract {} of the genesis is {} with the code {}",
            index.contract_id,
            place.name.as_str(),
            place.code
        ));
    }
    Ok(format!("contract {} is {}", index.contract_id, place.code))
}
