//! C5 and C6 by force: the daemon, ffmpeg or both are killed at every stage of a conversion. Then the daemon is started
//! again, the video becomes live exactly once, and at no moment is anything but the whole right file served.

use std::path::Path;

use rustix::process::{Signal, kill_process};
use vodpost_tests::site::Daemon;
use vodpost_tests::stand_in::{Child, Mode};
use vodpost_tests::strace::Strace;
use vodpost_tests::wait;

pub(crate) mod bench;

use bench::{Bench, names};

/// The stages at which ffmpeg is there.
const STANDSTILLS: [Mode; 3] = [Mode::Waits, Mode::Writes, Mode::WaitsToCheck];

fn kill(child: &Child) {
    // It may have ended with the daemon.
    kill_process(child.pid, Signal::KILL).ok();
    wait::until("ffmpeg to be gone", || if child.is_alive() { Err(format!("{child:?}")) } else { Ok(()) });
}

/// How a conversion whose ffmpeg was killed goes on: it has failed with the reason, or was begun anew by itself.
fn go_on_after_killed_ffmpeg(bench: &Bench) {
    let shown = bench.site.wait_shown("talk", "the end of ffmpeg to be noticed", |shown| {
        shown["conversion"]["attempt"] != 2 || shown["conversion"]["state"] != "running"
    });
    let conversion = &shown["conversion"];
    if conversion["state"] == "failed" {
        let reason = conversion["reason"].as_str().unwrap();
        assert!(reason.starts_with("ffmpeg was killed"), "{shown}");
        bench.site.ok(&["retry", "talk"]);
    }
}

#[test]
fn c5_ffmpeg_is_killed_at_every_stage() {
    for stage in STANDSTILLS {
        let (mut bench, daemon) = Bench::live(|_site| {});
        let child = bench.replace(&daemon, stage);
        kill(&child);
        go_on_after_killed_ffmpeg(&bench);
        bench.behave(Mode::Works);
        bench.expect_whole(&daemon);
        let shown = bench.show();
        assert_eq!(shown["conversion"]["attempt"], 3, "{shown}");
        let text = bench.site.ok(&["show", "talk"]).stdout;
        assert!(text.contains("(attempt 3)"), "{text}");
    }
}

#[test]
fn c5_the_daemon_is_killed_while_ffmpeg_is_there() {
    for stage in STANDSTILLS {
        let (mut bench, daemon) = Bench::live(|_site| {});
        let child = bench.replace(&daemon, stage);
        daemon.kill();
        // What the orphan has written is swept, even while it goes on.
        let daemon = bench.site.start();
        let unfinished = |bench: &Bench| {
            bench
                .artifacts()
                .into_iter()
                .filter(|name| name.starts_with(".tmp-") && name.contains("-2.mp4"))
                .count()
        };
        assert_eq!(unfinished(&bench), 0, "{stage:?}: {:?}", bench.artifacts());
        kill(&child);
        bench.behave(Mode::Works);
        bench.expect_whole(&daemon);
    }
}

#[test]
fn c5_the_daemon_and_ffmpeg_are_killed_together() {
    for stage in STANDSTILLS {
        let (mut bench, daemon) = Bench::live(|_site| {});
        let child = bench.replace(&daemon, stage);
        kill_process(child.pid, Signal::KILL).unwrap();
        daemon.kill();
        kill(&child);
        bench.behave(Mode::Works);
        let daemon = bench.site.start();
        bench.expect_whole(&daemon);
    }
}

/// An ffmpeg that outlives its daemon begins to write when the next daemon has swept already.
#[test]
fn c5_an_orphan_finds_no_place_to_write_to() {
    let (mut bench, daemon) = Bench::live(|_site| {});
    let orphan = bench.replace(&daemon, Mode::Waits);
    daemon.kill();
    let daemon = bench.site.start();
    let _next = Child::standing_still(daemon.pid(), bench.site.folder(), Mode::Waits);
    bench.behave(Mode::Works);
    wait::until("the orphan to end", || if orphan.is_alive() { Err(format!("{orphan:?}")) } else { Ok(()) });
    bench.expect_whole(&daemon);
}

/// A system call of the daemon, of which the process does not come back.
struct LastCall {
    stage: &'static str,
    /// Where ffmpeg stands still while strace is attached.
    after: Mode,
    inject: &'static str,
    /// What it is about: files of the artifact folder by the end of their names, the folder itself or the log.
    about: About,
}

