//! Messages of members: who asks, in which matter, and what is written about it.

use crate::{
    acts, deposits,
    error::EvidenceError,
    lifecycle::{Action, Standing, Who, next},
    msg::{ExecuteMsg, InstantiateMsg, MAX_PARTIES},
    state::{ACTS, ENTRIES, Entry, MATTERS, Matter, RELATIONS, Relation, RelationKind},
};
use blockworm_kit::{Caller, KitQuery, is_digest, policy, time_ms};
use cosmwasm_std::{
    Addr, DepsMut, Env, Event, MessageInfo, Order, QuerierWrapper, Response, StdResult, Storage,
    Uint64,
};
use std::collections::BTreeSet;

/// Longest id of a matter.
const MATTER_BYTES: usize = 64;
/// Longest word, and longest slug of an organisation.
const WORD_BYTES: usize = 32;

/// Begins with nothing.
pub fn instantiate(
    _deps: DepsMut<'_, KitQuery>,
    _env: Env,
    _info: MessageInfo,
    _msg: InstantiateMsg,
) -> Result<Response, EvidenceError> {
    Ok(Response::new())
}

/// Runs one message.
pub fn execute(
    deps: DepsMut<'_, KitQuery>,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, EvidenceError> {
    let sender = info.sender;
    match msg {
        ExecuteMsg::Open { matter, parties } => open(deps, &env, &sender, matter, parties),
        ExecuteMsg::Deposit { deposits } => deposits::deposit(deps, &env, &sender, deposits),
        ExecuteMsg::Attest {
            matter,
            entry,
            statement,
            findings,
        } => acts::attest(deps, &env, &sender, &matter, entry, (statement, findings)),
        ExecuteMsg::Withdraw {
            matter,
            attestation,
        } => acts::withdraw(deps, &env, &sender, &matter, attestation),
        ExecuteMsg::Dispute {
            matter,
            entry,
            document,
        } => acts::dispute(deps, &env, &sender, &matter, entry, document),
        ExecuteMsg::Decide {
            matter,
            dispute,
            outcome,
            document,
        } => acts::decide(deps, &env, &sender, &matter, dispute, (outcome, document)),
        ExecuteMsg::Retain { matter, until_ms } => {
            acts::retain(deps, &env, &sender, &matter, until_ms)
        }
        ExecuteMsg::Hold { matter, document } => {
            acts::order(deps, &env, &sender, &matter, document, true)
        }
        ExecuteMsg::Release { matter, document } => {
            acts::order(deps, &env, &sender, &matter, document, false)
        }
        ExecuteMsg::Erase { matter, entry } => acts::erase(deps, &env, &sender, &matter, entry),
        ExecuteMsg::Close { matter } => acts::close(deps, &env, &sender, &matter),
        ExecuteMsg::Declare { to, relation } => declare(deps, &env, &sender, to, relation),
    }
}

/// Who writes a row, and where: what all rows have in common.
pub(crate) struct Stamp {
    pub by: String,
    pub organisation: String,
    pub height: u64,
    pub time_ms: Uint64,
    pub transaction: String,
}

impl Stamp {
    pub(crate) fn of(caller: &Caller, env: &Env) -> Result<Self, EvidenceError> {
        let transaction = env.transaction.as_ref();
        let transaction = transaction
            .map(|known| cosmwasm_std::HexBinary::from(known.hash.as_slice()).to_hex())
            .filter(|id| is_digest(id))
            .ok_or(EvidenceError::NoTransaction)?;
        Ok(Self {
            by: caller.address.to_string(),
            organisation: caller.member.organisation.clone(),
            height: env.block.height,
            time_ms: Uint64::new(time_ms(env)),
            transaction,
        })
    }

