//! What the daemon found wrong with itself and its machine, as sentences with a remedy each.

use vodpost_protocol::checkup::{Finding, Holds, Subject, Unwatched};
use vodpost_protocol::time::Timestamp;

use super::{Sentence, plain, shell_word};
use crate::format::{bytes, moment};
use crate::{say, word};

mod tools;

pub use tools::tool_name;

#[must_use]
pub fn finding(finding: &Finding) -> Sentence {
    match finding {
        Finding::NoAnswer { subject, place, limit_s } => no_answer(*subject, place.as_deref(), *limit_s),
        Finding::StateFolderOpen { path, mode } => state_folder_open(path, *mode),
        Finding::StateFolderReadOnly { path, reason } => state_folder_read_only(path, reason),
        Finding::KeyOpen { path, mode } => key_open(path, *mode),
        Finding::KeyMissing { path } => key_missing(path),
        Finding::NoRoots => no_roots(),
        Finding::RootMissing { path } => root_missing(path),
        Finding::RootUnreadable { path, reason } => root_unreadable(path, reason),
        Finding::RootReadOnly { path, reason } => root_read_only(path, reason),
        Finding::RootUnwatched { path, why } => root_unwatched(path, why),
        Finding::WatchesShort { used, limit } => Sentence::with_hint(
            say!(
                "{used} folders are watched, and the system allows {limit}; changes in further ones are noticed late.",
                "已监视 {used} 个目录，系统上限为 {limit} 个；超出部分的变化会延迟发现。",
            ),
            more_watches(),
        ),
        Finding::ToolMissing { tool } => tools::missing(*tool),
        Finding::ToolBroken { tool, path } => tools::broken(*tool, path),
        Finding::PartsMissing { part, names, need } => tools::parts_missing(*part, names, *need),
        Finding::Unconfined { tool, confinement, why, policy } => {
            tools::unconfined(*tool, *confinement, why, *policy)
        }
        Finding::SpaceShort { path, holds, free_bytes, reserve_bytes } => {
            space_short(path, *holds, *free_bytes, *reserve_bytes)
        }
        Finding::InodesShort { path, holds: Holds::State | Holds::Library, free, limit: _ } => {
            inodes_short(path, *free)
        }
        Finding::PublicUrlUnset { url } => public_url_unset(url),
        Finding::CertificateExpires { path, at } => certificate_expires(path, *at),
        Finding::CertificateExpired { path, at } => certificate_expired(path, *at),
        Finding::CertificateUnusable { path, reason } => certificate_unusable(path, reason),
        Finding::ClockBehind { installed_at } => clock_behind(*installed_at),
        Finding::ViewersLimited { open_files_max, viewers, wanted } => Sentence::with_hint(
            say!(
                "Only {viewers} viewers are let in at a time instead of {wanted}, since {open_files_max} files may be open.",
                "由于最多只能打开 {open_files_max} 个文件，同时只接待 {viewers} 位观众，而不是 {wanted} 位。",
            ),
            raise_open_files(),
        ),
        Finding::OpenFilesShort { used, limit } => Sentence::with_hint(
            say!(
                "{used} of {limit} files that may be open are; soon viewers and clients will be turned away.",
                "已打开 {used} 个文件，上限为 {limit} 个；很快就会拒绝观众和客户端。",
            ),
            raise_open_files(),
        ),
    }
}

fn no_answer(subject: Subject, place: Option<&str>, limit_s: u64) -> Sentence {
    let what = match (place, subject) {
        (Some(place), _) => plain(place),
        (None, Subject::Tools | Subject::Sandbox) => "ffmpeg".into(),
        (None, Subject::Certificates) => word!("The folder of the certificates", "证书所在的目录").into(),
        (
            None,
            Subject::State
            | Subject::Library
            | Subject::Watching
            | Subject::Disk
            | Subject::PublicUrl
            | Subject::Clock
            | Subject::OpenFiles,
        ) => word!("This machine", "本机").into(),
    };
    Sentence::with_hint(
        say!("{what} did not answer within {limit_s} s.", "{what} 在 {limit_s} 秒内没有响应。"),
        word!(
            "see whether a disk or a network mount hangs (dmesg, mount), or the machine is overloaded",
            "检查磁盘或网络挂载是否挂起（dmesg、mount），或机器是否过载",
        ),
    )
}

fn state_folder_open(path: &str, mode: u32) -> Sentence {
    let (shown, typed) = (plain(path), shell_word(path));
    Sentence::with_hint(
        say!(
            "Other users may use the state folder {shown} (mode {mode:04o}).",
            "其他用户可以访问状态目录 {shown}（权限 {mode:04o}）。",
        ),
        format!("chmod 700 {typed}"),
    )
}

