//! S1 and S3 on disks that fail: changes are refused with the reason, everything else goes on, and when the disk works
//! again changes are accepted without a restart.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::skip::skip;
use vodpost_tests::strace::Strace;
use vodpost_tests::wait;

/// A site with one live URL.
fn live() -> (Site, Daemon, String) {
    let site = Site::new();
    let (daemon, token) = make_live(&site);
    (site, daemon, token)
}

fn make_live(site: &Site) -> (Daemon, String) {
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    (daemon, token)
}

/// A change is refused in one sentence that holds the reason; reads and URLs go on as they were.
fn expect_refused(site: &Site, daemon: &Daemon, token: &str, reason: &str) {
    let before = site.json(&["events"]);
    let said = site.vodpost(&["suspend", token]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.stderr.contains(reason), "{said:?}");
    assert!(said.stderr.contains("nothing was changed"), "{said:?}");
    let json = site.vodpost(&["suspend", token, "--json"]);
    let error: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(error["error"]["kind"], "storage_failed", "{error}");
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 200);
    assert_eq!(site.json(&["show", "talk"])["postings"][0]["state"], "live");
    assert_eq!(site.json(&["events"]), before, "the history can be read and is the same");
    assert!(site.json(&["status"])["storage"].to_string().contains(reason));
}

/// The daemon takes changes again, and they are there after its end.
fn expect_recovered(site: &Site, daemon: &Daemon, token: &str) {
    site.ok(&["suspend", token]);
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 403);
    site.ok(&["source", "suspend", "talk"]);
    let label = site.json(&["events"]);
    assert!(label["events"].as_array().unwrap().len() > 5);
}

fn expect_kept(site: &Site, token: &str, before: &serde_json::Value) {
    let daemon = site.start();
    assert_eq!(site.json(&["events"]), *before);
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 403);
    assert_eq!(site.json(&["show", "talk"])["postings"][0]["switch"], "off");
    daemon.kill();
}

#[test]
fn s1_a_disk_that_fails_for_a_while_refuses_changes_and_then_takes_them_again() {
    let errors = [
        ("inject=fdatasync:error=EIO", "Input/output error"),
        ("inject=pwrite64:error=EIO", "Input/output error"),
        ("inject=pwrite64,rename,unlink:error=EROFS", "Read-only file system"),
        ("inject=pwrite64:error=ENOSPC", "No space left on device"),
        ("inject=fsync,fdatasync:error=ENOSPC", "No space left on device"),
    ];
    for (inject, reason) in errors {
        let (site, daemon, token) = live();
        let quiet = site.folder().join("trace");
        let args = ["-e", inject, "-o", quiet.to_str().unwrap()];
        let Some(strace) = Strace::attach(daemon.pid(), &args) else { return };
        for _ in 0..3 {
            expect_refused(&site, &daemon, &token, reason);
        }
        strace.detach();
        expect_recovered(&site, &daemon, &token);
        let events = site.json(&["events"]);
        daemon.kill();
        expect_kept(&site, &token, &events);
    }
}

/// What is due is not tried without a pause, and a disk that works again needs nobody who changes something.
#[test]
fn s1_a_disk_that_refuses_is_tried_now_and_then_and_found_to_work_again() {
    let site = Site::new().with_config("[events]\nkeep_for = \"1s\"");
    let (daemon, token) = make_live(&site);
    let trace = site.folder().join("trace");
    let args = ["-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC", "-o", trace.to_str().unwrap()];
    let Some(strace) = Strace::attach(daemon.pid(), &args) else { return };
    expect_refused(&site, &daemon, &token, "No space left on device");
    let tries = || std::fs::read_to_string(&trace).unwrap().matches("INJECTED").count();
    let before = tries();
    // Events are due to be given up all the time.
    wait::until("the disk to be tried twice more", || {
        if tries() >= before + 2 { Ok(()) } else { Err(tries().to_string()) }
    });
    assert!(tries() < before + 20, "{} tries, after {before}", tries());
    strace.detach();
    wait::until("changes to be accepted again", || {
        let status = site.json(&["status"]);
        if status["storage"].to_string().contains("No space") {
            Err(status["storage"].to_string())
        } else {
            Ok(())
        }
    });
    site.ok(&["suspend", &token]);
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 403);
    let (status, log) = daemon.terminate();
    assert!(status.success());
    let said = log.matches("changes cannot be made durable").count();
    assert!(said <= 3, "said {said} times:\n{log}");
}

