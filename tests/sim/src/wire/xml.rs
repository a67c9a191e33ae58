//! A writer of XML elements. Text is escaped here and nowhere else.

use std::fmt::Display;

use jiff::Timestamp;

/// Elements written so far.
#[derive(Debug, Default)]
pub(crate) struct Xml {
    out: String,
}

impl Xml {
    /// What was written.
    pub(crate) fn into_string(self) -> String {
        self.out
    }

    /// An element with what `inside` writes.
    pub(crate) fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.out.push('<');
        self.out.push_str(name);
        self.out.push('>');
        inside(self);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// An element with text.
    pub(crate) fn text(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        self.element(name, |xml| escape(&value, &mut xml.out));
    }

    /// An element with text, or nothing at all.
    pub(crate) fn maybe(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A time as EC2 writes it: `2026-01-01T00:00:00.000Z`.
    pub(crate) fn time(&mut self, name: &str, at: Timestamp) {
        self.text(name, millis(at));
    }

    /// EC2's lists: `<name><item>…</item></name>`, the element there even when the list is empty.
    pub(crate) fn items<T>(&mut self, name: &str, all: impl IntoIterator<Item = T>, each: impl FnMut(&mut Self, T)) {
        self.list(name, "item", all, each);
    }

    /// The query protocol's lists: `<name><member>…</member></name>`.
    pub(crate) fn members<T>(&mut self, name: &str, all: impl IntoIterator<Item = T>, each: impl FnMut(&mut Self, T)) {
        self.list(name, "member", all, each);
    }

    fn list<T>(&mut self, name: &str, item: &str, all: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.element(name, |xml| {
            for one in all {
                xml.element(item, |xml| each(xml, one));
            }
        });
    }

    /// Text in place, for lists of plain words.
    pub(crate) fn word(&mut self, value: &str) {
        escape(value, &mut self.out);
    }
}

/// `2026-01-01T00:00:00.000Z`
pub(crate) fn millis(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// `2026-01-01T00:00:00Z`
pub(crate) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // A parser would read a bare carriage return as a line feed.
            '\r' => out.push_str("&#xD;"),
            '\t' | '\n' => out.push(c),
            // XML 1.0 has no way to write these.
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let mut xml = Xml::default();
        xml.text("name", "a<b>&\"\u{1}\u{0}\r]]>");
        assert_eq!(xml.into_string(), "<name>a&lt;b&gt;&amp;&quot;&#xD;]]&gt;</name>");
    }

    #[test]
    fn times_have_milliseconds_even_when_they_are_zero() {
        assert_eq!(millis(Timestamp::UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
    }
}
