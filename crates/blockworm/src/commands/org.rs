//! `blockworm org`: an organisation comes to a consortium without anybody else's private keys.

use super::{
    consortium::refused,
    member::{contract, registration},
    nodes::Nodes,
    proposal,
};
use crate::{
    cli::{
        Asking, NodeAddresses, OrgAcceptArgs, OrgAdmitArgs, OrgCommand, OrgInitArgs, OrgInviteArgs,
        OrgJoinArgs, OrgListArgs, Place, Signing, Target,
    },
    failure::{Failure, Result},
    output::{Format, table, utc},
    progress::Progress,
    remote::{Remote, check_ok, client_failure, folder_failure, recorded},
    signer::{Signer, now_ms},
};
use blockworm_execution::{
    Action, MembershipAction,
    invitation::{Invitation, InvitedLedger, SignedAcceptance},
};
use blockworm_ledger::{Genesis, MemberId};
use blockworm_service::{
    consortium::{
        Own, OwnPlan,
        founding::FounderFile,
        invitation::{InvitationFile, known_nodes},
        read_file, write_file,
    },
    network::{ConsortiumFolder, ConsortiumRecord},
};
use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    time::{Duration, Instant},
};

const DAY_MS: u64 = 24 * 3_600_000;
/// How long one transaction may take.
const STEP: Duration = Duration::from_secs(60);
/// How often a node is asked again.
const POLL: Duration = Duration::from_millis(100);
/// The invitation that was accepted in a folder.
const ACCEPTED: &str = "invitation.json";

/// Runs one of the verbs.
pub async fn run(command: &OrgCommand, format: Format) -> Result<ExitCode> {
    match command {
        OrgCommand::Init(args) => init(args, format),
        OrgCommand::List(args) => list(args, format).await,
        OrgCommand::Invite(args) => invite(args, format).await,
        OrgCommand::Accept(args) => accept(args, format),
        OrgCommand::Admit(args) => admit(args, format).await,
        OrgCommand::Join(args) => join(args, format).await,
    }
}

fn api_of(node: &NodeAddresses) -> SocketAddr {
    node.api_address
        .unwrap_or_else(|| (Ipv4Addr::LOCALHOST, node.address.port().saturating_add(1)).into())
}

fn init(args: &OrgInitArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.place.dir);
    let mut roles = args.roles.clone();
    roles.sort();
    roles.dedup();
    let plan = OwnPlan {
        organisation: args.organisation.clone(),
        name: args.name.clone(),
        roles,
        address: args.node.address,
        api: api_of(&args.node),
        now_ms: now_ms(),
    };
    let own = Own::create(&folder, &plan).map_err(refused)?;
    let founder = FounderFile::of(&own, plan.now_ms).map_err(refused)?;
    founder.check().map_err(refused)?;
    let path = own.file("founder");
    write_file(&path, &founder).map_err(refused)?;
    let text = format!(
        "{} has its keys in {}\nnode     {}\nwritten  {}: public; send it to the other founders\nnext     blockworm consortium draft --ledger NAME --founder FILE … -o draft.json",
        args.organisation,
        folder.keys(&args.organisation).display(),
        own.node_key().map_err(refused)?,
        path.display()
    );
    let value = json!({
        "organisation": args.organisation, "founder_file": path,
        "node_key": own.node_key().map_err(refused)?,
    });
    format.print(&value, text)?;
    Ok(ExitCode::SUCCESS)
}

