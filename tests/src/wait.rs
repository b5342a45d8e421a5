//! Waiting for a described condition.

use std::time::{Duration, Instant};

/// Far longer than anything takes on a slow machine; only a failure waits this long.
pub const DEADLINE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none before the deadline; the message names what was waited for and how things stood.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(standing) => {
                assert!(start.elapsed() < DEADLINE, "waited in vain for {what}; at the end: {standing}");
                std::thread::sleep(PAUSE);
            }
        }
    }
}
