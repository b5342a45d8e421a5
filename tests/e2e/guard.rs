//! ffmpeg under the real daemon: what confines it, and that it never outlives the daemon.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::wait;

/// Lines such as `name: value` of a file about a process.
fn about(pid: u32, file: &str) -> HashMap<String, String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

/// The children of a process that run ffmpeg by now.
fn ffmpegs(parent: Pid) -> Vec<u32> {
    let parent = parent.as_raw_nonzero().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let status = about(*pid, "status");
            status.get("PPid") == Some(&parent) && status.get("Name").is_some_and(|name| name == "ffmpeg")
        })
        .collect()
}

struct Converting {
    /// The process that does it.
    child: u32,
    /// What is set aside for it.
    needs_bytes: u64,
}

/// A site whose daemon converts something that takes long.
fn converting(site: &Site) -> (Daemon, Converting) {
    let daemon = site.start();
    site.add(&Sample::Long.path(), "talk.webm");
    site.scan();
    site.set_up_account();
    let needs_bytes = site.json(&["generate", "talk", "--dry-run"])["needs_bytes"].as_u64().unwrap();
    site.ok(&["generate", "talk"]);
    let child = wait::until("ffmpeg to write", || {
        let shown = site.json(&["show", "talk"]);
        let works = shown["conversion"]["progress"].as_f64().is_some_and(|progress| progress > 0.0);
        ffmpegs(daemon.pid()).pop().filter(|_| works).ok_or(shown.to_string())
    });
    (daemon, Converting { child, needs_bytes })
}

fn wait_gone(pid: u32) {
    wait::until("ffmpeg to be gone", || match about(pid, "status").get("State") {
        Some(state) if !state.starts_with('Z') => Err(state.clone()),
        Some(_) | None => Ok(()),
    });
}

fn confined(site: &Site) -> bool {
    let text = wait::until("ffmpeg to be tried", || {
        let status = site.json(&["status"]);
        let found = status["ffmpeg"]["found"].as_str().map(str::to_owned);
        found.filter(|text| text.contains("guarded") || text.contains("NOT")).ok_or(status.to_string())
    });
    text.ends_with("(guarded: files, network, system calls)")
}

#[test]
fn c5_ffmpeg_ends_with_the_daemon_however_that_ends() {
    for sandbox in ["best-effort", "off"] {
        let site = Site::new().with_config(&format!("[conversion]\nsandbox = \"{sandbox}\""));
        let (daemon, Converting { child, .. }) = converting(&site);
        daemon.kill();
        wait_gone(child);
        // What it had begun is done by the next daemon.
        let daemon = site.start();
        site.wait_shown("talk", "the video to be ready", |shown| shown["conversion"]["state"] == "ready");
        drop(daemon);
    }
    let site = Site::new();
    let (daemon, Converting { child, .. }) = converting(&site);
    let (status, log) = daemon.terminate();
    assert!(status.success(), "{log}");
    wait_gone(child);
}

#[test]
fn limits_and_confinement_are_in_force() {
    let site = Site::new();
    let (daemon, Converting { child, needs_bytes }) = converting(&site);
    let limits = std::fs::read_to_string(format!("/proc/{child}/limits")).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).expect("a limit");
        line.split_whitespace().next().unwrap().to_owned()
    };
    for name in ["Max address space", "Max cpu time", "Max file size"] {
        assert!(limit(name).parse::<u64>().is_ok_and(|limit| limit > 0), "{name}: {limits}");
    }
    assert_eq!(limit("Max file size"), needs_bytes.to_string(), "it takes no more than was set aside for it");
    assert_eq!((limit("Max open files").as_str(), limit("Max core file size").as_str()), ("256", "0"));
    let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // Group, session, niceness.
    let own = child.to_string();
    assert_eq!((fields[2], fields[3], fields[16]), (own.as_str(), own.as_str(), "10"), "{stat}");
    // Part of every Linux (util-linux), and what sets it, too.
    let ionice = Command::new("ionice").args(["-p", &own]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ionice.stdout), "best-effort: prio 7\n", "{ionice:?}");
    let open: Vec<_> = std::fs::read_dir(format!("/proc/{child}/fd"))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|target| target.starts_with(site.folder()))
        .collect();
    assert!(
        open.iter()
            .all(|path| path.starts_with(site.library()) || path.starts_with(site.state().join("artifacts"))),
        "{open:?}"
    );
    let environment = std::fs::read(format!("/proc/{child}/environ")).unwrap();
    let names = environment.split(|byte| *byte == 0).filter(|entry| !entry.is_empty());
    let names: Vec<_> = names.map(|entry| String::from_utf8_lossy(entry).into_owned()).collect();
    let kept = ["PATH=", "HOME=", "LD_LIBRARY_PATH="];
    assert!(names.iter().all(|name| kept.iter().any(|kept| name.starts_with(kept))), "{names:?}");
    if confined(&site) {
        let status = about(child, "status");
        assert_eq!((status["NoNewPrivs"].as_str(), status["Seccomp"].as_str()), ("1", "2"));
        // At most the right to read whatever file it was given.
        let rights = u64::from_str_radix(&status["CapEff"], 16).unwrap();
        assert_eq!(rights & !(1 << 2), 0, "{status:?}");
    }
    drop(daemon);
}

