//! Sizes and durations: texts with units into numbers.

/// Why a text is not an amount, and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misread {
    pub(super) reason: String,
    pub(super) help: String,
}

const SIZES: [(&str, u64); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// Longest first: a text is read greedily from its large units to its small ones.
const TIMES: [(&str, u128); 6] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
];

/// `64MiB` in bytes.
pub(super) fn bytes(text: &str) -> Result<u64, Misread> {
    let (digits, unit) = split_number(text);
    let help = || "write an integer, or one with KiB, MiB, GiB or TiB such as `64MiB`".to_owned();
    let Ok(number) = digits.parse::<u64>() else {
        return Err(Misread { reason: "is not a size".into(), help: help() });
    };
    if let Some((_, factor)) = SIZES.iter().find(|(name, _)| *name == unit) {
        return number
            .checked_mul(*factor)
            .filter(|bytes| i64::try_from(*bytes).is_ok())
            .ok_or(Misread { reason: "is too large".into(), help: "write less than 8 EiB".into() });
    }
    let letter = unit.trim().chars().next().map(|c| c.to_ascii_uppercase());
    let meant = SIZES.iter().find(|(name, _)| name.chars().next() == letter);
    Err(match (unit, meant) {
        (fraction, _) if fraction.starts_with('.') => Misread {
            reason: "is not a whole number".into(),
            help: "write it in the next smaller unit".into(),
        },
        ("", _) => Misread { reason: "is a number in quotes".into(), help: format!("write `{number}`") },
        (_, Some((name, _))) if unit.trim().eq_ignore_ascii_case(name) => {
            Misread { reason: "is not a size".into(), help: format!("write `{number}{name}`") }
        }
        (_, Some((name, _))) => Misread {
            reason: format!(
                "is ambiguous: systemd reads `{}` as a power of 1024, Kubernetes as one of 1000",
                unit.trim()
            ),
            help: format!("write `{number}{name}`, or the number of bytes"),
        },
        _ => Misread { reason: format!("has the unknown unit `{unit}`"), help: help() },
    })
}

/// `1m30s` in nanoseconds.
pub(super) fn duration(text: &str) -> Result<u128, Misread> {
    let help = || "write numbers with d, h, m, s, ms or us, the largest first, such as `1m30s`".to_owned();
    let misread = |reason: String| Misread { reason, help: help() };
    let (mut rest, mut units, mut sum) = (text, TIMES.as_slice(), 0u128);
    if rest.is_empty() {
        return Err(misread("is empty".into()));
    }
    while !rest.is_empty() {
        let (digits, tail) = split_number(rest);
        let unit = &tail[..tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len())];
        let number = digits.parse::<u32>().map_err(|_| misread("is not a duration".into()))?;
        if unit.is_empty() {
            return Err(misread(format!("has no unit after `{digits}`")));
        }
        let place = units.iter().position(|(name, _)| *name == unit);
        let Some((place, (_, factor))) = place.and_then(|place| Some((place, units.get(place)?))) else {
            let known = TIMES.iter().any(|(name, _)| *name == unit);
            return Err(misread(if known {
                format!("has `{unit}` twice or after a smaller unit")
            } else {
                format!("has the unknown unit `{unit}`")
            }));
        };
        sum += u128::from(number) * factor;
        (rest, units) = (&tail[unit.len()..], &units[place + 1..]);
    }
    Ok(sum)
}

/// The leading digits and the rest.
fn split_number(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::{bytes, duration};

    #[test]
    fn sizes_are_powers_of_1024() {
        assert_eq!(bytes("1KiB"), Ok(1024));
        assert_eq!(bytes("64MiB"), Ok(64 << 20));
        assert_eq!(bytes("8388607TiB"), Ok(8_388_607 << 40));
        for text in [
            "",
            "MiB",
            "1.5GiB",
            "-1KiB",
            "+1KiB",
            "64",
            "64 MiB",
            "64mib",
            "512M",
            "1MB",
            "1EiB",
            "8388608TiB",
        ] {
            assert!(bytes(text).is_err(), "{text:?}");
        }
        assert!(bytes("512M").is_err_and(|misread| misread.help.contains("512MiB")));
    }

    #[test]
    fn durations_go_from_large_to_small() {
        assert_eq!(duration("250ms"), Ok(250_000_000));
        assert_eq!(duration("1m30s"), Ok(90_000_000_000));
        assert_eq!(duration("1d1h1m1s1ms1us"), Ok(90_061_001_001_000));
        for text in ["", "1", "s", "1s1m", "1s1s", "1 s", "1.5s", "-1s", "1week", "99999999999s", "1m30"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }
}
