//! Words as a shell reads them: commands that are printed can be pasted, whatever columns and files are called.

use std::borrow::Cow;

/// The word as a POSIX shell reads it: in single quotes where it holds anything but letters, digits and signs that mean nothing
/// to a shell.
///
/// ```
/// use steepest_data::shell_word;
/// assert_eq!(shell_word("age"), "age");
/// assert_eq!(shell_word("patient id"), "'patient id'");
/// assert_eq!(shell_word("it's"), r"'it'\''s'");
/// ```
pub fn shell_word(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "-_./:,=+@%^".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
    }
}
