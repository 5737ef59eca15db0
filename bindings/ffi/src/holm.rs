//! The client's handle.

use crate::cancel::FfiCancel;
use crate::collection::FfiCollection;
use crate::config::FfiConfig;
use crate::error::Result;
use crate::live::FfiStateWatch;
use crate::records::{FfiNetwork, FfiOperation, FfiReceipt, FfiSignOutMode, FfiStats, FfiSyncState, FfiWriteOutcome};
use crate::runtime::{run, run_until, runtime, unless};
use crate::secrets::{FfiSecretStore, HostSecrets};
use crate::testing::FfiTestDevice;
use crate::tokens::{FfiTokenProvider, HostTokens};
use crate::write::FfiWrite;
use holm_core::{Holm, OpId, SecretStore, TokenProvider};
use std::sync::Arc;

/// A client. Long-lived, thread-safe. See `Holm` in the core for what each call promises.
#[derive(uniffi::Object)]
pub struct FfiHolm {
    pub(crate) holm: Holm,
}

/// The version of this library: lets a host check that library and bindings belong together.
#[uniffi::export]
pub fn ffi_version() -> Result<String> {
    Ok(env!("CARGO_PKG_VERSION").to_owned())
}

#[uniffi::export]
impl FfiHolm {
    /// Opens a client, away from the caller's thread. Without `secrets` they rest in files beside the data; `tokens` renews those of
    /// [`set_token`](Self::set_token); `testing` takes the place of
    /// the device's own time and network.
    #[uniffi::constructor]
    pub async fn open(
        config: FfiConfig,
        secrets: Option<Arc<dyn FfiSecretStore>>,
        tokens: Option<Arc<dyn FfiTokenProvider>>,
        testing: Option<Arc<FfiTestDevice>>,
    ) -> Result<Arc<Self>> {
        let mut config = config.into_core()?;
        config.secrets = secrets.map(|secrets| Arc::new(HostSecrets(secrets)) as Arc<dyn SecretStore>);
        config.token_provider = tokens.map(|tokens| Arc::new(HostTokens(tokens)) as Arc<dyn TokenProvider>);
        if let Some(device) = testing {
            config.clock = device.clock.clone();
            config.transport = Some(device.network.clone());
        }
        let opened = run(async move {
            tokio::task::spawn_blocking(move || Holm::open(config))
                .await
                .unwrap_or_else(|_| Err(holm_core::Error::Internal { message: "opening panicked".to_owned() }))
        });
        Ok(Arc::new(Self { holm: opened.await? }))
    }

    /// A collection.
    pub fn collection(&self, name: String) -> Result<Arc<FfiCollection>> {
        Ok(FfiCollection::new(self.holm.collection(&name)?))
    }

    /// Several writes in one transaction: all or none, here; with `group`, or with a confirmed collection, also on the server.
    #[uniffi::method(default(cancel = None))]
    pub async fn write(
        &self,
        writes: Vec<FfiWrite>,
        group: bool,
        cancel: Option<Arc<FfiCancel>>,
    ) -> Result<Vec<FfiReceipt>> {
        let receipts = self.holm.write(move |tx| {
            if group {
                tx.group();
            }
            writes.iter().map(|write| write.apply(tx)).collect::<holm_core::Result<Vec<_>>>()
        });
        Ok(unless(cancel, receipts).await?.into_iter().map(Into::into).collect())
    }

    /// Waits until a write has ended.
    pub async fn confirmed(&self, op_id: String, cancel: Option<Arc<FfiCancel>>) -> Result<FfiWriteOutcome> {
        let (holm, op) = (self.holm.clone(), OpId::parse(&op_id)?);
        run_until(cancel, async move { holm.confirmed(op).await }).await.map(Into::into)
    }

    /// Waits until nothing is left to send.
    pub async fn idle(&self, cancel: Option<Arc<FfiCancel>>) -> Result<()> {
        let holm = self.holm.clone();
        run_until(cancel, async move { holm.idle().await }).await
    }

    /// The client's state now.
    pub fn state(&self) -> Result<FfiSyncState> {
        Ok(self.holm.state()?.into())
    }

