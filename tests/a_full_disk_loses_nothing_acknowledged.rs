//! The disk fills up under load: the node stops rather than lie, and once there is room again
//! everything that it acknowledged is there.
#![allow(clippy::unwrap_used)]

mod dsl;

use blockworm_service::network::ConsortiumFolder;
use dsl::{Consortium, load::send_batch, wait};
use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// Large enough for a node's preallocated files.
const DISK: &str = "size=768m";
/// What is left when the load begins.
const ROOM_BYTES: u64 = 6 << 20;
const WAIT: Duration = Duration::from_secs(10);

/// A small disk of its own, unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", DISK, "tmpfs"])
            .arg(at)
            .output();
        mounted.ok()?.status.success().then(|| Self(at.to_owned()))
    }

    fn free_bytes(&self) -> u64 {
        let disk = rustix::fs::statvfs(&self.0).unwrap();
        disk.f_bavail * disk.f_frsize
    }

    /// Takes all but `room` bytes.
    fn fill(&self, room: u64) {
        let mut filler = File::create(self.0.join("filler")).unwrap();
        let chunk = vec![0xa5; 1 << 20];
        while self.free_bytes() > room + (1 << 20) {
            filler.write_all(&chunk).unwrap();
        }
    }

    fn clear(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_loses_nothing_acknowledged() {
    let mut consortium = Consortium::planned(1);
    let Some(disk) = SmallDisk::mount(&consortium.beside("disk")) else {
        dsl::not_run("this system mounts no small disk");
        return;
    };
    consortium.folder = ConsortiumFolder::new(consortium.beside("disk").join("consortium"));
    consortium.up(&[]).json();
    wait(consortium.fund("bank/maker", 100_000_000));
    disk.fill(ROOM_BYTES);

    let acknowledged = wait(load_until_refused(&consortium));
    assert!(
        !acknowledged.is_empty(),
        "nothing was acknowledged before the disk was full"
    );

    if consortium.pid("platform").is_some() {
        consortium.crash("platform");
    }
    disk.clear();
    consortium.up(&[]).json();
    wait(async {
        let client = consortium.client("platform");
        for id in &acknowledged {
            let receipt = client
                .receipt(&consortium.ledger(), id, WAIT)
                .await
                .unwrap();
            assert_eq!(receipt.unwrap_or_else(|| panic!("{id} is lost")).code, "ok");
        }
        let balance = consortium.balance("platform", "bank/checker").await;
        assert!(balance >= acknowledged.len() as u64);
        let maker = consortium.signer("bank/maker");
        let money = consortium.money();
        let more = send_batch(&client, &maker, (money, "bank/checker"), 10, WAIT).await;
        assert_eq!(
            more.ids.len(),
            10,
            "the node works again: {:?}",
            more.refused
        );
    });
    consortium.run(&["down"]).json();
}

async fn load_until_refused(consortium: &Consortium) -> Vec<String> {
    let maker = consortium.signer("bank/maker");
    let money = consortium.money();
    let client = consortium.client("platform");
    let begun = Instant::now();
    let mut acknowledged = Vec::new();
    let mut fruitless = 0;
    while fruitless < 2 {
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "the disk never became full"
        );
        let done = send_batch(
            &client,
            &maker,
            (money, "bank/checker"),
            500,
            Duration::from_secs(3),
        )
        .await;
        fruitless = if done.ids.is_empty() {
            fruitless + 1
        } else {
            0
        };
        acknowledged.extend(done.ids);
    }
    acknowledged
}
