//! What the layer of the QR code says.

use std::path::Path;

use crate::app::modal::NotSaved;
use crate::text::plain;
use crate::view::qr::Cells;
use crate::{say, word};

#[must_use]
pub fn impossible() -> &'static str {
    word!("This URL is too long for a QR code.", "这个链接太长，无法生成二维码。")
}

/// There is no room for it, and what does not need any.
#[must_use]
pub fn needs(needed: Cells, have: Cells) -> String {
    let (columns, rows) = (needed.width, needed.height);
    let (width, height) = (have.width, have.height);
    say!(
        "The QR code needs {columns}x{rows} here, there is room for {width}x{height}. s saves it as a PNG or SVG file.",
        "二维码在这里需要 {columns}x{rows}，现有空间为 {width}x{height}。按 s 可保存为 PNG 或 SVG 文件。"
    )
}

/// How large the window must be for the form that was asked for.
#[must_use]
pub fn form_needs((columns, rows): (usize, usize)) -> String {
    say!("full size needs {columns}x{rows}", "大号需要 {columns}x{rows}")
}

#[must_use]
pub fn save_title() -> &'static str {
    word!("Save the QR code", "保存二维码")
}

#[must_use]
pub fn save_prompt(folder: &Path) -> String {
    let folder = folder.to_string_lossy();
    let folder = plain(&folder);
    say!(
        "A name that ends in .png or .svg, in {folder} unless it says another folder:",
        "以 .png 或 .svg 结尾的文件名；未写明文件夹时保存到 {folder}："
    )
}

#[must_use]
pub fn saved(path: &Path) -> String {
    let path = path.to_string_lossy();
    let path = plain(&path);
    say!("saved: {path}", "已保存：{path}")
}

#[must_use]
pub fn not_saved(why: &NotSaved) -> String {
    match why {
        NotSaved::Exists => word!(
            "There is a file of that name already; nothing is overwritten.",
            "已有同名文件；不会覆盖任何文件。"
        )
        .to_owned(),
        NotSaved::NotAPicture => {
            word!("The name must end in .png or .svg.", "文件名必须以 .png 或 .svg 结尾。").to_owned()
        }
        NotSaved::TooLongForQr => impossible().to_owned(),
        NotSaved::Failed(error) => {
            let error = plain(error);
            say!("The file could not be written: {error}.", "无法写入文件：{error}。")
        }
    }
}
