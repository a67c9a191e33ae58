//! Beginning and opening a ledger, and every file that is none.

use std::os::unix::fs::PermissionsExt;

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::super::open::Limits;
use super::super::{CycleEnd, CycleKind, CycleResult, Ledger, LedgerError};
use super::{at, entry, fresh};

#[tokio::test]
async fn a_new_ledger_belongs_to_its_owner_alone_and_opens_again() {
    let (directory, ledger) = fresh().await;
    let cycle = ledger.begin_cycle(CycleKind::Scan, at(0)).await.unwrap();
    for name in ["ledger.db", "ledger.db-wal"] {
        let mode = std::fs::metadata(directory.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    ledger.close().await;
    let again = Ledger::open(ledger.path()).await.unwrap();
    let cycles = again.list(10).await.unwrap();
    assert_eq!(cycles.iter().map(|story| story.id).collect::<Vec<_>>(), [cycle]);
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = Ledger::open(&directory.path().join("none/ledger.db")).await.unwrap_err();
    assert!(matches!(&error, LedgerError::NoDirectory { directory } if directory.ends_with("none")), "{error}");
}

#[tokio::test]
async fn a_reading_command_creates_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.db");
    assert!(matches!(Ledger::open_existing(&path).await, Err(LedgerError::Missing { .. })));
    assert!(!path.exists());
}

#[tokio::test]
async fn a_directory_is_no_ledger() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(Ledger::open(directory.path()).await, Err(LedgerError::Directory { .. })));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.db");
    for content in [b"hello".to_vec(), vec![0; 8192], b"SQLite format 3\0".to_vec()] {
        std::fs::write(&path, &content).unwrap();
        let error = Ledger::open(&path).await.unwrap_err();
        assert!(matches!(error, LedgerError::NotOurs { .. }), "{error}");
        assert!(error.to_string().contains("not a ledger of ami-warden"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), content);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "no side files");
    }
}

#[tokio::test]
async fn the_database_of_another_application_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("theirs.db");
    for sql in ["CREATE TABLE theirs (x)", "PRAGMA application_id = 7; CREATE TABLE IF NOT EXISTS theirs (x)", "PRAGMA journal_mode = wal"]
    {
        sqlite(&path, sql).await;
        let before = std::fs::read(&path).unwrap();
        let error = Ledger::open(&path).await.unwrap_err();
        assert!(matches!(error, LedgerError::NotOurs { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[tokio::test]
async fn a_ledger_of_a_newer_version_is_refused() {
    let (_directory, ledger) = fresh().await;
    ledger.close().await;
    sqlite(ledger.path(), "PRAGMA user_version = 99").await;
    let error = Ledger::open(ledger.path()).await.unwrap_err();
    assert!(matches!(error, LedgerError::Newer { found: 99, .. }), "{error}");
}

#[tokio::test]
async fn an_empty_file_becomes_a_ledger() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.db");
    std::fs::write(&path, b"").unwrap();
    Ledger::open(&path).await.unwrap().probe(at(0)).await.unwrap();
}

#[tokio::test]
async fn a_damaged_ledger_is_an_error_and_never_an_empty_one() {
    let (_directory, ledger) = fresh().await;
    let cycle = ledger.begin_cycle(CycleKind::Scan, at(0)).await.unwrap();
    ledger.intend(cycle, &entry("ami-1"), &serde_json::Value::Null, at(1)).await.unwrap();
    ledger.close().await;
    let mut bytes = std::fs::read(ledger.path()).unwrap();
    for byte in bytes.iter_mut().skip(100) {
        *byte = 0x5a;
    }
    std::fs::write(ledger.path(), bytes).unwrap();
    let error = Ledger::open(ledger.path()).await.unwrap_err();
    assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_full_disk_is_named_and_loses_nothing_that_was_there() {
    let (_directory, ledger) = fresh().await;
    let cycle = ledger.begin_cycle(CycleKind::Scan, at(0)).await.unwrap();
    let kept = ledger.intend(cycle, &entry("ami-1"), &serde_json::Value::Null, at(1)).await.unwrap();
    let path = ledger.path().to_path_buf();
    ledger.close().await;

    let pages = u32::try_from(std::fs::metadata(&path).unwrap().len() / 4096).unwrap();
    let full = Ledger::open_limited(&path, Limits { max_pages: Some(pages + 3) }).await.unwrap();
    let before = serde_json::Value::String("x".repeat(2_000));
    let mut written = vec![kept];
    let error = loop {
        match full.intend(cycle, &entry("ami-2"), &before, at(2)).await {
            Ok(id) => written.push(id),
            Err(error) => break error,
        }
        assert!(written.len() < 100, "the disk never fills");
    };
    assert!(matches!(error, LedgerError::DiskFull { .. }), "{error}");
    let end = CycleEnd { result: CycleResult::Failed, detail: before.clone() };
    assert!(matches!(full.finish_cycle(cycle, &end, at(3)).await, Err(LedgerError::DiskFull { .. }) | Ok(())));
    full.close().await;

    let roomy = Ledger::open(&path).await.unwrap();
    let open = roomy.open_intents().await.unwrap();
    assert_eq!(open.iter().map(|open| open.intent.id).collect::<Vec<_>>(), written);
    roomy.intend(cycle, &entry("ami-3"), &before, at(4)).await.unwrap();
}

#[tokio::test]
async fn many_openers_at_once_begin_one_ledger() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.db");
    let mut openers = tokio::task::JoinSet::new();
    for number in 0..8 {
        let path = path.clone();
        openers.spawn(async move {
            let ledger = Ledger::open(&path).await?;
            ledger.begin_cycle(CycleKind::Scan, at(number)).await?;
            ledger.close().await;
            Ok::<_, LedgerError>(())
        });
    }
    while let Some(done) = openers.join_next().await {
        done.unwrap().unwrap();
    }
    assert_eq!(Ledger::open(&path).await.unwrap().list(100).await.unwrap().len(), 8);
}

async fn sqlite(path: &std::path::Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
