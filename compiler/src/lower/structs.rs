//! Structs of the kernel, as the bytes that it reads.

use super::linux::SCHED_DEADLINE;

/// `linux/mount.h`: `struct mount_attr`.
pub fn mount_attributes(set: u32, propagation: u64) -> Vec<u8> {
    words(&[set.into(), 0, propagation, 0])
}

/// `linux/openat2.h`: `struct open_how`.
pub fn open_how(flags: u32, resolve: u64) -> Vec<u8> {
    words(&[flags.into(), 0, resolve])
}

/// `linux/capability.h`: `struct __user_cap_data_struct[2]` with the same set thrice, or another inheritable one.
pub fn capability_data(effective: u64, inheritable: u64) -> Vec<u8> {
    capability_words([effective, effective, inheritable])
}

/// The same with the effective, the permitted and the inheritable set.
pub fn capability_words(halves: [u64; 3]) -> Vec<u8> {
    let low = halves.map(|set| (set & 0xffff_ffff) as u32);
    let high = halves.map(|set| (set >> 32) as u32);
    low.iter().chain(&high).flat_map(|word| word.to_le_bytes()).collect()
}

/// `linux/capability.h`: `struct __user_cap_header_struct` for this process.
pub fn capability_header() -> Vec<u8> {
    [boxwright_launcher::abi::CAPABILITY_VERSION_3, 0].iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// `linux/sched/types.h`: `struct sched_param`.
pub fn parameter(priority: u32) -> Vec<u8> {
    priority.to_le_bytes().to_vec()
}

/// `linux/sched/types.h`: `struct sched_attr` of its first version, for a deadline; three lengths in nanoseconds.
pub fn deadline_attributes(flags: u64, lengths: [u64; 3]) -> Vec<u8> {
    const BYTES: u32 = 48;
    let policy = [BYTES, SCHED_DEADLINE].iter().flat_map(|word| word.to_le_bytes());
    // Nice value and priority belong to other policies.
    policy.chain(words(&[flags, 0])).chain(words(&lengths)).collect()
}

/// `linux/if.h`: `struct ifreq` for `lo` with `IFF_UP`.
pub fn loopback_up() -> Vec<u8> {
    let mut request = vec![0; 40];
    request[..2].copy_from_slice(b"lo");
    request[16] = 1;
    request
}

/// 64-bit words as the kernel reads them.
pub fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
