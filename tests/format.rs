//! The canonical form of specs: as expected, stable, and of the same meaning, whatever space there was before.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use boxwright::policy::Policy;
use boxwright::source::Source;
use boxwright::{FormatError, formatted, parse, understand};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use toml_parser::lexer::TokenKind;

const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn files(folder: &str, suffix: &str) -> Vec<PathBuf> {
    let entries = Path::new(HOME).join(folder).read_dir().unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(suffix));
    files.sort();
    assert!(!files.is_empty(), "{folder} is empty");
    files
}

fn specs() -> impl Iterator<Item = PathBuf> {
    let folders = ["specs/demos", "tests/fixtures/good", "tests/specs", "tests/bench", "tests/fixtures/bad"];
    folders.into_iter().flat_map(|folder| files(folder, ".sandbox.toml"))
}

fn format(text: &str) -> Result<String, FormatError> {
    formatted(&Source::new("x.sandbox.toml", text))
}

/// What a spec means, without the places.
fn meaning(text: &str) -> Option<String> {
    let places = |policy: Policy| {
        let text = format!("{policy:#?}");
        let place = |line: &&str| {
            !line.trim_start().starts_with("start: ") && !line.trim_start().starts_with("end: ")
        };
        text.lines().filter(place).collect::<String>()
    };
    understand(&Source::new("x.sandbox.toml", text)).policy.map(places)
}

fn comments(text: &str) -> Vec<&str> {
    let tokens = toml_parser::Source::new(text).lex().filter(|token| token.kind() == TokenKind::Comment);
    let mut comments: Vec<&str> =
        tokens.map(|token| text[token.span().start()..token.span().end()].trim_end()).collect();
    comments.sort_unstable();
    comments
}

/// The same meaning, the same comments, and nothing more to do.
#[track_caller]
fn holds(name: &str, text: &str) -> String {
    let once = format(text).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    assert_eq!(format(&once).unwrap(), once, "{name} is not stable");
    assert!(parse::same(text, &once), "{name} means something else:\n{once}");
    assert_eq!(comments(text), comments(&once), "{name} has other comments:\n{once}");
    assert!(
        (once.is_empty() || once.ends_with('\n')) && !once.contains("\n\n\n") && !once.contains('\r'),
        "{name}:\n{once}"
    );
    once
}

#[test]
fn the_form_is_as_expected() {
    let mut different = Vec::new();
    for path in files("tests/fixtures/format", ".before.toml") {
        let text = std::fs::read_to_string(&path).unwrap();
        let once = holds(&path.to_string_lossy(), &text);
        let after = PathBuf::from(path.to_string_lossy().replace(".before.", ".after."));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&after, &once).unwrap();
        } else if std::fs::read_to_string(&after).unwrap_or_default() != once {
            different.push(format!("{}:\n{once}", path.display()));
        }
    }
    assert!(different.is_empty(), "not as expected (BLESS=1 accepts):\n{}", different.join("\n"));
}

#[test]
fn every_spec_means_the_same_afterwards() {
    let (mut compared, mut refused) = (0, 0);
    for path in specs() {
        let Ok(source) = Source::read(&path) else { continue };
        if !parse::syntax(&source).is_empty() {
            assert!(matches!(formatted(&source), Err(FormatError::Syntax(_))), "{}", path.display());
            refused += 1;
            continue;
        }
        let once = holds(&path.to_string_lossy(), &source.text);
        // What has findings has no meaning but its keys and values, which are compared above.
        if !path.to_string_lossy().contains("/bad/") {
            assert_eq!(meaning(&once), meaning(&source.text), "{}", path.display());
        }
        compared += 1;
    }
    assert!(compared > 100 && refused > 5, "{compared} compared, {refused} refused");
}

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

/// The same tokens with other space and more comments where TOML allows them.
fn respaced(text: &str, random: &mut Random) -> String {
    let mut respaced = String::new();
    let (mut arrays, mut tables, mut value) = (0usize, 0usize, false);
    for token in toml_parser::Source::new(text).lex() {
        let word = &text[token.span().start()..token.span().end()];
        match token.kind() {
            // Two dates would become one number.
            TokenKind::Whitespace => respaced += random.of(&[" ", "  ", "\t"]),
            TokenKind::Newline => {
                respaced += random.of(&["\n", " \n", "\n\n\n", "\r\n", " # more\n", "\n# alone\n"])
            }
            TokenKind::Comment | TokenKind::Atom | TokenKind::Dot => respaced += word,
            kind => {
                let inside = arrays > 0 && tables == 0 && value;
                match kind {
                    TokenKind::Equals => value = true,
                    TokenKind::LeftSquareBracket if value => arrays += 1,
                    TokenKind::RightSquareBracket if arrays > 0 => arrays -= 1,
                    TokenKind::LeftCurlyBracket => tables += 1,
                    TokenKind::RightCurlyBracket => tables -= 1,
                    _ => {}
                }
                let between: &[&str] = if inside && kind != TokenKind::Equals {
                    &["", " ", "\n", " # in\n  ", "\n\n"]
                } else {
                    &["", " ", "\t"]
                };
                // Two brackets of a header are one word.
                let header =
                    matches!(kind, TokenKind::LeftSquareBracket | TokenKind::RightSquareBracket) && !value;
                if !header {
                    respaced += random.of(between);
                }
                respaced += word;
            }
        }
        if token.kind() == TokenKind::Newline && arrays == 0 && tables == 0 {
            value = false;
        }
    }
    respaced
}

