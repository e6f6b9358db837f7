//! A root file system that somebody hostile fills and changes while it is mounted on: nothing is ever mounted or made outside
//! of the sandbox, and what is mounted is where the spec says, or nothing runs.

use crate::Test;
use crate::exits::PLAIN;
use crate::files::shared;
use crate::harness::{Need, Person, Run, Spec, Stage, command, guest};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

const ROOTFS: &[Need] = &[Need::UserNamespaces, Need::Program("busybox")];

pub const TESTS: &[Test] = &[
    Test {
        name: "hostile-root/cve-2019-18837-links-on-the-way-to-every-kind",
        needs: ROOTFS,
        run: links_on_the_way,
    },
    Test {
        name: "hostile-root/cve-2019-19921-cve-2023-27561-cve-2023-28642-cve-2026-41579-links-for-proc-sys-dev-tmp",
        needs: ROOTFS,
        run: links_for_the_usual,
    },
    Test {
        name: "hostile-root/cve-2024-45310-nothing-made-through-a-link",
        needs: ROOTFS,
        run: nothing_made_through_a_link,
    },
    Test {
        name: "hostile-root/cve-2021-30465-destination-swapped-while-mounting",
        needs: ROOTFS,
        run: swapped_for_a_link,
    },
    Test {
        name: "hostile-root/cve-2021-30465-mount-points-swapped-while-mounting",
        needs: ROOTFS,
        run: mount_points_swapped,
    },
    Test { name: "hostile-root/cve-2021-30465-every-kind-swapped", needs: ROOTFS, run: every_kind_swapped },
    Test { name: "hostile-root/files-for-directories", needs: ROOTFS, run: files_for_directories },
];

/// The two roots that are somebody else's tree.
const ROOTS: [&str; 2] = ["'{}'", "{ path = '{}', overlay = 'memory' }"];

/// A directory of the host that the spec lets the program write to, where every link leads; and all that must not change.
struct Scene {
    root: PathBuf,
    canary: PathBuf,
    before: BTreeMap<PathBuf, String>,
    mounts: String,
}

impl Scene {
    fn new(stage: &Stage) -> Self {
        stage.make_rootfs();
        let root = stage.site.rootfs.clone();
        for directory in ["granted", "sys", "a/b", "target"] {
            fs::create_dir_all(root.join(directory)).expect("a directory of the rootfs");
        }
        let canary = shared(stage, "canary");
        for directory in ["b/c", "c", "target"] {
            fs::create_dir_all(canary.join(directory)).expect("a directory of the canary");
        }
        let mut scene = Self { root, canary, before: BTreeMap::new(), mounts: String::new() };
        scene.remember();
        scene
    }

    fn remember(&mut self) {
        self.before = files(&self.canary);
        self.mounts = fs::read_to_string("/proc/self/mountinfo").expect("the mounts");
    }

    /// With the canary at /granted, writable.
    fn spec(&self, root: &str, tree: &str) -> Spec {
        let root = root.replace("{}", &self.root.display().to_string());
        Spec::new(PLAIN)
            .with(&format!(
                "[filesystem]
             root = {root}
             [filesystem.mounts]
             '/granted' = {{ bind = '{}', writable = true }}",
                self.canary.display()
            ))
            .with(tree)
    }

    #[track_caller]
    fn expect_unchanged(&self, what: &str) {
        assert_eq!(files(&self.canary), self.before, "{what}: the host was written to");
        let mounts = fs::read_to_string("/proc/self/mountinfo").expect("the mounts");
        assert_eq!(mounts, self.mounts, "{what}: something is mounted on the host");
    }

    #[track_caller]
    fn expect_refused(&self, run: &Run, what: &str) {
        assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{what}: {}", run.stderr);
        self.expect_unchanged(what);
    }
}

/// Everything beneath a directory, with which inode it is and what is in it.
fn files(directory: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let (path, kind) = (entry.path(), entry.file_type().expect("its type"));
        if kind.is_dir() {
            found.extend(files(&path));
        }
        let content =
            if kind.is_file() { fs::read_to_string(&path).unwrap_or_default() } else { String::new() };
        let data = entry.metadata().expect("its mode");
        let what = [u64::from(data.mode()), data.ino(), u64::from(data.uid()), data.nlink(), data.rdev()];
        found.insert(path, format!("{what:?} {content}"));
    }
    found
}

