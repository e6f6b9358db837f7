//! Directories that only the launch knows: found where a variable says, and refused where they must not be.

use super::{Launch, Outcome};
use crate::failure::Failure;
use crate::{mem, sys};
use boxwright_launcher::plan::LARGEST_ARENA;
use boxwright_launcher::plan::operation::{Directory, NONE};

impl Launch {
    #[inline(never)]
    pub(super) fn directory(&self, directory: &Directory) -> Outcome {
        let &Directory { offset, capacity, beyond, optional, .. } = directory;
        let absent = Err(Failure::Reason(directory.absent));
        let name = self.plan.string(directory.variable);
        let path = self.start.variables.value(name).filter(|path| path.starts_with(b"/"));
        let entered = match path {
            _ if name.is_empty() => Ok(()),
            Some(path) => sys::enter(path),
            None => return absent,
        };
        match (entered, path) {
            (Err(_), Some(path)) if optional => {
                // Longer than any path it is nobody's directory.
                if path.len() >= capacity as usize || !mem::store(offset, path) {
                    return Ok(0);
                }
            }
            (entered, _) => {
                entered.and_then(|()| sys::working_directory(offset, capacity)).map_err(Failure::Errno)?;
            }
        }
        // Outside of the process's root a path begins otherwise (getcwd(2)).
        if mem::byte(offset) != b'/' {
            return absent;
        }
        let is_root = mem::byte(offset + 1) == 0;
        if is_root && directory.not_root || beyond != NONE && is_within(offset, beyond) {
            return Err(Failure::Reason(directory.refused));
        }
        Ok(0)
    }
}

/// Whether a directory is another one or in it: paths of the arena, without symlinks.
fn is_within(path: u32, directory: u32) -> bool {
    let differs = (0..LARGEST_ARENA)
        .find(|at| mem::byte(path + at) != mem::byte(directory + at) || mem::byte(path + at) == 0);
    // A path without a byte is none that was found.
    differs.is_some_and(|at| {
        at > 0 && mem::byte(directory + at) == 0 && matches!(mem::byte(path + at), 0 | b'/')
    })
}
