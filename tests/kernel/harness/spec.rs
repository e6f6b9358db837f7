//! Specs as tests vary them: a text, and other texts merged into it.

use super::Site;
use std::path::Path;
use toml::{Table, Value};

/// A spec that can still be changed.
#[derive(Debug, Clone)]
pub struct Spec(Table);

impl Spec {
    /// A spec from its text.
    #[track_caller]
    pub fn new(text: &str) -> Self {
        Self(text.parse().unwrap_or_else(|error| panic!("{error}\n{text}")))
    }

    /// One of `specs/demos`.
    #[track_caller]
    pub fn demonstration(name: &str) -> Self {
        Self::new(&read(&Self::path(name)))
    }

    /// The sandbox that the nested demonstration starts inside its own: contained, asking for what differs.
    pub fn inner(site: &Site) -> Self {
        let inside = Site { probe: "/probe".into(), ..site.clone() };
        let questions = ["as=inner.", "identity", "namespaces", "names"].map(str::to_owned);
        Self::demonstration("contained")
            .with("seccomp.allow = ['@system-service']")
            .asking(&inside, &questions)
    }

    /// Where a demonstration's spec is.
    pub fn path(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../specs/demos/{name}.sandbox.toml"))
    }

    /// Merges another text into it, key by key; a table with a value that is none is replaced.
    #[track_caller]
    pub fn with(mut self, text: &str) -> Self {
        merge(&mut self.0, Self::new(text).0);
        self
    }

    /// Takes a section out.
    pub fn without(mut self, section: &str) -> Self {
        self.0.remove(section);
        self
    }

    /// Executes the probe with these questions instead of its own program.
    #[track_caller]
    pub fn asking(self, site: &Site, questions: &[String]) -> Self {
        let filesystem = self.0.get("filesystem");
        let root = filesystem.and_then(|section| section.get("root"));
        let root = root.map_or("empty", |root| root.as_str().unwrap_or("overlay"));
        let probe = site.probe.display();
        // A rootfs has its own copy, and the host's tree shows the probe where it is.
        let (program, mount) = match root {
            "empty" => {
                ("/probe".to_owned(), format!("[filesystem.mounts]\n\"/probe\" = {{ bind = \"{probe}\" }}"))
            }
            "host" => (probe.to_string(), String::new()),
            _ => ("/probe".to_owned(), String::new()),
        };
        let words = [&program].into_iter().chain(questions);
        let arguments: Vec<String> = words.map(|word| Value::from(word.as_str()).to_string()).collect();
        self.with(&format!("[process]\nargs = [{}]\n{mount}", arguments.join(", ")))
    }

    /// The text that is compiled.
    pub fn text(&self) -> String {
        self.0.to_string().lines().map(|line| octal(line) + "\n").collect()
    }
}

/// Modes are octal literals in the language, and plain numbers to the writer of TOML.
fn octal(line: &str) -> String {
    let number = |key| line.strip_prefix(key)?.parse::<u32>().ok();
    for key in ["mode = ", "umask = "] {
        if let Some(number) = number(key) {
            return format!("{key}0o{number:o}");
        }
    }
    line.to_owned()
}

/// A file of the project that must be there.
#[track_caller]
pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) if !replaces(&new) => merge(old, new),
            (_, value) => _ = into.insert(key, value),
        }
    }
}

/// A mount, a user, a limit or a policy is replaced as a whole: its keys belong together.
fn replaces(table: &Table) -> bool {
    [
        "bind",
        "file",
        "overlay",
        "tmpfs",
        "directory",
        "text",
        "mask",
        "seal",
        "socket",
        "device",
        "symlink",
        "uid",
        "path",
        "fd",
        "soft",
        "policy",
    ]
    .iter()
    .any(|key| table.contains_key(*key))
}
