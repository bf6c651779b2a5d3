//! Where the server is, and how it is spoken to.

use super::tls::{self, Trust};
use crate::{Error, Result};
use std::{path::PathBuf, time::Duration};
use tokio_postgres::config::{Host, SslMode};

/// How a PostgreSQL database is opened.
#[derive(Clone, Debug)]
pub struct PgOptions {
    pub(super) config: tokio_postgres::Config,
    pub(super) trust: Trust,
    pub(super) place: String,
    /// Sessions that write: batches of different callers overlap on them.
    pub writers: usize,
    /// Sessions that read, opened when first needed.
    pub readers: usize,
    /// Batches that wait for a writer before callers wait for room.
    pub queue_batches: usize,
    /// Batches committed together at most.
    pub group_batches: usize,
    /// Parameter rows after which no further batch joins a group.
    pub group_rows: usize,
    /// Longest time of one statement, locks included.
    pub statement_timeout: Duration,
    /// Longest wait for a free reader, or for a connection to be made.
    pub patience: Duration,
    /// A pooler stands between, and gives each transaction another session: nothing may be kept in a session, so
    /// statements are sent whole each time, and there are no notifications.
    pub is_pooled: bool,
}

impl PgOptions {
    /// Reads `postgres://user:password@host:port/database?…`. Beside PostgreSQL's own parameters: `sslmode` (`disable`,
    /// `prefer`, `require`, `verify-ca`, `verify-full`), `sslrootcert=FILE`, and `pooler=transaction` for a pooler that
    /// shares sessions between transactions.
    ///
    /// # Errors
    /// [`Error::Address`] where the text is not such an address.
    pub fn parse(address: &str) -> Result<Self> {
        let refused = |reason: String| Error::Address { reason };
        let mut url = url::Url::parse(address).map_err(|error| refused(error.to_string()))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(refused(format!("'{}://' is not a PostgreSQL address", url.scheme())));
        }
        let (mut mode, mut roots, mut is_pooled, mut rest) = (None, None, false, Vec::new());
        for (name, value) in url.query_pairs() {
            match &*name {
                "sslmode" => mode = Some(value.into_owned()),
                "sslrootcert" => roots = Some(PathBuf::from(&*value)),
                "pooler" => {
                    is_pooled = match &*value {
                        "transaction" => true,
                        "session" => false,
                        other => {
                            let known = "'transaction' or 'session'";
                            return Err(refused(format!("pooler={other} is not known: {known}")));
                        }
                    }
                }
                _ => rest.push((name.into_owned(), value.into_owned())),
            }
        }
        url.set_query(None);
        if !rest.is_empty() {
            url.query_pairs_mut().extend_pairs(rest);
        }
        let mut config: tokio_postgres::Config =
            url.as_str().parse().map_err(|error: tokio_postgres::Error| {
                refused(
                    std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string),
                )
            })?;
        let (ssl, trust) = security(mode.as_deref(), roots)?;
        config.ssl_mode(ssl);
        if config.get_application_name().is_none() {
            config.application_name("headway");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        config.keepalives_idle(Duration::from_secs(30));
        config.tcp_user_timeout(Duration::from_secs(30));
        Ok(Self {
            place: place(&config),
            config,
            trust,
            writers: 4,
            readers: 8,
            queue_batches: 1_024,
            group_batches: 256,
            group_rows: 8_192,
            statement_timeout: Duration::from_secs(30),
            patience: Duration::from_secs(5),
            is_pooled,
        })
    }

    /// Host, port and database, for people: without user and password.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }
}

fn security(mode: Option<&str>, roots: Option<PathBuf>) -> Result<(SslMode, Trust)> {
    let trust = |roots: Option<PathBuf>| roots.map_or(Trust::System, Trust::File);
    Ok(match mode {
        // Where people name authorities, they want them to be asked.
        None if roots.is_some() => (SslMode::Require, trust(roots)),
        None | Some("prefer" | "allow") => (SslMode::Prefer, Trust::Anyone),
        Some("disable") => (SslMode::Disable, Trust::Anyone),
        Some("require") => (SslMode::Require, roots.map_or(Trust::Anyone, Trust::File)),
        Some("verify-ca" | "verify-full") => (SslMode::Require, trust(roots)),
        Some(other) => {
            let known = "disable, prefer, require, verify-ca or verify-full";
            return Err(Error::Address { reason: format!("sslmode={other} is not known: {known}") });
        }
    })
}

fn place(config: &tokio_postgres::Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let database = config.get_dbname().or(config.get_user()).unwrap_or("postgres");
    format!("{host}:{port}/{database}")
}

impl PgOptions {
    pub(super) fn connector(&self) -> Result<tls::Connector> {
        tls::Connector::new(&self.trust)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(address: &str) -> String {
        PgOptions::parse(address).map_or_else(|error| error.to_string(), |options| options.place)
    }

    #[test]
    fn an_address_is_read_and_shown_without_its_secrets() {
        let options =
            PgOptions::parse("postgres://me:pa%20ss@db.example:6000/work?pooler=transaction").unwrap();
        assert_eq!(options.place(), "db.example:6000/work");
        assert!(options.is_pooled);
        assert_eq!(options.config.get_password(), Some(&b"pa ss"[..]));
        assert_eq!(PgOptions::parse("postgresql://me@%2Frun%2Fpg:7/x").unwrap().place(), "/run/pg:7/x");
    }

    #[test]
    fn what_is_no_address_says_why() {
        assert!(problem("mysql://a/b").contains("mysql"));
        assert!(problem("postgres://a/b?sslmode=maybe").contains("verify-full"));
        assert!(problem("postgres://a/b?pooler=x").contains("transaction"));
        assert!(problem("postgres://a/b?nonsense=1").contains("nonsense"));
    }
}
