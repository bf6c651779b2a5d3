//! Files that are wrong in every way an ingest must survive, each with what is to come of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::encode::container::jpeg_with;
use super::encode::exif;
use super::encode::text::{chunk, deflated, insert_chunks};
use super::plan::{Content, Edit, Form, Pixels, sidecar_path};
use super::render;
use super::scene::Scene;

/// Bytes that the zTXt bomb expands to: 64 MiB from about 300 KiB.
pub const BOMB_BYTES: usize = 64 * 1024 * 1024;

/// What is to come of a broken file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// The file fails, with a reason; the run goes on.
    FileFails,
    /// The picture is read; its metadata give an error.
    MetadataError,
    /// The picture is read; its score file gives an error and the file counts as unrated.
    ScoreError,
    /// All is well, whatever the name says.
    Reads,
    /// Not a file: it is not found, or skipped.
    NotDiscovered,
}

/// One broken file of a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenFile {
    /// Below the sample's folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
    /// What is to come of it.
    pub expect: Expectation,
}

/// What one case is written as.
enum Body {
    Bytes(Vec<u8>),
    /// The picture, and the text of its score file.
    WithScore(Vec<u8>, &'static str),
    /// Bytes that nobody may read.
    Unreadable(Vec<u8>),
    /// A link to a file that is not there.
    DanglingLink,
}

struct Case {
    name: &'static str,
    what: &'static str,
    expect: Expectation,
    body: Body,
}

/// Writes `broken/…` below `root` and appends every path written, score files included, to `written`.
pub(super) fn write(
    root: &Path,
    seed: u64,
    written: &mut Vec<PathBuf>,
) -> Result<Vec<BrokenFile>, (PathBuf, io::Error)> {
    let folder = Path::new("broken");
    let at = |path: &Path| root.join(path);
    for folder in [folder.to_owned(), folder.join(".scores")] {
        fs::create_dir_all(at(&folder)).map_err(|e| (at(&folder), e))?;
    }
    let mut files = Vec::new();
    let cases = cases(seed).map_err(|e| (at(folder), io::Error::other(e)))?;
    for case in cases {
        let path = folder.join(case.name);
        let failed = |e| (at(&path), e);
        match case.body {
            Body::Bytes(bytes) => fs::write(at(&path), bytes).map_err(failed)?,
            Body::WithScore(bytes, score) => {
                fs::write(at(&path), bytes).map_err(failed)?;
                fs::write(at(&sidecar_path(&path)), score).map_err(failed)?;
                written.push(sidecar_path(&path));
            }
            Body::Unreadable(bytes) => {
                fs::write(at(&path), bytes).map_err(failed)?;
                forbid(&at(&path)).map_err(failed)?;
            }
            Body::DanglingLink => {
                if !dangling(&at(&path)).map_err(failed)? {
                    continue;
                }
            }
        }
        written.push(path.clone());
        files.push(BrokenFile { path, what: case.what.to_owned(), expect: case.expect });
    }
    Ok(files)
}

fn cases(seed: u64) -> Result<Vec<Case>, image::ImageError> {
    use Expectation::{FileFails, MetadataError, NotDiscovered, Reads, ScoreError};
    let png = small(seed, Form::Png(Pixels::Rgb))?;
    let jpeg = small(seed + 1, Form::Jpeg(85))?;
    let webp = small(seed + 2, Form::WebP)?;
    let gif = small(seed + 3, Form::Gif(1))?;
    let cut = |bytes: &[u8], share: usize| Body::Bytes(bytes[..bytes.len() * share / 100].to_vec());
    let case = |name, what, expect, body| Case { name, what, expect, body };
    let picture = |n: u64| small(seed + n, Form::Png(Pixels::Rgb));
    // Nobody but root is stopped by permissions.
    let unreadable = if is_root() { Reads } else { FileFails };
    Ok(vec![
        case("truncated.png", "cut off in the middle of its pixels", FileFails, cut(&png, 60)),
        case("truncated.jpg", "cut off in the middle of its pixels", FileFails, cut(&jpeg, 60)),
        case("truncated.webp", "cut off in the middle of its pixels", FileFails, cut(&webp, 60)),
        case("truncated.gif", "cut off in the middle of its pixels", FileFails, cut(&gif, 60)),
        case("header-only.jpg", "only the first 12 bytes", FileFails, Body::Bytes(jpeg[..12].to_vec())),
        case("huge-header.png", "claims 50,000×50,000 pixels", FileFails, Body::Bytes(huge_header())),
        case("flipped-bits.png", "pixels do not inflate", FileFails, Body::Bytes(flipped(&png))),
        case("empty.png", "0 bytes", FileFails, Body::Bytes(Vec::new())),
        case(
            "text.jpg",
            "a text file with a picture's name",
            FileFails,
            Body::Bytes(b"This is not a picture.\n".to_vec()),
        ),
        case("ztxt-bomb.png", "a text chunk that expands to 64 MiB", MetadataError, bomb(&picture(4)?)),
        case(
            "exif-loop.jpg",
            "EXIF directories that lead to themselves",
            MetadataError,
            Body::Bytes(jpeg_with(&jpeg, &exif::looping(), "", &[])),
        ),
        case("png-in-disguise.jpg", "a PNG with a JPEG's name", Reads, Body::Bytes(picture(5)?)),
        case(
            "half-score.png",
            "a half-written score file",
            ScoreError,
            Body::WithScore(picture(6)?, "{\"score\": 4, \"favou"),
        ),
        case(
            "score-out-of-range.png",
            "a score of 11",
            ScoreError,
            Body::WithScore(picture(7)?, "{\"score\": 11, \"favourite\": false}\n"),
        ),
        case(
            "score-of-wrong-type.png",
            "a score in words",
            ScoreError,
            Body::WithScore(picture(8)?, "{\"score\": \"five\"}\n"),
        ),
        case("unreadable.png", "without read permission", unreadable, Body::Unreadable(picture(9)?)),
        case("dangling-link.png", "a link to nothing", NotDiscovered, Body::DanglingLink),
    ])
}

/// A small good file to spoil.
fn small(seed: u64, form: Form) -> Result<Vec<u8>, image::ImageError> {
    render::bytes(&Content {
        scene: Scene::ALL[seed as usize % Scene::ALL.len()],
        seed,
        width: 160,
        height: 120,
        edit: Edit::Grain(3),
        form,
        carried: super::plan::Carried::default(),
    })
}

/// A PNG of a few bytes that claims 2.5 gigapixels.
fn huge_header() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let side = 50_000_u32.to_be_bytes();
    let header = [&side[..], &side[..], &[8, 6, 0, 0, 0]].concat();
    bytes.extend(chunk(b"IHDR", &header));
    bytes.extend(chunk(b"IDAT", &deflated(&[0; 64])));
    bytes.extend(chunk(b"IEND", &[]));
    bytes
}

/// A PNG whose compressed pixels are garbage, with checksums that agree.
fn flipped(png: &[u8]) -> Vec<u8> {
    let mut bytes = png[..33].to_vec();
    let garbage: Vec<u8> = (0..400_u32).map(|i| (i * i % 251) as u8 | 6).collect();
    bytes.extend(chunk(b"IDAT", &garbage));
    bytes.extend(chunk(b"IEND", &[]));
    bytes
}

fn bomb(png: &[u8]) -> Body {
    let mut body = b"parameters\0\0".to_vec();
    body.extend(deflated(&vec![b'a'; BOMB_BYTES]));
    Body::Bytes(insert_chunks(png, &[chunk(b"zTXt", &body)]))
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    true
}

#[cfg(unix)]
fn forbid(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o000))
}

#[cfg(not(unix))]
fn forbid(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether a link could be made: not every system has them.
#[cfg(unix)]
fn dangling(path: &Path) -> io::Result<bool> {
    std::os::unix::fs::symlink("no-such-file.png", path).map(|()| true)
}

#[cfg(not(unix))]
fn dangling(_path: &Path) -> io::Result<bool> {
    Ok(false)
}
