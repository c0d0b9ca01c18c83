//! Measures the whole commit path of the state on disk: throughput, CPU, latency, size, restart.
//!
//! `cargo run --release -p blockworm-state --example state_bench -- [--name value]...`

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measuring program reads the clock and prints"
)]

use blockworm_state::{
    Column, FjallOptions, FjallStore, SideRow, State, StateOptions, Table, Writes,
};
use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

type Outcome<T> = Result<T, Box<dyn Error>>;

const USAGE: &str = "--keys N        keys before measuring (1000000)
--updates N     distinct random updates per commit (5000)
--commits N     measured commits (100)
--bits N        the tree has 2^N buckets (16)
--hot N         per cent of the updates that go to one per cent of the keys (0)
--side N        1: two updates are a transaction with receipt, index row and recent id (0)
--cache-mib N   block cache (32)
--leaves-mib N  leaf cache (16)
--memtable-mib N  rows kept in memory per table (8)
--workers N     threads that flush and merge (1)
--dir PATH      folder, kept when named (a fresh one, removed)";

struct Settings {
    numbers: BTreeMap<String, u64>,
    dir: Option<PathBuf>,
}

impl Settings {
    fn parse() -> Outcome<Self> {
        let defaults = [
            ("keys", 1_000_000),
            ("updates", 5_000),
            ("commits", 100),
            ("bits", 16),
            ("hot", 0),
            ("side", 0),
            ("cache-mib", 32),
            ("leaves-mib", 16),
            ("workers", 1),
            ("memtable-mib", 8),
        ];
        let mut numbers: BTreeMap<String, u64> = defaults
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect();
        let mut dir = None;
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let (name, value) = (word.trim_start_matches("--").to_owned(), words.next());
            match (name.as_str(), value) {
                ("dir", Some(value)) => dir = Some(PathBuf::from(value)),
                (name, Some(value)) if numbers.contains_key(name) => {
                    numbers.insert(name.to_owned(), value.parse()?);
                }
                _ => return Err(format!("unknown option {word}\n{USAGE}").into()),
            }
        }
        Ok(Self { numbers, dir })
    }

    fn get(&self, name: &str) -> u64 {
        self.numbers.get(name).copied().unwrap_or_default()
    }

    fn open(&self, dir: &Path) -> Outcome<State<FjallStore>> {
        let options = FjallOptions {
            cache_bytes: self.get("cache-mib") << 20,
            memtable_bytes: self.get("memtable-mib") << 20,
            worker_threads: usize::try_from(self.get("workers"))?,
            ..FjallOptions::default()
        };
        let leaf_cache_bytes = usize::try_from(self.get("leaves-mib") << 20)?;
        let bits = u8::try_from(self.get("bits"))?;
        let store = FjallStore::open_with(dir, options)?;
        Ok(State::open_with(
            store,
            bits,
            StateOptions { leaf_cache_bytes },
        )?)
    }
}

/// SplitMix64: fast, and the same keys on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Like a balance: contract 16, `CNY`, an account name.
fn key(index: u64) -> Vec<u8> {
    let mut key = 16u32.to_be_bytes().to_vec();
    key.extend_from_slice(format!("CNYplatform/m-{:016x}", mix(index)).as_bytes());
    key
}

fn value(random: &mut Random) -> Option<Vec<u8>> {
    Some(format!("\"{}\"", random.next() >> 20).into_bytes())
}

fn cpu() -> Outcome<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after = stat.rsplit(')').next().unwrap_or_default();
    let field = |at: usize| {
        after
            .split_whitespace()
            .nth(at)
            .and_then(|text| text.parse().ok())
    };
    let ticks: u64 = field(11).unwrap_or(0) + field(12).unwrap_or(0);
    Ok(Duration::from_millis(ticks * 10))
}

fn memory(field: &str) -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find(|line| line.starts_with(field))
        .unwrap_or_default();
    Ok(line
        .split_whitespace()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
        / 1024)
}

/// Bytes that a folder takes on disk; journals are longer than what is written of them.
fn disk_bytes(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() {
            disk_bytes(&entry.path())?
        } else {
            entry.metadata()?.blocks() * 512
        };
    }
    Ok(bytes)
}

fn side_rows(height: u64, updates: u64, random: &mut Random) -> Vec<SideRow> {
    let mut rows = Vec::new();
    let (mut receipts, mut recent) = (Vec::new(), Vec::new());
    for index in 0..updates / 2 {
        let id: Vec<u8> = (0..4).flat_map(|_| random.next().to_be_bytes()).collect();
        let mut place = height.to_be_bytes().to_vec();
        place.extend_from_slice(&u32::try_from(index).unwrap_or(0).to_be_bytes());
        receipts.extend_from_slice(&id);
        receipts.extend_from_slice(b"ok transferred money from platform/m- to platform/m- amount");
        receipts.extend_from_slice(&random.next().to_be_bytes());
        rows.push(SideRow::put(
            Column::TransactionIndex,
            id[..16].to_vec(),
            place,
        ));
        recent.extend_from_slice(&id);
    }
    let packed = blockworm_state::compress(&receipts);
    rows.push(SideRow::put(Column::Receipts, height.to_be_bytes(), packed));
    rows.push(SideRow::put(
        Column::RecentIds,
        height.to_be_bytes(),
        recent,
    ));
    // Ids leave the expiry window after some hundred blocks.
    rows.extend(
        height
            .checked_sub(100)
            .map(|old| SideRow::delete(Column::RecentIds, old.to_be_bytes())),
    );
    rows
}

