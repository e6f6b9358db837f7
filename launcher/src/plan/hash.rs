//! The plan's hash: not a defence against an author, but any accidental change of the bytes changes it.

/// An odd constant: multiplying by it permutes the 64-bit words.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// The hash of `bytes`, whose length is a multiple of eight, with the word at `hole` taken as zero.
///
/// Each step permutes the state for a given word and the word for a given state, so two plans of the same length that
/// differ in one word never have the same hash, and others only by chance.
pub fn hash(bytes: &[u8], hole: usize) -> u64 {
    let mut state = bytes.len() as u64 ^ MULTIPLIER;
    for (index, word) in bytes.as_chunks().0.iter().enumerate() {
        let word = if index * 8 == hole { 0 } else { u64::from_le_bytes(*word) };
        state = (state ^ word).wrapping_mul(MULTIPLIER);
        state ^= state >> 29;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_counts_but_those_of_the_hole() {
        let mut bytes = [7; 64];
        let before = hash(&bytes, 24);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(hash(&bytes, 24) == before, (24..32).contains(&(bit / 8)), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
