//! The HTTP API, its OpenAPI document and the typed client.
