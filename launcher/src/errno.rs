//! The errnos that a launch meets, as the C library words them (errno(3)).

/// Every errno's number plus 128, a byte that no text has, before its words: a table of pointers would be larger than
/// the words themselves.
const WORDS: &[u8] = b"\
    \x81Operation not permitted\
    \x82No such file or directory\
    \x83No such process\
    \x84Interrupted system call\
    \x85Input/output error\
    \x86No such device or address\
    \x87Argument list too long\
    \x88Exec format error\
    \x89Bad file descriptor\
    \x8bResource temporarily unavailable\
    \x8cCannot allocate memory\
    \x8dPermission denied\
    \x90Device or resource busy\
    \x91File exists\
    \x93No such device\
    \x94Not a directory\
    \x95Is a directory\
    \x96Invalid argument\
    \x98Too many open files\
    \x9aText file busy\
    \x9bFile too large\
    \x9cNo space left on device\
    \x9eRead-only file system\
    \xa0Broken pipe\
    \xa4File name too long\
    \xa6Function not implemented\
    \xa8Too many levels of symbolic links\
    \xbeTimer expired\
    \xcbValue too large for defined data type\
    \xdfOperation not supported\
    \xe5Network is unreachable\
    \xff";

/// The words for an errno, or `None` for one that no launch was seen to meet.
pub fn words(errno: u32) -> Option<&'static [u8]> {
    let start = WORDS.iter().position(|&byte| byte > 0x80 && u32::from(byte) == errno + 0x80)? + 1;
    let words = WORDS.get(start..)?;
    let end = words.iter().position(|&byte| byte > 0x80)?;
    words.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_c_library_s() {
        extern crate std;
        let mut known = 0;
        for errno in 1..4096 {
            let Some(words) = words(errno) else { continue };
            let error = std::io::Error::from_raw_os_error(i32::try_from(errno).unwrap());
            let words = core::str::from_utf8(words).unwrap();
            assert_eq!(std::format!("{error}"), std::format!("{words} (os error {errno})"));
            known += 1;
        }
        assert_eq!(known, WORDS.iter().filter(|byte| **byte > 0x80).count() - 1);
    }
}
