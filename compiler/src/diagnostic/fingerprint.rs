//! What a finding is recognised by after lines have moved: its rule, its key and what is written there.

use super::{Checked, location};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// The fingerprints of a file's findings, in their order. Findings that are alike in everything are numbered.
pub fn fingerprints(file: &Checked, root: &Path) -> Vec<String> {
    let mut seen: BTreeMap<_, u32> = BTreeMap::new();
    let mut fingerprints = Vec::new();
    for finding in &file.findings {
        let path = location::relative(file.source.path_at(finding.span.start), root);
        let written = file.source.text.get(finding.span.start..finding.span.end).unwrap_or_default();
        let layer = file.source.layer(finding.span.start);
        let parts = [finding.rule, &finding.place, written];
        let number = seen.entry((layer, parts)).or_default();
        *number += 1;
        let mut digest = Sha256::new();
        for part in [path.as_os_str().as_encoded_bytes()].into_iter().chain(parts.map(str::as_bytes)) {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        digest.update(number.to_le_bytes());
        fingerprints.push(hexadecimal(&digest.finalize()));
    }
    fingerprints
}

/// The first half of a digest: enough to tell findings apart, and no attacker gains by a collision with his own.
fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