#[derive(Clone, Copy)]
enum About {
    Source,
    Draft,
    Folder,
    Log,
}

const LAST_CALLS: [LastCall; 9] = [
    LastCall {
        stage: "ffmpeg has ended, and nothing of the result was read",
        after: Mode::Writes,
        inject: "pread64:signal=KILL:when=1",
        about: About::Draft,
    },
    LastCall {
        stage: "the index of the result is being read",
        after: Mode::Writes,
        inject: "pread64:signal=KILL:when=3",
        about: About::Draft,
    },
    LastCall {
        stage: "the result is verified, the source is looked at a last time",
        after: Mode::WaitsToCheck,
        inject: "openat:signal=KILL:when=1",
        about: About::Source,
    },
    LastCall {
        stage: "before the sync",
        after: Mode::WaitsToCheck,
        inject: "fsync:signal=KILL:when=1",
        about: About::Draft,
    },
    LastCall {
        stage: "after the sync, before the rename",
        after: Mode::WaitsToCheck,
        inject: "rename:signal=KILL:when=1",
        about: About::Draft,
    },
    LastCall {
        stage: "after the rename, before its sync",
        after: Mode::WaitsToCheck,
        inject: "openat:signal=KILL:when=1",
        about: About::Folder,
    },
    LastCall {
        stage: "at the sync of the rename",
        after: Mode::WaitsToCheck,
        inject: "fsync:signal=KILL:when=1",
        about: About::Folder,
    },
    LastCall {
        stage: "before the commit of \"ready\" is written",
        after: Mode::WaitsToCheck,
        inject: "pwrite64:signal=KILL:when=1",
        about: About::Log,
    },
    LastCall {
        stage: "after the commit of \"ready\" was written, before its sync",
        after: Mode::WaitsToCheck,
        inject: "fdatasync:signal=KILL:when=1",
        about: About::Log,
    },
];

/// The path that the calls are about, as strace takes it.
fn path_of(bench: &Bench, about: About) -> String {
    let artifacts = bench.site.state().join("artifacts");
    let last = |folder: &Path, begin: &str| {
        let found = names(folder).into_iter().rfind(|name| name.starts_with(begin));
        folder.join(found.unwrap_or_else(|| panic!("{begin} in {:?}", names(folder))))
    };
    let path = match about {
        About::Source => bench.site.library().join("talk.mp4"),
        About::Draft => {
            let folder = last(&artifacts, ".tmp-");
            last(&folder, "")
        }
        About::Folder => artifacts,
        About::Log => last(&bench.site.state().join("log"), ""),
    };
    path.to_str().unwrap().to_owned()
}

/// Lets ffmpeg go on, and the daemon die at that call.
fn die_at(bench: &mut Bench, mut daemon: Daemon, call: &LastCall) -> Option<()> {
    let child = bench.replace(&daemon, call.after);
    let trace = bench.site.folder().join("trace");
    let path = path_of(bench, call.about);
    let inject = format!("inject={}", call.inject);
    let args = ["-P", &path, "-e", &inject, "-o", trace.to_str().unwrap()];
    let strace = Strace::attach(daemon.pid(), &args)?;
    bench.behave(Mode::Works);
    let status = wait::until("the daemon to be killed", || {
        bench.poll(&daemon);
        daemon
            .has_ended()
            .ok_or_else(|| format!("{}: {:?}", call.stage, bench.site.vodpost(&["show", "talk"])))
    });
    strace.detach();
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    assert_eq!(signal, Some(9), "{}: {status}", call.stage);
    kill(&child);
    Some(())
}

#[test]
fn c5_the_daemon_dies_at_every_step_from_the_end_of_ffmpeg_to_the_commit() {
    for call in &LAST_CALLS {
        let (mut bench, daemon) = Bench::live(|_site| {});
        if die_at(&mut bench, daemon, call).is_none() {
            return;
        }
        let daemon = bench.site.start();
        bench.expect_whole(&daemon);
    }
}

#[test]
fn c5_the_daemon_dies_as_soon_as_the_url_is_live() {
    let (mut bench, daemon) = Bench::live(|_site| {});
    bench.replace(&daemon, Mode::WaitsToCheck);
    bench.behave(Mode::Works);
    bench.wait_live(&daemon);
    daemon.kill();
    let daemon = bench.site.start();
    bench.expect_whole(&daemon);
    assert_eq!(bench.show()["conversion"]["attempt"], 2);
}
