//! What is wrong with ffmpeg and ffprobe, and with what confines them.

use vodpost_protocol::checkup::{Confinement, Need, Part, Policy, ToolName, Unconfined};

use crate::text::{Sentence, plain, shell_word};
use crate::{say, word};

#[must_use]
pub fn tool_name(tool: ToolName) -> &'static str {
    match tool {
        ToolName::Ffmpeg => "ffmpeg",
        ToolName::Ffprobe => "ffprobe",
    }
}

pub(super) fn missing(tool: ToolName) -> Sentence {
    let name = tool_name(tool);
    Sentence::with_hint(
        say!(
            "{name} is not installed. MP4 files that fit are served without it; other files are not, and there are no posters.",
            "未安装 {name}。符合要求的 MP4 无需它即可发布；其他文件无法发布，也不会生成封面。",
        ),
        word!(
            "on Debian: apt-get install ffmpeg (elsewhere: conversion.ffmpeg and conversion.ffprobe say where they are); then restart vodpostd",
            "Debian：apt-get install ffmpeg（其他系统可用 conversion.ffmpeg 和 conversion.ffprobe 指定位置）；然后重启 vodpostd",
        ),
    )
}

pub(super) fn broken(tool: ToolName, path: &str) -> Sentence {
    let (name, shown, typed) = (tool_name(tool), plain(path), shell_word(path));
    Sentence::with_hint(
        say!("{name} does not run: {shown}.", "{name} 无法运行：{shown}。"),
        say!("try it: {typed} -version; or install another one", "试运行：{typed} -version；或重新安装"),
    )
}

pub(super) fn parts_missing(part: Part, names: &[String], need: Need) -> Sentence {
    let names: Vec<_> = names.iter().map(|name| plain(name)).collect();
    let names = names.join(", ");
    let part = match part {
        Part::Encoder => word!("encoders", "编码器"),
        Part::Decoder => word!("decoders", "解码器"),
        Part::Filter => word!("filters", "滤镜"),
    };
    let message = match need {
        Need::Most => say!(
            "ffmpeg was built without {part} that almost every conversion needs: {names}.",
            "ffmpeg 缺少几乎所有处理都需要的{part}：{names}。",
        ),
        Need::Some => say!(
            "ffmpeg was built without some {part}: {names}. Files that need them cannot be converted.",
            "ffmpeg 缺少部分{part}：{names}。需要它们的文件无法处理。",
        ),
    };
    Sentence::with_hint(
        message,
        word!(
            "install the ffmpeg of the distribution, or a full build, and restart vodpostd",
            "安装发行版的 ffmpeg 或完整构建版本，然后重启 vodpostd",
        ),
    )
}

pub(super) fn unconfined(
    tool: ToolName,
    confinement: Confinement,
    why: &Unconfined,
    policy: Policy,
) -> Sentence {
    let name = tool_name(tool);
    let mut message = match confinement {
        Confinement::None => say!(
            "{name}, which reads strangers' files, is not confined.",
            "{name} 会读取来源不明的文件，却没有受到限制。",
        ),
        Confinement::Files => say!(
            "{name} is not fully confined: network and system calls are open to it.",
            "{name} 未完全受限：它可以使用网络和系统调用。",
        ),
        Confinement::Calls => say!(
            "{name} is not fully confined: all files are open to it.",
            "{name} 未完全受限：它可以访问所有文件。",
        ),
        Confinement::Both => say!("{name} is confined only in part.", "{name} 仅部分受限。"),
    };
    match policy {
        Policy::Required => message.push_str(word!(
            " Nothing is converted, since conversion.sandbox is \"required\".",
            "由于 conversion.sandbox 为 \"required\"，不会处理任何视频。",
        )),
        Policy::BestEffort | Policy::Off => {}
    }
    Sentence::with_hint(message, confine(why))
}

fn confine(why: &Unconfined) -> String {
    match why {
        Unconfined::Off => word!(
            "conversion.sandbox is \"off\"; set it to \"best-effort\"",
            "conversion.sandbox 为 \"off\"；将其设为 \"best-effort\"",
        )
        .to_owned(),
        Unconfined::LandlockNotEnabled => word!(
            "Landlock is not enabled in this kernel; boot it with landlock in lsm=",
            "内核未启用 Landlock；请在启动参数 lsm= 中加入 landlock",
        )
        .to_owned(),
        Unconfined::LandlockMissing => word!(
            "this kernel has no Landlock (it came with Linux 5.13), or a container forbids it",
            "内核没有 Landlock（自 Linux 5.13 起提供），或被容器禁止",
        )
        .to_owned(),
        Unconfined::SeccompMissing => word!(
            "this kernel has no seccomp filters, or a container forbids them",
            "内核没有 seccomp 过滤器，或被容器禁止",
        )
        .to_owned(),
        Unconfined::KernelWithout => word!(
            "this kernel has neither Landlock (Linux 5.13) nor seccomp filters, or a container forbids them",
            "内核既没有 Landlock（Linux 5.13）也没有 seccomp 过滤器，或被容器禁止",
        )
        .to_owned(),
        Unconfined::Inside(said) => {
            let said = plain(said);
            say!(
                "it does not run inside of the guard ({said}); name the folders of its libraries in conversion.sandbox_read, or install that of the distribution",
                "它无法在限制下运行（{said}）；请在 conversion.sandbox_read 中列出它的库目录，或安装发行版的版本",
            )
        }
        Unconfined::Untried(reason) => {
            let reason = plain(reason);
            say!("the guard cannot be run: {reason}", "无法运行限制程序：{reason}")
        }
    }
}
