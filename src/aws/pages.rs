//! Reads a listing to its end, or not at all.

use std::collections::HashSet;

use super::error::AwsError;

/// One page as it came.
#[derive(Debug)]
pub(super) struct Page<T> {
    /// `None` when the answer lacks its list.
    pub(super) items: Option<Vec<T>>,
    pub(super) next: Option<String>,
}

/// No listing is longer: with 1,000 entries a page this is a million of them, ten times what a Region may hold. A
/// server that never stops sending pages must not keep a cycle from ending.
pub(super) const MOST_PAGES: usize = 1_000;

/// Asks for page after page and returns all entries. One page that fails, lacks its list or repeats a token makes the
/// whole listing an error: part of a list would look like knowledge.
pub(super) async fn all_pages<T, F>(list: &'static str, mut ask: impl FnMut(Option<String>) -> F) -> Result<Vec<T>, AwsError>
where
    F: Future<Output = Result<Page<T>, AwsError>>,
{
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    let mut token = None;
    for _ in 0..MOST_PAGES {
        let page = ask(token.take()).await?;
        let items = page.items.ok_or_else(|| AwsError::malformed(format!("the answer lacks its list `{list}`")))?;
        all.extend(items);
        let Some(next) = page.next.filter(|next| !next.is_empty()) else { return Ok(all) };
        if !seen.insert(next.clone()) {
            return Err(AwsError::malformed(format!("the pages of `{list}` go in a circle: a next token came twice")));
        }
        token = Some(next);
    }
    Err(AwsError::malformed(format!("`{list}` goes on after {MOST_PAGES} pages")))
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;
    use crate::aws::ErrorKind;

    fn page(items: &[u8], next: Option<&str>) -> Result<Page<u8>, AwsError> {
        Ok(Page { items: Some(items.to_vec()), next: next.map(str::to_owned) })
    }

    #[tokio::test]
    async fn pages_are_merged_in_order() {
        let all = all_pages("Images", |token| {
            ready(match token.as_deref() {
                None => page(&[1, 2], Some("a")),
                Some("a") => page(&[], Some("b")),
                _ => page(&[3], Some("")),
            })
        });
        assert_eq!(all.await.unwrap(), [1, 2, 3]);
    }

    #[tokio::test]
    async fn a_token_that_comes_back_ends_the_reading() {
        let mut asked = 0;
        let all = all_pages("Images", |_| {
            asked += 1;
            ready(page(&[1], Some(if asked % 2 == 0 { "a" } else { "b" })))
        });
        let error = all.await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed);
        assert_eq!(asked, 3);
    }

    #[tokio::test]
    async fn one_failed_page_fails_the_listing() {
        let all = all_pages("Images", |token| {
            ready(match token {
                None => page(&[1], Some("a")),
                Some(_) => Ok(Page { items: None, next: None }),
            })
        });
        assert!(all.await.unwrap_err().message.contains("lacks its list `Images`"));
    }

    #[tokio::test]
    async fn a_server_that_never_stops_is_stopped() {
        let mut asked = 0_usize;
        let all = all_pages("Images", |_| {
            asked += 1;
            ready(page(&[], Some(&asked.to_string())))
        });
        assert!(all.await.unwrap_err().message.contains("after 1000 pages"));
    }
}
