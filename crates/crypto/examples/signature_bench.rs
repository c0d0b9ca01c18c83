//! Prints what signing and checking cost here, in microseconds of CPU time of one thread.
//!
//! `cargo run --release -p blockworm-crypto --example signature_bench [signatures]`

#![allow(clippy::print_stdout)]

use blockworm_crypto::{
    Algorithm, Digest, KeyCache, Namespace, PublicKey, SecretKey, Signature, SignedDigest, sha256,
};
use std::time::{Duration, Instant};

const BATCHES: [usize; 5] = [16, 64, 256, 1024, 2048];

struct Load {
    namespace: Namespace,
    keys: Vec<SecretKey>,
    publics: Vec<PublicKey>,
    digests: Vec<Digest>,
    signatures: Vec<Signature>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: usize = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => 8192,
    };
    println!("case                                        us per signature");
    let distinct = Load::ed25519(count, count);
    let few = Load::ed25519(count, 64);
    let hot = Load::ed25519(count, 1);
    print_us("sign, ed25519", count, || {
        for digest in &distinct.digests {
            std::hint::black_box(distinct.keys[0].sign(&distinct.namespace, digest));
        }
    });
    print_us("one by one, ed25519", count, || {
        for index in 0..count {
            let item = distinct.item(index);
            assert!(
                item.key
                    .verify(item.namespace, item.digest, item.signature)
                    .is_ok()
            );
        }
    });
    for batch in BATCHES {
        print_batches(
            &format!("batches of {batch}, fresh keys"),
            batch,
            &distinct,
            None,
        );
    }
    for (name, load) in [
        ("cached keys", &distinct),
        ("64 cached keys", &few),
        ("one hot key", &hot),
    ] {
        let cache = KeyCache::new(2 * count);
        for batch in BATCHES {
            print_batches(
                &format!("batches of {batch}, {name}"),
                batch,
                load,
                Some(&cache),
            );
        }
    }
    print_bad(&distinct);
    print_p256()?;
    Ok(())
}

fn print_batches(name: &str, batch: usize, load: &Load, cache: Option<&KeyCache>) {
    let items: Vec<_> = (0..load.digests.len())
        .map(|index| load.item(index))
        .collect();
    let run = |cache: &KeyCache| {
        for chunk in items.chunks(batch) {
            assert!(cache.verify_batch(chunk).is_ok());
        }
    };
    match cache {
        Some(cache) => {
            run(cache);
            print_us(name, items.len(), || run(cache));
        }
        None => print_us(name, items.len(), || run(&KeyCache::new(2 * items.len()))),
    }
}

/// What a flood of wrong signatures costs, and one wrong signature in a batch.
fn print_bad(load: &Load) {
    let cache = KeyCache::new(2 * load.digests.len());
    let count = load.digests.len();
    let shifted = |index: usize| SignedDigest {
        digest: &load.digests[(index + 1) % count],
        ..load.item(index)
    };
    let good: Vec<_> = (0..count).map(|index| load.item(index)).collect();
    assert!(cache.verify_batch(&good).is_ok());
    let bad: Vec<_> = (0..count).map(shifted).collect();
    print_us("batches of 256, all wrong", count, || {
        for chunk in bad.chunks(256) {
            assert_eq!(
                cache.verify_batch(chunk).map_err(|failed| failed.len()),
                Err(chunk.len())
            );
        }
    });
    let mut one_bad = good;
    for index in (100..count).step_by(256) {
        one_bad[index] = shifted(index);
    }
    print_us("batches of 256, one wrong in each", count, || {
        for chunk in one_bad.chunks(256) {
            assert!(cache.verify_batch(chunk).is_err());
        }
    });
}

fn print_p256() -> Result<(), Box<dyn std::error::Error>> {
    let key = SecretKey::generate(Algorithm::P256)?;
    let namespace = Namespace::from_static("blockworm/bench");
    let digests: Vec<_> = (0..1024u32).map(|i| sha256(&[&i.to_be_bytes()])).collect();
    let signatures: Vec<_> = digests
        .iter()
        .map(|digest| key.sign(&namespace, digest))
        .collect();
    print_us("sign, p256", digests.len(), || {
        for digest in &digests {
            std::hint::black_box(key.sign(&namespace, digest));
        }
    });
    let public = key.public_key();
    print_us("one by one, p256", digests.len(), || {
        for (digest, signature) in digests.iter().zip(&signatures) {
            assert!(public.verify(&namespace, digest, signature).is_ok());
        }
    });
    Ok(())
}

impl Load {
    fn ed25519(count: usize, keys: usize) -> Self {
        let namespace = Namespace::new("00112233445566778899aabbccddeeff", "transaction");
        let keys: Vec<_> = (0..keys as u64)
            .map(|index| SecretKey::from_ed25519_seed(sha256(&[&index.to_be_bytes()]).0))
            .collect();
        let digests: Vec<_> = (0..count as u64)
            .map(|index| sha256(&[b"bench", &index.to_be_bytes()]))
            .collect();
        let signatures = digests
            .iter()
            .enumerate()
            .map(|(index, digest)| keys[index % keys.len()].sign(&namespace, digest))
            .collect();
        let publics = keys.iter().map(SecretKey::public_key).collect();
        Self {
            namespace,
            keys,
            publics,
            digests,
            signatures,
        }
    }

    fn item(&self, index: usize) -> SignedDigest<'_> {
        SignedDigest {
            key: &self.publics[index % self.publics.len()],
            namespace: &self.namespace,
            digest: &self.digests[index],
            signature: &self.signatures[index],
        }
    }
}

/// Repeats a run until the kernel's clock of CPU time, which ticks every few milliseconds, can tell.
fn print_us(name: &str, count: usize, mut run: impl FnMut()) {
    const ENOUGH: Duration = Duration::from_millis(400);
    let (wall, cpu) = (Instant::now(), thread_cpu());
    let elapsed = || match (cpu, thread_cpu()) {
        (Some(before), Some(now)) => now.saturating_sub(before),
        _ => wall.elapsed(),
    };
    let mut runs = 0;
    while elapsed() < ENOUGH {
        run();
        runs += count;
    }
    println!(
        "{name:<40} {:>10.2}",
        elapsed().as_secs_f64() * 1e6 / runs as f64
    );
}

/// CPU time of this thread, where the kernel tells it.
fn thread_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ')
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}
