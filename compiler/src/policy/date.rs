//! Days, as people write them.

use std::fmt;
use std::str::FromStr;

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day that is so many days after 1970-01-01, if its year has four digits.
    pub fn after_epoch(days: u64) -> Option<Self> {
        let (mut year, mut rest) = (1970, days);
        while rest >= days_of(year) {
            rest -= days_of(year);
            year = year.checked_add(1).filter(|year| *year <= 9999)?;
        }
        let mut month = 1;
        while rest >= u64::from(length(year, month)) {
            rest -= u64::from(length(year, month));
            month += 1;
        }
        Some(Self { year, month, day: u8::try_from(rest).ok()? + 1 })
    }
}

impl FromStr for Date {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let date = || {
            let [year, month, day] = text.split('-').collect::<Vec<_>>()[..] else { return None };
            let digits =
                |part: &str, count: usize| part.len() == count && part.bytes().all(|c| c.is_ascii_digit());
            if !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
                return None;
            }
            let date = Self { year: year.parse().ok()?, month: month.parse().ok()?, day: day.parse().ok()? };
            let exists =
                (1..=12).contains(&date.month) && (1..=length(date.year, date.month)).contains(&date.day);
            exists.then_some(date)
        };
        date().ok_or("expected a day such as 2027-06-30")
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn days_of(year: u16) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// How many days a month has.
fn length(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::Date;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, date) in [
            (0, "1970-01-01"),
            (11_016, "2000-02-29"),
            (19_723, "2024-01-01"),
            (20_999, "2027-06-30"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(Date::after_epoch(days).map(|date| date.to_string()).as_deref(), Some(date));
        }
        assert_eq!(Date::after_epoch(u64::MAX), None);
    }

    #[test]
    fn a_day_that_is_none_is_refused() {
        let read = |text: &str| text.parse::<Date>().is_ok();
        assert!(read("2024-02-29") && read("0001-12-31"));
        for text in [
            "2023-02-29",
            "2100-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-01-00",
            "24-1-1",
            "+024-01-01",
            "2024-01-01-",
            "",
        ] {
            assert!(!read(text), "{text}");
        }
        assert!("2026-12-31".parse::<Date>() < "2027-01-01".parse::<Date>());
    }
}
