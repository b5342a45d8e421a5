//! A1, A3, A6: the account's states against its commands.

use vodpost_protocol::account::AccountKind;
use vodpost_protocol::ids::Label;
use vodpost_protocol::refusal::Refusal;

use super::super::super::account::Verification;
use super::super::super::input::Command;
use super::super::{World, mp4};
use super::{markdown, merged};

/// How a state comes about, one command after the other.
#[derive(Clone, Copy)]
enum Step {
    Individual,
    Enterprise,
    Approve,
    Reject,
    Revoke,
}

use Step::{Approve, Enterprise, Individual, Reject, Revoke};

const STATES: &[(&str, &[Step])] = &[
    ("none", &[]),
    ("submitted", &[Individual]),
    ("approved (individual)", &[Individual, Approve]),
    ("approved (enterprise)", &[Enterprise, Approve]),
    ("rejected", &[Individual, Reject]),
    ("revoked", &[Individual, Approve, Revoke]),
    ("submitted (enterprise, approved as individual)", &[Individual, Approve, Enterprise]),
    ("rejected (enterprise, approved as individual)", &[Individual, Approve, Enterprise, Reject]),
];

/// As above, for an account whose service was activated under an approval that was revoked since.
const AGAIN: &[Step] = &[Individual, Approve, Revoke];

#[derive(Clone, Copy)]
enum Asked {
    Step(Step),
    ApproveOwn,
    Activate,
    Generate,
}

const COMMANDS: &[(&str, Asked)] = &[
    ("submit individual", Asked::Step(Individual)),
    ("submit enterprise", Asked::Step(Enterprise)),
    ("approve", Asked::Step(Approve)),
    ("approve one's own, `four_eyes`", Asked::ApproveOwn),
    ("reject", Asked::Step(Reject)),
    ("revoke", Asked::Step(Revoke)),
    ("activate", Asked::Activate),
    ("generate", Asked::Generate),
];

fn command(world: &World, step: Step) -> Command {
    let reason = || "a reason".to_owned();
    match step {
        Individual => Command::Submit(Box::new(world.submission(AccountKind::Individual))),
        Enterprise => Command::Submit(Box::new(world.submission(AccountKind::Enterprise))),
        Approve => Command::Approve,
        Reject => Command::Reject { reason: reason() },
        Revoke => Command::Revoke { reason: reason() },
    }
}

/// The account in this state; `None` where the service cannot have been activated.
fn build(steps: &[Step], active: bool) -> Option<World> {
    let mut world = World::empty();
    world.write("talk.mp4", Ok(mp4(1, 480)));
    world.scan();
    let has_approval = steps.iter().any(|step| matches!(step, Approve));
    if active && !has_approval {
        if steps.is_empty() {
            return None;
        }
        run(&mut world, AGAIN, true);
    }
    run(&mut world, steps, active);
    assert_eq!(world.core.state().account().service.is_some(), active);
    Some(world)
}

fn run(world: &mut World, steps: &[Step], activate: bool) {
    for step in steps {
        let command = command(world, *step);
        world.command(command).unwrap();
        if activate && world.core.state().account().service.is_none() && matches!(step, Approve) {
            world.command(Command::Activate).unwrap();
        }
    }
}

fn ask(world: &mut World, asked: Asked) -> Result<(), Refusal> {
    match asked {
        Asked::Step(step) => {
            let command = command(world, step);
            world.command(command)
        }
        Asked::ApproveOwn => {
            world.core.settings.four_eyes = true;
            world.command(Command::Approve)
        }
        Asked::Activate => world.command(Command::Activate),
        Asked::Generate => {
            let video = world.id("talk");
            world.command(Command::Generate { video, label: Label::default() })
        }
    }
}

fn shown(world: &World) -> String {
    let kind = |kind: AccountKind| match kind {
        AccountKind::Individual => "individual",
        AccountKind::Enterprise => "enterprise",
    };
    let held = |earlier: Option<AccountKind>, of: AccountKind| {
        earlier.map_or_else(String::new, |held| format!(" ({}, approved as {})", kind(of), kind(held)))
    };
    match &world.core.state().account().verification {
        Verification::None => "none".to_owned(),
        Verification::Submitted { submission, earlier } => {
            let earlier = earlier.as_ref().map(|approval| approval.submission.kind);
            format!("submitted{}", held(earlier, submission.kind))
        }
        Verification::Approved(approval) => format!("approved ({})", kind(approval.submission.kind)),
        Verification::Rejected { submission, earlier, .. } => {
            let earlier = earlier.as_ref().map(|approval| approval.submission.kind);
            format!("rejected{}", held(earlier, submission.kind))
        }
        Verification::Revoked { .. } => "revoked".to_owned(),
    }
}

fn outcome(steps: &[Step], active: bool, asked: Asked) -> Option<String> {
    let mut world = build(steps, active)?;
    let before = shown(&world);
    let result = ask(&mut world, asked);
    let after = shown(&world);
    let activated = !active && world.core.state().account().service.is_some();
    let ordered = world.video("talk").order().is_some();
    Some(match result {
        Err(refusal) => {
            assert_eq!(before, after);
            format!("refused: {}", refusal.kind())
        }
        Ok(()) if activated => "activated".to_owned(),
        Ok(()) if ordered => "accepted".to_owned(),
        Ok(()) if before == after => "·".to_owned(),
        Ok(()) => after,
    })
}

pub(super) fn table() -> String {
    let mut head = vec!["State"];
    head.extend(COMMANDS.iter().map(|(name, _)| *name));
    let rows: Vec<Vec<String>> = STATES
        .iter()
        .map(|(name, steps)| {
            assert_eq!(shown(&build(steps, false).unwrap()), *name);
            let cells = COMMANDS.iter().map(|(_, asked)| {
                let variants: Vec<(&str, String)> = [("inactive", false), ("active", true)]
                    .into_iter()
                    .filter_map(|(name, active)| Some((name, outcome(steps, active, *asked)?)))
                    .collect();
                merged(&variants)
            });
            std::iter::once(format!("**{name}**")).chain(cells).collect()
        })
        .collect();
    markdown(&head, &rows)
}
