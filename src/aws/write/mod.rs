//! The calls that change AWS: each sent once, each with an outcome that can be believed.
//!
//! Only `act` writes: a [`Writer`] is the right to do so, and only `act` makes one. A call is repeated
//! only after a throttle, when AWS says that it did nothing. A timeout is not a failure: the outcome is then
//! `Unknown`, and the caller reads back what became of it. Nothing here chooses, and nothing resets an attribute.

mod copy;
mod images;
mod public_access;
mod rehearsal;
mod sharing;
mod snapshots;

use std::time::Duration;

use super::clients::Clients;
use super::error::{AwsError, Effect, ErrorKind};
use super::pace::Api;

pub use copy::CopyRequest;
pub use rehearsal::{Rehearsal, Rehearsed, rehearse};

/// The right to change one place.
///
/// INVARIANT: made by `act` alone, after the step's intent is in the ledger (design: "nothing but act writes").
#[derive(Debug)]
pub struct Writer {
    clients: Clients,
}

impl Writer {
    /// For `crate::act` and no other module; a test reads the sources and fails otherwise.
    pub(crate) fn for_act(clients: Clients) -> Self {
        Self { clients }
    }

    /// To read back what a write did.
    pub fn clients(&self) -> &Clients {
        &self.clients
    }
}

/// What became of a write.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteOutcome<T = ()> {
    /// AWS said that it is done.
    Done(T),
    /// It has not happened.
    Failed(AwsError),
    /// It may have happened: read back, never repeat blindly.
    Unknown(AwsError),
}

impl<T> WriteOutcome<T> {
    fn of(result: Result<T, AwsError>) -> Self {
        match result {
            Ok(value) => Self::Done(value),
            Err(error) => match error.effect {
                Effect::None => Self::Failed(error),
                Effect::Possible => Self::Unknown(error),
            },
        }
    }
}

/// How long to wait before a throttled write is sent again; after the last pause it has failed, and the next cycle
/// tries anew. Together they stay below the time one bucket of AWS takes to fill.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(8)];

/// Sends `call` once, and again only as long as AWS refuses it for its rate.
pub(super) async fn once<T, F>(call: impl FnMut() -> F) -> WriteOutcome<T>
where
    F: Future<Output = Result<T, AwsError>>,
{
    once_with(&PAUSES, call).await
}

async fn once_with<T, F>(pauses: &[Duration], mut call: impl FnMut() -> F) -> WriteOutcome<T>
where
    F: Future<Output = Result<T, AwsError>>,
{
    for &pause in pauses {
        match call().await {
            Err(error) if error.kind == ErrorKind::Throttled => {
                tracing::debug!(code = %error.code, pause_seconds = pause.as_secs(), "AWS throttled a change; it is sent again");
                tokio::time::sleep(pause).await;
            }
            result => return WriteOutcome::of(result),
        }
    }
    WriteOutcome::of(call().await)
}

impl Writer {
    /// Sends one change of this place, with our own pace.
    async fn send<T, F>(&self, api: Api, mut call: impl FnMut(aws_sdk_ec2::Client) -> F) -> WriteOutcome<T>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        once(|| {
            let call = call(self.clients.ec2_once.clone());
            async move {
                self.clients.turn(api).await;
                call.await
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    fn throttled() -> AwsError {
        AwsError::unsent(ErrorKind::Throttled, "RequestLimitExceeded", "slow down")
    }

    #[tokio::test]
    async fn a_throttled_write_is_sent_again_and_then_given_up() {
        let mut sent = 0;
        let outcome: WriteOutcome = once_with(&[Duration::ZERO; 3], || {
            sent += 1;
            ready(Err(throttled()))
        })
        .await;
        assert_eq!((outcome, sent), (WriteOutcome::Failed(throttled()), 4));
    }

    #[tokio::test]
    async fn a_write_that_timed_out_is_unknown_and_is_not_sent_again() {
        let mut sent = 0;
        let timeout = AwsError { kind: ErrorKind::Timeout, code: "Timeout".into(), message: "30 s".into(), effect: Effect::Possible };
        let outcome: WriteOutcome = once_with(&[Duration::ZERO; 3], || {
            sent += 1;
            ready(Err(timeout.clone()))
        })
        .await;
        assert_eq!((outcome, sent), (WriteOutcome::Unknown(timeout), 1));
    }

    #[test]
    fn only_act_makes_a_writer() {
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        let name = concat!("Writer::", "for_act");
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if std::fs::read_to_string(&path).unwrap().contains(name) {
                    let text = path.to_string_lossy().replace('\\', "/");
                    assert!(text.contains("/src/act") || text.contains("/tests"), "{text} makes a Writer");
                }
            }
        }
    }
}
