//! The server: where it listens, how many connections it holds, and how it stops.

mod listener;
mod tls;

pub(crate) use listener::Door;
pub use listener::{Access, ListenerConfig, TlsFiles};
use tls::Reloaded;
pub(crate) use tls::provider;

use crate::{
    app::{App, TimeServices},
    auth::{KeyStore, Peer},
    keys::KeysError,
    router,
};
use axum::Router;
use blockworm_node::NodeHandle;
use blockworm_service::{
    identity::IdentityDesk,
    key_holder::Desk,
    users::{Users, UsersError},
};
use hyper::{Request, body::Incoming, server::conn::http1, service::Service as _};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

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
    /// Most bytes of a request to a key holder; the largest that is answered has some 5,000.
    pub evaluation_bytes: usize,
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
    /// How often an event stream looks again whether its caller would still be let in.
    pub recheck: Duration,
    /// Most idempotency keys that are remembered; the oldest goes first.
    pub idempotency_keys: usize,
    /// How long an idempotency key is remembered.
    pub idempotency: Duration,
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
            evaluation_bytes: 8 << 10,
            body: Duration::from_secs(15),
            head: Duration::from_secs(30),
            wait: Duration::from_secs(60),
            request: Duration::from_secs(90),
            stop: Duration::from_secs(5),
            keep_alive: Duration::from_secs(15),
            recheck: Duration::from_secs(3),
            idempotency_keys: 1 << 16,
            idempotency: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// Where and within which bounds to serve.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where, and who may come in there; the first is the node's own address.
    pub listeners: Vec<ListenerConfig>,
    /// The file of API keys, read again whenever it changes.
    pub keys_file: Option<PathBuf>,
    /// The file of people who sign in at the console, read again whenever it changes.
    pub users_file: Option<PathBuf>,
    /// Bounds on memory and time.
    pub limits: Limits,
}

impl ServerConfig {
    /// The default bounds at `address`, open to everybody: a loopback address.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            listeners: vec![ListenerConfig::open(address)],
            keys_file: None,
            users_file: None,
            limits: Limits::default(),
        }
    }
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Strangers would read everything.
    #[error(
        "the API refuses to listen on {address}, which is not loopback, without asking who comes in: \
         let it accept API keys or members' certificates there, or listen on 127.0.0.1"
    )]
    OpenBeyondLoopback {
        /// The refused address.
        address: SocketAddr,
    },
    /// Keys and answers would cross the network in the clear.
    #[error(
        "the API refuses to listen on {address}, which is not loopback, without TLS: give it a \
         certificate and a key, or listen on 127.0.0.1 behind a proxy that speaks TLS"
    )]
    PlainBeyondLoopback {
        /// The refused address.
        address: SocketAddr,
    },
    /// No certificate could ever be accepted.
    #[error(
        "the API on {address} accepts members' certificates, but has no TLS with `client_ca_file`: \
         name the file with the organisations' root certificates"
    )]
    NoClientAuthorities {
        /// The refused address.
        address: SocketAddr,
    },
    /// No key could ever be accepted.
    #[error(
        "the API on {address} lets in holders of API keys alone, and there is no {}: \
         make a key with `blockworm api-key create`", path.display()
    )]
    NoKeys {
        /// The refused address.
        address: SocketAddr,
        /// Where the file should be.
        path: PathBuf,
    },
    /// Nobody could ever sign in.
    #[error(
        "the API on {address} lets in people who sign in, and there is no {}: \
         add one with `blockworm console-user add`", path.display()
    )]
    NoUsers {
        /// The refused address.
        address: SocketAddr,
        /// Where the file should be.
        path: PathBuf,
    },
    /// A certificate or key of TLS cannot be used.
    #[error("{} cannot be used for TLS: {reason}", path.display())]
    TlsFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The file of API keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The file of users cannot be used.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// There is no address to listen at.
    #[error("the API has no address to listen at")]
    Nowhere,
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
    listeners: Vec<Listener>,
    keys: KeyStore,
    users: Option<Arc<Users>>,
    limits: Limits,
    node: NodeHandle,
    pages: Router,
    desks: Vec<Desk>,
    pub(crate) time: TimeServices,
    identity: Option<Arc<IdentityDesk>>,
    stopping: watch::Sender<bool>,
}

/// A place where it listens.
struct Listener {
    listener: TcpListener,
    door: Arc<Door>,
    tls: Option<Arc<Reloaded>>,
}

