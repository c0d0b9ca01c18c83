//! How every test says that this machine has not what it needs: to people, and to the list that scripts/test shows.

use std::{fs::OpenOptions, io::Write as _, thread};

/// Lists the running test as NOT RUN; a test that calls this must not go on as if it had passed.
pub fn not_run(why: &str) {
    let thread = thread::current();
    let line = format!("{}: {why}\n", thread.name().unwrap_or("a test"));
    eprint!("NOT RUN {line}");
    if let Some(list) = std::env::var_os("BLOCKWORM_NOT_RUN") {
        let opened = OpenOptions::new().append(true).create(true).open(&list);
        // One write, so that tests side by side do not mix their lines.
        opened
            .and_then(|mut list| list.write_all(line.as_bytes()))
            .unwrap_or_else(|error| panic!("{}: {error}", list.display()));
    }
}
