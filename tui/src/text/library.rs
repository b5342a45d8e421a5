//! The folders of the library: why one is not taken, and where it comes from.

use vodpost_protocol::refusal::RootProblem;
use vodpost_protocol::status::{RootOrigin, SettingOrigin};

use super::{plain, shell_word};
use crate::{say, word};

#[must_use]
pub(super) fn unusable(path: &str, problem: &RootProblem) -> String {
    let path = plain(path);
    match problem {
        RootProblem::NotAbsolute => say!(
            "A folder is named by its whole path, from / on: {path}.",
            "文件夹要用从 / 开始的完整路径：{path}。"
        ),
        RootProblem::NotUtf8 => say!(
            "The true name of {path} is not UTF-8; rename the folder first.",
            "{path} 的真实名称不是 UTF-8，请先重命名该文件夹。"
        ),
        RootProblem::Missing => say!("There is no folder {path}.", "没有文件夹 {path}。"),
        RootProblem::NotAFolder => say!("{path} is not a folder.", "{path} 不是文件夹。"),
        RootProblem::Unreadable { reason } => {
            let reason = plain(reason);
            say!("The daemon cannot read {path}: {reason}.", "守护进程无法读取 {path}：{reason}。")
        }
        RootProblem::Known => {
            say!("{path} belongs to the library already.", "{path} 已经在视频库中。")
        }
        RootProblem::Within { root } => {
            let root = plain(root);
            say!(
                "{path} lies in {root}, which belongs to the library already.",
                "{path} 位于 {root} 之内，而后者已经在视频库中。"
            )
        }
        RootProblem::Around { root } => {
            let root = plain(root);
            say!(
                "{root} lies in {path} and belongs to the library already.",
                "{path} 之内的 {root} 已经在视频库中。"
            )
        }
        RootProblem::State { state_dir } => {
            let state = plain(state_dir);
            say!(
                "{path} overlaps with the daemon's state folder {state}.",
                "{path} 与守护进程的状态文件夹 {state} 重叠。"
            )
        }
        RootProblem::TooMany { roots_max } => {
            say!(
                "The library has {roots_max} added folders, which is all it may have.",
                "视频库已添加 {roots_max} 个文件夹，已达上限。"
            )
        }
    }
}

#[must_use]
pub(super) fn unusable_hint(problem: &RootProblem) -> String {
    match problem {
        RootProblem::Unreadable { .. } => word!(
            "give the user that vodpostd runs as the right to read it",
            "请让运行 vodpostd 的用户有权读取它"
        )
        .to_owned(),
        RootProblem::Around { root } | RootProblem::Within { root } => {
            let root = shell_word(root);
            say!("to replace it: vodpost library remove {root}", "若要替换：vodpost library remove {root}")
        }
        RootProblem::TooMany { .. } => {
            word!("add a folder that holds several of them", "请添加一个包含其中多个的文件夹").to_owned()
        }
        RootProblem::Known => word!("all folders: vodpost library", "所有文件夹：vodpost library").to_owned(),
        RootProblem::State { .. } => {
            word!("keep videos in a folder of their own", "请把视频放在单独的文件夹中").to_owned()
        }
        RootProblem::NotAbsolute | RootProblem::NotUtf8 | RootProblem::Missing | RootProblem::NotAFolder => {
            word!("name a folder that the daemon can see", "请指定守护进程能够看到的文件夹").to_owned()
        }
    }
}

#[must_use]
pub(super) fn no_such_root(path: &str) -> String {
    let path = plain(path);
    say!("{path} is no folder of the library.", "{path} 不是视频库的文件夹。")
}

#[must_use]
pub(super) fn configured_root(path: &str, origin: &SettingOrigin) -> String {
    let path = plain(path);
    let place = setting_origin(origin);
    say!(
        "{path} is set by {place}, and can be removed there alone.",
        "{path} 由{place}设定，只能在那里移除。"
    )
}

#[must_use]
pub fn setting_origin(origin: &SettingOrigin) -> String {
    match origin {
        SettingOrigin::Arguments => {
            word!("--library or VODPOST_LIBRARY of vodpostd", " vodpostd 的 --library 或 VODPOST_LIBRARY ")
                .to_owned()
        }
        SettingOrigin::ConfigFile { path } => {
            let path = plain(path);
            say!("[library] in {path}", " {path} 的 [library] ")
        }
    }
}

/// How a folder came into the library, in a few words.
#[must_use]
pub fn root_origin(origin: &RootOrigin) -> String {
    match origin {
        RootOrigin::Configured(origin) => {
            let place = setting_origin(origin);
            say!("from {place}", "来自{place}")
        }
        RootOrigin::Added { at, by } => {
            let (by, at) = (plain(by), crate::format::moment(*at));
            say!("added by {by}, {at}", "由 {by} 于 {at} 添加")
        }
    }
}

#[cfg(test)]
mod tests {
    use vodpost_protocol::time::Timestamp;

    use super::*;
    use crate::text::language::tests::both;

    #[test]
    fn every_sentence_about_a_folder_is_there_in_both_languages() {
        let root = || "/srv/videos".to_owned();
        let problems = [
            RootProblem::NotAbsolute,
            RootProblem::NotUtf8,
            RootProblem::Missing,
            RootProblem::NotAFolder,
            RootProblem::Unreadable { reason: "no right".into() },
            RootProblem::Known,
            RootProblem::Within { root: root() },
            RootProblem::Around { root: root() },
            RootProblem::State { state_dir: root() },
            RootProblem::TooMany { roots_max: 100 },
        ];
        let values = ["/srv/videos", "/a/b", "no right", "vodpost library remove", "vodpost library"];
        for problem in &problems {
            both(&values, || unusable("/a/b", problem));
            both(&values, || unusable_hint(problem));
        }
        both(&values, || no_such_root("/a/b"));
        let file = SettingOrigin::ConfigFile { path: "/a/b".into() };
        for origin in [SettingOrigin::Arguments, file] {
            both(&values, || configured_root("/srv/videos", &origin));
            both(&values, || root_origin(&RootOrigin::Configured(origin.clone())));
        }
        let added = RootOrigin::Added { at: Timestamp::from_millis(0), by: "ann".into() };
        both(&["ann"], || root_origin(&added));
    }
}