impl Server {
    /// Listens at the configured addresses; requests wait until [`Server::run`].
    pub async fn bind(config: ServerConfig, node: NodeHandle) -> Result<Self, ServerError> {
        // Nothing is opened before everything is known to be safe.
        for listener in &config.listeners {
            listener.check(config.keys_file.as_deref(), config.users_file.as_deref())?;
        }
        let keys = KeyStore::open(config.keys_file)?;
        let asked = config
            .listeners
            .iter()
            .any(|listener| listener.access.users);
        let users = config.users_file.filter(|_| asked).map(Users::open);
        let users = users.transpose()?.map(Arc::new);
        let mut listeners = Vec::new();
        for listener in &config.listeners {
            listeners.push(Listener::bind(listener).await?);
        }
        if listeners.is_empty() {
            return Err(ServerError::Nowhere);
        }
        Ok(Self {
            listeners,
            keys,
            users,
            limits: config.limits,
            node,
            pages: Router::new(),
            desks: Vec::new(),
            time: TimeServices::default(),
            identity: None,
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

    /// Answers banks for these key holders, at `/v1/evaluations`.
    #[must_use]
    pub fn with_key_holders(mut self, desks: Vec<Desk>) -> Self {
        self.desks = desks;
        self
    }

    /// Where people sign in, for the console's pages; none where no listener lets them in.
    #[must_use]
    pub fn users(&self) -> Option<Arc<Users>> {
        self.users.clone()
    }

    /// Looks after the certificates of the node's organisation, at `/v1/identity`.
    #[must_use]
    pub fn with_identity(mut self, desk: Arc<IdentityDesk>) -> Self {
        self.identity = Some(desk);
        self
    }

    /// Turns true when the server stops: what streams must end then.
    #[must_use]
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Where it listens first, with the port that was taken.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.listeners[0].door.address
    }

    /// Where it listens, in the order of the configuration.
    #[must_use]
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        let address = |listener: &Listener| listener.door.address;
        self.listeners.iter().map(address).collect()
    }

    /// Serves until `stop` resolves; then takes no new connections, ends event streams and gives
    /// open requests `limits.stop` to finish.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (stopping, watch) = (self.stopping.clone(), self.stopping.subscribe());
        let limits = self.limits;
        let app = App::new(
            self.node,
            (self.keys, self.users),
            self.desks,
            self.identity,
            self.time,
            limits.clone(),
            watch.clone(),
        );
        let graceful = Arc::new(GracefulShutdown::new());
        let accept = Accept {
            service: router::router(app, self.pages),
            places: Arc::new(Semaphore::new(limits.connections)),
            limits: limits.clone(),
            stopping: watch,
        };
        let accepting: Vec<_> = self
            .listeners
            .into_iter()
            .map(|listener| tokio::spawn(accept.clone().run(listener, graceful.clone())))
            .collect();
        pin!(stop).await;
        stopping.send_replace(true);
        for task in accepting {
            let _ = task.await;
        }
        // The tasks above were the last to share it.
        let closed = async {
            if let Some(graceful) = Arc::into_inner(graceful) {
                graceful.shutdown().await;
            }
        };
        if tokio::time::timeout(limits.stop, closed).await.is_err() {
            tracing::warn!("stopped with requests still open");
        }
    }
}

impl Listener {
    async fn bind(config: &ListenerConfig) -> Result<Self, ServerError> {
        let address = config.address;
        let access = &config.access;
        let files = access.tls.as_ref();
        let tls = files.map(|files| Reloaded::open(files.clone(), access.certificates));
        let tls = tls.transpose()?.map(Arc::new);
        let refused = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self {
            listener,
            door: Arc::new(Door::new(address, access)),
            tls,
        })
    }
}

/// What taking connections needs.
#[derive(Clone)]
struct Accept {
    service: axum::Router,
    /// One for each connection, of all listeners together.
    places: Arc<Semaphore>,
    limits: Limits,
    stopping: watch::Receiver<bool>,
}

impl Accept {
    /// Takes connections until the server stops.
    async fn run(mut self, listener: Listener, graceful: Arc<GracefulShutdown>) {
        let places = self.places.clone();
        loop {
            // The place is taken before the connection, so that the system's queue is the bound.
            let accepted = async {
                let place = places.clone().acquire_owned().await;
                (place, listener.listener.accept().await)
            };
            let (place, (stream, from)) = tokio::select! {
                () = stopped(&mut self.stopping) => return,
                (place, accepted) = accepted => match (place, accepted) {
                    (Ok(place), Ok((stream, from))) => (place, (stream, from.ip())),
                    (Ok(_), Err(error)) => {
                        pause_after(&error).await;
                        continue;
                    }
                    (Err(_), _) => return,
                },
            };
            // Small answers go out at once.
            let _ = stream.set_nodelay(true);
            let (door, watcher) = (listener.door.clone(), graceful.watcher());
            match listener.tls.clone() {
                None => {
                    let shown = None;
                    let peer = Peer { door, from, shown };
                    tokio::spawn(self.serve(stream, peer, watcher, place));
                }
                Some(tls) => {
                    let accept = self.clone();
                    tokio::spawn(async move {
                        let tls = tls.acceptor();
                        if let Some((stream, peer)) = accept.shake(tls, stream, door, from).await {
                            accept.serve(stream, peer, watcher, place).await;
                        }
                    });
                }
            }
        }
    }

    /// Shakes hands within the time for a head; none when they are refused or the server stops.
    async fn shake(
        &self,
        tls: TlsAcceptor,
        stream: TcpStream,
        door: Arc<Door>,
        from: IpAddr,
    ) -> Option<(TlsStream<TcpStream>, Peer)> {
        let mut stopping = self.stopping.clone();
        let shaken = tokio::select! {
            () = stopped(&mut stopping) => return None,
            shaken = tokio::time::timeout(self.limits.head, tls.accept(stream)) => shaken.ok()?,
        };
        let stream = shaken
            .inspect_err(|error| tracing::debug!(%error, "TLS handshake refused"))
            .ok()?;
        let shown = tls::shown(&stream).ok()?.map(Arc::new);
        Some((stream, Peer { door, from, shown }))
    }

    /// Serves one HTTP/1.1 connection; its place is free again when it ends.
    fn serve<S>(
        &self,
        stream: S,
        peer: Peer,
        watcher: Watcher,
        place: OwnedSemaphorePermit,
    ) -> impl Future<Output = ()> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = TowerToHyperService::new(self.service.clone());
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            router.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head)
            .max_buf_size(256 << 10)
            .serve_connection(TokioIo::new(stream), service);
        async move {
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%error, "connection ended");
            }
            drop(place);
        }
    }
}

/// Resolves once the server stops, or is gone.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
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