    /// A matter that begins now.
    pub(crate) fn matter(&self, id: String, parties: Vec<String>) -> Matter {
        Matter {
            id,
            opened_by: self.by.clone(),
            parties,
            entries: 0,
            attestations: 0,
            acts: 0,
            head: crate::chain::START.to_owned(),
            closed: false,
            retain_until_ms: None,
            hold: None,
            height: self.height,
            time_ms: self.time_ms,
            transaction: self.transaction.clone(),
        }
    }
}

/// Refuses unless the caller holds a role that the action needs; the role.
pub(crate) fn admit(
    querier: &QuerierWrapper<'_, KitQuery>,
    caller: &Caller,
    action: Action,
) -> Result<Option<String>, EvidenceError> {
    match (action.who(), action.who().roles()) {
        (_, None) => Ok(None),
        (Who::Attesting, Some(usual)) => {
            Ok(Some(policy::held(querier, caller, policy::ATTEST, usual)?))
        }
        (_, Some(roles)) => {
            caller.require_role(roles)?;
            Ok(None)
        }
    }
}

/// A matter that an action was let into.
pub(crate) struct Entered {
    pub matter: Matter,
    /// How the matter stands after the action.
    pub standing: Standing,
    /// Whether the caller's organisation is no party any more.
    pub left: bool,
}

/// The matter, if the caller's organisation stands to it as the action needs.
pub(crate) fn enter(
    storage: &dyn Storage,
    stamp: &Stamp,
    id: &str,
    action: Action,
) -> Result<Entered, EvidenceError> {
    let found = MATTERS.may_load(storage, id)?;
    let mut matter = found.ok_or_else(|| EvidenceError::UnknownMatter {
        matter: id.to_owned(),
    })?;
    let official = matches!(
        action.who(),
        Who::Attesting | Who::Court | Who::CourtOrNotary
    );
    let left = official && leaves(storage, stamp, &matter)?;
    if left {
        matter.parties.retain(|party| *party != stamp.organisation);
    }
    let standing = allowed(stamp, &matter, action)?;
    Ok(Entered {
        matter,
        standing,
        left,
    })
}

