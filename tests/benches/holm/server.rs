//! The server with an account full of documents, and devices of that account.

use crate::bench::runtime;
use crate::documents::{COLLECTION, collection, tasks};
use crate::place::Place;
use async_trait::async_trait;
use holm_core::{Collection, Config, Holm, Query, Request, ReqwestTransport, Response, Transport, TransportError};
use holm_tests::real::ServerProcess;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::runtime::Runtime;

const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "correct horse";

/// A running server whose account has documents.
pub struct Fixture {
    server: ServerProcess,
    /// So many documents, numbers from 0.
    pub documents: u32,
    /// The closed store of a device that has pulled them all. To be copied, not used.
    pub directory: PathBuf,
    /// What a first pull was answered, body by body, as it came over the wire.
    pub pages: Vec<Vec<u8>>,
}

impl Fixture {
    pub fn new(place: &Place, documents: u32) -> Self {
        let server = ServerProcess::start(&place.fresh(&format!("server-{documents}")));
        let first = Device::open(&place.fresh(&format!("first-{documents}")), &server.url, None);
        first.runtime.block_on(first.holm.sign_up(EMAIL, PASSWORD)).unwrap();
        for from in (0..documents).step_by(5_000) {
            first.runtime.block_on(first.tasks.create_all(&tasks(from..(from + 5_000).min(documents)))).unwrap();
        }
        let report = first.sync();
        assert_eq!(report.pushed, u64::from(documents));
        first.close();

        let directory = place.fresh(&format!("pulled-{documents}"));
        let recorder = Arc::new(Recorder { inner: ReqwestTransport::new().unwrap(), pages: Mutex::default() });
        let second = Device::open(&directory, &server.url, Some(recorder.clone()));
        second.sign_in();
        second.sync();
        second.check(documents);
        second.close();
        let pages = std::mem::take(&mut *recorder.pages.lock().unwrap());
        Self { server, documents, directory, pages }
    }

    /// Where the server listens.
    pub fn url(&self) -> &str {
        &self.server.url
    }

    /// A new device, signed in, that has pulled nothing yet.
    pub fn new_device(&self, directory: &Path) -> Device {
        let device = Device::open(directory, self.url(), None);
        device.sign_in();
        device
    }
}

/// A client that syncs when told to, on a runtime of its own.
pub struct Device {
    pub runtime: Runtime,
    pub holm: Holm,
    pub tasks: Collection,
}

impl Device {
    pub fn open(directory: &Path, url: &str, transport: Option<Arc<dyn Transport>>) -> Self {
        let runtime = runtime();
        let mut config = Config::new(directory).server(url).collection(collection());
        config.sync.automatic = false;
        config.transport = transport;
        let holm = {
            let _inside = runtime.enter();
            Holm::open(config).unwrap()
        };
        let tasks = holm.collection(COLLECTION).unwrap();
        Self { runtime, holm, tasks }
    }

    pub fn sign_in(&self) {
        self.runtime.block_on(self.holm.sign_in(EMAIL, PASSWORD)).unwrap();
    }

    pub fn sync(&self) -> holm_core::SyncReport {
        self.runtime.block_on(self.holm.sync()).unwrap()
    }

    /// Everything is here and sent.
    pub fn check(&self, documents: u32) {
        assert_eq!(self.tasks.count(&Query::all()).unwrap(), u64::from(documents));
        assert_eq!(self.holm.state().unwrap().pending, 0);
    }

    pub fn close(self) {
        self.runtime.block_on(self.holm.close());
    }
}

/// Keeps what the server answered to pulls. It asks for plain pages, which the raw side reads.
struct Recorder {
    inner: ReqwestTransport,
    pages: Mutex<Vec<Vec<u8>>>,
}

#[async_trait]
impl Transport for Recorder {
    async fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        let pull = request.url.ends_with("/sync/pull");
        if pull {
            let mut body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
            body["compact"] = false.into();
            request.body = body.to_string().into();
        }
        let response = self.inner.send(request).await?;
        if pull {
            self.pages.lock().unwrap().push(response.body.to_vec());
        }
        Ok(response)
    }
}
