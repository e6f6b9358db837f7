//! Reads `[landlock]` as it is written.

use super::extract::{Extract, field, list};
use crate::source::Spanned;
use crate::spec::{Landlock, PathBeneath};
use toml::de::DeValue;

impl Extract for Landlock {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        let path_beneath: Vec<Spanned<PathBeneath>> = list(table, "path_beneath");
        Some(Self {
            filesystem: field(table, "filesystem"),
            scoped: list(table, "scoped"),
            log: list(table, "log"),
            path_beneath: path_beneath.into_iter().map(|entry| entry.value).collect(),
        })
    }
}

impl Extract for PathBeneath {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        Some(Self { path: field(table, "path")?, allowed_access: field(table, "allowed_access")? })
    }
}
