//! Ids, groups and capabilities: getting other ones, and what is left of those that the launcher had.

use crate::attempt::{Attempt, Probe, call, expect};
use crate::sys::{from, into, nr};
use crate::world::World;
use std::fs;

const PR_CAPBSET_READ: u64 = 23;
const PR_SET_SECUREBITS: u64 = 28;
const PR_SET_NO_NEW_PRIVS: u64 = 38;
const PR_GET_NO_NEW_PRIVS: u64 = 39;
const PR_CAP_AMBIENT: u64 = 47;
const KEEP: u64 = 0xffff_ffff;

pub const PROBES: &[Probe] = &[
    ("become-root", |_| call(nr::SETUID, [0]).map(drop)),
    ("become-root-for-good", |_| call(nr::SETRESUID, [0, 0, 0]).map(drop)),
    ("become-root-in-effect", |_| call(nr::SETREUID, [KEEP, 0]).map(drop)),
    ("become-root-for-files", |_| {
        call(nr::SETFSUID, [0])?;
        // It answers what was, and fails in silence.
        expect(call(nr::SETFSUID, [KEEP])? == 0, "it stayed as it was")
    }),
    ("become-somebody-else", |_| call(nr::SETRESUID, [1234, 1234, 1234]).map(drop)),
    ("become-the-group-of-root", |_| call(nr::SETGID, [0]).map(drop)),
    ("become-the-group-of-root-for-good", |_| call(nr::SETRESGID, [0, 0, 0]).map(drop)),
    ("become-the-group-of-root-for-files", |_| {
        call(nr::SETFSGID, [0])?;
        expect(call(nr::SETFSGID, [KEEP])? == 0, "it stayed as it was")
    }),
    ("become-root-with-high-bits", |_| call(nr::SETUID, [1 << 32]).map(drop)),
    ("supplementary-groups", |_| {
        let groups = [0_u32, 6];
        call(nr::SETGROUPS, [2, from(&groups)]).map(drop)
    }),
    ("no-groups", |_| call(nr::SETGROUPS, [0, 0]).map(drop)),
    ("all-capabilities", |_| {
        let header = [0x2008_0522_u32, 0];
        let all = [[u32::MAX, u32::MAX, 0], [0x1ff, 0x1ff, 0]];
        let permitted = held("CapPrm:")?;
        let mut some = [[0_u32; 3]; 2];
        for (index, word) in some.iter_mut().enumerate() {
            let bits = (permitted >> (32 * index) & 0xffff_ffff) as u32;
            *word = [bits, bits, bits];
        }
        // Whoever has any may hand on what he has.
        call(nr::CAPSET, [from(&header), from(&all)])
            .or_else(|_| call(nr::CAPSET, [from(&header), from(&some)]))?;
        expect(permitted != 0, "there are none")
    }),
    ("ambient-capabilities", |_| {
        let raised =
            (0..41).find(|capability| call(nr::PRCTL, [PR_CAP_AMBIENT, 2, *capability, 0, 0]).is_ok());
        expect(raised.is_some(), "none can be raised")
    }),
    ("effective-set", |_| expect(held("CapEff:")? != 0, "it is empty")),
    ("permitted-set", |_| expect(held("CapPrm:")? != 0, "it is empty")),
    ("inheritable-set", |_| expect(held("CapInh:")? != 0, "it is empty")),
    ("bounding-set", |_| {
        expect(
            (0..41).any(|capability| matches!(call(nr::PRCTL, [PR_CAPBSET_READ, capability]), Ok(1))),
            "it is empty",
        )
    }),
    ("ambient-set", |_| {
        let is_set =
            |capability: u64| matches!(call(nr::PRCTL, [PR_CAP_AMBIENT, 1, capability, 0, 0]), Ok(1));
        expect((0..41).any(is_set), "it is empty")
    }),
    ("secure-bits", |_| {
        let old = call(nr::PRCTL, [27])?;
        call(nr::PRCTL, [PR_SET_SECUREBITS, old ^ 1]).map(drop)
    }),
    ("keep-capabilities", |_| {
        call(nr::PRCTL, [8, 1])?;
        expect(held("CapPrm:")? != 0, "there are none to keep")
    }),
    ("new-privileges-are-possible", |_| {
        expect(matches!(call(nr::PRCTL, [PR_GET_NO_NEW_PRIVS]), Ok(0)), "no_new_privs is set")
    }),
    ("allow-new-privileges", |_| {
        let cleared = call(nr::PRCTL, [PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0]);
        let left = matches!(call(nr::PRCTL, [PR_GET_NO_NEW_PRIVS]), Ok(0));
        expect(left, "it stayed as it was").or_else(|stopped| cleared.map(drop).and(Err(stopped)))
    }),
    ("is-the-root-of-the-host", |_| {
        // What belongs to root here belongs to the host's when the namespace maps it so.
        let map = fs::read_to_string("/proc/self/uid_map")?;
        let words: Vec<&str> = map.split_whitespace().collect();
        let root = words.first() == Some(&"0") && words.get(1) == Some(&"0");
        expect(root && call(nr::GETUID, [])? == 0, "another id")
    }),
    ("has-supplementary-groups", |_| {
        let mut groups = [0_u32; 64];
        expect(call(nr::GETGROUPS, [64, into(&mut groups)])? > 0, "none")
    }),
    ("set-user-id-program", set_user_id),
    ("unfiltered", |_| expect(matches!(call(nr::PRCTL, [21]), Ok(0)), "there is a filter")),
    ("lower-out-of-memory-score", |_| {
        let old: i32 = fs::read_to_string("/proc/self/oom_score_adj")?.trim().parse().unwrap_or(0);
        Ok(fs::write("/proc/self/oom_score_adj", (old - 1).to_string())?)
    }),
    ("nice", |_| call(nr::SETPRIORITY, [0, 0, (-5_i64).cast_unsigned()]).map(drop)),
    ("real-time", |_| call(nr::SCHED_SETSCHEDULER, [0, 1, from(&1_u32)]).map(drop)),
    ("real-time-io", |_| call(nr::IOPRIO_SET, [1, 0, 1 << 13]).map(drop)),
];

/// A set of capabilities as /proc shows it.
fn held(name: &str) -> Result<u64, crate::attempt::Stopped> {
    let status = fs::read_to_string("/proc/self/status")?;
    let digits = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    Ok(u64::from_str_radix(digits.trim(), 16).unwrap_or(0))
}

/// su(1), stopped at its password: it is root's already then, if it is anybody's.
fn set_user_id(_: &World) -> Attempt {
    let mut child = std::process::Command::new("/bin/su")
        .arg("-c")
        .arg("true")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()?;
    let mut root = false;
    for _ in 0..40 {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let ids = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
        root = root || ids.split_whitespace().nth(1) == Some("0");
        if root || child.try_wait()?.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    drop(child.stdin.take());
    _ = child.kill();
    _ = child.wait();
    expect(root, "it has the caller's id")
}
