//! Asks the sources of one place: each by itself, few at once, and only those that somebody can make use of.
//!
//! What is declared unused in the configuration is asked all the same: what it says counts, and only that it cannot answer
//! is excused, by the inventory.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::bounded::each;
use crate::aws::{AwsError, Clients, ErrorKind};
use crate::config::Sources;
use crate::inventory::answers::Answer;
use crate::model::Source;
use crate::policy::Needs;
use crate::scan::listing::Listing;
use crate::scan::{Progress, ScanEvent};

/// Sources of one place that are read at the same time. With eight places, 72 requests in flight (and a few more where a
/// source asks several questions at once) are what one HTTP client carries without queueing.
const SOURCES_AT_ONCE: usize = 9;

/// Questions at the same time within one source. Our buckets give five to ten a second, each takes about a third of one.
const QUESTIONS_AT_ONCE: usize = 4;

/// What is asked of every place.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub(super) needs: Arc<Needs>,
    pub(super) sources: Arc<Sources>,
    pub(super) now: Timestamp,
}

impl Wanted {
    /// Only what `needs` can make use of, as the configuration has it; `now` bounds what is looked back at.
    pub fn new(needs: &Needs, sources: &Sources, now: Timestamp) -> Self {
        Self { needs: Arc::new(needs.clone()), sources: Arc::new(sources.clone()), now }
    }

    /// Whether somebody can make use of this source.
    pub fn wants(&self, source: &Source) -> bool {
        self.needs.wants(source)
    }
}

/// Asks sources of one place and tells what became of each.
pub(super) struct Asking<'a> {
    pub(super) clients: &'a Clients,
    pub(super) wanted: &'a Wanted,
    progress: &'a Progress,
    at_once: Semaphore,
}

impl<'a> Asking<'a> {
    pub(super) fn new(clients: &'a Clients, wanted: &'a Wanted, progress: &'a Progress) -> Self {
        Self { clients, wanted, progress, at_once: Semaphore::new(SOURCES_AT_ONCE) }
    }

    /// A listing; `None` when nothing could make use of it.
    pub(super) async fn source<T: Listing, F>(&self, source: Source, ask: impl FnOnce(Clients) -> F) -> Option<Answer<T>>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        self.ask(source, |answer: &T| answer.entries().unwrap_or(0), ask).await
    }

    /// A setting of the whole place.
    pub(super) async fn setting<T, F>(&self, source: Source, ask: impl FnOnce(Clients) -> F) -> Option<Answer<T>>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        self.ask(source, |_| 1, ask).await
    }

    /// What can only be asked once something else is listed. Where that listing failed, this failed as well.
    pub(super) async fn after<E, T: Listing, F>(
        &self,
        earlier: &Option<Answer<E>>,
        source: Source,
        ask: impl FnOnce(Clients, &E) -> F,
    ) -> Option<Answer<T>>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        let ask = |clients: Clients| async move {
            match earlier {
                Some(Ok(earlier)) => ask(clients, earlier).await,
                Some(Err(error)) => Err(not_listed(error)),
                None => Err(not_listed("nobody asked for the listing")),
            }
        };
        self.source(source, ask).await
    }

    async fn ask<T, F>(&self, source: Source, count: impl Fn(&T) -> usize, ask: impl FnOnce(Clients) -> F) -> Option<Answer<T>>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        if !self.wanted.wants(&source) {
            return None;
        }
        // Never closed, so that there is always a permit in the end. What waits for another source holds none.
        let _permit = self.at_once.acquire().await;
        let clients = self.clients.counted();
        // On the heap: thirty of these lie side by side in one future.
        let answer = Box::pin(ask(clients.clone())).await.map_err(|error| error.to_string());
        let (place, requests) = (clients.place().clone(), clients.asked());
        self.progress.tell(match &answer {
            Ok(answer) => ScanEvent::SourceDone { place, source, items: count(answer), requests },
            Err(error) => ScanEvent::SourceFailed { place, source, error: error.clone(), requests },
        });
        Some(answer)
    }
}

fn not_listed(error: &str) -> AwsError {
    AwsError::unsent(ErrorKind::Other, "NotAsked", format!("what it is about could not be listed ({error})"))
}

/// The answers to many questions, in the order of the questions, or the first error with what it was about.
pub(super) async fn every<Q, T, F>(
    questions: impl IntoIterator<Item = Q>,
    mut ask: impl FnMut(Q) -> F,
    name: impl Fn(&Q) -> String,
) -> Result<Vec<T>, AwsError>
where
    Q: Clone,
    T: Send + 'static,
    F: Future<Output = Result<T, AwsError>> + Send + 'static,
{
    let mut answers: Vec<(usize, T)> = Vec::new();
    // By number too: which one fails first is chance, and the same estate gives the same plan.
    let mut failed: Option<(usize, AwsError)> = None;
    let numbered = questions.into_iter().enumerate();
    each(
        numbered,
        QUESTIONS_AT_ONCE,
        |(_, question)| ask(question),
        |(number, question), answer| {
            let error = match answer {
                Some(Ok(answer)) => return answers.push((number, answer)),
                Some(Err(error)) => AwsError { message: format!("{} (asked about {})", error.message, name(&question)), ..error },
                None => AwsError::malformed(format!("the task that asked about {} broke off", name(&question))),
            };
            if failed.as_ref().is_none_or(|(first, _)| number < *first) {
                failed = Some((number, error));
            }
        },
    )
    .await;
    match failed {
        Some((_, error)) => Err(error),
        None => {
            answers.sort_by_key(|(number, _)| *number);
            Ok(answers.into_iter().map(|(_, answer)| answer).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_several_errors_the_one_of_the_first_question_is_told_whichever_came_first() {
        let ask = |question: usize| async move {
            for _ in question..3 {
                tokio::task::yield_now().await;
            }
            if question == 1 { Ok(question) } else { Err(AwsError::malformed("no")) }
        };
        let error = every(0..4, ask, usize::to_string).await.unwrap_err();
        assert!(error.message.ends_with("no (asked about 0)"), "{}", error.message);
        assert_eq!(every([1, 1], ask, usize::to_string).await.unwrap(), [1, 1]);
    }
}
