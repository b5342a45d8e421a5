//! Random numbers for ids and tokens, which nobody must be able to guess.

use std::time::Duration;

use crate::core::transaction::Dice;

/// Randomness from the operating system (P2).
pub(crate) struct SystemDice;

impl Dice for SystemDice {
    fn video_bits(&mut self) -> u64 {
        u64::from_le_bytes(random())
    }

    fn token_bits(&mut self) -> u128 {
        u128::from_le_bytes(random())
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    loop {
        match getrandom::fill(&mut bytes) {
            Ok(()) => return bytes,
            // It worked at start; a guessable token must never be handed out instead.
            Err(error) => {
                tracing::error!(%error, "no random numbers from the system; trying again");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
}
