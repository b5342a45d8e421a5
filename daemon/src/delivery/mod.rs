//! The public HTTP server.
