//! One module per verb; here they are only told apart.

mod acting;
mod api_key;
mod archiving;
mod asset;
mod authority;
mod certificate;
mod checkpoint;
mod clock;
mod console_user;
mod consortium;
mod counterpart;
mod credit;
mod decide;
mod doctor;
mod down;
mod enrolment;
mod evidence;
mod evidence_package;
mod evidence_sample;
mod evidence_source;
mod financing;
mod fingerprints;
mod hsm;
mod key_holder;
mod ledger;
mod lifecycle;
mod member;
mod membership;
mod mutations;
mod network;
mod node;
mod node_key;
mod nodes;
mod org;
mod packages;
mod parts;
mod pins;
mod private_files;
mod proof;
mod proposal;
mod query;
mod receivable;
mod registry;
mod renewing;
mod reregister;
mod status;
mod story;
mod submitter;
mod summary;
mod table;
mod timestamp;
mod timestamp_health;
mod timing;
mod tx;
mod up;
pub mod verify;
mod voting;
mod voucher;

use crate::{
    bench,
    cli::{Cli, Command, NodeCommand},
    failure::{Failure, Result},
    output::Format,
};
use std::process::ExitCode;

/// Runs the command and says with which status to exit.
pub fn run(cli: Cli) -> Result<ExitCode> {
    let format = cli.output;
    match cli.command {
        Command::Node(NodeCommand::Run(args)) => node::run(&args),
        Command::Node(NodeCommand::Stop(args)) => lifecycle::stop(&args, format),
        Command::Node(NodeCommand::Package(args)) => packages::package(&args, format),
        Command::Node(NodeCommand::Install(args)) => packages::install(&args, format),
        Command::ApiKey(command) => api_key::run(&command, format),
        Command::ConsoleUser(command) => console_user::run(&command, format),
        Command::Verify(args) => verify::run(&args, format),
        Command::Certificate(command) => certificate::run(&command, format),
        Command::Clock(command) => clock::run(&command, format),
        Command::Down(args) => down::run(&args, format),
        Command::Consortium(command) => consortium::run(&command, format),
        Command::Bench(args) => bench::run(args, format),
        other => wait_for(other, format),
    }
}

/// Commands that speak with nodes need no more than this thread.
fn wait_for(command: Command, format: Format) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::of("system.runtime", &error))?;
    runtime.block_on(async {
        match command {
            Command::Up(args) => up::run(&args, format).await,
            Command::Status(place) => status::run(&place, format).await,
            Command::Doctor(place) => doctor::run(&place, format).await,
            Command::Tx(command) => tx::run(&command, format).await,
            Command::Proof(command) => proof::run(&command, format).await,
            Command::Checkpoint(command) => checkpoint::run(&command, format).await,
            Command::Member(command) => member::run(&command, format).await,
            Command::Hsm(command) => hsm::run(&command, format).await,
            Command::Enrolment(command) => enrolment::run(&command, format).await,
            Command::Authority(command) => authority::run(&command, format).await,
            Command::Asset(command) => asset::run(&command, format).await,
            Command::Voucher(command) => voucher::run(&command, format).await,
            Command::Receivable(command) => receivable::run(&command, format).await,
            Command::Evidence(command) => evidence::run(&command, format).await,
            Command::Registry(command) => registry::run(&command, format).await,
            Command::Financing(command) => financing::run(&command, format).await,
            Command::KeyHolder(command) => key_holder::run(&command, format).await,
            Command::Timestamp(command) => timestamp::run(&command, format).await,
            Command::Org(command) => org::run(&command, format).await,
            Command::Proposal(command) => proposal::run(&command, format).await,
            Command::Query(args) => query::run(&args, format).await,
            Command::Ledger(command) => ledger::run(&command, format).await,
            Command::Network(command) => network::run(&command, format).await,
            Command::Node(NodeCommand::Start(args)) => lifecycle::start(&args, format).await,
            Command::Node(NodeCommand::Restart(args)) => lifecycle::restart(&args, format).await,
            Command::Node(NodeCommand::Logs(args)) => lifecycle::logs(&args, format).await,
            Command::Node(NodeCommand::Ping(args)) => lifecycle::ping(&args, format).await,
            Command::Node(NodeCommand::Join(args)) => membership::join(&args, format).await,
            Command::Node(NodeCommand::Leave(args)) => membership::leave(&args, format).await,
            Command::Node(NodeCommand::List(args)) => membership::list(&args, format).await,
            Command::Node(NodeCommand::RotateKey(args)) => {
                node_key::rotate_key(&args, format).await
            }
            Command::Node(
                NodeCommand::Run(_)
                | NodeCommand::Stop(_)
                | NodeCommand::Package(_)
                | NodeCommand::Install(_),
            )
            | Command::ApiKey(_)
            | Command::ConsoleUser(_)
            | Command::Certificate(_)
            | Command::Clock(_)
            | Command::Consortium(_)
            | Command::Verify(_)
            | Command::Down(_)
            | Command::Bench(_) => {
                unreachable!("invariant: these were told apart before")
            }
        }
    })
}
