//! What can go wrong with the ledger, said so that a person knows what to do next.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// Why an operation on the ledger failed. While this stands nothing may be changed in AWS.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("there is no directory `{}` for the ledger; create it, owned by the user that runs ami-warden, or change `[ledger] path`", directory.display())]
    NoDirectory { directory: PathBuf },
    #[error("there is no ledger at `{}` yet; `ami-warden run` and `ami-warden apply` begin one", path.display())]
    Missing { path: PathBuf },
    #[error("`{}` is a directory; name a file in `[ledger] path`", path.display())]
    Directory { path: PathBuf },
    #[error("no permission for the ledger `{}`; run as its owner, or make it and its directory writable for this user", path.display())]
    Permission { path: PathBuf, source: io::Error },
    #[error("the ledger `{}` cannot be written: the file, its directory or the file system is read-only; put it on a writable volume and name that in `[ledger] path`", path.display())]
    ReadOnly { path: PathBuf },
    #[error("`{}` is not a ledger of ami-warden: {found}; it was left as it is; name another file in `[ledger] path`", path.display())]
    NotOurs { path: PathBuf, found: String },
    #[error("the ledger `{}` has format {found}, newer than format {known} of this ami-warden; use the newer version, or another file", path.display())]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("no space left for the ledger `{}`; make room on its volume, until then nothing is changed in AWS", path.display())]
    DiskFull { path: PathBuf },
    #[error("another process kept the ledger `{}` locked; try again, and see with `fuser` who has it open", path.display())]
    Busy { path: PathBuf },
    #[error("the ledger `{}` is damaged; keep the file, restore a backup or name a new file in `[ledger] path`", path.display())]
    Damaged { path: PathBuf, source: sqlx::Error },
    #[error("cannot {doing} in the ledger `{}`", path.display())]
    Storage { path: PathBuf, doing: &'static str, source: sqlx::Error },
    #[error("cannot {doing} the ledger `{}`", path.display())]
    File { path: PathBuf, doing: &'static str, source: io::Error },
    #[error("the ledger holds {what} that this version cannot read; it was left as it is")]
    Unreadable { what: String, source: Unreadable },
    #[error("cannot write {what} as JSON")]
    Unwritable { what: &'static str, source: serde_json::Error },
    #[error("`{intent}` is already concluded; nothing follows a final outcome")]
    Concluded { intent: super::IntentId },
    #[error("a cycle of process {} on {} is running since {since}; wait for it, or stop that process", holder.process, holder.host)]
    Leased { holder: Box<super::Holder>, since: Timestamp },
    #[error(
        "this process lost its lease on the ledger: another one took over after it had not been renewed in time; stop and start the cycle again"
    )]
    LeaseLost,
    #[error("the ledger knows no `{id}`; `ami-warden ledger list` shows what it knows")]
    Unknown { id: String },
    #[error("`{id}` fits {count} plans of the ledger; give more of it")]
    Ambiguous { id: String, count: usize },
}

/// What was wrong with a stored value.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Time(#[from] jiff::Error),
    #[error("`{0}` is no value known here")]
    Word(String),
}

impl LedgerError {
    /// Sorts an error of SQLite by its primary result code (<https://www.sqlite.org/rescode.html>).
    pub(super) fn storage(path: &Path, doing: &'static str, source: sqlx::Error) -> Self {
        let path = path.to_path_buf();
        match primary_code(&source) {
            Some(5 | 6) => Self::Busy { path },
            Some(8) => Self::ReadOnly { path },
            Some(11 | 26) => Self::Damaged { path, source },
            Some(13) => Self::DiskFull { path },
            _ => Self::Storage { path, doing, source },
        }
    }

    /// Sorts an error of the file system.
    pub(super) fn file(path: &Path, doing: &'static str, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::PermissionDenied => Self::Permission { path, source },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::IsADirectory => Self::Directory { path },
            _ => Self::File { path, doing, source },
        }
    }

    /// A stored value that cannot be understood.
    pub(super) fn unreadable(what: impl Into<String>, source: impl Into<Unreadable>) -> Self {
        Self::Unreadable { what: what.into(), source: source.into() }
    }
}

/// Whether another connection was in the way.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(5 | 6))
}

fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let extended: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_of_the_file_system_says_what_to_do() {
        let said = |kind| LedgerError::file(Path::new("/x/l.db"), "open", io::Error::from(kind)).to_string();
        assert!(said(io::ErrorKind::PermissionDenied).contains("run as its owner"));
        assert!(said(io::ErrorKind::ReadOnlyFilesystem).contains("writable volume"));
        assert!(said(io::ErrorKind::StorageFull).contains("make room"));
        assert!(said(io::ErrorKind::QuotaExceeded).contains("make room"));
        assert!(said(io::ErrorKind::IsADirectory).contains("name a file"));
        assert_eq!(said(io::ErrorKind::Other), "cannot open the ledger `/x/l.db`");
    }
}