/// sled fails for ever after its first failed write.
#[test]
fn s3_a_state_table_that_failed_is_caught_up_without_a_restart() {
    let (site, daemon, token) = live();
    let quiet = site.folder().join("trace");
    let args = ["-e", "inject=pwrite64:error=ENOSPC", "-o", quiet.to_str().unwrap()];
    let Some(strace) = Strace::attach(daemon.pid(), &args) else { return };
    // The table is flushed two seconds after the first change.
    std::thread::sleep(Duration::from_millis(2500));
    expect_refused(&site, &daemon, &token, "No space left on device");
    strace.detach();
    expect_recovered(&site, &daemon, &token);
    std::thread::sleep(Duration::from_millis(2500));
    let events = site.json(&["events"]);
    let (status, log) = daemon.terminate();
    assert!(status.success(), "{log}");
    assert!(
        log.contains("the state table cannot follow") && log.contains("the state table has caught up"),
        "{log}"
    );
    expect_kept(&site, &token, &events);
}

/// A file system in a file, mounted; `None`, and a line that says why, where that is not possible.
struct Mounted {
    image: PathBuf,
    at: PathBuf,
}

fn run(program: &str, args: &[&Path]) -> Result<String, String> {
    let output = Command::new(program).args(args).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}

impl Mounted {
    fn new(image: &Path, at: &Path, size: u64, options: &str) -> Option<Self> {
        let made = std::fs::File::create(image)
            .and_then(|file| file.set_len(size))
            .and_then(|()| std::fs::create_dir_all(at))
            .map_err(|error| error.to_string())
            // Without a journal, whose end would be the end of the file system.
            .and_then(|()| {
                let quiet = ["-q", "-O", "^has_journal", "-b", "4096"].map(Path::new);
                run("mkfs.ext4", &[&quiet[..], &[image]].concat())
            })
            .and_then(|_said| Self::mount(image, at, options));
        match made {
            Ok(()) => Some(Self { image: image.to_owned(), at: at.to_owned() }),
            Err(why) => {
                skip(&format!("no file system of its own can be mounted: {why}"));
                None
            }
        }
    }

    fn mount(image: &Path, at: &Path, options: &str) -> Result<(), String> {
        run("mount", &[Path::new("-o"), Path::new(options), image, at]).map(|_said| ())
    }

    /// Makes a loop device pass on one page at a time. It takes a write of which only the beginning had room for a whole one,
    /// and says so of the sync as well: no honest disk does that.
    fn by_pages(&self) {
        let device = run(
            "losetup",
            &["-n", "-O", "NAME", "-j"].map(Path::new).into_iter().chain([&*self.image]).collect::<Vec<_>>(),
        );
        let device = device.unwrap();
        let name = Path::new(&device).file_name().unwrap().to_owned();
        std::fs::write(Path::new("/sys/block").join(name).join("queue/max_sectors_kb"), "4").unwrap();
    }

    /// Takes everything away that is in memory only.
    fn again(&self, options: &str) {
        run("umount", &[&self.at]).unwrap();
        Self::mount(&self.image, &self.at, options).unwrap();
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily, because the daemon of a failed test may still be there.
        drop(run("umount", &[Path::new("-l"), &self.at]));
    }
}

