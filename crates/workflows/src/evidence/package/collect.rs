//! Collects from a node what a package proves: rows of one height, transactions, checkpoints, times, certificates, lists of revocations.

use super::{
    covering::Covering,
    error::ExportError,
    source::{NodeSeen, Source},
    values::{Row, Values},
};
use blockworm_crypto::PublicKey;
use blockworm_evidence::state::{
    ACTS, ATTESTATIONS, Act, Attestation, ENTRIES, Entry, MATTERS, Matter, RELATIONS, Relation,
};
use blockworm_execution::{FIRST_BUSINESS_CONTRACT, MemberRecord, OrganisationRecord};
use blockworm_ledger::{
    Genesis, TransactionView,
    proof::TransactionProof,
    state_claim::{MAX_STATE_CLAIMS, StateAnswerProof},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The contract's name on every ledger that has it.
pub const CONTRACT: &str = "evidence";
/// How often a matter that grows while it is read is read again.
const ATTEMPTS: usize = 4;
/// Rows of a page.
const PAGE: usize = 100;

/// A member with its certificate.
#[derive(Clone, Debug)]
pub struct Registered {
    /// What the ledger says of it.
    pub record: MemberRecord,
    /// Its certificate's chain, DER, leaf first.
    pub chain: Vec<u8>,
}

/// What was collected of one matter.
#[derive(Clone, Debug)]
pub struct Collected {
    /// The ledger's genesis, as the node gave it.
    pub genesis: Genesis,
    /// The number of the evidence contract.
    pub contract: u32,
    /// After which block the rows were so.
    pub state_height: u64,
    /// The proof of the rows, without its genesis.
    pub state: String,
    /// The matter.
    pub matter: Row<Matter>,
    /// Its entries by number.
    pub entries: Vec<Row<Entry>>,
    /// Its attestations by number.
    pub attestations: Vec<Row<Attestation>>,
    /// Its acts by number.
    pub acts: Vec<Row<Act>>,
    /// What those named here say of each other.
    pub relations: Vec<Row<Relation>>,
    /// Everybody named, by slug.
    pub organisations: BTreeMap<String, OrganisationRecord>,
    /// Whoever signed, by id.
    pub members: BTreeMap<String, Registered>,
    /// Proofs of transactions by id, without their genesis.
    pub proofs: BTreeMap<String, String>,
    /// Transactions as they were proved, by id.
    pub proved: BTreeMap<String, TransactionProof>,
    /// Checkpoints by size.
    pub checkpoints: BTreeMap<u64, Covering>,
    /// Which checkpoint covers which height.
    pub covered: BTreeMap<u64, u64>,
    /// Lists of revoked certificates by organisation, DER.
    pub revocations: BTreeMap<String, Vec<u8>>,
    /// The nodes that keep the ledger.
    pub nodes: Vec<NodeSeen>,
}

/// Collects all of it.
pub async fn collect<S: Source>(
    source: &mut S,
    matter: &str,
) -> Result<Collected, ExportError<S::Error>> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let found = Found::read(source, matter).await?;
        let proofs = proofs(source, found.transactions()).await?;
        let nodes = source.nodes().await.map_err(ExportError::Source)?;
        let mut collected = found.prove(source, proofs, nodes).await?;
        // Rows may have come between the questions and the proof.
        let counted = collected.matter.row.clone();
        let counts = [counted.entries, counted.attestations, counted.acts];
        let has = [
            collected.entries.len(),
            collected.attestations.len(),
            collected.acts.len(),
        ];
        let complete = counts
            .iter()
            .zip(has)
            .all(|(count, has)| *count as usize == has);
        if !complete && attempt < ATTEMPTS {
            continue;
        }
        if !complete {
            return Err(ExportError::Growing(matter.to_owned()));
        }
        collected.cover(source).await?;
        collected.revocations(source).await?;
        return Ok(collected);
    }
}

/// Proofs of transactions, as text without their genesis and read, by id.
type Proofs = (BTreeMap<String, String>, BTreeMap<String, TransactionProof>);

async fn proofs<S: Source>(
    source: &mut S,
    transactions: BTreeSet<String>,
) -> Result<Proofs, ExportError<S::Error>> {
    let (mut texts, mut read) = (BTreeMap::new(), BTreeMap::new());
    for id in transactions {
        let text = source.proof(&id).await.map_err(ExportError::Source)?;
        let proof = TransactionProof::from_json(&text)
            .map_err(|error| ExportError::Strange(format!("the proof of {id}: {error}")))?;
        let text = proof.to_json_without_genesis();
        let text =
            text.map_err(|error| ExportError::Strange(format!("the proof of {id}: {error}")));
        texts.insert(id.clone(), text?);
        read.insert(id, proof);
    }
    Ok((texts, read))
}

