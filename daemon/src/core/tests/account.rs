//! A1 to A6.

use vodpost_protocol::account::{AccountKind, VerificationState};
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::refusal::Refusal;

use super::super::actor::Actor;
use super::super::input::{Command, Input};
use super::World;

fn submit(world: &mut World, kind: AccountKind) -> Result<(), Refusal> {
    let submission = world.submission(kind);
    world.command(Command::Submit(Box::new(submission)))
}

#[test]
fn a1_generate_needs_verification_and_then_activation() {
    let mut world = World::empty();
    world.write("talk.mp4", Ok(super::mp4(1, 480)));
    world.scan();
    assert_eq!(world.generate("talk"), Err(Refusal::NotVerified { state: VerificationState::None }));
    submit(&mut world, AccountKind::Individual).unwrap();
    assert_eq!(world.generate("talk"), Err(Refusal::NotVerified { state: VerificationState::Submitted }));
    world.command(Command::Approve).unwrap();
    assert_eq!(world.generate("talk"), Err(Refusal::NotActivated));
    world.command(Command::Activate).unwrap();
    assert_eq!(world.generate("talk"), Ok(()));
}

#[test]
fn a3_a_rejected_account_may_submit_again() {
    let mut world = World::empty();
    submit(&mut world, AccountKind::Individual).unwrap();
    assert_eq!(submit(&mut world, AccountKind::Individual), Err(Refusal::AlreadySubmitted));
    world.command(Command::Reject { reason: "blurred".into() }).unwrap();
    assert_eq!(world.core.state().account().state(), VerificationState::Rejected);
    submit(&mut world, AccountKind::Individual).unwrap();
    world.command(Command::Approve).unwrap();
    assert_eq!(submit(&mut world, AccountKind::Individual), Err(Refusal::AlreadyApproved));
    assert_eq!(
        world.command(Command::Approve),
        Err(Refusal::NothingToDecide { state: VerificationState::Approved })
    );
}

#[test]
fn a3_an_individual_stays_approved_while_the_enterprise_is_decided() {
    let mut world = World::ready();
    submit(&mut world, AccountKind::Enterprise).unwrap();
    assert_eq!(world.generate("talk"), Ok(()));
    world.command(Command::Reject { reason: "no licence".into() }).unwrap();
    assert!(world.core.state().account().approval().is_some());
    submit(&mut world, AccountKind::Enterprise).unwrap();
    world.command(Command::Approve).unwrap();
    let kind = world.core.state().account().approval().unwrap().submission.kind;
    assert_eq!(kind, AccountKind::Enterprise);
    assert_eq!(submit(&mut world, AccountKind::Individual), Err(Refusal::AlreadyApproved));
}

#[test]
fn a3_with_four_eyes_somebody_else_decides() {
    let mut world = World::empty();
    world.core.settings.four_eyes = true;
    submit(&mut world, AccountKind::Individual).unwrap();
    assert_eq!(world.command(Command::Approve), Err(Refusal::FourEyes));
    let bob = Actor::user(1001, "bob");
    world.input(Input::Command { actor: bob, command: Command::Approve }).unwrap();
}

#[test]
fn a4_revoking_stops_new_urls_and_leaves_live_ones() {
    let mut world = World::live();
    world.command(Command::Revoke { reason: "expired".into() }).unwrap();
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
    let video = world.id("talk");
    let again = world.command(Command::Generate { video, label: super::label("more") });
    assert_eq!(again, Err(Refusal::NotVerified { state: VerificationState::Revoked }));
}

#[test]
fn a4_a_conversion_that_ends_after_the_revocation_makes_no_url() {
    let mut world = World::ready();
    world.generate("talk").unwrap();
    world.command(Command::Revoke { reason: "expired".into() }).unwrap();
    world.finish_work();
    assert_eq!(world.state_of("talk"), []);
}

#[test]
fn a6_activation_comes_once_and_after_approval() {
    let mut world = World::empty();
    let none = VerificationState::None;
    assert_eq!(world.command(Command::Activate), Err(Refusal::NotVerified { state: none }));
    world.verify();
    world.command(Command::Activate).unwrap();
    assert_eq!(world.core.state().account().service.as_ref().unwrap().by.name(), "ann");
    assert_eq!(world.command(Command::Activate), Err(Refusal::AlreadyActivated));
}

#[test]
fn a3_revoking_an_individual_leaves_the_enterprise_to_be_decided() {
    let mut world = World::ready();
    submit(&mut world, AccountKind::Enterprise).unwrap();
    world.command(Command::Revoke { reason: "expired".into() }).unwrap();
    assert_eq!(world.generate("talk"), Err(Refusal::NotVerified { state: VerificationState::Submitted }));
    world.command(Command::Approve).unwrap();
    assert_eq!(world.generate("talk"), Ok(()));
}
