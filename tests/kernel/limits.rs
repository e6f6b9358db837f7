//! Resource limits alone: every one of them in force without a filter, and hard ones raised by who may.

use crate::Test;
use crate::exits::{PLAIN, in_place};
use crate::harness::{Need, Spec, Stage};

pub const TESTS: &[Test] = &[
    Test { name: "limits/all-sixteen", needs: &[Need::UserNamespaces], run: all_sixteen },
    Test { name: "limits/raise-a-hard-limit", needs: &[Need::UserNamespaces], run: raise },
];

/// The kernel's words for a limit, its key, and two amounts that no default is.
const LIMITS: [(&str, &str, u64, u64); 16] = [
    ("Max cpu time", "cpu", 11, 12),
    ("Max file size", "fsize", 1_111_111, 1_222_222),
    ("Max data size", "data", 111_111_111, 122_222_222),
    ("Max stack size", "stack", 1_111_040, 1_222_656),
    ("Max core file size", "core", 4, 5),
    ("Max resident set", "rss", 11_111_111, 12_222_222),
    ("Max processes", "nproc", 1111, 1222),
    ("Max open files", "nofile", 111, 122),
    ("Max locked memory", "memlock", 4096, 8192),
    ("Max address space", "as", 311_111_111, 322_222_222),
    ("Max file locks", "locks", 11, 12),
    ("Max pending signals", "sigpending", 111, 122),
    ("Max msgqueue size", "msgqueue", 1111, 1222),
    ("Max nice priority", "nice", 0, 0),
    ("Max realtime priority", "rtprio", 0, 0),
    ("Max realtime timeout", "rttime", 1_111_111, 1_222_222),
];

fn all_sixteen(stage: &Stage) {
    let lines = LIMITS
        .iter()
        .filter(|(_, key, ..)| *key != "core")
        .map(|(_, key, soft, hard)| format!("{key} = {{ soft = {soft}, hard = {hard} }}\n"));
    // Whoever runs the tests may have lost all cores already.
    let rlimits: String = lines.chain(["core = 0\n".to_owned()]).collect();
    for spec in [Spec::new(PLAIN).with("filesystem.proc = 'own'"), in_place(stage)] {
        let spec = spec.with(&format!("seccomp = {{ default_action = 'allow' }}\n[rlimits]\n{rlimits}"));
        let text = stage.ask(spec, &["read=/proc/self/limits"]);
        let text = text.get("content./proc/self/limits").replace("\\n", "\n");
        for (words, key, soft, hard) in LIMITS {
            let line = text.lines().find_map(|line| line.strip_prefix(words));
            let found: Vec<&str> = line.unwrap_or_default().split_whitespace().take(2).collect();
            let [soft, hard] =
                if key == "core" { [0, 0] } else { [soft, hard] }.map(|limit| limit.to_string());
            assert_eq!(found, [soft, hard], "{key} in\n{text}");
        }
    }
}

fn raise(stage: &Stage) {
    let low = "limit=7:100:100";
    let spec = Spec::new(PLAIN).with("rlimits.nofile = { soft = 150, hard = 200 }");
    let launcher = stage.build(&spec.asking(&stage.site, &["rlimits".to_owned()]));
    // The control: may this person raise it at all?
    let may = stage.start(&[low, "limit=7:200:200"], &stage.ground.probe).status == 0;
    let run = stage.start(&[low], &launcher);
    if may {
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
        return run.answers().expect(&[("rlimit.7", "150,200")]);
    }
    assert_eq!((run.status, run.stdout.as_str()), (125, ""), "{}", run.stderr);
    for words in ["rlimits.nofile", "Operation not permitted", "CAP_SYS_RESOURCE"] {
        assert!(run.stderr.contains(words), "no `{words}` in: {}", run.stderr);
    }
}
