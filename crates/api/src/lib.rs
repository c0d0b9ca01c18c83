//! The HTTP API, its OpenAPI document and the typed client.

mod app;
mod body;
pub mod client;
mod guard;
mod metrics;
pub mod model;
pub mod problem;
mod router;
mod routes;
pub mod server;

pub use client::{Client, ClientError};
pub use problem::Problem;
pub use router::openapi;
pub use server::{Limits, Server, ServerConfig, ServerError};
