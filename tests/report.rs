//! The pictures of a spec: as expected for the demonstrations, and a page that a browser shows and nothing in a spec breaks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop, and one that cannot run should say so"
)]

use boxwright::report::{Answer, render_text, report};
use boxwright::source::Source;
use boxwright::understand;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn picture(name: &str) -> boxwright::report::Report {
    let text = std::fs::read_to_string(format!("{ROOT}/specs/demos/{name}.sandbox.toml")).unwrap();
    let source = Source::new(format!("{name}.sandbox.toml"), text);
    let policy = understand(&source).policy.expect("a good spec");
    report(&source, &policy).unwrap()
}

/// Without colours.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn pictures_of_the_demonstrations() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut different = Vec::new();
    for name in ["contained", "landlock", "limits", "no-privileges", "pod", "rootfs"] {
        let text = plain(&render_text(&picture(name)));
        let expected = PathBuf::from(format!("{ROOT}/tests/fixtures/report/{name}.txt"));
        if bless {
            std::fs::write(&expected, &text).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != text {
            different.push(format!("{name}:\n{text}"));
        }
    }
    assert!(different.is_empty(), "not as expected (BLESS=1 accepts):\n{}", different.join("\n"));
}

#[test]
fn the_map_is_what_the_filter_says() {
    let contained = picture("contained");
    let answer = |name: &str| {
        let call = contained.calls.all.calls.iter().find(|call| call.name == name);
        call.map(|call| (call.answer, call.docker, call.beyond_docker)).unwrap()
    };
    assert_eq!(answer("read"), (Answer::Allowed, Answer::Allowed, false));
    assert_eq!(answer("clone"), (Answer::ByArguments, Answer::ByArguments, false));
    assert_eq!(answer("socket"), (Answer::Denied, Answer::ByArguments, false));
    assert_eq!(answer("io_uring_setup"), (Answer::Denied, Answer::Denied, false));
    // Without a filter everything is beyond what Docker's denies.
    let text = "version = 1\nprocess.args = ['/usr/bin/id']\nfilesystem.base = 'usr'\nseccomp.default_action = 'allow'\n";
    let source = Source::new("free.sandbox.toml", text);
    let free = report(&source, &understand(&source).policy.unwrap()).unwrap();
    assert_eq!((free.calls.filtered, free.calls.all.denied), (false, 0));
    assert!(free.calls.all.beyond_docker().contains(&"io_uring_setup"));
}

/// The names of our table against the profile that it was taken from, where public test data is at hand.
#[test]
fn dockers_table_is_dockers() {
    let path = Path::new(ROOT).join("../shared/corpora/oci-seccomp/moby-default.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        return println!("not compared: there is no {}", path.display());
    };
    let profile: serde_json::Value = serde_json::from_str(&text).unwrap();
    let entries = profile["syscalls"].as_array().unwrap();
    for call in &picture("contained").calls.all.calls {
        let allows = |entry: &&serde_json::Value| {
            let arches = &entry["includes"]["arches"];
            let here = arches.is_null() || arches.as_array().unwrap().contains(&"amd64".into());
            let default = &entry["includes"]["caps"];
            let had = default.is_null() || default.as_array().unwrap().contains(&"CAP_SYS_CHROOT".into());
            here && had && entry["action"] == "SCMP_ACT_ALLOW"
        };
        let named =
            |entry: &&serde_json::Value| entry["names"].as_array().unwrap().contains(&call.name.into());
        let ways: Vec<_> = entries.iter().filter(named).filter(allows).collect();
        let expected = match ways.as_slice() {
            [] => Answer::Denied,
            ways if ways.iter().any(|entry| entry["args"].is_null()) => Answer::Allowed,
            _ => Answer::ByArguments,
        };
        assert_eq!(call.docker, expected, "{}", call.name);
    }
}

/// A spec whose texts try to be markup.
const MARKUP: &str = r#"
version = 1
name = "page"
[process]
args = ["/usr/bin/id"]
user = { uid = 65534, gid = 65534 }
env_pass = ["A"]
[filesystem]
base = "usr"
[filesystem.mounts]
"/<script>document.title='broken'<script>" = { bind = "/srv/<b>&amp;\"quoted\"{{name}}" }
"/\u001b[31mred" = { tmpfs = "1MiB" }
[seccomp]
allow = ["@system-service"]
"#;

#[test]
fn a_browser_shows_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("page.sandbox.toml"), MARKUP).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxwright"));
    command.current_dir(folder.path()).args(["report", "page.sandbox.toml", "--html", "page.html"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = std::fs::read_to_string(path("page.html")).unwrap();
    assert!(!page.contains("<script") && !page.contains('\u{1b}'), "{page}");
    let shown = |arguments: &[&str]| {
        let mut browser = Command::new("chromium");
        browser.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--window-size=1200,3000",
        ]);
        browser.arg(format!("--user-data-dir={}", path("profile").display()));
        browser.args(arguments).arg(format!("file://{}", path("page.html").display()));
        browser.output()
    };
    let screenshot = format!("--screenshot={}", path("page.png").display());
    let Ok(dom) = shown(&["--dump-dom"]) else {
        assert!(std::env::var_os("BOXWRIGHT_REQUIRE_ALL").is_none(), "chromium is not installed");
        return println!("NOT RUN: chromium is not installed, so no browser has shown the page");
    };
    // What the browser made of it: the texts are texts, and every row and cell is there.
    let dom = String::from_utf8(dom.stdout).unwrap();
    assert!(dom.contains("&lt;script&gt;document.title='broken'&lt;script&gt;"), "{dom}");
    assert!(dom.contains("/srv/&lt;b&gt;&amp;amp;\"quoted\"{{name}} of the host"), "{dom}");
    assert!(dom.contains("<title>page: what it allows</title>"), "{dom}");
    assert!(!dom.contains("<b>") && !dom.contains("<script"), "{dom}");
    let rows = dom.matches("<tr").count();
    assert!(rows > 40, "{rows} rows: {dom}");
    let cells = dom.matches("class=\"call ").count();
    assert!(cells > 373, "{cells} cells");
    shown(&[&screenshot]).unwrap();
    let picture = std::fs::read(path("page.png")).unwrap();
    let size = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    assert_eq!((&picture[1..4], size(16), size(20)), (&b"PNG"[..], 1200, 3000));
    assert!(picture.len() > 50_000, "{} bytes show next to nothing", picture.len());
}

#[test]
fn a_spec_with_errors_has_no_pictures() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.sandbox.toml"), "version = 1\nprocess.args = ['id']\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxwright"));
    let output = command
        .current_dir(folder.path())
        .args(["report", "bad.sandbox.toml", "--html", "bad.html"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("error[invalid-path]"));
    assert!(!folder.path().join("bad.html").exists());
}
