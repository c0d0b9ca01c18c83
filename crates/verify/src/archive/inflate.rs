//! Unpacking one entry in pieces, never beyond what it declares.

use super::Entry;
use crate::source::Source;
use miniz_oxide::{
    DataFormat, MZFlush, MZStatus,
    inflate::stream::{InflateState, inflate},
};

const PIECE_BYTES: usize = 64 << 10;

pub(super) fn stream(
    source: &dyn Source,
    entry: &Entry,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), String> {
    let mut out = Out {
        left: entry.size,
        crc: Crc::new(),
        sink,
    };
    if entry.deflated {
        inflate_all(source, entry, &mut out)?;
    } else {
        pieces(source, entry, &mut |piece| out.take(piece))?;
    }
    if out.left != 0 {
        return Err(format!(
            "it unpacks to {} bytes, its header declares {}",
            entry.size - out.left,
            entry.size
        ));
    }
    if out.crc.value() != entry.crc {
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
    entry: &Entry,
    take: &mut dyn FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let mut buffer = vec![0; PIECE_BYTES];
    let (mut at, mut left) = (entry.data_offset(), entry.packed);
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

fn inflate_all(source: &dyn Source, entry: &Entry, out: &mut Out<'_>) -> Result<(), String> {
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    let mut buffer = vec![0; PIECE_BYTES];
    let mut ended = false;
    pieces(source, entry, &mut |mut packed| {
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

/// CRC-32 as zip has it (ISO 3309), a table of sixteen entries.
struct Crc(u32);

const NIBBLES: [u32; 16] = {
    let mut table = [0; 16];
    let mut index = 0;
    while index < 16 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 4 {
            value = if value & 1 == 1 {
                value >> 1 ^ 0xedb8_8320
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

impl Crc {
    const fn new() -> Self {
        Self(u32::MAX)
    }

    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 ^= u32::from(*byte);
            self.0 = self.0 >> 4 ^ NIBBLES[(self.0 & 15) as usize];
            self.0 = self.0 >> 4 ^ NIBBLES[(self.0 & 15) as usize];
        }
    }

    const fn value(&self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Crc;

    #[test]
    fn the_crc_is_that_of_zip() {
        let mut crc = Crc::new();
        crc.update(b"123456789");
        assert_eq!(crc.value(), 0xcbf4_3926);
    }
}
