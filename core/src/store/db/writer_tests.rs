use super::super::read_side::ReadSide;
use super::*;
use crate::store::StoreEvent;
use std::sync::atomic::Ordering;

fn writer(directory: &std::path::Path) -> (Writer, Arc<Counters>) {
    let counters = Arc::new(Counters::default());
    let location = Location::Directory(directory.to_owned());
    (
        Writer::start(location, Durability::Full, Arc::new(|_| {}), counters.clone(), ReadSide::default()).unwrap(),
        counters,
    )
}

fn put(key: u32) -> impl FnOnce(&Tx<'_>) -> Result<u32> + Send {
    move |tx| {
        tx.execute("INSERT INTO meta VALUES (?1, '')", [key])?;
        if key % 10 == 3 {
            return Err(Error::document("no threes"));
        }
        assert_ne!(key % 10, 7, "no sevens");
        Ok(key)
    }
}

/// Writes on this thread and waits for the reply.
fn written(writer: &Writer, key: u32) -> Result<u32> {
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    writer.submit_here(put(key), move |result| tell.send(result).unwrap());
    told.recv().unwrap()
}

#[test]
fn a_failing_job_is_taken_back_alone_whatever_thread_runs_it() {
    let directory = tempfile::tempdir().unwrap();
    let (writer, counters) = writer(directory.path());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        for lane in 0..4u32 {
            let (writer, tell) = (&writer, tell.clone());
            scope.spawn(move || {
                for i in 0..50 {
                    let (key, tell) = (lane * 1000 + i, tell.clone());
                    let reply = move |result: Result<u32>| tell.send((key, result)).unwrap();
                    if lane % 2 == 0 { writer.submit(put(key), reply) } else { writer.submit_here(put(key), reply) }
                }
            });
        }
    });
    drop(tell);
    writer.close();
    let results: Vec<_> = told.iter().collect();
    assert_eq!(results.len(), 200);
    for (key, result) in results {
        match key % 10 {
            3 => assert_eq!(result.unwrap_err().code(), ErrorCode::InvalidDocument),
            7 => assert_eq!(result.unwrap_err().code(), ErrorCode::Internal),
            _ => assert_eq!(result.unwrap(), key),
        }
    }
    let file = Location::Directory(directory.path().to_owned()).file().unwrap();
    let kept: i64 = Connection::open(file).unwrap().query_row("SELECT count(*) FROM meta", [], |r| r.get(0)).unwrap();
    assert_eq!(kept, 160);
    assert!(counters.commits.load(Ordering::Relaxed) <= 200);
}

#[test]
fn writes_that_wait_together_share_one_forced_write() {
    let directory = tempfile::tempdir().unwrap();
    let (writer, counters) = writer(directory.path());
    let (tell, told) = std::sync::mpsc::channel();
    {
        // While the connection is taken, all writes queue.
        let _connection = writer.shared.locked_connection();
        for key in [0, 1, 2, 4, 5, 6, 8, 9] {
            let tell = tell.clone();
            writer.submit(put(key), move |result| tell.send(result).unwrap());
        }
    }
    assert!((0..8).all(|_| told.recv().unwrap().is_ok()));
    assert!(counters.forced.load(Ordering::Relaxed) <= 2, "{counters:?}");
}

#[test]
fn a_transaction_that_changes_nothing_is_not_counted_as_forced() {
    let directory = tempfile::tempdir().unwrap();
    let (writer, counters) = writer(directory.path());
    for (key, forced) in [(1, 1), (2, 1), (4, 2)] {
        let idle = key == 2;
        writer.submit_here(move |tx| if idle { Ok(key) } else { put(key)(tx) }, |result| assert!(result.is_ok()));
        assert_eq!(counters.forced.load(Ordering::Relaxed), forced);
    }
    assert_eq!(counters.commits.load(Ordering::Relaxed), 3);
}

#[test]
fn own_commits_and_checkpoints_are_no_other_process() {
    let directory = tempfile::tempdir().unwrap();
    let location = Location::Directory(directory.path().to_owned());
    let others = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = others.clone();
    let observer: Observer = Arc::new(move |event| {
        if let StoreEvent::Committed(committed) = event {
            counted.fetch_add(committed.other_process.into(), Ordering::Relaxed);
        }
    });
    let writer = Writer::start(location, Durability::Normal, observer, Arc::default(), ReadSide::default()).unwrap();
    let text = "x".repeat(200_000);
    for key in 0..120u32 {
        let text = text.clone();
        let write = move |tx: &Tx<'_>| {
            tx.execute("INSERT OR REPLACE INTO meta VALUES (?1, ?2)", rusqlite::params![key % 20, text])?;
            if key % 7 == 0 { Err(Error::internal("taken back")) } else { Ok(()) }
        };
        writer.submit_here(write, |_| {});
        writer.look_for_other_processes();
    }
    assert_eq!(others.load(Ordering::Relaxed), 0);
    let other = Connection::open(directory.path().join("holm.db")).unwrap();
    other.execute("INSERT INTO meta VALUES ('other', '')", []).unwrap();
    writer.look_for_other_processes();
    writer.look_for_other_processes();
    assert_eq!(others.load(Ordering::Relaxed), 1);
}

