//! Every SQL text of the workspace can be prepared on both engines, on the schema that all migrations give.

use db::{Db, Migration, Options, PgOptions};
use std::path::{Path, PathBuf};

/// What the code fills in, with something of the same form.
const PLACES: [(&str, &str); 9] = [
    ("/*where*/", "AND TRUE"),
    ("/*kinds*/", "AND kind IN ('log')"),
    ("/*states*/", "AND state IN (1, 2)"),
    ("/*among*/", "TRUE"),
    ("/*index*/", ""),
    ("/*facts*/", "f.path"),
    ("/*order*/", "1"),
    ("/*limit*/", "10"),
    ("WHERE AND TRUE", "WHERE TRUE"),
];

fn migrations() -> Vec<Migration> {
    [store::MIGRATIONS, server::MIGRATIONS, ingest::tables::MIGRATIONS, backlog::tables::MIGRATIONS].concat()
}

struct Text {
    place: PathBuf,
    sqlite: String,
    postgres: String,
}

/// All texts in files, but for schemas; beside `x.sql` may stand `x.postgres.sql`.
fn texts() -> Vec<Text> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    let mut folders = vec![root.join("crates"), root.join("apps")];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path())
        {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if entry.is_dir() && name != "target" {
                folders.push(entry);
            } else if name.ends_with(".sql")
                && !name.ends_with(".postgres.sql")
                && !name.starts_with("schema_")
            {
                let read = |path: &Path| std::fs::read_to_string(path).expect("a text");
                let other = entry.with_extension("postgres.sql");
                let sqlite = filled(&name, read(&entry));
                let postgres = if other.exists() { filled(&name, read(&other)) } else { sqlite.clone() };
                found.push(Text { place: entry, sqlite, postgres });
            }
        }
    }
    found
}

fn filled(name: &str, text: String) -> String {
    let mut text = PLACES.iter().fold(text, |text, (place, with)| text.replace(place, with));
    if name.starts_with("facts_") {
        text = format!("SELECT {text} FROM media AS f");
    }
    if name == "preview_errors.sql" || name.starts_with("preview_") && text.contains("AS f\nWHERE AND") {
        text = text.replace("AND TRUE", "TRUE");
    }
    // Runs have their state in words.
    if text.contains("FROM runs") {
        text = text.replace("AND state IN (1, 2)", "AND state IN ('running')");
    }
    if name == "read_tasks.sql" {
        text = text.replace("AND state IN", "AND t.state IN");
    }
    text.replace("= ?1 AND AND TRUE", "= ?1 AND TRUE")
}

fn problems(db: &Db, text: impl Fn(&Text) -> String, runtime: &tokio::runtime::Runtime) -> Vec<String> {
    let mut problems = Vec::new();
    for one in texts() {
        if let Err(error) = runtime.block_on(db.prepare(text(&one))) {
            let source =
                std::error::Error::source(&error).map(|source| format!("{source:?}")).unwrap_or_default();
            problems.push(format!("{}: {error}\n    {source}", one.place.display()));
        }
    }
    problems
}

#[test]
fn every_statement_can_be_prepared_on_both_engines() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    assert!(texts().len() > 100, "the texts are found");
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = Db::open(Options::new(folder.path().join("test.db")), &migrations()).expect("it opens");
    let mut wrong = problems(&sqlite, |text| text.sqlite.clone(), &runtime);
    if let Some(database) = servers::database() {
        let options = PgOptions::parse(&database.url).expect("an address");
        let postgres = runtime.block_on(Db::connect(options, &migrations())).expect("it opens");
        wrong.extend(problems(&postgres, |text| text.postgres.clone(), &runtime));
        postgres.close_blocking();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
