//! How long the console's first page takes until its first byte, while the nodes are at work.

use super::network::Network;
use crate::failure::{Failure, Result};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
};

/// Between two requests, as somebody who clicks fast.
const PAUSE: Duration = Duration::from_millis(50);
/// Enough to know that it is a page.
const OK: &[u8] = b"HTTP/1.1 200";

/// Milliseconds from the connection's start to the page's first bytes.
#[derive(Debug, Default)]
pub struct Pages {
    sorted_ms: Vec<f64>,
}

impl Pages {
    /// Asks one node for its first page again and again while a load runs.
    pub async fn during<T>(
        network: &Network,
        load: impl Future<Output = Result<T>>,
    ) -> Result<(T, Self)> {
        let (done, stop) = watch::channel(false);
        let load = async {
            let outcome = load.await;
            done.send_replace(true);
            outcome
        };
        futures::future::try_join(load, Self::ask(network, stop)).await
    }

    async fn ask(network: &Network, mut stop: watch::Receiver<bool>) -> Result<Self> {
        let base = network.nodes.first().map(|(_, client)| client.base());
        let address = base.and_then(|base| base.strip_prefix("http://"));
        let address = address.ok_or_else(|| Failure::new("bench.network", "there is no node"))?;
        let mut sorted_ms = Vec::new();
        while !*stop.borrow() {
            let taken = first_byte(address.trim_end_matches('/'))
                .await
                .map_err(|error| Failure::of("bench.page", &error))?;
            sorted_ms.push(taken.as_secs_f64() * 1_000.0);
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                _ = stop.changed() => {}
            }
        }
        sorted_ms.sort_by(f64::total_cmp);
        Ok(Self { sorted_ms })
    }

    /// What this part of the pages did not exceed; 0 when none was asked for.
    pub fn percentile_ms(&self, part: f64) -> f64 {
        let rank = (self.sorted_ms.len() as f64 * part).ceil() as usize;
        let index = rank.saturating_sub(1);
        self.sorted_ms.get(index).copied().unwrap_or(0.0)
    }
}

async fn first_byte(address: &str) -> std::io::Result<Duration> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut first = [0; OK.len()];
    stream.read_exact(&mut first).await?;
    let taken = begun.elapsed();
    if first != OK {
        let what = String::from_utf8_lossy(&first).into_owned();
        return Err(std::io::Error::other(format!(
            "the page was answered with {what}"
        )));
    }
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await?;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_of_a_part_counts() {
        let pages = Pages {
            sorted_ms: vec![1.0, 2.0, 3.0, 4.0],
        };
        assert!((pages.percentile_ms(0.5) - 2.0).abs() < f64::EPSILON);
        assert!((pages.percentile_ms(0.99) - 4.0).abs() < f64::EPSILON);
        assert!(Pages::default().percentile_ms(0.5).abs() < f64::EPSILON);
    }
}