#[test]
fn core_suspected_6_a_panic_of_observer_or_reply_ends_no_writer() {
    let directory = tempfile::tempdir().unwrap();
    let location = Location::Directory(directory.path().to_owned());
    let observer: Observer = Arc::new(|_| panic!("the observer"));
    let writer = Writer::start(location, Durability::Full, observer, Arc::default(), ReadSide::default()).unwrap();
    let changed = |tx: &Tx<'_>| {
        tx.counts();
        Ok(())
    };
    writer.submit(changed, |_| panic!("the reply"));
    writer.submit_here(changed, |_| panic!("the reply"));
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    writer.submit(put(1), move |result| tell.send(result).unwrap());
    assert_eq!(told.recv().unwrap().unwrap(), 1);
}

#[test]
fn a_suspended_writer_holds_no_file_and_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let (writer, _) = writer(directory.path());
    let ask = |key| written(&writer, key);
    assert!(ask(1).is_ok());
    writer.suspend();
    assert_eq!(ask(2).unwrap_err().code(), ErrorCode::Suspended);
    let open = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok());
    assert_eq!(open.filter(|path| path.starts_with(directory.path())).count(), 0);
    writer.resume().unwrap();
    assert!(ask(2).is_ok());
    writer.close();
    assert_eq!(ask(4).unwrap_err().code(), ErrorCode::Closed);
    assert!(writer.resume().is_err());
}

#[test]
fn core_r8_a_write_that_never_ran_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let (writer, _) = writer(directory.path());
    let other = Connection::open(directory.path().join("holm.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    {
        let connection = writer.shared.locked_connection();
        connection.connection().unwrap().busy_timeout(std::time::Duration::ZERO).unwrap();
    }
    let ask = |key| written(&writer, key);
    let error = ask(1).unwrap_err();
    assert_eq!((error.code(), error.retryable()), (ErrorCode::StorageUnavailable, true));
    other.execute_batch("ROLLBACK").unwrap();
    assert!(ask(1).is_ok());
}

#[test]
fn core_s06_a_panicking_observer_or_reply_leaves_the_writer_alive() {
    let directory = tempfile::tempdir().unwrap();
    let location = Location::Directory(directory.path().to_owned());
    let observer: Observer = Arc::new(|_| panic!("an observer"));
    let writer = Writer::start(location, Durability::Full, observer, Arc::default(), ReadSide::default()).unwrap();
    writer.submit(put(1), |_| panic!("a reply"));
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    let noted = |tx: &Tx<'_>| {
        tx.counts();
        put(2)(tx)
    };
    writer.submit(noted, move |result| tell.send(result).unwrap());
    assert!(told.recv().unwrap().is_ok());
}

#[test]
fn core_s07_a_call_inside_a_write_fails_and_does_not_hang() {
    let directory = tempfile::tempdir().unwrap();
    let single = Location::SingleThread(directory.path().join("single"));
    for location in [Location::Memory, single, Location::Directory(directory.path().join("threads"))] {
        let inline = !location.has_threads();
        let writer = Arc::new(
            Writer::start(location, Durability::Full, Arc::new(|_| {}), Arc::default(), ReadSide::default()).unwrap(),
        );
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let inner = writer.clone();
        let work = move |_: &Tx<'_>| {
            let (tell, told) = std::sync::mpsc::sync_channel(1);
            inner.submit_here(put(1), move |result| tell.send(result).unwrap());
            let written = told.recv().unwrap().unwrap_err().code();
            let read = if inline { inner.lend(|_| Ok(())).unwrap_err().code() } else { ErrorCode::Unsupported };
            inner.submit(put(2), |result| assert!(result.is_ok()));
            Ok((written, read))
        };
        writer.submit_here(work, move |result| tell.send(result).unwrap());
        assert_eq!(told.recv().unwrap().unwrap(), (ErrorCode::Unsupported, ErrorCode::Unsupported));
    }
}
