//! The task that cosigns what became durable, tells the others and takes in what they tell.

use super::{
    book::{Entry, Line, Taken, chain_id},
    is_chosen,
    judge::{Grounds, Judge, NoCosigner},
    wire::{LINES, Message, Told},
};
use crate::{
    config::Cosigner,
    consensus::chain::Link,
    ledger::{Head, Ledger},
    mempool::Now,
    metrics::add,
};
use blockworm_crypto::PublicKey as NodeKey;
use blockworm_execution::OrganisationRecord;
use blockworm_ledger::{
    OrganisationId,
    checkpoint::{Checkpoint, Cosignature, cosigner_name},
};
use bytes::Bytes;
use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{CheckedSender as _, LimitedSender, Receiver, Recipients};
use commonware_runtime::Clock;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// Heights below the head that a node which starts, or falls behind, still cosigns.
const BACK: u64 = 64;
/// The others are asked this often for what is missing.
const ROUND: Duration = Duration::from_secs(1);
/// How often for one checkpoint, and for how many of the newest.
const ASKED: u8 = 3;
const NEWEST: usize = 3;
/// Cosignatures of trees that this node has not yet executed, which wait for it.
const EARLY: usize = 512;
/// Cosignatures, and questions, of one peer that are looked at within a round.
const BUDGET: u32 = 64;

/// What the ledger's state says of an organisation.
pub type Standing = Arc<dyn Fn(&OrganisationId) -> Option<OrganisationRecord> + Send + Sync>;

/// Cosigns one ledger's checkpoints.
pub struct Cosigning {
    ledger: Arc<Ledger>,
    organisation: OrganisationId,
    cosigner: Option<Cosigner>,
    standing: Standing,
    now: Now,
    judge: Judge,
    early: VecDeque<(u64, Told)>,
    asked: HashMap<u64, u8>,
    budgets: HashMap<PublicKey, u32>,
    /// Why this node's own cosignatures do not count, as it was said last.
    complaint: Option<String>,
}

impl Cosigning {
    /// The cosigning of this ledger, with the node's own key if it has one.
    #[must_use]
    pub fn new(
        ledger: Arc<Ledger>,
        organisation: OrganisationId,
        cosigner: Option<Cosigner>,
        standing: Standing,
        now: Now,
    ) -> Self {
        Self {
            ledger,
            organisation,
            cosigner,
            standing,
            now,
            judge: Judge::default(),
            early: VecDeque::new(),
            asked: HashMap::new(),
            budgets: HashMap::new(),
            complaint: None,
        }
    }

    /// Runs for ever.
    pub async fn run<E, S, R>(mut self, context: E, mut sender: S, mut receiver: R)
    where
        E: Clock,
        S: LimitedSender<PublicKey = PublicKey>,
        R: Receiver<PublicKey = PublicKey>,
    {
        let mut heads = self.ledger.head.subscribe();
        let mut done = heads.borrow_and_update().height.saturating_sub(BACK);
        done = self.catch_up(done, &mut sender);
        let mut round = Box::pin(context.sleep(ROUND));
        loop {
            tokio::select! {
                changed = heads.changed() => match changed {
                    Ok(()) => done = self.catch_up(done, &mut sender),
                    Err(_) => return,
                },
                message = receiver.recv() => match message {
                    Ok((peer, message)) => self.hear(&peer, &Bytes::from(message), &mut sender),
                    Err(_) => return,
                },
                () = &mut round => {
                    self.ask(&mut sender);
                    self.budgets.clear();
                    round = Box::pin(context.sleep(ROUND));
                }
            }
        }
    }

    /// Opens and cosigns what became durable since `done`; the new `done`.
    fn catch_up<S>(&mut self, done: u64, sender: &mut S) -> u64
    where
        S: LimitedSender<PublicKey = PublicKey>,
    {
        let Head { height, .. } = self.ledger.head();
        for at in done.max(height.saturating_sub(BACK)) + 1..=height {
            let link = |height| -> Option<Link> {
                let digest = self.ledger.final_at(height)?;
                self.ledger.chain.get(&digest)
            };
            let (Some(before), Some(link)) = (link(at - 1), link(at)) else {
                continue;
            };
            if !is_chosen(&before, &link, self.ledger.rules.root_lag()) {
                continue;
            }
            let checkpoint = Checkpoint::of(self.ledger.rules.id, &link.history);
            let book = &self.ledger.checkpoints;
            book.begin(checkpoint.size, checkpoint.root, link.time_ms);
            if let Some(told) = self.cosign(&checkpoint) {
                tell(sender, Recipients::All, &checkpoint, vec![told]);
            }
        }
        self.take_early();
        height
    }