/// Where a hostile link leads: to the canary by ways of the host and of the sandbox, up, round, and nowhere.
fn links(scene: &Scene) -> Vec<String> {
    let canary = scene.canary.display();
    vec![
        canary.to_string(),
        format!("../../../../../../../..{canary}"),
        "/granted".to_owned(),
        "../../granted".to_owned(),
        "/chain".to_owned(),
        "/loop".to_owned(),
        "/proc/self/root/granted".to_owned(),
        "..".to_owned(),
        "/absent".to_owned(),
    ]
}

fn launcher(stage: &Stage, spec: Spec, questions: &[&str]) -> PathBuf {
    let questions: Vec<String> = questions.iter().map(|&question| question.to_owned()).collect();
    stage.build(&spec.asking(&stage.site, &questions))
}

/// What can be mounted on a directory, and on a file, with a tree of the host and a socket in it.
fn kinds(tree: &Path) -> Vec<(String, bool)> {
    let tree = tree.display();
    let directories = [
        "{ tmpfs = '1MiB' }".to_owned(),
        "{ directory = true }".to_owned(),
        format!("{{ bind = '{tree}' }}"),
        format!("{{ overlay = ['{tree}'], writable = true }}"),
        "{ mqueue = true }".to_owned(),
        "{ mask = true }".to_owned(),
        "{ seal = true }".to_owned(),
    ];
    let files = [
        "{ text = 'x' }".to_owned(),
        format!("{{ bind = '{tree}/file' }}"),
        format!("{{ socket = '{tree}/socket' }}"),
        "{ device = '/dev/null' }".to_owned(),
    ];
    let directories = directories.map(|kind| (kind, true));
    directories.into_iter().chain(files.map(|kind| (kind, false))).collect()
}

fn links_on_the_way(stage: &Stage) {
    let mut scene = Scene::new(stage);
    symlink("/chain2", scene.root.join("chain")).expect("a link");
    symlink("/granted", scene.root.join("chain2")).expect("a link");
    symlink("/loop", scene.root.join("loop")).expect("a link");
    let _listener = UnixListener::bind(scene.canary.join("socket")).expect("a socket");
    scene.remember();
    for (kind, is_directory) in kinds(&scene.canary) {
        let leaf = scene.root.join("a/b/c");
        _ = fs::remove_dir(&leaf).or_else(|_| fs::remove_file(&leaf));
        if is_directory { fs::create_dir(&leaf) } else { fs::write(&leaf, "") }.expect("the mount point");
        for root in ROOTS {
            let tree = format!("filesystem.proc = 'own'\nfilesystem.mounts.'/a/b/c' = {kind}");
            let launcher = launcher(stage, scene.spec(root, &tree), &["mounts"]);
            let run = stage.run(&launcher, &[]);
            // The control: without a link it is there.
            assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{kind}");
            run.answers().get("mount./a/b/c");
            for component in ["a", "a/b", "a/b/c"] {
                let (real, aside) = (scene.root.join(component), scene.root.join("aside"));
                fs::rename(&real, &aside).expect("rename");
                for link in links(&scene) {
                    symlink(&link, &real).expect("a link");
                    let run = stage.run(&launcher, &[]);
                    fs::remove_file(&real).expect("the link");
                    scene.expect_refused(&run, &format!("{kind} in {root}, {component} -> {link}"));
                }
                fs::rename(&aside, &real).expect("rename");
            }
        }
    }
}

fn links_for_the_usual(stage: &Stage) {
    let scene = Scene::new(stage);
    for (name, tree) in [
        ("proc", "filesystem.proc = 'own'"),
        ("proc", "filesystem.proc = 'subset'"),
        ("sys", "filesystem.sys = 'read_only'"),
        ("dev", "filesystem.dev = 'minimal'"),
        ("tmp", "filesystem.mounts.'/tmp' = { tmpfs = '1MiB' }"),
    ] {
        for root in ROOTS {
            let launcher = launcher(stage, scene.spec(root, tree), &["identity"]);
            assert_eq!(stage.run(&launcher, &[]).status, 0, "{tree}");
            let (real, aside) = (scene.root.join(name), scene.root.join("aside"));
            fs::rename(&real, &aside).expect("rename");
            for link in links(&scene) {
                symlink(&link, &real).expect("a link");
                let run = stage.run(&launcher, &[]);
                fs::remove_file(&real).expect("the link");
                scene.expect_refused(&run, &format!("{tree} in {root}, {name} -> {link}"));
            }
            fs::rename(&aside, &real).expect("rename");
        }
    }
}

