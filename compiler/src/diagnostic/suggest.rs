//! "Did you mean": the nearest of some names.

/// After so many findings there are no more suggestions: each costs a look at every name, and a hostile file can have
/// 10^5 unknown ones.
const FINDINGS_MAX: usize = 200;

/// The candidate that is most like the word, if one is like it at all; `found` is how many findings there are already.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>, found: usize) -> Option<&'a str> {
    if found > FINDINGS_MAX {
        return None;
    }
    let folded = fold(word);
    candidates
        .filter_map(|candidate| {
            let most = (candidate.len().min(word.len()) / 3).max(1);
            // Lengths that differ by more cannot be near; asking costs nothing.
            let distance = (folded.len().abs_diff(candidate.len()) <= most)
                .then(|| strsim::damerau_levenshtein(&folded, &fold(candidate)))?;
            (distance <= most).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Case and the kind of separator are what people get wrong most. Names are short, so the rest of a long text is not
/// looked at.
fn fold(word: &str) -> String {
    word.chars().take(64).map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
}
