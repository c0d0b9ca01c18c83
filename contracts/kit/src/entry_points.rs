//! The functions by which a contract compiled to WASM is called.

#[doc(hidden)]
#[cfg(target_arch = "wasm32")]
pub use cosmwasm_std::{do_execute, do_instantiate, do_query};

/// Exports the `instantiate`, `execute` and `query` beside the call under the names that CosmWasm
/// hosts call. Only in a module for `wasm32`: contracts linked into one program export nothing, so
/// their names do not clash. `allocate`, `deallocate` and `interface_version_8` are cosmwasm-std's.
#[macro_export]
macro_rules! entry_points {
    () => {
        #[cfg(target_arch = "wasm32")]
        mod entry_points {
            use $crate::entry_points::{do_execute, do_instantiate, do_query};

            #[unsafe(no_mangle)]
            extern "C" fn instantiate(env: u32, info: u32, message: u32) -> u32 {
                do_instantiate(&super::instantiate, env, info, message)
            }

            #[unsafe(no_mangle)]
            extern "C" fn execute(env: u32, info: u32, message: u32) -> u32 {
                do_execute(&super::execute, env, info, message)
            }

            #[unsafe(no_mangle)]
            extern "C" fn query(env: u32, message: u32) -> u32 {
                do_query(&super::query, env, message)
            }
        }
    };
}
