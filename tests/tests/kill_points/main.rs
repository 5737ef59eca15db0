//! Devices that are killed (SIGKILL) at chosen points of an exchange. Each name begins with the row of the list of failure modes that it
//! stands for.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

mod calls;
mod late;
mod pulls;
mod pushes;

use holm_tests::real::{Driver, Proxy, ServerProcess};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Documents in one page of the server: one more, and the page travels in columns, which these tests do not read.
const PAGE: usize = 19;

/// A server with small pages, a proxy before it, and the folders of devices.
struct Ground {
    scratch: tempfile::TempDir,
    server: ServerProcess,
    proxy: Proxy,
}

impl Ground {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let config = scratch.path().join("server.toml");
        // All devices of a sweep sign up from one address, each with an account of its own.
        let strangers = "[strangers]\nburst = 1000000\n";
        let argon2 = "[accounts.argon2]\nmemory_kib = 8\niterations = 1\n";
        let toml = format!("[limits]\nmax_page_records = {PAGE}\n{strangers}{argon2}");
        std::fs::write(&config, toml).unwrap();
        let server = ServerProcess::configured(&scratch.path().join("server"), Some(&config));
        let proxy = Proxy::to(&server.url, 1);
        Self { scratch, server, proxy }
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Opens a device that speaks through the proxy.
    fn open(&self, name: &str) -> Driver {
        open(&self.folder(name), &self.proxy.url)
    }

    /// A new device that speaks to the server directly, signed in or up as `email`.
    fn direct(&self, name: &str, email: &str) -> Driver {
        let mut driver = open(&self.folder(name), &self.server.url);
        // Signing up again with the same password signs in.
        driver.ok("sign_up", json!({"email": email, "password": "password"}));
        driver
    }
}

/// Opens a device at another address of the server. Its session belongs to the address that it had, so it signs in again.
fn open_elsewhere(folder: &Path, server: &str, email: &str) -> Driver {
    let mut driver = open(folder, server);
    driver.ok("sign_in", json!({"email": email, "password": "password"}));
    driver
}

fn open(folder: &Path, server: &str) -> Driver {
    Driver::open(folder, server, json!({"collections": [{"name": "tasks"}]}))
}

/// Everything that a device shows, with versions, places in the server's order and the digest.
fn shown(driver: &mut Driver) -> Value {
    driver.ok("dump", json!({}))["collections"]["tasks"].take()
}
