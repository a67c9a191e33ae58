//! One cycle at a time, over all processes that share the ledger.
//!
//! The lease ends by itself when its holder stops renewing it. It is taken over before that only when the holder is
//! certainly gone: same running kernel, same process namespace, and no such process in it; or when it is this process
//! that had it and has dropped it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

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
    /// When the process started, in the kernel's ticks: tells it from a later one with the same id.
    pub ticks: Option<u64>,
    /// Since when it says it has been running; for people.
    pub started_at: Timestamp,
}

impl Holder {
    /// This process. Reads its names from `/proc`; what is not there is unknown.
    pub fn this_process(started_at: Timestamp) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
        let boot = read("/proc/sys/kernel/random/boot_id");
        let processes = std::fs::read_link("/proc/self/ns/pid").ok();
        let process = std::process::id();
        Self {
            process,
            host: read("/proc/sys/kernel/hostname").unwrap_or_else(|| "this host".into()),
            namespace: boot.zip(processes).map(|(boot, processes)| format!("{boot} {}", processes.display())),
            ticks: start_ticks(process),
            started_at,
        }
    }

    /// Whether `self` has certainly ended, as seen by `other`. In doubt it has not.
    fn is_gone(&self, other: &Self) -> bool {
        let comparable = self.namespace.is_some() && self.namespace == other.namespace && self.ticks.is_some();
        // Under `hidepid` nobody sees the processes of others; then one's own being there proves nothing.
        let visible = Path::new("/proc/1").exists();
        comparable && visible && start_ticks(self.process) != self.ticks && !unreadable(self.process)
    }
}

/// Field 22 of `/proc/PID/stat`, counted after the command's name, which may hold anything (proc_pid_stat(5)).
fn start_ticks(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

/// Whether the process is there but tells us nothing of itself.
fn unreadable(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists() && start_ticks(process).is_none()
}

/// The right to run a cycle, until `expires_at`. To be given back, or renewed in time.
#[derive(Debug)]
pub struct Lease {
    fence: i64,
    pub expires_at: Timestamp,
    /// Tells the ledger of this process that the lease is in use.
    _in_use: Arc<()>,
}

/// The last lease of this process: its fence, and whether anybody still has it in hand.
pub(super) type LastLease = Mutex<Option<(i64, Weak<()>)>>;

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
            Some(Stored { fence, holder: theirs, since, expires_at })
                if expires_at > now && !theirs.is_gone(holder) && !self.dropped(fence) =>
            {
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
        let in_use = Arc::new(());
        *self.last_lease.lock().unwrap_or_else(PoisonError::into_inner) = Some((fence, Arc::downgrade(&in_use)));
        Ok(Lease { fence, expires_at, _in_use: in_use })
    }

    /// Whether this process took the lease with that fence and has dropped it without giving it back, as a cycle does
    /// that ends with an error.
    fn dropped(&self, fence: i64) -> bool {
        let last = self.last_lease.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(&*last, Some((last, in_use)) if *last == fence && in_use.strong_count() == 0)
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
