//! Opens the ledger file, or begins one. A file that is not ours is never changed, not even its journal mode.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use super::error::is_busy;
use super::{Ledger, LedgerError};

/// `amiW`, in the place SQLite keeps for it (<https://www.sqlite.org/fileformat.html>, offset 68).
const APPLICATION_ID: i64 = 0x616d_6957;

/// Every format there was, oldest first. Only ever appended to.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001_first.sql")];

/// Longer than any write of ours, shorter than a person's patience.
const BUSY: Duration = Duration::from_secs(10);

/// One writer and a few readers: SQLite has a thread per connection, and an idle daemon should be small.
const CONNECTIONS: u32 = 4;

/// What only tests change.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// SQLite answers "disk full" beyond this many pages.
    pub(super) max_pages: Option<u32>,
}

/// Whether a ledger that is not there is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IfMissing {
    Create,
    Refuse,
}

impl Ledger {
    /// Opens the ledger at `path` and brings it to the present format; begins one, readable for its owner only, where
    /// there is none. The directory must exist.
    pub async fn open(path: &Path) -> Result<Self, LedgerError> {
        open(path, IfMissing::Create, Limits::default()).await
    }

    /// Opens the ledger at `path`; where there is none, says so ([`LedgerError::Missing`]) and creates nothing.
    pub async fn open_existing(path: &Path) -> Result<Self, LedgerError> {
        open(path, IfMissing::Refuse, Limits::default()).await
    }

    #[cfg(test)]
    pub(super) async fn open_limited(path: &Path, limits: Limits) -> Result<Self, LedgerError> {
        open(path, IfMissing::Create, limits).await
    }
}

async fn open(path: &Path, if_missing: IfMissing, limits: Limits) -> Result<Ledger, LedgerError> {
    check_file(path, if_missing)?;
    prepare(path).await?;
    // A large plan leaves a large write-ahead log behind: give the room back.
    let mut options = options(path).synchronous(SqliteSynchronous::Full).foreign_keys(true).pragma("journal_size_limit", "8388608");
    if let Some(pages) = limits.max_pages {
        options = options.pragma("max_page_count", pages.to_string());
    }
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .idle_timeout(Duration::from_secs(60))
        .acquire_timeout(Duration::from_secs(30))
        .connect_with(options)
        .await
        .map_err(|error| LedgerError::storage(path, "open a connection", error))?;
    Ok(Ledger { pool, path: path.into(), last_lease: Arc::default() })
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).create_if_missing(false).busy_timeout(BUSY).disable_statement_logging()
}

/// Looks at the file with the file system's eyes: SQLite's own answers ("unable to open database file") help nobody.
fn check_file(path: &Path, if_missing: IfMissing) -> Result<(), LedgerError> {
    if path.is_dir() {
        return Err(LedgerError::Directory { path: path.into() });
    }
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => check_header(path, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound && if_missing == IfMissing::Refuse => {
            Err(LedgerError::Missing { path: path.into() })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path),
        Err(error) => Err(LedgerError::file(path, "open", error)),
    }
}

fn create(path: &Path) -> Result<(), LedgerError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !directory.is_dir() {
        return Err(LedgerError::NoDirectory { directory: directory.into() });
    }
    // The before-images tell who may launch what: for the owner only. SQLite gives its side files the same mode.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        // Another process began it at the same moment.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(LedgerError::file(path, "create", error)),
    }
}

/// Refuses by the first bytes what SQLite must not even open. INVARIANT: a ledger carries its application id in the
/// file itself from its first transaction on, since the write-ahead log is switched on only after that.
fn check_header(path: &Path, file: std::fs::File) -> Result<(), LedgerError> {
    let mut header = Vec::with_capacity(100);
    file.take(100).read_to_end(&mut header).map_err(|error| LedgerError::file(path, "read", error))?;
    if header.is_empty() || interrupted(path) {
        return Ok(());
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(LedgerError::NotOurs { path: path.into(), found: "it is no SQLite file".into() });
    }
    let id = header.get(68..72).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    match id {
        Some(id) if i64::from(id) == APPLICATION_ID => Ok(()),
        _ => Err(LedgerError::NotOurs { path: path.into(), found: "it is the SQLite file of another application".into() }),
    }
}

/// Whether a transaction was cut off before the file was whole; SQLite rolls that back when it opens the file.
fn interrupted(path: &Path) -> bool {
    let mut journal = path.as_os_str().to_os_string();
    journal.push("-journal");
    PathBuf::from(journal).exists()
}

/// Brings the file to the present format in one transaction, and only then switches to the write-ahead log.
async fn prepare(path: &Path) -> Result<(), LedgerError> {
    let fault = |doing| move |error| LedgerError::storage(path, doing, error);
    let mut connection = options(path).connect().await.map_err(fault("open a connection"))?;
    // Another process that begins the same ledger has to come before or after us, not in between.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(fault("begin a transaction"))?;
    let id = number(&mut transaction, "PRAGMA application_id").await.map_err(fault("read the application id"))?;
    let version = number(&mut transaction, "PRAGMA user_version").await.map_err(fault("read the format"))?;
    let tables = number(&mut transaction, "SELECT count(*) FROM sqlite_schema").await.map_err(fault("read the tables"))?;
    let known = MIGRATIONS.len() as i64;
    if id != APPLICATION_ID && (id != 0 || tables > 0) {
        return Err(LedgerError::NotOurs { path: path.into(), found: "it is the SQLite file of another application".into() });
    }
    if version > known {
        return Err(LedgerError::Newer { path: path.into(), found: version, known });
    }
    if version < known {
        for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
            sqlx::raw_sql(*migration).execute(&mut *transaction).await.map_err(fault("bring the tables to the present format"))?;
        }
        let marks = sqlx::AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {known}"));
        sqlx::raw_sql(marks).execute(&mut *transaction).await.map_err(fault("mark the file as a ledger"))?;
    }
    transaction.commit().await.map_err(fault("bring the tables to the present format"))?;
    write_ahead(&mut connection).await.map_err(fault("switch to the write-ahead log"))?;
    connection.close().await.map_err(fault("close a connection"))
}

/// Switches to the write-ahead log, which the file remembers. SQLite does not wait for other openers by itself here.
async fn write_ahead(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let begun = Instant::now();
    loop {
        let switched = sqlx::query_scalar::<_, String>("PRAGMA journal_mode = wal").fetch_one(&mut *connection).await;
        match switched {
            Ok(_) => return Ok(()),
            Err(error) if begun.elapsed() > BUSY || !is_busy(&error) => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn number(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(sql).fetch_one(connection).await
}
