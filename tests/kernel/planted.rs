//! What a sandbox leaves in a directory that it may write to decides nothing about the next launch of the same spec.

use crate::Test;
use crate::exits::PLAIN;
use crate::files::shared;
use crate::harness::{Need, Spec, Stage};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

const USER_NAMESPACES: &[Need] = &[Need::UserNamespaces];

pub const TESTS: &[Test] = &[
    Test { name: "planted/link-for-a-source", needs: USER_NAMESPACES, run: sources },
    Test { name: "planted/link-for-a-socket", needs: USER_NAMESPACES, run: socket },
    Test { name: "planted/link-for-a-root", needs: USER_NAMESPACES, run: root },
    Test { name: "planted/link-for-an-idmapped-source", needs: &[Need::Root], run: idmapped },
    Test { name: "planted/link-to-a-stream", needs: USER_NAMESPACES, run: stream },
    Test { name: "planted/link-above-a-source", needs: USER_NAMESPACES, run: above },
    Test { name: "planted/link-from-the-working-directory", needs: USER_NAMESPACES, run: working_directory },
    Test { name: "planted/absent-sources", needs: USER_NAMESPACES, run: absent },
];

const NOT_FOLLOWED: &str = "so no symbolic link in it is followed";

/// Launches once, then again with a link to another directory of the host where this one was, and once more without it.
#[track_caller]
fn expect_not_followed(stage: &Stage, conditions: &[&str], spec: Spec, [replaced, other]: [&Path; 2]) {
    let questions = ["read=/conf/file", "list=/conf"].map(str::to_owned);
    let launcher = stage.build(&spec.asking(&stage.site, &questions));
    let starts = || {
        let run = stage.start(conditions, &launcher);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
        run.answers()
    };
    starts().expect(&[("content./conf/file", "of the host\\n")]);
    let aside = replaced.with_extension("aside");
    fs::rename(replaced, &aside).expect("moved aside");
    symlink(other, replaced).expect("a link");
    let run = stage.start(conditions, &launcher);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains(NOT_FOLLOWED), "{}", run.stderr);
    fs::remove_file(replaced).expect("removed");
    fs::rename(&aside, replaced).expect("moved back");
    starts().expect(&[("content./conf/file", "of the host\\n")]);
}

/// Every kind of source, in a directory that is bound writable, wherever and in whatever order.
fn sources(stage: &Stage) {
    let app = shared(stage, "app");
    let conf = shared(stage, "app/conf");
    let other = shared(stage, "other");
    let [app, path] = [&app, &conf].map(|path| path.display());
    let grant = format!("'/app' = {{ bind = '{app}', writable = true }}");
    for source in [
        format!("'/conf' = {{ bind = '{path}' }}"),
        format!("'/conf' = {{ bind = '{path}', optional = true }}"),
        format!("'/conf' = {{ bind = '{path}', writable = true }}"),
        format!("'/conf' = {{ overlay = ['{path}'] }}"),
        format!("'/conf' = {{ overlay = ['{path}', '/usr'], writable = true }}"),
    ] {
        let spec = Spec::new(PLAIN).with(&format!("[filesystem.mounts]\n{grant}\n{source}"));
        expect_not_followed(stage, &[], spec, [&conf, &other]);
    }
    let root = format!(
        "filesystem.root = 'host'\n[filesystem.mounts]\n'{app}' = {{ bind = '{app}', writable = true }}"
    );
    let spec = Spec::new(PLAIN).with(&format!("{root}\n'/srv' = {{ bind = '{path}' }}"));
    let launcher = stage.build(&spec.asking(&stage.site, &["list=/srv".to_owned()]));
    fs::rename(&conf, conf.with_extension("aside")).expect("moved aside");
    symlink(&other, &conf).expect("a link");
    let run = stage.start(&[], &launcher);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains(NOT_FOLLOWED), "{}", run.stderr);
}

/// Plants a link to another directory where this one was, and launches: nothing starts.
#[track_caller]
fn expect_refused_behind_a_link(stage: &Stage, spec: Spec, [replaced, other]: [&Path; 2]) {
    fs::rename(replaced, replaced.with_extension("aside")).expect("moved aside");
    symlink(other, replaced).expect("a link");
    expect_refused(stage, spec);
}

#[track_caller]
fn expect_refused(stage: &Stage, spec: Spec) {
    let launcher = stage.build(&spec.asking(&stage.site, &["identity".to_owned()]));
    let run = stage.start(&[], &launcher);
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    assert!(run.stderr.contains(NOT_FOLLOWED), "{}", run.stderr);
}

/// A socket of the host on which another program listens is not reached by a link, and no device.
fn socket(stage: &Stage) {
    let app = shared(stage, "app");
    let [own, other] = [shared(stage, "app/sockets"), shared(stage, "other")];
    let _listeners = [&own, &other].map(|directory| {
        let path = directory.join("it");
        let listener = UnixListener::bind(&path).expect("a socket");
        fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("chmod");
        listener
    });
    let spec = Spec::new(PLAIN).with(&format!(
        "[filesystem.mounts]
         '/app' = {{ bind = '{0}', writable = true }}
         '/it' = {{ socket = '{0}/sockets/it' }}",
        app.display()
    ));
    stage.ask(spec.clone(), &["connect=/it"]).expect(&[("connect./it", "ok")]);
    expect_refused_behind_a_link(stage, spec, [&own, &other]);
    let device = format!("'/it' = {{ device = '{}/sockets/it' }}", app.display());
    let grant = format!("'/app' = {{ bind = '{}', writable = true }}", app.display());
    let spec = Spec::new(PLAIN).with(&format!("[filesystem.mounts]\n{grant}\n{device}"));
    expect_refused(stage, spec);
}

