//! What else happens in a matter: attestations, disputes and decisions, retention, orders, and that an original was destroyed.

use crate::{
    error::EvidenceError,
    execute::{Stamp, admit, check_digest, check_word, enter, entry_of, left},
    lifecycle::{Action, Standing},
    msg::{MAX_ACTS_A_PARTY, MAX_ACTS_A_SIDE, MAX_ATTESTATIONS, MAX_RETENTION_MS},
    state::{
        ACTS, ATTESTATIONS, Act, ActKind, Attestation, ENTRIES, MATTERS, Matter, OPEN_DISPUTES,
        TALLIES, Tally,
    },
};
use blockworm_kit::{Caller, KitQuery};
use cosmwasm_std::{
    Addr, Attribute, DepsMut, Env, Event, Order, Response, StdResult, Storage, Uint64,
};

pub(crate) fn attest(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: &str,
    entry: u32,
    (statement, findings): (String, Option<String>),
) -> Result<Response, EvidenceError> {
    let caller = Caller::of(&deps.querier, sender)?;
    let role = admit(&deps.querier, &caller, Action::Attest)?.unwrap_or_default();
    check_word("the statement", &statement)?;
    if let Some(findings) = &findings {
        check_digest("the findings' commitment", findings)?;
    }
    let stamp = Stamp::of(&caller, env)?;
    let entered = enter(deps.storage, &stamp, id, Action::Attest)?;
    let mut matter = entered.matter;
    entry_of(deps.storage, id, entry)?;
    if matter.attestations >= MAX_ATTESTATIONS {
        return Err(full(&matter, "attestations", MAX_ATTESTATIONS));
    }
    matter.attestations += 1;
    let number = matter.attestations;
    let event = Event::new("attested")
        .add_attribute("subject", id)
        .add_attribute("attestation", number.to_string())
        .add_attribute("entry", entry.to_string())
        .add_attribute("statement", &statement)
        .add_attribute("by", &stamp.by)
        .add_attribute("role", &role);
    let leaving = entered.left.then(|| left(id, &stamp.organisation));
    let attestation = Attestation {
        number,
        entry,
        statement,
        findings,
        by: stamp.by,
        organisation: stamp.organisation,
        role,
        height: stamp.height,
        time_ms: stamp.time_ms,
        transaction: stamp.transaction,
        withdrawn: None,
    };
    ATTESTATIONS.save(deps.storage, (id, number), &attestation)?;
    MATTERS.save(deps.storage, id, &matter)?;
    Ok(Response::new().add_events(leaving).add_event(event))
}

pub(crate) fn withdraw(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: &str,
    attestation: u32,
) -> Result<Response, EvidenceError> {
    let draft = Draft {
        of: Some(attestation),
        ..Draft::new(ActKind::Withdraw)
    };
    let Begun { stamp, matter, .. } = begin(&deps, env, sender, id, &draft)?;
    let found = ATTESTATIONS.may_load(deps.storage, (id, attestation))?;
    let mut made = found.ok_or_else(|| EvidenceError::UnknownAttestation {
        matter: id.to_owned(),
        attestation,
    })?;
    if made.organisation != stamp.organisation {
        let organisation = made.organisation;
        return Err(EvidenceError::NotTheAttester { organisation });
    }
    if let Some(height) = made.withdrawn {
        return Err(EvidenceError::AlreadyWithdrawn { height });
    }
    made.withdrawn = Some(stamp.height);
    let event = record(deps.storage, stamp, matter, draft)?
        .add_attribute("attestation", attestation.to_string());
    ATTESTATIONS.save(deps.storage, (id, attestation), &made)?;
    Ok(Response::new().add_event(event))
}

pub(crate) fn dispute(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: &str,
    entry: u32,
    document: String,
) -> Result<Response, EvidenceError> {
    let draft = Draft {
        entry: Some(entry),
        document: Some(document),
        ..Draft::new(ActKind::Dispute)
    };
    let Begun { stamp, matter, .. } = begin(&deps, env, sender, id, &draft)?;
    entry_of(deps.storage, id, entry)?;
    let number = matter.acts + 1;
    let event = record(deps.storage, stamp, matter, draft)?;
    OPEN_DISPUTES.save(deps.storage, (id, number), &entry)?;
    Ok(Response::new().add_event(event))
}

pub(crate) fn decide(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: &str,
    dispute: u32,
    (outcome, document): (String, String),
) -> Result<Response, EvidenceError> {
    let mut draft = Draft {
        of: Some(dispute),
        outcome: Some(outcome),
        document: Some(document),
        ..Draft::new(ActKind::Decide)
    };
    let Begun {
        stamp,
        matter,
        leaving,
        ..
    } = begin(&deps, env, sender, id, &draft)?;
    let found = OPEN_DISPUTES.may_load(deps.storage, (id, dispute))?;
    draft.entry = Some(found.ok_or_else(|| EvidenceError::NoDispute {
        matter: id.to_owned(),
        act: dispute,
    })?);
    let event =
        record(deps.storage, stamp, matter, draft)?.add_attribute("dispute", dispute.to_string());
    OPEN_DISPUTES.remove(deps.storage, (id, dispute));
    Ok(Response::new().add_events(leaving).add_event(event))
}

