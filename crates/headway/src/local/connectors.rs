//! Destinations' connectors: the protocols of `connectors`, with secrets from the store opened by the vault.

use activity::connector::{Connector, ConnectorFuture, Connectors};
use connectors::Http;
use model::{Destination, TaskError};
use std::sync::Arc;
use store::Store;
use vault::{Secret, Vault};

/// Makes connectors of destinations.
pub(super) struct Wired {
    pub(super) store: Store,
    pub(super) vault: Arc<Vault>,
    pub(super) http: Http,
}

impl Wired {
    async fn secret(&self, destination: &Destination) -> Result<Option<Secret>, TaskError> {
        let Some(name) = &destination.credential else { return Ok(None) };
        match self.kept(name).await? {
            Some(secret) => Ok(Some(secret)),
            None => {
                let missing = TaskError::new("secret_missing", format!("there is no secret '{name}'"));
                Err(missing.with_help("Store the secret again for the destination."))
            }
        }
    }

    /// A kept secret; `None` where there is none of that name.
    pub(super) async fn kept(&self, name: &str) -> Result<Option<Secret>, TaskError> {
        let wrong = |message: String| {
            TaskError::new("secret_missing", message).with_help("Store the secret again for the destination.")
        };
        let secrets = self.store.secrets().await;
        let secrets =
            secrets.map_err(|error| wrong(format!("the secret '{name}' cannot be read: {error}")))?;
        let Some(sealed) = secrets.iter().find(|secret| *secret.name == *name) else { return Ok(None) };
        let opened = self.vault.open_sealed(name, &sealed.sealed);
        opened.map(Some).map_err(|error| wrong(format!("the secret '{name}' cannot be opened: {error}")))
    }
}

impl Connectors for Wired {
    fn connect<'a>(
        &'a self,
        destination: &'a Destination,
    ) -> ConnectorFuture<'a, Result<Arc<dyn Connector>, TaskError>> {
        Box::pin(async move {
            let secret = self.secret(destination).await?;
            connectors::build(&destination.kind, &destination.settings, secret, &self.http)
        })
    }
}
