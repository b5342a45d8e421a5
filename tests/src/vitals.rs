//! What the kernel knows of a process: memory and open files.

use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};

#[derive(Debug, Clone, Copy)]
pub struct Vitals(pub Pid);

impl Vitals {
    fn status(self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.0.as_raw_nonzero());
        let text = std::fs::read_to_string(&path).expect("the process is there");
        let line = text.lines().find_map(|line| line.strip_prefix(field)).expect("the kernel says it");
        let kib: u64 = line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).expect("a number");
        kib << 10
    }

    /// The most bytes that it ever had in memory.
    ///
    /// # Panics
    /// When the process is gone.
    #[must_use]
    pub fn peak_memory(self) -> u64 {
        self.status("VmHWM")
    }

    /// How many descriptors it has.
    ///
    /// # Panics
    /// When the process is gone.
    #[must_use]
    pub fn open_files(self) -> usize {
        let path = format!("/proc/{}/fd", self.0.as_raw_nonzero());
        std::fs::read_dir(path).expect("the process is there").count()
    }
}

/// Lets this process have as many files open as it may.
///
/// # Panics
/// When the kernel refuses what it allows.
pub fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).expect("up to the hard limit");
}