fn populate(state: &State<FjallStore>, keys: u64) -> Outcome<u64> {
    let mut random = Random(1);
    let mut height = state.height().map_or(0, |height| height + 1);
    let mut done = 0;
    while done < keys {
        let end = keys.min(done + 50_000);
        let writes: Writes = (done..end)
            .map(|index| (key(index), value(&mut random)))
            .collect();
        state.stage(height, writes)?;
        state.commit(height, Vec::new())?;
        (height, done) = (height + 1, end);
    }
    Ok(height)
}

struct Measured {
    wall: Duration,
    cpu: Duration,
    commits: Vec<Duration>,
}

fn measure(state: &State<FjallStore>, settings: &Settings, first: u64) -> Outcome<Measured> {
    let (keys, updates, commits) = (
        settings.get("keys").max(1),
        settings.get("updates"),
        settings.get("commits"),
    );
    let mut random = Random(2);
    let mut measured = Measured {
        wall: Duration::ZERO,
        cpu: Duration::ZERO,
        commits: vec![],
    };
    for height in first..first + commits {
        let mut writes = Writes::new();
        while (writes.len() as u64) < updates.min(keys) {
            let hot = random.next() % 100 < settings.get("hot");
            let among = if hot { (keys / 100).max(1) } else { keys };
            writes.insert(key(random.next() % among), value(&mut random));
        }
        let mut rows = Vec::new();
        if settings.get("side") == 1 {
            rows = side_rows(height, updates, &mut random);
        }
        let (start, start_cpu) = (Instant::now(), cpu()?);
        state.stage(height, writes)?;
        state.commit(height, rows)?;
        measured.commits.push(start.elapsed());
        measured.wall += start.elapsed();
        measured.cpu += cpu()?.saturating_sub(start_cpu);
    }
    measured.commits.sort();
    Ok(measured)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "figures for people"
)]
fn ratio(amount: impl Into<u128>, of: u64) -> f64 {
    amount.into() as f64 / of.max(1) as f64
}

fn report(measured: &Measured, updates: u64) {
    let at = |percent: usize| measured.commits[(measured.commits.len() - 1) * percent / 100];
    let micros = u64::try_from(measured.wall.as_micros()).unwrap_or(u64::MAX);
    println!(
        "updates per second      {:.0}",
        ratio(u128::from(updates) * 1_000_000, micros)
    );
    println!(
        "CPU us per update       {:.1}",
        ratio(measured.cpu.as_micros(), updates)
    );
    println!("commit p50 / p99        {:.1?} / {:.1?}", at(50), at(99));
}

fn main() -> Outcome<()> {
    let settings = Settings::parse()?;
    let fresh = tempfile::tempdir()?;
    let dir = settings
        .dir
        .clone()
        .unwrap_or_else(|| fresh.path().to_owned());
    let started = Instant::now();
    let state = settings.open(&dir)?;
    let first = match state.height() {
        Some(height) => height + 1,
        None => populate(&state, settings.get("keys"))?,
    };
    println!(
        "populated in            {:.1?}, peak {} MiB",
        started.elapsed(),
        memory("VmHWM")?
    );
    let disk_before = disk_bytes(&dir)?;
    println!(
        "disk bytes per key      {:.1}",
        ratio(disk_before, settings.get("keys"))
    );
    let measured = measure(&state, &settings, first)?;
    let updates = settings.get("updates") * settings.get("commits");
    report(&measured, updates);
    for table in Table::ALL {
        println!(
            "  table {:18}{:>12} bytes",
            format!("{table:?}"),
            state.store().table_bytes(table)
        );
    }
    let disk = disk_bytes(&dir)?;
    println!("  all with journals       {disk:>12} bytes");
    println!(
        "disk bytes per update   {:.1}",
        ratio(disk.saturating_sub(disk_before), updates)
    );
    println!(
        "memory now / peak       {} / {} MiB",
        memory("VmRSS")?,
        memory("VmHWM")?
    );
    let root = state.root();
    let closing = Instant::now();
    drop(state);
    let reopening = Instant::now();
    let state = settings.open(&dir)?;
    println!(
        "closed in / reopened in {:.2?} / {:.2?}",
        reopening - closing,
        reopening.elapsed()
    );
    println!(
        "memory now / peak       {} / {} MiB",
        memory("VmRSS")?,
        memory("VmHWM")?
    );
    println!("root                    {root}");
    if state.root() == root {
        Ok(())
    } else {
        Err("the root changed by reopening".into())
    }
}
