//! Classic BPF instructions as seccomp(2) takes them: struct sock_filter of linux/filter.h.

/// One instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// What it does.
    pub code: u16,
    /// Instructions to skip when a comparison holds.
    pub jt: u8,
    /// Instructions to skip when it does not.
    pub jf: u8,
    /// Its operand.
    pub k: u32,
}

/// The operation codes that filters are made of (linux/bpf_common.h).
pub mod code {
    /// Load the word at a byte offset of seccomp_data.
    pub const LOAD_WORD: u16 = 0x20;
    /// Load a constant.
    pub const LOAD_IMMEDIATE: u16 = 0x00;
    /// Keep the bits of a mask.
    pub const AND: u16 = 0x54;
    /// Skip as many instructions as the operand says.
    pub const JUMP: u16 = 0x05;
    /// Is it the operand?
    pub const JUMP_EQUAL: u16 = 0x15;
    /// Is it greater, unsigned?
    pub const JUMP_GREATER: u16 = 0x25;
    /// Is it equal or greater, unsigned?
    pub const JUMP_GREATER_OR_EQUAL: u16 = 0x35;
    /// Has it one of the operand's bits?
    pub const JUMP_ANY_SET: u16 = 0x45;
    /// Answer with the operand.
    pub const RETURN: u16 = 0x06;
}

/// The kernel takes no longer program (BPF_MAXINSNS).
pub const MAX_INSTRUCTIONS: usize = 4096;

impl Instruction {
    /// How many bytes one takes.
    pub const SIZE: usize = 8;

    /// An instruction that does not compare.
    pub const fn new(code: u16, k: u32) -> Self {
        Self { code, jt: 0, jf: 0, k }
    }

    /// A comparison that skips `jt` instructions when it holds and `jf` when it does not.
    pub const fn branch(code: u16, k: u32, jt: u8, jf: u8) -> Self {
        Self { code, jt, jf, k }
    }

    /// The bytes that the kernel reads, on a little-endian machine.
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let [code_low, code_high] = self.code.to_le_bytes();
        let [k0, k1, k2, k3] = self.k.to_le_bytes();
        [code_low, code_high, self.jt, self.jf, k0, k1, k2, k3]
    }

    /// The reverse of [`to_bytes`](Self::to_bytes).
    pub fn from_bytes([code_low, code_high, jt, jf, k0, k1, k2, k3]: [u8; Self::SIZE]) -> Self {
        let code = u16::from_le_bytes([code_low, code_high]);
        Self { code, jt, jf, k: u32::from_le_bytes([k0, k1, k2, k3]) }
    }
}

/// The bytes of a whole program.
pub fn to_bytes(program: &[Instruction]) -> Vec<u8> {
    program.iter().flat_map(|instruction| instruction.to_bytes()).collect()
}
