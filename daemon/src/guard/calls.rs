//! Which system calls a guarded tool may not make: none that reaches the network, another process, or the system as a
//! whole. A list of what is forbidden, since what codecs and libraries of all versions need is not known.

use std::collections::BTreeMap;

use libc::{self as sys, c_long};
use rustix::process::Pid;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};

#[derive(Debug, thiserror::Error)]
pub(super) enum CallsError {
    #[error("no rules about system calls are known for this kind of processor")]
    Rules(#[from] BackendError),
    #[error("this kernel has no seccomp filters")]
    Kernel(#[from] seccompiler::Error),
}

/// Puts the rules in force for this process and whatever it becomes.
pub(super) fn restrict(own: Pid) -> Result<(), CallsError> {
    for program in [refused(own)?, unknown()?] {
        apply_filter(&program)?;
    }
    #[cfg(target_arch = "x86_64")]
    apply_filter(&second_numbering())?;
    Ok(())
}

const NETWORK: [c_long; 10] = [
    sys::SYS_socket,
    sys::SYS_socketpair,
    sys::SYS_connect,
    sys::SYS_bind,
    sys::SYS_listen,
    sys::SYS_accept,
    sys::SYS_accept4,
    sys::SYS_sendto,
    sys::SYS_sendmsg,
    sys::SYS_sendmmsg,
];

/// Other processes, shared memory and messages.
const PROCESSES: [c_long; 25] = [
    sys::SYS_ptrace,
    sys::SYS_process_vm_readv,
    sys::SYS_process_vm_writev,
    sys::SYS_process_madvise,
    sys::SYS_process_mrelease,
    sys::SYS_kcmp,
    sys::SYS_pidfd_open,
    sys::SYS_pidfd_getfd,
    sys::SYS_pidfd_send_signal,
    sys::SYS_tkill,
    sys::SYS_setpriority,
    sys::SYS_ioprio_set,
    sys::SYS_sched_setscheduler,
    sys::SYS_sched_setparam,
    sys::SYS_sched_setattr,
    sys::SYS_migrate_pages,
    sys::SYS_move_pages,
    sys::SYS_shmget,
    sys::SYS_shmat,
    sys::SYS_msgget,
    sys::SYS_semget,
    sys::SYS_mq_open,
    // Out of the group that is ended with it.
    sys::SYS_setsid,
    sys::SYS_setpgid,
    sys::SYS_perf_event_open,
];

/// What no rule about files covers, or only that of a newer kernel.
const FILES: [c_long; 25] = [
    sys::SYS_open_by_handle_at,
    sys::SYS_name_to_handle_at,
    sys::SYS_truncate,
    sys::SYS_fchmod,
    sys::SYS_fchmodat,
    sys::SYS_fchown,
    sys::SYS_fchownat,
    sys::SYS_utimensat,
    sys::SYS_setxattr,
    sys::SYS_lsetxattr,
    sys::SYS_fsetxattr,
    sys::SYS_removexattr,
    sys::SYS_lremovexattr,
    sys::SYS_fremovexattr,
    sys::SYS_mknodat,
    sys::SYS_mkdirat,
    sys::SYS_unlinkat,
    sys::SYS_symlinkat,
    sys::SYS_linkat,
    sys::SYS_renameat,
    sys::SYS_renameat2,
    sys::SYS_fanotify_init,
    sys::SYS_inotify_init1,
    sys::SYS_inotify_add_watch,
    // There since Linux 6.6, with one number everywhere.
    452,
];

const SYSTEM: [c_long; 43] = [
    sys::SYS_mount,
    sys::SYS_umount2,
    sys::SYS_pivot_root,
    sys::SYS_chroot,
    sys::SYS_open_tree,
    sys::SYS_move_mount,
    sys::SYS_fsopen,
    sys::SYS_fsconfig,
    sys::SYS_fsmount,
    sys::SYS_fspick,
    sys::SYS_mount_setattr,
    sys::SYS_unshare,
    sys::SYS_setns,
    sys::SYS_add_key,
    sys::SYS_request_key,
    sys::SYS_keyctl,
    sys::SYS_bpf,
    sys::SYS_userfaultfd,
    sys::SYS_io_uring_setup,
    sys::SYS_io_uring_enter,
    sys::SYS_io_uring_register,
    sys::SYS_kexec_load,
    sys::SYS_kexec_file_load,
    sys::SYS_init_module,
    sys::SYS_finit_module,
    sys::SYS_delete_module,
    sys::SYS_reboot,
    sys::SYS_swapon,
    sys::SYS_swapoff,
    sys::SYS_acct,
    sys::SYS_quotactl,
    sys::SYS_quotactl_fd,
    sys::SYS_syslog,
    sys::SYS_settimeofday,
    sys::SYS_clock_settime,
    sys::SYS_adjtimex,
    sys::SYS_clock_adjtime,
    sys::SYS_sethostname,
    sys::SYS_setdomainname,
    sys::SYS_vhangup,
    sys::SYS_nfsservctl,
    sys::SYS_lookup_dcookie,
    sys::SYS_personality,
];

/// Older forms of the above, which newer processors never had.
#[cfg(target_arch = "x86_64")]
const OLDER: [c_long; 16] = [
    sys::SYS_chmod,
    sys::SYS_chown,
    sys::SYS_lchown,
    sys::SYS_utime,
    sys::SYS_utimes,
    sys::SYS_futimesat,
    sys::SYS_mknod,
    sys::SYS_mkdir,
    sys::SYS_rmdir,
    sys::SYS_unlink,
    sys::SYS_symlink,
    sys::SYS_link,
    sys::SYS_rename,
    sys::SYS_inotify_init,
    sys::SYS_fork,
    sys::SYS_vfork,
];
#[cfg(target_arch = "x86_64")]
const PROCESSOR: [c_long; 3] = [sys::SYS_iopl, sys::SYS_ioperm, sys::SYS_modify_ldt];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: [c_long; 0] = [];
#[cfg(not(target_arch = "x86_64"))]
const PROCESSOR: [c_long; 0] = [];

/// Everything that answers "not permitted".
fn refused(own: Pid) -> Result<BpfProgram, BackendError> {
    let always = [&NETWORK[..], &PROCESSES[..], &FILES[..], &SYSTEM[..], &OLDER[..], &PROCESSOR[..]].concat();
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        always.into_iter().map(|call| (call, Vec::new())).collect();
    let own = u64::from(own.as_raw_nonzero().get().unsigned_abs());
    let is =
        |argument, operator, value| SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value);
    let (equal, other) = (SeccompCmpOp::Eq, SeccompCmpOp::Ne);
    // Signals to itself only.
    for call in [sys::SYS_kill, sys::SYS_tgkill, sys::SYS_rt_sigqueueinfo, sys::SYS_rt_tgsigqueueinfo] {
        rules.insert(call, vec![SeccompRule::new(vec![is(0, other.clone(), own)?])?]);
    }
    // Limits of itself only.
    let of_another = vec![is(0, other.clone(), 0)?, is(0, other, own)?];
    rules.insert(sys::SYS_prlimit64, vec![SeccompRule::new(of_another)?]);
    // Threads, but no processes: one of those would outlive it.
    let thread = sys::CLONE_THREAD.unsigned_abs().into();
    rules.insert(sys::SYS_clone, vec![SeccompRule::new(vec![is(0, SeccompCmpOp::MaskedEq(thread), 0)?])?]);
    // Opening to read and cutting off in one, which Landlock did not refuse before Linux 6.2.
    let cut = u64::from(sys::O_TRUNC.unsigned_abs());
    let mask = cut | u64::from(sys::O_ACCMODE.unsigned_abs());
    rules.insert(sys::SYS_openat, vec![SeccompRule::new(vec![is(2, SeccompCmpOp::MaskedEq(mask), cut)?])?]);
    #[cfg(target_arch = "x86_64")]
    rules.insert(sys::SYS_open, vec![SeccompRule::new(vec![is(1, SeccompCmpOp::MaskedEq(mask), cut)?])?]);
    // Typing into a terminal (TIOCSTI, TIOCLINUX).
    let typing = [sys::TIOCSTI, sys::TIOCLINUX].map(|request| is(1, equal.clone(), request));
    let typing = typing.into_iter().map(|condition| SeccompRule::new(vec![condition?]));
    rules.insert(sys::SYS_ioctl, typing.collect::<Result<_, _>>()?);
    compile(rules, libc::EPERM)
}

/// Calls that take what matters in memory, where no filter can look. libc does without them if they are not there.
fn unknown() -> Result<BpfProgram, BackendError> {
    let rules = [sys::SYS_clone3, sys::SYS_openat2].map(|call| (call, Vec::new()));
    compile(rules.into(), libc::ENOSYS)
}

fn compile(rules: BTreeMap<i64, Vec<SeccompRule>>, errno: i32) -> Result<BpfProgram, BackendError> {
    let refusal = SeccompAction::Errno(errno.unsigned_abs());
    let architecture = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::Allow, refusal, architecture)?.try_into()
}

/// The x32 numbers of all calls, which would get around the list: none of them is there.
#[cfg(target_arch = "x86_64")]
fn second_numbering() -> BpfProgram {
    use seccompiler::sock_filter;
    const X32: u32 = 0x4000_0000;
    let step = |code: u32, jt, jf, k| sock_filter { code: code as u16, jt, jf, k };
    vec![
        // The number of the call is the first field of what a filter sees.
        step(sys::BPF_LD | sys::BPF_W | sys::BPF_ABS, 0, 0, 0),
        step(sys::BPF_JMP | sys::BPF_JGE | sys::BPF_K, 0, 1, X32),
        step(sys::BPF_RET | sys::BPF_K, 0, 0, sys::SECCOMP_RET_ERRNO | sys::ENOSYS.unsigned_abs()),
        step(sys::BPF_RET | sys::BPF_K, 0, 0, sys::SECCOMP_RET_ALLOW),
    ]
}
