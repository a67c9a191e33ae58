//! Long lists, as people read them: the first few, and how many there are beside them.

/// Named before the rest is only counted.
const NAMED: usize = 3;

/// `a, b, c and 4 more`; `None` for an empty list.
pub fn few(items: impl IntoIterator<Item = String>) -> Option<String> {
    shortened(items, ", ", " and ")
}

/// The same for items that have commas of their own: `a; b; c; and 4 more`.
pub fn few_clauses(items: impl IntoIterator<Item = String>) -> Option<String> {
    shortened(items, "; ", "; and ")
}

fn shortened(items: impl IntoIterator<Item = String>, between: &str, last: &str) -> Option<String> {
    let mut items = items.into_iter();
    let named: Vec<String> = items.by_ref().take(NAMED).collect();
    let named = (!named.is_empty()).then(|| named.join(between))?;
    Some(match items.count() {
        0 => named,
        more => format!("{named}{last}{more} more"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(count: u32) -> impl Iterator<Item = String> {
        (1..=count).map(|item| item.to_string())
    }

    #[test]
    fn the_first_three_are_named_and_the_rest_is_counted() {
        assert_eq!(few(items(0)), None);
        assert_eq!(few(items(3)).as_deref(), Some("1, 2, 3"));
        assert_eq!(few(items(5)).as_deref(), Some("1, 2, 3 and 2 more"));
        assert_eq!(few_clauses(items(4)).as_deref(), Some("1; 2; 3; and 1 more"));
    }
}
