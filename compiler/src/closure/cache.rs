//! /etc/ld.so.cache: where the dynamic linker has found libraries by their names (ld.so(8)).

use std::fs::File;
use std::io::Read;

/// The most bytes of it that are read; real ones have some 100 KiB.
const BYTES_MAX: u64 = 16 << 20;

/// What it begins with since glibc 2.2, perhaps behind an older form (`sysdeps/generic/dl-cache.h`).
const MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
const HEADER: usize = 48;
const ENTRY: usize = 24;

/// The libraries and their paths, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Cache(Vec<(String, String)>);

impl Cache {
    /// Reads a cache; of one that is out of order as much as is in it.
    pub(super) fn read(file: &File) -> Self {
        let mut bytes = Vec::new();
        // A cache that cannot be read finds nothing.
        let _ = file.take(BYTES_MAX).read_to_end(&mut bytes);
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Self {
        let start = bytes.windows(MAGIC.len()).position(|window| window == MAGIC);
        let Some(cache) = start.and_then(|start| bytes.get(start..)) else { return Self::default() };
        let entries = cache.get(HEADER..).unwrap_or_default().chunks_exact(ENTRY);
        let count = word(cache, MAGIC.len()).unwrap_or_default();
        let entry = |entry: &[u8]| {
            // Libraries for processors with more than the rest has are a choice, never needed.
            let plain = entry.get(16..).is_some_and(|more| more.iter().all(|byte| *byte == 0));
            plain.then(|| Some((text(cache, word(entry, 4)?)?, text(cache, word(entry, 8)?)?)))?
        };
        Self(entries.take(count).filter_map(entry).collect())
    }

    /// Where libraries of this name are.
    pub(super) fn paths(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, path)| path.as_str())
    }
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_ne_bytes(word)).ok()
}

fn text(bytes: &[u8], at: usize) -> Option<String> {
    let rest = bytes.get(at..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    String::from_utf8(rest.get(..end)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::{Cache, HEADER, MAGIC};

    fn cache() -> Vec<u8> {
        let strings = b"libx.so.1\0/usr/lib/libx.so.1\0";
        let mut bytes = MAGIC.to_vec();
        bytes.extend(1u32.to_ne_bytes());
        bytes.resize(HEADER, 0);
        let at = u32::try_from(HEADER + 24).unwrap_or_default();
        for word in [0x303, at, at + 10, 0, 0, 0] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend(strings);
        bytes
    }

    #[test]
    fn names_lead_to_paths() {
        let cache = Cache::parse(&cache());
        assert_eq!(cache.paths("libx.so.1").collect::<Vec<_>>(), ["/usr/lib/libx.so.1"]);
        assert_eq!(cache.paths("liby.so.1").count(), 0);
    }

    #[test]
    fn no_cut_and_no_flip_does_harm() {
        let whole = cache();
        for end in 0..whole.len() {
            Cache::parse(&whole[..end]);
        }
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            Cache::parse(&flipped);
        }
    }
}
