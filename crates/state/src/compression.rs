//! Compact rows for side columns: lz4 with the length in front, bounded when read back.

/// Why bytes do not decompress.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CompressionError {
    /// Fewer than four bytes, so no length.
    #[error("a compressed row has at least four bytes")]
    LengthMissing,
    /// More bytes would come out than the caller allows.
    #[error("a compressed row would become {length} bytes, at most {limit} are allowed")]
    TooLong {
        /// What the row claims.
        length: usize,
        /// What the caller allows.
        limit: usize,
    },
    /// The bytes are not lz4 of the claimed length.
    #[error("a compressed row is damaged")]
    Damaged,
}

/// Compresses a row: u32 little-endian length of `plain`, then one lz4 block.
#[must_use]
pub fn compress(plain: &[u8]) -> Vec<u8> {
    lz4_flex::compress_prepend_size(plain)
}

/// Undoes [`compress`]; at most `limit` bytes come out.
///
/// # Errors
/// When `packed` is damaged or claims more than `limit` bytes.
pub fn decompress(packed: &[u8], limit: usize) -> Result<Vec<u8>, CompressionError> {
    let (length, body) = packed
        .split_first_chunk::<4>()
        .ok_or(CompressionError::LengthMissing)?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > limit {
        return Err(CompressionError::TooLong { length, limit });
    }
    let plain = lz4_flex::decompress(body, length).map_err(|_| CompressionError::Damaged)?;
    if plain.len() == length {
        Ok(plain)
    } else {
        Err(CompressionError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::{CompressionError, compress, decompress};
    use proptest::prelude::*;

    #[test]
    fn a_claim_beyond_the_limit_is_refused_before_any_memory_is_taken() {
        let bomb = [0xff, 0xff, 0xff, 0xff, 0];
        assert_eq!(
            decompress(&bomb, 1 << 20),
            Err(CompressionError::TooLong {
                length: u32::MAX as usize,
                limit: 1 << 20
            })
        );
    }

    #[test]
    fn repeated_content_becomes_smaller() {
        let plain = b"receipt ".repeat(100);
        assert!(compress(&plain).len() < plain.len() / 4);
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(plain in proptest::collection::vec(any::<u8>(), 0..4_096)) {
            prop_assert_eq!(decompress(&compress(&plain), 4_096), Ok(plain));
        }

        #[test]
        fn no_bytes_make_it_panic(packed in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = decompress(&packed, 4_096);
        }
    }
}
