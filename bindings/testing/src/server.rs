//! A server that runs until its test is over.

use crate::clock::MovedClock;
use crate::error::FfiTestServerError;
use holm_server::{Actions, Config, OsEntropy, Server, ServerOptions, Store};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

type Result<T> = std::result::Result<T, FfiTestServerError>;

/// A running server with data of its own, on a free port of the loopback interface. Thread-safe. Stops with [`stop`](Self::stop), or when
/// it is not referenced any more.
#[derive(uniffi::Object)]
pub struct FfiTestServer {
    clock: Arc<MovedClock>,
    url: String,
    /// What it runs on; none: stopped.
    runtime: Mutex<Option<Runtime>>,
}

#[uniffi::export]
impl FfiTestServer {
    /// Starts a server whose clock stands at `start_ms` (since 1970). `config` is the text of a configuration file, as the server's
    /// sample documents it. It serves the actions `echo`, which returns its parameters, `refuse`, which is refused, and `later`, which is a job at first. Blocks for some milliseconds.
    #[uniffi::constructor]
    pub fn start(config: Option<String>, start_ms: i64) -> Result<Arc<Self>> {
        let config = configuration(config.as_deref().unwrap_or_default())?;
        let clock = Arc::new(MovedClock::new(start_ms));
        let options = ServerOptions {
            config,
            clock: clock.clone(),
            entropy: Arc::new(OsEntropy),
            actions: Actions::for_trial(),
            ..ServerOptions::new(Store::Memory)
        };
        let server = Server::open(options).map_err(FfiTestServerError::new)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("holm-test-server")
            .enable_all()
            .build()
            .map_err(FfiTestServerError::new)?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).map_err(FfiTestServerError::new)?;
        let address = listener.local_addr().map_err(FfiTestServerError::new)?;
        runtime.spawn(server.run(listener, std::future::pending()));
        Ok(Arc::new(Self { clock, url: format!("http://{address}"), runtime: Mutex::new(Some(runtime)) }))
    }

    /// Its address: what devices are given.
    pub fn url(&self) -> Result<String> {
        Ok(self.url.clone())
    }

    /// Lets time pass for the server.
    pub fn advance(&self, ms: u64) -> Result<()> {
        self.clock.advance(ms);
        Ok(())
    }

    /// Ends it: connections break, its data is gone. Returns at once.
    pub fn stop(&self) -> Result<()> {
        self.end();
        Ok(())
    }
}

impl FfiTestServer {
    fn end(&self) {
        if let Some(runtime) = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for FfiTestServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// The configuration, with passwords hashed cheaply: how long a guess would take is not what a test is about.
fn configuration(text: &str) -> Result<Config> {
    let mut config = Config::from_toml(text).map_err(FfiTestServerError::new)?;
    config.accounts.argon2.memory_kib = 8;
    config.accounts.argon2.iterations = 1;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    fn get(server: &FfiTestServer) -> std::io::Result<String> {
        let mut socket = TcpStream::connect(server.url.trim_start_matches("http://"))?;
        socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn it_answers_until_it_is_stopped() {
        let server = FfiTestServer::start(None, 1_800_000_000_000).unwrap();
        assert!(get(&server).unwrap().starts_with("HTTP/1.1 "));
        server.stop().unwrap();
        assert!(get(&server).is_err());
        server.stop().unwrap();
    }

    #[test]
    fn a_configuration_that_makes_no_sense_is_told_with_its_key() {
        let wrong = FfiTestServer::start(Some("[limits]\nnonsense = 1".to_owned()), 0).err().unwrap();
        assert!(wrong.to_string().contains("nonsense"), "{wrong}");
    }
}
