//! Zip files that hide, repeat, lie or grow, and bags with files missing or unlisted: each is named.
#![allow(clippy::unwrap_used)]

mod matter;

use blockworm_verify::{BytesSource, Package, verify_package};
use matter::{
    Entry, Matter, assert_fails,
    bag::{self, Files, entries, zip_entries},
    failed,
    ledger::MATTER,
    verify,
};

/// The sample's files with one more entry, or others instead.
fn changed(change: impl FnOnce(&mut Vec<Entry>)) -> Vec<u8> {
    let matter = Matter::good();
    let mut list = entries(MATTER, &matter.files);
    change(&mut list);
    zip_entries(&list)
}

#[track_caller]
fn refused(zip: Vec<u8>, name: &str) {
    let report = verify(zip, &blockworm_verify::Pins::default());
    assert_fails(&report, name);
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in [
        "../evil.txt",
        "/etc/passwd",
        "steel-26\\evil.txt",
        "steel-26/../../evil",
        "C:/evil.txt",
        "steel-26//evil",
        "steel-26/./evil",
        "steel-26/e\nvil",
        "steel-26/evil.",
        "steel-26/data/",
    ] {
        refused(
            changed(|list| list.push(Entry::stored(name, b"x"))),
            "zip.names",
        );
    }
    refused(
        changed(|list| list.push(Entry::stored("other/evil.txt", b"x"))),
        "bag.declaration",
    );
}

#[test]
fn names_that_stand_twice_are_refused() {
    let twice = |name: &'static str| changed(|list| list.push(Entry::stored(name, b"x")));
    refused(twice("steel-26/data/matter.json"), "zip.duplicates");
    refused(twice("steel-26/data/MATTER.json"), "zip.duplicates");
    refused(twice("steel-26/data/matter.json/inner"), "zip.duplicates");
}

#[test]
fn archives_that_lie_or_grow_are_refused() {
    let zeros = vec![0; 8 << 20];
    refused(
        changed(|list| list.push(Entry::deflated("steel-26/bomb", &zeros))),
        "zip.size",
    );
    let huge = |list: &mut Vec<Entry>| {
        for number in 0..3 {
            let mut entry = Entry::deflated(&format!("steel-26/b{number}"), &vec![1; 1000]);
            (entry.size, entry.data) = (0x1fff_ffff, vec![0; 3 << 20]);
            list.push(entry);
        }
    };
    refused(changed(huge), "zip.size");
    // Sizes that are not true show when the file is unpacked.
    for size in [0, 1, 20, 60_000] {
        let zip = changed(|list| {
            let entry = list
                .iter_mut()
                .find(|entry| entry.name.ends_with("VERIFY.md"))
                .unwrap();
            entry.size = size;
        });
        refused(zip, "file:data/VERIFY.md");
    }
    let crc = changed(|list| {
        list.iter_mut()
            .find(|entry| entry.name.ends_with("VERIFY.md"))
            .unwrap()
            .crc ^= 1
    });
    refused(crc, "file:data/VERIFY.md");
    let trailing = changed(|list| {
        list.iter_mut()
            .find(|entry| entry.name.ends_with("VERIFY.md"))
            .unwrap()
            .data
            .push(0)
    });
    refused(trailing, "file:data/VERIFY.md");
    let short = changed(|list| {
        let entry = list
            .iter_mut()
            .find(|entry| entry.name.ends_with("VERIFY.md"))
            .unwrap();
        entry.data.pop();
        entry.data.pop();
    });
    refused(short, "file:data/VERIFY.md");
}

#[test]
fn headers_that_differ_overlap_or_leave_a_gap_are_refused() {
    let first = |change: fn(&mut Entry)| changed(|list| change(&mut list[3]));
    refused(
        first(|entry| entry.local_name = Some("steel-26/other".into())),
        "zip.readable",
    );
    refused(first(|entry| entry.flags |= 1), "zip.readable");
    refused(first(|entry| entry.flags |= 1 << 3), "zip.readable");
    refused(first(|entry| entry.flags = 0), "zip.readable");
    refused(first(|entry| entry.method = 12), "zip.readable");
    let good = Matter::good().zip();
    let readable = |zip: &[u8]| verify(zip.to_vec(), &blockworm_verify::Pins::default());
    let end = good.len() - 22;
    let start = u32::from_le_bytes(good[end + 16..end + 20].try_into().unwrap()) as usize;
    // Bytes before, behind and between; a comment; a second entry on the first one's bytes.
    let before = [b"x", &good[..]].concat();
    let behind = [&good[..], b"x"].concat();
    let between = [&good[..start], b"x", &good[start..]].concat();
    let mut comment = good.clone();
    comment[end + 20] = 1;
    comment.push(b'x');
    let mut overlapping = good.clone();
    let second = start + 46 + usize::from(u16::from_le_bytes([good[start + 28], good[start + 29]]));
    overlapping[second + 42..second + 46].fill(0);
    let mut extra = good.clone();
    extra[start + 30] = 4;
    let mut zip64 = good.clone();
    zip64[end + 16..end + 20].fill(0xff);
    for wrong in [
        before,
        behind,
        between,
        comment,
        overlapping,
        extra,
        zip64,
        good[..end].to_vec(),
        vec![],
        b"PK".to_vec(),
    ] {
        assert_fails(&readable(&wrong), "zip.readable");
    }
}

