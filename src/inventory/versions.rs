//! Versions of images: semantic (`1.4.2`, `v2`, `1.0.0-rc1`) or dates (`2026-05-01`, `2026.05.01`, `20260501`).

use std::cmp::Ordering;

/// A release, comparable with others of its family. A date is a version of year, month and day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub major: i64,
    pub minor: i64,
    pub patch: i64,
    pub prerelease: Option<String>,
}

impl Version {
    /// The version written in `text`; `None` when it is none, so that nothing is guessed.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches(['v', 'V']);
        if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self {
                major: text.get(..4)?.parse().ok()?,
                minor: text.get(4..6)?.parse().ok()?,
                patch: text.get(6..)?.parse().ok()?,
                prerelease: None,
            });
        }
        let build = text.split_once('+').map_or(text, |(version, _)| version);
        if let Some(date) = dashed_date(build) {
            return Some(date);
        }
        let (numbers, prerelease) = match build.split_once('-') {
            Some((numbers, prerelease)) if !prerelease.is_empty() => (numbers, Some(prerelease.to_owned())),
            Some(_) => return None,
            None => (build, None),
        };
        let numbers = numbers.split('.').map(number).collect::<Option<Vec<_>>>()?;
        match numbers.as_slice() {
            [major] => Some(Self { major: *major, minor: 0, patch: 0, prerelease }),
            [major, minor] => Some(Self { major: *major, minor: *minor, patch: 0, prerelease }),
            [major, minor, patch] => Some(Self { major: *major, minor: *minor, patch: *patch, prerelease }),
            _ => None,
        }
    }
}

/// `2026-05-01`.
fn dashed_date(text: &str) -> Option<Version> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let form = year.len() == 4 && month.len() == 2 && day.len() == 2;
    form.then_some(Version { major: number(year)?, minor: number(month)?, patch: number(day)?, prerelease: None })
}

fn number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = (self.major, self.minor, self.patch).cmp(&(other.major, other.minor, other.patch));
        numbers.then_with(|| match (&self.prerelease, &other.prerelease) {
            (None, None) => Ordering::Equal,
            // A release is newer than its own candidates (semver.org, item 11).
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => prerelease_order(a, b),
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Dot-separated identifiers: numbers by value and below words, fewer below more (semver.org, item 11.4).
fn prerelease_order(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (number(a), number(b)) {
                (Some(a), Some(b)) => a.cmp(&b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => a.cmp(b),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn semantic_versions_are_ordered_as_semver_says() {
        let ordered = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.2",
            "v2",
            "10.0",
        ];
        for pair in ordered.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn dates_are_versions_in_all_three_spellings() {
        for text in ["2026-05-01", "2026.05.01", "20260501"] {
            assert_eq!(version(text), Version { major: 2026, minor: 5, patch: 1, prerelease: None });
        }
        assert!(version("2026-05-01") < version("20261231"));
    }

    #[test]
    fn what_is_no_version_is_not_guessed() {
        for text in ["", "latest", "1.2.3.4", "1..2", "1.x", "-1", "99999999999999999999"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in ".*") {
            let _ = Version::parse(&text);
        }

        #[test]
        fn order_agrees_with_the_numbers(a in (0i64..50, 0i64..50, 0i64..50), b in (0i64..50, 0i64..50, 0i64..50)) {
            let text = |(x, y, z): (i64, i64, i64)| format!("{x}.{y}.{z}");
            prop_assert_eq!(version(&text(a)).cmp(&version(&text(b))), a.cmp(&b));
        }
    }
}
