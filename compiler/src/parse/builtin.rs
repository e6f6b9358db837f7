//! The profiles that come with the compiler, as specs that others extend.

/// What stands before the name of one in `extends`.
pub(super) const PREFIX: &str = "builtin:";

const PROFILES: [(&str, &str); 5] = [
    ("strict", include_str!("../../specs/builtin/strict.toml")),
    ("service", include_str!("../../specs/builtin/service.toml")),
    ("build", include_str!("../../specs/builtin/build.toml")),
    ("agent", include_str!("../../specs/builtin/agent.toml")),
    ("cli", include_str!("../../specs/builtin/cli.toml")),
];

/// The text of a profile.
pub(super) fn text(name: &str) -> Option<&'static str> {
    PROFILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Their names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PROFILES.iter().map(|(name, _)| *name)
}
