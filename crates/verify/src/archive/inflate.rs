//! Unpacking one entry in pieces, never beyond what it declares.

use super::crc::Crc;
use crate::source::Source;
use miniz_oxide::{
    DataFormat, MZFlush, MZStatus,
    inflate::stream::{InflateState, inflate},
};

const PIECE_BYTES: usize = 64 << 10;

/// What a zip file declares of an entry's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// Whether they are deflated; else they are stored as they are.
    pub deflated: bool,
    /// Bytes in the archive.
    pub packed: u64,
    /// Bytes unpacked.
    pub size: u64,
    /// CRC-32 of the bytes unpacked.
    pub crc: u32,
}

/// Unpacks an entry's bytes; they must be what is declared, and no more is ever held.
///
/// # Errors
/// In words: damaged, or other than declared.
pub fn unpack(packed: &[u8], packing: Packing) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    stream(&packed, 0, packing, &mut |piece| {
        unpacked.extend_from_slice(piece);
    })?;
    Ok(unpacked)
}

pub(super) fn stream(
    source: &dyn Source,
    at: u64,
    packing: Packing,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), String> {
    let mut out = Out {
        left: packing.size,
        crc: Crc::new(),
        sink,
    };
    let place = (at, packing.packed);
    if packing.deflated {
        inflate_all(source, place, &mut out)?;
    } else {
        pieces(source, place, &mut |piece| out.take(piece))?;
    }
    if out.left != 0 {
        return Err(format!(
            "it unpacks to {} bytes, its header declares {}",
            packing.size - out.left,
            packing.size
        ));
    }
    if out.crc.value() != packing.crc {
        return Err("its CRC-32 is not what its header declares".into());
    }
    Ok(())
}

struct Out<'a> {
    left: u64,
    crc: Crc,
    sink: &'a mut dyn FnMut(&[u8]),
}

impl Out<'_> {
    fn take(&mut self, piece: &[u8]) -> Result<(), String> {
        self.left = self
            .left
            .checked_sub(piece.len() as u64)
            .ok_or("it unpacks to more bytes than its header declares")?;
        self.crc.update(piece);
        (self.sink)(piece);
        Ok(())
    }
}

fn pieces(
    source: &dyn Source,
    (mut at, mut left): (u64, u64),
    take: &mut dyn FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let mut buffer = vec![0; PIECE_BYTES];
    while left > 0 {
        let length = usize::try_from(left)
            .unwrap_or(PIECE_BYTES)
            .min(PIECE_BYTES);
        source.read_at(at, &mut buffer[..length])?;
        take(&buffer[..length])?;
        at += length as u64;
        left -= length as u64;
    }
    Ok(())
}

fn inflate_all(source: &dyn Source, place: (u64, u64), out: &mut Out<'_>) -> Result<(), String> {
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    let mut buffer = vec![0; PIECE_BYTES];
    let mut ended = false;
    pieces(source, place, &mut |mut packed| {
        while !packed.is_empty() {
            if ended {
                return Err("bytes follow the end of its deflate stream".into());
            }
            let result = inflate(&mut state, packed, &mut buffer, MZFlush::None);
            packed = &packed[result.bytes_consumed..];
            out.take(&buffer[..result.bytes_written])?;
            match result.status {
                Ok(MZStatus::StreamEnd) => ended = true,
                Ok(_) if result.bytes_consumed + result.bytes_written > 0 => {}
                _ => return Err("its deflate stream is damaged".into()),
            }
        }
        Ok(())
    })?;
    // What the decoder still holds back.
    while !ended {
        let result = inflate(&mut state, &[], &mut buffer, MZFlush::None);
        out.take(&buffer[..result.bytes_written])?;
        match result.status {
            Ok(MZStatus::StreamEnd) => ended = true,
            Ok(_) if result.bytes_written > 0 => {}
            _ => return Err("its deflate stream is cut short".into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Packing, unpack};
    use crate::archive::crc32;
    use miniz_oxide::deflate::compress_to_vec;

    #[test]
    fn bytes_in_memory_unpack_to_what_is_declared_alone() {
        let plain: Vec<u8> = (0..300_000_u32).map(|at| (at / 7 % 251) as u8).collect();
        let packed = compress_to_vec(&plain, 6);
        let packing = Packing {
            deflated: true,
            packed: packed.len() as u64,
            size: plain.len() as u64,
            crc: crc32(&plain),
        };
        assert_eq!(unpack(&packed, packing).unwrap(), plain);
        let stored = Packing {
            deflated: false,
            packed: packing.size,
            ..packing
        };
        assert_eq!(unpack(&plain, stored).unwrap(), plain);
        for wrong in [
            Packing {
                size: packing.size - 1,
                ..packing
            },
            Packing {
                size: packing.size + 1,
                ..packing
            },
            Packing {
                crc: !packing.crc,
                ..packing
            },
            Packing {
                packed: packing.packed - 1,
                ..packing
            },
            Packing {
                packed: packing.packed + 1,
                ..packing
            },
            Packing {
                deflated: false,
                ..packing
            },
        ] {
            unpack(&packed, wrong).unwrap_err();
        }
        // Bytes behind the end of the deflate stream belong to nothing.
        let longer = [&packed[..], b"more"].concat();
        let packed = longer.len() as u64;
        unpack(&longer, Packing { packed, ..packing }).unwrap_err();
    }
}
