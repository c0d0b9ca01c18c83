//! A ledger with epochs of four blocks whose validators changed twice: before height 4 and before 8.

use super::{StateTree, entries, genesis, header, receipt, signed, transaction};
use blockworm_crypto::{SecretKey, merkle};
use blockworm_ledger::{
    CertifiedHeaders, FinalityProof, Genesis, Handover, Header, History, Receipt, StateAnswerProof,
    StateClaim, Transaction, TransactionProof, Transactions, finality::validator_set_digest,
    genesis::Validator, state_proof,
};

/// Blocks in an epoch.
pub const EPOCH: u64 = 4;

/// Validators and their seeds, in the order of the set.
#[derive(Clone)]
pub struct Set {
    pub validators: Vec<Validator>,
    seeds: Vec<[u8; 32]>,
}

impl Set {
    pub fn new(members: &[(&str, u8)]) -> Self {
        let mut all: Vec<_> = members
            .iter()
            .map(|(organisation, byte)| {
                let key = SecretKey::from_ed25519_seed([*byte; 32]).public_key();
                let organisation = (*organisation).try_into().unwrap();
                (Validator { organisation, key }, [*byte; 32])
            })
            .collect();
        all.sort_by_key(|(validator, _)| validator.key);
        let (validators, seeds) = all.into_iter().unzip();
        Self { validators, seeds }
    }

    /// The vote of the first `count` of the set.
    pub fn vote(&self, header: &Header, count: usize) -> FinalityProof {
        let signers: Vec<_> = (0..).zip(self.seeds.iter().copied()).take(count).collect();
        signed(header.height / EPOCH, header, &signers)
    }

    pub fn quorum(&self) -> usize {
        blockworm_ledger::finality::quorum(self.validators.len())
    }
}

/// The founders; then the insurer beside them; then two newcomers, the bank under another key.
pub fn sets() -> [Set; 3] {
    [
        Set::new(&super::ORGANISATIONS),
        Set::new(&[
            ("bank", 2),
            ("court", 4),
            ("insurer", 5),
            ("notary", 3),
            ("platform", 1),
        ]),
        Set::new(&[
            ("bank", 6),
            ("carrier", 7),
            ("insurer", 5),
            ("warehouse", 8),
        ]),
    ]
}

/// Everything that a proof of any height is cut from.
pub struct Changing {
    pub genesis: Genesis,
    pub sets: [Set; 3],
    /// By height, from the genesis header on.
    pub headers: Vec<Header>,
    state: StateTree,
}

/// The transactions of a height: every block has three.
fn transactions(genesis: &Genesis, height: u64) -> Vec<Transaction> {
    let nonce = |index| u8::try_from(height).unwrap() * 10 + index;
    (0..3)
        .map(|index| transaction(genesis.ledger_id(), nonce(index)))
        .collect()
}

fn receipts(genesis: &Genesis, height: u64) -> Vec<Receipt> {
    let of = |(transaction, index): (Transaction, u32)| Receipt {
        height,
        ..receipt(&transaction, index)
    };
    transactions(genesis, height)
        .into_iter()
        .zip(0..)
        .map(of)
        .collect()
}

fn list(genesis: &Genesis, height: u64) -> Transactions {
    let encoded = transactions(genesis, height);
    Transactions::from_encoded(encoded.iter().map(Transaction::encode)).unwrap()
}

pub fn changing() -> Changing {
    let mut genesis = genesis();
    genesis.parameters.epoch_length = EPOCH;
    let sets = sets();
    assert_eq!(genesis.validators, sets[0].validators);
    let state = StateTree::new(genesis.parameters.bucket_bits, &entries());
    let mut headers = vec![genesis.header()];
    let mut history = History::new(&headers[0]);
    for height in 1..=12 {
        let mut next = header(&genesis, headers.last().unwrap(), &history);
        next.transactions_root = list(&genesis, height).root();
        if height > 2 {
            let leaves = receipts(&genesis, height - 2);
            next.receipts_root = merkle::root(leaves.iter().map(Receipt::leaf));
            next.state_root = state.root();
        }
        let voting_next = &sets[place_of_set(height + 1)].validators;
        next.next_validators = validator_set_digest(voting_next);
        history.push(&next).unwrap();
        headers.push(next);
    }
    Changing {
        genesis,
        sets,
        headers,
        state,
    }
}

/// Which of the sets votes on a height.
fn place_of_set(height: u64) -> usize {
    usize::try_from(height / EPOCH).unwrap().min(2)
}

impl Changing {
    pub fn header(&self, height: u64) -> &Header {
        &self.headers[usize::try_from(height).unwrap()]
    }

    /// The votes of the set of this height, no more than it needs.
    pub fn finality(&self, height: u64) -> FinalityProof {
        let set = &self.sets[place_of_set(height)];
        set.vote(self.header(height), set.quorum())
    }

    /// From the first set to the second at height 3, to the third at height 7.
    pub fn handover(&self, height: u64) -> Handover {
        Handover {
            header: self.header(height).clone(),
            finality: self.finality(height),
            validators: self.sets[place_of_set(height + 1)].validators.clone(),
        }
    }

    /// With the handovers that lead to the set that votes on `last`.
    pub fn chain(&self, first: u64, last: u64) -> CertifiedHeaders {
        let before = [3, 7].into_iter().filter(|height| *height < last);
        CertifiedHeaders {
            handovers: before.map(|height| self.handover(height)).collect(),
            headers: (first..=last)
                .map(|height| self.header(height).clone())
                .collect(),
            finality: self.finality(last),
        }
    }

    /// What the state held after a block: one account's balance, and no account of nobody's.
    pub fn claims(&self, height: u64) -> Vec<StateClaim> {
        let claim = |name| {
            let key = format!("balance/{name}").into_bytes();
            let full = state_proof::state_key(16, &key);
            let value = entries().get(&full).cloned();
            StateClaim::new(height, 16, key, value, self.state.prove(&full))
        };
        ["platform/shop", "nobody"].map(claim).into()
    }

    /// The second transaction of block `first`, certified at `last`.
    pub fn proof(&self, first: u64, last: u64) -> TransactionProof {
        let list = list(&self.genesis, first);
        let receipts = receipts(&self.genesis, first);
        let leaves: Vec<_> = list.leaves().collect();
        let receipt_leaves: Vec<_> = receipts.iter().map(Receipt::leaf).collect();
        TransactionProof {
            ledger: self.genesis.ledger_id(),
            genesis_digest: self.genesis.digest(),
            transaction: list.get(1).unwrap().to_vec(),
            inclusion: merkle::prove(&leaves, 1).unwrap(),
            receipt: receipts[1].clone(),
            receipt_inclusion: merkle::prove(&receipt_leaves, 1).unwrap(),
            chain: self.chain(first, last),
            states: self.claims(first),
            genesis: self.genesis.clone(),
        }
    }

    pub fn state_answer(&self, first: u64, last: u64) -> StateAnswerProof {
        let proof = self.proof(first, last);
        StateAnswerProof {
            ledger: proof.ledger,
            genesis_digest: proof.genesis_digest,
            states: proof.states,
            chain: proof.chain,
            genesis: proof.genesis,
        }
    }
}