/// What is missing in a root with memory on top is made there, and only there.
fn nothing_made_through_a_link(stage: &Stage) {
    let scene = Scene::new(stage);
    let entries = [
        "'/way/made/deep' = { tmpfs = '1MiB' }",
        "'/way/made' = { tmpfs = '1MiB' }",
        "'/way/made' = { text = 'x' }",
        "'/way/made' = { directory = true }",
        "'/way/made' = { symlink = 'x' }",
        "'/way/made/deep' = { symlink = 'x' }",
        "'/way/made' = { device = '/dev/null' }",
    ];
    for entry in entries {
        let launcher =
            launcher(stage, scene.spec(ROOTS[1], &format!("filesystem.mounts.{entry}")), &["list=/way"]);
        let run = stage.run(&launcher, &[]);
        run.answers().expect(&[("list./way", "made")]);
        for link in links(&scene) {
            symlink(&link, scene.root.join("way")).expect("a link");
            let run = stage.run(&launcher, &[]);
            fs::remove_file(scene.root.join("way")).expect("the link");
            scene.expect_refused(&run, &format!("{entry}, way -> {link}"));
        }
    }
}

/// Somebody who exchanges two names for as long as this lives.
struct Attacker(Child);

impl Attacker {
    fn new(stage: &Stage, one: &Path, other: &Path) -> Self {
        let question = format!("exchange={},{}", one.display(), other.display());
        Self(command(Person::Own, &stage.ground.probe, &[&question]).spawn().expect("the attacker"))
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Launches again and again, for a while and until it ran and, when that is asked for, was refused; how often it was which.
fn launches(stage: &Stage, launcher: &Path, both: bool, mut look: impl FnMut(&Run)) -> [u32; 2] {
    let start = Instant::now();
    let mut ended = [0; 2];
    for _ in 0..40 {
        let run = stage.run(launcher, &[]);
        match run.status {
            0 => ended[0] += 1,
            125 => {
                assert_eq!(run.stdout, "", "{}", run.stderr);
                ended[1] += 1;
            }
            status => panic!("status {status}: {}", run.stderr),
        }
        look(&run);
        let enough = ended[0] > 0 && (ended[1] > 0 || !both);
        if enough && start.elapsed() > Duration::from_secs(2) {
            break;
        }
    }
    ended
}

/// Directories on the way to mount points, and mount points, are links for half of the time.
fn swapped_for_a_link(stage: &Stage) {
    let scene = Scene::new(stage);
    fs::create_dir(scene.root.join("a/b/c")).expect("a directory");
    symlink("/granted", scene.root.join("link")).expect("a link");
    let tree = "filesystem.proc = 'own'
         [filesystem.mounts]
         '/a/b/c' = { tmpfs = '1MiB' }
         '/target' = { directory = true }
         '/target/text' = { text = 'x' }
         '/target/made/deep' = { tmpfs = '1MiB' }";
    for root in ROOTS {
        let launcher = launcher(stage, scene.spec(root, tree), &["mounts"]);
        assert_eq!(stage.run(&launcher, &[]).status, 0);
        for swapped in ["a", "a/b", "a/b/c", "target"] {
            let attacker = Attacker::new(stage, &scene.root.join(swapped), &scene.root.join("link"));
            let [ran, refused] = launches(stage, &launcher, true, |run| {
                scene.expect_unchanged(&format!("{swapped} in {root}"));
                expect_mounts_inside(run);
            });
            assert!(
                ran > 0 && refused > 0,
                "{swapped} in {root}: {ran} launches ran, {refused} were refused"
            );
            drop(attacker);
            restore(&scene.root.join(swapped), &scene.root.join("link"));
        }
    }
}

/// All kinds at once: what is swapped is the way to them or the place of one, for links to what the program may write and to the
/// same on the host.
fn every_kind_swapped(stage: &Stage) {
    let mut scene = Scene::new(stage);
    let _listener = UnixListener::bind(scene.canary.join("socket")).expect("a socket");
    let other = shared(stage, "other");
    let _other = UnixListener::bind(other.join("socket")).expect("a socket");
    let mut tree = String::from("[filesystem.mounts]\n");
    let mut places = vec!["a".to_owned(), "a/b".to_owned()];
    for (number, (kind, is_directory)) in kinds(&other).into_iter().enumerate() {
        let place = format!("a/b/{number}");
        let real = scene.root.join(&place);
        if is_directory { fs::create_dir(&real) } else { fs::write(&real, "") }.expect("the mount point");
        tree += &format!("'/{place}' = {kind}\n");
        places.push(place);
    }
    let canary = scene.canary.display().to_string();
    scene.remember();
    for (root, link) in ROOTS.iter().zip(["/granted", canary.as_str()]) {
        symlink(link, scene.root.join("link")).expect("a link");
        let launcher = launcher(stage, scene.spec(root, &tree).with("filesystem.proc = 'own'"), &["mounts"]);
        for place in places.iter().step_by(guest::stride()) {
            let swapped = scene.root.join(place);
            let attacker = Attacker::new(stage, &swapped, &scene.root.join("link"));
            let start = Instant::now();
            for round in 0..12 {
                let run = stage.run(&launcher, &[]);
                let what = format!("{place} in {root}, link -> {link}, round {round}");
                assert!(run.status == 0 || run.status == 125, "{what}: {} {}", run.status, run.stderr);
                assert!(run.status == 0 || run.stdout.is_empty(), "{what}: {}", run.stdout);
                scene.expect_unchanged(&what);
                let answers = run.answers();
                let astray = answers.under("mount.").find(|(point, _)| point.starts_with("/granted/"));
                assert_eq!(astray, None, "{what}");
                if round > 2 && start.elapsed() > Duration::from_millis(300) {
                    break;
                }
            }
            drop(attacker);
            restore(&swapped, &scene.root.join("link"));
        }
        fs::remove_file(scene.root.join("link")).expect("the link");
    }
}

/// Puts the directory back in its place.
fn restore(directory: &Path, link: &Path) {
    if directory.is_symlink() {
        let aside = link.with_extension("aside");
        fs::rename(directory, &aside).expect("rename");
        fs::rename(link, directory).expect("rename");
        fs::rename(aside, link).expect("rename");
    }
}

/// What is mounted keeps its place in the tree while its name changes; nothing else is mounted.
#[track_caller]
fn expect_mounts_inside(run: &Run) {
    if run.status != 0 {
        return;
    }
    let answers = run.answers();
    for (point, what) in answers.under("mount.") {
        let known = ["/", "/granted", "/proc"].contains(&point)
            || ["/a", "/link", "/target"]
                .iter()
                .any(|start| point == *start || point.starts_with(&format!("{start}/")));
        assert!(known, "{point}: {what}");
        assert!(!point.starts_with("/granted/"), "{point}: {what}");
    }
    // The root and what is granted may be in memory as well.
    let own = answers.under("mount.").filter(|(point, _)| !["/", "/granted"].contains(point));
    let memory = own.filter(|(_, what)| what.contains(" tmpfs ")).count();
    assert_eq!(memory, 3, "{}", run.stdout);
}

/// The directories that are mounted on change their names: what is inside one entry must not get into another.
fn mount_points_swapped(stage: &Stage) {
    let scene = Scene::new(stage);
    let tree = "filesystem.proc = 'own'
         [filesystem.mounts]
         '/granted/file' = { mask = true }
         '/granted/c' = { seal = true }
         '/target' = { directory = true }
         '/target/text' = { text = 'x' }
         '/target/made/deep' = { tmpfs = '1MiB' }
         '/target/link' = { symlink = 'text' }";
    let questions = [
        "read=/granted/file",
        "read=/target/file",
        "open=/granted/c/new,make",
        "open=/target/c/new,make",
        "mounts",
    ];
    for root in ROOTS {
        let launcher = launcher(stage, scene.spec(root, tree), &questions);
        let _attacker = Attacker::new(stage, &scene.root.join("target"), &scene.root.join("granted"));
        let [ran, refused] = launches(stage, &launcher, false, |run| {
            scene.expect_unchanged(root);
            assert!(!run.stdout.contains("of the host"), "{}", run.stdout);
        });
        assert!(ran > 0, "all of {refused} launches were refused");
    }
}

fn files_for_directories(stage: &Stage) {
    let scene = Scene::new(stage);
    fs::write(scene.root.join("plain"), "").expect("a file");
    nix::unistd::mkfifo(&scene.root.join("fifo"), nix::sys::stat::Mode::from_bits_truncate(0o644))
        .expect("a FIFO");
    let another_kind = "a directory can only be mounted on a directory";
    for (entry, words) in [
        ("'/plain' = { tmpfs = '1MiB' }", another_kind),
        ("'/fifo' = { directory = true }", another_kind),
        ("'/target' = { text = 'x' }", another_kind),
        ("'/target' = { device = '/dev/null' }", another_kind),
        ("'/plain/inner' = { tmpfs = '1MiB' }", "/plain/inner: Not a directory"),
        ("'/plain/inner' = { mask = true }", "/plain/inner: Not a directory"),
    ] {
        for root in ROOTS {
            let spec = scene.spec(root, &format!("filesystem.mounts.{entry}"));
            let run = stage.run(&launcher(stage, spec, &["identity"]), &[]);
            scene.expect_refused(&run, entry);
            assert!(run.stderr.contains(words), "{}", run.stderr);
        }
    }
}