pub(crate) fn retain(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: &str,
    until_ms: Uint64,
) -> Result<Response, EvidenceError> {
    let draft = Draft {
        until_ms: Some(until_ms),
        ..Draft::new(ActKind::Retain)
    };
    let Begun {
        stamp, mut matter, ..
    } = begin(&deps, env, sender, id, &draft)?;
    let now_ms = stamp.time_ms.u64();
    let before = matter.retain_until_ms.map_or(0, |until| until.u64());
    let least_ms = before.max(now_ms).saturating_add(1);
    let most_ms = now_ms.saturating_add(MAX_RETENTION_MS);
    if !(least_ms..=most_ms).contains(&until_ms.u64()) {
        return Err(EvidenceError::BadRetention { least_ms, most_ms });
    }
    matter.retain_until_ms = Some(until_ms);
    let event = record(deps.storage, stamp, matter, draft)?;
    Ok(Response::new().add_event(event))
}

/// An order that keeps the originals, or one that lifts it.
pub(crate) fn order(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: &str,
    document: String,
    keeps: bool,
) -> Result<Response, EvidenceError> {
    let kind = if keeps {
        ActKind::Hold
    } else {
        ActKind::Release
    };
    let mut draft = Draft {
        document: Some(document),
        ..Draft::new(kind)
    };
    let Begun {
        stamp,
        mut matter,
        standing,
        leaving,
    } = begin(&deps, env, sender, id, &draft)?;
    draft.of = matter.hold;
    let held = matches!(standing, Standing::Held | Standing::ClosedAndHeld);
    matter.hold = held.then_some(matter.acts + 1);
    let event = record(deps.storage, stamp, matter, draft)?;
    Ok(Response::new().add_events(leaving).add_event(event))
}

pub(crate) fn erase(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: &str,
    number: u32,
) -> Result<Response, EvidenceError> {
    let draft = Draft {
        entry: Some(number),
        ..Draft::new(ActKind::Erase)
    };
    let Begun { stamp, matter, .. } = begin(&deps, env, sender, id, &draft)?;
    let mut entry = entry_of(deps.storage, id, number)?;
    if entry.organisation != stamp.organisation {
        let organisation = entry.organisation;
        return Err(EvidenceError::NotTheDepositor {
            entry: number,
            organisation,
        });
    }
    if let Some(act) = entry.erased {
        return Err(EvidenceError::AlreadyErased { act });
    }
    let until_ms = matter.retain_until_ms.map_or(0, |until| until.u64());
    if stamp.time_ms.u64() < until_ms {
        let matter = id.to_owned();
        return Err(EvidenceError::Retained { matter, until_ms });
    }
    undisputed(deps.storage, id, Some(number))?;
    entry.erased = Some(matter.acts + 1);
    let event = record(deps.storage, stamp, matter, draft)?;
    ENTRIES.save(deps.storage, (id, number), &entry)?;
    Ok(Response::new().add_event(event))
}

pub(crate) fn close(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: &str,
) -> Result<Response, EvidenceError> {
    let draft = Draft::new(ActKind::Close);
    let Begun {
        stamp,
        mut matter,
        standing,
        ..
    } = begin(&deps, env, sender, id, &draft)?;
    undisputed(deps.storage, id, None)?;
    matter.closed = matches!(standing, Standing::Closed | Standing::ClosedAndHeld);
    let event = record(deps.storage, stamp, matter, draft)?;
    Ok(Response::new().add_event(event))
}

/// Refuses while a dispute waits for a court: about this entry, or about any.
fn undisputed(storage: &dyn Storage, id: &str, entry: Option<u32>) -> Result<(), EvidenceError> {
    let tally = TALLIES.may_load(storage, id)?.unwrap_or_default();
    if tally.disputes == 0 {
        return Ok(());
    }
    let open = OPEN_DISPUTES.prefix(id);
    let open: StdResult<Vec<(u32, u32)>> =
        open.range(storage, None, None, Order::Ascending).collect();
    match open?
        .iter()
        .find(|(_, about)| entry.is_none_or(|entry| entry == *about))
    {
        None => Ok(()),
        Some((act, _)) => Err(EvidenceError::DisputeOpen {
            matter: id.to_owned(),
            act: *act,
        }),
    }
}

/// An act before it has its place.
struct Draft {
    kind: ActKind,
    entry: Option<u32>,
    of: Option<u32>,
    outcome: Option<String>,
    document: Option<String>,
    until_ms: Option<Uint64>,
}