fn state_folder_read_only(path: &str, reason: &str) -> Sentence {
    let (path, reason) = (plain(path), plain(reason));
    Sentence::with_hint(
        say!(
            "The daemon cannot write to its state folder {path}: {reason}.",
            "守护进程无法写入状态目录 {path}：{reason}。",
        ),
        word!(
            "give the folder back to the daemon's user, and see that its disk is not mounted read-only",
            "将该目录归还给守护进程的用户，并确认磁盘没有以只读方式挂载",
        ),
    )
}

fn key_open(path: &str, mode: u32) -> Sentence {
    let (shown, typed) = (plain(path), shell_word(path));
    Sentence::with_hint(
        say!(
            "Others may use the key that seals document numbers: {shown} has mode {mode:04o}. vodpostd would not start with it again.",
            "其他人可以使用加密证件号码的密钥：{shown} 的权限为 {mode:04o}。vodpostd 下次将拒绝启动。",
        ),
        format!("chmod 600 {typed}"),
    )
}

fn key_missing(path: &str) -> Sentence {
    let path = plain(path);
    Sentence::with_hint(
        say!(
            "The key that seals document numbers is gone or out of reach: {path}.",
            "加密证件号码的密钥丢失或无法访问：{path}。",
        ),
        word!(
            "put it back before vodpostd is restarted; every file that vodpost backup made before holds it",
            "请在重启 vodpostd 之前恢复它；此前用 vodpost backup 生成的每个文件都包含该密钥",
        ),
    )
}

fn no_roots() -> Sentence {
    Sentence::with_hint(
        word!("No library folder is configured.", "没有配置视频库目录。"),
        word!(
            "vodpost library add FOLDER, or start vodpostd with --library FOLDER",
            "vodpost library add FOLDER，或用 --library FOLDER 启动 vodpostd",
        ),
    )
}

fn root_missing(path: &str) -> Sentence {
    let path = plain(path);
    Sentence::with_hint(
        say!(
            "The library folder {path} is not there; none of its URLs is live.",
            "视频库目录 {path} 不存在；其中的链接均不可用。",
        ),
        word!(
            "mount its disk, or take it out of [library] roots; nothing counts as deleted meanwhile",
            "挂载它的磁盘，或将它从 [library] roots 中移除；在此期间不会视为删除",
        ),
    )
}

fn root_unreadable(path: &str, reason: &str) -> Sentence {
    let (path, reason) = (plain(path), plain(reason));
    Sentence::with_hint(
        say!("The library folder {path} cannot be read: {reason}.", "无法读取视频库目录 {path}：{reason}。",),
        word!(
            "let the daemon's user read and enter it, and enter the folders above it",
            "让守护进程的用户可以读取并进入该目录，并能进入其上级目录",
        ),
    )
}

fn root_read_only(path: &str, reason: &str) -> Sentence {
    let (path, reason) = (plain(path), plain(reason));
    Sentence::with_hint(
        say!(
            "Nothing can be deleted in the library folder {path}: {reason}. Everything else works.",
            "无法在视频库目录 {path} 中删除文件：{reason}。其他功能正常。",
        ),
        word!(
            "let the daemon's user write to it; or end URLs alone: vodpost source delete VIDEO --keep-files",
            "让守护进程的用户可以写入；或只终止链接：vodpost source delete VIDEO --keep-files",
        ),
    )
}

fn root_unwatched(path: &str, why: &Unwatched) -> Sentence {
    let path = plain(path);
    let message =
        say!("Changes in {path} are noticed from time to time only.", "{path} 中的变化只能定期发现。");
    let hint = match why {
        Unwatched::Off => word!(
            "set library.watch to true to have them noticed at once",
            "将 library.watch 设为 true 即可立即发现",
        )
        .into(),
        Unwatched::NoInstances => word!(
            "raise the limit: sysctl fs.inotify.max_user_instances=1024, and restart vodpostd",
            "提高上限：sysctl fs.inotify.max_user_instances=1024，然后重启 vodpostd",
        )
        .into(),
        Unwatched::NoWatches => more_watches().into(),
        Unwatched::Remote(kind) => {
            let kind = plain(kind);
            say!(
                "{kind} does not tell what other machines change; shorten library.rescan, or look now: vodpost scan",
                "{kind} 不会通知其他机器所做的修改；可缩短 library.rescan，或立即扫描：vodpost scan",
            )
        }
    };
    Sentence::with_hint(message, hint)
}

