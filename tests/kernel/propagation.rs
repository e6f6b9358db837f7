//! What the host mounts later appears beneath a slave and nowhere else, and nothing that is mounted inside gets out.

use crate::Test;
use crate::exits::PLAIN;
use crate::files::shared;
use crate::harness::{Answers, Need, Spec, Stage, wait};
use crate::life::ready;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

const ROOT: &[Need] = &[Need::Root, Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "propagation/of-the-host", needs: ROOT, run: of_the_host },
    Test { name: "propagation/never-outwards", needs: ROOT, run: never_outwards },
    Test { name: "propagation/optional-source", needs: &[Need::UserNamespaces], run: optional_source },
    Test {
        name: "propagation/row-52-every-mount-is-private",
        needs: &[Need::UserNamespaces],
        run: every_mount_is_private,
    },
];

/// Who launches, and with whose user namespace.
const LAUNCHES: [(&str, &str); 3] = [("0", "new"), ("65534", "new"), ("0", "host")];

/// A host in which what is mounted on this directory propagates, and a launcher in it.
struct Host {
    media: PathBuf,
    child: Child,
}

impl Host {
    /// Starts the launcher of `spec` in a mount namespace that nothing leaves, so that the machine stays as it is.
    fn start(stage: &Stage, user: &str, spec: Spec, questions: &[&str]) -> Self {
        let media = shared(stage, "media");
        let questions: Vec<String> = questions.iter().map(|&question| question.to_owned()).collect();
        let launcher = stage.build(&spec.asking(&stage.site, &questions));
        let at = media.display();
        let conditions = [
            "mount_namespace".to_owned(),
            format!("tmpfs={at}"),
            format!("share={at}"),
            format!("tmpfs={at}/early"),
            format!("directory={at}/sealed/late"),
            format!("directory={at}/inner"),
            format!("user={user}"),
            "--".to_owned(),
            launcher.display().to_string(),
        ];
        let arguments: Vec<&str> =
            ["--start"].into_iter().chain(conditions.iter().map(String::as_str)).collect();
        let mut child = stage.spawn(&stage.ground.probe, &arguments);
        ready(&mut child);
        Self { media, child }
    }

    /// The directory, as the host of the launcher has it.
    fn path(&self, name: &str) -> PathBuf {
        let media = self.media.strip_prefix("/").expect("an absolute path");
        Path::new(&format!("/proc/{}/root", self.child.id())).join(media).join(name)
    }

    /// Mounts something on a directory there, with more conditions before that.
    #[track_caller]
    fn mount(&self, stage: &Stage, conditions: &[&str], name: &str) {
        let (enter, mount) =
            (format!("enter={}", self.child.id()), format!("tmpfs={}/{name}", self.media.display()));
        let conditions = [&[enter.as_str()], conditions, &[mount.as_str()]].concat();
        let run = stage.start(&conditions, &stage.ground.probe);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    }

    fn table(&self) -> String {
        fs::read_to_string(format!("/proc/{}/mountinfo", self.child.id())).expect("the mounts of the host")
    }

    /// Lets the program go on, and returns what it then says.
    #[track_caller]
    fn go(self) -> Answers {
        fs::write(self.path("go"), "").expect("the directory");
        let run = wait(self.child);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
        run.answers()
    }
}

/// The same directory twice.
fn media(stage: &Stage, user_namespace: &str) -> Spec {
    let path = stage.directory().join("media");
    let path = path.display();
    Spec::new(PLAIN).with(&format!(
        "namespaces.user = '{user_namespace}'
         filesystem.proc = 'own'
         [filesystem.mounts]
         '/private' = {{ bind = '{path}' }}
         '/slave' = {{ bind = '{path}', propagation = 'slave' }}
         '/slave/sealed' = {{ seal = true }}"
    ))
}

