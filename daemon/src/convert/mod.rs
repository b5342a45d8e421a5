//! The conversion worker.