    /// Signs a checkpoint, unless this node did so before or cannot. What the others would refuse is
    /// neither kept nor told.
    fn cosign(&mut self, checkpoint: &Checkpoint) -> Option<Told> {
        let cosigner = self.cosigner.clone()?;
        let NodeKey::Ed25519(key) = cosigner.key.public_key() else {
            return None;
        };
        let entry = self.ledger.checkpoints.open(checkpoint.size)?;
        if entry.lines.iter().any(|line| line.key == key) {
            return None;
        }
        let time_s = (self.now)() / 1000;
        let name = cosigner_name(self.organisation.as_str());
        let signed = Cosignature::sign(checkpoint, &name, cosigner.key.as_ref(), time_s);
        let told = match (signed, (cosigner.chain)()) {
            (Ok(signed), Some(chain)) => Told {
                chain,
                time_s,
                signature: signed.bytes.get(8..)?.try_into().ok()?,
            },
            (Err(error), _) => return self.complain(&error.to_string()),
            (_, None) => return self.complain("its certificate cannot be read"),
        };
        match self.admit(checkpoint.size, &entry, &told) {
            Ok(_) => {
                self.complaint = None;
                Some(told)
            }
            Err(reason) => self.complain(&reason.to_string()),
        }
    }

    /// Says once why this node's own cosignatures do not count.
    fn complain(&mut self, reason: &str) -> Option<Told> {
        if self.complaint.as_deref() != Some(reason) {
            self.complaint = Some(reason.to_owned());
            tracing::warn!(ledger = %self.ledger.rules.id, reason, "this node cosigns no checkpoints");
        }
        None
    }

    fn hear<S>(&mut self, peer: &PublicKey, message: &Bytes, sender: &mut S)
    where
        S: LimitedSender<PublicKey = PublicKey>,
    {
        match Message::decode(message) {
            Some(Message::Tell { size, root, lines }) => {
                for told in lines {
                    if !self.spend(peer) {
                        return;
                    }
                    self.take(size, Some(root), told);
                }
            }
            Some(Message::Ask { size, known }) => {
                if self.spend(peer) {
                    self.answer(peer, size, &known, sender);
                }
            }
            None => {
                tracing::debug!(%peer, "dropped a malformed message about a checkpoint");
                add(&self.ledger.counters.cosignatures_refused, 1);
            }
        }
    }

    /// Whether the peer may still be listened to in this round.
    fn spend(&mut self, peer: &PublicKey) -> bool {
        let spent = self.budgets.entry(peer.clone()).or_default();
        *spent += 1;
        *spent <= BUDGET
    }

    /// Takes in one cosignature, now or once the tree is known.
    fn take(&mut self, size: u64, root: Option<blockworm_crypto::Digest>, told: Told) {
        let ledger = &self.ledger;
        let Some(entry) = ledger.checkpoints.open(size) else {
            if size > ledger.head().height + 1 {
                if self.early.len() >= EARLY {
                    self.early.pop_front();
                }
                self.early.push_back((size, told));
            }
            return;
        };
        if root.is_some_and(|root| root != entry.root) {
            tracing::warn!(ledger = %ledger.rules.id, size, "a peer names another root of the history tree");
            return add(&ledger.counters.cosignatures_refused, 1);
        }
        // A relayed line that is known already costs no signature check.
        let chain = chain_id(&told.chain);
        let same = |line: &Line| line.chain == chain && line.signature == told.signature;
        if entry.lines.iter().any(same) {
            return;
        }
        let ledger = self.ledger.clone();
        match self.admit(size, &entry, &told) {
            Ok(Taken::New) => add(&ledger.counters.cosignatures, 1),
            Ok(Taken::Known | Taken::Closed) => {}
            Err(reason) => {
                tracing::debug!(size, %reason, "a cosignature does not count");
                add(&ledger.counters.cosignatures_refused, 1);
            }
        }
    }

