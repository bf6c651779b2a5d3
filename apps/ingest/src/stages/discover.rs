//! Discover: walk the directories, name every file that fits.
//!
//! The walk is in the order of names, so that two walks of the same tree are the same; a file is an item by its path, so
//! that a walk begun again after a crash adds nothing twice.

use super::{Found, IngestOptions, Trouble, note};
use crate::{
    Params,
    files::{Roots, text_of_path},
    meta::sidecar::SIDECAR_FOLDER,
    tables,
};
use activity::{Activity, AttemptFuture, Chunk, Context, EmitError, Items, Outcome, Success};
use globset::GlobSet;
use model::{Failure, Item};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Files of one chunk.
const CHUNK: usize = 500;

/// Deepest folder below a directory that is looked into.
const MAX_DEPTH: usize = 64;

/// Unreadable places that are listed; more are counted as one.
const MAX_TROUBLES: usize = 1_000;

pub(super) struct Discover(pub(super) Arc<IngestOptions>);

impl Activity for Discover {
    fn run(self: Arc<Self>, context: Context) -> AttemptFuture {
        Box::pin(async move {
            let walking = tokio::task::spawn_blocking(move || discover(&self.0.roots, &context));
            walking.await.unwrap_or_else(|error| {
                Failure::permanent("panicked", format!("the walk ended without an answer: {error}")).into()
            })
        })
    }
}

fn discover(roots: &Roots, context: &Context) -> Outcome {
    let params: Params = match context.input() {
        Ok(params) => params,
        Err(error) => return super::unreadable(&error),
    };
    let matcher = match params.matcher() {
        Ok(matcher) => matcher,
        Err(error) => return Failure::permanent(error.code(), error.to_string()).into(),
    };
    let mut walk = Walk {
        roots,
        context,
        matcher,
        recursive: params.recursive,
        left: params.max_files.unwrap_or(u64::MAX),
        found: 0,
        chunk: Vec::new(),
        troubles: Vec::new(),
        seen: HashSet::new(),
    };
    for place in params.places() {
        // The root was checked when the run was started; a link may have changed since.
        match roots.directory(&place) {
            Ok(directory) => {
                if let Err(stop) = walk.folder(&directory, 0) {
                    return stop;
                }
            }
            Err(error) => walk.trouble(&place, error.code(), error.to_string()),
        }
    }
    walk.finish()
}

struct Walk<'a> {
    roots: &'a Roots,
    context: &'a Context,
    matcher: GlobSet,
    recursive: bool,
    left: u64,
    found: u64,
    chunk: Vec<Item>,
    troubles: Vec<(PathBuf, Trouble)>,
    /// Folders walked, where they really are: two directories may overlap, and a link may lead back.
    seen: HashSet<PathBuf>,
}

impl Walk<'_> {
    /// Walks one folder. The error is how the attempt ends early.
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), Outcome> {
        if self.left == 0 || !self.seen.insert(folder.to_path_buf()) {
            return Ok(());
        }
        if depth > MAX_DEPTH {
            let text = format!("folders nest deeper than {MAX_DEPTH}; what is below was left out");
            self.trouble(folder, "too_deep", text);
            return Ok(());
        }
        if self.context.is_cancelled() {
            return Err(Outcome::Cancelled);
        }
        let mut entries = Vec::new();
        match std::fs::read_dir(folder) {
            Ok(reading) => {
                for entry in reading {
                    match entry {
                        Ok(entry) => entries.push(entry.path()),
                        Err(error) => self.trouble(folder, "unreadable_directory", error.to_string()),
                    }
                }
            }
            Err(error) => {
                self.trouble(folder, "unreadable_directory", format!("the folder cannot be read: {error}"));
                return Ok(());
            }
        }
        entries.sort_unstable();
        for path in entries {
            self.entry(&path, depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, depth: usize) -> Result<(), Outcome> {
        let Ok(own) = std::fs::symlink_metadata(path) else { return Ok(()) };
        // A link counts as what it leads to, if that is below a root; its name stays its own.
        let metadata = if own.is_symlink() {
            match path.canonicalize() {
                Ok(real) if self.roots.paths().iter().any(|root| real.starts_with(root)) => real.metadata(),
                // A link that leads nowhere, or out of the roots, is no file of this library.
                _ => return Ok(()),
            }
        } else {
            Ok(own)
        };
        let Ok(metadata) = metadata else { return Ok(()) };
        if metadata.is_dir() {
            let hidden_scores = path.file_name().is_some_and(|name| name == SIDECAR_FOLDER);
            if self.recursive && !hidden_scores {
                let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
                return self.folder(&real, depth + 1);
            }
            return Ok(());
        }
        let fits = path.file_name().is_some_and(|name| self.matcher.is_match(Path::new(name)));
        if metadata.is_file() && fits && self.left > 0 {
            self.left -= 1;
            return self.file(path, metadata.len());
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, size: u64) -> Result<(), Outcome> {
        let text = text_of_path(path);
        let found = Found { path: text.clone(), size };
        let item = Item::new(text, &found)
            .map_err(|error| Failure::permanent("not_json", format!("a file's item: {error}")))?;
        self.chunk.push(item);
        self.found += 1;
        if self.chunk.len() >= CHUNK { self.emit() } else { Ok(()) }
    }

    fn emit(&mut self) -> Result<(), Outcome> {
        let items = std::mem::take(&mut self.chunk);
        self.context.progress(self.found, 0, format!("{} files found", self.found));
        match self.context.emit_blocking(Chunk { items, ..Chunk::default() }) {
            Ok(()) => Ok(()),
            Err(EmitError::Superseded) => Err(Outcome::Cancelled),
            Err(error @ EmitError::Refused(_)) => {
                Err(Failure::transient("chunk_refused", error.to_string()).into())
            }
        }
    }

    fn trouble(&mut self, place: &Path, code: &str, message: String) {
        if self.troubles.len() < MAX_TROUBLES {
            self.troubles.push((place.to_path_buf(), Trouble::new(code, message)));
        }
    }

    fn finish(mut self) -> Outcome {
        let items = std::mem::take(&mut self.chunk);
        let mut success = Success { items: Items::These(items), ..Success::default() };
        let attempt = self.context.attempt();
        success.effects.write(tables::stage_mended(attempt.run, &attempt.stage));
        for (index, (place, trouble)) in self.troubles.iter().enumerate() {
            // Each place is an entry of its own, under its own key.
            let mut attempt = self.context.attempt().clone();
            attempt.key = Arc::from(format!("{index:04}"));
            note(&mut success.effects, &attempt, &text_of_path(place), std::slice::from_ref(trouble));
        }
        success.into()
    }
}
