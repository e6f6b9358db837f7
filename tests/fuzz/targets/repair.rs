//! What an author of plans puts right after changing bytes: nearly every change would end at the first check otherwise.

use boxwright_launcher::arch::AUDIT_ARCHITECTURE;
use boxwright_launcher::plan::write::rehash;
use boxwright_launcher::plan::{HEADER_BYTES, MAGIC, Section, VERSION};

/// Where in the header (PLAN.md) the section table begins.
const TABLE: usize = 112;

/// The same bytes with magic, version, architecture, length, starts of the sections and hash in order; what the lengths of
/// the sections do not cover is the blobs'.
pub fn repair(bytes: &[u8]) -> Vec<u8> {
    let mut plan = bytes.to_vec();
    plan.resize(plan.len().max(HEADER_BYTES).next_multiple_of(8), 0);
    plan[..8].copy_from_slice(&MAGIC);
    plan[8..12].copy_from_slice(&VERSION.to_le_bytes());
    plan[12..16].copy_from_slice(&AUDIT_ARCHITECTURE.to_le_bytes());
    let whole = plan.len();
    plan[16..24].copy_from_slice(&(whole as u64).to_le_bytes());
    let mut lengths = Section::ALL.map(|section| word(&plan, TABLE + 8 * section as usize + 4) as usize);
    lengths[Section::Blobs as usize] = 0;
    let taken: usize = lengths.iter().map(|length| length.next_multiple_of(8)).sum();
    lengths[Section::Blobs as usize] = (whole - HEADER_BYTES).saturating_sub(taken);
    let mut next = HEADER_BYTES;
    for (section, length) in Section::ALL.into_iter().zip(lengths) {
        let at = TABLE + 8 * section as usize;
        plan[at..at + 4].copy_from_slice(&(next as u32).to_le_bytes());
        plan[at + 4..at + 8].copy_from_slice(&(length as u32).to_le_bytes());
        let end = next + length;
        next = end.next_multiple_of(8);
        if let Some(padding) = plan.get_mut(end..next) {
            padding.fill(0);
        }
    }
    rehash(&mut plan);
    plan
}

pub fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}
