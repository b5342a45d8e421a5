//! What any program in ffmpeg's place may and may not do: Python here, which can ask for every system call.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::Duration;

use vodpostd::guard::{Access, Guard, Guarded, Sandbox};

use crate::world::{World, ffmpeg, run};

/// Tries one thing after the other and says of each whether it was done or how it was refused. Its arguments are a secret
/// file and its folder, the file to read, the file to write, the two ports, the path of a socket, and then the names of what
/// is to be tried, if that is not everything.
const PROGRAM: &str = r#"
import ctypes, errno, os, resource, socket, sys
secret, folder, given, output, tcp, udp, unix, *only = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) for a in arguments]) < 0:
        raise OSError(ctypes.get_errno(), "")
def attempt(what, action):
    if only and what not in only:
        return
    try:
        action()
        print(what, "done")
    except OSError as error:
        print(what, errno.errorcode.get(error.errno, error.errno))
def connect(kind, to):
    s = socket.socket(*kind)
    s.connect(to)
    s.send(b"x")
    s.close()
def written(path):
    with open(path, "r+b") as file:
        file.write(b"written")
x86 = os.uname().machine == "x86_64"
parent = os.getppid()
attempt("read-given", lambda: open(given, "rb").read())
attempt("write-output", lambda: written(output))
attempt("cut-output", lambda: open(output, "wb"))
attempt("read-sink", lambda: written("/dev/null"))
attempt("thread", lambda: __import__("threading").Thread(target=print).start())
attempt("signal-self", lambda: os.kill(os.getpid(), 0))
attempt("read-secret", lambda: open(secret, "rb").read())
attempt("list-folder", lambda: os.listdir(folder))
attempt("list-root", lambda: os.listdir("/"))
attempt("read-passwd", lambda: open("/etc/passwd").read())
attempt("read-environ", lambda: open(f"/proc/{parent}/environ", "rb").read())
attempt("read-memory", lambda: open(f"/proc/{parent}/mem", "rb").read(1))
attempt("write-given", lambda: written(given))
attempt("write-secret", lambda: written(secret))
attempt("cut-given", lambda: os.open(given, os.O_RDONLY | os.O_TRUNC))
attempt("cut-by-name", lambda: os.truncate(given, 0))
attempt("make-file", lambda: open(folder + "/new", "x"))
attempt("make-temporary", lambda: open(f"/tmp/vodpost-guard-{os.getpid()}", "x"))
attempt("make-folder", lambda: os.mkdir(folder + "/new"))
attempt("remove", lambda: os.unlink(secret))
attempt("rename", lambda: os.rename(output, folder + "/new"))
attempt("link", lambda: os.link(given, folder + "/new"))
attempt("symlink", lambda: os.symlink(given, folder + "/new"))
attempt("chmod", lambda: os.chmod(secret, 0o777))
attempt("chown", lambda: os.chown(secret, os.getuid(), os.getgid()))
attempt("utime", lambda: os.utime(secret))
attempt("setxattr", lambda: os.setxattr(output, "user.a", b""))
attempt("tcp", lambda: connect((socket.AF_INET, socket.SOCK_STREAM), ("127.0.0.1", int(tcp))))
attempt("udp", lambda: connect((socket.AF_INET, socket.SOCK_DGRAM), ("127.0.0.1", int(udp))))
attempt("unix", lambda: connect((socket.AF_UNIX, socket.SOCK_STREAM), unix))
attempt("listen", lambda: socket.create_server(("127.0.0.1", 0)))
attempt("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
attempt("fork", lambda: os.fork() or os._exit(0))
attempt("spawn", lambda: os.posix_spawn("/bin/true", ["true"], {}))
attempt("setsid", os.setsid)
attempt("setpgid", lambda: os.setpgid(0, 0))
attempt("signal-parent", lambda: os.kill(parent, 0))
attempt("signal-all", lambda: os.kill(-1, 0))
attempt("limit-parent", lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE))
attempt("nice-parent", lambda: os.setpriority(os.PRIO_PROCESS, parent, 15))
attempt("pidfd", lambda: os.pidfd_open(parent))
attempt("ptrace", lambda: call(101 if x86 else 117, 16, parent, 0, 0))
attempt("io_uring", lambda: call(425, 1, 0))
attempt("clone3", lambda: call(435, 0, 0))
attempt("unshare", lambda: call(272 if x86 else 97, 0x10000000))
attempt("bpf", lambda: call(321 if x86 else 280, 0, 0, 0))
attempt("userfaultfd", lambda: call(323 if x86 else 282, 1))
attempt("keyctl", lambda: call(250 if x86 else 219, 0, -3, 1))
attempt("other-numbering", lambda: call(0x40000000 | 39 if x86 else 39, 0))
"#;

/// Where the kernel has its own answer to a call that is never allowed.
const REFUSALS: [&str; 3] = ["EPERM", "EACCES", "ENOSYS"];
const ALLOWED: [&str; 6] = ["read-given", "write-output", "cut-output", "read-sink", "thread", "signal-self"];

fn python() -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    let candidates = std::env::split_paths(&path).map(|folder| folder.join("python3"));
    candidates.into_iter().find(|candidate| candidate.is_file() && candidate.starts_with("/usr"))
}