async fn list(args: &OrgListArgs, format: Format) -> Result<ExitCode> {
    let remote = Remote::connect(&args.target).await?;
    let question = json!({ "list": { "limit": 100 } });
    let all = remote.query("organisations", &question).await?;
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows: Vec<[String; 4]> = all
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| {
            let roles = one["roles"].as_array().into_iter().flatten().map(word);
            let standing = match (&one["removed_at"], &one["suspended_at"]) {
                (Value::Number(height), _) => format!("removed in block {height}"),
                (_, Value::Number(height)) => format!("suspended in block {height}"),
                _ => "active".to_owned(),
            };
            let roles: Vec<String> = roles.collect();
            [
                word(&one["id"]),
                word(&one["name"]),
                roles.join(" "),
                standing,
            ]
        })
        .collect();
    let header = ["ORGANISATION", "NAME", "ROLES", "STANDING"];
    format.print(&all, table(header, &rows))?;
    Ok(ExitCode::SUCCESS)
}

async fn invite(args: &OrgInviteArgs, format: Format) -> Result<ExitCode> {
    let folder = ConsortiumFolder::new(&args.target.place.dir);
    let record = recorded(&folder)?;
    let remote = Remote::connect(&args.target).await?;
    let signer = Signer::open(&folder, &args.member, &args.signing)?;
    let (ledgers, genesis) = invited_ledgers(&folder, &record, &remote, &args.also).await?;
    let mut roles = args.roles.clone();
    roles.sort();
    roles.dedup();
    let mut id = [0; 16];
    getrandom::fill(&mut id)
        .map_err(|error| Failure::new("system.random", format!("no random bytes: {error}")))?;
    let invitation = Invitation {
        id,
        inviter: args.member.clone(),
        organisation: args.organisation.clone(),
        name: args.name.clone(),
        roles,
        ledgers,
        expires_at_ms: now_ms().saturating_add(args.days * DAY_MS),
    };
    let file = signer.invite(invitation, genesis)?;
    write_file(&args.out, &file).map_err(refused)?;
    let text = format!(
        "{}\nwritten  {}: send it to {}\nnext     tell {} the genesis digest by another way; there: blockworm org accept {} --genesis DIGEST --address IP:PORT --dir FOLDER -o acceptance.json",
        described(&file),
        args.out.display(),
        args.organisation,
        args.organisation,
        args.out.display()
    );
    let digests: Vec<_> = file.genesis.iter().map(Genesis::digest).collect();
    let value = json!({
        "invitation": args.out, "id": file.signed.invitation.id_text(), "genesis_digests": digests,
    });
    format.print(&value, text)?;
    Ok(ExitCode::SUCCESS)
}

/// The ledger that was asked for and those named besides, with what a newcomer needs of each.
async fn invited_ledgers(
    folder: &ConsortiumFolder,
    record: &ConsortiumRecord,
    remote: &Remote,
    also: &[String],
) -> Result<(Vec<InvitedLedger>, Vec<Genesis>)> {
    let mut ledgers = Vec::new();
    let mut genesis = Vec::new();
    for ledger in &record.ledgers {
        if ledger.id != remote.ledger_text() && !also.contains(&ledger.name) {
            continue;
        }
        let begun = folder
            .genesis(&ledger.name)
            .map_err(|error| folder_failure(folder, &error))?;
        let here = Remote {
            ledger: begun.ledger_id(),
            ..remote.clone()
        };
        let admitted = json!({ "nodes": { "limit": 100 } });
        let admitted = here.query("ledger", &admitted).await?;
        let nodes = known_nodes(folder, record, ledger, &admitted).map_err(refused)?;
        ledgers.push(InvitedLedger {
            name: ledger.name.clone(),
            id: begun.ledger_id(),
            genesis: begun.digest(),
            nodes,
        });
        genesis.push(begun);
    }
    let mut wanted = also.iter();
    if let Some(name) = wanted.find(|name| !ledgers.iter().any(|one| one.name == **name)) {
        let what = format!("the folder keeps no ledger `{name}`");
        return Err(Failure::new("ledger.not_found", what).next("blockworm status"));
    }
    Ok((ledgers, genesis))
}

