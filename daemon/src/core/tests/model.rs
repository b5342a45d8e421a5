//! Random sequences of everything that can happen, each step compared with a small model that is written from the rules.
//!
//! `VODPOST_MODEL_CASES` sets how many sequences, `VODPOST_MODEL_SEED` runs a single one. A failure prints its seed and
//! the fewest steps that still fail.

mod check;
mod commands;
mod disk;
mod library;
mod reference;
mod rig;
mod steps;

use std::panic::{AssertUnwindSafe, catch_unwind};

use rig::Rig;
pub(super) use steps::Rng;
use steps::Step;

const CASES: u64 = 3000;
const STEPS: usize = 40;

/// Runs one sequence; the text says which rule did not hold, and after which step.
fn run(seed: u64, steps: &[Step]) -> Result<(), String> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut rig = Rig::new(seed);
        for (at, step) in steps.iter().enumerate() {
            rig.step(step).map_err(|broken| format!("step {at}, {step:?}: {broken}"))?;
        }
        rig.finish()
    }));
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        Err(format!("panic: {}", text.unwrap_or_default()))
    })
}

/// Leaves out steps as long as the sequence still fails.
fn shrink(seed: u64, mut steps: Vec<Step>, mut broken: String) -> (Vec<Step>, String) {
    let mut size = steps.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < steps.len() {
            let end = (at + size).min(steps.len());
            let fewer: Vec<Step> = steps[..at].iter().chain(&steps[end..]).cloned().collect();
            match run(seed, &fewer) {
                Ok(()) => at = end,
                Err(why) => (steps, broken) = (fewer, why),
            }
        }
        size /= 2;
    }
    (steps, broken)
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

#[test]
fn the_core_does_what_the_rules_say_whatever_happens() {
    let seeds = match number("VODPOST_MODEL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("VODPOST_MODEL_CASES").unwrap_or(CASES),
    };
    for seed in seeds {
        let steps = steps::sequence(&mut Rng::new(seed), STEPS);
        if let Err(broken) = run(seed, &steps) {
            let (fewest, broken) = shrink(seed, steps, broken);
            let list: Vec<String> = fewest.iter().map(|step| format!("    {step:?}")).collect();
            panic!("VODPOST_MODEL_SEED={seed} fails after\n{}\n{broken}", list.join("\n"));
        }
    }
}