/// A disk whose blocks run out under the file system: writes succeed, and their syncs fail.
#[test]
fn s1_what_was_acknowledged_around_a_failed_sync_is_really_on_the_disk() {
    let site = Site::new();
    let below = site.folder().join("below");
    std::fs::create_dir(&below).unwrap();
    if let Err(why) = run(
        "mount",
        &["-t", "tmpfs", "-o", "size=4m", "tmpfs"]
            .map(Path::new)
            .into_iter()
            .chain([below.as_path()])
            .collect::<Vec<_>>(),
    ) {
        assert!(!rustix::process::geteuid().is_root(), "root can mount a small disk: {why}");
        skip(&format!("a small disk cannot be mounted: {why}"));
        return;
    }
    let small = Mounted { image: PathBuf::new(), at: below.clone() };
    let Some(disk) = Mounted::new(&below.join("image"), &site.state(), 32 << 20, "loop") else { return };
    disk.by_pages();
    let (daemon, token) = make_live(&site);
    let filler = below.join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while std::io::Write::write_all(&mut file, &[1; 4096]).is_ok() {}
    let verbs = ["suspend", "resume"].into_iter().cycle().take(400);
    let refused = verbs.map(|verb| site.vodpost(&[verb, &token])).find(|said| said.status != 0);
    let refused = refused.expect("a disk without blocks refuses changes");
    assert!(refused.stderr.contains("cannot write to"), "{refused:?}");
    let events = site.json(&["events"]);
    drop(file);
    std::fs::remove_file(&filler).unwrap();
    // Whatever was refused, this is a change.
    wait::until("changes to be accepted again", || {
        let said = site.vodpost(&["source", "suspend", "talk"]);
        if said.status == 0 { Ok(()) } else { Err(said.stderr) }
    });
    site.ok(&["suspend", &token]);
    let after = site.json(&["events"]);
    let (before, now) = (events["events"].as_array().unwrap(), after["events"].as_array().unwrap());
    assert_eq!(&now[..before.len()], &before[..]);
    daemon.kill();
    disk.again("loop");
    expect_kept(&site, &token, &after);
    drop(disk);
    drop(small);
}

#[test]
fn s3_a_file_system_that_turns_read_only_refuses_changes_and_serves_on() {
    let site = Site::new();
    let options = "loop,errors=remount-ro";
    let Some(disk) = Mounted::new(&site.folder().join("image"), &site.state(), 32 << 20, options) else {
        return;
    };
    let (daemon, token) = make_live(&site);
    let device = run("findmnt", &[Path::new("-no"), Path::new("SOURCE"), &disk.at]).unwrap();
    let name = Path::new(&device).file_name().unwrap().to_owned();
    // What the kernel itself does when it meets an error on the disk.
    std::fs::write(Path::new("/sys/fs/ext4").join(name).join("trigger_fs_error"), "test").unwrap();
    for _ in 0..3 {
        expect_refused(&site, &daemon, &token, "Read-only file system");
    }
    let events = site.json(&["events"]);
    daemon.kill();
    disk.again(options);
    let daemon = site.start();
    assert_eq!(site.json(&["events"]), events);
    expect_recovered(&site, &daemon, &token);
    daemon.kill();
}

/// Takes the last bytes of a disk.
fn fill(filler: &Path) {
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(filler).unwrap();
    for size in [1 << 16, 512, 1] {
        while std::io::Write::write_all(&mut file, &vec![1; size]).is_ok() {}
    }
}

/// A start must not need what only changes need.
#[test]
fn s1_a_daemon_starts_on_a_disk_that_takes_nothing_and_serves_what_there_is() {
    for full in [false, true] {
        let site = Site::new();
        let image = site.folder().join("image");
        let Some(disk) = Mounted::new(&image, &site.state(), 32 << 20, "loop") else { return };
        let (daemon, token) = make_live(&site);
        let events = site.json(&["events"]);
        daemon.kill();
        let filler = site.state().join("filler");
        let reason = if full {
            fill(&filler);
            "No space left on device"
        } else {
            disk.again("loop");
            run("mount", &[Path::new("-o"), Path::new("remount,ro"), &disk.at]).unwrap();
            "Read-only file system"
        };
        let daemon = site.start();
        assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 200);
        assert_eq!(site.json(&["events"]), events);
        if full {
            // What the start made free, and then the rest of the last block.
            fill(&filler);
            let verbs = ["suspend", "resume"].into_iter().cycle().take(400);
            let refused = verbs.map(|verb| site.vodpost(&[verb, &token])).find(|said| said.status != 0);
            let refused = refused.expect("a full disk refuses changes");
            assert!(refused.stderr.contains(reason), "{refused:?}");
            assert!(site.json(&["status"])["storage"].to_string().contains(reason));
            std::fs::remove_file(&filler).unwrap();
        } else {
            expect_refused(&site, &daemon, &token, reason);
            run("mount", &[Path::new("-o"), Path::new("remount,rw"), &disk.at]).unwrap();
        }
        wait::until("changes to be accepted again", || {
            let storage = site.json(&["status"])["storage"].to_string();
            if storage.contains(reason) { Err(storage) } else { Ok(()) }
        });
        expect_recovered(&site, &daemon, &token);
        daemon.kill();
    }
}
