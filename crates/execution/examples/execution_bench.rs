//! Prints what executing one `money.transfer` costs: decoding, checks, storage through the host,
//! receipt, events and the receipts root, on a state in memory; signatures and the state root are
//! not in it. `cargo run --release -p blockworm-execution --example execution_bench [MEMBERS]`

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

#[path = "../tests/support/mod.rs"]
mod support;

use blockworm_ledger::Transaction;
use serde_json::json;
use std::time::Duration;
use support::{Chain, found, mint, pay};

const BLOCKS: usize = 20;
const BLOCK_TRANSACTIONS: usize = 4_000;

fn main() {
    let members = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(2_000);
    let mut chain = Chain::start(found());
    let names = register(&mut chain, members);
    report("register", members, register_time(&names));
    let ids: Vec<&str> = names.ids.iter().map(String::as_str).collect();
    bench(&mut chain, "transfer between distinct accounts", |n| {
        (ids[n % ids.len()], ids[(n * 7 + 1) % ids.len()])
    });
    bench(&mut chain, "transfer to one hot account", |n| {
        (ids[1 + n % (ids.len() - 1)], ids[0])
    });
    bench(&mut chain, "transfer from one hot account", |n| {
        (ids[0], ids[1 + n % (ids.len() - 1)])
    });
}

struct Registered {
    ids: Vec<String>,
    time: Duration,
}

fn register_time(registered: &Registered) -> Duration {
    registered.time
}

fn register(chain: &mut Chain, members: usize) -> Registered {
    let ids: Vec<String> = (0..members).map(|n| format!("bank/account-{n}")).collect();
    let mut time = Duration::ZERO;
    for names in ids.chunks(32) {
        let new: Vec<_> = names
            .iter()
            .map(|id| chain.new_member("bank", id.trim_start_matches("bank/"), &["maker"]))
            .collect();
        let message = json!({"register_many": {"members": new}});
        let transaction = Chain::sign(chain.body("bank/admin", "members", &message));
        let started = cpu_time();
        assert_eq!(chain.commit(&[transaction])[0].code, "ok");
        time += cpu_time() - started;
    }
    for names in ids.chunks(4_000) {
        let mints: Vec<Transaction> = names
            .iter()
            .map(|id| Chain::sign(chain.body("bank/maker", "money", &mint(id, 1_000_000_000))))
            .collect();
        assert!(
            chain
                .commit(&mints)
                .iter()
                .all(|receipt| receipt.code == "ok")
        );
    }
    Registered { ids, time }
}

fn bench<'a>(chain: &mut Chain, what: &str, parties: impl Fn(usize) -> (&'a str, &'a str)) {
    let mut total = Duration::ZERO;
    let mut cost = 0;
    for block in 0..BLOCKS {
        let transactions: Vec<Transaction> = (0..BLOCK_TRANSACTIONS)
            .map(|n| {
                let (from, to) = parties(block * BLOCK_TRANSACTIONS + n);
                Chain::sign(chain.body(from, "money", &pay(to, 1)))
            })
            .collect();
        let block = chain.block(&transactions);
        let started = cpu_time();
        let outcome = chain.executor.execute_block(&block).unwrap().unwrap();
        total += cpu_time() - started;
        assert!(outcome.receipts.iter().all(|receipt| receipt.code == "ok"));
        cost = outcome.receipts[0].cost;
        chain.state.commit(outcome.height, outcome.rows).unwrap();
    }
    report(what, BLOCKS * BLOCK_TRANSACTIONS, total);
    println!("{:44} {cost} units of work", "");
}

/// Time that this thread spent on a processor: other work on the machine does not count.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

fn report(what: &str, count: usize, time: Duration) {
    println!(
        "{what:44} {:8.2} CPU us each",
        time.as_secs_f64() * 1e6 / count as f64
    );
}
