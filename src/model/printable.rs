//! Texts from outside (names, tags, ids, messages of AWS, file names) as they may reach a terminal, a log or a browser.
//!
//! They are shown and never interpreted: what would move a cursor, begin a line or turn the direction of writing is
//! written as its escape.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// Whether a character is only seen, and does nothing else to whatever shows it: no control character (C0, DEL, C1: Unicode
/// category Cc), no separator of lines, no mark of direction (Unicode standard annex 9).
pub fn is_harmless(letter: char) -> bool {
    !letter.is_control() && !matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text on one line, with escapes such as `\n` or `\u{1b}` for what is not harmless.
pub fn printable(text: &str) -> String {
    if text.chars().all(is_harmless) {
        return text.to_owned();
    }
    text.chars().map(|letter| if is_harmless(letter) { letter.to_string() } else { letter.escape_default().to_string() }).collect()
}

/// The same for a text of several lines of ours: they stay lines.
pub fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// JSON that says the same and holds only harmless characters: the others stand as `\u....` in its strings, the only place
/// where JSON has any.
pub fn printable_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if is_harmless(letter) || letter == '\n' {
            out.push(letter);
        } else {
            out.push_str(&escape(letter));
        }
    }
    out
}

/// Writes `value` as JSON for people and programs, with harmless characters alone.
///
/// # Errors
/// When `out` does not take it.
pub fn write_json(value: &impl Serialize, out: impl Write) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Harmless(PrettyFormatter::new())))
}

/// The same as a text.
///
/// # Errors
/// When the value has no JSON, such as a map with keys that are no text.
pub fn json_text(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|json| printable_json(&json))
}

/// All of them lie in the basic plane, so one escape is enough.
fn escape(letter: char) -> String {
    format!("\\u{:04x}", u32::from(letter))
}

/// serde_json's own form, but for what its strings hold.
struct Harmless<'a>(PrettyFormatter<'a>);

impl Formatter for Harmless<'_> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.chars().all(is_harmless) {
            return out.write_all(fragment.as_bytes());
        }
        out.write_all(printable_json(fragment).as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\u{1b}[31m\nb\u{9b}\u{7f}\u{202e}\u{2028}é";

    #[test]
    fn what_does_more_than_show_is_written_as_its_escape() {
        assert_eq!(printable(TEXT), r"a\u{1b}[31m\nb\u{9b}\u{7f}\u{202e}\u{2028}é");
        assert_eq!(printable_lines("a\nb\t"), "a\nb\\t");
    }

    #[test]
    fn json_says_the_same_with_harmless_characters() -> serde_json::Result<()> {
        let value = serde_json::json!({ TEXT: [TEXT, 1, {}, []] });
        let mut written = Vec::new();
        write_json(&value, &mut written)?;
        let text = json_text(&value)?;
        assert_eq!(String::from_utf8_lossy(&written), text);
        assert!(text.chars().all(|letter| is_harmless(letter) || letter == '\n'), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text)?, value);
        Ok(())
    }
}
