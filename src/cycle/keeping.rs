//! Keeping the ledger's lease while a cycle works.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::ledger::{Holder, Lease, LedgerError};

use super::Warden;

/// A holder that has not renewed for this long is taken for dead.
const LEASE: SignedDuration = SignedDuration::from_mins(10);
/// How often it is renewed: often enough to miss a few.
const RENEWAL: Duration = Duration::from_secs(60);

/// The lease of a cycle that is under way.
#[derive(Debug)]
pub(super) struct Kept {
    lease: Lease,
}

impl Kept {
    pub(super) async fn take(warden: Warden<'_>, now: Timestamp) -> Result<Self, LedgerError> {
        let lease = warden.ledger.lease(&Holder::this_process(now), now, LEASE).await?;
        Ok(Self { lease })
    }

    /// Does `work` and renews the lease meanwhile. A lost lease ends the work between two awaits.
    pub(super) async fn while_doing<T, E: From<LedgerError>>(
        &mut self,
        warden: Warden<'_>,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(RENEWAL) => warden.ledger.renew(&mut self.lease, warden.clock.now(), LEASE).await?,
            }
        }
    }

    pub(super) async fn give_back(self, warden: Warden<'_>) -> Result<(), LedgerError> {
        warden.ledger.release(self.lease).await
    }
}
