//! What viewers used, from the public server's counters to the engine: every few seconds while there is something, and
//! once more at an orderly end.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::core::input::{Input, Usage};
use crate::delivery::table::{self, Table};
use crate::engine::EngineHandle;

/// So much may be lost on power loss.
const EVERY: Duration = Duration::from_secs(5);
/// Postings in one commit.
const BATCH_MAX: usize = 500;

pub async fn run(table: Arc<Table>, engine: EngineHandle, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = table.wait_used() => {}
        }
        // Many requests make one record.
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        report(&table, &engine).await;
    }
}

/// Reports what is there now.
pub async fn report(table: &Table, engine: &EngineHandle) {
    loop {
        let used: Vec<Usage> = table.drain_usage(BATCH_MAX).into_iter().map(of_core).collect();
        if used.is_empty() {
            return;
        }
        engine.input(Input::Usage(used)).await;
    }
}

fn of_core(usage: table::Usage) -> Usage {
    let table::Usage { token, views, bytes, watched, referrers } = usage;
    let referrers = referrers.into_iter().map(|(host, views)| (host.into_string(), views)).collect();
    Usage { token, views, bytes, watched, referrers }
}
