//! The members who pay each other: registered by their organisations' admins, given money by the bank,
//! and their transfers signed beforehand.

use super::{
    Traffic,
    load::Target,
    network::{Ground, Network},
};
use crate::{
    failure::{Failure, Result},
    remote::client_failure,
    signer::{Signer, now_ms},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_api::model::{Outcome, Progress as Stage};
use blockworm_crypto::{Algorithm, Namespace, SecretKey, sha256};
use blockworm_kit::assets::AssetId;
use blockworm_ledger::{ContractName, LedgerId, MemberId, OrganisationId, TransactionBody};
use blockworm_registry::{DocumentSet, Part, commitment};
use blockworm_service::{
    consortium::{RIVAL, TRADE},
    identity::{Authority, Identity},
};
use blockworm_workflows::{asset::classes, fingerprint::check::WHOLE};
use rayon::prelude::*;
use serde_json::json;
use std::time::Duration;

/// How long a signed transfer is good for; the ledger admits at most 120 s beyond its last block, and
/// an idle ledger's last block may be ten seconds old.
pub const GOOD_FOR: Duration = Duration::from_secs(100);
/// Members in one registration: as many as the contract takes.
const REGISTERED_AT_ONCE: usize = 32;
/// How long a request of the preparation may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The contracts of the trade's ledger.
const ISSUANCE: &str = "issuance";
const ASSETS: &str = "assets";
/// Transactions of [`issue`].
const ISSUING_STEPS: u64 = 4;
/// What each account begins with, in fen.
const FUNDS: u64 = 1_000_000_000;

/// Members with money.
pub struct Accounts {
    members: Vec<(MemberId, SecretKey)>,
    /// The settlement money that they pay with.
    money: String,
    /// Transactions that it took.
    pub setup_transactions: u64,
}

/// Registers `count` members, evenly over all organisations, and gives each money.
pub async fn open(network: &Network, count: usize) -> Result<Accounts> {
    let organisations = &network.trade.organisations;
    let mut accounts = register(network, &network.trade, organisations, count).await?;
    let (target, ledger) = (Target::new(network, &network.trade)?, network.trade.ledger);
    let bank = signer(network, "bank", "maker")?;
    let supply = u128::from(FUNDS).saturating_mul(accounts.members.len() as u128);
    accounts.money = issue(network, &target, &bank, supply).await?;
    let mut gifts = Vec::with_capacity(accounts.members.len());
    for (member, _) in &accounts.members {
        let message = transfer(&accounts.money, member, FUNDS);
        gifts.push(sign(&bank, ledger, ASSETS, message.into_bytes())?);
    }
    accounts.setup_transactions += ISSUING_STEPS + submit_all(&target, &gifts, 512).await?;
    Ok(accounts)
}

fn transfer(money: &str, to: &MemberId, amount: u64) -> String {
    format!(r#"{{"transfer":{{"asset":"{money}","part":{{"units":"{amount}"}},"to":"{to}"}}}}"#)
}

/// Settlement money in the bank's hand: drafted, proposed, approved by its checker, begun.
async fn issue(network: &Network, target: &Target, bank: &Signer, amount: u128) -> Result<String> {
    let ledger = network.trade.ledger;
    let class = classes::name(classes::VOUCHER, "CNY");
    let commitment = sha256(&[b"bench settlement account"]);
    let backing =
        json!({ "commitment": commitment, "amount": amount.to_string(), "currency": "CNY" });
    let draft = json!({ "draft": {
        "class": class, "amount": amount.to_string(), "backing": backing, "metadata": {},
    } });
    let contract = ISSUANCE
        .parse()
        .map_err(|_| Failure::new("bench.contract", "a name is not one"))?;
    let draft = bank.sign(ledger, &contract, draft.to_string().into_bytes())?;
    // An asset is named by the transaction that drafted it.
    let id = AssetId::of(&class, draft.id().as_bytes())
        .ok_or_else(|| Failure::new("bench.asset", "a name is not one"))?
        .to_string();
    let checker = signer(network, "bank", "checker")?;
    let steps = [
        (bank, json!({ "propose": { "asset": id } })),
        (
            &checker,
            json!({ "approve": { "asset": id, "version": 1, "role": "bank" } }),
        ),
        (bank, json!({ "activate": { "asset": id } })),
    ];
    submit_all(target, &[draft.encode()], 1).await?;
    for (who, message) in steps {
        let step = sign(who, ledger, ISSUANCE, message.to_string().into_bytes())?;
        submit_all(target, &[step], 1).await?;
    }
    Ok(id)
}

/// Registers `count` makers on the trade's ledger, evenly over its organisations; they get no money.
pub async fn open_makers(network: &Network, count: usize) -> Result<Accounts> {
    register(network, &network.trade, &network.trade.organisations, count).await
}

impl Accounts {
    /// Signs a message to a contract as one of the members, in turns.
    pub fn sign(
        &self,
        index: usize,
        (ledger, contract): (LedgerId, &ContractName),
        message: Vec<u8>,
        expires_at_ms: u64,
    ) -> Vec<u8> {
        let (sender, key) = &self.members[index % self.members.len()];
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&(index as u64).to_be_bytes());
        let body = TransactionBody {
            ledger,
            sender: sender.clone(),
            key: key.public_key(),
            contract: contract.clone(),
            message,
            nonce,
            expires_at_ms,
        };
        body.sign(key).encode()
    }
}

/// Registers `count` makers of the two banks on the registry.
pub async fn open_banks(network: &Network, count: usize) -> Result<Accounts> {
    let banks = ["bank", RIVAL].map(|bank| bank.parse());
    let banks: Vec<OrganisationId> = banks
        .into_iter()
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| Failure::new("bench.member", "a name is not one"))?;
    register(network, &network.registry, &banks, count).await
}