    /// Keeps a cosignature if it counts.
    fn admit(&mut self, size: u64, entry: &Entry, told: &Told) -> Result<Taken, NoCosigner> {
        let ledger = &self.ledger;
        let nodes = ledger.nodes.borrow().clone();
        let grounds = Grounds {
            checkpoint: &entry.checkpoint(ledger.rules.id, size),
            block_ms: entry.time_ms,
            now_ms: (self.now)(),
            nodes: &nodes,
            standing: &*self.standing,
        };
        let (organisation, line) = self.judge.check(told, &grounds)?;
        if entry.lines.iter().any(|known| known.key == line.key) {
            return Ok(Taken::Known);
        }
        let own = |line: &&Line| {
            let chain = ledger.checkpoints.chain(&line.chain);
            chain.is_some_and(|chain| chain.organisation == organisation.as_str())
        };
        let most = nodes
            .iter()
            .filter(|node| node.organisation == organisation);
        if entry.lines.iter().filter(own).count() >= most.count() {
            return Err(NoCosigner::TooMany(organisation));
        }
        Ok(ledger
            .checkpoints
            .add(size, line, &organisation, &told.chain))
    }

    fn take_early(&mut self) {
        let next = self.ledger.head().height + 1;
        let waiting = std::mem::take(&mut self.early);
        for (size, told) in waiting {
            if size <= next {
                self.take(size, None, told);
            } else {
                self.early.push_back((size, told));
            }
        }
    }

    /// Asks for the newest checkpoints' cosignatures of nodes that are missing.
    fn ask<S>(&mut self, sender: &mut S)
    where
        S: LimitedSender<PublicKey = PublicKey>,
    {
        let nodes = self.ledger.nodes.borrow().len();
        let newest = self.ledger.checkpoints.newest(NEWEST);
        self.asked.retain(|size, _| newest.contains(size));
        for size in newest {
            let Some(entry) = self.ledger.checkpoints.open(size) else {
                continue;
            };
            let asked = self.asked.entry(size).or_default();
            if entry.lines.len() >= nodes || *asked >= ASKED {
                continue;
            }
            *asked += 1;
            let known = entry.lines.iter().map(|line| first_bytes(&line.key));
            let known = known.collect();
            send(sender, Recipients::All, Message::Ask { size, known });
        }
    }

    fn answer<S>(&self, peer: &PublicKey, size: u64, known: &[[u8; 4]], sender: &mut S)
    where
        S: LimitedSender<PublicKey = PublicKey>,
    {
        let book = &self.ledger.checkpoints;
        let Some(entry) = book.open(size) else {
            return;
        };
        let missing = entry.lines.iter();
        let missing = missing.filter(|line| !known.contains(&first_bytes(&line.key)));
        let lines: Vec<Told> = missing
            .filter_map(|line| {
                Some(Told {
                    chain: book.chain(&line.chain)?.der,
                    time_s: line.time_s,
                    signature: line.signature,
                })
            })
            .take(LINES)
            .collect();
        if !lines.is_empty() {
            let checkpoint = entry.checkpoint(self.ledger.rules.id, size);
            tell(sender, Recipients::One(peer.clone()), &checkpoint, lines);
        }
    }
}

const fn first_bytes(key: &[u8; 32]) -> [u8; 4] {
    [key[0], key[1], key[2], key[3]]
}

fn tell<S>(sender: &mut S, to: Recipients<PublicKey>, checkpoint: &Checkpoint, lines: Vec<Told>)
where
    S: LimitedSender<PublicKey = PublicKey>,
{
    let message = Message::Tell {
        size: checkpoint.size,
        root: checkpoint.root,
        lines,
    };
    send(sender, to, message);
}

/// What cannot be sent now is not sent: whoever misses it asks.
fn send<S>(sender: &mut S, to: Recipients<PublicKey>, message: Message)
where
    S: LimitedSender<PublicKey = PublicKey>,
{
    if let Ok(checked) = sender.check(to) {
        let _ = checked.send(Bytes::from(message.encode()), false);
    }
}
