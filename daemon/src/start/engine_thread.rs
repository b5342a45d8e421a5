//! The thread of the engine and of those who talk to it. Whoever is served on it reaches the engine, and is answered,
//! without a change of threads; what the disk holds up there would have to wait for the engine anyway.

use std::io;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

use crate::engine::{self, Channel, Parts};

/// Starts it; what is spawned on the handle runs beside the engine.
pub(super) async fn start(parts: Parts, channel: Channel) -> io::Result<(JoinHandle<()>, Handle)> {
    let (begun, begins) = oneshot::channel();
    let run = move || {
        // Built here: it may not be dropped where others run, should anything fail.
        let runtime = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(begun.send(Err(error))),
        };
        if begun.send(Ok(runtime.handle().clone())).is_ok() {
            run_engine(runtime, parts, channel);
        }
    };
    let thread = std::thread::Builder::new().name("engine".to_owned()).spawn(run)?;
    let handle = begins.await.map_err(io::Error::other)??;
    Ok((thread, handle))
}

fn run_engine(runtime: Runtime, parts: Parts, channel: Channel) {
    // As a task, so that it takes turns with the others.
    let engine = runtime.spawn(engine::run(parts, channel));
    let ended = runtime.block_on(engine);
    // A daemon whose engine is gone would serve stale URLs for ever; better that it is restarted.
    if ended.is_err() {
        tracing::error!("the engine failed; ending so that the service manager restarts vodpostd");
        std::process::abort();
    }
}
