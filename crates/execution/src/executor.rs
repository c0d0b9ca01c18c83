//! Runs blocks, one after the other.

use crate::{
    admission::{Admission, Verdict, check_open, check_sender, check_window},
    base::{BlockBase, ValueCache},
    block::{BlockOutcome, MAX_NOTES},
    builtins::Builtins,
    call::{self, Entry, Origin},
    contracts::ContractTable,
    directory::Directory,
    error::{ExecutionError, Refusal},
    genesis,
    reader::Reader,
    records::{ARCHIVED_KEY, LEDGER},
    replay::{Mark, Replay, Seen, mark},
    session::{BlockFacts, Failure, Session, Stop, state_key},
    system::Membership,
};
use blockworm_ledger::{
    Block, Event, Genesis, Header, LedgerId, Receipt, codes, transaction::TransactionView,
};
use blockworm_state::{Column, SideRow, State, Store, Writes};
use std::{
    collections::HashSet,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Hot values of contracts, in bytes.
const CACHE_BYTES: usize = 32 << 20;

/// Row of `Column::Meta` with the time of the last committed block.
const TIME_ROW: &[u8] = b"execution/time_ms";

/// The last executed block.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tip {
    pub(crate) height: Option<u64>,
    pub(crate) time_ms: u64,
}

/// What the executor shares with its handles on other threads.
pub(crate) struct Shared<S: Store> {
    pub(crate) state: State<S>,
    pub(crate) genesis: Arc<Genesis>,
    pub(crate) ledger: LedgerId,
    /// The ledger id in hex.
    pub(crate) ledger_hex: String,
    pub(crate) contracts: ContractTable,
    pub(crate) directory: Directory,
    /// Whether the ledger takes proposals alone, as of the last executed block.
    pub(crate) archived: AtomicBool,
    pub(crate) replay: RwLock<Replay>,
    pub(crate) tip: RwLock<Tip>,
}

