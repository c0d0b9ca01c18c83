//! Which contracts a ledger has: the system's, then the genesis's in order.

#[cfg(feature = "wasm")]
use crate::wasm::Module;
use crate::{
    builtins::{Builtins, NativeContract},
    error::ExecutionError,
    system::System,
};
use blockworm_ledger::{ContractName, Genesis, genesis::GenesisContract};
use std::{collections::BTreeMap, sync::Arc};

/// Contract ids below are the system's.
pub const FIRST_BUSINESS_CONTRACT: u32 = 16;

/// What runs when a contract is called.
#[derive(Clone)]
pub(crate) enum Code {
    System(System),
    Native(Arc<dyn NativeContract>),
    #[cfg(feature = "wasm")]
    Wasm(Arc<Module>),
}

/// A contract of this ledger.
pub(crate) struct Contract {
    /// Prefix of its keys.
    pub(crate) id: u32,
    /// Its name, also its address.
    pub(crate) name: ContractName,
    /// `name@version`.
    pub(crate) code_name: String,
    pub(crate) code: Code,
}

/// The number of every contract of a ledger that begins with `genesis`: the system's, then the
/// genesis's in order.
pub(crate) fn numbered(genesis: &Genesis) -> Vec<(ContractName, u32)> {
    let system = System::ALL.map(|system| (system.contract_name(), system.id()));
    let business = business(genesis).map(|(contract, id)| (contract.name.clone(), id));
    system.into_iter().chain(business).collect()
}

fn business(genesis: &Genesis) -> impl Iterator<Item = (&GenesisContract, u32)> {
    genesis.contracts.iter().zip(FIRST_BUSINESS_CONTRACT..)
}

/// All contracts of a ledger, by name.
pub(crate) struct ContractTable(BTreeMap<String, Arc<Contract>>);

impl ContractTable {
    /// The contracts that `genesis` defines; ids follow from its order.
    pub(crate) fn of(genesis: &Genesis, builtins: &Builtins) -> Result<Self, ExecutionError> {
        let mut table = BTreeMap::new();
        for system in System::ALL {
            let name = system.contract_name();
            let contract = Contract {
                id: system.id(),
                name: name.clone(),
                code_name: format!("{name}@1"),
                code: Code::System(system),
            };
            table.insert(name.as_str().to_owned(), Arc::new(contract));
        }
        for (contract, id) in business(genesis) {
            let code = builtins
                .get(&contract.code)
                .ok_or_else(|| ExecutionError::UnknownCode {
                    contract: contract.name.to_string(),
                    code: contract.code.clone(),
                })?;
            let entry = Contract {
                id,
                name: contract.name.clone(),
                code_name: contract.code.clone(),
                code,
            };
            if table
                .insert(contract.name.as_str().to_owned(), Arc::new(entry))
                .is_some()
            {
                let reason = format!("two contracts are named {}", contract.name);
                return Err(ExecutionError::BadGenesis { reason });
            }
        }
        Ok(Self(table))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Contract>> {
        self.0.get(name)
    }

    /// In order of name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Contract>> {
        self.0.values()
    }
}