#[test]
fn every_flipped_byte_of_the_archives_own_bytes_is_noticed() {
    let good = Matter::good();
    let (zip, pins) = (good.zip(), good.pins());
    let end = zip.len() - 22;
    let start = u32::from_le_bytes(zip[end + 16..end + 20].try_into().unwrap()) as usize;
    // The first local header, the first two entries of the directory, and its end.
    let noticed = (0..30).chain(start..start + 160).chain(end..zip.len());
    let mut free = Vec::new();
    for at in noticed {
        let mut changed = zip.clone();
        changed[at] ^= 0x41;
        if verify(changed, &pins).outcome.exit_code() == 0 {
            free.push(at);
        }
    }
    // "Version needed", "made by" and attributes of files say nothing that is read.
    let names: Vec<usize> = free
        .iter()
        .map(|at| if *at < start { *at } else { (at - start) % 46 })
        .collect();
    assert!(free.len() < 40, "{names:?}");
}

#[test]
fn files_unlisted_or_missing_are_named() {
    let matter = Matter::good();
    let pins = matter.pins();
    let with = |change: &dyn Fn(&mut Files)| {
        let mut files = matter.files.clone();
        change(&mut files);
        verify(bag::zip(MATTER, &files), &pins)
    };
    let unlisted = with(&|files| drop(files.insert("data/extra.txt".into(), b"x".to_vec())));
    assert!(failed(&unlisted).contains(&"bag.unlisted") && failed(&unlisted).contains(&"bag.info"));
    assert_fails(
        &with(&|files| drop(files.insert("extra.txt".into(), b"x".to_vec()))),
        "bag.unlisted",
    );
    for path in matter.files.keys() {
        let report = with(&|files| drop(files.remove(path)));
        let name = match path.as_str() {
            // Without its manifest nothing else is listed.
            "manifest-sha256.txt" | "tagmanifest-sha256.txt" => "bag.manifest".to_owned(),
            path => format!("file:{path}"),
        };
        assert_fails(&report, &name);
    }
    let wrong_oxum = with(&|files| {
        let text = String::from_utf8(files["bag-info.txt"].clone()).unwrap();
        let text = text.replace("Payload-Oxum: ", "Payload-Oxum: 1");
        files.insert("bag-info.txt".into(), text.into_bytes());
        files.insert("tagmanifest-sha256.txt".into(), bag::tag_manifest(files));
    });
    assert_fails(&wrong_oxum, "bag.info");
    for line in [
        "0  data/x\n",
        "data/x\n",
        &format!("{}  ../x\n", "0".repeat(64)),
        &format!("{} data/x\n", "0".repeat(64)),
        &format!("{}  data/x%20y\n", "0".repeat(64)),
        &format!("{}  bagit.txt\n", "0".repeat(64)),
    ] {
        let report = with(&|files| {
            files
                .get_mut("manifest-sha256.txt")
                .unwrap()
                .extend(line.bytes());
            files.insert("tagmanifest-sha256.txt".into(), bag::tag_manifest(files));
        });
        assert_fails(&report, "bag.manifest");
    }
}

#[test]
fn a_folder_is_checked_like_the_archive() {
    let matter = Matter::good();
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().join(MATTER);
    bag::unzip(&top, &matter.files);
    let check = || verify_package(&Package::Folder(top.clone()), &matter.pins());
    assert_eq!(failed(&check()), Vec::<&str>::new());
    assert_eq!(check().outcome.exit_code(), 0);
    std::fs::write(top.join("data/originals/0001-paper 1.txt"), "another").unwrap();
    assert_fails(&check(), "file:data/originals/0001-paper 1.txt");
    assert_fails(&check(), "entry[1].original");
    std::os::unix::fs::symlink("/etc/hostname", top.join("data/link")).unwrap();
    assert_fails(&check(), "zip.names");
    let report = verify_package(&Package::Zip(&BytesSource(b"{}".to_vec())), &matter.pins());
    assert_fails(&report, "zip.readable");
}
