//! The server, the network and the two devices.

use crate::Outcome;
use holm_core::{Collection, CollectionConfig, Config, Holm, Network};
use holm_tests::real::{Proxy, ServerProcess};
use tempfile::TempDir;

/// The one account of the story.
pub const EMAIL: &str = "kim@example.com";
/// Its password.
pub const PASSWORD: &str = "correct horse battery staple";

/// What the server refuses: titles that are too long.
const RULES: &str = "[collections.tasks.fields.title]\ntype = \"string\"\nmax_length = 40\n";

/// One device.
pub struct Device {
    pub name: &'static str,
    pub holm: Holm,
    pub tasks: Collection,
    pub readings: Collection,
}

/// Everything that takes part.
pub struct Stage {
    pub server: ServerProcess,
    pub proxy: Proxy,
    pub phone: Device,
    pub tablet: Device,
    // Last, so that it is removed when the fields above are dropped and use it no more.
    _scratch: TempDir,
}

impl Stage {
    /// Starts the server on a free port, with a temporary directory, and signs both devices in.
    pub async fn set() -> Outcome<Self> {
        let scratch = tempfile::tempdir()?;
        let rules = scratch.path().join("holm-server.toml");
        std::fs::write(&rules, RULES)?;
        let server = ServerProcess::configured(&scratch.path().join("server"), Some(&rules));
        let proxy = Proxy::to(&server.url, 1);
        println!("The server listens on {}; its data lies in {}.", server.url, scratch.path().display());
        let phone = Device::open("phone", &scratch, &proxy)?;
        let tablet = Device::open("tablet", &scratch, &proxy)?;
        phone.holm.sign_up(EMAIL, PASSWORD).await?;
        tablet.holm.sign_in(EMAIL, PASSWORD).await?;
        Ok(Self { server, proxy, phone, tablet, _scratch: scratch })
    }

    /// Both devices.
    pub fn devices(&self) -> [&Device; 2] {
        [&self.phone, &self.tablet]
    }

    /// Syncs both, twice each in turn: after that, neither has news for the other.
    pub async fn sync_all(&self) -> Outcome {
        for device in [&self.phone, &self.tablet, &self.phone, &self.tablet] {
            device.holm.sync().await?;
        }
        Ok(())
    }
}

impl Device {
    fn open(name: &'static str, scratch: &TempDir, proxy: &Proxy) -> Outcome<Self> {
        let mut config = Config::new(scratch.path().join(name))
            .server(&proxy.url)
            .collection(CollectionConfig::new("tasks"))
            .collection(CollectionConfig::new("readings"));
        // The story says when it syncs; an app leaves this alone.
        config.sync.automatic = false;
        // Small requests, so that the server can be killed between two of them.
        config.sync.batch = 100;
        let holm = Holm::open(config)?;
        let (tasks, readings) = (holm.collection("tasks")?, holm.collection("readings")?);
        Ok(Self { name, holm, tasks, readings })
    }

    /// What the device believes of its network.
    pub fn network(&self, network: Network) {
        self.holm.connectivity().set(network);
    }
}
