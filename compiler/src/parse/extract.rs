//! From TOML values to the types of `Spec`; what does not fit is absent, because `conform` has already said so.

use crate::source::{Span, Spanned};
use crate::spec::Amount;
use crate::spec::variable::ESCAPED;
use toml::de::{DeInteger, DeTable, DeValue};

/// A type of `Spec` that a TOML value can become.
pub(super) trait Extract: Sized {
    /// The value, if it has the type.
    fn extract(value: &DeValue<'_>) -> Option<Self>;

    /// The value and its place, if it has the type.
    fn extract_spanned(value: &toml::Spanned<DeValue<'_>>) -> Option<Spanned<Self>> {
        Some(Spanned::new(Self::extract(value.get_ref())?, Span::from(value.span())))
    }
}

/// The value of a key, if it is there and has the type.
pub(super) fn field<T: Extract>(table: &DeTable<'_>, name: &str) -> Option<Spanned<T>> {
    T::extract_spanned(table.get(name)?)
}

/// The good items of a list, none when the key is not there.
pub(super) fn list<T: Extract>(table: &DeTable<'_>, name: &str) -> Vec<Spanned<T>> {
    field::<Vec<Spanned<T>>>(table, name).map_or_else(Vec::new, |list| list.value)
}

/// The good entries of a table, in the order in which they are written.
pub(super) fn entries<T>(
    table: &DeTable<'_>,
    name: &str,
    extract: impl Fn(&toml::Spanned<DeValue<'_>>) -> Option<T>,
) -> Vec<(Spanned<String>, T)> {
    let Some(table) = table.get(name).and_then(|value| value.get_ref().as_table()) else {
        return Vec::new();
    };
    let mut entries: Vec<_> = table
        .iter()
        .filter_map(|(key, value)| {
            let key = Spanned::new(text(key.get_ref()), Span::from(key.span()));
            Some((key, extract(value)?))
        })
        .collect();
    entries.sort_by_key(|(key, _)| key.span);
    entries
}

/// A section, empty when it is not there.
pub(super) fn section<T: Extract + Default>(table: &DeTable<'_>, name: &str) -> T {
    field(table, name).map_or_else(T::default, |section| section.value)
}

/// A text as it is meant.
fn text(written: &str) -> String {
    written.replace(ESCAPED, "${")
}

/// The number, if it fits.
pub(super) fn integer(value: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(value.as_str(), value.radix()).ok()
}

impl Extract for bool {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }
}

impl Extract for u32 {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        integer(value.as_integer()?)?.try_into().ok()
    }
}

impl Extract for i32 {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        integer(value.as_integer()?)?.try_into().ok()
    }
}

impl Extract for String {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(text)
    }
}

impl Extract for Amount {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::Integer(number) => Some(Self::Integer(integer(number)?.try_into().ok()?)),
            _ => String::extract(value).map(Self::Text),
        }
    }
}

impl<T: Extract> Extract for Vec<Spanned<T>> {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        Some(value.as_array()?.iter().filter_map(T::extract_spanned).collect())
    }
}