    /// Watches the client's state.
    pub fn watch_state(&self) -> Result<Arc<FfiStateWatch>> {
        Ok(FfiStateWatch::new(self.holm.watch_state()))
    }

    /// Operations that the server has not accepted yet.
    pub fn pending(&self, limit: u32) -> Result<Vec<FfiOperation>> {
        Ok(self.holm.pending(limit)?.into_iter().map(Into::into).collect())
    }

    /// Operations that the server refused.
    pub fn parked(&self) -> Result<Vec<FfiOperation>> {
        Ok(self.holm.parked()?.into_iter().map(Into::into).collect())
    }

    /// Sends a parked operation again.
    pub async fn retry(&self, op_id: String) -> Result<()> {
        let (holm, op) = (self.holm.clone(), OpId::parse(&op_id)?);
        run(async move { holm.retry(op).await }).await
    }

    /// Gives up an operation that is parked or in a conflict, or that has never been sent.
    pub async fn discard(&self, op_id: String) -> Result<()> {
        let (holm, op) = (self.holm.clone(), OpId::parse(&op_id)?);
        run(async move { holm.discard(op).await }).await
    }

    /// Makes an account and signs in.
    #[uniffi::method(default(cancel = None))]
    pub async fn sign_up(&self, email: String, password: String, cancel: Option<Arc<FfiCancel>>) -> Result<String> {
        let holm = self.holm.clone();
        run_until(cancel, async move { holm.sign_up(&email, &password).await }).await
    }

    /// Signs in.
    #[uniffi::method(default(cancel = None))]
    pub async fn sign_in(&self, email: String, password: String, cancel: Option<Arc<FfiCancel>>) -> Result<String> {
        let holm = self.holm.clone();
        run_until(cancel, async move { holm.sign_in(&email, &password).await }).await
    }

    /// Uses a token that the app got elsewhere.
    pub fn set_token(&self, token: String) -> Result<()> {
        Ok(self.holm.set_token(&token)?)
    }

    /// The account that is signed in.
    pub fn user(&self) -> Result<Option<String>> {
        Ok(self.holm.user())
    }

    /// Signs out; returns how many operations the server does not have.
    pub async fn sign_out(&self, mode: FfiSignOutMode) -> Result<u64> {
        let holm = self.holm.clone();
        run(async move { holm.sign_out(mode.into()).await }).await
    }

    /// Tells what network there is.
    pub fn set_network(&self, network: FfiNetwork) -> Result<()> {
        self.holm.connectivity().set(network.into());
        Ok(())
    }

    /// Closes files and sockets until `resume`.
    pub async fn suspend(&self) -> Result<()> {
        let holm = self.holm.clone();
        run(async move {
            holm.suspend().await;
            Ok(())
        })
        .await
    }

    /// Opens them again.
    pub fn resume(&self) -> Result<()> {
        let _context = runtime()?.enter();
        Ok(self.holm.resume()?)
    }

    /// Closes the client for good.
    pub async fn close(&self) -> Result<()> {
        let holm = self.holm.clone();
        run(async move {
            holm.close().await;
            Ok(())
        })
        .await
    }

    /// This device's id.
    pub fn device_id(&self) -> Result<String> {
        Ok(self.holm.device_id())
    }

    /// Everything that queries see, as JSON: `{"<collection>":{"count":n,"digest":"…","docs":[{"id","doc","status","version","seq"}]}}`.
    pub fn dump(&self) -> Result<String> {
        let collections = self.holm.dump()?.into_iter().map(|dump| {
            let docs = dump.documents.iter().map(|one| {
                serde_json::json!({
                    "id": one.document.id,
                    "doc": one.document.value().unwrap_or_default(),
                    "status": one.document.status.as_str(),
                    "version": one.document.version,
                    "seq": one.seq,
                })
            });
            let docs: Vec<_> = docs.collect();
            (dump.name, serde_json::json!({"count": docs.len(), "digest": dump.digest, "docs": docs}))
        });
        Ok(serde_json::Value::Object(collections.collect()).to_string())
    }

    /// Counters of this process.
    pub fn stats(&self) -> Result<FfiStats> {
        Ok(self.holm.stats().into())
    }
}
