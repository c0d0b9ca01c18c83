//! The ledger behind a sample matter: blocks with deposits, an attestation, a dispute and its decision.

use super::sample::{self, StateTree};
use blockworm_crypto::{
    Algorithm, SecretKey,
    identity::{CertificateAuthority, Order, Profile, Validity},
    merkle, sha256,
};
use blockworm_ledger::{
    CertifiedHeaders, Event, FinalityProof, Genesis, Header, History, Receipt, StateAnswerProof,
    StateClaim, Transaction, TransactionBody, TransactionProof, Transactions,
    genesis::{GenesisContract, Organisation, Validator},
    records::{self, MEMBERS, MemberRecord, ORGANISATIONS, OrganisationRecord},
    state_proof,
};
use std::{collections::BTreeMap, sync::Arc};

pub const MATTER: &str = "steel-26";
pub const CONTRACT: u32 = 16;
pub const STATE_HEIGHT: u64 = 7;
pub const LAST: u64 = 11;
pub const VALIDITY: Validity = Validity {
    not_before_ms: 1_780_000_000_000,
    not_after_ms: 1_900_000_000_000,
};

/// An organisation with its root and one member.
pub struct Member {
    pub id: String,
    pub key: SecretKey,
    pub chain: Vec<u8>,
}

pub struct People {
    pub authorities: BTreeMap<&'static str, CertificateAuthority>,
    pub members: BTreeMap<&'static str, Member>,
}

/// Who signs what: the organisation and its member's name.
const MEMBERS_OF: [(&str, &str, u8); 4] = [
    ("bank", "clerk", 61),
    ("court", "judge", 62),
    ("notary", "officer", 63),
    ("platform", "clerk", 64),
];

pub fn people() -> People {
    let mut people = People {
        authorities: BTreeMap::new(),
        members: BTreeMap::new(),
    };
    for (slug, name, seed) in MEMBERS_OF {
        let authority =
            CertificateAuthority::create(slug, "Root", Algorithm::P256, VALIDITY).unwrap();
        let key = sample::member_key(seed);
        let order = Order {
            profile: Profile::Member,
            name,
            functions: &["maker".into()],
            hosts: &[],
        };
        let chain = authority
            .issue_as(&order, &key.public_key(), VALIDITY)
            .unwrap();
        let id = format!("{slug}/{name}");
        people.members.insert(slug, Member { id, key, chain });
        people.authorities.insert(slug, authority);
    }
    people
}

/// A row to be: by whom, in which block, and what it says.
pub struct Deed {
    pub organisation: &'static str,
    pub height: u64,
    pub message: String,
}

pub struct Block {
    pub transactions: Vec<Transaction>,
    pub receipts: Vec<Receipt>,
}

pub struct Ledger {
    pub people: People,
    pub genesis: Genesis,
    /// By height, from 0.
    pub headers: Vec<Header>,
    blocks: BTreeMap<u64, Block>,
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    state: StateTree,
}

pub fn genesis(people: &People) -> Genesis {
    let organisation = |slug: &str| Organisation {
        id: slug.try_into().unwrap(),
        name: format!("The {slug}"),
        roles: vec![slug.to_owned()],
        ca_certificate: people.authorities[slug].certificate().to_vec(),
        members: Vec::new(),
    };
    let mut validators: Vec<_> = sample::ORGANISATIONS
        .iter()
        .map(|(slug, byte)| Validator {
            organisation: (*slug).try_into().unwrap(),
            key: SecretKey::from_ed25519_seed([*byte; 32]).public_key(),
        })
        .collect();
    validators.sort_by_key(|validator| validator.key);
    Genesis {
        organisations: sample::ORGANISATIONS
            .iter()
            .map(|(slug, _)| organisation(slug))
            .collect(),
        validators,
        contracts: vec![GenesisContract {
            name: "evidence".try_into().unwrap(),
            code: "evidence@1".into(),
            init: "{}".into(),
        }],
        ..sample::genesis()
    }
}

pub fn time_ms(genesis: &Genesis, height: u64) -> u64 {
    genesis.time_ms + 500 * height
}

pub fn transaction(people: &People, genesis: &Genesis, deed: &Deed) -> Transaction {
    let member = &people.members[deed.organisation];
    TransactionBody {
        ledger: genesis.ledger_id(),
        sender: member.id.as_str().try_into().unwrap(),
        key: member.key.public_key(),
        contract: "evidence".try_into().unwrap(),
        message: deed.message.clone().into_bytes(),
        nonce: [u8::try_from(deed.height).unwrap(); 16],
        expires_at_ms: 1_790_000_060_000,
    }
    .sign(&member.key)
}

impl Ledger {
    /// The ledger whose blocks hold these transactions and whose state holds these rows.
    pub fn new(
        people: People,
        genesis: Genesis,
        deeds: &[Deed],
        rows: BTreeMap<Vec<u8>, Vec<u8>>,
        revoked: &BTreeMap<&str, u64>,
    ) -> Self {
        let mut entries = rows;
        put_people(&people, revoked, &mut entries);
        let blocks = blocks(&people, &genesis, deeds);
        let state = StateTree::new(genesis.parameters.bucket_bits, &entries);
        let headers = headers(&genesis, &blocks, &state);
        Self {
            people,
            genesis,
            headers,
            blocks,
            entries,
            state,
        }
    }

    fn chain(&self, from: u64) -> CertifiedHeaders {
        let headers = self.headers[usize::try_from(from).unwrap()..].to_vec();
        let finality = finality(&self.genesis, headers.last().unwrap());
        CertifiedHeaders {
            handovers: Vec::new(),
            headers,
            finality,
        }
    }

