//! What may happen around a conversion while it runs, at each of its stages: its folder fails, its source changes, somebody
//! cancels it, its result is bad. It ends with a sentence, leaves nothing behind, and can be retried.

use std::path::Path;
use std::process::Command;

use vodpost_tests::http::get;
use vodpost_tests::site::Site;
use vodpost_tests::stand_in::{Child, Mode};
use vodpost_tests::wait;

use crate::conversion_crash::bench::{Bench, source};

const STANDSTILLS: [Mode; 3] = [Mode::Waits, Mode::Writes, Mode::WaitsToCheck];

/// Waits for the failure, and returns its sentence.
fn failure(bench: &Bench) -> String {
    let shown = bench
        .site
        .wait_shown("talk", "the conversion to fail", |shown| shown["conversion"]["state"] == "failed");
    assert_eq!(shown["postings"][0]["state"], "pending");
    shown["conversion"]["reason"].as_str().unwrap().to_owned()
}

/// No file of the conversion is left, finished or not; that of another attempt would be.
fn expect_no_media(bench: &Bench) {
    wait::until("the files of the conversion to be removed", || {
        let left = bench.artifacts();
        if left.iter().any(|name| name.contains(".mp4")) { Err(format!("{left:?}")) } else { Ok(()) }
    });
}

fn expect_ended(child: &Child) {
    wait::until("ffmpeg to end", || if child.is_alive() { Err(format!("{child:?}")) } else { Ok(()) });
}

#[test]
fn c4_a_conversion_is_cancelled_at_every_stage() {
    for stage in STANDSTILLS {
        let (mut bench, daemon) = Bench::live(|_site| {});
        let child = bench.replace(&daemon, stage);
        bench.site.ok(&["cancel", "talk"]);
        assert!(failure(&bench).starts_with("cancelled by"));
        expect_ended(&child);
        expect_no_media(&bench);
        bench.behave(Mode::Works);
        bench.site.ok(&["retry", "talk"]);
        bench.expect_whole(&daemon);
    }
}

#[test]
fn c5_the_source_is_replaced_at_every_stage() {
    for stage in STANDSTILLS {
        let (mut bench, daemon) = Bench::live(|_site| {});
        let child = bench.replace(&daemon, stage);
        bench.site.add(&source(bench.site.folder(), "smptebars"), "talk.mp4");
        bench.site.scan();
        expect_ended(&child);
        bench.behave(Mode::Works);
        bench.expect_whole(&daemon);
    }
}

/// Nobody has looked at the library since: the conversion itself notices.
#[test]
fn c5_a_source_that_is_replaced_unnoticed_is_noticed_before_the_switch() {
    for stage in STANDSTILLS {
        let (mut bench, daemon) = Bench::live(|_site| {});
        let child = bench.replace(&daemon, stage);
        bench.site.add(&source(bench.site.folder(), "smptebars"), "talk.mp4");
        bench.behave(Mode::Works);
        expect_ended(&child);
        assert_eq!(failure(&bench), "the file changed while it was converted");
        expect_no_media(&bench);
        bench.site.scan();
        if bench.show()["conversion"]["state"] == "failed" {
            bench.site.ok(&["retry", "talk"]);
        }
        bench.expect_whole(&daemon);
    }
}

#[test]
fn l6_the_source_is_deleted_at_every_stage() {
    for stage in STANDSTILLS {
        let (mut bench, daemon) = Bench::live(|_site| {});
        let child = bench.replace(&daemon, stage);
        bench.site.ok(&["source", "delete", "talk", "--yes"]);
        assert_eq!(get(daemon.http, &format!("/v/{}.mp4", bench.token)).status, 410);
        expect_ended(&child);
        wait::until("nothing to be left", || {
            let left = bench.artifacts();
            if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
        });
        assert_eq!(bench.show()["postings"][0]["state"], "invalid");
    }
}

#[test]
fn p4_the_source_is_suspended_at_every_stage_and_the_work_goes_on() {
    for stage in STANDSTILLS {
        let (mut bench, daemon) = Bench::live(|_site| {});
        let child = bench.replace(&daemon, stage);
        bench.site.ok(&["source", "suspend", "talk"]);
        let path = format!("/v/{}.mp4", bench.token);
        assert_eq!(get(daemon.http, &path).status, 403);
        bench.behave(Mode::Works);
        expect_ended(&child);
        bench
            .site
            .wait_shown("talk", "the conversion to end", |shown| shown["conversion"]["state"] == "ready");
        assert_eq!(get(daemon.http, &path).status, 403);
        bench.site.ok(&["source", "resume", "talk"]);
        bench.expect_whole(&daemon);
    }
}

