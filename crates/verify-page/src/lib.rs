//! The verifier as a WASM module with four plain exports: what page/worker.js calls, and nothing else.
//!
//! The page writes a request as JSON into `input`, calls `verify`, and reads
//! the report as JSON. The package stays with the browser: the module asks for pieces of it.

#[cfg(target_family = "wasm")]
pub mod exports;
#[cfg(target_family = "wasm")]
mod request;