/// Whether an organisation that acts as a notary or court is a party by others' word alone: it never
/// opened, deposited or acted as one, and is none from now on. Otherwise whoever opens a matter could name
/// the court, and no court could decide in it.
fn leaves(storage: &dyn Storage, stamp: &Stamp, matter: &Matter) -> StdResult<bool> {
    let own = &stamp.organisation;
    if !matter.parties.contains(own) || organisation_of(&matter.opened_by) == own {
        return Ok(false);
    }
    let entries = ENTRIES.prefix(&matter.id);
    for row in entries.range(storage, None, None, Order::Ascending) {
        if row?.1.organisation == *own {
            return Ok(false);
        }
    }
    let acts = ACTS.prefix(&matter.id);
    for row in acts.range(storage, None, None, Order::Ascending) {
        if row?.1.organisation == *own {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is told of an organisation that is no party any more.
pub(crate) fn left(matter: &str, organisation: &str) -> Event {
    Event::new("left")
        .add_attribute("subject", matter)
        .add_attribute("party", organisation)
}

/// How the matter stands after the action, if the caller's organisation stands to it as needed.
pub(crate) fn allowed(
    stamp: &Stamp,
    matter: &Matter,
    action: Action,
) -> Result<Standing, EvidenceError> {
    let organisation = || stamp.organisation.clone();
    let id = || matter.id.clone();
    let is_party = matter.parties.contains(&stamp.organisation);
    match action.who() {
        Who::Party | Who::Opener if !is_party => {
            return Err(EvidenceError::NotAParty {
                organisation: organisation(),
                matter: id(),
                parties: matter.parties.join(", "),
            });
        }
        Who::Opener if organisation_of(&matter.opened_by) != stamp.organisation => {
            return Err(EvidenceError::NotTheOpener {
                matter: id(),
                opener: organisation_of(&matter.opened_by).to_owned(),
            });
        }
        Who::Attesting | Who::Court | Who::CourtOrNotary if is_party => {
            return Err(EvidenceError::Interested {
                organisation: organisation(),
                matter: id(),
            });
        }
        // Whose entry or attestation it is, is asked once that is found.
        Who::Party
        | Who::Opener
        | Who::Depositor
        | Who::Attester
        | Who::Attesting
        | Who::Court
        | Who::CourtOrNotary => {}
    }
    next(matter, action)
}

pub(crate) fn entry_of(
    storage: &dyn Storage,
    matter: &str,
    entry: u32,
) -> Result<Entry, EvidenceError> {
    let found = ENTRIES.may_load(storage, (matter, entry))?;
    found.ok_or_else(|| EvidenceError::UnknownEntry {
        matter: matter.to_owned(),
        entry,
    })
}

fn open(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: String,
    parties: Vec<String>,
) -> Result<Response, EvidenceError> {
    let caller = Caller::of(&deps.querier, sender)?;
    check_matter(&id)?;
    let most = MAX_PARTIES - 1;
    let named: BTreeSet<&str> = parties.iter().map(String::as_str).collect();
    let own = caller.member.organisation.clone();
    let others = named.iter().filter(|party| **party != own).count();
    if named.len() != parties.len() || others > most || !named.iter().all(|text| is_word(text)) {
        return Err(EvidenceError::BadParties { most });
    }
    let stamp = Stamp::of(&caller, env)?;
    if MATTERS.has(deps.storage, &id) {
        return Err(EvidenceError::MatterExists { matter: id });
    }
    let mut all: BTreeSet<String> = parties.into_iter().collect();
    all.insert(own);
    let matter = stamp.matter(id, all.into_iter().collect());
    MATTERS.save(deps.storage, &matter.id, &matter)?;
    Ok(Response::new().add_event(opened(&matter)))
}

/// What is told of a matter that begins.
pub(crate) fn opened(matter: &Matter) -> Event {
    let event = Event::new("opened")
        .add_attribute("subject", &matter.id)
        .add_attribute("by", &matter.opened_by);
    let parties = matter.parties.iter();
    event.add_attributes(parties.map(|party| ("party", party)))
}

fn declare(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    to: String,
    relation: RelationKind,
) -> Result<Response, EvidenceError> {
    let caller = Caller::of(&deps.querier, sender)?;
    caller.require_function("admin")?;
    let Stamp {
        by,
        organisation,
        height,
        time_ms,
        transaction,
    } = Stamp::of(&caller, env)?;
    if !is_word(&to) || to == organisation {
        return Err(EvidenceError::BadRelation);
    }
    let event = Event::new("declared")
        .add_attribute("subject", &organisation)
        .add_attribute("to", &to)
        .add_attribute("relation", relation.name())
        .add_attribute("by", &by);
    let said = Relation {
        organisation,
        to,
        relation,
        height,
        time_ms,
        transaction,
        by,
    };
    RELATIONS.save(deps.storage, (&said.organisation, &said.to), &said)?;
    Ok(Response::new().add_event(event))
}

/// Of a member's id.
pub(crate) fn organisation_of(member: &str) -> &str {
    member.split('/').next().unwrap_or(member)
}

fn is_slug(text: &str, most: usize) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=most).contains(&text.len()) && text.bytes().all(allowed)
}

fn is_word(text: &str) -> bool {
    is_slug(text, WORD_BYTES)
}

pub(crate) fn check_matter(id: &str) -> Result<(), EvidenceError> {
    match is_slug(id, MATTER_BYTES) {
        true => Ok(()),
        false => Err(EvidenceError::BadMatter),
    }
}

pub(crate) fn check_word(field: &'static str, text: &str) -> Result<(), EvidenceError> {
    match is_word(text) {
        true => Ok(()),
        false => Err(EvidenceError::BadWord { field }),
    }
}

pub(crate) fn check_digest(field: &'static str, text: &str) -> Result<(), EvidenceError> {
    match is_digest(text) {
        true => Ok(()),
        false => Err(EvidenceError::BadDigest { field }),
    }
}