async fn register(
    network: &Network,
    ground: &Ground,
    organisations: &[OrganisationId],
    count: usize,
) -> Result<Accounts> {
    let target = Target::new(network, ground)?;
    let mut members = Vec::with_capacity(count);
    let mut requests = Vec::new();
    for (index, organisation) in organisations.iter().enumerate() {
        let organisations = organisations.len();
        let share = count / organisations + usize::from(index < count % organisations);
        let authority = Authority::load(&network.folder, organisation)
            .map_err(|error| Failure::of("bench.authority", &error))?;
        let made = (0..share)
            .into_par_iter()
            .map(|number| {
                let functions = ["maker".to_owned()];
                authority.create_member(
                    &format!("bench-{number:06}"),
                    &functions,
                    Algorithm::Ed25519,
                    now_ms(),
                )
            })
            .collect::<std::result::Result<Vec<Identity>, _>>()
            .map_err(|error| Failure::of("bench.member", &error))?;
        let admin = signer(network, organisation.as_str(), "admin")?;
        for some in made.chunks(REGISTERED_AT_ONCE) {
            requests.push(sign(
                &admin,
                ground.ledger,
                "members",
                registration(ground.ledger, some),
            )?);
        }
        for (number, identity) in made.into_iter().enumerate() {
            let id = MemberId::new(organisation, &format!("bench-{number:06}"))
                .map_err(|error| Failure::of("bench.member", &error))?;
            members.push((id, identity.key));
        }
    }
    // Neighbours in the list, who pay each other, are to be of different organisations.
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|index| index % (count / organisations.len()).max(1));
    let mut taken: Vec<Option<(MemberId, SecretKey)>> = members.into_iter().map(Some).collect();
    let members: Vec<_> = order
        .into_iter()
        .filter_map(|index| taken[index].take())
        .collect();

    Ok(Accounts {
        members,
        money: String::new(),
        setup_transactions: submit_all(&target, &requests, 4).await?,
    })
}

fn signer(network: &Network, organisation: &str, name: &str) -> Result<Signer> {
    let member: MemberId = format!("{organisation}/{name}")
        .parse()
        .map_err(|_| Failure::new("bench.member", "a name is not one"))?;
    Signer::of_folder(&network.folder, &member)
}

fn sign(signer: &Signer, ledger: LedgerId, contract: &str, message: Vec<u8>) -> Result<Vec<u8>> {
    let contract = contract
        .parse()
        .map_err(|_| Failure::new("bench.contract", "a name is not one"))?;
    Ok(signer.sign(ledger, &contract, message)?.encode())
}

fn registration(ledger: LedgerId, identities: &[Identity]) -> Vec<u8> {
    let namespace = Namespace::new(&ledger.to_string(), "register");
    let members: Vec<_> = identities
        .par_iter()
        .map(|identity| {
            json!({
                "certificate": BASE64_STANDARD.encode(&identity.certificate),
                "possession": identity.key.sign(&namespace, &sha256(&[&identity.certificate])),
            })
        })
        .collect();
    json!({ "register_many": { "members": members } })
        .to_string()
        .into_bytes()
}