impl<S: Store> Shared<S> {
    pub(crate) fn tip(&self) -> Tip {
        *self.tip.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Executes the blocks of one ledger in order.
pub struct Executor<S: Store> {
    shared: Arc<Shared<S>>,
    cache: ValueCache,
}

impl<S: Store> Executor<S> {
    /// An executor over a state that is empty or belongs to `genesis`.
    ///
    /// # Errors
    /// When the genesis names a code that `builtins` lacks, the state belongs to another genesis,
    /// or the store fails.
    pub fn new(
        state: State<S>,
        genesis: Arc<Genesis>,
        builtins: Arc<Builtins>,
    ) -> Result<Self, ExecutionError> {
        let height = state.staged_height();
        if height.is_some() {
            genesis::check_applied(&state, &genesis)?;
        }
        let time_ms = match state.side_get(Column::Meta, TIME_ROW)? {
            Some(bytes) => bytes
                .as_slice()
                .try_into()
                .map(u64::from_be_bytes)
                .map_err(|_| ExecutionError::DamagedRecord {
                    what: "the time of the last block",
                })?,
            None => genesis.time_ms,
        };
        let ledger = genesis.ledger_id();
        let archived = state.get(&archived_key())?.is_some();
        let shared = Shared {
            replay: RwLock::new(Replay::load(&state)?),
            contracts: ContractTable::of(&genesis, &builtins)?,
            directory: Directory::default(),
            archived: AtomicBool::new(archived),
            tip: RwLock::new(Tip { height, time_ms }),
            ledger,
            ledger_hex: ledger.to_string(),
            state,
            genesis,
        };
        Ok(Self {
            shared: Arc::new(shared),
            cache: ValueCache::new(CACHE_BYTES),
        })
    }

    /// Makes the first state from the genesis and commits it as height 0; does nothing when that
    /// has happened.
    ///
    /// # Errors
    /// When the genesis is not acceptable, a contract refuses to begin, or the store fails.
    pub fn apply_genesis(&mut self) -> Result<(), ExecutionError> {
        if self.height().is_some() {
            return Ok(());
        }
        let shared = &self.shared;
        let writes =
            genesis::writes(shared, &mut self.cache).inspect_err(|_| self.cache.clear())?;
        let changed = Directory::changed_keys(&writes);
        shared.state.stage(0, writes)?;
        let time_ms = shared.genesis.time_ms;
        shared.state.commit(0, vec![time_row(time_ms)])?;
        shared.directory.block_staged(&changed);
        self.set_tip(0, time_ms);
        Ok(())
    }

    /// The last executed height; `None` before the genesis was applied.
    #[must_use]
    pub fn height(&self) -> Option<u64> {
        self.shared.tip().height
    }

    /// A handle that checks transactions on arrival.
    #[must_use]
    pub fn admission(&self) -> Admission<S> {
        Admission::new(Arc::clone(&self.shared))
    }

    /// A handle that answers queries.
    #[must_use]
    pub fn reader(&self) -> Reader<S> {
        Reader::new(Arc::clone(&self.shared))
    }

    /// Executes a block and stages its writes; `None` when its height was executed before.
    /// Commit the height with the outcome's rows.
    ///
    /// # Errors
    /// When the block does not follow, holds what verification refuses, or the store fails. The
    /// node must not go on; executing the block again after a restart is safe.
    pub fn execute_block(&mut self, block: &Block) -> Result<Option<BlockOutcome>, ExecutionError> {
        let header = &block.header;
        let expected = self.height().ok_or(ExecutionError::NoGenesis)? + 1;
        if header.height < expected {
            return Ok(None);
        }
        if header.height > expected {
            return Err(ExecutionError::OutOfOrder {
                expected,
                got: header.height,
            });
        }
        if header.ledger != self.shared.ledger {
            return Err(ExecutionError::OtherLedger);
        }
        let outcome = self.run(block);
        if outcome.is_err() {
            // It may hold values of a block that was not staged.
            self.cache.clear();
        }
        outcome.map(Some)
    }

    fn run(&mut self, block: &Block) -> Result<BlockOutcome, ExecutionError> {
        let shared = &self.shared;
        let header = &block.header;
        let mut run = Run {
            shared,
            header,
            base: BlockBase::new(&shared.state, &mut self.cache),
            seen: Seen::default(),
            marks: HashSet::new(),
            notes: Vec::new(),
        };
        let mut receipts = Vec::with_capacity(block.transactions.len());
        for (index, view) in block.transactions.iter().enumerate() {
            let height = header.height;
            let view = view.map_err(|_| ExecutionError::UnreadableTransaction { height, index })?;
            // A block holds at most u32::MAX bytes of transactions, so fewer transactions.
            receipts.push(run.transaction(&view, index as u32)?);
        }
        let Run {
            base, seen, notes, ..
        } = run;
        let writes = base.into_writes();
        let changed = Directory::changed_keys(&writes);
        let membership_changed = Membership::is_touched(&writes);
        let archived = writes.get(&archived_key()).map(Option::is_some);
        shared.state.stage(header.height, writes)?;
        shared.directory.block_staged(&changed);
        if let Some(archived) = archived {
            shared.archived.store(archived, Ordering::Release);
        }
        let mut rows = {
            let mut replay = shared
                .replay
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            replay.block_executed(header.height, header.time_ms, &seen)
        };
        rows.push(time_row(header.time_ms));
        self.set_tip(header.height, header.time_ms);
        let mut outcome = BlockOutcome::new(header.height, receipts, rows, notes);
        outcome.membership_changed = membership_changed;
        Ok(outcome)
    }

    fn set_tip(&self, height: u64, time_ms: u64) {
        let mut tip = self
            .shared
            .tip
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *tip = Tip {
            height: Some(height),
            time_ms,
        };
    }
}

fn archived_key() -> Vec<u8> {
    state_key(LEDGER, ARCHIVED_KEY)
}

fn time_row(time_ms: u64) -> SideRow {
    SideRow::put(Column::Meta, TIME_ROW, time_ms.to_be_bytes())
}

/// One block under way.
struct Run<'a, S: Store> {
    shared: &'a Shared<S>,
    header: &'a Header,
    base: BlockBase<'a, S>,
    /// Ids that this block takes.
    seen: Seen,
    marks: HashSet<Mark>,
    notes: Vec<String>,
}

/// What a transaction that took effect leaves.
struct Effects {
    writes: Writes,
    events: Vec<Event>,
    data: Vec<u8>,
}

impl<S: Store> Run<'_, S> {
    fn transaction(
        &mut self,
        view: &TransactionView<'_>,
        index: u32,
    ) -> Result<Receipt, ExecutionError> {
        let (result, cost) = match self.check(view)? {
            Ok(()) => self.call(view, index)?,
            Err(refusal) => (Err(refusal), 0),
        };
        let mut receipt = Receipt {
            transaction: view.id(),
            height: self.header.height,
            index,
            code: String::new(),
            message: String::new(),
            events: Vec::new(),
            data: Vec::new(),
            cost,
        };
        match result {
            Ok(effects) => {
                self.base.apply(effects.writes);
                codes::OK.clone_into(&mut receipt.code);
                receipt.events = effects.events;
                receipt.data = effects.data;
            }
            Err(refusal) => {
                receipt.code = refusal.code;
                receipt.message = refusal.message;
            }
        }
        Ok(receipt)
    }

