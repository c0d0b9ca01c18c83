//! Asking a person at the terminal for a secret, without showing it.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
};
use zeroize::Zeroizing;

/// Longest line that is read.
const LONGEST: u64 = 1024;

/// The terminal with its echo off; it comes back on with the end of this value.
struct Silent<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Silent<'a> {
    fn begin(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}

/// Asks for a new secret twice; both must agree.
pub fn new_secret(what: &str) -> io::Result<Zeroizing<String>> {
    let first = secret(what)?;
    let again = secret(&format!("{what} again"))?;
    if first == again {
        return Ok(first);
    }
    Err(io::Error::other("the two differ"))
}

/// Asks at the terminal of this process, wherever its input and output go.
fn secret(what: &str) -> io::Result<Zeroizing<String>> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    write!(terminal, "{what}: ")?;
    let mut line = Zeroizing::new(String::new());
    {
        let _silent = Silent::begin(&terminal)?;
        BufReader::new((&terminal).take(LONGEST)).read_line(&mut line)?;
    }
    writeln!(terminal)?;
    Ok(Zeroizing::new(
        line.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}