fn space_short(path: &str, holds: Holds, free_bytes: u64, reserve_bytes: u64) -> Sentence {
    let (path, free, reserve) = (plain(path), bytes(free_bytes), bytes(reserve_bytes));
    match holds {
        Holds::State => Sentence::with_hint(
            say!(
                "The disk of {path} is nearly full: {free} are free, and {reserve} are always left. Nothing more is converted.",
                "{path} 所在的磁盘快满了：剩余 {free}，而始终要保留 {reserve}。不会再处理任何视频。",
            ),
            word!(
                "make room on it, or move state_dir to a larger disk",
                "清理磁盘，或将 state_dir 移到更大的磁盘"
            ),
        ),
        Holds::Library => Sentence::with_hint(
            say!(
                "The disk of the library folder {path} is nearly full: {free} are free.",
                "视频库目录 {path} 所在的磁盘快满了：剩余 {free}。",
            ),
            word!("make room before new videos are copied there", "在复制新视频之前请先清理空间"),
        ),
    }
}

fn inodes_short(path: &str, free: u64) -> Sentence {
    let path = plain(path);
    Sentence::with_hint(
        say!(
            "The disk of {path} has hardly any inodes left ({free}); it will be full whatever its free space.",
            "{path} 所在的磁盘几乎没有可用的 inode（{free} 个）；无论剩余空间多少都会写满。",
        ),
        word!(
            "remove small files that nobody needs; df -i shows the disks",
            "删除无用的小文件；df -i 可查看各磁盘"
        ),
    )
}

fn public_url_unset(url: &str) -> Sentence {
    let url = plain(url);
    Sentence::with_hint(
        say!(
            "Nobody said where viewers reach this server; URLs begin with {url}, which was guessed.",
            "尚未设置观众访问本服务器的地址；目前链接以猜测的 {url} 开头。",
        ),
        word!(
            "set http.public_url, e.g. \"https://video.example.com\", or start vodpostd with --public-url",
            "设置 http.public_url，例如 \"https://video.example.com\"，或用 --public-url 启动 vodpostd",
        ),
    )
}

fn certificate_expires(path: &str, at: Timestamp) -> Sentence {
    let (path, at) = (plain(path), moment(at));
    Sentence::with_hint(
        say!("The certificate {path} expires at {at}.", "证书 {path} 将于 {at} 过期。"),
        renew(),
    )
}

fn certificate_expired(path: &str, at: Timestamp) -> Sentence {
    let (path, at) = (plain(path), moment(at));
    Sentence::with_hint(
        say!(
            "The certificate {path} expired at {at}; browsers refuse it.",
            "证书 {path} 已于 {at} 过期；浏览器会拒绝它。",
        ),
        renew(),
    )
}

fn certificate_unusable(path: &str, reason: &str) -> Sentence {
    let (path, reason) = (plain(path), plain(reason));
    Sentence::with_hint(
        say!(
            "The files of the certificate {path} cannot be used: {reason}. What was read before stays in force.",
            "证书 {path} 的文件无法使用：{reason}。之前读取的证书仍然有效。",
        ),
        word!("mend them before vodpostd is restarted", "请在重启 vodpostd 之前修复"),
    )
}

fn clock_behind(installed_at: Timestamp) -> Sentence {
    let at = moment(installed_at);
    Sentence::with_hint(
        say!(
            "The clock is wrong: vodpostd was installed at {at}, which has not come yet.",
            "系统时钟有误：vodpostd 的安装时间 {at} 尚未到来。",
        ),
        set_clock(),
    )
}

fn renew() -> &'static str {
    word!(
        "renew it, e.g. with certbot; vodpostd reads the files again by itself",
        "请续期，例如使用 certbot；vodpostd 会自动重新读取文件",
    )
}

pub(super) fn more_watches() -> &'static str {
    word!(
        "raise the limit: sysctl fs.inotify.max_user_watches=524288 (for good: in /etc/sysctl.d)",
        "提高上限：sysctl fs.inotify.max_user_watches=524288（永久生效请写入 /etc/sysctl.d）",
    )
}

pub(super) fn set_clock() -> &'static str {
    word!(
        "let the system keep the clock: timedatectl set-ntp true (or chrony)",
        "让系统自动校时：timedatectl set-ntp true（或使用 chrony）",
    )
}

fn raise_open_files() -> &'static str {
    word!(
        "raise the hard limit (ulimit -Hn), e.g. LimitNOFILE=65536 in the unit of vodpostd, and restart it",
        "提高硬性上限（ulimit -Hn），例如在 vodpostd 的 unit 中设置 LimitNOFILE=65536，然后重启",
    )
}

#[cfg(test)]
mod tests;
