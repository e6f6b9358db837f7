//! The errnos that a launch meets, as the C library words them (errno(3)).

/// Number and words of an errno, sorted by number.
const WORDS: &[(u32, &str)] = &[
    (1, "Operation not permitted"),
    (2, "No such file or directory"),
    (3, "No such process"),
    (4, "Interrupted system call"),
    (5, "Input/output error"),
    (6, "No such device or address"),
    (7, "Argument list too long"),
    (8, "Exec format error"),
    (9, "Bad file descriptor"),
    (10, "No child processes"),
    (11, "Resource temporarily unavailable"),
    (12, "Cannot allocate memory"),
    (13, "Permission denied"),
    (14, "Bad address"),
    (16, "Device or resource busy"),
    (17, "File exists"),
    (18, "Invalid cross-device link"),
    (19, "No such device"),
    (20, "Not a directory"),
    (21, "Is a directory"),
    (22, "Invalid argument"),
    (23, "Too many open files in system"),
    (24, "Too many open files"),
    (25, "Inappropriate ioctl for device"),
    (26, "Text file busy"),
    (27, "File too large"),
    (28, "No space left on device"),
    (30, "Read-only file system"),
    (31, "Too many links"),
    (32, "Broken pipe"),
    (36, "File name too long"),
    (38, "Function not implemented"),
    (40, "Too many levels of symbolic links"),
    (75, "Value too large for defined data type"),
    (80, "Accessing a corrupted shared library"),
    (87, "Too many users"),
    (95, "Operation not supported"),
    (116, "Stale file handle"),
    (122, "Disk quota exceeded"),
    (126, "Required key not available"),
];

/// The words for an errno, or `None` for one that no launch was seen to meet.
pub fn words(errno: u32) -> Option<&'static str> {
    WORDS.iter().find(|(number, _)| *number == errno).map(|(_, words)| *words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_c_library_s() {
        extern crate std;
        for (number, words) in WORDS {
            let error = std::io::Error::from_raw_os_error(i32::try_from(*number).unwrap());
            assert_eq!(std::format!("{error}"), std::format!("{words} (os error {number})"));
        }
    }
}
