//! A small ledger with fixed keys: genesis, four headers, one block with three transactions, state.
#![allow(clippy::unwrap_used, dead_code)]

pub mod changing;

use aws_lc_rs::signature::Ed25519KeyPair;
use blockworm_crypto::{Digest, SecretKey, merkle, sha256};
use blockworm_ledger::{
    Block, CertifiedHeaders, Event, FinalityProof, Genesis, Header, History, LedgerId, Parameters,
    Receipt, StateAnswerProof, StateClaim, StateProof, Transaction, TransactionBody,
    TransactionProof, Transactions,
    block::HEADER_VERSION,
    genesis::{GenesisContract, GenesisMember, Organisation, Validator},
    state_proof,
};
use std::collections::BTreeMap;

/// Organisations, in order, and the seed byte of each one's validator.
pub const ORGANISATIONS: [(&str, u8); 4] =
    [("bank", 2), ("court", 4), ("notary", 3), ("platform", 1)];

pub fn validator_seed(organisation: &str) -> [u8; 32] {
    let (_, byte) = ORGANISATIONS
        .iter()
        .find(|(name, _)| *name == organisation)
        .unwrap();
    [*byte; 32]
}

pub fn member_key(byte: u8) -> SecretKey {
    SecretKey::from_ed25519_seed([byte; 32])
}

/// Plain Ed25519 over any bytes, by a library that the verifier does not use for it.
pub fn sign_plain(seed: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).unwrap();
    pair.sign(message).as_ref().try_into().unwrap()
}

pub fn parameters() -> Parameters {
    Parameters {
        root_lag: 2,
        epoch_length: 1000,
        bucket_bits: 4,
        block_bytes: 1 << 20,
        block_transactions: 1000,
        transaction_bytes: 4096,
        expiry_window_ms: 120_000,
        heartbeat_ms: 5_000,
        transaction_cost: 1_000_000,
    }
}

pub fn genesis() -> Genesis {
    let organisation = |(name, _): &(&str, u8)| Organisation {
        id: (*name).try_into().unwrap(),
        name: format!("The {name}"),
        roles: vec![(*name).to_owned()],
        ca_certificate: format!("CA of {name}").into_bytes(),
        members: vec![GenesisMember {
            id: format!("{name}/admin").try_into().unwrap(),
            certificate: format!("certificate of {name}").into_bytes(),
        }],
    };
    let mut validators: Vec<_> = ORGANISATIONS
        .iter()
        .map(|(name, byte)| Validator {
            organisation: (*name).try_into().unwrap(),
            key: SecretKey::from_ed25519_seed([*byte; 32]).public_key(),
        })
        .collect();
    validators.sort_by_key(|validator| validator.key);
    Genesis {
        version: 1,
        protocol_version: 1,
        name: "trade".into(),
        time_ms: 1_790_000_000_000,
        parameters: parameters(),
        organisations: ORGANISATIONS.iter().map(organisation).collect(),
        validators,
        contracts: vec![GenesisContract {
            name: "money".try_into().unwrap(),
            code: "money@1".into(),
            init: "{}".into(),
        }],
    }
}

pub fn transaction(ledger: LedgerId, nonce: u8) -> Transaction {
    let key = member_key(50);
    TransactionBody {
        ledger,
        sender: "bank/clerk".try_into().unwrap(),
        key: key.public_key(),
        contract: "money".try_into().unwrap(),
        message: br#"{"transfer":{"amount":"1200","currency":"CNY","to":"platform/shop"}}"#
            .to_vec(),
        nonce: [nonce; 16],
        expires_at_ms: 1_790_000_060_000,
    }
    .sign(&key)
}

pub fn receipt(transaction: &Transaction, index: u32) -> Receipt {
    Receipt {
        transaction: transaction.id(),
        height: 1,
        index,
        code: "ok".into(),
        message: String::new(),
        events: vec![Event {
            contract: "money".try_into().unwrap(),
            kind: "transferred".into(),
            subject: "platform/shop".into(),
            attributes: vec![
                ("amount".into(), "1200".into()),
                ("currency".into(), "CNY".into()),
            ],
        }],
        data: vec![1, 2, 3],
        cost: 42,
    }
}

/// The bucket tree over all entries, the slow and obvious way.
pub struct StateTree {
    bits: u8,
    buckets: Vec<Vec<u8>>,
}

impl StateTree {
    pub fn new(bits: u8, entries: &BTreeMap<Vec<u8>, Vec<u8>>) -> Self {
        let mut records: Vec<_> = entries
            .iter()
            .map(|(key, value)| {
                [
                    state_proof::key_hash(key).0,
                    state_proof::value_hash(value).0,
                ]
                .concat()
            })
            .collect();
        records.sort();
        let mut buckets = vec![Vec::new(); 1 << bits];
        for record in records {
            let place = (0..usize::from(bits)).fold(0, |place, index| {
                place << 1 | usize::from(state_proof::bit(&record, index))
            });
            buckets[place].extend(record);
        }
        Self { bits, buckets }
    }

    fn levels(&self) -> Vec<Vec<Digest>> {
        let bits = usize::from(self.bits);
        let leaves = self
            .buckets
            .iter()
            .map(|pairs| state_proof::bucket_digest(pairs, bits))
            .collect();
        let mut levels: Vec<Vec<Digest>> = vec![leaves];
        while levels.last().unwrap().len() > 1 {
            let below = levels.last().unwrap();
            levels.push(
                below
                    .chunks(2)
                    .map(|two| state_proof::inner(&two[0], &two[1]))
                    .collect(),
            );
        }
        levels
    }

    pub fn root(&self) -> Digest {
        self.levels().last().unwrap()[0]
    }