/// A site with a program that is configured as ffmpeg, works as such when it is tried, and reaches for everything else
/// instead of converting. Without other programs, since it could start none.
fn site_with_impostor(sandbox: &str, port: u16) -> Site {
    let site = Site::new();
    let (path, key, state) = (site.folder().join("impostor"), site.state().join("account.key"), site.state());
    let text = format!(
        "#!/bin/bash\n\
         [ \"$1\" = -version ] && exec ffmpeg \"$@\"\n\
         said=\n\
         {{ : <{key:?}; }} && said+='key read, '\n\
         {{ : >>{key:?}; }} && said+='key writable, '\n\
         cd {state:?} && for file in *; do [ \"$file\" = account.key ] && said+='state listed, '; done\n\
         {{ : <>/dev/tcp/127.0.0.1/{port}; }} && said+='connected, '\n\
         kill -0 $PPID && said+='daemon in reach, '\n\
         echo \"${{said}}that is all\" >&2\n\
         exit 1\n"
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    site.with_config(&format!("[conversion]\nsandbox = \"{sandbox}\"\nffmpeg = {path:?}"))
}

#[test]
fn a_program_in_its_place_cannot_touch_the_state_or_the_daemon() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for (sandbox, expected) in [
        ("off", "key read, key writable, state listed, connected, daemon in reach, that is all"),
        ("best-effort", "that is all"),
    ] {
        let site = site_with_impostor(sandbox, listener.local_addr().unwrap().port());
        let mut daemon = site.start();
        site.add(&Sample::Vp9.path(), "talk.webm");
        site.scan();
        site.set_up_account();
        if sandbox != "off" && !confined(&site) {
            return;
        }
        assert!(site.state().join("account.key").exists());
        site.ok(&["generate", "talk"]);
        let failed = |shown: &Value| shown["conversion"]["state"] == "failed";
        let shown = site.wait_shown("talk", "the conversion to fail", failed);
        let reason = shown["conversion"]["reason"].as_str().unwrap();
        assert_eq!(reason, format!("ffmpeg failed with status 1: {expected}"));
        daemon.assert_alive();
    }
}

/// A daemon that was started by a command of the test's own, once it is ready.
struct Own(Child);

