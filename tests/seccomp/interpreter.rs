//! Runs a classic BPF program as the kernel does, for tests to compare with.

use boxwright::seccomp::Instruction;
use boxwright::seccomp::word::{Input, Word};

/// The return value for one input; panics on what the kernel would have refused.
pub fn run(program: &[Instruction], input: &Input) -> u32 {
    let (mut at, mut a) = (0_usize, 0_u32);
    loop {
        let Instruction { code, jt, jf, k } = program[at];
        at += 1;
        let taken = match code {
            0x20 => {
                a = input[Word::at_offset(k).unwrap().index()];
                continue;
            }
            0x00 => {
                a = k;
                continue;
            }
            0x54 => {
                a &= k;
                continue;
            }
            0x05 => {
                at += k as usize;
                continue;
            }
            0x06 => return k,
            0x15 => a == k,
            0x25 => a > k,
            0x35 => a >= k,
            0x45 => a & k != 0,
            other => panic!("instruction {} has the code {other:#x}", at - 1),
        };
        at += usize::from(if taken { jt } else { jf });
    }
}
