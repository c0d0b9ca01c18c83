//! Free ports on this machine.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

/// Free loopback addresses below the range that the system hands to outgoing connections, so that
/// a restarted node finds its port still free.
pub(crate) fn free_addresses(count: usize) -> io::Result<Vec<SocketAddr>> {
    const LOWEST: u16 = 15_000;
    const RANGE: u16 = 16_000;
    const ATTEMPTS: usize = 2_000;
    // All are held until the last is found, so that none is handed out twice.
    let mut held: Vec<TcpListener> = Vec::with_capacity(count);
    let mut last_error = io::Error::other("no attempt was made");
    for _ in 0..ATTEMPTS {
        if held.len() == count {
            break;
        }
        let mut random = [0u8; 2];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let port = LOWEST + u16::from_le_bytes(random) % RANGE;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => held.push(listener),
            Err(error) => last_error = error,
        }
    }
    if held.len() < count {
        return Err(last_error);
    }
    held.iter().map(TcpListener::local_addr).collect()
}
