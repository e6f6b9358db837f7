//! Keys of the session keyring (keyctl(2)).

use crate::fact;
use crate::sys::{call, from, nr, outcome, text};

/// `KEY_SPEC_SESSION_KEYRING`.
const SESSION: u64 = (-3_i64).cast_unsigned();

/// Joins a new session keyring and puts a key into it.
pub fn add(name: &str) -> Result<(), i32> {
    // KEYCTL_JOIN_SESSION_KEYRING.
    call(nr::KEYCTL, [1, 0, 0, 0, 0, 0])?;
    let (kind, name) = (text("user"), text(name));
    let [kind, name] = [&kind, &name].map(|text| from(text.as_bytes_with_nul()));
    call(nr::ADD_KEY, [kind, name, from("secret"), 6, SESSION, 0]).map(drop)
}

/// Whether the key is there.
pub fn find(name: &str) {
    let (kind, key) = (text("user"), text(name));
    let [kind, key] = [&kind, &key].map(|text| from(text.as_bytes_with_nul()));
    // KEYCTL_SEARCH.
    fact(&format!("key.{name}"), outcome(call(nr::KEYCTL, [10, SESSION, kind, key, 0, 0])));
}
