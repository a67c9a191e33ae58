//! Patterns of image names: `{family}-{version}-*` says which part of a name is its family and which its version.
//!
//! No regular expressions: what people write by hand into a configuration should mean what it looks like.

use serde::de::{Deserialize, Deserializer, Error};

/// Longest pattern. An image's name has at most 128 characters (EC2 API reference, CreateImage).
const LONGEST: usize = 128;

/// A pattern that was read and makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// `{family}`: at least one character, as few as possible.
    Family,
    /// `{version}`: a version, as long as possible.
    Version,
    /// `*`: anything, or nothing.
    Anything,
}

/// What a pattern finds in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'n> {
    pub family: &'n str,
    pub version: Option<&'n str>,
}

impl NamePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it and what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shown = text.escape_default();
        let wrong = |what: &str| Err(format!("`{shown}` {what}: write a pattern such as `{{family}}-{{version}}-*`"));
        if text.chars().count() > LONGEST {
            return wrong("is longer than an image's name can be");
        }
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let (part, length) = match letter {
                '*' => (Part::Anything, 1),
                '{' if rest.starts_with("{family}") => (Part::Family, "{family}".len()),
                '{' if rest.starts_with("{version}") => (Part::Version, "{version}".len()),
                '{' | '}' => return wrong("has a brace that belongs to neither `{family}` nor `{version}`"),
                _ => {
                    let length = rest.find(['*', '{', '}']).unwrap_or(rest.len());
                    (Part::Literal(rest.get(..length).unwrap_or_default().to_owned()), length)
                }
            };
            parts.push(part);
            rest = rest.get(length..).unwrap_or_default();
        }
        let count = |wanted: &Part| parts.iter().filter(|part| *part == wanted).count();
        let open = |part: &Part| !matches!(part, Part::Literal(_));
        if count(&Part::Family) != 1 {
            return wrong("must have `{family}` once");
        }
        if count(&Part::Version) > 1 {
            return wrong("has `{version}` more than once");
        }
        if parts.windows(2).any(|pair| pair.iter().all(open)) {
            return wrong("does not say where one part ends and the next begins");
        }
        Ok(Self { parts })
    }

    /// The family and version in `name`; `None` when it does not match, or what stands for the version is none.
    pub fn read<'n>(&self, name: &'n str, is_version: impl Fn(&str) -> bool) -> Option<Named<'n>> {
        // Where a part cannot match from, so that no name takes more than parts times the square of its length.
        let mut dead = std::collections::HashSet::new();
        let mut found = Named { family: "", version: None };
        matches(&self.parts, name, 0, &is_version, &mut dead, &mut found).then_some(found)
    }
}

fn matches<'n>(
    parts: &[Part],
    name: &'n str,
    at: usize,
    is_version: &impl Fn(&str) -> bool,
    dead: &mut std::collections::HashSet<(usize, usize)>,
    found: &mut Named<'n>,
) -> bool {
    let Some((part, later)) = parts.split_first() else { return at == name.len() };
    if dead.contains(&(parts.len(), at)) {
        return false;
    }
    let rest = name.get(at..).unwrap_or_default();
    let ends = || rest.char_indices().map(|(offset, letter)| offset + letter.len_utf8());
    let matched = match part {
        Part::Literal(text) => rest.starts_with(text) && matches(later, name, at + text.len(), is_version, dead, found),
        Part::Anything => std::iter::once(0).chain(ends()).any(|end| matches(later, name, at + end, is_version, dead, found)),
        Part::Family => ends().any(|end| {
            let matched = matches(later, name, at + end, is_version, dead, found);
            if matched {
                found.family = rest.get(..end).unwrap_or_default();
            }
            matched
        }),
        Part::Version => {
            let mut longest: Vec<usize> = ends().collect();
            longest.reverse();
            longest.into_iter().any(|end| {
                let version = rest.get(..end).unwrap_or_default();
                let matched = is_version(version) && matches(later, name, at + end, is_version, dead, found);
                if matched {
                    found.version = Some(version);
                }
                matched
            })
        }
    };
    if !matched {
        dead.insert((parts.len(), at));
    }
    matched
}

impl<'de> Deserialize<'de> for NamePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digits(text: &str) -> bool {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    }

    fn read<'n>(pattern: &str, name: &'n str) -> Option<(&'n str, Option<&'n str>)> {
        NamePattern::parse(pattern).unwrap().read(name, digits).map(|named| (named.family, named.version))
    }

    #[test]
    fn a_pattern_says_which_part_of_a_name_is_what() {
        assert_eq!(read("{family}-{version}-*", "web-server-1.4.2-x86_64"), Some(("web-server", Some("1.4.2"))));
        assert_eq!(read("{family}-{version}", "web-1.4.2"), Some(("web", Some("1.4.2"))));
        assert_eq!(read("packer {version} ({family})", "packer 20260501 (base)"), Some(("base", Some("20260501"))));
        assert_eq!(read("{family}_*", "web_nightly_7"), Some(("web", None)));
        assert_eq!(read("{family}-{version}", "web-latest"), None);
        assert_eq!(read("{family}-{version}", "-1.4"), None);
        assert_eq!(read("*/{family}-{version}", "ci/web-2"), Some(("web", Some("2"))));
    }

    #[test]
    fn what_means_nothing_certain_is_refused() {
        for pattern in ["", "web-*", "{family}{version}", "{family}*", "{family}-{version}-{version}", "{familie}-{version}", "{family}-}"]
        {
            assert!(NamePattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn what_is_put_together_is_taken_apart_again(family in "[a-z]{1,8}(_[a-z]{1,5}){0,2}", version in "[0-9]{1,3}(\\.[0-9]{1,3}){0,2}", tail in "[a-z]{0,6}") {
            let name = format!("{family}-{version}-{tail}");
            prop_assert_eq!(read("{family}-{version}-*", &name), Some((family.as_str(), Some(version.as_str()))));
        }

        #[test]
        fn any_pattern_and_name_end_soon_and_without_panic(pattern in "([a-]|\\*|\\{family\\}|\\{version\\}|é){0,12}", name in "[a1é-]{0,128}") {
            if let Ok(pattern) = NamePattern::parse(&pattern) {
                let found = pattern.read(&name, digits);
                prop_assert!(found.is_none_or(|found| !found.family.is_empty() && name.contains(found.family)));
            }
        }
    }
}
