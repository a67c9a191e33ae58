//! `Filter.N`: names, values, wildcards.

use crate::api::Call;
use crate::error::AwsError;
use crate::world::image::Tags;

/// The filters of a call. All must hold; of one filter's values, any.
#[derive(Debug)]
pub(crate) struct Filters {
    all: Vec<(String, Vec<String>)>,
}

impl Filters {
    pub(crate) fn of(call: &Call) -> Result<Self, AwsError> {
        let mut all = Vec::new();
        for group in call.params.groups("Filter") {
            let name = group.required("Name")?.to_owned();
            let values: Vec<String> = group.list("Value").into_iter().map(str::to_owned).collect();
            if values.is_empty() {
                return Err(AwsError::invalid_value(format!("The filter '{name}' must have at least one value")));
            }
            if values.len() > 200 {
                let message = "The maximum number of filter values specified on a single call is 200";
                return Err(AwsError::client("FilterLimitExceeded", message));
            }
            all.push((name, values));
        }
        Ok(Self { all })
    }

    /// Whether a resource passes. `fields` gives what it has under a filter's name, `None` for a name it does not know.
    pub(crate) fn pass(&self, tags: &Tags, fields: impl Fn(&str) -> Option<Vec<String>>) -> Result<bool, AwsError> {
        let mut passes = true;
        for (name, values) in &self.all {
            let have = if let Some(key) = name.strip_prefix("tag:") {
                tags.get(key).cloned().into_iter().collect()
            } else if name == "tag-key" {
                tags.keys().cloned().collect()
            } else {
                fields(name).ok_or_else(|| unknown(name))?
            };
            passes &= values.iter().any(|value| have.iter().any(|have| wildcard(value, have)));
        }
        Ok(passes)
    }

    /// Refuses names no resource of this kind has, even when there is no resource to ask.
    pub(crate) fn check(&self, known: &[&str]) -> Result<(), AwsError> {
        let bad = self
            .all
            .iter()
            .map(|(name, _)| name)
            .find(|name| !name.starts_with("tag:") && *name != "tag-key" && !known.contains(&name.as_str()));
        bad.map_or(Ok(()), |name| Err(unknown(name)))
    }
}

fn unknown(name: &str) -> AwsError {
    AwsError::invalid_value(format!("The filter '{name}' is invalid"))
}

/// `*` stands for any text, `?` for one character, a backslash takes the next one literally. Case counts.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    matches(&pattern, &text)
}

fn matches(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (pattern, text);
    // Where to go on after the last `*`, if what follows it does not fit.
    let mut retry: Option<(&[char], &[char])> = None;
    loop {
        let fits = match (p, t) {
            ([], []) => return true,
            (['*', rest @ ..], _) => {
                retry = Some((rest, t));
                p = rest;
                continue;
            }
            (['?', p_rest @ ..], [_, t_rest @ ..]) => Some((p_rest, t_rest)),
            (['\\', literal, p_rest @ ..], [have, t_rest @ ..]) if literal == have => Some((p_rest, t_rest)),
            ([want, p_rest @ ..], [have, t_rest @ ..]) if want == have && *want != '\\' => Some((p_rest, t_rest)),
            _ => None,
        };
        match (fits, retry) {
            (Some((p_rest, t_rest)), _) => (p, t) = (p_rest, t_rest),
            (None, Some((rest, [_, shorter @ ..]))) => {
                retry = Some((rest, shorter));
                (p, t) = (rest, shorter);
            }
            (None, _) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_ec2_says() {
        for (pattern, text, expected) in [
            ("2026-01-*", "2026-01-03T00:00:00.000Z", true),
            ("2026-0?-*", "2026-11-03", false),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b", "aXbY", false),
            ("?", "", false),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("Golden", "golden", false),
        ] {
            assert_eq!(wildcard(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