/// The file of a stream is not reached through another name of a writable directory, at whose end a link may have been left.
fn stream(stage: &Stage) {
    let [app, other] = [shared(stage, "app"), shared(stage, "other")];
    let alias = stage.directory().join("alias");
    symlink(&app, &alias).expect("a link");
    let spec = |directory: &Path, writable: bool| {
        Spec::new(PLAIN).with(&format!(
            "process.stdin = {{ file = '{}/note' }}
             filesystem.mounts.'/app' = {{ bind = '{}', writable = {writable} }}",
            directory.display(),
            app.display()
        ))
    };
    symlink(other.join("file"), app.join("note")).expect("a link");
    symlink("file", other.join("note")).expect("a link");
    // Both where a link leads to the directory and where one leads from elsewhere.
    for directory in [&alias, &other] {
        let launcher =
            |writable| stage.build(&spec(directory, writable).asking(&stage.site, &["identity".to_owned()]));
        let run = stage.start(&[], &launcher(true));
        assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
        assert!(
            run.stderr.contains("no symbolic link on the way to this file is followed"),
            "{}",
            run.stderr
        );
        assert_eq!(stage.start(&[], &launcher(false)).status, 0);
    }
    fs::remove_file(other.join("note")).expect("removed");
    fs::write(other.join("note"), "").expect("a file");
    let plain = stage.build(&spec(&other, true).asking(&stage.site, &["identity".to_owned()]));
    assert_eq!(stage.start(&[], &plain).status, 0);
}

/// Nor is another tree the root.
fn root(stage: &Stage) {
    let app = shared(stage, "app");
    let [own, other] = [shared(stage, "app/tree"), shared(stage, "other")];
    for overlay in ["", ", overlay = 'memory'"] {
        let spec = Spec::new(PLAIN).with(&format!(
            "filesystem.root = {{ path = '{0}/tree'{overlay} }}
             filesystem.mounts.'/app' = {{ bind = '{0}', writable = true }}",
            app.display()
        ));
        expect_refused_behind_a_link(stage, spec, [&own, &other]);
        fs::remove_file(&own).expect("removed");
        fs::rename(own.with_extension("aside"), &own).expect("moved back");
    }
}

/// A source that is mapped is cloned at another place of the launch.
fn idmapped(stage: &Stage) {
    let app = shared(stage, "app");
    let [own, other] = [shared(stage, "app/conf"), shared(stage, "other")];
    let ids = "[{ container_id = 65534, host_id = 65534, size = 1 }]";
    let spec = Spec::new(PLAIN).with(&format!(
        "[filesystem.mounts]
         '/app' = {{ bind = '{0}', writable = true }}
         '/conf' = {{ bind = '{0}/conf', idmap = {{ uid_mappings = {ids}, gid_mappings = {ids} }} }}",
        app.display()
    ));
    expect_refused_behind_a_link(stage, spec, [&own, &other]);
}

/// Nor is a link above the source, between two grants of which one lies in the other.
fn above(stage: &Stage) {
    let app = shared(stage, "app");
    let deep = shared(stage, "app/deep");
    shared(stage, "app/deep/sub");
    shared(stage, "app/deep/sub/conf");
    let other = shared(stage, "other");
    shared(stage, "other/sub");
    shared(stage, "other/sub/conf");
    let path = app.display();
    let spec = Spec::new(PLAIN).with(&format!(
        "[filesystem.mounts]
         '/app' = {{ bind = '{path}', writable = true }}
         '/sub' = {{ bind = '{path}/deep/sub', writable = true }}
         '/conf' = {{ bind = '{path}/deep/sub/conf' }}"
    ));
    expect_not_followed(stage, &[], spec, [&deep, &other]);
}

fn working_directory(stage: &Stage) {
    let work = shared(stage, "work");
    let cache = shared(stage, "work/cache");
    let other = shared(stage, "other");
    let spec = Spec::new(PLAIN).with(
        "[filesystem.mounts]
         '/work' = { bind = '${run.cwd}', writable = true }
         '/conf' = { bind = '${run.cwd}/cache', optional = true }",
    );
    let (cwd, home) = (format!("cwd={}", work.display()), format!("environment=HOME={}", other.display()));
    expect_not_followed(stage, &[&cwd, &home], spec, [&cache, &other]);
}

/// What may be absent may be so there too, with what it lies in or without it.
fn absent(stage: &Stage) {
    let app = shared(stage, "app");
    let path = app.display();
    for source in [format!("{path}/absent"), format!("{path}/absent/inner"), format!("{path}/none/inner")] {
        let spec = Spec::new(PLAIN).with(&format!(
            "[filesystem.mounts]
             '/app' = {{ bind = '{path}', writable = true }}
             '/none' = {{ bind = '{path}/none', writable = true, optional = true }}
             '/conf' = {{ bind = '{source}', optional = true }}
             '/file' = {{ bind = '{path}/file' }}"
        ));
        stage.ask(spec, &["list=/", "read=/file"]).expect(&[("content./file", "of the host\\n")]);
    }
}
