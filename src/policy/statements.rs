//! Cuts the text of a policy file into its policies, so that each fault can be shown where it is and one
//! broken policy does not hide the faults of the others.

use std::ops::Range;

/// The byte ranges of the policies in `text`, each up to and with its `;`, without comments and white space
/// before it. What follows the last `;` is one too, if there is anything but comments: the parser will say
/// what is wrong with it.
pub(super) fn statements(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'/' if bytes.peek().is_some_and(|&(_, next)| next == b'/') => {
                bytes.by_ref().find(|&(_, byte)| byte == b'\n');
            }
            byte if byte.is_ascii_whitespace() => {}
            b';' => found.push(start.take().unwrap_or(at)..at + 1),
            b'"' => {
                start.get_or_insert(at);
                skip_string(&mut bytes);
            }
            _ => {
                start.get_or_insert(at);
            }
        }
    }
    found.extend(start.map(|start| start..text.trim_end().len()));
    found
}

/// Goes past the closing quote.
fn skip_string(bytes: &mut impl Iterator<Item = (usize, u8)>) {
    while let Some((_, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        statements(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_semicolon_in_a_string_or_comment_ends_nothing() {
        let text = "// head; of file\n@reason(\"a; \\\" // b\") permit(1); // tail;\nforbid(2);\n// end;\n";
        assert_eq!(cut(text), ["@reason(\"a; \\\" // b\") permit(1);", "forbid(2);"]);
    }

    #[test]
    fn a_policy_without_its_semicolon_is_still_seen() {
        assert_eq!(cut("permit(1);\nforbid(2)\n"), ["permit(1);", "forbid(2)"]);
        assert_eq!(cut("permit(\"open"), ["permit(\"open"]);
        assert_eq!(cut(" \n// nothing\n"), [] as [&str; 0]);
    }
}
