//! The HTTP API, its OpenAPI document and the typed client.

mod app;
mod auth;
mod body;
pub mod client;
mod description;
mod guard;
mod idempotency;
pub mod keys;
mod metrics;
pub mod model;
mod paging;
pub mod problem;
mod router;
mod routes;
pub mod server;

pub use app::TimeServices;
pub use client::{Client, ClientError, Paging, TlsOptions};
pub use problem::Problem;
pub use router::openapi;
pub use server::{Access, Limits, ListenerConfig, Server, ServerConfig, ServerError, TlsFiles};
