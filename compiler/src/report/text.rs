//! The pictures for a terminal, in colours that whoever prints may strip.

use super::calls::Group;
use super::{Grant, Report, Row};
use std::fmt::Write as _;

const PLAIN: &str = "\u{1b}[0m";
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";

/// How many characters a group's bar has at most.
const BAR: usize = 40;
/// How many names a line of the map tells.
const NAMES: usize = 6;

/// The card, the tree and the map.
pub fn render_text(report: &Report) -> String {
    let mut text = String::new();
    heading(&mut text, &report.name, &format!("what {} allows", report.file));
    report.card.iter().for_each(|row| card_row(&mut text, row));
    heading(&mut text, "files", "as the program sees them: nothing else is there");
    tree(&mut text, report);
    if report.calls.filtered {
        heading(&mut text, "system calls", "of x86_64, in systemd's groups, beside Docker's default filter");
        report.calls.groups.iter().for_each(|group| map_row(&mut text, group));
        total(&mut text, report);
    } else {
        heading(&mut text, "system calls", "all of them: there is no filter");
    }
    text
}

// Writing to a string does not fail.
fn heading(text: &mut String, title: &str, words: &str) {
    let gap = if text.is_empty() { "" } else { "\n" };
    let _ = writeln!(text, "{gap}{BOLD}{}{PLAIN}  {}", title, words);
}

fn card_row(text: &mut String, row: &Row) {
    let (mark, colour) = match row.grant {
        Grant::Closed => ("closed", GREEN),
        Grant::Narrow => ("narrow", YELLOW),
        Grant::Wide => ("wide", RED),
    };
    let _ =
        writeln!(text, "  {colour}{mark:<7}{PLAIN}{:<19}{}  {DIM}{}{PLAIN}", row.area, row.words, row.place);
}

fn tree(text: &mut String, report: &Report) {
    let branches = report.tree.iter().map(|entry| {
        let (own, above) = entry.last.split_last().map_or((None, &[][..]), |(own, above)| (Some(own), above));
        let above: String = above.iter().map(|last| if *last { "   " } else { "│  " }).collect();
        let own = own.map_or("", |last| if *last { "└─ " } else { "├─ " });
        format!("{above}{own}{}", entry.name)
    });
    let branches: Vec<String> = branches.collect();
    let width = branches.iter().map(|branch| branch.chars().count()).max().unwrap_or(0).min(48);
    for (branch, entry) in branches.iter().zip(&report.tree) {
        let colour = if entry.flags.starts_with("rw") { YELLOW } else { GREEN };
        let _ = writeln!(
            text,
            "  {branch:<width$}  {colour}{:<5}{PLAIN} {}  {DIM}{}, {}{PLAIN}",
            entry.flags, entry.kind, entry.key, entry.place
        );
    }
}

/// One character for each call, fewer for a large group: the bar shows parts, the numbers are exact.
fn map_row(text: &mut String, group: &Group) {
    let Group { name, calls, allowed, by_arguments, denied } = group;
    let all = calls.len();
    let shown = all.min(BAR);
    let part = |calls: usize| if all == 0 { 0 } else { (calls * shown).div_ceil(all) };
    let allowed_part = part(*allowed);
    let partly_part = part(*by_arguments).min(shown - allowed_part);
    let denied_part = shown - allowed_part - partly_part;
    let bar = format!(
        "{YELLOW}{}{}{GREEN}{}{PLAIN}{}",
        "█".repeat(allowed_part),
        "▒".repeat(partly_part),
        "·".repeat(denied_part),
        " ".repeat(BAR - shown)
    );
    let beyond = group.beyond_docker();
    let more = beyond.len().saturating_sub(NAMES);
    let mut names = beyond.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
    if more > 0 {
        let _ = write!(names, " and {more} more");
    }
    let told = if beyond.is_empty() { names } else { format!("  {RED}beyond Docker's: {names}{PLAIN}") };
    let _ = writeln!(text, "  {name:<16}{bar} {allowed:>3} {by_arguments:>2} {denied:>3}{told}");
}

fn total(text: &mut String, report: &Report) {
    let Group { allowed, by_arguments, denied, .. } = &report.calls.all;
    let _ = writeln!(
        text,
        "  {DIM}█ allowed {allowed}, ▒ by arguments {by_arguments}, · denied {denied}; groups share calls{PLAIN}"
    );
}