    /// The checks before any contract is called, in the order of docs/contracts/system.md. A
    /// transaction inside its window is remembered whatever the other checks say.
    fn check(&mut self, view: &TransactionView<'_>) -> Result<Result<(), Refusal>, ExecutionError> {
        let time_ms = self.header.time_ms;
        if let Err(refusal) = check_window(self.shared, view, time_ms) {
            return Ok(Err(refusal));
        }
        let mark = mark(&view.id());
        let replayed = !self.marks.insert(mark) || {
            let replay = self
                .shared
                .replay
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            replay.contains(&mark, view.expires_at_ms())
        };
        if !replayed {
            self.seen.ids.push((mark, view.expires_at_ms()));
        }
        match check_sender(self.shared, view, time_ms) {
            Ok(()) => Ok(match check_open(self.shared, view) {
                Ok(()) if replayed => Err(crate::admission::replayed()),
                checked => checked,
            }),
            Err(Verdict::Refused(refusal)) => Ok(Err(refusal)),
            Err(Verdict::Failed(error)) => Err(error),
        }
    }

    fn call(
        &mut self,
        view: &TransactionView<'_>,
        index: u32,
    ) -> Result<(Result<Effects, Refusal>, u64), ExecutionError> {
        let shared = self.shared;
        let block = BlockFacts {
            height: self.header.height,
            time_ms: self.header.time_ms,
            ledger: &shared.ledger_hex,
        };
        let limit = shared.genesis.parameters.transaction_cost;
        let session = Session::new(
            &self.base,
            &shared.state,
            &shared.directory,
            &shared.contracts,
            block,
            limit,
        );
        let transaction = Some((view.id(), index));
        let origin = Origin {
            transaction,
            sender: view.sender(),
            depth: 0,
        };
        let outcome = match shared.contracts.get(view.contract()) {
            Some(contract) => {
                call::change(&session, contract, Entry::Execute, origin, view.message())
            }
            None => Err(call::unknown_contract(view.contract())),
        };
        let cost = session.cost();
        let result = match outcome {
            Ok(data) => {
                let (writes, events) = session.into_effects();
                Ok(Effects {
                    writes,
                    events,
                    data,
                })
            }
            Err(Failure::Refused(refusal, note)) => {
                if let Some(note) = note.filter(|_| self.notes.len() < MAX_NOTES) {
                    self.notes
                        .push(format!("{} {}: {note}", view.id(), refusal.code));
                }
                Err(refusal)
            }
            Err(Failure::Stopped(Stop::Refused(refusal))) => Err(refusal),
            Err(Failure::Stopped(Stop::Failed(error))) => return Err(error),
        };
        Ok((result, cost))
    }
}
