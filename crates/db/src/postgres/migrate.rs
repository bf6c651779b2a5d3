//! Migrations on PostgreSQL: one transaction, one process at a time.

use super::{failure, session::Session, sql};
use crate::{Error, Migration, MigrationProblem, Result, migration};

/// What SQLite has and PostgreSQL names otherwise, so that one text serves both; and the check of expectations inside the
/// server, which lets a whole transaction be one round trip.
const SETUP: &str = "
CREATE TABLE IF NOT EXISTS headway_migration (
    component TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    PRIMARY KEY (component, version)
);
CREATE OR REPLACE FUNCTION headway_expect(actual BIGINT, wanted BIGINT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
BEGIN
    IF actual <> wanted THEN
        RAISE EXCEPTION 'expected % rows, found %', wanted, actual USING ERRCODE = 'HW001', DETAIL = actual::TEXT;
    END IF;
    RETURN TRUE;
END $$;
-- Of a path only `$.name` is understood.
CREATE OR REPLACE FUNCTION json_extract(document TEXT, path TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT document::JSON ->> substr(path, 3) $$;
CREATE OR REPLACE FUNCTION json_remove(document TEXT, path TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN document::JSON -> substr(path, 3) IS NULL THEN document
   ELSE (SELECT '{' || coalesce(string_agg(to_json(key)::TEXT || ':' || value::TEXT, ','), '') || '}'
         FROM json_each(document::JSON) WHERE key <> substr(path, 3)) END $$;
CREATE OR REPLACE FUNCTION json_each(document TEXT) RETURNS TABLE (value TEXT) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT json_array_elements_text(document::JSON) $$;
";

/// Serialises the migrations of several processes that start at once; held until the transaction ends.
const LOCK: &str = "SELECT pg_advisory_xact_lock(4851021942)";

/// Brings the schema up to date, all of it or nothing.
pub(super) async fn run(session: &Session, place: &str, migrations: &[Migration]) -> Result<()> {
    migration::check_order(migrations)?;
    let failed = |what| move |source| failure::outside(what, place, source);
    let client = &session.client;
    client.batch_execute("BEGIN").await.map_err(failed("begin a migration"))?;
    client.batch_execute(LOCK).await.map_err(failed("wait for other processes' migrations"))?;
    let result = apply(session, place, migrations).await;
    let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = client.batch_execute(end).await.map_err(failed("end a migration"));
    result.and(ended)
}

async fn apply(session: &Session, place: &str, migrations: &[Migration]) -> Result<()> {
    let client = &session.client;
    let failed = |source| failure::outside("read the migrations", place, source);
    client.batch_execute(SETUP).await.map_err(failed)?;
    let mut applied = migration::Applied::new();
    let rows = client.simple_query("SELECT component, version, checksum FROM headway_migration").await;
    for message in rows.map_err(failed)? {
        if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
            let column = |index| row.get(index).unwrap_or_default().to_owned();
            let version = column(1).parse().unwrap_or(0);
            applied.entry(column(0)).or_default().insert(version, column(2));
        }
    }
    migration::check_applied(&applied, migrations)?;
    for step in migrations {
        if applied.get(step.component).is_some_and(|versions| versions.contains_key(&step.version)) {
            continue;
        }
        let problem = |source: Option<crate::Source>| Error::Migration {
            component: step.component.to_owned(),
            version: step.version,
            problem: MigrationProblem::Sql,
            source,
        };
        let text = translated(step).map_err(|missing| problem(Some(missing.into())))?;
        let record = format!(
            "INSERT INTO headway_migration (component, version, name, checksum) VALUES ('{}', {}, '{}', '{}')",
            step.component,
            step.version,
            step.name.replace('\'', "''"),
            migration::checksum(step.sql)
        );
        client.batch_execute(&text).await.map_err(|source| problem(Some(source.into())))?;
        client.batch_execute(&record).await.map_err(|source| problem(Some(source.into())))?;
    }
    Ok(())
}

/// A step's text for PostgreSQL.
fn translated(step: &Migration) -> std::result::Result<String, String> {
    let mut text = step.sql.to_owned();
    for (sqlite, postgres) in step.differs {
        if !text.contains(sqlite) {
            return Err(format!("'{sqlite}' is not in the text that it stands for"));
        }
        text = text.replace(sqlite, postgres);
    }
    Ok(sql::schema(&text))
}
