//! Every conversation of `tests/scripts` against the real programs. What a line means stands in `vodpost_tests::script`.
//!
//! A script is its own transcript. To write a new one, write its questions and let the answers be filled in; after a change of
//! what the daemon says, do the same to all:
//!
//! ```text
//! VODPOST_ACCEPT=1 cargo nextest run -p vodpost-tests scripts::
//! ```
//!
//! Then read the difference like code: each answer that changed is a change of the contract. `VODPOST_SCRIPT=P4` plays those
//! only whose names begin so.

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use vodpost_tests::script::play;

/// Conversations at the same time; each mostly waits.
const AT_ONCE: usize = 4;
const RULES: &[(&str, u32)] = &[("A", 6), ("L", 6), ("C", 6), ("P", 7), ("S", 4)];

/// Every file of the folder, whatever it is called, so that none is forgotten.
fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// What is wrong with a script, if anything.
fn check(path: &Path) -> Result<(), String> {
    let script = std::fs::read_to_string(path).unwrap();
    let played = std::panic::catch_unwind(|| play(&script));
    match played {
        Err(panic) => Err(format!("it cannot be played: {}", message(&*panic))),
        Ok(Some(transcript)) if transcript != script => {
            if std::env::var_os("VODPOST_ACCEPT").is_some() {
                std::fs::write(path, transcript).unwrap();
                return Ok(());
            }
            Err(difference(&script, &transcript))
        }
        // As written, or not to be played here.
        Ok(Some(_) | None) => Ok(()),
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}

/// The lines between the common beginning and the common end.
fn difference(expected: &str, got: &str) -> String {
    let (expected, got): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), got.lines().collect());
    let same = expected.iter().zip(&got).take_while(|(expected, got)| expected == got).count();
    let rest = (&expected[same..], &got[same..]);
    let end =
        rest.0.iter().rev().zip(rest.1.iter().rev()).take_while(|(expected, got)| expected == got).count();
    let mut text = format!("from line {}:\n", same + 1);
    for (mark, lines) in [('-', rest.0), ('+', rest.1)] {
        for line in &lines[..lines.len() - end] {
            text.push_str(&format!("  {mark} {line}\n"));
        }
    }
    text
}

#[test]
fn every_conversation_goes_as_written() {
    let wanted = std::env::var("VODPOST_SCRIPT").unwrap_or_default();
    let scripts: Vec<PathBuf> =
        scripts().into_iter().filter(|path| name(path).starts_with(&wanted)).collect();
    assert!(!scripts.is_empty());
    let left = Mutex::new(scripts.iter());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(path) = left.lock().unwrap().next() else { return };
                    if let Err(why) = check(path) {
                        wrong.lock().unwrap().push(format!("{}: {why}", name(path)));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} conversations:\n{}", wrong.len(), scripts.len(), wrong.join("\n"));
}

/// The rules that a reader looks for each have a conversation, which states its rule first.
#[test]
fn every_rule_has_a_conversation_and_states_it() {
    let scripts = scripts();
    for (letter, count) in RULES {
        for rule in (1..=*count).map(|number| format!("{letter}{number}")) {
            assert!(scripts.iter().any(|path| name(path).starts_with(&format!("{rule}-"))), "{rule}");
        }
    }
    for path in scripts {
        let name = name(&path);
        let (rule, _) = name.split_once('-').unwrap_or_else(|| panic!("{name}: of which rule?"));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&format!("# {rule}: ")), "{name} does not begin with its rule");
        assert_eq!(path.extension().and_then(|extension| extension.to_str()), Some("txt"), "{name}");
    }
}
