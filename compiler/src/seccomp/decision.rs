//! A word's ranges as a small tree of comparisons: splits down to runs of one target, and exceptions tested one by one.

use super::assembler::{Assembler, Label};
use super::diagram::Comparison;
use std::collections::BTreeMap;

/// A maximal range of values that lead to the same target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range<T> {
    /// The smallest value.
    pub start: u32,
    /// Is this the only value in it?
    pub single: bool,
    /// Where the values lead.
    pub target: T,
}

/// A run of ranges that lead to one target apart from single values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run<T> {
    start: u32,
    default: T,
    exceptions: Vec<(u32, T)>,
}

/// The ranges that follow from where each starts, for values that have no bit outside of `mask`.
pub fn ranges<T: Copy>(starts: &[(u32, T)], mask: u32) -> Vec<Range<T>> {
    let next = |value: u32| (value | !mask).wrapping_add(1) & mask;
    let ends = starts.iter().skip(1).map(|&(start, _)| start).chain([0]);
    starts
        .iter()
        .zip(ends)
        .map(|(&(start, target), end)| Range { start, single: next(start) == end, target })
        .collect()
}

/// The fewest runs, of at most `limit` exceptions each, that cover the ranges.
pub fn runs<T: Copy + Ord>(ranges: &[Range<T>], limit: usize) -> Vec<Run<T>> {
    let mut runs = vec![];
    let mut rest = ranges;
    while let Some(first) = rest.first() {
        let (mut default, mut singles, mut exceptions, mut taken) = (None, vec![], 0, 0);
        for range in rest {
            let settled = default.or((!range.single).then_some(range.target));
            let mut tests = exceptions;
            if range.single {
                tests += usize::from(default != Some(range.target));
            } else if default.is_none() {
                tests = singles.iter().filter(|&&(_, target)| target != range.target).count();
            }
            // A run of single values takes one of them as its default.
            let needed = if settled.is_none() { tests - 1 } else { tests };
            if needed > limit || (!range.single && settled != Some(range.target)) {
                break;
            }
            if range.single {
                singles.push((range.start, range.target));
            }
            (default, exceptions, taken) = (settled, tests, taken + 1);
        }
        let default = default.unwrap_or_else(|| most_frequent(&singles, first.target));
        singles.retain(|&(_, target)| target != default);
        runs.push(Run { start: first.start, default, exceptions: singles });
        rest = &rest[taken..];
    }
    runs
}

fn most_frequent<T: Copy + Ord>(singles: &[(u32, T)], first: T) -> T {
    let mut counts = BTreeMap::new();
    for &(_, target) in singles {
        *counts.entry(target).or_insert(0) += 1;
    }
    counts.into_iter().max_by_key(|&(_, count)| count).map_or(first, |(target, _)| target)
}

/// How many comparisons the runs take.
pub fn cost<T>(runs: &[Run<T>]) -> usize {
    runs.iter().map(|run| run.exceptions.len()).sum::<usize>() + runs.len().saturating_sub(1)
}

/// Writes the comparisons, as flat as the targets' own heights allow.
pub fn write(runs: &[Run<Label>], assembler: &mut Assembler) -> Label {
    let leaves: Vec<_> = runs.iter().map(|run| (run.start, write_run(run, assembler))).collect();
    let heights: Vec<_> = leaves.iter().map(|&(_, label)| assembler.height(label)).collect();
    let mut height = heights.iter().copied().max().unwrap_or_default();
    while fit(heights.iter(), height) < heights.len() {
        height += 1;
    }
    write_tree(&leaves, &heights, height, assembler)
}

fn write_run(run: &Run<Label>, assembler: &mut Assembler) -> Label {
    let mut exceptions = run.exceptions.clone();
    // The highest targets are tested first, so they are the last ones written.
    exceptions.sort_by_key(|&(value, target)| (assembler.height(target), std::cmp::Reverse(value)));
    exceptions
        .into_iter()
        .fold(run.default, |label, (value, target)| assembler.branch(Comparison::Equal, value, target, label))
}

fn write_tree(leaves: &[(u32, Label)], heights: &[u32], height: u32, assembler: &mut Assembler) -> Label {
    if let [(_, label)] = *leaves {
        return label;
    }
    // Any split between these two keeps both sides below `height`; the most even one is taken.
    let last = fit(heights.iter(), height - 1).min(leaves.len() - 1);
    let first = leaves.len() - fit(heights.iter().rev(), height - 1).min(leaves.len() - 1);
    let split = (leaves.len() / 2).clamp(first.min(last), last);
    let right = write_tree(&leaves[split..], &heights[split..], height - 1, assembler);
    let left = write_tree(&leaves[..split], &heights[..split], height - 1, assembler);
    assembler.branch(Comparison::GreaterOrEqual, leaves[split].0, right, left)
}

/// How many of these leaves a tree of this height holds, in their order.
fn fit<'h>(heights: impl Iterator<Item = &'h u32>, height: u32) -> usize {
    // The free subtrees right of what has been placed, the smallest last; all have different heights.
    let (mut free, mut placed) = (vec![height], 0);
    for &leaf in heights {
        while free.last().is_some_and(|&subtree| subtree < leaf) {
            free.pop();
        }
        let Some(subtree) = free.pop() else { break };
        free.extend((leaf..subtree).rev());
        placed += 1;
    }
    placed
}
