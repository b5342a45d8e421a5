//! The control sequences in what a program wrote to its terminal.

/// One after the other, each whole; text is left out.
///
/// # Panics
/// When one of them has no end.
#[must_use]
pub fn sequences(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    let mut letters = text.chars().peekable();
    let mut all = Vec::new();
    while let Some(letter) = letters.next() {
        if !letter.is_control() {
            continue;
        }
        let mut sequence = String::from(letter);
        if letter == '\x1b' {
            let kind = letters.next().expect("an escape is not the last");
            sequence.push(kind);
            match kind {
                // A control sequence ends with a letter or a sign of that range.
                '[' => loop {
                    let next = letters.next().expect("a control sequence has an end");
                    sequence.push(next);
                    if ('@'..='~').contains(&next) {
                        break;
                    }
                },
                // A string ends with a bell, or with an escape and a backslash.
                ']' | 'P' | '_' | '^' | 'X' => loop {
                    let next = letters.next().expect("a string has an end");
                    sequence.push(next);
                    if next == '\x07' || sequence.ends_with("\x1b\\") {
                        break;
                    }
                },
                _ => {}
            }
        }
        all.push(sequence);
    }
    all
}

/// The parts of what was written that are synchronized updates, whole.
#[must_use]
pub fn frames(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw).into_owned();
    let parts = text.split("\x1b[?2026h").skip(1);
    parts.filter_map(|part| Some(part.split_once("\x1b[?2026l")?.0.to_owned())).collect()
}

/// Whether a sequence is one of those that the UI needs: moving, colours and attributes, clearing, and the modes for the
/// alternate screen, the cursor, pasting, the mouse and synchronized updates. Every other is a question or somebody
/// else's.
#[must_use]
pub fn is_known(sequence: &str) -> bool {
    let Some(body) = sequence.strip_prefix("\x1b[") else { return false };
    let (parameters, end) = body.split_at(body.len() - 1);
    let numbers = |text: &str| text.chars().all(|letter| letter.is_ascii_digit() || letter == ';');
    match end {
        "H" | "J" | "K" | "m" => numbers(parameters),
        "h" | "l" => {
            let modes = ["?25", "?1049", "?2004", "?2026", "?1000", "?1002", "?1003", "?1006", "?1015"];
            modes.contains(&parameters)
        }
        _ => false,
    }
}
