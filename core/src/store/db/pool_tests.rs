use super::super::connection::{Durability, Role, open};
use super::super::read_side::ReadSide;
use super::super::writer::Writer;
use super::*;
use std::path::Path;

/// A store's own writer and readers, and its directory.
struct Store {
    writer: Writer,
    pool: Arc<Pool>,
    directory: tempfile::TempDir,
}

impl Store {
    fn new() -> Self {
        Self::in_directory(tempfile::tempdir().unwrap())
    }

    fn in_directory(directory: tempfile::TempDir) -> Self {
        let location = Location::Directory(directory.path().to_owned());
        let pool = Pool::new(location.clone());
        let read_side = ReadSide { pool: Some(pool.clone()), rows: Arc::default() };
        let writer = Writer::start(location, Durability::Normal, Arc::new(|_| {}), Arc::default(), read_side).unwrap();
        Self { writer, pool, directory }
    }

    fn put(&self, key: u32, bytes: usize) {
        let value = "x".repeat(bytes);
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let put = "INSERT OR REPLACE INTO meta VALUES (?1, ?2)";
        self.writer.submit_here(
            move |tx| Ok(tx.execute(put, (key, &value)).map(drop)?),
            move |done| {
                tell.send(done).unwrap();
            },
        );
        told.recv().unwrap().unwrap();
    }

    fn count(&self) -> u32 {
        self.pool
            .with(ReadLane::App, |c| Ok(c.query_row("SELECT count(*) FROM meta WHERE key > 0", [], |row| row.get(0))?))
            .unwrap()
    }

    fn keeps(&self) -> bool {
        self.pool.locked().idle.iter().any(Reader::keeps_snapshot)
    }

    fn other_process(&self) -> Connection {
        other_process(self.directory.path())
    }
}

fn other_process(directory: &Path) -> Connection {
    open(&Location::Directory(directory.to_owned()), Role::Writer(Durability::Normal)).unwrap()
}

/// Whether a reader keeps another process from cutting the log now.
fn pins_the_log(other: &Connection) -> bool {
    other.busy_timeout(Duration::ZERO).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap()
}

#[test]
fn an_idle_reader_keeps_its_snapshot_and_takes_no_new_one() {
    let store = Store::new();
    store.put(1, 1);
    assert_eq!(store.count(), 1);
    let other = store.other_process();
    assert!(store.keeps() && pins_the_log(&other));
    // A call within the snapshot.
    let state = |pool: &Arc<Pool>| pool.with(ReadLane::App, |connection| Ok(connection.is_autocommit()));
    assert_eq!(state(&store.pool), Ok(false));
    store.pool.let_go();
    assert!(!store.keeps() && !pins_the_log(&other));
}

#[test]
fn a_commit_of_this_process_is_read_at_once_and_a_snapshot_kept_again() {
    let store = Store::new();
    for n in 1..100 {
        store.put(n, 1);
        assert_eq!(store.count(), n);
        assert!(store.keeps(), "{n}");
    }
}

#[test]
fn a_commit_of_another_process_is_read_at_once_and_no_snapshot_kept_for_a_while() {
    let store = Store::new();
    let other = store.other_process();
    for n in 1..100 {
        other.execute("INSERT INTO meta VALUES (?1, '')", [n]).unwrap();
        assert_eq!(store.count(), n);
        assert!(!store.keeps() && !pins_the_log(&other), "{n}");
    }
    let over = store.pool.locked().paused_until.unwrap();
    assert!(over > Instant::now() + PAUSE / 2);
    store.pool.locked().paused_until = Some(Instant::now());
    assert_eq!(store.count(), 99);
    assert!(store.keeps());
}

#[test]
fn the_writer_that_meets_another_process_lets_no_snapshot_be_kept() {
    let store = Store::new();
    store.put(1, 1);
    store.count();
    store.other_process().execute("INSERT INTO meta VALUES (2, '')", []).unwrap();
    store.put(3, 1);
    assert!(!store.keeps());
    assert_eq!(store.count(), 3);
    assert!(!store.keeps());
}

#[test]
fn a_snapshot_is_let_go_after_two_sweeps_without_a_use() {
    let store = Store::new();
    store.put(1, 1);
    store.count();
    assert!(store.pool.sweep() && store.keeps());
    store.count();
    assert!(store.pool.sweep() && store.keeps(), "used since");
    assert!(!store.pool.sweep() && !store.keeps());
}

#[test]
fn another_process_waits_for_an_idle_reader_for_less_than_two_seconds() {
    let store = Store::new();
    store.put(1, 1);
    store.count();
    let other = store.other_process();
    other.busy_timeout(Duration::from_secs(2)).unwrap();
    let busy: bool = other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    assert!(!busy && !store.keeps());
    // The thread that let go is there for the next one, too. (A log that was cut passes for a commit.)
    store.put(2, 1);
    store.pool.locked().paused_until = None;
    store.count();
    assert!(store.keeps());
    let busy: bool = other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    assert!(!busy && !store.keeps());
}

#[test]
fn reads_between_all_commits_do_not_keep_the_log_from_starting_anew() {
    let store = Store::new();
    for key in 0..400 {
        store.put(key % 20, 100_000);
        store.count();
        assert!(store.keeps());
        let size = std::fs::metadata(store.directory.path().join("holm.db-wal")).unwrap().len();
        assert!(size < 17 << 20, "{size}");
    }
}

#[test]
fn a_held_pool_keeps_no_snapshot() {
    let store = Store::new();
    store.put(1, 1);
    store.count();
    let hold = store.pool.hold();
    assert!(!store.keeps());
    store.count();
    assert!(!store.keeps());
    drop(hold);
    store.count();
    assert!(store.keeps());
}

#[test]
fn a_query_that_fails_leaves_no_snapshot() {
    let store = Store::new();
    let failed = store.pool.with(ReadLane::App, |c| Ok(c.execute_batch("SELECT * FROM nowhere")?));
    assert!(failed.is_err() && !store.keeps());
    assert_eq!(store.count(), 0);
}

#[test]
fn a_closed_pool_holds_no_file_though_snapshots_were_kept() {
    let store = Store::new();
    store.count();
    store.writer.suspend();
    store.pool.close(ErrorCode::Suspended, Duration::ZERO);
    // The last connection has folded the log and taken it away.
    assert!(!store.directory.path().join("holm.db-wal").exists());
    store.writer.resume().unwrap();
    store.pool.reopen();
    store.put(1, 1);
    assert_eq!(store.count(), 1);
    assert!(store.keeps());
}
