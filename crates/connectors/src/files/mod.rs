//! Files in a directory: `DIRECTORY/RUN/items.jsonl`, and what is made from it.
//!
//! ```text
//! parcels ─append, sync─▶ items.jsonl (the truth) ─made whole, renamed─▶ items.csv · items.json · items.md
//! ```
//! An item is there once its line is in the journal: it is found there by its reference, so nothing is written twice. A
//! process killed after the line and before the other files leaves them behind by some items; the next call makes them anew.

mod journal;
mod views;

use crate::settings::{plain, read, wrong};
use activity::connector::{
    Answer, Connector, ConnectorFuture, Guarantee, Lookup, Pace, PaceHint, Parcel, Permanence, Preview, Reply,
};
use journal::Journal;
use model::{Remote, TaskError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use vault::Secret;
use views::Format;

/// The kind's name.
pub const KIND: &str = "files";

const KEYS: [&str; 2] = ["directory", "formats"];
/// Parcels in one call: the files are made anew for each, so a call takes many.
const BATCH: usize = 500;
const PATH_CHARS: usize = 4_000;
const JOURNAL: &str = "items.jsonl";

#[derive(Deserialize)]
struct Settings {
    directory: String,
    formats: Vec<Format>,
}

/// The connector.
pub struct Files {
    folder: Arc<Folder>,
}

struct Folder {
    directory: PathBuf,
    formats: Vec<Format>,
}

impl Files {
    /// A connector with these settings. There is no secret.
    ///
    /// # Errors
    /// `invalid_settings`.
    pub fn new(settings: &Value, secret: Option<&Secret>) -> Result<Self, TaskError> {
        let settings: Settings = read(KIND, settings, &KEYS)?;
        plain(KIND, "directory", &settings.directory, PATH_CHARS)?;
        let directory = PathBuf::from(&settings.directory);
        let climbs = directory.components().any(|part| part == std::path::Component::ParentDir);
        if !directory.is_absolute() || climbs {
            return Err(wrong(KIND, "`directory` must be an absolute path without `..`"));
        }
        if settings.formats.is_empty() {
            return Err(
                wrong(KIND, "`formats` is empty").with_help("name at least one of csv, json, markdown")
            );
        }
        if secret.is_some() {
            return Err(
                wrong(KIND, "it has a secret, which files do not need").with_help("remove the credential")
            );
        }
        Ok(Self { folder: Arc::new(Folder { directory, formats: settings.formats }) })
    }

    /// Runs what waits for the disk on a thread that may.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> T + Send + 'static,
    ) -> Option<T> {
        let folder = Arc::clone(&self.folder);
        tokio::task::spawn_blocking(move || work(&folder)).await.ok()
    }
}

impl Connector for Files {
    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnceEffect
    }

    fn pace(&self) -> Pace {
        Pace { batch: BATCH, parallel: 1, timeout_ms: 120_000, ..Pace::default() }
    }

    fn deliver<'a>(&'a self, parcels: &'a [Parcel]) -> ConnectorFuture<'a, Reply<Answer>> {
        let owned = parcels.to_vec();
        Box::pin(async move {
            let answers = self.blocking(move |folder| folder.deliver(&owned)).await;
            let cut = || Answer::NoAnswer { error: TaskError::new("interrupted", "writing was interrupted") };
            Reply {
                answers: answers.unwrap_or_else(|| vec![cut(); parcels.len()]),
                pace: PaceHint::default(),
            }
        })
    }

    fn look_up<'a>(&'a self, parcels: &'a [Parcel]) -> ConnectorFuture<'a, Reply<Lookup>> {
        let owned = parcels.to_vec();
        Box::pin(async move {
            let answers = self.blocking(move |folder| folder.look_up(&owned)).await;
            let error = || TaskError::new("interrupted", "reading was interrupted");
            let cut = || Lookup::NotNow { after_ms: None, error: error() };
            Reply {
                answers: answers.unwrap_or_else(|| vec![cut(); parcels.len()]),
                pace: PaceHint::default(),
            }
        })
    }

    fn preview(&self, parcel: &Parcel) -> Result<Preview, TaskError> {
        let payload: Value = serde_json::from_str(parcel.payload.get())
            .map_err(|_| TaskError::new("invalid_payload", "this delivery's payload is no JSON"))?;
        let body = json!({
            "parent": parcel.parent.as_ref().map(|parent| &*parent.id),
            "kind": &*parcel.kind,
            "title": &*parcel.title,
            "key": &*parcel.key,
            "reference": &*parcel.reference,
            "item": payload,
        });
        let path = self.folder.of(parcel).join(JOURNAL);
        Ok(Preview {
            method: "APPEND".to_owned(),
            url: path.display().to_string(),
            headers: Vec::new(),
            body,
        })
    }

    fn test(&self) -> ConnectorFuture<'_, Result<String, TaskError>> {
        Box::pin(async {
            let lost = || Err(TaskError::new("interrupted", "the test was interrupted"));
            self.blocking(Folder::try_out).await.unwrap_or_else(lost)
        })
    }
}

impl Folder {
    fn of(&self, parcel: &Parcel) -> PathBuf {
        self.directory.join(parcel.run.to_string())
    }

