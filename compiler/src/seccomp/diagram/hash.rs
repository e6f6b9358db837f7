//! The hash of a diagram's tables.

use std::hash::Hasher;

/// A hash for small integers: the default one's resistance to chosen keys is not worth its time here, since keys are
/// node numbers.
#[derive(Default)]
pub(super) struct Mix(u64);

impl Mix {
    fn mix(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(26) ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.mix(byte.into()));
    }

    fn write_u16(&mut self, value: u16) {
        self.mix(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(value.into());
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}
