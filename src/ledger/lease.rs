//! One cycle at a time, over all processes that share the ledger.
//!
//! The lease ends by itself when its holder stops renewing it. It is taken over before that only when the holder is
//! certainly gone: same running kernel, same process namespace, and no such process in it.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::{Ledger, LedgerError, json, read_json, read_stamp, stamp};

/// Who has, or wants, the lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub process: u32,
    pub host: String,
    /// The running kernel and the process namespace in it: within one, process ids can be compared.
    pub namespace: Option<String>,
    /// When this process started, to tell it from an earlier one with the same id.
    pub started_at: Timestamp,
}

impl Holder {
    /// This process, which started at `started_at`. Reads names from `/proc`; what is not there is unknown.
    pub fn this_process(started_at: Timestamp) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
        let boot = read("/proc/sys/kernel/random/boot_id");
        let processes = std::fs::read_link("/proc/self/ns/pid").ok();
        Self {
            process: std::process::id(),
            host: read("/proc/sys/kernel/hostname").unwrap_or_else(|| "this host".into()),
            namespace: boot.zip(processes).map(|(boot, processes)| format!("{boot} {}", processes.display())),
            started_at,
        }
    }

    /// Whether `self` has certainly ended, as seen by `other`. In doubt it has not.
    fn is_gone(&self, other: &Self) -> bool {
        let comparable = self.namespace.is_some() && self.namespace == other.namespace;
        let reborn = self.process == other.process && self.started_at != other.started_at;
        comparable && (reborn || !Path::new(&format!("/proc/{}", self.process)).exists())
    }
}

/// The right to run a cycle, until `expires_at`. Must be given back, or renewed in time.
#[derive(Debug, PartialEq, Eq)]
pub struct Lease {
    fence: i64,
    pub expires_at: Timestamp,
}

struct Stored {
    fence: i64,
    holder: Holder,
    since: Timestamp,
    expires_at: Timestamp,
}

impl Ledger {
    /// Takes the lease for one cycle.
    ///
    /// # Errors
    /// [`LedgerError::Leased`] while another cycle runs, in this process or in another one.
    pub async fn lease(&self, holder: &Holder, now: Timestamp, ttl: SignedDuration) -> Result<Lease, LedgerError> {
        let expires_at = later(now, ttl);
        let mut transaction = self.write().await?;
        let present = self.read_lease(&mut transaction).await?;
        let fence = match present {
            Some(Stored { holder: theirs, since, expires_at, .. }) if expires_at > now && !theirs.is_gone(holder) => {
                return Err(LedgerError::Leased { holder: Box::new(theirs), since });
            }
            Some(Stored { fence, .. }) => fence.saturating_add(1),
            None => 1,
        };
        let sql = "INSERT INTO lease (only, fence, holder, since, expires_at) VALUES (1, ?, ?, ?, ?) ON CONFLICT (only) DO UPDATE
                   SET fence = excluded.fence, holder = excluded.holder, since = excluded.since, expires_at = excluded.expires_at";
        sqlx::query(sql)
            .bind(fence)
            .bind(json("the holder of the lease", holder)?)
            .bind(stamp(now))
            .bind(stamp(expires_at))
            .execute(&mut *transaction)
            .await
            .map_err(self.fault("take the lease"))?;
        transaction.commit().await.map_err(self.fault("take the lease"))?;
        Ok(Lease { fence, expires_at })
    }

    /// Prolongs the lease. When it is lost, the cycle must end before its next step.
    pub async fn renew(&self, lease: &mut Lease, now: Timestamp, ttl: SignedDuration) -> Result<(), LedgerError> {
        let expires_at = later(now, ttl);
        let done = sqlx::query("UPDATE lease SET expires_at = ? WHERE fence = ? AND expires_at <> ''")
            .bind(stamp(expires_at))
            .bind(lease.fence)
            .execute(&self.pool)
            .await
            .map_err(self.fault("renew the lease"))?;
        if done.rows_affected() == 0 {
            return Err(LedgerError::LeaseLost);
        }
        lease.expires_at = expires_at;
        Ok(())
    }

    /// Gives the lease back. Does nothing when another process has taken it over.
    pub async fn release(&self, lease: Lease) -> Result<(), LedgerError> {
        // The row stays: its fence must go on growing.
        let done = sqlx::query("UPDATE lease SET expires_at = '' WHERE fence = ?").bind(lease.fence).execute(&self.pool).await;
        done.map_err(self.fault("give back the lease"))?;
        Ok(())
    }

    /// Who runs a cycle now, and since when.
    pub async fn leased(&self, now: Timestamp) -> Result<Option<(Holder, Timestamp)>, LedgerError> {
        let mut connection = self.pool.acquire().await.map_err(self.fault("open a connection"))?;
        let stored = self.read_lease(&mut connection).await?;
        Ok(stored.filter(|stored| stored.expires_at > now).map(|stored| (stored.holder, stored.since)))
    }

    async fn read_lease(&self, connection: &mut SqliteConnection) -> Result<Option<Stored>, LedgerError> {
        let sql = "SELECT fence, holder, since, expires_at FROM lease";
        let row: Option<(i64, String, String, String)> =
            sqlx::query_as(sql).fetch_optional(connection).await.map_err(self.fault("read the lease"))?;
        let Some((fence, holder, since, expires_at)) = row else { return Ok(None) };
        Ok(Some(Stored {
            fence,
            holder: read_json("the holder of the lease", &holder)?,
            since: read_stamp(&since)?,
            expires_at: if expires_at.is_empty() { Timestamp::MIN } else { read_stamp(&expires_at)? },
        }))
    }
}

fn later(now: Timestamp, ttl: SignedDuration) -> Timestamp {
    now.checked_add(ttl).unwrap_or(Timestamp::MAX)
}
