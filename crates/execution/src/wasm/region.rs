//! Bytes in a module's memory, as cosmwasm-std lays them out: a Region of offset, capacity and length.

use super::{fault::Fault, host::Host};
use wasmi::{AsContext, AsContextMut, Error};

/// Three little-endian u32.
const REGION_BYTES: usize = 12;

/// Where a Region says that its bytes are.
struct Region {
    offset: usize,
    capacity: usize,
    length: usize,
}

fn find(memory: &[u8], at: u32) -> Result<Region, Fault> {
    let outside = Fault::Region("a pointer of the contract leads out of its memory");
    let at = at as usize;
    let raw = memory.get(at..at + REGION_BYTES).ok_or(outside)?;
    let word = |place: usize| {
        let bytes = raw[place..place + 4].try_into().expect("four bytes");
        u32::from_le_bytes(bytes) as usize
    };
    let (offset, capacity, length) = (word(0), word(4), word(8));
    if offset == 0 || length > capacity {
        let what = "a Region of the contract begins nowhere or is longer than its room";
        return Err(Fault::Region(what));
    }
    memory.get(offset..offset + capacity).ok_or(outside)?;
    Ok(Region {
        offset,
        capacity,
        length,
    })
}

/// How many bytes the Region at `at` holds.
pub(super) fn length<'a>(
    context: impl AsContext<Data = Host<'a>>,
    at: u32,
) -> Result<usize, Error> {
    let context = context.as_context();
    let memory = context.data().memory()?;
    Ok(find(memory.data(context), at)?.length)
}

/// The bytes of the Region at `at`, at most `most`.
pub(super) fn read<'a>(
    context: impl AsContext<Data = Host<'a>>,
    at: u32,
    most: usize,
) -> Result<Vec<u8>, Error> {
    let context = context.as_context();
    let memory = context.data().memory()?.data(context);
    let region = find(memory, at)?;
    if region.length > most {
        let what = "the contract hands the host more bytes than it takes";
        return Err(Fault::Region(what).into());
    }
    Ok(memory[region.offset..region.offset + region.length].to_vec())
}

/// Writes into the room of the Region at `at`; false when it is too small.
pub(super) fn write<'a>(
    mut context: impl AsContextMut<Data = Host<'a>>,
    at: u32,
    bytes: &[u8],
) -> Result<bool, Error> {
    let mut context = context.as_context_mut();
    let memory = context.data().memory()?.data_mut(&mut context);
    let region = find(memory, at)?;
    if region.capacity < bytes.len() {
        return Ok(false);
    }
    memory[region.offset..region.offset + bytes.len()].copy_from_slice(bytes);
    let length = u32::try_from(bytes.len()).expect("within a u32 capacity");
    let place = at as usize + 8;
    memory[place..place + 4].copy_from_slice(&length.to_le_bytes());
    Ok(true)
}

/// Hands bytes to the module in a Region that it allocates; its place.
pub(super) fn give<'a>(
    mut context: impl AsContextMut<Data = Host<'a>>,
    bytes: &[u8],
) -> Result<u32, Error> {
    let mut context = context.as_context_mut();
    let allocate = context.data().allocate()?;
    let length = u32::try_from(bytes.len())
        .map_err(|_| Fault::Region("the host's answer does not fit into the contract's memory"))?;
    context.data_mut().allocating = true;
    let at = allocate.call(&mut context, length)?;
    context.data_mut().allocating = false;
    if write(&mut context, at, bytes)? {
        return Ok(at);
    }
    Err(Fault::Region("the contract allocated less than it was asked for").into())
}
