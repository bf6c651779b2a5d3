//! What the tests of the binary share.
#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod serving;

use expect_test::Expect;
use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

/// A folder of its own, and the binary run in it without the settings of whoever runs the tests.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn headway(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_headway"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HEADWAY_") {
                command.env_remove(name);
            }
        }
        command.env("HOME", self.path()).env_remove("XDG_DATA_HOME").env_remove("NO_COLOR");
        command
    }

    /// Exit code, then both outputs, with the folder's name taken out.
    pub(crate) fn told(&self, command: &mut Command) -> String {
        let Output { status, stdout, stderr } = command.output().expect("it runs");
        let folder = self.path().canonicalize().expect("there").display().to_string();
        let clean = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&folder, "HERE");
        format!("exit {}\n{}{}", status.code().unwrap_or(-1), clean(&stdout), clean(&stderr))
    }

    pub(crate) fn check(&self, arguments: &[&str], expected: &Expect) {
        expected.assert_eq(&self.told(&mut self.headway(arguments)));
    }
}
