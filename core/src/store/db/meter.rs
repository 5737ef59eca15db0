//! Counts what SQLite does in this process, for all of its connections: statements that it begins to run, and bytes that it hands to the system.
//!
//! Invariants:
//! - A statement counts each time that it begins to run, whether it succeeds or not. What a trigger runs is a part of its statement.
//! - Bytes are those that the system took, of every file that SQLite writes: databases and logs.

#![allow(unsafe_code)] // SQLite offers both through its interface in C only.

use rusqlite::{Connection, ffi};
use std::ffi::{CStr, c_int, c_uint, c_void};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

static STATEMENTS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
/// Whether bytes are counted: not every system lets them be.
static COUNTED: OnceLock<bool> = OnceLock::new();
/// What writes for SQLite.
static SYSTEM_WRITE: OnceLock<Write> = OnceLock::new();

/// `pwrite`, where the type of its place in the file has 64 bits.
type Write = unsafe extern "C" fn(c_int, *const c_void, usize, i64) -> isize;

/// How many statements have begun to run.
pub(in crate::store) fn statements() -> u64 {
    STATEMENTS.load(Ordering::Relaxed)
}

/// How many bytes were written to files; `None` where that is not counted.
pub(in crate::store) fn bytes_written() -> Option<u64> {
    COUNTED.get()?.then(|| BYTES.load(Ordering::Relaxed))
}

/// Counts bytes from here on. Called before a connection is opened.
pub(super) fn count_bytes() {
    COUNTED.get_or_init(replace_write);
}

/// Counts the statements of a connection from here on.
pub(super) fn count_statements(connection: &Connection) {
    // SAFETY: the connection is open and used by this thread alone. The function needs no context, and lives as long as the program.
    unsafe {
        let mask = ffi::SQLITE_TRACE_STMT as c_uint;
        ffi::sqlite3_trace_v2(connection.handle(), mask, Some(begins), null_mut());
    }
}

unsafe extern "C" fn begins(_: c_uint, _: *mut c_void, _: *mut c_void, text: *mut c_void) -> c_int {
    let text: *const u8 = text.cast();
    // SAFETY: SQLite gives a text that ends with a zero. What a statement runs within itself, as a trigger, is told as a comment.
    let inner = !text.is_null() && unsafe { *text == b'-' && *text.add(1) == b'-' };
    if !inner {
        STATEMENTS.fetch_add(1, Ordering::Relaxed);
    }
    0
}

/// Puts a function that counts in the place of the system's `pwrite`, for SQLite alone. Returns whether that is possible here.
fn replace_write() -> bool {
    const NAME: &CStr = c"pwrite";
    if cfg!(not(all(unix, target_pointer_width = "64"))) {
        return false;
    }
    // SAFETY: as documented for the calls of the system that SQLite's interface for files offers. The default one lives as long as the program. On
    // 64-bit Unix `pwrite` has the type that `Write` says. A connection that writes meanwhile uses either function, and both write.
    unsafe {
        let files = ffi::sqlite3_vfs_find(null());
        let Some(methods) = files.as_ref().filter(|files| files.iVersion >= 3) else { return false };
        let (Some(get), Some(set)) = (methods.xGetSystemCall, methods.xSetSystemCall) else { return false };
        let Some(write) = get(files, NAME.as_ptr()) else { return false };
        SYSTEM_WRITE.get_or_init(|| std::mem::transmute::<unsafe extern "C" fn(), Write>(write));
        let counted = std::mem::transmute::<Write, unsafe extern "C" fn()>(counted_write);
        set(files, NAME.as_ptr(), Some(counted)) == ffi::SQLITE_OK
    }
}

unsafe extern "C" fn counted_write(file: c_int, bytes: *const c_void, count: usize, at: i64) -> isize {
    // It was put here after that was set.
    let Some(write) = SYSTEM_WRITE.get() else { return -1 };
    // SAFETY: SQLite calls this as it calls the system.
    let written = unsafe { write(file, bytes, count, at) };
    BYTES.fetch_add(u64::try_from(written).unwrap_or(0), Ordering::Relaxed);
    written
}
