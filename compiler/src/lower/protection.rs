//! What is there already and is protected: hidden, made read-only, and never moved aside by who may write above it.

use super::Launch;
use super::linux::*;
use super::mount_calls::{move_onto, open_tree_at, optionally, set_attributes, stat, type_is};
use super::mounts::{Entry, parents};
use super::step::{Act, Call, Slot, Step, Value};
use crate::policy::Root;
use boxwright_launcher::arch::number;
use boxwright_launcher::plan::operation::Comparison;
use std::collections::BTreeMap;

impl<'a> Launch<'a> {
    /// Above an entry that a writable grant must not be able to move aside, every directory up to the outermost such grant
    /// becomes a mount, which rename(2) refuses to move. Each with the first entry that asks for it.
    pub(super) fn pins(self) -> BTreeMap<&'a str, Entry<'a>> {
        let mounts = &self.policy.filesystem.mounts;
        let is_writable = |path: &str| mounts.get(path).is_some_and(|mount| mount.kind.is_writable());
        let mut pins = BTreeMap::new();
        for entry in self.entries().filter(|entry| !entry.mount.kind.is_writable()) {
            let outermost = match self.policy.filesystem.root.value {
                Root::Overlay(_) => Some(""),
                _ => parents(entry.destination).find(|parent| is_writable(parent)),
            };
            let Some(grant) = outermost else { continue };
            let between = parents(entry.destination)
                .filter(|parent| parent.len() > grant.len() && !mounts.contains_key(*parent));
            between.for_each(|parent| _ = pins.entry(parent).or_insert(entry));
        }
        pins
    }

    /// The pins on the way to an entry, before it is placed: what is mounted beneath a directory is hidden by what is mounted on it.
    pub(super) fn pin_parents(
        self,
        entry: &Entry,
        pins: &mut BTreeMap<&str, Entry>,
        pinned: &mut u16,
    ) -> Vec<Step> {
        let asked = parents(entry.destination).filter_map(|parent| Some((parent, pins.remove(parent)?)));
        let pin = |(parent, by): (&str, Entry)| {
            // A slot of its own: what is not there must not be taken for what another pin found.
            let place = Slot::Pin(*pinned);
            *pinned = pinned.saturating_add(1);
            self.cover_with_itself(&by, parent, place, 0, by.mount.kind.is_optional())
        };
        asked.map(pin).collect()
    }

    /// Mounts what is at `path` on itself, with more attributes.
    pub(super) fn cover_with_itself(
        self,
        entry: &Entry,
        path: &str,
        place: Slot,
        attributes: u32,
        optional: bool,
    ) -> Step {
        let tree = Slot::Cover;
        let mut acts: Vec<Act> = vec![open_tree_at(place.into(), "").keep(tree).into()];
        if attributes != 0 {
            // What the host mounts later would have flags of its own.
            acts.push(set_attributes(tree.into(), "", attributes, MS_PRIVATE).into());
        }
        acts.push(move_onto(tree, place).into());
        acts.push(Call::new(number::close, [tree.into()]).into());
        acts.push(Call::new(number::close, [place.into()]).into());
        let verb = if attributes == 0 { "pin" } else { "seal" };
        self.mount_step(verb, path, entry.mount.span)
            .act(self.spot(path).resolve(place, optional))
            .acts(optionally(place, optional, acts))
    }

    /// Hides what is there with something empty of the same kind.
    pub(super) fn mask(self, entry: &Entry, optional: bool) -> Step {
        let (place, directory) = (Slot::Destination(entry.number), Slot::Source(entry.number));
        let file = Slot::EmptyFile(entry.number);
        let duplicate = [file.into(), F_DUPFD_CLOEXEC.into(), Value::Zero];
        // The directory's slot holds what is moved: for anything but a directory the file's descriptor takes its place.
        let acts = vec![
            stat(place),
            type_is(Comparison::NotEqual, S_IFDIR),
            Call::new(number::fcntl, duplicate).keep(directory).into(),
            move_onto(directory, place).into(),
            Call::new(number::close, [place.into()]).into(),
        ];
        self.mount_step("mask", entry.destination, entry.mount.span)
            .act(self.spot(entry.destination).resolve(place, optional))
            .acts(optionally(place, optional, acts))
    }
}
