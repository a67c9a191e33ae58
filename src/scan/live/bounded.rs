//! Many questions, few at once.

use std::collections::HashMap;

use tokio::task::JoinSet;

/// Runs `work` on every item, at most `at_once` at a time, and hands each result to `fold` as it comes. A task that
/// ends without a result (a panic) is handed over as `None`: no item is lost. Dropping the future ends all tasks.
pub(super) async fn each<I, R, W>(
    items: impl IntoIterator<Item = I>,
    at_once: usize,
    mut work: impl FnMut(I) -> W,
    mut fold: impl FnMut(I, Option<R>),
) where
    I: Clone,
    R: Send + 'static,
    W: Future<Output = R> + Send + 'static,
{
    let mut waiting = items.into_iter();
    let mut running = HashMap::new();
    let mut tasks = JoinSet::new();
    loop {
        while tasks.len() < at_once.max(1) {
            let Some(item) = waiting.next() else { break };
            let task = tasks.spawn(work(item.clone()));
            running.insert(task.id(), item);
        }
        let (id, result) = match tasks.join_next_with_id().await {
            None => return,
            Some(Ok((id, result))) => (id, Some(result)),
            Some(Err(ended)) => (ended.id(), None),
        };
        if let Some(item) = running.remove(&id) {
            fold(item, result);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn never_more_at_once_than_allowed_and_none_is_lost() {
        let now = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let mut seen = Vec::new();
        let work = |item: usize| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::SeqCst);
                assert!(item != 5, "the fifth one breaks");
                item
            }
        };
        each(0..20, 4, work, |item, result| seen.push((item, result))).await;
        seen.sort_unstable();
        assert_eq!(most.load(Ordering::SeqCst), 4);
        assert_eq!(seen.len(), 20);
        assert!(seen.iter().all(|&(item, result)| result == (item != 5).then_some(item)));
    }
}
