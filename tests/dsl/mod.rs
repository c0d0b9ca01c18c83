//! A small language for scenarios: real node processes in a folder of their own, killed at the end.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

pub mod answering;
pub mod load;
pub mod machines;
#[path = "../not_run/mod.rs"]
mod not_run;
pub mod signing;

use blockworm_api::Client;
use blockworm_ledger::{Genesis, MemberId, OrganisationId};
use blockworm_service::network::{ConsortiumFolder, ConsortiumRecord, NodeState, process};
// Not every scenario may lack something.
#[allow(unused_imports)]
pub use not_run::not_run;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

/// The invoice that the project ships.
pub const SAMPLE_INVOICE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../samples/steel-invoice.xml"
);

/// No command of a scenario takes longer.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The result as JSON; the command must have succeeded.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:#?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The code of the error that a `--output json` command wrote.
    #[track_caller]
    pub fn error_code(&self) -> String {
        assert_ne!(self.code, Some(0), "{self:#?}");
        let line = self.stderr.lines().rev().find(|line| line.starts_with('{'));
        let error: Value = serde_json::from_str(line.unwrap_or_default())
            .unwrap_or_else(|e| panic!("{e}: {self:#?}"));
        error["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// Runs the program and kills it if it takes too long.
pub fn blockworm(args: &[&str]) -> Ran {
    run(Command::new(env!("CARGO_BIN_EXE_blockworm")).args(args))
}

/// Runs a command and kills it if it takes too long.
pub fn run(command: &mut Command) -> Ran {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BLOCKWORM_")) {
        command.env_remove(name);
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read_out = thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text)
            .map(|_| text)
            .unwrap_or_default()
    });
    let read_err = thread::spawn(move || {
        let mut text = String::new();
        err.read_to_string(&mut text)
            .map(|_| text)
            .unwrap_or_default()
    });
    let begun = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{command:?} took longer than {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(10));
    };
    Ran {
        code,
        stdout: read_out.join().unwrap(),
        stderr: read_err.join().unwrap(),
    }
}

/// A consortium in a folder of its own.
pub struct Consortium {
    /// Kept until the end; also holds what scenarios write beside the consortium.
    pub scratch: tempfile::TempDir,
    pub folder: ConsortiumFolder,
    nodes: usize,
    money: OnceLock<String>,
}

impl Consortium {
    /// A folder with nothing in it yet.
    pub fn planned(nodes: usize) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let folder = ConsortiumFolder::new(scratch.path().join("consortium"));
        Self {
            scratch,
            folder,
            nodes,
            money: OnceLock::new(),
        }
    }

    /// Four organisations and their nodes, running.
    pub fn start(nodes: usize) -> Self {
        let consortium = Self::planned(nodes);
        consortium.up(&[]).json();
        consortium
    }

    /// `blockworm up --detach` with more flags.
    pub fn up(&self, more: &[&str]) -> Ran {
        let nodes = self.nodes.to_string();
        let mut args = vec!["up", "--detach", "--nodes", &nodes];
        args.extend(more);
        self.run(&args)
    }

    /// Runs a verb on this consortium with JSON output.
    pub fn run(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blockworm"));
        command
            .args(args)
            .args(["--output", "json", "--dir"])
            .arg(self.folder.root());
        run(&mut command)
    }

    pub fn record(&self) -> ConsortiumRecord {
        self.folder.record().unwrap()
    }

    pub fn genesis(&self) -> Genesis {
        self.folder.genesis("trade").unwrap()
    }

    pub fn ledger(&self) -> String {
        self.record().first_ledger().unwrap().id.clone()
    }

    /// The organisations that run a node.
    pub fn organisations(&self) -> Vec<OrganisationId> {
        self.record()
            .nodes
            .into_iter()
            .map(|node| node.organisation)
            .collect()
    }

    pub fn client(&self, organisation: &str) -> Client {
        let record = self.record();
        let node = record
            .nodes
            .iter()
            .find(|node| node.organisation.as_str() == organisation);
        Client::new(&node.unwrap().api_url()).unwrap()
    }

    /// A file beside the consortium.
    pub fn beside(&self, name: &str) -> std::path::PathBuf {
        self.scratch.path().join(name)
    }

    /// The process of an organisation's node, if it lives.
    pub fn pid(&self, organisation: &str) -> Option<u32> {
        match process::state(&self.folder, &organisation.parse().unwrap()) {
            Ok(NodeState::Running(pid)) if pid > 0 => Some(pid),
            _ => None,
        }
    }

    /// kill -9 for one organisation's node.
    pub fn crash(&self, organisation: &str) {
        let pid = self
            .pid(organisation)
            .unwrap_or_else(|| panic!("{organisation} does not run"));
        kill(pid);
        let begun = Instant::now();
        while self.pid(organisation).is_some() {
            assert!(
                begun.elapsed() < PATIENCE,
                "{organisation} survives kill -9"
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Holds organisations' nodes still, connections and all, until `resume`.
    pub fn pause(&self, organisations: &[&str]) {
        self.signal(organisations, Signal::STOP);
    }

    /// Lets them go on.
    pub fn resume(&self, organisations: &[&str]) {
        self.signal(organisations, Signal::CONT);
    }

    fn signal(&self, organisations: &[&str], signal: Signal) {
        for organisation in organisations {
            let pid = self.pid(organisation);
            let pid = pid.unwrap_or_else(|| panic!("{organisation} does not run"));
            kill_process(process_id(pid), signal).unwrap();
        }
    }

    /// kill -9 for all nodes, as close together as possible.
    pub fn crash_all(&self) {
        let organisations = self.organisations();
        organisations
            .iter()
            .filter_map(|id| self.pid(id.as_str()))
            .for_each(kill);
        let begun = Instant::now();
        while organisations
            .iter()
            .any(|id| self.pid(id.as_str()).is_some())
        {
            assert!(begun.elapsed() < PATIENCE, "a node survives kill -9");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until `condition` holds.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !condition() {
            assert!(
                begun.elapsed() < PATIENCE,
                "waited too long until {what}\n{}",
                self.logs()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// What the nodes said last, for a failing scenario.
    pub fn logs(&self) -> String {
        let Ok(record) = self.folder.record() else {
            return String::new();
        };
        record
            .nodes
            .iter()
            .map(|node| {
                let words = process::last_words(&self.folder, &node.organisation, 8).join("\n");
                format!("--- {}\n{words}\n", node.organisation)
            })
            .collect()
    }
}

impl Drop for Consortium {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.logs());
        }
        let Ok(record) = self.folder.record() else {
            return;
        };
        for node in &record.nodes {
            if let Some(pid) = self.pid(node.organisation.as_str()) {
                kill(pid);
            }
        }
    }
}

fn process_id(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

fn kill(pid: u32) {
    // It may have ended by itself in the meantime.
    let _ = kill_process(process_id(pid), Signal::KILL);
}

pub fn member(text: &str) -> MemberId {
    text.parse().unwrap()
}

pub fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs the asynchronous part of a scenario, for at most [`PATIENCE`].
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(async { tokio::time::timeout(PATIENCE, future).await })
        .expect("the scenario took too long")
}