/// What the contract's queries told, before anything is proved.
struct Found {
    matter: Matter,
    entries: Vec<Entry>,
    attestations: Vec<Attestation>,
    acts: Vec<Act>,
    relations: Vec<Relation>,
}

impl Found {
    async fn read<S: Source>(source: &mut S, matter: &str) -> Result<Self, ExportError<S::Error>> {
        let question = json!({ "matter": { "matter": matter } });
        let found: Option<Matter> = ask(source, &question).await?;
        let found = found.ok_or_else(|| ExportError::NotFound(matter.to_owned()))?;
        if found.entries == 0 {
            return Err(ExportError::Empty(matter.to_owned()));
        }
        let relations: Vec<Relation> = {
            let mut all: Vec<Relation> = Vec::new();
            loop {
                let last = all
                    .last()
                    .map(|one| (one.organisation.clone(), one.to.clone()));
                let question = json!({ "relations": { "organisation": null, "start_after": last, "limit": PAGE } });
                let page: Vec<Relation> = ask(source, &question).await?;
                let end = page.len() < PAGE;
                all.extend(page);
                if end {
                    break all;
                }
            }
        };
        Ok(Self {
            entries: pages(source, "entries", matter).await?,
            attestations: pages(source, "attestations", matter).await?,
            acts: pages(source, "acts", matter).await?,
            matter: found,
            relations,
        })
    }

    fn transactions(&self) -> BTreeSet<String> {
        let entries = self.entries.iter().map(|row| &row.transaction);
        let attestations = self.attestations.iter().map(|row| &row.transaction);
        let acts = self.acts.iter().map(|row| &row.transaction);
        entries.chain(attestations).chain(acts).cloned().collect()
    }

    fn signers(&self) -> BTreeSet<String> {
        let entries = self.entries.iter().map(|row| &row.by);
        let attestations = self.attestations.iter().map(|row| &row.by);
        let acts = self.acts.iter().map(|row| &row.by);
        let signers: BTreeSet<&String> = entries.chain(attestations).chain(acts).collect();
        signers.into_iter().cloned().collect()
    }

    /// Parties, whoever signed, whoever runs a node.
    fn organisations(&self, nodes: &[NodeSeen]) -> BTreeSet<String> {
        let mut named: BTreeSet<String> = self.matter.parties.iter().cloned().collect();
        named.extend(
            self.signers()
                .iter()
                .filter_map(|id| id.split('/').next().map(str::to_owned)),
        );
        named.extend(nodes.iter().map(|node| node.organisation.clone()));
        named
    }

    /// Asks for one proof of all rows, and reads the rows from it.
    async fn prove<S: Source>(
        mut self,
        source: &mut S,
        (proofs, proved): Proofs,
        nodes: Vec<NodeSeen>,
    ) -> Result<Collected, ExportError<S::Error>> {
        let named = self.organisations(&nodes);
        self.relations
            .retain(|one| named.contains(&one.organisation) && named.contains(&one.to));
        let signers = self.signers();
        let keys = self.keys(&named, &signers, &proved)?;
        if keys.len() > MAX_STATE_CLAIMS {
            return Err(ExportError::TooMany(keys.len()));
        }
        let state = source.states(&keys).await.map_err(ExportError::Source)?;
        let proof = StateAnswerProof::from_json(&state)
            .map_err(|error| ExportError::Strange(format!("the proof of the rows: {error}")))?;
        let state = proof.to_json_without_genesis();
        let state = state
            .map_err(|error| ExportError::Strange(format!("the proof of the rows: {error}")))?;
        let values = Values::of(&keys, &proof)?;
        let id = self.matter.id.as_str();
        let matter = values.row(MATTERS.key(id).to_vec())?;
        let entries = values.rows(&self.entries, |row| ENTRIES.key((id, row.number)).to_vec())?;
        let attestations = values.rows(&self.attestations, |row| {
            ATTESTATIONS.key((id, row.number)).to_vec()
        })?;
        let acts = values.rows(&self.acts, |row| ACTS.key((id, row.number)).to_vec())?;
        let relations = values.rows(&self.relations, |row| {
            RELATIONS
                .key((row.organisation.as_str(), row.to.as_str()))
                .to_vec()
        })?;
        let mut organisations = BTreeMap::new();
        for slug in named {
            let record = values.borsh("organisations", slug.as_bytes())?;
            organisations.insert(slug, record);
        }
        let mut members = BTreeMap::new();
        for id in signers {
            let record = values.borsh("members", format!("m/{id}").as_bytes())?;
            let chain = values
                .get("members", format!("c/{id}").as_bytes())?
                .to_vec();
            members.insert(id, Registered { record, chain });
        }
        let number = number(&proof.genesis)?;
        Ok(Collected {
            contract: number,
            state_height: proof.states.first().map_or(0, |claim| claim.height),
            genesis: proof.genesis,
            state,
            matter,
            entries,
            attestations,
            acts,
            relations,
            organisations,
            members,
            proofs,
            proved,
            checkpoints: BTreeMap::new(),
            covered: BTreeMap::new(),
            revocations: BTreeMap::new(),
            nodes,
        })
    }

