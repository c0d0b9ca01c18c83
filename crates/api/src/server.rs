//! The server: where it listens, how many connections it holds, and how it stops.

use crate::{app::App, router};
use axum::Router;
use blockworm_node::NodeHandle;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};

/// Bounds on memory and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most connections at once; further ones wait in the system's queue.
    pub connections: usize,
    /// Most event streams at once.
    pub event_streams: usize,
    /// Most bytes of one batch.
    pub batch_bytes: usize,
    /// Most transactions in one batch.
    pub batch_transactions: usize,
    /// Most bytes of all batches in memory at once.
    pub batches_bytes: usize,
    /// Most bytes of a query to a contract.
    pub query_bytes: usize,
    /// How long a body may take to arrive.
    pub body: Duration,
    /// How long a request's head may take to arrive, and a connection may stay idle.
    pub head: Duration,
    /// Longest wait for a receipt.
    pub wait: Duration,
    /// Longest time to an answer, waiting included.
    pub request: Duration,
    /// How long open requests may go on after the server was told to stop.
    pub stop: Duration,
    /// How often an idle event stream shows that it is alive.
    pub keep_alive: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            event_streams: 128,
            batch_bytes: 8 << 20,
            batch_transactions: 8_192,
            batches_bytes: 64 << 20,
            query_bytes: 64 << 10,
            body: Duration::from_secs(15),
            head: Duration::from_secs(30),
            wait: Duration::from_secs(60),
            request: Duration::from_secs(90),
            stop: Duration::from_secs(5),
            keep_alive: Duration::from_secs(15),
        }
    }
}

/// Where and within which bounds to serve.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// A loopback address; port 0 takes a free one.
    pub address: SocketAddr,
    /// Bounds on memory and time.
    pub limits: Limits,
}

impl ServerConfig {
    /// The default bounds at `address`.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            limits: Limits::default(),
        }
    }
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Reading needs authority, and there is none yet beyond this machine.
    #[error(
        "the API refuses to listen on {address}: it has no authentication yet and serves loopback only; \
         use 127.0.0.1 or [::1], and SSH port forwarding to reach it from elsewhere"
    )]
    NotLoopback {
        /// The refused address.
        address: SocketAddr,
    },
    /// The system refused the address.
    #[error("cannot listen on {address}: {source}; stop the other process or choose another port")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A server that listens and is ready to run.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    config: ServerConfig,
    node: NodeHandle,
    pages: Router,
    stopping: watch::Sender<bool>,
}

impl Server {
    /// Listens at the configured address; requests wait until [`Server::run`].
    pub async fn bind(config: ServerConfig, node: NodeHandle) -> Result<Self, ServerError> {
        let address = config.address;
        if !address.ip().is_loopback() {
            return Err(ServerError::NotLoopback { address });
        }
        let refused = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self {
            listener,
            address,
            config,
            node,
            pages: Router::new(),
            stopping: watch::Sender::new(false),
        })
    }

    /// Serves pages for people beside the API, behind the same guards. Their own error answers
    /// reach the reader as they are when they are HTML; all below the API's paths stay problems.
    #[must_use]
    pub fn with_pages(mut self, pages: Router) -> Self {
        self.pages = pages;
        self
    }

    /// Turns true when the server stops: what streams must end then.
    #[must_use]
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Where it listens, with the port that was taken.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` resolves; then takes no new connections, ends event streams and gives
    /// open requests `limits.stop` to finish.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let stopping = self.stopping;
        let limits = self.config.limits.clone();
        let app = App::new(
            self.node,
            self.address,
            limits.clone(),
            stopping.subscribe(),
        );
        let service = router::router(app, self.pages);
        let places = Arc::new(Semaphore::new(limits.connections));
        let graceful = GracefulShutdown::new();
        let mut stop = pin!(stop);
        loop {
            // The place is taken before the connection, so that the system's queue is the bound.
            let accepted = async {
                let place = places.clone().acquire_owned().await;
                (place, self.listener.accept().await)
            };
            let (place, stream) = tokio::select! {
                () = &mut stop => break,
                (place, accepted) = accepted => match accepted {
                    Ok((stream, _)) => (place, stream),
                    Err(error) => {
                        pause_after(&error).await;
                        continue;
                    }
                },
            };
            let service = TowerToHyperService::new(service.clone());
            let connection = connection(stream, service, &limits);
            let watched = graceful.watch(connection);
            tokio::spawn(async move {
                if let Err(error) = watched.await {
                    tracing::debug!(%error, "connection ended");
                }
                drop(place);
            });
        }
        drop(self.listener);
        stopping.send_replace(true);
        if tokio::time::timeout(limits.stop, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("stopped with requests still open");
        }
    }
}

/// One HTTP/1.1 connection.
fn connection(
    stream: TcpStream,
    service: TowerToHyperService<Router>,
    limits: &Limits,
) -> http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>> {
    // Small answers go out at once.
    let _ = stream.set_nodelay(true);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(256 << 10)
        .serve_connection(TokioIo::new(stream), service)
}

/// A connection that ended before it was taken costs nothing; running out of file descriptors
/// needs a moment.
async fn pause_after(error: &io::Error) {
    let harmless = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    );
    if !harmless {
        tracing::warn!(%error, "cannot take a connection; trying again in a second");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