impl Draft {
    const fn new(kind: ActKind) -> Self {
        Self {
            kind,
            entry: None,
            of: None,
            outcome: None,
            document: None,
            until_ms: None,
        }
    }
}

/// An act that was let into its matter.
struct Begun {
    stamp: Stamp,
    matter: Matter,
    /// How the matter stands after it.
    standing: Standing,
    /// That the organisation is no party any more.
    leaving: Option<Event>,
}

/// Everything that is the same for all acts: who asks, what stands in the message, which matter.
fn begin(
    deps: &DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    id: &str,
    draft: &Draft,
) -> Result<Begun, EvidenceError> {
    let caller = Caller::of(&deps.querier, sender)?;
    let action = Action::Act(draft.kind);
    admit(&deps.querier, &caller, action)?;
    if let Some(outcome) = &draft.outcome {
        check_word("the outcome", outcome)?;
    }
    if let Some(document) = &draft.document {
        check_digest("the document's digest", document)?;
    }
    let stamp = Stamp::of(&caller, env)?;
    let entered = enter(deps.storage, &stamp, id, action)?;
    let leaving = entered.left.then(|| left(id, &stamp.organisation));
    Ok(Begun {
        stamp,
        matter: entered.matter,
        standing: entered.standing,
        leaving,
    })
}

/// Writes the act and its matter; what is told of it.
fn record(
    storage: &mut dyn Storage,
    stamp: Stamp,
    mut matter: Matter,
    draft: Draft,
) -> Result<Event, EvidenceError> {
    let mut tally = TALLIES.may_load(storage, &matter.id)?.unwrap_or_default();
    count(&matter, &mut tally, draft.kind, &stamp.organisation)?;
    TALLIES.save(storage, &matter.id, &tally)?;
    matter.acts += 1;
    let act = Act {
        number: matter.acts,
        act: draft.kind,
        entry: draft.entry,
        of: draft.of,
        outcome: draft.outcome,
        document: draft.document,
        until_ms: draft.until_ms,
        by: stamp.by,
        organisation: stamp.organisation,
        height: stamp.height,
        time_ms: stamp.time_ms,
        transaction: stamp.transaction,
    };
    ACTS.save(storage, (&matter.id, act.number), &act)?;
    MATTERS.save(storage, &matter.id, &matter)?;
    Ok(told(&matter.id, act))
}

fn count(
    matter: &Matter,
    tally: &mut Tally,
    kind: ActKind,
    organisation: &str,
) -> Result<(), EvidenceError> {
    match kind {
        // Bounded by the entries.
        ActKind::Erase => return Ok(()),
        ActKind::Dispute | ActKind::Retain | ActKind::Close => {
            let all: u32 = tally.parties.values().sum();
            if all >= MAX_ACTS_A_SIDE {
                return Err(full(matter, "acts of its parties", MAX_ACTS_A_SIDE));
            }
            let own = tally.parties.entry(organisation.to_owned()).or_default();
            if *own >= MAX_ACTS_A_PARTY {
                return Err(full(matter, "acts of this party", MAX_ACTS_A_PARTY));
            }
            *own += 1;
        }
        ActKind::Decide | ActKind::Hold | ActKind::Release | ActKind::Withdraw => {
            if tally.officials >= MAX_ACTS_A_SIDE {
                return Err(full(matter, "acts of courts and notaries", MAX_ACTS_A_SIDE));
            }
            tally.officials += 1;
        }
    }
    match kind {
        ActKind::Dispute => tally.disputes += 1,
        ActKind::Decide => tally.disputes = tally.disputes.saturating_sub(1),
        _ => {}
    }
    Ok(())
}

fn full(matter: &Matter, what: &'static str, most: u32) -> EvidenceError {
    EvidenceError::Full {
        matter: matter.id.clone(),
        what,
        most,
    }
}

fn told(matter: &str, act: Act) -> Event {
    let kind = match act.act {
        ActKind::Dispute => "disputed",
        ActKind::Decide => "decided",
        ActKind::Hold => "held",
        ActKind::Release => "released",
        ActKind::Retain => "retained",
        ActKind::Erase => "erased",
        ActKind::Close => "closed",
        ActKind::Withdraw => "withdrawn",
    };
    let more = [
        ("entry", act.entry.map(|number| number.to_string())),
        ("outcome", act.outcome),
        ("document", act.document),
        ("until_ms", act.until_ms.map(|until| until.to_string())),
    ];
    let more = more
        .into_iter()
        .filter_map(|(key, value)| Some(Attribute::new(key, value?)));
    Event::new(kind)
        .add_attribute("subject", matter)
        .add_attribute("act", act.number.to_string())
        .add_attribute("by", act.by)
        .add_attributes(more)
}
