//! Facts read from the kernel's header files: the parameters of system calls, and the values of named constants.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the sources of Debian's linux-headers-*-common are: where the package puts them, or where LINUX_HEADERS says.
pub fn linux_headers() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("LINUX_HEADERS") {
        return Some(path.into());
    }
    let installed = std::fs::read_dir("/usr/src").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    installed
        .filter(|path| {
            path.file_name().is_some_and(|name| {
                let name = name.to_string_lossy();
                name.starts_with("linux-headers-") && name.ends_with("-common")
            })
        })
        .max()
}

/// The package's name without its end, which says which kernel it is.
pub fn version(headers: &Path) -> String {
    let name = headers.file_name().unwrap().to_string_lossy().into_owned();
    format!("Linux {}\n", name.trim_start_matches("linux-headers-").trim_end_matches("-common"))
}

/// The text of parameter/linux.txt.
pub fn parameters(headers: &Path, known: &BTreeSet<&str>) -> String {
    let text = std::fs::read_to_string(headers.join("include/linux/syscalls.h")).unwrap();
    let text = without_comments(&text);
    // Of variants for several architectures the last is the generic one.
    let mut calls = BTreeMap::new();
    for part in text.split("asmlinkage long sys_").skip(1) {
        let (name, rest) = part.split_once('(').unwrap();
        let (parameters, _) = rest.split_once(");").unwrap();
        if known.contains(name) {
            calls.insert(name, parameters);
        }
    }
    let mut source = String::new();
    for (name, parameters) in calls {
        write!(source, "{name}").unwrap();
        for (index, parameter) in parameters.split(',').enumerate().filter(|(_, text)| text.trim() != "void")
        {
            let (name, bits) = parameter_of(parameter, index);
            write!(source, " {name}:{bits}").unwrap();
        }
        source.push('\n');
    }
    source
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("/*");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + part.split_once("*/").unwrap().1)
}

