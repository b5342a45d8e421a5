//! How much memory the indexes take that are read at the same moment. Files are looked into by several threads; one index may
//! have 64 MiB, and moving it makes another. Nearly all are far smaller, and never wait.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// For all indexes together. What is larger is read alone.
static INDEXES: Budget = Budget::new(16 << 20);

/// A number of bytes for which threads stand in line.
#[derive(Debug)]
struct Budget {
    most: u64,
    line: Mutex<Line>,
    moved: Condvar,
}

#[derive(Debug)]
struct Line {
    taken: u64,
    /// The number that the next one draws, and the one whose turn it is: nobody is overtaken for ever by smaller ones.
    drawn: u64,
    turn: u64,
}

/// Bytes that are given back when it is dropped. A thread that has some must not ask for more, since it might wait for itself.
#[derive(Debug)]
pub(super) struct Share {
    of: &'static Budget,
    bytes: u64,
}

/// Waits until an index of this length may be read.
pub(super) fn share_for(index_len: u64) -> Share {
    INDEXES.take(index_len)
}

impl Budget {
    const fn new(most: u64) -> Self {
        Self { most, line: Mutex::new(Line { taken: 0, drawn: 0, turn: 0 }), moved: Condvar::new() }
    }

    /// Nothing that is done under the lock leaves things half done.
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&'static self, bytes: u64) -> Share {
        // What is larger than everything takes everything.
        let bytes = bytes.min(self.most);
        let mut line = self.line();
        let number = line.drawn;
        line.drawn += 1;
        while line.turn != number || line.taken + bytes > self.most {
            line = self.moved.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        line.turn += 1;
        line.taken += bytes;
        self.moved.notify_all();
        Share { of: self, bytes }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.line().taken -= self.bytes;
        self.of.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn no_more_is_taken_than_there_is_and_everybody_gets_a_turn() {
        static BUDGET: Budget = Budget::new(100);
        static TAKEN: AtomicU64 = AtomicU64::new(0);
        let threads: Vec<_> = (0..8)
            .map(|number| {
                std::thread::spawn(move || {
                    for round in 0..200 {
                        // Some take all that there is, or ask for more.
                        let bytes = [1, 30, 60, 100, 1000][(number + round) % 5];
                        let share = BUDGET.take(bytes);
                        let now = TAKEN.fetch_add(share.bytes, Ordering::SeqCst) + share.bytes;
                        assert!(now <= 100);
                        std::thread::yield_now();
                        TAKEN.fetch_sub(share.bytes, Ordering::SeqCst);
                        drop(share);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(BUDGET.line().taken, 0);
    }
}