impl Own {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("ready "), "{line}");
        Self(child)
    }

    /// What it logged until it ended in order.
    fn terminate(mut self) -> String {
        kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        let mut log = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(self.0.wait().unwrap().success(), "{log}");
        log
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_daemon_whose_program_was_replaced_guards_as_before() {
    let site = Site::new();
    let program = site.folder().join("vodpostd");
    std::fs::copy(vodpost_tests::site::program("vodpostd"), &program).unwrap();
    let usual = site.daemon_command();
    let mut command = Command::new(&program);
    command.args(usual.get_args()).stdin(Stdio::null());
    let daemon = Own::start(command);
    std::fs::remove_file(&program).unwrap();
    std::fs::write(&program, "another one").unwrap();
    site.add(&Sample::Vp9.path(), "talk.webm");
    site.scan();
    site.set_up_account();
    site.generate("talk");
    drop(daemon);
}

#[test]
fn a_look_into_a_file_that_hangs_does_not_hold_up_the_end() {
    let site = Site::new();
    let path = site.folder().join("slow");
    let looked = site.folder().join("looked");
    // Not confined, since it leaves a sign that it runs.
    std::fs::write(
        &path,
        format!(
            "#!/bin/sh\n[ \"$1\" = -version ] && exec ffprobe \"$@\"\n: >{looked:?}\nwhile :; do :; done\n"
        ),
    )
    .unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    let site = site.with_config(&format!("[conversion]\nsandbox = \"off\"\nffprobe = {path:?}"));
    site.add(&Sample::Vp9.path(), "talk.webm");
    let mut command = site.daemon_command();
    command.env("RUST_LOG", "vodpostd=debug");
    let daemon = Own::start(command);
    wait::until("ffprobe to run", || if looked.exists() { Ok(()) } else { Err("not yet".to_owned()) });
    let log = daemon.terminate();
    assert!(!log.contains("did not end within"), "{log}");
}

/// A daemon of which the kernel seems to be without some system calls.
fn without(calls: &str, site: &Site) -> Option<Command> {
    let traced = Command::new("strace").args(["-V"]).output();
    if traced.is_err() {
        return None;
    }
    let daemon = site.daemon_command();
    let mut command = Command::new("strace");
    // As a grandchild (-D), so that the child of this test is the daemon.
    command.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
    command.args(["-e", &format!("inject={calls}:error=ENOSYS")]);
    command.arg(daemon.get_program()).args(daemon.get_args());
    Some(command)
}

#[test]
fn what_the_kernel_lacks_is_said_loudly() {
    for (calls, said) in [
        (
            "landlock_create_ruleset",
            "NOT fully confined (all files are open to it): this kernel has no Landlock",
        ),
        (
            "seccomp",
            "NOT fully confined (network and system calls are open to it): this kernel has no seccomp",
        ),
        ("landlock_create_ruleset,seccomp", "NOT confined: this kernel has no Landlock"),
    ] {
        for (sandbox, refused) in [("best-effort", false), ("required", true)] {
            let site = Site::new().with_config(&format!("[conversion]\nsandbox = \"{sandbox}\""));
            let Some(mut command) = without(calls, &site) else {
                vodpost_tests::skip::skip("strace cannot be run; scripts/test installs it");
                return;
            };
            let checked = command.arg("check-config").output().unwrap();
            let errors = String::from_utf8_lossy(&checked.stderr);
            assert!(errors.contains(said), "{calls}: {errors}");
            assert_eq!(checked.status.code(), Some(if refused { 2 } else { 0 }), "{errors}");
            let daemon = Own::start(without(calls, &site).unwrap());
            site.add(&Sample::Ac3.path(), "talk.mp4");
            site.scan();
            site.set_up_account();
            assert!(!confined(&site));
            assert!(site.json(&["status"])["ffmpeg"]["found"].as_str().unwrap().contains(said));
            site.ok(&["generate", "talk"]);
            let (state, reason) = match refused {
                true => (
                    "failed",
                    "set conversion.sandbox to \"best-effort\", restart vodpostd and run `vodpost retry`",
                ),
                false => ("ready", ""),
            };
            let shown = site.wait_shown("talk", "the conversion to end", |shown| {
                ["ready", "failed"].map(Value::from).contains(&shown["conversion"]["state"])
            });
            assert_eq!(shown["conversion"]["state"], state, "{shown}");
            assert!(shown["conversion"]["reason"].as_str().unwrap_or_default().ends_with(reason), "{shown}");
            drop(daemon);
        }
    }
}

/// By the way that every file takes: found in the library, looked into, ordered.
#[test]
fn playlists_that_are_called_videos_reach_no_other_file_and_no_network() {
    let site = Site::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/secret.ts", listener.local_addr().unwrap());
    let secret = site.folder().join("secret.mp4");
    std::fs::copy(Sample::IndexLast.path(), &secret).unwrap();
    let playlist =
        |url: &str| format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n");
    let concat = |url: &str| format!("ffconcat version 1.0\nfile '{url}'\n");
    let secret = secret.to_str().unwrap();
    let attacks = [
        ("hls-file", playlist(secret)),
        ("hls-net", playlist(&url)),
        ("concat-file", concat(secret)),
        ("concat-net", concat(&url)),
    ];
    for (title, text) in &attacks {
        for ending in ["mp4", "mkv"] {
            std::fs::write(site.library().join(format!("{title}-{ending}.{ending}")), text).unwrap();
        }
    }
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    for (title, _) in &attacks {
        for ending in ["mp4", "mkv"] {
            let name = format!("{title}-{ending}");
            let shown = site.json(&["show", &name]);
            assert_eq!(shown["renditions"][0]["selected"], false, "{shown}");
            let refused = site.vodpost(&["generate", &name]);
            assert_eq!(refused.status, 7, "{name}: {refused:?}");
        }
    }
    let called = listener.accept();
    assert!(called.is_err(), "somebody called: {called:?}");
    drop(daemon);
}
