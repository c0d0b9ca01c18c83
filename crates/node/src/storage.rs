//! Sizes of the engine's files and buffers on disk; fixed for the life of a ledger's data.

use blockworm_ledger::LedgerId;
use commonware_runtime::buffer::paged::CacheRef;
use commonware_storage::archive::immutable;
use commonware_utils::{NZU16, NZU64, NZUsize};
use std::num::NonZeroUsize;

/// Bytes read ahead when a journal is replayed at start.
pub const REPLAY_BUFFER: NonZeroUsize = NZUsize!(1 << 20);
/// Bytes gathered before a journal of small entries is written.
pub const KEY_BUFFER: NonZeroUsize = NZUsize!(256 << 10);
/// Bytes gathered before a journal of blocks is written.
pub const VALUE_BUFFER: NonZeroUsize = NZUsize!(2 << 20);

/// The cache for pages of the engine's small files: 4 MiB a ledger.
#[must_use]
pub fn page_cache() -> CacheRef {
    CacheRef::new(NZU16!(4_096), NZUsize!(1_024))
}

/// The prefix of a ledger's partitions; the engine takes only letters, digits, `-` and `_`.
#[must_use]
pub fn blocks_prefix(ledger: &LedgerId) -> String {
    format!("{ledger}-blocks")
}

/// The partition of an epoch's votes. It must never be restored from a backup: a validator that
/// forgot a vote might contradict it.
#[must_use]
pub fn votes_partition(ledger: &LedgerId, epoch: u64) -> String {
    format!("{ledger}-votes-{epoch}")
}

/// The partition of what an epoch's others voted, while this node's key does not vote in it. A new key
/// may begin in an epoch in which the one before it voted, whose votes are not its own.
#[must_use]
pub fn watched_partition(ledger: &LedgerId, epoch: u64) -> String {
    format!("{ledger}-watched-{epoch}")
}

/// The partition of the record kept beside the votes: it stays and goes with them.
#[must_use]
pub fn ballots_partition(ledger: &LedgerId) -> String {
    format!("{ledger}-votes-record")
}

/// Where final blocks or their certificates are kept for ever.
pub fn archive<C>(
    prefix: &str,
    what: &str,
    compression: Option<u8>,
    page_cache: CacheRef,
    codec_config: C,
) -> immutable::Config<C> {
    let partition = |part: &str| format!("{prefix}-{what}-{part}");
    immutable::Config {
        metadata_partition: partition("meta"),
        freezer_table_partition: partition("table"),
        freezer_table_initial_size: 1_024,
        freezer_table_resize_frequency: 4,
        freezer_table_resize_chunk_size: 1_024,
        freezer_key_partition: partition("key"),
        freezer_key_page_cache: page_cache,
        freezer_value_partition: partition("value"),
        freezer_value_target_size: 256 << 20,
        freezer_value_compression: compression,
        ordinal_partition: partition("ordinal"),
        items_per_section: NZU64!(65_536),
        codec_config,
        replay_buffer: REPLAY_BUFFER,
        freezer_key_write_buffer: KEY_BUFFER,
        freezer_value_write_buffer: VALUE_BUFFER,
        ordinal_write_buffer: KEY_BUFFER,
    }
}
