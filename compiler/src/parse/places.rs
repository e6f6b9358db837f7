//! The places of a document's keys, for findings that are told by their key.

use crate::source::{Places, Span};
use toml::de::{DeTable, DeValue};

/// Every key and every table of a list, of all layers.
pub(super) fn places(documents: &[DeTable<'_>]) -> Places {
    let mut places = Places::default();
    for document in documents {
        table(&mut places, None, document);
    }
    places.finish()
}

fn table(places: &mut Places, within: Option<usize>, keys: &DeTable<'_>) {
    for (key, value) in keys.iter() {
        let number =
            places.add(within, &written(key.get_ref()), both(key.span().into(), value.span().into()));
        match value.get_ref() {
            DeValue::Table(inner) => table(places, Some(number), inner),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let DeValue::Table(inner) = item.get_ref() {
                        let number = places.add(Some(number), &format!("[{index}]"), item.span().into());
                        table(places, Some(number), inner);
                    }
                }
            }
            _ => {}
        }
    }
}

/// From a key to the end of its value; a section has its header for a value, in which its key is, and a table that only
/// dotted keys make has nothing of its own.
fn both(key: Span, value: Span) -> Span {
    if value.start >= key.end {
        Span::new(key.start, value.end)
    } else if value.start <= key.start && key.end <= value.end {
        value
    } else {
        key
    }
}

/// As it is written in a spec: bare where it can be.
fn written(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(bare) {
        return name.to_owned();
    }
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    };
    format!("\"{}\"", name.chars().map(escaped).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::places;
    use crate::source::Span;
    use toml::de::DeTable;

    /// The key that a part of the text is in.
    fn key(text: &str, part: &str) -> String {
        let (document, errors) = DeTable::parse_recoverable(text);
        assert!(errors.is_empty(), "{errors:?}");
        let start = text.find(part).map_or(0, |start| start);
        places(&[document.into_inner()]).key(Span::new(start, start + part.len()))
    }

    #[test]
    fn a_place_is_in_its_innermost_key() {
        let text = "version = 1\nprocess.args = [\"/a\", \"/b\"]\n\
            [filesystem.mounts]\n\"/srv\" = { bind = \"/c\", writable = true }\n'/x \"y' = { text = \"d\" }\n\
            [[accept]]\nrule = \"one\"\n[[accept]]\nrule = \"two\"\n[network]\n  interfaces = [{ name = \"eth0\" }]\n# end";
        for (part, expected) in [
            ("version", "version"),
            ("= 1", "version"),
            ("\"/b\"", "process.args"),
            ("filesystem", "filesystem"),
            ("[filesystem.mounts]", "filesystem.mounts"),
            ("\"/srv\"", "filesystem.mounts.\"/srv\""),
            ("\"/c\"", "filesystem.mounts.\"/srv\".bind"),
            ("true }", "filesystem.mounts.\"/srv\""),
            ("\"d\"", "filesystem.mounts.\"/x \\\"y\".text"),
            ("\"one\"", "accept[0].rule"),
            ("\"two\"", "accept[1].rule"),
            ("eth0", "network.interfaces[0].name"),
            ("# end", ""),
        ] {
            assert_eq!(key(text, part), expected, "{part}");
        }
    }
}
