//! The first state: organisations, their first members, and contracts, all from the genesis alone.

use crate::{
    base::{BlockBase, ValueCache},
    call::{self, Entry, Origin},
    contracts::Code,
    error::ExecutionError,
    executor::Shared,
    records::{
        self, CONTRACTS, ContractRecord, GENESIS_KEY, LEDGER, MEMBERS, ORGANISATIONS,
        OrganisationRecord, PARAMETERS_KEY,
    },
    session::{BlockFacts, Failure, Session, Stop, state_key},
    system,
};
use blockworm_crypto::identity::{parse_authority, verify_chain};
use blockworm_ledger::{Genesis, genesis::Organisation};
use blockworm_state::{State, Store, Writes};

/// The address from which genesis instantiates contracts.
const FOUNDER: &str = "ledger";

/// Refuses a state that began with another genesis.
pub(crate) fn check_applied<S: Store>(
    state: &State<S>,
    genesis: &Genesis,
) -> Result<(), ExecutionError> {
    match state.get(&state_key(LEDGER, GENESIS_KEY))? {
        Some(digest) if digest == genesis.digest().0 => Ok(()),
        _ => Err(ExecutionError::OtherGenesis),
    }
}

/// All writes of height 0.
pub(crate) fn writes<S: Store>(
    shared: &Shared<S>,
    cache: &mut ValueCache,
) -> Result<Writes, ExecutionError> {
    let genesis = &*shared.genesis;
    genesis.check().map_err(|error| bad(error.to_string()))?;
    let mut base = BlockBase::new(&shared.state, cache);
    base.apply(records(shared)?);
    for genesis_contract in &genesis.contracts {
        let Some(contract) = shared.contracts.get(genesis_contract.name.as_str()) else {
            continue;
        };
        let block = BlockFacts {
            height: 0,
            time_ms: genesis.time_ms,
            ledger: &shared.ledger_hex,
        };
        let session = Session::new(
            &base,
            &base,
            &shared.directory,
            &shared.contracts,
            block,
            u64::MAX,
        );
        let origin = Origin {
            transaction: None,
            sender: FOUNDER,
            depth: 0,
        };
        let init = genesis_contract.init.as_bytes();
        match call::change(&session, contract, Entry::Instantiate, origin, init) {
            Ok(_) => {
                let (writes, _) = session.into_effects();
                base.apply(writes);
            }
            Err(Failure::Stopped(Stop::Failed(error))) => return Err(error),
            Err(Failure::Stopped(Stop::Refused(refusal))) => {
                return Err(bad(format!("contract {}: {refusal}", contract.name)));
            }
            Err(Failure::Refused(refusal, note)) => {
                let note = note.unwrap_or_default();
                return Err(bad(format!("contract {}: {refusal} {note}", contract.name)));
            }
        }
    }
    Ok(base.into_writes())
}

/// The system's own records.
fn records<S: Store>(shared: &Shared<S>) -> Result<Writes, ExecutionError> {
    let genesis = &*shared.genesis;
    let mut writes = Writes::new();
    let digest = genesis.digest().0.to_vec();
    writes.insert(state_key(LEDGER, GENESIS_KEY), Some(digest));
    let parameters = records::write(&genesis.parameters);
    writes.insert(state_key(LEDGER, PARAMETERS_KEY), Some(parameters));
    let validators = records::write(&genesis.validators);
    writes.insert(
        state_key(LEDGER, &records::validators_key(0)),
        Some(validators),
    );
    for organisation in &genesis.organisations {
        add_organisation(organisation, genesis.time_ms, &mut writes)?;
    }
    for contract in shared.contracts.iter() {
        if !matches!(contract.code, Code::System(_)) {
            let record = ContractRecord {
                id: contract.id,
                code: contract.code_name.clone(),
            };
            let key = state_key(CONTRACTS, contract.name.as_str().as_bytes());
            writes.insert(key, Some(records::write(&record)));
        }
    }
    Ok(writes)
}

fn add_organisation(
    organisation: &Organisation,
    time_ms: u64,
    writes: &mut Writes,
) -> Result<(), ExecutionError> {
    let id = &organisation.id;
    let authority = parse_authority(&organisation.ca_certificate)
        .map_err(|error| bad(format!("the authority of {id}: {error}")))?;
    if authority.organisation != id.as_str() {
        return Err(bad(format!(
            "the authority of {id} names {}",
            authority.organisation
        )));
    }
    let record = OrganisationRecord {
        name: organisation.name.clone(),
        roles: organisation.roles.clone(),
        ca_certificate: organisation.ca_certificate.clone(),
        suspended_at: None,
        removed_at: None,
    };
    let key = state_key(ORGANISATIONS, id.as_str().as_bytes());
    writes.insert(key, Some(records::write(&record)));
    for member in &organisation.members {
        let certificate = verify_chain(&member.certificate, &organisation.ca_certificate, time_ms)
            .map_err(|error| bad(format!("the certificate of {}: {error}", member.id)))?;
        let named = format!("{}/{}", certificate.organisation, certificate.name);
        if named != member.id.as_str() {
            return Err(bad(format!(
                "the certificate of {} names {named}",
                member.id
            )));
        }
        let holder = records::holder_key(&certificate.public_key);
        let holder = writes.insert(
            state_key(MEMBERS, &holder),
            Some(named.clone().into_bytes()),
        );
        if holder.is_some() {
            return Err(bad(format!("the key of {named} is another member's")));
        }
        let record = records::write(&system::member_record(certificate, 0));
        writes.insert(
            state_key(MEMBERS, &records::member_key(&named)),
            Some(record),
        );
        let certificate = member.certificate.clone();
        writes.insert(
            state_key(MEMBERS, &records::certificate_key(&named)),
            Some(certificate),
        );
    }
    Ok(())
}

const fn bad(reason: String) -> ExecutionError {
    ExecutionError::BadGenesis { reason }
}