#[test]
fn whatever_space_there_was_the_form_means_the_same() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut tried = 0;
    for path in specs() {
        let Ok(source) = Source::read(&path) else { continue };
        // An inline table on several lines, which TOML 1.0 has not, is left as it stands.
        let newer = understand(&source).findings.iter().any(|finding| finding.rule == "toml-1.1-syntax");
        if newer || !parse::syntax(&source).is_empty() {
            continue;
        }
        for _ in 0..5 {
            let text = respaced(&source.text, &mut random);
            if !parse::same(&source.text, &text) {
                continue;
            }
            holds(&format!("{}, respaced as\n{text}", path.display()), &text);
            tried += 1;
        }
    }
    assert!(tried > 500, "only {tried} texts were tried");
}

fn fmt(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxwright"));
    command.current_dir(folder).arg("fmt").args(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn files_are_written_whole_and_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (untidy, tidy) = ("version=1\n", "version = 1\n");
    std::fs::create_dir(path("real")).unwrap();
    std::fs::write(path("real/x.sandbox.toml"), untidy).unwrap();
    std::fs::set_permissions(path("real/x.sandbox.toml"), PermissionsExt::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real/x.sandbox.toml", path("link.sandbox.toml")).unwrap();
    std::fs::write(path("broken.sandbox.toml"), "version = = 1\n").unwrap();
    let check = fmt(folder.path(), &["--check"], "");
    assert_eq!(
        (check.status.code(), text(&check.stdout)),
        (Some(1), "link.sandbox.toml\nreal/x.sandbox.toml\n".into())
    );
    assert!(text(&check.stderr).contains("broken.sandbox.toml"), "{}", text(&check.stderr));
    let diff = fmt(folder.path(), &["--diff", "real"], "");
    assert_eq!(diff.status.code(), Some(0));
    assert!(text(&diff.stdout).ends_with("-version=1\n+version = 1\n"), "{}", text(&diff.stdout));
    assert_eq!(std::fs::read_to_string(path("real/x.sandbox.toml")).unwrap(), untidy);
    let refused = fmt(folder.path(), &["link.sandbox.toml"], "");
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("is a symbolic link"), "{}", text(&refused.stderr));
    // The file that a link leads to comes first, and then nothing is left to do through the link.
    let written = fmt(folder.path(), &["link.sandbox.toml", "real"], "");
    assert_eq!(
        (written.status.code(), text(&written.stderr)),
        (Some(0), "1 formatted, 1 in order already\n".into())
    );
    assert!(path("link.sandbox.toml").is_symlink());
    assert_eq!(std::fs::read_to_string(path("real/x.sandbox.toml")).unwrap(), tidy);
    assert_eq!(path("real/x.sandbox.toml").metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fmt(folder.path(), &[], "").status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(path("broken.sandbox.toml")).unwrap(), "version = = 1\n");
    assert_eq!(folder.path().read_dir().unwrap().count(), 3);
    let piped = fmt(folder.path(), &["-"], untidy);
    assert_eq!((piped.status.code(), text(&piped.stdout)), (Some(0), tidy.into()));
    let refused = fmt(folder.path(), &["-"], "[\u{1b}[31m");
    assert_eq!((refused.status.code(), text(&refused.stdout)), (Some(1), String::new()));
    assert!(!text(&refused.stderr).contains('\u{1b}'));
    assert_eq!(fmt(folder.path(), &["absent"], "").status.code(), Some(2));
    let nothing = tempfile::tempdir().unwrap();
    assert_eq!(fmt(nothing.path(), &[], "").status.code(), Some(3));
}

#[test]
fn the_starter_and_the_readme_are_in_order() {
    let readme = include_str!("../README.md");
    let examples = readme.split("```toml\n").skip(1).filter_map(|block| block.split("```").next());
    let mut compared = 0;
    // One of them is about mistakes, in as few lines as possible.
    for example in examples.filter(|example| !example.starts_with("# file: broken")) {
        assert_eq!(holds("README.md", example), example);
        compared += 1;
    }
    assert!(compared > 0);
    let output = Command::new(env!("CARGO_BIN_EXE_boxwright")).args(["new", "-"]).output().unwrap();
    let starter = text(&output.stdout);
    assert_eq!(holds("new", &starter), starter);
}