    /// Parcels' indexes by their run's folder.
    fn by_run(&self, parcels: &[Parcel]) -> BTreeMap<PathBuf, Vec<usize>> {
        let mut runs: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
        for (index, parcel) in parcels.iter().enumerate() {
            runs.entry(self.of(parcel)).or_default().push(index);
        }
        runs
    }

    fn deliver(&self, parcels: &[Parcel]) -> Vec<Answer> {
        let mut answers: Vec<Option<Answer>> = vec![None; parcels.len()];
        for (folder, indexes) in self.by_run(parcels) {
            let written = self.write(&folder, indexes.iter().map(|index| &parcels[*index]));
            for index in indexes {
                answers[index] = Some(match &written {
                    Ok(journal) => match journal.id(&parcels[index].reference) {
                        Some(id) => Answer::Delivered(remote(id)),
                        None => Answer::NoAnswer {
                            error: TaskError::new("not_written", "the item is not in the file"),
                        },
                    },
                    Err(error) => failed(&folder, error),
                });
            }
        }
        answers.into_iter().flatten().collect()
    }

    fn write<'a>(&self, folder: &Path, parcels: impl Iterator<Item = &'a Parcel>) -> io::Result<Journal> {
        fs::create_dir_all(folder)?;
        let path = folder.join(JOURNAL);
        let fresh = !path.try_exists()?;
        let mut journal = Journal::open(&path)?;
        if fresh {
            // The names are as durable as what they name.
            sync(folder)?;
            sync(&self.directory)?;
        }
        journal.append(parcels)?;
        self.refresh(&journal, folder)?;
        Ok(journal)
    }

    /// Makes the files that are read. The journal has all already, so an error here takes nothing back: it is looked up.
    fn refresh(&self, journal: &Journal, folder: &Path) -> io::Result<()> {
        self.formats
            .iter()
            .try_for_each(|format| views::write(journal, folder, *format))
            .map_err(|error| io::Error::new(io::ErrorKind::Interrupted, Refresh(error)))
    }

    fn look_up(&self, parcels: &[Parcel]) -> Vec<Lookup> {
        let mut lookups: Vec<Option<Lookup>> = vec![None; parcels.len()];
        for (folder, indexes) in self.by_run(parcels) {
            let found = self.find(&folder, &indexes, parcels);
            for (at, index) in indexes.iter().enumerate() {
                lookups[*index] = Some(match &found {
                    Ok(ids) => ids[at].map_or(Lookup::Absent, |id| Lookup::Found(remote(id))),
                    Err(error) => Lookup::NotNow { after_ms: None, error: describe(&folder, error) },
                });
            }
        }
        lookups.into_iter().flatten().collect()
    }

    fn find(&self, folder: &Path, indexes: &[usize], parcels: &[Parcel]) -> io::Result<Vec<Option<u64>>> {
        let path = folder.join(JOURNAL);
        if !path.try_exists()? {
            return Ok(vec![None; indexes.len()]);
        }
        let journal = Journal::open(&path)?;
        let ids: Vec<Option<u64>> =
            indexes.iter().map(|index| journal.id(&parcels[*index].reference)).collect();
        if ids.iter().any(Option::is_some) {
            journal.sync()?;
            // Who wrote them may not have come to the other files.
            self.refresh(&journal, folder)?;
        }
        Ok(ids)
    }

    fn try_out(&self) -> Result<String, TaskError> {
        let probe = self.directory.join(".headway-test");
        let tried = fs::create_dir_all(&self.directory)
            .and_then(|()| fs::write(&probe, b"x"))
            .and_then(|()| fs::remove_file(&probe));
        match tried {
            Ok(()) => Ok(format!("{} can be written to", self.directory.display())),
            Err(error) => Err(describe(&self.directory, &error)),
        }
    }
}

/// An error that came after the journal had been written.
#[derive(Debug, thiserror::Error)]
#[error("the items are written, but the files made from them are not: {0}")]
struct Refresh(io::Error);

fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

fn remote(id: u64) -> Remote {
    Remote { id: id.to_string().into(), url: None }
}

fn failed(folder: &Path, error: &io::Error) -> Answer {
    let described = describe(folder, error);
    if error.get_ref().is_some_and(|inner| inner.is::<Refresh>()) {
        return Answer::NoAnswer { error: described };
    }
    match error.kind() {
        // Someone must set the rights: until then nothing can be written.
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Answer::Unauthorized { error: described }
        }
        io::ErrorKind::InvalidData | io::ErrorKind::NotADirectory => {
            Answer::Refused { error: described, permanent: Permanence::MayChange }
        }
        _ => Answer::Unavailable { after_ms: None, error: described },
    }
}

fn describe(folder: &Path, error: &io::Error) -> TaskError {
    let (code, help) = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            ("permission_denied", "let the user that Headway runs as write there")
        }
        io::ErrorKind::ReadOnlyFilesystem => ("read_only", "choose a directory that can be written to"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ("disk_full", "free some space"),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            ("not_a_directory", "move the file of that name away")
        }
        io::ErrorKind::InvalidData => ("damaged", "move items.jsonl away; the items are still in Headway"),
        _ => ("write_failed", "look at the disk and the directory"),
    };
    TaskError::new(code, format!("{} cannot be written: {error}", folder.display())).with_help(help)
}
