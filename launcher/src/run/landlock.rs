//! The Landlock ruleset: what it allows, as far as this kernel knows it.

use super::{Launch, Outcome};
use crate::failure::{Failure, Words};
use crate::mem;
use crate::sys::{self, Errno};
use boxwright_launcher::plan::operation::{Action, Landlock};

/// `linux/landlock.h`: LANDLOCK_RULE_PATH_BENEATH and LANDLOCK_RULE_NET_PORT.
const PATH_BENEATH: usize = 1;
const NET_PORT: usize = 2;

/// EINVAL.
const INVALID: u32 = 22;
/// EBADFD.
const NO_PLACE: u32 = 77;

impl Launch {
    #[inline(never)]
    pub(super) fn landlock(&self, landlock: &Landlock) -> Outcome {
        let row = landlock.row(&self.plan, mem::load_word(landlock.abi));
        if row.handled == [0; 3] {
            return Ok(0);
        }
        let slot = |slot| match mem::load_word(slot) {
            u32::MAX => Err(Failure::Words(Words::Unset)),
            word => Ok(word),
        };
        if landlock.action == Action::Create {
            let ruleset = sys::create_ruleset(&row.handled).map_err(Failure::Errno)?;
            mem::store(landlock.ruleset, &ruleset.to_le_bytes());
            return Ok(0);
        }
        let ruleset = slot(landlock.ruleset)?;
        let [files, ports, _] = row.handled;
        match landlock.action {
            Action::Slot(descriptor, rights) => allow_beneath(ruleset, slot(descriptor)?, rights & files),
            Action::Descriptor(number, rights) => allow_beneath(ruleset, number, rights & files),
            Action::Port(port, rights) if rights & ports != 0 => {
                sys::add_rule(ruleset, NET_PORT, rights & ports, port)
            }
            Action::Restrict => sys::restrict_self(ruleset, row.flags),
            Action::Create | Action::Port(..) => Ok(()),
        }
        .map_err(Failure::Errno)
        .map(|()| 0)
    }
}

/// Rights of directories mean nothing to a file, and none mean anything to what is nowhere in the tree, such as a pipe.
fn allow_beneath(ruleset: u32, descriptor: u32, rights: u64) -> Result<(), Errno> {
    let allow = |rights| match rights {
        0 => Ok(()),
        _ => sys::add_rule(ruleset, PATH_BENEATH, rights, descriptor),
    };
    match allow(rights) {
        Err(INVALID) => allow(rights & Landlock::FILE),
        Err(NO_PLACE) => Ok(()),
        result => result,
    }
}
