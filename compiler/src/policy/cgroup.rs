//! The sandbox's control group, as meant: which files of it say what.

use super::{Mount, MountKind, Policy, View};
use crate::source::{Span, Spanned};

/// A control group of version 2, which everything of the sandbox is born in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroup {
    /// Where the spec asks for it.
    pub span: Span,
    /// Where it is made.
    pub parent: Spanned<CgroupParent>,
    /// What is written to its files, in this order.
    pub settings: Vec<CgroupSetting>,
}

/// Where a control group is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CgroupParent {
    /// In the launcher's own.
    Auto,
    /// In this one, an absolute path beneath /sys/fs/cgroup.
    Path(String),
}

/// One write to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CgroupSetting {
    /// The key of the spec.
    pub key: &'static str,
    /// The controller that has the file; `None` when every group has it.
    pub controller: Option<&'static str>,
    /// The file.
    pub file: String,
    /// What is written.
    pub value: String,
    /// The same when it is one amount, in bytes, microseconds or pieces; the largest number is no limit.
    pub amount: Option<u64>,
    /// The value's place.
    pub span: Span,
}

impl Policy {
    /// The entry by which the program may divide its cgroup, and its place.
    pub fn delegates_cgroup(&self) -> Option<(&str, &Mount)> {
        let writable = |mount: &Mount| mount.kind == MountKind::View(View::Cgroups { writable: true });
        let mut mounts = self.filesystem.mounts.iter();
        mounts.find(|(_, mount)| writable(mount)).map(|(path, mount)| (path.as_str(), mount))
    }
}

impl Cgroup {
    /// What is written for a key, once.
    pub fn setting(&self, key: &str) -> Option<&CgroupSetting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    /// The controllers that are needed, each once, by name.
    pub fn controllers(&self) -> Vec<&'static str> {
        let mut controllers: Vec<_> = self.settings.iter().filter_map(|setting| setting.controller).collect();
        controllers.sort_unstable();
        controllers.dedup();
        controllers
    }
}