#[test]
fn c6_a_result_with_a_bad_end_never_goes_live() {
    let (mut bench, daemon) = Bench::live(|_site| {});
    bench.replace(&daemon, Mode::Waits);
    bench.behave(Mode::Spoils);
    let reason = failure(&bench);
    assert!(reason.starts_with("the result was refused: it cannot be decoded ("), "{reason}");
    let shown = bench.show();
    assert!(!shown["conversion"]["output"].as_str().unwrap().is_empty(), "what ffmpeg said is kept: {shown}");
    expect_no_media(&bench);
    bench.behave(Mode::Works);
    bench.site.ok(&["retry", "talk"]);
    bench.expect_whole(&daemon);
}

#[test]
fn c4_the_folder_is_removed_at_every_stage() {
    for stage in STANDSTILLS {
        let (mut bench, daemon) = Bench::live(|_site| {});
        bench.replace(&daemon, stage);
        std::fs::remove_dir_all(bench.site.state().join("artifacts")).unwrap();
        bench.behave(Mode::Works);
        let reason = failure(&bench);
        assert!(reason.contains("No such file or directory"), "{stage:?}: {reason}");
        assert!(!reason.contains("decoded"), "{stage:?}: {reason}");
        bench.site.ok(&["retry", "talk"]);
        bench.expect_whole(&daemon);
    }
}

/// A file system of its own for the artifacts; `None`, and a line that says why, where none can be mounted.
struct OwnDisk(std::path::PathBuf);

impl OwnDisk {
    fn mount(site: &Site) -> Option<Self> {
        let folder = site.state().join("artifacts");
        std::fs::create_dir_all(&folder).unwrap();
        let made = Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(&folder).output();
        match made {
            Ok(output) if output.status.success() => Some(Self(folder)),
            made => {
                assert!(!rustix::process::geteuid().is_root(), "root can mount a disk: {made:?}");
                vodpost_tests::skip::skip(&format!("no disk can be mounted: {made:?}"));
                None
            }
        }
    }

    fn remount(&self, options: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).status();
        assert!(done.unwrap().success(), "{options}");
    }
}

impl Drop for OwnDisk {
    fn drop(&mut self) {
        // Lazily, because the daemon of a failed test may still be there.
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

#[test]
fn c4_the_disk_is_full_at_every_stage() {
    let fill = |folder: &Path| {
        let mut file = std::fs::File::create(folder.join("filler")).unwrap();
        while std::io::Write::write_all(&mut file, &[1; 1 << 16]).is_ok() {}
    };
    for stage in STANDSTILLS {
        let mut disk = None;
        let (mut bench, daemon) = Bench::live(|site| disk = OwnDisk::mount(site));
        let Some(disk) = disk else { return };
        // More than is always kept free, and little enough to be filled quickly.
        disk.remount("size=96m");
        bench.replace(&daemon, stage);
        fill(&disk.0);
        bench.behave(Mode::Works);
        // Before the check everything is written already.
        if stage != Mode::WaitsToCheck {
            assert_eq!(failure(&bench), "the disk of the artifact folder is full", "{stage:?}");
        }
        std::fs::remove_file(disk.0.join("filler")).unwrap();
        if bench.show()["conversion"]["state"] == "failed" {
            bench.site.ok(&["retry", "talk"]);
        }
        bench.expect_whole(&daemon);
        daemon.kill();
    }
}

#[test]
fn c4_the_disk_is_read_only_at_every_stage() {
    for stage in STANDSTILLS {
        let mut disk = None;
        let (mut bench, daemon) = Bench::live(|site| disk = OwnDisk::mount(site));
        let Some(disk) = disk else { return };
        let child = bench.replace(&daemon, stage);
        // Nobody may be writing for that.
        disk.remount("ro");
        bench.behave(Mode::Works);
        let reason = failure(&bench);
        assert!(reason.contains("Read-only file system"), "{stage:?}: {reason}");
        expect_ended(&child);
        disk.remount("rw");
        bench.site.ok(&["retry", "talk"]);
        // What could not be removed then is removed at the next start.
        bench.wait_live(&daemon);
        daemon.kill();
        let daemon = bench.site.start();
        bench.expect_whole(&daemon);
        daemon.kill();
    }
}
