//! What is acknowledged stays: through SIGKILL at any moment, and through a disk that fails to sync or to write.
//!
//! The process that dies is this test binary run again; an environment variable tells it what to do.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::collections::BTreeSet;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use fixture::{TABLES, number};
use headway_db::{Batch, Db, Options, Query, Statement, params};
use rusqlite::ffi;

const CHILD: &str = "HEADWAY_DB_TEST_CHILD";
const PARTS: i64 = 7;
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;

fn batch(number: i64) -> Batch {
    let mut statement =
        Statement::new("INSERT INTO entry (batch, part, body) VALUES (?1, ?2, ?3)").expect_rows(1);
    (0..PARTS).for_each(|part| statement.push_row(params![number, part, vec![number as u8; 700]]));
    let touch = Statement::new("INSERT INTO item (id, key, n) VALUES (?1, ?2, 0)")
        .row(params![number, number.to_string()]);
    Batch::new().with(statement).with(touch)
}

/// Commits batches from several threads and tells each on stderr once it is acknowledged; ends with the process.
fn commit_for_ever(path: &Path, first: i64) {
    let db = Db::open(Options::new(path), &[TABLES]).unwrap();
    std::thread::scope(|scope| {
        for caller in 0..6 {
            let db = &db;
            scope.spawn(move || {
                for number in (first + caller..).step_by(6) {
                    if db.execute_blocking(batch(number)).is_err() {
                        return;
                    }
                    eprintln!("stored {number}.");
                }
            });
        }
    });
}

/// The work of the process that dies; does nothing in an ordinary run.
#[test]
fn child() {
    let Some(work) = std::env::var_os(CHILD) else { return };
    let work = work.into_string().unwrap();
    let (what, rest) = work.split_once(' ').unwrap();
    let (first, path) = rest.split_once(' ').unwrap();
    let (first, path) = (first.parse().unwrap(), PathBuf::from(path));
    match what {
        "unsynced" => {
            fail_in_the_log();
            FAILING_SYNCS.store(true, SeqCst);
            commit_for_ever(&path, first);
        }
        "hook" => stop_by_hook(&path),
        "full" => fill_up(&path),
        _ => commit_for_ever(&path, first),
    }
}

/// A sync fails and the hook returns: nothing is written any more.
fn stop_by_hook(path: &Path) {
    static TOLD: AtomicBool = AtomicBool::new(false);
    fail_in_the_log();
    FAILING_SYNCS.store(true, SeqCst);
    let mut options = Options::new(path);
    options.on_fatal = std::sync::Arc::new(|error| {
        assert_eq!(error.code(), "db_fatal");
        assert!(!TOLD.swap(true, SeqCst), "told twice");
    });
    let db = Db::open(options, &[TABLES]).unwrap();
    let mut number = 0;
    let error = loop {
        match db.execute_blocking(batch(number)) {
            Ok(_) => eprintln!("stored {number}."),
            Err(error) => break error,
        }
        number += 1;
    };
    assert_eq!(error.code(), "db_stopped");
    assert!(TOLD.load(SeqCst));
    assert_eq!(db.execute_blocking(batch(number + 1)).unwrap_err().code(), "db_stopped");
    db.close_blocking();
}

/// The disk is full at a COMMIT, and has room again later.
fn fill_up(path: &Path) {
    fail_in_the_log();
    let db = Db::open(Options::new(path), &[TABLES]).unwrap();
    let stored = |number: i64| {
        db.execute_blocking(batch(number)).unwrap();
        eprintln!("stored {number}.");
    };
    (1..=10).for_each(stored);
    FULL.store(true, SeqCst);
    std::thread::scope(|scope| {
        for number in 11..=30 {
            let db = &db;
            scope
                .spawn(move || assert_eq!(db.execute_blocking(batch(number)).unwrap_err().code(), "db_full"));
        }
    });
    FULL.store(false, SeqCst);
    (21..=40).for_each(stored);
    db.close_blocking();
}