fn of_the_host(stage: &Stage) {
    let questions = [
        "appear=/slave/go",
        "list=/slave/late",
        "list=/private/late",
        "list=/mapped/late",
        "list=/slave/sealed/late",
        "open=/slave/new,make",
        "open=/slave/early/new,make",
        "open=/slave/late/new,make",
        "mounts",
    ];
    for (user, user_namespace) in LAUNCHES {
        let mut spec = media(stage, user_namespace);
        if user == "0" {
            // With an idmap it is opened outside, which the host's root alone can do.
            let maps = "[{ container_id = 65534, host_id = 65534, size = 1 }]";
            let idmap = format!("idmap = {{ uid_mappings = {maps}, gid_mappings = {maps} }}");
            let path = stage.directory().join("media");
            let bind = format!("bind = '{}', propagation = 'slave', {idmap}", path.display());
            spec = spec.with(&format!("filesystem.mounts.'/mapped' = {{ {bind} }}"));
        }
        let host = Host::start(stage, user, spec, &questions);
        for late in ["late", "sealed/late"] {
            host.mount(stage, &[], late);
            fs::write(host.path(late).join("file"), "").expect("the mount");
        }
        let inside = host.go();
        inside.expect(&[
            ("appear./slave/go", "ok"),
            ("list./slave/late", "file"),
            ("list./private/late", ""),
            ("list./slave/sealed/late", ""),
            ("make./slave/new", "EROFS"),
            ("make./slave/early/new", "EROFS"),
            // What `check` warns of: it came with its own flags.
            ("make./slave/late/new", "ok"),
        ]);
        let slave = inside.get("mount./slave");
        assert!(slave.contains("master:") && !slave.contains("shared:"), "{slave}");
        if user == "0" {
            inside.expect(&[("list./mapped/late", "file")]);
            let mapped = inside.get("mount./mapped");
            assert!(mapped.contains("master:") && !mapped.contains("shared:"), "{mapped}");
        }
        let private = inside.get("mount./private");
        assert!(private.contains("[]"), "{private}");
    }
}

/// The program may mount, and mounts where the host's mounts come from.
fn never_outwards(stage: &Stage) {
    for (user, user_namespace) in LAUNCHES {
        let spec = media(stage, user_namespace).with(
            "process.capabilities = ['CAP_SYS_ADMIN']
             seccomp.allow = ['@system-service', '@mount']",
        );
        let questions = ["mount=/slave/inner", "mount=/private/inner", "appear=/slave/go", "mounts"];
        let host = Host::start(stage, user, spec, &questions);
        // The control: the directory does propagate what others mount on it.
        assert!(!host.table().contains("/control "), "{}", host.table());
        host.mount(stage, &["tied_namespace"], "control");
        assert!(host.table().contains("/control "), "{}", host.table());
        assert!(!host.table().contains("/inner "), "{}", host.table());
        let inside = host.go();
        for point in ["mount./slave/inner", "mount./private/inner"] {
            assert!(inside.get(point).contains("tmpfs"), "{}", inside.get(point));
        }
    }
}

fn optional_source(stage: &Stage) {
    let line = "filesystem.mounts.'/absent' = \
                { bind = '/boxwright-absent', optional = true, propagation = 'slave' }";
    stage.ask(Spec::new(PLAIN).with(line), &["list=/"]).expect(&[("list./", "probe")]);
}

/// Whatever the host's own mounts are, those of the sandbox are nobody's peers and nobody's slaves.
fn every_mount_is_private(stage: &Stage) {
    let path = shared(stage, "grant").display().to_string();
    let tree = format!(
        "[filesystem]
         proc = 'own'
         dev = 'minimal'
         sys = 'read_only'
         [filesystem.mounts]
         '/grant' = {{ bind = '{path}', writable = true }}
         '/grant/file' = {{ seal = true }}
         '/devices' = {{ bind = '/dev' }}
         '/tmp' = {{ tmpfs = '1MiB' }}
         '/tmp/text' = {{ text = 'x' }}"
    );
    let mut specs = vec![Spec::new(PLAIN).with(&tree)];
    if stage.person.uid() == 0 {
        specs.push(specs[0].clone().with("namespaces.user = 'host'"));
    }
    for spec in specs {
        let launcher = stage.build(&spec.asking(&stage.site, &["mounts".to_owned()]));
        // A host whose every mount is shared, as systemd makes them, is what only root can make.
        let conditions: &[&str] =
            if stage.person.uid() == 0 { &["mount_namespace", "share=/"] } else { &["umask=022"] };
        let run = stage.start(conditions, &launcher);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
        if stage.person.uid() == 0 {
            let probe = stage.ground.probe.display().to_string();
            let arguments = [&["--start"], conditions, &["--", &probe, "mounts"]].concat();
            let outside = stage.run(&stage.ground.probe, &arguments).answers();
            assert!(outside.get("mount./").contains("[shared:"), "{}", outside.get("mount./"));
        }
        let answers = run.answers();
        let mut seen = 0;
        for (point, what) in answers.under("mount.") {
            assert!(what.contains(" [] "), "{point} propagates: {what}");
            seen += 1;
        }
        assert!(seen > 10, "only {seen} mounts");
    }
}