fn parameter_of(text: &str, index: usize) -> (String, u8) {
    const LONG: [&str; 14] = [
        "long",
        "size_t",
        "loff_t",
        "off_t",
        "u64",
        "__u64",
        "aio_context_t",
        "cap_user_header_t",
        "cap_user_data_t",
        "__sighandler_t",
        "old_sigset_t",
        "time_t",
        "__kernel_old_time_t",
        "uint64_t",
    ];
    const INT: [&str; 20] = [
        "int",
        "unsigned",
        "u32",
        "__u32",
        "__s32",
        "uid_t",
        "gid_t",
        "pid_t",
        "key_t",
        "clockid_t",
        "timer_t",
        "mqd_t",
        "qid_t",
        "rwf_t",
        "key_serial_t",
        "enum",
        "uint32_t",
        "id_t",
        "old_time32_t",
        "compat_ulong_t",
    ];
    const SHORT: [&str; 3] = ["umode_t", "old_uid_t", "old_gid_t"];
    let spaced = text.replace('*', " * ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let has = |types: &[&str]| words.iter().any(|word| types.contains(word));
    let bits = match () {
        () if words.contains(&"*") || has(&LONG) => 64,
        () if has(&SHORT) => 16,
        () if has(&INT) => 32,
        () => panic!("the type of `{text}` is unknown"),
    };
    let last = *words.last().unwrap();
    let is_type = last == "*"
        || last == "__user"
        || [&LONG[..], &INT, &SHORT].iter().any(|types| types.contains(&last));
    let name = last.trim_end_matches("[]");
    (if is_type || words.len() == 1 { format!("arg{index}") } else { name.to_owned() }, bits)
}

/// Constants that rules name, by the start of their name and the header that has them.
const FAMILIES: [(&str, &[&str]); 14] = [
    ("linux/sched.h", &["CLONE_", "SCHED_"]),
    ("sys/socket.h", &["AF_", "SOCK_", "SOL_", "SO_", "MSG_", "SHUT_"]),
    ("netinet/in.h", &["IPPROTO_", "IP_", "IPV6_"]),
    ("linux/netlink.h", &["NETLINK_"]),
    ("linux/mman.h", &["PROT_", "MAP_", "MREMAP_", "MADV_"]),
    ("linux/fcntl.h", &["O_", "F_", "AT_", "FD_", "LOCK_", "RESOLVE_"]),
    ("linux/prctl.h", &["PR_"]),
    ("linux/mount.h", &["MS_", "MNT_", "OPEN_TREE_", "MOVE_MOUNT_", "FSOPEN_", "FSMOUNT_", "MOUNT_ATTR_"]),
    ("linux/memfd.h", &["MFD_"]),
    ("linux/keyctl.h", &["KEYCTL_"]),
    ("linux/ptrace.h", &["PTRACE_"]),
    ("linux/seccomp.h", &["SECCOMP_"]),
    ("linux/futex.h", &["FUTEX_"]),
    ("asm/signal.h", &["SIG", "SA_"]),
];

/// The text of constant/linux.txt: the families, every ioctl request of the installed headers, and personality(2)'s.
pub fn constants() -> String {
    let mut values = BTreeMap::new();
    for (header, prefixes) in FAMILIES {
        let macros = macros(header).unwrap();
        let names =
            macros.into_iter().filter(|(name, _)| prefixes.iter().any(|prefix| name.starts_with(prefix)));
        evaluate(header, names.map(|(name, _)| name).collect(), &mut values);
    }
    let personality = [
        "PER_LINUX",
        "PER_LINUX32",
        "UNAME26",
        "ADDR_NO_RANDOMIZE",
        "FDPIC_FUNCPTRS",
        "MMAP_PAGE_ZERO",
        "ADDR_COMPAT_LAYOUT",
        "READ_IMPLIES_EXEC",
        "ADDR_LIMIT_32BIT",
        "SHORT_INODE",
        "WHOLE_SECONDS",
        "STICKY_TIMEOUTS",
        "ADDR_LIMIT_3GB",
    ];
    evaluate("linux/personality.h", personality.map(str::to_owned).into(), &mut values);
    for header in
        ["asm/ioctls.h".to_owned()].into_iter().chain(headers_of("linux")).chain(headers_of("sound"))
    {
        let Some(macros) = macros(&header) else { continue };
        let requests = macros.into_iter().filter(|(name, body)| {
            !name.contains('(')
                && (body.starts_with("_IO")
                    || header == "asm/ioctls.h" && name.starts_with("TIO")
                    || name.starts_with("FIO"))
        });
        evaluate(&header, requests.map(|(name, _)| name).collect(), &mut values);
    }
    values.into_iter().fold(String::new(), |text, (name, value)| text + &format!("{name} {value:#x}\n"))
}

fn headers_of(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(format!("/usr/include/{folder}")).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut headers: Vec<_> =
        names.filter(|name| name.ends_with(".h")).map(|name| format!("{folder}/{name}")).collect();
    headers.sort();
    headers
}

/// What is included before a header, for those that lack something.
fn prologue(header: &str) -> String {
    format!(
        "#include <stddef.h>\n#include <stdint.h>\n#include <sys/types.h>\n#include <sys/socket.h>\n#include <sys/ioctl.h>\n#include <{header}>\n"
    )
}

fn cc(arguments: &[&str], source: &str) -> std::process::Output {
    let mut child = Command::new("cc")
        .args(arguments)
        .args(["-x", "c", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), source.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// The macros that a header defines, itself or through others; `None` when it cannot be included on its own.
fn macros(header: &str) -> Option<Vec<(String, String)>> {
    let output = cc(&["-E", "-dM"], &prologue(header));
    let text = String::from_utf8(output.stdout).unwrap();
    let define = |line: &str| {
        let (name, body) = line.strip_prefix("#define ")?.split_once(' ')?;
        (!name.contains('(')).then(|| (name.to_owned(), body.to_owned()))
    };
    output.status.success().then(|| text.lines().filter_map(define).collect())
}

/// Adds the values of those names that are integer constants, with bits of 32 where they are negative.
fn evaluate(header: &str, mut names: Vec<String>, values: &mut BTreeMap<String, u64>) {
    let program = std::env::temp_dir().join(format!("constants-{}", std::process::id()));
    names.retain(|name| !values.contains_key(name));
    while !names.is_empty() {
        let mut source = format!("{}#include <stdio.h>\nint main(void) {{\n", prologue(header));
        let first = source.lines().count();
        for name in &names {
            writeln!(
                source,
                "{{ static const long long v = (long long)({name}); printf(\"{name} %lld\\n\", v); }}"
            )
            .unwrap();
        }
        let output = cc(&["-w", "-o", program.to_str().unwrap()], &(source + "}\n"));
        if output.status.success() {
            let output = Command::new(&program).output().unwrap();
            for line in String::from_utf8(output.stdout).unwrap().lines() {
                let (name, value) = line.split_once(' ').unwrap();
                let value: i64 = value.parse().unwrap();
                let value = if value < 0 {
                    u64::from(u32::try_from(value & 0xFFFF_FFFF).unwrap())
                } else {
                    value.unsigned_abs()
                };
                values.insert(name.to_owned(), value);
            }
            break;
        }
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let lines: BTreeSet<usize> = errors
            .lines()
            .filter_map(|line| line.strip_prefix("<stdin>:")?.split(':').next()?.parse().ok())
            .collect();
        let before = names.len();
        let mut line = first;
        names.retain(|_| {
            line += 1;
            !lines.contains(&line)
        });
        if names.len() == before {
            break;
        }
    }
    // It is not there when nothing could be compiled.
    std::fs::remove_file(&program).unwrap_or_default();
}