/// Submits transactions of the preparation, each of which must succeed.
async fn submit_all(target: &Target, transactions: &[Vec<u8>], at_once: usize) -> Result<u64> {
    for some in transactions.chunks(at_once) {
        let outcomes = target
            .client(0)
            .submit_batch(&target.ledger, some, PATIENCE)
            .await
            .map_err(client_failure)?;
        let refused = outcomes.iter().find(|outcome| !is_ok(outcome));
        if let Some(Outcome { code, message, .. }) = refused {
            return Err(Failure::new(code.clone(), message.clone()).during("preparing accounts"));
        }
    }
    Ok(transactions.len() as u64)
}

/// Whether the contract did what was asked, durably.
pub fn is_ok(outcome: &Outcome) -> bool {
    outcome.status == Stage::Committed && outcome.code == "ok"
}

/// A never-ending row of transfers of one fen, or of commitments to new documents and, each some time
/// later, their reservations.
pub struct Payments<'a> {
    members: &'a [(MemberId, SecretKey)],
    money: &'a str,
    ledger: LedgerId,
    contract: ContractName,
    traffic: Traffic,
    /// How many commitments a reservation is behind its own.
    lag: usize,
    next: usize,
    nonce: [u8; 8],
}

impl<'a> Payments<'a> {
    /// Begins one, of which so many are on their way at a time.
    pub fn new(
        network: &Network,
        accounts: &'a Accounts,
        traffic: Traffic,
        at_once: usize,
    ) -> Result<Self> {
        let mut nonce = [0; 8];
        getrandom::fill(&mut nonce)
            .map_err(|error| Failure::new("system.random", format!("no random bytes: {error}")))?;
        let (ground, contract) = match traffic {
            Traffic::Claims => (&network.registry, "registry"),
            Traffic::Distinct | Traffic::Hot => (&network.trade, ASSETS),
        };
        let contract = contract
            .parse()
            .map_err(|_| Failure::new("bench.contract", "a name is not one"))?;
        Ok(Self {
            members: &accounts.members,
            money: &accounts.money,
            ledger: ground.ledger,
            contract,
            traffic,
            lag: at_once,
            next: 0,
            nonce,
        })
    }

    /// Signs the next `count` of them on all cores.
    pub fn sign(&mut self, count: usize) -> Vec<Vec<u8>> {
        let first = self.next;
        self.next += count;
        let expires_at_ms = now_ms() + GOOD_FOR.as_millis() as u64;
        (first..first + count)
            .into_par_iter()
            .map(|index| self.payment(index, expires_at_ms))
            .collect()
    }

    /// Every second one, once commitments are old enough, opens one of them; the others commit.
    fn claim(&self, index: usize) -> (usize, String) {
        let opened = (index / 2).checked_sub(self.lag).filter(|_| index % 2 == 1);
        let index = opened.map_or(index, |pair| pair * 2);
        let from = index % self.members.len();
        let bank = self.members[from].0.organisation();
        let digest =
            |what: &[u8]| sha256(&[&self.nonce, what, &(index as u64).to_be_bytes()]).to_string();
        let (nonce, document) = (digest(b"nonce"), digest(b"document"));
        let sets = vec![DocumentSet {
            version: 1,
            document: document.clone(),
            share: WHOLE,
            parts: vec![Part {
                fingerprint: document,
                share: WHOLE,
            }],
        }];
        let message = match opened {
            Some(_) => json!({ "reserve": {
                "nonce": nonce, "ledger": TRADE, "for_ms": 600_000, "sets": sets,
            } }),
            None => json!({ "commit": {
                "commitment": commitment(bank.as_str(), &nonce, &sets),
            } }),
        };
        (from, message.to_string())
    }

    fn payment(&self, index: usize, expires_at_ms: u64) -> Vec<u8> {
        let count = self.members.len();
        let transfer = |to: usize| transfer(self.money, &self.members[to].0, 1);
        let (from, message) = match self.traffic {
            Traffic::Distinct => (index % count, transfer((index + 1) % count)),
            // All but the first account pay the first.
            Traffic::Hot => (1 + index % (count - 1), transfer(0)),
            Traffic::Claims => self.claim(index),
        };
        let (sender, key) = &self.members[from];
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&self.nonce);
        nonce[8..].copy_from_slice(&(index as u64).to_be_bytes());
        let body = TransactionBody {
            ledger: self.ledger,
            sender: sender.clone(),
            key: key.public_key(),
            contract: self.contract.clone(),
            message: message.into_bytes(),
            nonce,
            expires_at_ms,
        };
        body.sign(key).encode()
    }
}
