//! Where requests to one key holder are taken in: checked at once, then evaluated one after the other on a thread of its own.

use super::{
    AuditError, AuditFile, Genuine, KeyFolder, KeyFolderError, KeyHolder, Limit, Refusal,
    SignedRequest, Standing, TOLERANCE_MS,
};
use crate::network::{FolderError, clock::current_ms as now_ms, folder::make_private_folder};
use blockworm_crypto::oprf::{Evaluation, KeyVersion};
use blockworm_ledger::{LedgerId, OrganisationId};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// Requests that may wait, of all banks together: a second's work.
const WAITING: usize = 128;
/// Of them, of one bank: the others' questions wait behind at most so many.
const WAITING_OF_A_BANK: usize = 16;
/// When a bank with that many waiting may ask again.
const FULL_SHARE_MS: u64 = 1_000;
/// How often a key file that could not be opened is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// What a key holder is opened with.
#[derive(Clone, Debug)]
pub struct DeskPlan {
    /// Whose keys.
    pub organisation: OrganisationId,
    /// The ledger of the registry whose banks may ask.
    pub ledger: LedgerId,
    /// The keys, looked at again with every request.
    pub keys: KeyFolder,
    /// How much one bank may ask.
    pub limit: Limit,
    /// Where what was asked is written down.
    pub audit_file: PathBuf,
}

/// Why a key holder does not open.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// A key cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyFolderError),
    /// There is no key at all.
    #[error("there is no evaluation key of {organisation} in {}", path.display())]
    NoKey {
        /// Whose.
        organisation: OrganisationId,
        /// The folder.
        path: PathBuf,
    },
    /// What was asked before cannot be read, or the next cannot be written down.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The audit's folder cannot be made.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The system gives no thread.
    #[error("the key holder of {organisation} cannot start")]
    Start {
        /// Whose.
        organisation: OrganisationId,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// A request on its way to the thread, and who waits for its answer.
struct Job {
    genuine: Genuine,
    answer: Box<dyn FnOnce(Result<Evaluation, Refusal>) + Send>,
}

type Waiting = Arc<Mutex<BTreeMap<OrganisationId, usize>>>;

/// A key holder at work; its thread ends when it is dropped.
pub struct Desk {
    organisation: OrganisationId,
    ledger: LedgerId,
    jobs: SyncSender<Job>,
    waiting: Waiting,
}

impl Desk {
    /// Opens the keys and the audit, and starts the thread.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn open(plan: DeskPlan) -> Result<Self, DeskError> {
        let organisation = plan.organisation.clone();
        let keys = plan.keys.read_all()?;
        if keys.is_empty() {
            let path = plan.keys.path().to_owned();
            return Err(DeskError::NoKey { organisation, path });
        }
        if let Some(folder) = plan.audit_file.parent() {
            make_private_folder(folder)?;
        }
        let counted_ms = plan.limit.window_ms.max(2 * TOLERANCE_MS);
        let since_ms = now_ms().saturating_sub(counted_ms);
        let (audit, earlier) = AuditFile::open(&plan.audit_file, since_ms)?;
        let (name, ledger, limit) = (organisation.clone(), plan.ledger, plan.limit);
        let holder = KeyHolder::new(name, ledger, keys, limit, audit, earlier);
        let (jobs, queue) = sync_channel(WAITING);
        let waiting = Waiting::default();
        let clerk = Clerk {
            listed: holder.versions().collect(),
            holder,
            keys: plan.keys,
            tried: None,
            waiting: waiting.clone(),
        };
        thread::Builder::new()
            .name("key-holder".to_owned())
            .spawn(move || clerk.work(&queue))
            .map_err(|source| DeskError::Start {
                organisation: plan.organisation,
                source,
            })?;
        Ok(Self {
            organisation,
            ledger,
            jobs,
            waiting,
        })
    }

    /// Whose keys.
    #[must_use]
    pub const fn organisation(&self) -> &OrganisationId {
        &self.organisation
    }

    /// The ledger whose members may ask.
    #[must_use]
    pub const fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// Checks on the caller's thread who asks, which is quick, and puts the request in the queue;
    /// `answer` is called from the desk's thread.
    ///
    /// # Errors
    /// [`Refusal`]: then `answer` is dropped uncalled.
    pub fn submit(
        &self,
        signed: SignedRequest,
        standing: Option<Standing>,
        answer: impl FnOnce(Result<Evaluation, Refusal>) + Send + 'static,
    ) -> Result<(), Refusal> {
        let genuine = Genuine::check(&self.organisation, self.ledger, signed, standing)?;
        let bank = genuine.bank();
        {
            let mut waiting = lock(&self.waiting);
            let own = waiting.entry(bank.clone()).or_default();
            if *own >= WAITING_OF_A_BANK {
                let retry_after_ms = FULL_SHARE_MS;
                return Err(Refusal::TooOften { retry_after_ms });
            }
            *own += 1;
        }
        let answer = Box::new(answer);
        self.jobs.try_send(Job { genuine, answer }).map_err(|full| {
            leave(&self.waiting, &bank);
            match full {
                TrySendError::Full(_) => Refusal::Busy,
                TrySendError::Disconnected(_) => Refusal::Stopped,
            }
        })
    }
}

fn lock(
    waiting: &Mutex<BTreeMap<OrganisationId, usize>>,
) -> std::sync::MutexGuard<'_, BTreeMap<OrganisationId, usize>> {
    // A count is whole at every moment, whoever panicked.
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

fn leave(waiting: &Mutex<BTreeMap<OrganisationId, usize>>, bank: &OrganisationId) {
    let mut waiting = lock(waiting);
    if let Some(own) = waiting.get_mut(bank) {
        *own -= 1;
        if *own == 0 {
            waiting.remove(bank);
        }
    }
}

/// The thread's own things.
struct Clerk {
    holder: KeyHolder<AuditFile>,
    keys: KeyFolder,
    /// The versions that the folder held when it was last looked at.
    listed: BTreeSet<KeyVersion>,
    /// When a file that could not be opened was last tried.
    tried: Option<Instant>,
    waiting: Waiting,
}

impl Clerk {
    fn work(mut self, queue: &Receiver<Job>) {
        while let Ok(Job { genuine, answer }) = queue.recv() {
            self.look_for_keys();
            let answered = self.holder.answer_genuine(&genuine, now_ms());
            if let Err(Refusal::NotAudited(error)) = &answered {
                tracing::error!(%error, "a key holder answers nothing");
            }
            leave(&self.waiting, &genuine.bank());
            answer(answered);
        }
    }

    /// Takes up new versions and forgets deleted ones, so that a change of keys needs no restart.
    fn look_for_keys(&mut self) {
        let listed = match self.keys.versions() {
            Ok(listed) => listed,
            // What was read stays good.
            Err(error) => return tracing::warn!(%error, "the evaluation keys cannot be listed"),
        };
        let held: BTreeSet<KeyVersion> = self.holder.versions().collect();
        let waits = self.tried.is_some_and(|tried| tried.elapsed() < RETRY);
        if listed == held || (listed == self.listed && waits) {
            return;
        }
        self.tried = Some(Instant::now());
        self.holder.retain(|version| listed.contains(&version));
        for version in listed.difference(&held) {
            match self.keys.read(*version) {
                Ok(key) => {
                    tracing::info!(%version, "an evaluation key was taken up");
                    self.holder.add(key);
                }
                Err(error) => tracing::warn!(%version, %error, "an evaluation key is unusable"),
            }
        }
        self.listed = listed;
    }
}
