//! Organisations that each have a folder of their own, as if on machines of their own.

use super::{PATIENCE, Ran, path, run};
use blockworm_ledger::OrganisationId;
use blockworm_service::network::{ConsortiumFolder, NodeState, process};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// All machines of a scenario, and a table on which files are handed over.
pub struct Machines {
    pub scratch: tempfile::TempDir,
}

/// One organisation's machine.
pub struct Machine {
    pub organisation: OrganisationId,
    pub folder: ConsortiumFolder,
    pub address: SocketAddr,
}

impl Machines {
    pub fn new() -> Self {
        Self {
            scratch: tempfile::tempdir().unwrap(),
        }
    }

    /// A file that is handed over.
    pub fn file(&self, name: &str) -> String {
        path(&self.scratch.path().join(name)).to_owned()
    }

    /// A machine with nothing on it.
    pub fn machine(&self, organisation: &str) -> Machine {
        self.machine_in(organisation, organisation)
    }

    pub fn machine_in(&self, organisation: &str, folder: &str) -> Machine {
        Machine {
            organisation: organisation.parse().unwrap(),
            folder: ConsortiumFolder::new(self.scratch.path().join(folder)),
            address: free_pair(),
        }
    }

    /// A machine on which the organisation made its keys; the others get its founder's file.
    pub fn founder(&self, organisation: &str, roles: &[&str]) -> Machine {
        let machine = self.machine(organisation);
        machine.init(roles).json();
        machine
    }
}

/// A free port with a free one after it, below those that the system hands out.
fn free_pair() -> SocketAddr {
    for port in (15_000 + std::process::id() as u16 % 9_000..31_000).step_by(2) {
        let both = [port, port + 1].map(|port| TcpListener::bind(("127.0.0.1", port)));
        if both.iter().all(Result::is_ok) && claim(port) {
            return SocketAddr::from(([127, 0, 0, 1], port));
        }
    }
    panic!("no free ports");
}

/// No two machines of this process get the same.
fn claim(port: u16) -> bool {
    static CLAIMED: std::sync::Mutex<Vec<u16>> = std::sync::Mutex::new(Vec::new());
    let mut claimed = CLAIMED.lock().unwrap();
    let free = !claimed.contains(&port);
    claimed.push(port);
    free
}

impl Machine {
    /// Runs a verb on this machine's folder with JSON output.
    pub fn run(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blockworm"));
        command
            .args(args)
            .args(["--output", "json", "--dir"])
            .arg(self.folder.root());
        run(&mut command)
    }

    pub fn init(&self, roles: &[&str]) -> Ran {
        let id = self.organisation.as_str();
        let name = format!("The {id}");
        let address = self.address.to_string();
        let mut args = vec!["org", "init", id, "--name", &name, "--address", &address];
        for role in roles {
            args.extend(["--role", role]);
        }
        self.run(&args)
    }

    /// What it sends to the other founders.
    pub fn founder_file(&self) -> PathBuf {
        let name = format!("{}.founder.json", self.organisation);
        self.folder.root().join(name)
    }

    /// Its admin.
    pub fn admin(&self) -> String {
        format!("{}/admin", self.organisation)
    }

    /// Starts its node in the background.
    pub fn start(&self) {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_blockworm"));
        drop(process::spawn(program, &self.folder, &self.organisation).unwrap());
    }

    pub fn restart(&self) {
        self.kill();
        self.start();
    }

    /// Waits until `condition` holds.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut condition: impl FnMut(&Self) -> bool) {
        let begun = Instant::now();
        while !condition(self) {
            let words = process::last_words(&self.folder, &self.organisation, 12).join("\n");
            assert!(
                begun.elapsed() < PATIENCE,
                "waited too long until {what}\n{words}"
            );
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until its node keeps so many ledgers and answers about the first.
    #[track_caller]
    pub fn wait_ready(&self, ledgers: usize) {
        self.wait_until("its node answers", |machine| {
            let ran = machine.run(&["status"]);
            ran.code == Some(0)
                && ran.json()["nodes"][0]["ledgers"]
                    .as_array()
                    .is_some_and(|all| all.len() == ledgers)
        });
    }

    /// A contract's answer, by its own node.
    pub fn query(&self, contract: &str, question: &str) -> Value {
        self.run(&["query", contract, question]).json()
    }

    fn kill(&self) {
        if let Ok(NodeState::Running(pid)) = process::state(&self.folder, &self.organisation) {
            let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
            // It may have ended by itself in the meantime.
            let _ = kill_process(pid, Signal::KILL);
            let _ = process::wait_stopped(&self.folder, &self.organisation, PATIENCE);
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if thread::panicking() {
            let words = process::last_words(&self.folder, &self.organisation, 12).join("\n");
            eprintln!("--- {}\n{words}", self.organisation);
        }
        self.kill();
    }
}

/// Founds a ledger among these: draft, everybody's signature, everybody's folder.
pub fn found(machines: &Machines, ledger: &str, founders: &[&Machine]) -> String {
    let draft = machines.file(&format!("{ledger}.draft.json"));
    let drafted = draft_of(ledger, founders, &draft, &[]).json();
    let signatures: Vec<String> = founders
        .iter()
        .map(|founder| {
            let out = machines.file(&format!("{}.{ledger}.signature.json", founder.organisation));
            founder
                .run(&["consortium", "sign", &draft, "-o", &out])
                .json();
            out
        })
        .collect();
    for founder in founders {
        let mut args = vec!["consortium", "found", &draft];
        for signature in &signatures {
            args.extend(["--signature", signature]);
        }
        founder.run(&args).json();
    }
    drafted["genesis_digest"].as_str().unwrap().to_owned()
}

/// A draft made of founders' files.
pub fn draft_of(ledger: &str, founders: &[&Machine], out: &str, more: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blockworm"));
    command.args([
        "consortium",
        "draft",
        "--ledger",
        ledger,
        "-o",
        out,
        "--output",
        "json",
    ]);
    for founder in founders {
        command.arg("--founder").arg(founder.founder_file());
    }
    run(command.args(more))
}
