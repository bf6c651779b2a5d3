//! File names: ordinary ones, and those that break programs.

use std::ffi::OsString;
use std::path::PathBuf;

use super::random::Random;
use super::scene::Scene;

/// A name as cameras, generators and people give them, in a folder by subject or by date.
pub(super) fn ordinary(
    random: &mut Random,
    scene: Scene,
    number: usize,
    seed: u64,
    extension: &str,
) -> PathBuf {
    let name = match random.below(4) {
        0 => format!("{number:05}-{}.{extension}", seed % 10_000_000_000),
        1 => format!("IMG_{number:05}.{extension}"),
        2 => format!("{} study {number:04}.{extension}", scene.name()),
        _ => format!("{}-{number:05}.{extension}", scene.name()),
    };
    let folder = match random.below(10) {
        0..=1 => PathBuf::new(),
        2..=3 => PathBuf::from(format!("{}/{:02}", 2023 + random.below(3), 1 + random.below(12))),
        4 => PathBuf::from(format!("{}/favourites/print", scene.name())),
        _ => PathBuf::from(scene.name()),
    };
    folder.join(name)
}

/// Stems that a scanner, a shell, a terminal or a page must survive; extensions are added. None
/// begins with a dot: hidden files are another question.
pub(super) fn hostile() -> Vec<OsString> {
    let mut names: Vec<OsString> = [
        "<img src=x onerror=alert(1)>",
        "it's \"quoted\" & 100% $HOME `id`",
        "-rf",
        " spaces before and after ",
        "emoji 🌄🏞️ 👩‍🚀",
        "right-to-left \u{202E}gnp.exe",
        "line\nbreak",
        "dots..",
        "..%2f..%2fescape",
        "C:\\windows\\path",
        "colour \u{1B}[31mred\u{1B}[0m bell\u{7}",
        "tab\tand;semicolon|pipe",
        "שלום עולם",
        "caf\u{E9}",
        "{{7*7}} ${jndi:ldap:x} {0} %s %n",
        "=1+1",
        "null",
    ]
    .map(OsString::from)
    .into();
    // With `.json` for its score the name reaches 240 bytes; 255 is the file systems' limit.
    names.insert(6, OsString::from(format!("long {}", "é".repeat(113))));
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStringExt;
        names.insert(7, OsString::from_vec(b"latin-1 caf\xE9 \xFF\xFE".to_vec()));
        // Beside `café`: one name to the eye, two to the file system.
        names.push(OsString::from("cafe\u{301}"));
    }
    names
}

pub(super) fn with_extension(mut stem: OsString, extension: &str) -> OsString {
    stem.push(".");
    stem.push(extension);
    stem
}
