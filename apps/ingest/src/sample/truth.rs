//! What was written, and what an ingest of it has to find.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::broken::{BrokenFile, Expectation};
use super::plan::{Form, Place, Planned, Relation};

/// What [`super::write_sample`] wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleReport {
    /// The folder.
    pub directory: PathBuf,
    /// Good media files by kind: `png`, `jpeg`, `webp`, `gif`, `mp4`, `webm`.
    pub by_kind: BTreeMap<String, u32>,
    /// Bytes of the good media files.
    pub bytes: u64,
    /// What an ingest has to find.
    pub truth: Truth,
    /// The broken files, one by one.
    pub broken: Vec<BrokenFile>,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

/// What an ingest of a sample has to find. Figures count good files only, unless they say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// Media files found by the default patterns, broken ones included, links and score files not.
    pub discovered: u32,
    /// Files that fail, all of them broken.
    pub failed: u32,
    /// Files (broken ones included) whose metadata or score gives an error while the file is read.
    pub errors_besides_failures: u32,
    /// Good images.
    pub images: u32,
    /// Clips.
    pub videos: u32,
    /// Files with generation settings of either kind.
    pub with_generation: u32,
    /// … in AUTOMATIC1111's form in a PNG text chunk.
    pub with_parameters: u32,
    /// … in AUTOMATIC1111's form in EXIF's user comment (JPEG, WebP).
    pub with_user_comment: u32,
    /// … in ComfyUI's form.
    pub with_comfy: u32,
    /// Files with a camera in EXIF.
    pub with_camera: u32,
    /// Files with a GPS position.
    pub with_position: u32,
    /// Files that are to be turned (EXIF orientation 3, 6 or 8).
    pub turned: u32,
    /// Files with XMP.
    pub with_xmp: u32,
    /// Files with IPTC.
    pub with_iptc: u32,
    /// Files with a valid score file, score 0 included.
    pub with_score_file: u32,
    /// … whose score is not 0.
    pub rated: u32,
    /// … marked as favourite.
    pub favourites: u32,
    /// Score files that are wrong, beside broken files.
    pub bad_score_files: u32,
    /// Groups of two or more files with the same bytes.
    pub exact_groups: u32,
    /// Files in those groups.
    pub exact_files: u32,
    /// Pictures made again by scaling, brightening or re-encoding, each from an original.
    pub near_copies: u32,
    /// Pairs of files that share folder and stem but not their extension.
    pub twin_stems: u32,
    /// Files with a name that wants to be trouble.
    pub odd_names: u32,
    /// Folders that hold media files, the sample's own and `broken` included.
    pub folders: u32,
}

pub(super) fn report(
    directory: &Path,
    files: &[Planned],
    broken: Vec<BrokenFile>,
    bytes: u64,
) -> SampleReport {
    let mut by_kind = BTreeMap::new();
    for file in files {
        let kind = match file.content.form {
            Form::Jpeg(_) => "jpeg",
            form => form.extension(),
        };
        *by_kind.entry(kind.to_owned()).or_default() += 1;
    }
    let truth = truth(files, &broken);
    SampleReport { directory: directory.to_owned(), by_kind, bytes, truth, broken, notes: Vec::new() }
}

fn truth(files: &[Planned], broken: &[BrokenFile]) -> Truth {
    let count = |wanted: &dyn Fn(&Planned) -> bool| files.iter().filter(|f| wanted(f)).count() as u32;
    let place = |file: &Planned| file.content.carried.generation.as_ref().map(|(place, _)| *place);
    let exif = |file: &Planned| file.content.carried.exif.clone().unwrap_or_default();
    let spoiled =
        |wanted: &[Expectation]| broken.iter().filter(|file| wanted.contains(&file.expect)).count() as u32;
    let videos = count(&|f| matches!(f.content.form, Form::Video(_)));
    let links = spoiled(&[Expectation::NotDiscovered]);
    let (exact_groups, exact_files) = exact(files);
    Truth {
        discovered: (files.len() + broken.len()) as u32 - links,
        failed: spoiled(&[Expectation::FileFails]),
        errors_besides_failures: spoiled(&[Expectation::MetadataError, Expectation::ScoreError]),
        images: files.len() as u32 - videos,
        videos,
        with_generation: count(&|f| place(f).is_some()),
        with_parameters: count(&|f| matches!(place(f), Some(Place::Parameters(_)))),
        with_user_comment: count(&|f| place(f) == Some(Place::UserComment)),
        with_comfy: count(&|f| place(f) == Some(Place::Comfy)),
        with_camera: count(&|f| !exif(f).model.is_empty()),
        with_position: count(&|f| exif(f).position.is_some()),
        turned: count(&|f| exif(f).orientation > 1),
        with_xmp: count(&|f| f.content.carried.xmp.is_some()),
        with_iptc: count(&|f| f.content.carried.iptc.is_some()),
        with_score_file: count(&|f| f.sidecar.is_some()),
        rated: count(&|f| f.sidecar.is_some_and(|s| s.score != 0)),
        favourites: count(&|f| f.sidecar.is_some_and(|s| s.favourite)),
        bad_score_files: spoiled(&[Expectation::ScoreError]),
        exact_groups,
        exact_files,
        near_copies: count(&|f| matches!(f.relation, Relation::NearCopyOf(_))),
        twin_stems: twin_stems(files),
        odd_names: count(&|f| f.path.starts_with("odd names")),
        folders: folders(files, broken),
    }
}

fn exact(files: &[Planned]) -> (u32, u32) {
    let mut copied = BTreeSet::new();
    let mut copies = 0;
    for file in files {
        if let Relation::ExactCopyOf(of) = file.relation {
            copied.insert(of);
            copies += 1;
        }
    }
    (copied.len() as u32, copied.len() as u32 + copies)
}

fn twin_stems(files: &[Planned]) -> u32 {
    let mut stems: BTreeMap<PathBuf, u32> = BTreeMap::new();
    for file in files {
        *stems.entry(file.path.with_extension("")).or_default() += 1;
    }
    stems.values().filter(|n| **n > 1).count() as u32
}

fn folders(files: &[Planned], broken: &[BrokenFile]) -> u32 {
    let paths = files.iter().map(|f| &f.path).chain(broken.iter().map(|f| &f.path));
    paths.filter_map(|path| path.parent()).collect::<BTreeSet<_>>().len() as u32
}