/// Who invites whom to what.
fn described(file: &InvitationFile) -> String {
    let invitation = &file.signed.invitation;
    let mut text = format!(
        "{} invites {} (`{}`), roles {}, until {} UTC",
        invitation.inviter,
        invitation.organisation,
        invitation.name,
        match invitation.roles.is_empty() {
            true => "none".to_owned(),
            false => invitation.roles.join(" "),
        },
        utc(invitation.expires_at_ms)
    );
    for ledger in &invitation.ledgers {
        text.push_str(&format!(
            "\nledger   {} ({}), genesis {}, {} nodes to reach",
            ledger.name,
            ledger.id,
            ledger.genesis,
            ledger.nodes.len()
        ));
    }
    text
}

fn accept(args: &OrgAcceptArgs, format: Format) -> Result<ExitCode> {
    let file: InvitationFile = read_file(&args.invitation, "an invitation").map_err(refused)?;
    file.check(&args.genesis, now_ms()).map_err(refused)?;
    let invitation = &file.signed.invitation;
    let folder = ConsortiumFolder::new(&args.place.dir);
    let known = folder
        .exists()
        .map_err(|error| folder_failure(&folder, &error))?;
    let own = if known {
        Own::open(&folder, Some(&invitation.organisation))
    } else {
        Own::create(
            &folder,
            &OwnPlan {
                organisation: invitation.organisation.clone(),
                name: invitation.name.clone(),
                roles: invitation.roles.clone(),
                address: args.node.address,
                api: api_of(&args.node),
                now_ms: now_ms(),
            },
        )
    };
    let own = own.map_err(refused)?;
    let acceptance = file.accept(&own).map_err(refused)?;
    write_file(&folder.root().join(ACCEPTED), &file).map_err(refused)?;
    write_file(&args.out, &acceptance).map_err(refused)?;
    let dir = folder.root().display();
    let text = format!(
        "{}\nkeys     {}\nwritten  {}: send it to {}\nnext     there: blockworm org admit INVITATION {} --as {}; once it is voted, here: blockworm org join --dir {dir}",
        described(&file),
        folder.keys(&own.organisation).display(),
        args.out.display(),
        invitation.inviter,
        args.out.display(),
        invitation.inviter
    );
    let value = json!({
        "organisation": own.organisation, "acceptance": args.out,
        "node_key": own.node_key().map_err(refused)?,
    });
    format.print(&value, text)?;
    Ok(ExitCode::SUCCESS)
}

async fn admit(args: &OrgAdmitArgs, format: Format) -> Result<ExitCode> {
    let file: InvitationFile = read_file(&args.invitation, "an invitation").map_err(refused)?;
    let acceptance: SignedAcceptance =
        read_file(&args.acceptance, "an acceptance").map_err(refused)?;
    let remote = Remote::connect(&args.asking.target).await?;
    let action = Action::AdmitOrganisation {
        invitation: Box::new(file.signed),
        acceptance: Box::new(acceptance),
    };
    proposal::propose(&remote, &args.asking, action, format).await
}

