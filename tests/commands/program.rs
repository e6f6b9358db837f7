//! The executable `boxwright` as tests run it, the folders that it runs in and the specs that it finds there.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A spec without findings.
pub const GOOD: &str = "version = 1\nprocess.args = [\"/usr/bin/id\"]\nfilesystem.base = \"usr\"\n";
/// One with a warning.
pub const WARNING: &str =
    "version = 1\nprocess.args = [\"/usr/bin/id\"]\nfilesystem.base = \"usr\"\nnamespaces.pid = \"host\"\n";
/// One with an error.
pub const BAD: &str = "version = 1\nprocess.args = [\"id\"]\n";

/// The program with these arguments, in this folder; colours are not asked for.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxwright"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    for variable in ["CLICOLOR", "CLICOLOR_FORCE", "NO_COLOR", "FORCE_COLOR", "FORCE_HYPERLINK"] {
        command.env_remove(variable);
    }
    command
}

/// What came of it.
pub fn boxwright(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// A folder with these files.
pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// It must have ended with this status.
#[track_caller]
pub fn code(output: &Output, expected: i32) {
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(expected), "{stdout}\n{stderr}");
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
