//! Memory that the page fills and reads, and the one call that verifies.

use crate::request;
use blockworm_verify::Source;
use std::sync::Mutex;

static INPUT: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static OUTPUT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

#[allow(
    unsafe_code,
    reason = "what comes from outside the module is declared in no other way; the function is safe to call"
)]
mod outside {
    #[link(wasm_import_module = "page")]
    unsafe extern "C" {
        /// Fills `size` bytes at `buffer` from `offset` of the package; 0 when it could.
        pub safe fn read(offset: f64, buffer: *mut u8, size: usize) -> i32;
    }
}

/// The package, of which the page hands over the pieces that are asked for.
pub(crate) struct PageSource {
    pub(crate) size: u64,
}

impl Source for PageSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), String> {
        let end = offset.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.size) {
            return Err("beyond the end".into());
        }
        // Exact: files of a browser are smaller than 2^53 bytes.
        #[allow(clippy::cast_precision_loss)]
        match outside::read(offset as f64, buffer.as_mut_ptr(), buffer.len()) {
            0 => Ok(()),
            _ => Err("the browser cannot read the file".into()),
        }
    }
}

fn lock(memory: &Mutex<Vec<u8>>) -> std::sync::MutexGuard<'_, Vec<u8>> {
    memory
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Room for a request of this size; the page writes it there.
#[allow(unsafe_code, reason = "exported under its own name")]
#[unsafe(no_mangle)]
pub extern "C" fn input(size: usize) -> *mut u8 {
    let mut input = lock(&INPUT);
    input.clear();
    input.resize(size, 0);
    input.as_mut_ptr()
}

/// Answers the request; the bytes of the answer.
#[allow(unsafe_code, reason = "exported under its own name")]
#[unsafe(no_mangle)]
pub extern "C" fn verify() -> usize {
    let answer = request::answer(&lock(&INPUT));
    let mut output = lock(&OUTPUT);
    *output = answer;
    output.len()
}

/// Where the answer stands.
#[allow(unsafe_code, reason = "exported under its own name")]
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    lock(&OUTPUT).as_ptr()
}
