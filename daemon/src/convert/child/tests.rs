//! Children that misbehave: a shell in the place of ffmpeg.

use super::*;
use crate::core::artifact::JobId;
use crate::guard::{Sandbox, testing::guard};
use vodpost_protocol::ids::VideoId;

const SHORT: Duration = Duration::from_millis(50);

async fn words(text: &[u8]) -> String {
    last_words(text, &CancellationToken::new()).await
}

#[tokio::test]
async fn only_the_last_readable_lines_are_kept() {
    let mut text: String = (0..2000).map(|number| format!("line {number}\n")).collect();
    text.push_str("\x1b[31mred\x07\r\n\n");
    let kept = words(text.as_bytes()).await;
    assert_eq!(kept.lines().count(), KEPT_LINES);
    assert!(kept.ends_with("line 1999\n[31mred"), "{kept}");
    assert!(words(&[0xff; 100_000]).await.len() <= KEPT_BYTES * 3);
}

fn far() -> Timestamp {
    Timestamp::from_system(SystemTime::now()).after(Duration::from_secs(600))
}

/// Confined, so that the script can start no other program.
async fn shell(script: &str, limits: Limits) -> Result<String, Fault> {
    shell_in(Sandbox::Required, script, limits).await
}

async fn shell_in(sandbox: Sandbox, script: &str, limits: Limits) -> Result<String, Fault> {
    let (to, _from) = tokio::sync::mpsc::channel(1);
    let reporter = Reporter::new(JobId { video: VideoId::from_random(1), attempt: 1 }, 1000, to);
    let (arguments, guard) = (["-c".into(), script.into()], guard(sandbox));
    let (sh, output, access) = (Path::new("/bin/sh"), Path::new("/nonexistent"), guard.access(&[], &[]));
    run(sh, &arguments, output, access, limits, reporter, &CancellationToken::new()).await
}

#[tokio::test]
async fn a_child_that_stands_still_is_ended_with_its_children() {
    // Off, since confined it could have none.
    let limits =
        Limits { deadline: far(), allowed: STALLED_AFTER, stalled_after: Duration::from_millis(200) };
    let script = "echo still here >&2; sleep 600 & sleep 600";
    let fault = shell_in(Sandbox::Off, script, limits).await.unwrap_err();
    // Had the second sleep survived, it would still hold the pipe, and what was said would have been cut short.
    assert!(matches!(&fault, Fault::Stalled { output, .. } if output == "still here"), "{fault}");
}

#[tokio::test]
async fn a_child_that_does_not_want_to_end_is_ended() {
    let limits = Limits { deadline: far(), allowed: STALLED_AFTER, stalled_after: SHORT };
    for script in [
        "kill -STOP $$",
        "trap '' TERM INT HUP XCPU; while :; do :; done",
        // Closes both pipes and goes on.
        "exec >&- 2>&-; while :; do :; done",
        "exec 2>&-; while :; do :; done",
        // Says much, and nothing of it is progress.
        "while :; do printf xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
        "while :; do printf xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx >&2; done",
        "while :; do printf 'out_time_us=1\\nprogress=continue\\n'; done",
    ] {
        let fault = shell(script, limits).await.unwrap_err();
        assert!(matches!(fault, Fault::Stalled { .. }), "{script}: {fault}");
    }
}

#[tokio::test]
async fn c3_a_missed_deadline_ends_the_child() {
    let deadline = Timestamp::from_system(SystemTime::now()).after(Duration::from_secs(2));
    let limits = Limits { deadline, allowed: STALLED_AFTER, stalled_after: STALLED_AFTER };
    let script = "printf 'out_time_us=500000\\nprogress=continue\\n'; while :; do :; done";
    let fault = shell(script, limits).await.unwrap_err();
    assert!(matches!(fault, Fault::DeadlineMissed { done_percent: 50, .. }), "{fault}");
}

#[tokio::test]
async fn c4_a_failure_keeps_what_was_said() {
    let limits = Limits { deadline: far(), allowed: STALLED_AFTER, stalled_after: STALLED_AFTER };
    let fault = shell("echo because >&2; exit 3", limits).await.unwrap_err();
    assert_eq!(fault.to_string(), "ffmpeg failed with status 3: because");
    let fault = shell("exec /nonexistent/program", limits).await.unwrap_err();
    assert!(matches!(fault, Fault::Unstartable(_)), "{fault}");
}

#[tokio::test]
async fn a_child_is_told_nothing_of_the_environment() {
    let limits = Limits { deadline: far(), allowed: STALLED_AFTER, stalled_after: STALLED_AFTER };
    // What the test runner sets, and so would be inherited.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let fault = shell("export -p >&2; pwd >&2; exit 3", limits).await.unwrap_err();
    let Fault::Tool { output, .. } = fault else { panic!("{fault}") };
    let names: Vec<&str> =
        output.lines().filter_map(|line| line.strip_prefix("export ")?.split('=').next()).collect();
    assert!(names.iter().all(|name| ["PATH", "HOME", "LD_LIBRARY_PATH", "PWD"].contains(name)), "{output}");
    assert!(output.ends_with("\n/"), "{output}");
}

/// What a conversion may take was set aside, and it takes no more. Only where the disk itself is the limit it is to blame.
#[tokio::test]
async fn what_outgrows_its_room_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("output");
    let limits = Limits { deadline: far(), allowed: STALLED_AFTER, stalled_after: STALLED_AFTER };
    let guard = guard(Sandbox::Required);
    let write = [&*output];
    for (most, len, outgrows) in [(5000, 5001, true), (5000, 4999, false)] {
        std::fs::write(&output, "").unwrap();
        let access = Access { write_len_max: Some(most), ..guard.access(&[], &write) };
        let script =
            format!("i=0; while [ $i -lt {len} ]; do printf x; i=$((i + 1)); done >{}", output.display());
        let (to, _from) = tokio::sync::mpsc::channel(1);
        let reporter = Reporter::new(JobId { video: VideoId::from_random(1), attempt: 1 }, 1000, to);
        let arguments = ["-c".into(), script.into()];
        let cancel = CancellationToken::new();
        let ended = run(Path::new("/bin/sh"), &arguments, &output, access, limits, reporter, &cancel).await;
        match ended {
            Err(Fault::Outgrown { most: 5000, .. }) => assert!(outgrows),
            ended => assert!(!outgrows && ended.is_ok(), "{ended:?}"),
        }
    }
}
