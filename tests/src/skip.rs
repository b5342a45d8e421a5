//! What a test says when it cannot test anything here. `scripts/test` counts these at its end; where everything can be
//! installed and nothing may be left out, `VODPOST_NO_SKIP=1` makes each of them a failure.

use std::io::Write;

/// Says why this test tests nothing, or only a part, in the log and in the file `VODPOST_SKIPS`.
///
/// # Panics
/// Where nothing may be left out.
#[expect(clippy::print_stderr, reason = "a test that does not test must say so")]
pub fn skip(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a thread of a test");
    assert!(
        std::env::var_os("VODPOST_NO_SKIP").is_none_or(|value| value != "1"),
        "{test} tests nothing here, and VODPOST_NO_SKIP is set: {why}"
    );
    eprintln!("SKIPPED: {why}");
    let Some(path) = std::env::var_os("VODPOST_SKIPS") else { return };
    let line = format!("{test}: {}\n", why.trim().replace('\n', " "));
    let noted = std::fs::OpenOptions::new().append(true).create(true).open(path);
    if let Err(error) = noted.and_then(|mut file| file.write_all(line.as_bytes())) {
        eprintln!("that is not counted: {error}");
    }
}