fn start(what: &str, first: i64, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]);
    command.env(CHILD, format!("{what} {first} {}", path.display()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Reads acknowledgements until the process has gone; calls `after` with how many there are.
fn acknowledged(child: &mut Child, mut after: impl FnMut(&mut Child, usize)) -> BTreeSet<i64> {
    let mut numbers = BTreeSet::new();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    for line in lines.map_while(Result::ok) {
        // The last line may be cut by the kill: what was not said in full was not acknowledged.
        if line.starts_with("stored ") && line.ends_with('.') {
            numbers.insert(line["stored ".len()..line.len() - 1].parse().unwrap());
            after(child, numbers.len());
        } else {
            println!("child: {line}");
        }
    }
    numbers
}

/// Every acknowledged batch is there, and no batch is there in part.
fn check(path: &Path, acknowledged: &BTreeSet<i64>) -> i64 {
    let db = Db::open(Options::new(path), &[TABLES]).unwrap();
    let whole = "SELECT batch FROM entry JOIN item ON item.id = batch GROUP BY batch HAVING count(*) = 7";
    let whole: BTreeSet<i64> =
        db.query_blocking(Query::new(whole)).unwrap().iter().map(|row| row.get(0).unwrap()).collect();
    let missing: Vec<_> = acknowledged.difference(&whole).collect();
    assert!(missing.is_empty(), "acknowledged but lost: {missing:?}");
    assert_eq!(
        number(&db, "SELECT count(*) FROM entry"),
        PARTS * whole.len() as i64,
        "a batch is there in part"
    );
    assert_eq!(number(&db, "SELECT count(*) FROM item"), whole.len() as i64, "a batch is there in part");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(db.integrity_check()).unwrap();
    number(&db, "SELECT coalesce(max(batch), 0) FROM entry")
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed.db");
    let (mut all, mut highest) = (BTreeSet::new(), 0);
    // Killed sooner and later; the last time after checkpoints.
    for enough in [1, 20, 77, 150, 700] {
        let mut child = start("killed", highest + 1, &path).spawn().unwrap();
        all.extend(acknowledged(&mut child, |child, count| {
            if count == enough {
                child.kill().unwrap();
            }
        }));
        assert_eq!(child.wait().unwrap().signal(), Some(SIGKILL));
        highest = check(&path, &all);
    }
    assert!(all.len() >= 948, "{}", all.len());
}

#[test]
fn a_failed_sync_stops_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("unsynced.db");
    drop(Db::open(Options::new(&path), &[TABLES]).unwrap());
    let mut child = start("unsynced", 1, &path).spawn().unwrap();
    let stored = acknowledged(&mut child, |_, _| {});
    assert_eq!(child.wait().unwrap().signal(), Some(SIGABRT));
    assert!(!stored.is_empty());
    check(&path, &stored);
}

#[test]
fn a_failed_write_stops_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("unwritten.db");
    drop(Db::open(Options::new(&path), &[TABLES]).unwrap());
    let child = start("unwritten", 1, &path);
    // No file may grow beyond 600 KiB; without the trap the system would end the process by itself.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 1200; exec \"$@\"", "sh"]);
    shell.arg(child.get_program()).args(child.get_args());
    shell.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = shell.spawn().unwrap();
    let stored = acknowledged(&mut child, |_, _| {});
    assert_eq!(child.wait().unwrap().signal(), Some(SIGABRT));
    assert!(!stored.is_empty());
    check(&path, &stored);
}

#[test]
fn after_a_failed_sync_nothing_is_written_and_the_hook_is_told_once() {
    assert!(ends_well("hook") > 0);
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    assert_eq!(ends_well("full"), 30);
}

/// Runs a process that must end by itself; how many batches it stored, all of which are there.
fn ends_well(what: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    drop(Db::open(Options::new(&path), &[TABLES]).unwrap());
    let mut child = start(what, 1, &path).spawn().unwrap();
    let stored = acknowledged(&mut child, |_, _| {});
    assert!(child.wait().unwrap().success(), "see its output above");
    check(&path, &stored);
    stored.len()
}

/// How many syncs of a log succeed before one fails.
const GOOD_SYNCS: usize = 25;