    pub fn prove(&self, key: &[u8]) -> StateProof {
        let hash = state_proof::key_hash(key);
        let bits = usize::from(self.bits);
        let mut place = (0..bits).fold(0, |place, index| {
            place << 1 | usize::from(state_proof::bit(hash.as_bytes(), index))
        });
        let mut proof = state_proof::prove_bucket(&self.buckets[place], bits, &hash);
        for level in &self.levels()[..bits] {
            proof.siblings.push(level[place ^ 1]);
            place >>= 1;
        }
        proof
    }
}

pub fn entries() -> BTreeMap<Vec<u8>, Vec<u8>> {
    let account = |name: &str| state_proof::state_key(16, format!("balance/{name}").as_bytes());
    BTreeMap::from([
        (account("bank/clerk"), b"98800".to_vec()),
        (account("platform/shop"), b"1200".to_vec()),
    ])
}

pub fn header(genesis: &Genesis, parent: &Header, history: &History) -> Header {
    let empty = merkle::root([]);
    Header {
        version: HEADER_VERSION,
        protocol_version: 1,
        ledger: genesis.ledger_id(),
        height: parent.height + 1,
        time_ms: parent.time_ms + 500,
        parent: parent.digest(),
        history_root: history.root(),
        transactions_root: empty,
        receipts_root: empty,
        state_root: sha256(&[b"the state before"]),
        next_validators: genesis.header().next_validators,
    }
}

pub fn finality(genesis: &Genesis, header: &Header, signers: &[u32]) -> FinalityProof {
    let seed = |signer: &u32| {
        let organisation = &genesis.validators[*signer as usize].organisation;
        (*signer, validator_seed(organisation.as_str()))
    };
    let signers: Vec<_> = signers.iter().map(seed).collect();
    let epoch = header.height / genesis.parameters.epoch_length;
    signed(epoch, header, &signers)
}

/// The vote on a header: by the place of each signer in its set, and its seed.
pub fn signed(epoch: u64, header: &Header, signers: &[(u32, [u8; 32])]) -> FinalityProof {
    let mut proof = FinalityProof {
        epoch,
        view: header.height + 300,
        parent_view: header.height + 298,
        payload: header.digest(),
        signatures: Vec::new(),
    };
    let message = proof.signed_bytes(&header.ledger);
    let signature = |(place, seed): &(u32, [u8; 32])| (*place, sign_plain(seed, &message));
    proof.signatures = signers.iter().map(signature).collect();
    proof
}

/// Everything that a proof is cut from.
pub struct Sample {
    pub genesis: Genesis,
    pub block: Block,
    pub receipts: Vec<Receipt>,
    pub headers: Vec<Header>,
    pub state: StateTree,
}

pub fn sample() -> Sample {
    let genesis = genesis();
    let transactions: Vec<_> = (0..3)
        .map(|nonce| transaction(genesis.ledger_id(), nonce))
        .collect();
    let receipts: Vec<_> = transactions
        .iter()
        .zip(0..)
        .map(|(transaction, index)| receipt(transaction, index))
        .collect();
    let list = Transactions::from_encoded(transactions.iter().map(Transaction::encode)).unwrap();
    let state = StateTree::new(genesis.parameters.bucket_bits, &entries());
    let mut parent = genesis.header();
    let mut history = History::new(&parent);
    let mut headers = Vec::new();
    for height in 1..=4 {
        let mut next = header(&genesis, &parent, &history);
        if height == 1 {
            next.transactions_root = list.root();
        }
        if height == 3 {
            next.receipts_root = merkle::root(receipts.iter().map(Receipt::leaf));
            next.state_root = state.root();
        }
        history.push(&next).unwrap();
        headers.push(next.clone());
        parent = next;
    }
    let block = Block {
        header: headers[0].clone(),
        transactions: list,
    };
    Sample {
        genesis,
        block,
        receipts,
        headers,
        state,
    }
}

impl Sample {
    pub fn chain(&self) -> CertifiedHeaders {
        let last = self.headers.last().unwrap();
        CertifiedHeaders {
            handovers: Vec::new(),
            headers: self.headers.clone(),
            finality: finality(&self.genesis, last, &[0, 1, 3]),
        }
    }

    pub fn claims(&self) -> Vec<StateClaim> {
        ["platform/shop", "nobody"]
            .iter()
            .map(|name| {
                let key = format!("balance/{name}").into_bytes();
                let full = state_proof::state_key(16, &key);
                let value = entries().get(&full).cloned();
                StateClaim::new(1, 16, key, value, self.state.prove(&full))
            })
            .collect()
    }

    pub fn proof(&self) -> TransactionProof {
        let leaves: Vec<_> = self.block.transactions.leaves().collect();
        let receipt_leaves: Vec<_> = self.receipts.iter().map(Receipt::leaf).collect();
        TransactionProof {
            ledger: self.genesis.ledger_id(),
            genesis_digest: self.genesis.digest(),
            transaction: self.block.transactions.get(1).unwrap().to_vec(),
            inclusion: merkle::prove(&leaves, 1).unwrap(),
            receipt: self.receipts[1].clone(),
            receipt_inclusion: merkle::prove(&receipt_leaves, 1).unwrap(),
            chain: self.chain(),
            states: self.claims(),
            genesis: self.genesis.clone(),
        }
    }

    pub fn state_answer(&self) -> StateAnswerProof {
        let proof = self.proof();
        StateAnswerProof {
            ledger: proof.ledger,
            genesis_digest: proof.genesis_digest,
            states: proof.states,
            chain: proof.chain,
            genesis: proof.genesis,
        }
    }
}
