//! `docs/configuration.md`, generated from the settings.

use super::raw::SECTIONS;
use std::fmt::Write;

const HEAD: &str = "\
# Configuration

Generated from the settings themselves; a test holds it current (`UPDATE_EXPECT=1 cargo test -p headway reference`).

Settings come from a TOML file, then from the environment, then from flags; the later wins. The file is the one that
`--config` names, or else `headway.toml` in the working folder, or else `headway.toml` in the data folder. Keys and
`HEADWAY_` variables that are not listed here are refused, with a guess at what was meant. Relative paths in the file
are relative to it. Lists in variables are separated by commas.

Not settings, but read from the environment: `HEADWAY_CONFIG` (the file), `HEADWAY_SERVER` and `HEADWAY_TOKEN` (a server
elsewhere, for the command line), `HEADWAY_ADMIN_CODE` (a one-time code of your own for the first sign-in, at least 16
characters), `NO_COLOR`.
";

/// The whole page.
pub(crate) fn page() -> String {
    let mut page = HEAD.to_owned();
    for section in SECTIONS {
        let title =
            if section.name.is_empty() { "Top level".to_owned() } else { format!("[{}]", section.name) };
        let _ = write!(page, "\n## {title}\n\n{}\n", section.about);
        for setting in section.settings {
            let key = setting.key.rsplit('.').next().unwrap_or(setting.key);
            let default = match setting.default {
                text if text.contains('`') || text == "none" => text.to_owned(),
                text => format!("`{text}`"),
            };
            let doc = setting.doc.lines().map(str::trim).collect::<Vec<_>>().join(" ");
            let kind = setting.kind.describe();
            let _ = write!(page, "\n### `{key}`\n\n{doc}\n\n");
            let _ =
                writeln!(page, "- Value: {kind}\n- Default: {default}\n- Variable: `{}`", setting.variable());
        }
    }
    page
}
