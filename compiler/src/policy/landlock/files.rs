//! Which rights on files follow from the mounts, and what is left of them.

use super::{Access, PathBeneath};
use crate::policy::{Execution, Filesystem, MountKind, Owner, Policy, Root, View};
use crate::source::Span;
use std::collections::BTreeMap;

/// `linux/capability.h`: to make device nodes.
const CAP_MKNOD: u64 = 1 << 27;

/// The rights on files of one policy.
#[derive(Debug)]
pub struct Files<'a> {
    policy: &'a Policy,
    /// What the mounts give, by path.
    given: BTreeMap<String, Rule>,
}

impl Files<'_> {
    /// The rules, by path: what the mounts give, the narrowed places in their stead, and programs alone executable where they
    /// are listed. What lies beneath a place has the rights of the place too; a rule that adds nothing is left out.
    pub fn rules(&self) -> BTreeMap<String, Rule> {
        if !self.policy.restricts_files() {
            return BTreeMap::new();
        }
        let mut rules = self.given.clone();
        for PathBeneath { path, allowed } in &self.policy.landlock.path_beneath {
            let (_, given) = self.given(&path.value);
            let rule = Rule { rights: *allowed, span: path.span, key: "landlock.path_beneath", ..given };
            rules.insert(path.value.clone(), rule);
        }
        if let Execution::Listed(programs) = &self.policy.process.exec.value {
            rules.values_mut().for_each(|rule| rule.rights = rule.rights & !Access::EXECUTE);
            for program in programs.iter().chain(self.policy.process.args.first()) {
                let new = Rule::new(Access::NONE, program.span, "process.exec", false);
                let rule = rules.entry(program.value.clone()).or_insert(new);
                rule.rights = rule.rights | Access::EXECUTE;
                rule.program = true;
            }
        }
        let whole = rules.clone();
        rules.retain(|path, rule| !(rule.rights & !inherited(&whole, path)).is_none());
        rules
    }

    /// What is given at a place: by which entry, and its rights.
    pub fn given(&self, path: &str) -> (String, Rule) {
        let Filesystem { mounts, .. } = &self.policy.filesystem;
        let nearest = ancestors(path).find(|at| self.given.contains_key(*at) || mounts.contains_key(*at));
        let at = nearest.unwrap_or("/");
        if let Some(rule) = self.given.get(at) {
            return (at.to_owned(), rule.clone());
        }
        // Something that protects, or holds other entries: what is above it, read-only.
        let mut rule = match at {
            "/" => Rule::new(Access::NONE, Span::default(), "", false),
            _ => self.given(parent(at)).1,
        };
        if self.policy.filesystem.owner(at) != Owner::Writable {
            rule.rights = rule.rights & !(Access::WRITE | Access::MAKE_NODES);
        }
        if let Some(mount) = mounts.get(at) {
            (rule.span, rule.key, rule.optional) = (mount.span, mount.key, mount.kind.is_optional());
        }
        (at.to_owned(), rule)
    }
}

impl Rule {
    fn new(rights: Access, span: Span, key: &'static str, optional: bool) -> Self {
        Self { rights, span, key, optional, program: false }
    }
}

/// A rule on files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The rights beneath the place.
    pub rights: Access,
    /// Where the spec asks for it.
    pub span: Span,
    /// What asks for it, in words.
    pub key: &'static str,
    /// May the place be missing?
    pub optional: bool,
    /// Is it a program, which symbolic links may lead to outside of writable binds?
    pub program: bool,
}

impl Policy {
    /// The rights on files, before and after they are narrowed.
    pub fn landlock_files(&self) -> Files<'_> {
        Files { policy: self, given: self.given_rules() }
    }

    /// The rules that narrow nothing yet.
    fn given_rules(&self) -> BTreeMap<String, Rule> {
        let root = &self.filesystem.root;
        if !self.derives_landlock() {
            let everything =
                Rule::new(Access::ALL, self.landlock.filesystem.span, "landlock.filesystem", false);
            return BTreeMap::from([("/".to_owned(), everything)]);
        }
        let mut rules = BTreeMap::new();
        let read = Access::READ | Access::EXECUTE;
        let rights = match root.value {
            Root::Empty => Access::READ_DIR,
            Root::Host | Root::Rootfs(_) => read,
            Root::Overlay(_) => read | self.write(),
        };
        rules.insert("/".to_owned(), Rule::new(rights, root.span, "filesystem.root", false));
        if root.value == Root::Host {
            // Read-only mounts leave devices writable.
            let devices = read | Access::WRITE_FILE | Access::IOCTL_DEV;
            rules.insert("/dev".to_owned(), Rule::new(devices, root.span, "filesystem.root", true));
        }
        for (path, mount) in &self.filesystem.mounts {
            if let Some(rights) = self.rights_of(&mount.kind) {
                rules
                    .insert(path.clone(), Rule::new(rights, mount.span, mount.key, mount.kind.is_optional()));
            }
        }
        rules
    }

    /// What an entry of the tree gives; nothing for what only stands for, or takes away from, what is around it.
    fn rights_of(&self, kind: &MountKind) -> Option<Access> {
        let if_so = |given: bool, rights: Access| if given { rights } else { Access::NONE };
        Some(match kind {
            MountKind::Bind { writable, executable, .. }
            | MountKind::Overlay { writable, executable, .. } => {
                Access::READ | if_so(*writable, self.write()) | if_so(*executable, Access::EXECUTE)
            }
            MountKind::Tmpfs { executable, .. } => {
                Access::READ | self.write() | if_so(*executable, Access::EXECUTE)
            }
            MountKind::Text { mode, .. } => {
                Access::READ & !Access::READ_DIR | if_so(mode & 0o111 != 0, Access::EXECUTE)
            }
            MountKind::Proc { .. } => Access::READ | Access::WRITE_FILE,
            MountKind::Device { .. } => {
                Access::READ & !Access::READ_DIR | Access::WRITE_FILE | Access::IOCTL_DEV
            }
            MountKind::Terminals => Access::READ | Access::WRITE_FILE | Access::IOCTL_DEV,
            MountKind::Socket { .. } => Access::RESOLVE_UNIX,
            MountKind::View(View::MessageQueues) => Access::READ | Access::WRITE,
            MountKind::View(View::Cgroups { writable: true }) => Access::READ | self.write(),
            MountKind::View(View::Devices | View::Cgroups { .. }) => Access::READ,
            MountKind::Directory { .. }
            | MountKind::Symlink { .. }
            | MountKind::Mask { .. }
            | MountKind::Seal { .. } => return None,
        })
    }

    fn write(&self) -> Access {
        let nodes = self.process.capabilities.value & CAP_MKNOD != 0;
        if nodes { Access::WRITE | Access::MAKE_NODES } else { Access::WRITE }
    }
}

/// The rights that a place has from the rules above it.
pub fn inherited(rules: &BTreeMap<String, Rule>, path: &str) -> Access {
    let above = ancestors(path).skip(1).filter_map(|at| rules.get(at));
    above.fold(Access::NONE, |rights, rule| rights | rule.rights)
}

/// The path and every directory above it, up to `/`.
pub fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |at| (*at != "/").then(|| parent(at)))
}

fn parent(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(slash) => &path[..slash],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_ancestors() {
        assert_eq!(ancestors("/a/b").collect::<Vec<_>>(), ["/a/b", "/a", "/"]);
        assert_eq!(ancestors("/").collect::<Vec<_>>(), ["/"]);
    }
}
