//! PgBouncer before a PostgreSQL server.

use crate::{Error, postgres};
use std::{io::Write as _, net::TcpListener, process::Child};

/// A pooler that gives each transaction whichever session is free; it ends with the value.
pub struct PgBouncer {
    place: String,
    child: Child,
    folder: tempfile::TempDir,
}

impl PgBouncer {
    /// A pooler before the server of `url`.
    ///
    /// # Errors
    /// [`Error`].
    pub fn before(url: &str) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("headway-pgbouncer-").tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = port_of(url);
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={server} user=headway\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = 6\n"
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, settings)?;
        for path in [folder.path(), &file] {
            postgres::give(path)?;
        }
        // The first ends older ones at once; newer ones wait for their clients, and end at once by the second.
        let child = postgres::keep("pgbouncer", "TERM QUIT", folder.path(), [file.as_os_str()])?;
        let pooler = Self { place: format!("127.0.0.1:{port}"), child, folder };
        postgres::answers(&format!("postgres://headway@{}", pooler.place))?;
        Ok(pooler)
    }

    /// The address by which a database of the server is reached through the pooler.
    pub fn url(&self, database: &str) -> String {
        let name = database.rsplit('/').next().unwrap_or_default();
        format!("postgres://headway@{}/{name}?pooler=transaction", self.place)
    }
}

fn port_of(url: &str) -> &str {
    let place = url.rsplit_once('@').map_or(url, |(_, place)| place);
    let place = place.split('/').next().unwrap_or(place);
    place.split_once(':').map_or("5432", |(_, port)| port)
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // The closed pipe ends it; its folder goes as well, whoever is first.
        if let Some(mut pipe) = self.child.stdin.take() {
            let _ = pipe.flush();
        }
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(self.folder.path());
    }
}
