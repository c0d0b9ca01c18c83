//! What every business contract shares: who calls, what the consortium voted, currencies, civil dates and the way money arrives.
//!
//! A contract refuses with an error whose text is `<area>.<snake_case>: <sentence>`; the host splits
//! it into the receipt's stable code and its message.

#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]

pub mod assets;
pub mod block;
pub mod calendar;
pub mod caller;
pub mod claims;
pub mod currency;
pub mod date;
pub mod entry_points;
pub mod policy;
pub mod query;
pub mod receive;
#[cfg(feature = "testing")]
pub mod testing;

pub use block::{is_digest, time_ms};
pub use caller::{Caller, CallerError};
pub use currency::Currency;
pub use date::CivilDate;
pub use query::{CalendarYear, ForeignValue, KitQuery, MemberView, find_member, foreign_value};
pub use receive::ReceiveMsg;