#[test]
fn a_program_in_its_place_can_do_nothing_but_read_one_file_and_write_one() {
    let world = World::new();
    if !world.confines() {
        return;
    }
    let Some(python) = python() else {
        crate::skip::skip("there is no python3 below /usr");
        return;
    };
    let listener = world.path("s.sock");
    let _socket = std::os::unix::net::UnixListener::bind(&listener).unwrap();
    let key = world.write("account.key", "secret");
    let (given, output) = (world.write("given.mp4", "given"), world.write("output.mp4", "output"));
    let ports = [world.tcp_port(), world.udp_port()].map(|port| port.to_string());
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let arguments = [
        text(&key),
        text(world.folder.path()),
        text(&given),
        text(&output),
        ports[0].clone(),
        ports[1].clone(),
        text(&listener),
    ];
    let mut all = vec!["-I", "-c", PROGRAM];
    all.extend(arguments.iter().map(String::as_str));
    let ended = run(&world.guarded, &python, &all, &[&given], &[&output]);
    let said = String::from_utf8(ended.text).unwrap();
    let answers: Vec<(&str, &str)> = said.lines().filter_map(|line| line.split_once(' ')).collect();
    assert_eq!(answers.len(), PROGRAM.matches("\nattempt(").count(), "{said}{}", ended.errors);
    for (what, answer) in answers {
        let expected: &[&str] = if ALLOWED.contains(&what) { &["done"] } else { &REFUSALS };
        assert!(expected.contains(&answer), "{what}: {answer}");
    }
    assert!(!world.was_reached());
    assert_eq!(std::fs::read(&key).unwrap(), b"secret");
    assert_eq!(std::fs::read(&given).unwrap(), b"given");
    assert!(!world.path("new").exists());
    // Unguarded the same program does what it wants, as far as its user may. Nothing that would harm this test.
    let harmless =
        ["read-secret", "list-folder", "read-passwd", "tcp", "udp", "unix", "fork", "signal-parent"];
    all.extend(harmless);
    let free = run(&world.free, &python, &all, &[&given], &[&output]);
    let said = String::from_utf8(free.text).unwrap();
    for what in harmless {
        assert!(said.contains(&format!("{what} done")), "{said}{}", free.errors);
    }
    assert!(world.was_reached());
}

#[test]
fn a_program_in_a_folder_of_its_own_finds_its_libraries_and_nothing_else() {
    let world = World::new();
    if !world.confines() {
        return;
    }
    // As a static build in /opt would be.
    let program = world.path("ffmpeg");
    std::fs::copy(ffmpeg(), &program).unwrap();
    let verdict = world.guarded.verdict(&program);
    assert!(verdict.lack().is_none() && verdict.version.is_some(), "{verdict}");
    // One that cannot live without what the guard denies runs all the same, with as much of it as it can stand.
    world.write("setting", "");
    let wrapper = world.write(
        "wrapper",
        format!("#!/bin/sh\n. {}/setting\nexec ffmpeg \"$@\"\n", world.folder.path().display()),
    );
    let script = PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&wrapper, script).unwrap();
    let verdict = world.guarded.verdict(&wrapper);
    assert!(verdict.layers.calls && !verdict.layers.files && verdict.version.is_some(), "{verdict:?}");
    assert!(verdict.to_string().contains("NOT fully confined (all files are open to it)"), "{verdict}");
    assert!(verdict.to_string().contains("conversion.sandbox_read"), "{verdict}");
    // And where that is said, it is confined.
    let folders = vec![world.folder.path().to_owned()];
    let launcher = env!("CARGO_BIN_EXE_vodpostd").into();
    let guard = Guard::launched_by(launcher, Sandbox::Required, folders);
    assert!(guard.verdict(&wrapper).lack().is_none(), "{}", guard.verdict(&wrapper));
}

#[test]
fn what_the_daemon_inherited_the_tool_does_not() {
    let world = World::new();
    let secret = world.write("secret", "");
    let launcher = world.write(
        "launcher",
        format!("#!/bin/sh\nexec 9<{secret:?}\nexec {} \"$@\"\n", env!("CARGO_BIN_EXE_vodpostd")),
    );
    std::fs::set_permissions(&launcher, PermissionsExt::from_mode(0o755)).unwrap();
    let guard = Guard::launched_by(launcher, Sandbox::Off, Vec::new());
    let script = "for open in 0 1 2 9; do [ -e /proc/self/fd/$open ] && printf $open; done";
    let ended = run(&guard, Path::new("/bin/sh"), &["-c", script], &[], &[]);
    assert_eq!(ended.text, b"012", "{}", ended.errors);
}

#[test]
fn more_than_was_reserved_is_not_written() {
    let world = World::new();
    let output = world.path("output");
    for guard in [&world.guarded, &world.free] {
        let (write, program) = ([&*output], Path::new("/bin/sh"));
        let access = Access { write_len_max: Some(5000), ..guard.access(&[], &write) };
        let script = format!("while :; do echo 0123456789 >>{output:?}; done");
        let arguments = ["-c".into(), script.into()];
        let time = Duration::from_secs(60);
        let ended = Guarded { program, arguments: &arguments, access, time }.capture(1000).unwrap();
        // SIGXFSZ
        assert_eq!(ended.status.signal(), Some(25), "{}", ended.errors);
        assert_eq!(output.metadata().unwrap().len(), 5000);
        std::fs::remove_file(&output).unwrap();
    }
}

#[test]
fn a_guard_without_its_daemon_runs_nothing() {
    let world = World::new();
    let started = world.path("started");
    let order =
        ["guard", "--parent", "1", "--cpu-s", "9", "--memory-bytes", "9999999999", "--file-len-max", "9"];
    let vodpostd = || std::process::Command::new(env!("CARGO_BIN_EXE_vodpostd"));
    let ended = vodpostd().args(order).args(["--", "/bin/touch"]).arg(&started).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(
        (ended.status.code(), said.trim()),
        (Some(125), "vodpostd: the daemon that wanted this is gone")
    );
    assert!(!started.exists());
    // Nobody is told of it.
    let help = vodpostd().arg("--help").output().unwrap();
    assert!(!String::from_utf8_lossy(&help.stdout).contains("guard"));
}