/// Whether syncs fail after that.
static FAILING_SYNCS: AtomicBool = AtomicBool::new(false);

/// Whether writes find no room.
static FULL: AtomicBool = AtomicBool::new(false);

/// Makes SQLite's file system fail on every `-wal` file opened from now on, as the switches above say.
fn fail_in_the_log() {
    /// The system's own methods, and a copy of them with another xSync and xWrite.
    static METHODS: OnceLock<(Methods, Methods)> = OnceLock::new();
    static OPEN: OnceLock<Open> = OnceLock::new();
    type Open = unsafe extern "C" fn(
        *mut ffi::sqlite3_vfs,
        *const c_char,
        *mut ffi::sqlite3_file,
        c_int,
        *mut c_int,
    ) -> c_int;
    struct Methods(ffi::sqlite3_io_methods);
    // SAFETY: the struct holds only function pointers and a number, and is never changed once stored.
    unsafe impl Send for Methods {}
    // SAFETY: as above.
    unsafe impl Sync for Methods {}

    unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
        static SYNCS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        if FAILING_SYNCS.load(SeqCst) && SYNCS.fetch_add(1, SeqCst) >= GOOD_SYNCS {
            return ffi::SQLITE_IOERR_FSYNC;
        }
        match METHODS.get().and_then(|(own, _)| own.0.xSync) {
            // SAFETY: SQLite passes the file it opened by the same system's xOpen.
            Some(own) => unsafe { own(file, flags) },
            None => ffi::SQLITE_IOERR_FSYNC,
        }
    }

    unsafe extern "C" fn write(
        file: *mut ffi::sqlite3_file,
        from: *const c_void,
        bytes: c_int,
        at: ffi::sqlite3_int64,
    ) -> c_int {
        if FULL.load(SeqCst) {
            return ffi::SQLITE_FULL;
        }
        match METHODS.get().and_then(|(own, _)| own.0.xWrite) {
            // SAFETY: as for sync.
            Some(own) => unsafe { own(file, from, bytes, at) },
            None => ffi::SQLITE_IOERR_WRITE,
        }
    }

    unsafe extern "C" fn open(
        vfs: *mut ffi::sqlite3_vfs,
        name: *const c_char,
        file: *mut ffi::sqlite3_file,
        flags: c_int,
        out: *mut c_int,
    ) -> c_int {
        let Some(own) = OPEN.get() else { return ffi::SQLITE_CANTOPEN };
        // SAFETY: all arguments are handed on as SQLite gave them.
        let code = unsafe { own(vfs, name, file, flags, out) };
        // SAFETY: SQLite names a log by a zero-terminated text.
        let is_log = !name.is_null() && unsafe { CStr::from_ptr(name) }.to_bytes().ends_with(b"-wal");
        if code == ffi::SQLITE_OK && is_log {
            // SAFETY: after a successful open, `file` and its methods are initialised; the copy lives for ever.
            unsafe {
                let own = *(*file).pMethods;
                let (_, failing) = METHODS.get_or_init(|| {
                    let mut failing = own;
                    failing.xSync = Some(sync);
                    failing.xWrite = Some(write);
                    (Methods(own), Methods(failing))
                });
                (*file).pMethods = &raw const failing.0;
            }
        }
        code
    }

    // SAFETY: the default file system exists once SQLite is initialised; the changed copy is leaked, as SQLite keeps
    // its address, and differs only in xOpen, whose replacement hands on to the original.
    unsafe {
        assert_eq!(ffi::sqlite3_initialize(), ffi::SQLITE_OK);
        let own = ffi::sqlite3_vfs_find(std::ptr::null());
        let copy = Box::leak(Box::new(*own));
        OPEN.get_or_init(|| copy.xOpen.unwrap());
        copy.xOpen = Some(open);
        copy.zName = c"failing".as_ptr();
        copy.pNext = std::ptr::null_mut();
        assert_eq!(ffi::sqlite3_vfs_register(copy, 1), ffi::SQLITE_OK);
    }
}