    /// The proof of the only transaction of a block.
    pub fn proof(&self, height: u64) -> TransactionProof {
        let block = &self.blocks[&height];
        let list = list(block);
        let leaves: Vec<_> = list.leaves().collect();
        let receipts: Vec<_> = block.receipts.iter().map(Receipt::leaf).collect();
        TransactionProof {
            ledger: self.genesis.ledger_id(),
            genesis_digest: self.genesis.digest(),
            transaction: list.get(0).unwrap().to_vec(),
            inclusion: merkle::prove(&leaves, 0).unwrap(),
            receipt: block.receipts[0].clone(),
            receipt_inclusion: merkle::prove(&receipts, 0).unwrap(),
            chain: self.chain(height),
            states: Vec::new(),
            genesis: self.genesis.clone(),
        }
    }

    pub fn state_answer(&self) -> StateAnswerProof {
        let claim = |(full, value): (&Vec<u8>, &Vec<u8>)| {
            let contract = u32::from_be_bytes(full[..4].try_into().unwrap());
            let proof = self.state.prove(full);
            StateClaim::new(
                STATE_HEIGHT,
                contract,
                full[4..].to_vec(),
                Some(value.clone()),
                proof,
            )
        };
        StateAnswerProof {
            ledger: self.genesis.ledger_id(),
            genesis_digest: self.genesis.digest(),
            states: self.entries.iter().map(claim).collect(),
            chain: self.chain(STATE_HEIGHT),
            genesis: self.genesis.clone(),
        }
    }
}

/// The system's rows of every organisation and member.
fn put_people(
    people: &People,
    revoked: &BTreeMap<&str, u64>,
    entries: &mut BTreeMap<Vec<u8>, Vec<u8>>,
) {
    for (slug, member) in &people.members {
        let mut put = |contract, key: Vec<u8>, value: Vec<u8>| {
            entries.insert(state_proof::state_key(contract, &key), value);
        };
        let organisation = OrganisationRecord {
            name: format!("The {slug}"),
            roles: vec![(*slug).to_owned()],
            ca_certificate: people.authorities[slug].certificate().to_vec(),
            suspended_at: None,
            removed_at: None,
        };
        put(
            ORGANISATIONS,
            slug.as_bytes().to_vec(),
            borsh::to_vec(&organisation).unwrap(),
        );
        let record = MemberRecord {
            key: member.key.public_key(),
            functions: vec!["maker".into()],
            not_after_ms: VALIDITY.not_after_ms,
            registered_at: 0,
            revoked_at: revoked.get(slug).copied(),
        };
        put(
            MEMBERS,
            records::member_key(&member.id),
            borsh::to_vec(&record).unwrap(),
        );
        put(
            MEMBERS,
            records::certificate_key(&member.id),
            member.chain.clone(),
        );
        put(
            MEMBERS,
            records::holder_key(&member.key.public_key()),
            member.id.clone().into_bytes(),
        );
    }
}

/// Blocks with these transactions and their receipts, by height.
fn blocks(people: &People, genesis: &Genesis, deeds: &[Deed]) -> BTreeMap<u64, Block> {
    let mut blocks: BTreeMap<u64, Block> = BTreeMap::new();
    for deed in deeds {
        let block = blocks.entry(deed.height).or_insert_with(|| Block {
            transactions: Vec::new(),
            receipts: Vec::new(),
        });
        let transaction = transaction(people, genesis, deed);
        block.receipts.push(Receipt {
            transaction: transaction.id(),
            height: deed.height,
            index: u32::try_from(block.transactions.len()).unwrap(),
            code: "ok".into(),
            message: String::new(),
            events: vec![Event {
                contract: "evidence".try_into().unwrap(),
                kind: "noted".into(),
                subject: MATTER.into(),
                attributes: Vec::new(),
            }],
            data: Vec::new(),
            cost: 42,
        });
        block.transactions.push(transaction);
    }
    blocks
}

fn list(block: &Block) -> Transactions {
    Transactions::from_encoded(block.transactions.iter().map(Transaction::encode)).unwrap()
}

fn headers(genesis: &Genesis, blocks: &BTreeMap<u64, Block>, state: &StateTree) -> Vec<Header> {
    let mut headers = vec![genesis.header()];
    let mut history = History::new(&headers[0]);
    for height in 1..=LAST {
        let mut next = sample::header(genesis, headers.last().unwrap(), &history);
        if let Some(block) = blocks.get(&height) {
            next.transactions_root = list(block).root();
        }
        if let Some(block) = height.checked_sub(2).and_then(|before| blocks.get(&before)) {
            next.receipts_root = merkle::root(block.receipts.iter().map(Receipt::leaf));
        }
        if height == STATE_HEIGHT + 2 {
            next.state_root = state.root();
        }
        history.push(&next).unwrap();
        headers.push(next);
    }
    headers
}

fn finality(genesis: &Genesis, header: &Header) -> FinalityProof {
    sample::finality(genesis, header, &[0, 1, 3])
}

/// A key that signs for an organisation besides its members: of any algorithm.
pub fn service(
    people: &People,
    slug: &str,
    profile: Profile,
    name: &str,
    algorithm: Algorithm,
) -> (Arc<SecretKey>, Vec<u8>) {
    let key = Arc::new(SecretKey::generate(algorithm).unwrap());
    let order = Order {
        profile,
        name,
        functions: &[],
        hosts: &[],
    };
    let chain = people.authorities[slug]
        .issue_as(&order, &key.public_key(), VALIDITY)
        .unwrap();
    (key, chain)
}

/// Digest of what a person wrote, for documents that acts name.
pub fn digest(text: &str) -> String {
    sha256(&[text.as_bytes()]).to_string()
}
