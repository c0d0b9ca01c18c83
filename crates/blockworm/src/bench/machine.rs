//! What the machine can do and what the nodes' processes use of it, read from /proc.

use crate::{
    failure::{Failure, Result},
    progress::Progress,
};
use blockworm_crypto::{
    Algorithm, Digest, KeyCache, Namespace, PublicKey, SecretKey, Signature, SignedDigest, sha256,
};
use rayon::prelude::*;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Processes of nodes.
pub type Pids = Vec<u32>;

/// Signatures in one batch of the limit's measurement, as many as a full block hands over at once.
const BATCH: usize = 1_024;
/// Batches that are verified again and again.
const BATCHES: usize = 32;
/// How long the limit is measured.
const MEASURED: Duration = Duration::from_secs(2);
/// `USER_HZ`: the unit of times in /proc, 100 a second on every architecture that we build for.
const TICKS_PER_S: u64 = 100;

/// Ed25519 verifications a second on all cores, through the batches and the key cache of the nodes.
pub fn verify_limit(keys: usize) -> Result<f64> {
    let namespace = Namespace::new(&"0".repeat(32), "transaction");
    let secrets = (0..keys.min(BATCH * BATCHES))
        .into_par_iter()
        .map(|_| SecretKey::generate(Algorithm::Ed25519))
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| Failure::of("system.random", &error))?;
    let publics: Vec<PublicKey> = secrets.iter().map(SecretKey::public_key).collect();
    let signed: Vec<(usize, Digest, Signature)> = (0..BATCH * BATCHES)
        .into_par_iter()
        .map(|index| {
            let digest = sha256(&[&index.to_be_bytes()]);
            let signer = index % secrets.len();
            (signer, digest, secrets[signer].sign(&namespace, &digest))
        })
        .collect();
    let batches: Vec<Vec<SignedDigest<'_>>> = signed
        .chunks(BATCH)
        .map(|chunk| {
            chunk
                .iter()
                .map(|(signer, digest, signature)| SignedDigest {
                    key: &publics[*signer],
                    namespace: &namespace,
                    digest,
                    signature,
                })
                .collect()
        })
        .collect();
    let cache = KeyCache::new(keys.max(1));
    let verify_all = || {
        batches
            .par_iter()
            .all(|batch| cache.verify_batch(batch).is_ok())
    };
    if !verify_all() {
        return Err(Failure::new("bench.verify", "a good signature was refused"));
    }
    let begun = Instant::now();
    let mut verified = 0u64;
    while begun.elapsed() < MEASURED {
        if !verify_all() {
            return Err(Failure::new("bench.verify", "a good signature was refused"));
        }
        verified += (BATCH * BATCHES) as u64;
    }
    Ok(verified as f64 / begun.elapsed().as_secs_f64())
}

/// Processor time that the processes have used, all threads, in user mode and in the kernel.
pub fn cpu(pids: &Pids) -> Result<Duration> {
    pids.iter().try_fold(Duration::ZERO, |sum, pid| {
        let text = read(&format!("/proc/{pid}/stat"))?;
        let ticks = cpu_ticks(&text).ok_or_else(|| unreadable(*pid))?;
        Ok(sum + Duration::from_millis(ticks * 1_000 / TICKS_PER_S))
    })
}

/// Fields 14 and 15 of proc_pid_stat(5), counted after the command's name, which may hold anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// The largest resident memory that one of the processes has had, in MB (10^6 bytes).
pub fn peak_memory_mb(pids: &Pids) -> Result<f64> {
    pids.iter().try_fold(0.0, |peak: f64, pid| {
        let text = read(&format!("/proc/{pid}/status"))?;
        let kib = high_water_kib(&text).ok_or_else(|| unreadable(*pid))?;
        Ok(peak.max(kib as f64 * 1_024.0 / 1e6))
    })
}

fn high_water_kib(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Begins the peaks of memory anew (proc_pid_clear_refs(5)), where the system lets us.
pub fn forget_peak_memory(pids: &Pids) {
    for pid in pids {
        // Without it the peak is that of the whole life, which is no smaller.
        let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
    }
}

/// Where the consortia are made: on a disk, because a sync of memory costs nothing and proves nothing.
pub fn place(wanted: Option<&Path>, progress: &Progress) -> PathBuf {
    if let Some(wanted) = wanted {
        if in_memory(wanted) {
            progress.say(
                "the folder lies in memory: syncs cost nothing there, the figures are too good",
            );
        }
        return wanted.to_owned();
    }
    let temporary = std::env::temp_dir();
    if in_memory(&temporary) {
        PathBuf::from(".")
    } else {
        temporary
    }
}

fn in_memory(path: &Path) -> bool {
    let (Ok(path), Ok(mounts)) = (
        fs::canonicalize(path),
        fs::read_to_string("/proc/self/mounts"),
    ) else {
        return false;
    };
    file_system(&path, &mounts).is_some_and(|kind| matches!(kind, "tmpfs" | "ramfs"))
}

/// The kind of the file system that `path` lies on: that of the longest mount point above it.
fn file_system<'a>(path: &Path, mounts: &'a str) -> Option<&'a str> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some((fields.next()?, fields.next()?))
        })
        .filter(|(point, _)| path.starts_with(point))
        .max_by_key(|(point, _)| point.len())
        .map(|(_, kind)| kind)
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(path).map_err(|error| Failure::of("bench.proc", &error).during(path))
}

fn unreadable(pid: u32) -> Failure {
    Failure::new("bench.proc", format!("/proc/{pid} is not as proc(5) says"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_processor_time_whatever_the_command_is_called() {
        let stat = "42 (a ) b) S 1 1 1 0 -1 4194560 100 0 0 0 123 45 0 0 20 0 9 0 5 1 1";
        assert_eq!(cpu_ticks(stat), Some(168));
        assert_eq!(cpu_ticks("42 (x"), None);
    }

    #[test]
    fn reads_the_peak_of_memory() {
        assert_eq!(
            high_water_kib("VmPeak:\t9 kB\nVmHWM:\t   70144 kB\n"),
            Some(70_144)
        );
        assert_eq!(high_water_kib("VmRSS: 1 kB"), None);
    }

    #[test]
    fn finds_the_file_system_of_the_longest_mount_point() {
        let mounts =
            "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmp/disk xfs rw 0 0\n";
        assert_eq!(file_system(Path::new("/tmp/a"), mounts), Some("tmpfs"));
        assert_eq!(file_system(Path::new("/tmp/disk/a"), mounts), Some("xfs"));
        assert_eq!(file_system(Path::new("/tmpfoo"), mounts), Some("ext4"));
    }

    #[test]
    fn this_machine_verifies_signatures() {
        assert!(verify_limit(8).is_ok_and(|limit| limit > 100.0));
    }
}
