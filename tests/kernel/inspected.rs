//! What `inspect` says of a launcher, as its calls are followed one by one, the way the kernel would: what becomes of each process,
//! and of the mount table. Nothing of the compiler takes part in it.

use crate::harness::Person;
use std::collections::{BTreeMap, BTreeSet};

/// Flags, and the kind of file system, or `bind` and where on the host it is from.
pub type Mount = (BTreeSet<String>, String);

/// What the calls make of a process.
#[derive(Clone, Default)]
pub struct Process {
    pub namespaces: BTreeSet<String>,
    pub ids: [String; 2],
    pub capabilities: String,
    pub bounded: bool,
    pub no_new_privs: bool,
    pub filters: usize,
    pub limits: BTreeMap<String, [String; 2]>,
    pub closed_from: Option<String>,
    pub executes: bool,
    /// The name of the cgroup that it is born in, with `PID` in it.
    pub cgroup: Option<String>,
}

/// The plan's calls, followed.
#[derive(Default)]
pub struct Followed {
    pub processes: Vec<Process>,
    pub maps: BTreeMap<String, String>,
    pub groups_set: bool,
    /// By destination: flags, and the kind of file system or where on the host it is from.
    pub mounts: BTreeMap<String, Mount>,
    /// What is written to the files of the cgroup.
    pub cgroup_files: BTreeMap<String, String>,
    /// Whether a launch may go on without one.
    pub cgroup_optional: bool,
    /// By slot: names of cgroups, and their files.
    cgroups: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    slots: BTreeMap<String, Mount>,
    places: BTreeMap<String, String>,
}

/// A name, its arguments, and the slot of its result.
fn call(line: &str) -> Option<(&str, Vec<String>, Option<String>)> {
    let (name, rest) = line.trim().split_once('(')?;
    let end = rest
        .rfind(") = $")
        .or_else(|| rest.find("); "))
        .or_else(|| rest.find("), "))
        .or_else(|| rest.rfind(')'))?;
    let result = rest[end..]
        .strip_prefix(") = ")
        .map(|slot| slot.split([';', ',', ' ']).next().unwrap_or_default().to_owned());
    let (mut arguments, mut depth, mut last) = (Vec::new(), 0, String::new());
    for letter in rest[..end].chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                arguments.push(std::mem::take(&mut last).trim().to_owned());
                continue;
            }
            _ => {}
        }
        last.push(letter);
    }
    arguments.push(last.trim().to_owned());
    name.chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        .then_some((name, arguments, result))
}

fn flags(text: &str) -> BTreeSet<String> {
    let known = [("RDONLY", "ro"), ("NOSUID", "nosuid"), ("NODEV", "nodev"), ("NOEXEC", "noexec")];
    let set = |(name, _): &&(&str, &str)| text.contains(&format!("MOUNT_ATTR_{name}"));
    known.iter().filter(set).map(|(_, flag)| (*flag).to_owned()).collect()
}

fn unquoted(text: &str) -> String {
    text.trim_matches('"').to_owned()
}

impl Followed {
    /// Follows the way that this person takes.
    pub fn new(inspected: &str, person: Person) -> Self {
        let title =
            if person.uid() == 0 { "launched with CAP_SETUID" } else { "launched by an ordinary user" };
        let way = inspected.split("\nlaunched ").map(|part| format!("launched {part}"));
        let way =
            way.into_iter().find(|part| part.starts_with(title) || part.starts_with("launched by anybody"));
        let way = way.expect("a way");
        let mut followed = Self::default();
        let mut stack = vec![Process::default()];
        let (mut indents, mut step) = (Vec::new(), String::new());
        for line in way.lines().skip(1) {
            let indent = line.len() - line.trim_start().len();
            match line.trim() {
                "the child:" => {
                    indents.push(indent);
                    stack.push(stack[stack.len() - 1].clone());
                }
                "the parent:" if indents.last() == Some(&indent) => {
                    indents.pop();
                    followed.processes.push(stack.pop().expect("a child"));
                }
                text => match call(text) {
                    Some((name, arguments, result)) => {
                        let process = stack.last_mut().expect("a process");
                        followed.process(process, &step, name, &arguments);
                        process.cgroup = text
                            .split_once(", born in the cgroup ")
                            .and_then(|(_, slot)| followed.cgroups.get(slot).cloned())
                            .or(process.cgroup.take());
                        followed.cgroup_file(name, &arguments, result.as_ref());
                        followed.mount(name, &arguments, result);
                    }
                    None if text.starts_with("make ") && text.contains(" until the end = ") => {
                        let (words, slot) = text.rsplit_once(" = ").expect("a slot");
                        let name =
                            words.split_whitespace().nth(1).expect("a name").trim_end_matches('\u{2400}');
                        followed.cgroups.insert(slot.to_owned(), name.to_owned());
                    }
                    None if text.starts_with("text ") => followed.text(&step, text, person),
                    None if text.starts_with("check ") => {}
                    None => {
                        step = text.to_owned();
                        followed.cgroup_optional |= text.starts_with("say that there is no cgroup");
                    }
                },
            }
        }
        followed.processes.extend(stack);
        followed
    }