    /// Everything that the proof of the state is to claim.
    fn keys<E>(
        &self,
        named: &BTreeSet<String>,
        signers: &BTreeSet<String>,
        proved: &BTreeMap<String, TransactionProof>,
    ) -> Result<Vec<(String, Vec<u8>)>, ExportError<E>> {
        let id = self.matter.id.as_str();
        let mut own = vec![MATTERS.key(id).to_vec()];
        own.extend(
            self.entries
                .iter()
                .map(|row| ENTRIES.key((id, row.number)).to_vec()),
        );
        own.extend(
            self.attestations
                .iter()
                .map(|row| ATTESTATIONS.key((id, row.number)).to_vec()),
        );
        own.extend(
            self.acts
                .iter()
                .map(|row| ACTS.key((id, row.number)).to_vec()),
        );
        own.extend(self.relations.iter().map(|row| {
            RELATIONS
                .key((row.organisation.as_str(), row.to.as_str()))
                .to_vec()
        }));
        let mut keys: Vec<(String, Vec<u8>)> = own
            .into_iter()
            .map(|key| (CONTRACT.to_owned(), key))
            .collect();
        let system = |contract: &str, key: String| (contract.to_owned(), key.into_bytes());
        keys.extend(
            named
                .iter()
                .map(|slug| system("organisations", slug.clone())),
        );
        for id in signers {
            keys.push(system("members", format!("m/{id}")));
            keys.push(system("members", format!("c/{id}")));
        }
        let mut holders = BTreeSet::new();
        for (id, proof) in proved {
            holders.insert(signing_key(proof).ok_or_else(|| {
                ExportError::Strange(format!("the proof of {id} holds no transaction"))
            })?);
        }
        keys.extend(
            holders
                .iter()
                .map(|key| system("members", format!("k/{key}"))),
        );
        Ok(keys)
    }
}

/// The evidence contract's number on its ledger.
fn number<E>(genesis: &Genesis) -> Result<u32, ExportError<E>> {
    let mut contracts = genesis.contracts.iter();
    let place = contracts.position(|one| one.name.as_str() == CONTRACT);
    let place = place.and_then(|at| u32::try_from(at).ok());
    place
        .map(|at| FIRST_BUSINESS_CONTRACT + at)
        .ok_or_else(|| ExportError::Strange("the genesis has no contract evidence".into()))
}

/// The key that signed a transaction.
pub fn signing_key(proof: &TransactionProof) -> Option<PublicKey> {
    let view = TransactionView::parse(&proof.transaction).ok()?;
    Some(view.to_transaction().body.key)
}

async fn ask<S: Source, T: DeserializeOwned>(
    source: &mut S,
    question: &Value,
) -> Result<T, ExportError<S::Error>> {
    let answer = source
        .query(CONTRACT, question)
        .await
        .map_err(ExportError::Source)?;
    serde_json::from_value(answer)
        .map_err(|error| ExportError::Strange(format!("the contract's answer: {error}")))
}

/// All rows of a matter, page by page.
async fn pages<S: Source, T: DeserializeOwned>(
    source: &mut S,
    kind: &str,
    matter: &str,
) -> Result<Vec<T>, ExportError<S::Error>> {
    let mut rows = Vec::new();
    loop {
        let asked = json!({ "matter": matter, "from": rows.len() + 1, "limit": PAGE });
        let page: Vec<T> = ask(source, &json!({ kind: asked })).await?;
        let end = page.len() < PAGE;
        rows.extend(page);
        if end {
            return Ok(rows);
        }
    }
}
