//! What a finding is recognised by: its file, its rule, its key and its evidence. Neither its words nor its place in the text
//! enter, so that both may change, and nothing that its rule did not look at is covered by what knows it.

use super::{Checked, Diagnostic, Value, location};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// The fingerprints of a file's findings, in their order. Findings that are alike in everything are numbered.
pub fn fingerprints(file: &Checked, root: &Path) -> Vec<String> {
    numbered(file, &file.findings, root)
}

/// Those of some findings of a file.
pub(super) fn numbered<'a>(
    file: &Checked,
    findings: impl IntoIterator<Item = &'a Diagnostic>,
    root: &Path,
) -> Vec<String> {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut fingerprints = Vec::new();
    for finding in findings {
        let path = location::relative(file.source.path_at(finding.span.start), root);
        let mut parts = vec![path.as_os_str().as_encoded_bytes().to_vec()];
        parts.extend([finding.rule.into(), finding.place.clone().into_bytes()]);
        for evidence in finding.evidence.iter().flatten() {
            let (kind, value) = match &evidence.value {
                Value::Text(text) => (b't', text.clone().into_bytes()),
                Value::Number(number) => (b'n', number.to_le_bytes().to_vec()),
                Value::Flag(flag) => (b'f', vec![u8::from(*flag)]),
            };
            parts.extend([evidence.name.into(), vec![kind], value]);
        }
        let number = seen.entry(digest(&parts)).or_default();
        parts.push(number.to_le_bytes().to_vec());
        *number += 1;
        fingerprints.push(digest(&parts));
    }
    fingerprints
}

/// The digest of some parts, in hexadecimal: its first half, which is enough to tell them apart, and no attacker gains by a
/// collision with his own.
pub fn digest<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.as_ref().len().to_le_bytes());
        digest.update(part);
    }
    digest.finalize().iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
