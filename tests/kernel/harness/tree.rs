//! A part of the cgroup hierarchy that is a test's own, and delegated as systemd's Delegate= does it.

use super::{Person, Run, Stage, command, wait};
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

/// A cgroup that a test has made; it ends with it.
#[derive(Debug)]
pub struct Tree {
    /// Its directory.
    pub path: PathBuf,
}

/// Where version 2 is mounted, itself or beside the old ones.
fn root() -> Option<&'static Path> {
    let is_version_2 =
        |path: &&str| statfs(*path).is_ok_and(|found| found.filesystem_type() == CGROUP2_SUPER_MAGIC);
    ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].into_iter().find(is_version_2).map(Path::new)
}

/// Every cgroup of the machine that a test or a launcher has made.
pub fn made() -> impl Iterator<Item = PathBuf> {
    let own = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("boxwright-") || name.ends_with(".sandbox") || name.ends_with(".launcher")
    };
    root().map(beneath).unwrap_or_default().into_iter().filter(own)
}

/// Every cgroup in one; those of others may end meanwhile.
fn beneath(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut next = vec![root.to_owned()];
    while let Some(path) = next.pop() {
        let entries = fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in entries.filter(|path| path.is_dir()) {
            found.push(path.clone());
            next.push(path);
        }
    }
    found
}

impl Tree {
    /// One whose children can have these controllers; none where version 2 does not have them.
    pub fn new(stage: &Stage, controllers: &[&str]) -> Option<Self> {
        let root = root()?;
        let offered = fs::read_to_string(root.join("cgroup.controllers")).expect("the controllers");
        let offered: Vec<&str> = offered.split_whitespace().collect();
        if !controllers.iter().all(|controller| offered.contains(controller)) {
            return None;
        }
        for controller in controllers {
            fs::write(root.join("cgroup.subtree_control"), format!("+{controller}")).expect("a controller");
        }
        let tree = Self { path: root.join(format!("boxwright-{}", stage.site.key)) };
        fs::create_dir(&tree.path).expect("a cgroup");
        Some(tree)
    }

    /// Another cgroup in it.
    pub fn within(&self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        fs::create_dir(&path).expect("a cgroup");
        path
    }

    /// Delegates a cgroup of it, itself when the name is empty.
    pub fn delegate(&self, name: &str, uid: u32) {
        let path = self.path.join(name);
        for file in ["", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"] {
            nix::unistd::chown(&path.join(file), Some(uid.into()), Some(uid.into())).expect("chown");
        }
    }

    /// Every cgroup in it.
    pub fn census(&self) -> Vec<String> {
        let name =
            |path: &PathBuf| path.strip_prefix(&self.path).expect("a cgroup in it").display().to_string();
        let mut found: Vec<String> = beneath(&self.path).iter().map(name).collect();
        found.sort();
        found
    }

    /// What a file of a cgroup in it says.
    #[track_caller]
    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Starts a launcher in a cgroup of it, as a user; what it says of its status goes to the file `status`.
    pub fn spawn(&self, stage: &Stage, cgroup: &str, uid: u32, launcher: &Path) -> Child {
        let status = stage.directory().join("status");
        _ = fs::remove_file(&status);
        let conditions = [
            format!("append=3:{}", status.display()),
            format!("cgroup={}", self.path.join(cgroup).display()),
            format!("user={uid}"),
        ];
        let launcher = launcher.to_str().expect("a plain name");
        let mut arguments = vec!["--start"];
        // Who is root already keeps what it has.
        arguments.extend(conditions.iter().take(if uid == 0 { 2 } else { 3 }).map(String::as_str));
        arguments.extend(["--", launcher]);
        let mut command = command(Person::Own, &stage.ground.probe, &arguments);
        command.current_dir(stage.directory());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the probe")
    }

    /// The same to its end.
    pub fn launch(&self, stage: &Stage, cgroup: &str, uid: u32, launcher: &Path) -> Run {
        wait(self.spawn(stage, cgroup, uid, launcher))
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        _ = fs::write(self.path.join("cgroup.kill"), "1");
        let mut all = self.census();
        all.reverse();
        for _ in 0..500 {
            all.iter().for_each(|name| _ = fs::remove_dir(self.path.join(name)));
            if fs::remove_dir(&self.path).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}