    fn process(&mut self, process: &mut Process, step: &str, name: &str, arguments: &[String]) {
        let argument = |index: usize| arguments.get(index).cloned().unwrap_or_default();
        match name {
            "clone3" | "unshare" => process.namespaces.extend(argument(0).split('|').map(str::to_owned)),
            "setns" => _ = process.namespaces.insert(argument(1)),
            "setresuid" if argument(0) != "4294967295" => process.ids[0] = argument(0),
            "setresgid" if argument(0) != "4294967295" => process.ids[1] = argument(0),
            "setgroups" => self.groups_set = true,
            "capset" => {
                process.capabilities =
                    argument(1).trim_matches(['{', '}']).split(',').next().unwrap_or_default().to_owned()
            }
            "prctl" if argument(0) == "PR_CAPBSET_DROP" => process.bounded = true,
            "prctl" if argument(0) == "PR_SET_NO_NEW_PRIVS" => process.no_new_privs = true,
            "seccomp" => process.filters += 1,
            // Raising is for where the caller's is lower, which is asked first.
            "prlimit64" if argument(2).starts_with('{') && !step.starts_with("raise ") => {
                let values = argument(2);
                let value = |name: &str| {
                    values
                        .split(name)
                        .nth(1)
                        .unwrap_or_default()
                        .split([',', '}'])
                        .next()
                        .unwrap_or_default()
                        .to_owned()
                };
                process.limits.insert(argument(1), [value("rlim_cur="), value("rlim_max=")]);
            }
            "close_range" if argument(1) == "4294967295" => process.closed_from = Some(argument(0)),
            "execve" => process.executes = true,
            _ => {}
        }
    }

    /// Files of the sandbox's cgroup, from the call that opens them to what is written.
    fn cgroup_file(&mut self, name: &str, arguments: &[String], result: Option<&String>) {
        let argument = |index: usize| arguments.get(index).map(|text| unquoted(text)).unwrap_or_default();
        match (name, result) {
            ("openat", Some(slot)) if self.cgroups.contains_key(&argument(0)) => {
                self.files.insert(slot.clone(), argument(1));
            }
            ("write", _) => {
                if let Some(file) = self.files.get(&argument(0)) {
                    self.cgroup_files.insert(file.clone(), argument(1));
                }
            }
            ("close", _) => _ = self.files.remove(&argument(0)),
            _ => {}
        }
    }

    /// Slots are followed from the call that fills them to the place where what they hold is mounted.
    fn mount(&mut self, name: &str, arguments: &[String], result: Option<String>) {
        let argument = |index: usize| arguments.get(index).cloned().unwrap_or_default();
        let within =
            |places: &BTreeMap<String, String>, directory: &str, path: &str| match places.get(directory) {
                Some(place) if path.is_empty() => place.clone(),
                Some(place) => format!("{}/{path}", place.trim_end_matches('/')),
                None => path.to_owned(),
            };
        let path = within(&self.places, &argument(0), &unquoted(&argument(1)));
        match (name, result) {
            ("fsopen", Some(slot)) => _ = self.slots.insert(slot, (BTreeSet::new(), unquoted(&argument(0)))),
            ("fsmount", Some(slot)) => {
                let kind = self.slots.get(&argument(0)).expect("a context").1.clone();
                self.slots.insert(slot, (flags(&argument(2)), kind));
            }
            ("openat2", Some(slot)) => _ = self.places.insert(slot, path),
            ("open_tree", Some(slot)) => {
                let from = self.places.get(&argument(0)).map(|_| path.clone());
                // What is bound onto itself has the flags that are there.
                let there = from.as_ref().and_then(|path| self.above(path)).unwrap_or_default();
                self.slots.insert(slot, (there, format!("bind {path}")));
            }
            ("mount_setattr", _) if argument(0) == "AT_FDCWD" => {
                let mount = self.mounts.get_mut(&unquoted(&argument(1)));
                mount.into_iter().for_each(|mount| mount.0.extend(flags(&argument(3))));
            }
            ("mount_setattr", _) => {
                if let Some(mount) = self.slots.get_mut(&argument(0)) {
                    mount.0.extend(flags(&argument(3)));
                }
            }
            ("move_mount", _) => {
                let to = within(&self.places, &argument(2), &unquoted(&argument(3)));
                let mount = self.slots.get(&argument(0)).cloned().unwrap_or_else(|| panic!("{arguments:?}"));
                self.places.insert(argument(0), to.clone());
                self.mounts.insert(to, mount);
            }
            _ => {}
        }
    }

    /// The flags of the mount that a path is in.
    fn above(&self, path: &str) -> Option<BTreeSet<String>> {
        let holds = |(at, _): &(&String, &Mount)| path.starts_with(at.as_str());
        self.mounts.iter().filter(holds).max_by_key(|(at, _)| at.len()).map(|(_, mount)| mount.0.clone())
    }

    /// An id map as it is written, the caller's ids in the place of their slots.
    fn text(&mut self, step: &str, line: &str, person: Person) {
        for map in ["uid_map", "gid_map"] {
            if step.contains(map)
                && let Some((_, pieces)) = line.split_once(" = ")
            {
                let pieces = pieces.split(", length").next().unwrap_or_default();
                let words = pieces.replace("\" \"", " ").replace('"', " ");
                let word = |word: &str| {
                    if word.starts_with('$') { person.uid().to_string() } else { word.to_owned() }
                };
                let words: Vec<String> = words.split_whitespace().map(word).collect();
                self.maps.insert(map.to_owned(), words.join(" "));
            }
        }
    }
}
