use crate::{
    Http,
    azure_devops::{self, AzureDevops},
    files::{self, Files},
    github::{self, GitHub},
    settings,
    webhook::{self, Webhook},
};
use activity::connector::Connector;
use model::TaskError;
use serde_json::Value;
use std::sync::Arc;
use vault::Secret;

/// Kinds of destinations that [`build`] knows.
pub const KINDS: [&str; 4] = [azure_devops::KIND, github::KIND, webhook::KIND, files::KIND];

/// Makes the connector of a destination. Nothing is connected to yet.
///
/// # Errors
/// `unknown_kind`, `invalid_settings` (unknown keys are named) or `secret_missing`, each with what to do.
pub fn build(
    kind: &str,
    settings: &Value,
    secret: Option<Secret>,
    http: &Http,
) -> Result<Arc<dyn Connector>, TaskError> {
    let secret = secret.filter(|secret| !secret.is_empty());
    match kind {
        azure_devops::KIND => Ok(Arc::new(AzureDevops::new(settings, secret, http)?)),
        files::KIND => Ok(Arc::new(Files::new(settings, secret.as_ref())?)),
        github::KIND => Ok(Arc::new(GitHub::new(settings, secret, http)?)),
        webhook::KIND => Ok(Arc::new(Webhook::new(settings, secret, http)?)),
        _ => {
            let shown: String = kind.chars().take(60).collect();
            Err(TaskError::new("unknown_kind", format!("there is no connector of the kind `{shown}`"))
                .with_help(format!("kinds: {}", KINDS.join(", "))))
        }
    }
}

/// The secret that a connector cannot do without, as text.
pub(crate) fn needed(kind: &str, secret: Option<Secret>, what: &str) -> Result<Secret, TaskError> {
    let secret = secret.ok_or_else(|| {
        TaskError::new("secret_missing", format!("this {kind} destination has no secret"))
            .with_help(format!("set {what} as its secret"))
    })?;
    // Copied out of a page or a file, a secret often brings a line break along.
    let text = secret
        .expose_str()
        .map(str::trim)
        .filter(|text| !text.is_empty() && !text.chars().any(char::is_control));
    match text {
        Some(text) => Ok(Secret::from(text)),
        None => Err(settings::wrong(kind, "the secret is no line of text")
            .with_help(format!("set {what} as its secret"))),
    }
}
