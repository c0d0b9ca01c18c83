//! A second node that runs the same contracts as WASM modules, compared with the first after every block.

use blockworm_execution::{BlockOutcome, Builtins, Executor};
use blockworm_ledger::{Block, Genesis, Receipt};
use blockworm_state::{MemoryStore, State};
use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

/// Every contract that scripts/build-contracts compiles.
const MODULES: [&str; 6] = [
    "asset-issuance",
    "asset-transaction",
    "evidence",
    "money",
    "receivable",
    "registry",
];

/// The modules, from the folder that `BLOCKWORM_CONTRACTS` names; none where it is not set.
static BUILTINS: LazyLock<Option<Arc<Builtins>>> = LazyLock::new(|| {
    let mut builtins = Builtins::new();
    for name in MODULES {
        let taken = builtins.with_wasm(&format!("{name}@1"), &module(name)?);
        builtins = taken.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
    }
    Some(Arc::new(builtins))
});

/// One module; none where `BLOCKWORM_CONTRACTS` is not set.
pub fn module(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("BLOCKWORM_CONTRACTS")?;
    let path = Path::new(&folder).join(format!("{name}.wasm"));
    Some(std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// The node.
pub struct Twin {
    state: State<MemoryStore>,
    executor: Executor<MemoryStore>,
    /// Prices of all transactions that had effects: native, then WASM.
    pub costs: (u64, u64),
}

impl Twin {
    /// At the genesis, if there are modules.
    pub fn start(genesis: &Arc<Genesis>) -> Option<Self> {
        let builtins = Arc::clone(BUILTINS.as_ref()?);
        let bits = genesis.parameters.bucket_bits;
        let state = State::open(MemoryStore::default(), bits).unwrap();
        let mut executor = Executor::new(state.clone(), Arc::clone(genesis), builtins).unwrap();
        executor.apply_genesis().unwrap();
        Some(Self {
            state,
            executor,
            costs: (0, 0),
        })
    }

    /// Runs the block too: only the price may differ.
    pub fn compare(&mut self, block: &Block, native: &BlockOutcome, state: &State<MemoryStore>) {
        let wasm = self.executor.execute_block(block).unwrap().unwrap();
        self.state.commit(wasm.height, wasm.rows.clone()).unwrap();
        for (native, wasm) in native.receipts.iter().zip(&wasm.receipts) {
            assert_eq!(told(native), told(wasm));
            if native.code == "ok" {
                self.costs.0 += native.cost;
                self.costs.1 += wasm.cost;
            }
        }
        assert_eq!(native.receipts.len(), wasm.receipts.len());
        assert_eq!(state.root(), self.state.root(), "every stored byte");
    }

    /// Asks the same.
    pub fn query(&self, contract: &str, message: &[u8]) -> Vec<u8> {
        self.executor.reader().query(contract, message).unwrap()
    }
}

fn told(receipt: &Receipt) -> Receipt {
    Receipt {
        cost: 0,
        ..receipt.clone()
    }
}