async fn join(args: &OrgJoinArgs, format: Format) -> Result<ExitCode> {
    let begun = Instant::now();
    let folder = ConsortiumFolder::new(&args.place.dir);
    let path = args.invitation.clone();
    let path = path.unwrap_or_else(|| folder.root().join(ACCEPTED));
    let file: InvitationFile = read_file(&path, "an invitation").map_err(refused)?;
    let invited = &file.signed.invitation.organisation;
    let mut own = Own::open(&folder, Some(invited)).map_err(refused)?;
    file.join(&mut own).map_err(refused)?;
    let progress = Progress::new();
    let node = own.node().map_err(refused)?.clone();
    let mut nodes = Nodes::start(&folder, &own.record, &progress)?;
    let client = nodes.wait_one(&node).await?;
    let admin =
        MemberId::new(invited, "admin").map_err(|error| Failure::of("member.bad_name", &error))?;
    let mut joined = Vec::new();
    for ledger in &file.signed.invitation.ledgers {
        progress.doing(format!("catching up on {}", ledger.name));
        let view = client.ledger(&ledger.id.to_string()).await;
        let remote = Remote::of(client.clone(), &view.map_err(client_failure)?)?;
        wait_admitted(&remote, invited.as_str(), args.wait_s).await?;
        let caught_up_ms = elapsed_ms(begun);
        progress.doing(format!("registering the operator on {}", ledger.name));
        register_operator(&own, &remote, &admin).await?;
        let mut asked = Value::Null;
        if !args.watch {
            let key = own.node_key().map_err(refused)?;
            let add = Action::Membership(MembershipAction::AddValidator { key });
            asked = ask_for_vote(&folder, &remote, &admin, add).await?;
        }
        joined.push(json!({
            "ledger": ledger.name, "caught_up_ms": caught_up_ms, "proposal": asked,
        }));
    }
    progress.done();
    let lines: Vec<String> = joined
        .iter()
        .map(|one| {
            let name = one["ledger"].as_str().unwrap_or_default();
            match one["proposal"].as_u64() {
                None => format!("{name}: kept, without a vote"),
                Some(number) => format!(
                    "{name}: kept; its vote is proposal {number}\nnext     the others: blockworm proposal vote {number} --ledger {name} --as ORG/admin"
                ),
            }
        })
        .collect();
    let text = format!(
        "the node of {invited} keeps its ledgers\n{}\nconsole  {}",
        lines.join("\n"),
        node.api_url()
    );
    let value = json!({
        "organisation": invited, "api_url": node.api_url(), "ledgers": joined,
        "elapsed_ms": elapsed_ms(begun),
    });
    format.print(&value, text)?;
    Ok(ExitCode::SUCCESS)
}

fn elapsed_ms(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Waits until the own node has the block that admits its organisation.
async fn wait_admitted(remote: &Remote, organisation: &str, wait_s: u64) -> Result<()> {
    let begun = Instant::now();
    let question = json!({ "organisation": { "id": organisation } });
    loop {
        if !remote.query("organisations", &question).await?.is_null() {
            return Ok(());
        }
        if begun.elapsed() > Duration::from_secs(wait_s) {
            let what = format!(
                "after {wait_s} s the node has no block that admits {organisation} to {}",
                remote.ledger_text()
            );
            return Err(Failure::new("node.not_admitted", what).next(
                "ask the inviter whether the vote is over, and whether the nodes' addresses can be reached; then blockworm org join again",
            ));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The operator's key lies in the folder; its own admin registers it, as every later member.
async fn register_operator(own: &Own, remote: &Remote, admin: &MemberId) -> Result<()> {
    let (id, operator) = own.member("operator").map_err(refused)?;
    let known = json!({ "member": { "id": id } });
    if !remote.query("members", &known).await?.is_null() {
        return Ok(());
    }
    let signer = Signer::of_folder(&own.folder, admin)?;
    let message = registration("register", remote.ledger, &operator);
    let receipt = remote.submit(&signer, &contract(), message, STEP).await?;
    check_ok(&receipt)
}

/// Proposes that the own node votes; the number of the proposal.
async fn ask_for_vote(
    folder: &ConsortiumFolder,
    remote: &Remote,
    admin: &MemberId,
    action: Action,
) -> Result<Value> {
    let asking = Asking {
        member: admin.clone(),
        hours: 72,
        signing: Signing::of_folder(STEP.as_secs()),
        target: Target::of_folder(&Place {
            dir: folder.root().to_owned(),
        }),
    };
    // A join that was interrupted is taken up again.
    if let Some(number) = proposal::open_one(remote, &action).await? {
        return Ok(json!(number));
    }
    let receipt = proposal::ask(remote, &asking, &action).await?;
    if receipt.code == "proposal.no_change" {
        return Ok(Value::Null);
    }
    check_ok(&receipt)?;
    let proposed = receipt.events.iter().find(|event| event.kind == "proposed");
    Ok(json!(
        proposed.and_then(|event| event.subject.parse::<u64>().ok())
    ))
}
