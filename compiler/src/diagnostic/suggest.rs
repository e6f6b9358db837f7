//! "Did you mean": the nearest of some names.

use std::fmt;

/// After so many findings there are no more suggestions: each costs a look at every name, and a hostile file can have
/// 10^5 unknown ones.
const FINDINGS_MAX: usize = 200;

/// The most characters that one suggestion compares, each with each: a spec can declare 10^5 variables. All system calls
/// need less.
const COMPARED_MAX: usize = 1 << 16;

/// The most characters of a name that are compared.
const LENGTH_MAX: usize = 64;

/// The candidate that is most like a word.
#[derive(Debug, Clone, Copy)]
pub struct Near<'a> {
    /// It.
    pub name: &'a str,
    /// Is the difference a slip of one key, or of case and separators, and is no other as like it?
    pub certain: bool,
}

/// The candidate that is most like the word, if one is like it at all; `found` is how many findings there are already.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>, found: usize) -> Option<Near<'a>> {
    if found > FINDINGS_MAX {
        return None;
    }
    let folded = fold(word);
    let mut compared = 0;
    let mut best: Option<(usize, Near<'a>)> = None;
    for candidate in candidates {
        let most = (candidate.len().min(word.len()) / 3).max(1);
        // Lengths that differ by more cannot be near; asking costs nothing.
        if folded.len().abs_diff(candidate.len()) > most {
            continue;
        }
        compared += folded.len() * candidate.len().min(LENGTH_MAX);
        if compared > COMPARED_MAX {
            break;
        }
        let distance = strsim::damerau_levenshtein(&folded, &fold(candidate));
        best = match best {
            _ if distance > most => best,
            Some((least, _)) if distance > least => best,
            Some((least, near)) if distance == least && near.name != candidate => {
                Some((least, Near { name: near.name.min(candidate), certain: false }))
            }
            Some((least, _)) if distance == least => best,
            _ => Some((distance, Near { name: candidate, certain: distance <= 1 })),
        };
    }
    best.map(|(_, near)| near)
}

impl fmt::Display for Near<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// Case and the kind of separator are what people get wrong most. Names are short, so the rest of a long text is not
/// looked at.
fn fold(word: &str) -> String {
    word.chars().take(LENGTH_MAX).map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
}
