//! A whole ingest of 2,000 images, beside a bare loop that reads, hashes and decodes the same files on all cores.

use crate::harness::{Bed, bed_with, figure, over};
use anyhow::{Context as _, Result};
use ingest::{
    IngestOptions, Params,
    files::Roots,
    sample::{SampleOptions, Videos, write_sample},
};
use sha2::{Digest as _, Sha256};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Images; `HEADWAY_BENCH_IMAGES` sets another number.
const IMAGES: u32 = 2_000;

fn image_count() -> u32 {
    std::env::var("HEADWAY_BENCH_IMAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(IMAGES)
}

/// `ingest_files_per_s`, `ingest_bare_files_per_s`, `ingest_ratio`.
pub(crate) async fn ratio() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let media = folder.path().join("media");
    let options = SampleOptions { count: image_count(), videos: Videos::Without, ..SampleOptions::default() };
    write_sample(&media, options)?;
    let files = images(&media)?;
    // The page cache is warm for both.
    let warm = bare(&files);
    let bed = library(folder.path(), &media).await?;
    let definition = bed.engine.pipeline(ingest::PIPELINE).context("the pipeline is registered")?;
    let params = Params {
        directories: vec![media.canonicalize()?.display().to_string()],
        auto_commit: true,
        detect_nsfw: false,
        ..Params::default()
    };
    let params = params.resolved(&Roots::new([media.clone()])?)?;
    let begun = Instant::now();
    let start = crate::harness::start(&definition, serde_json::to_value(params)?);
    let run = bed.engine.start(start).await?.record.run.id;
    let record = over(&bed.engine, run, Duration::from_millis(5)).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let read = record.run.stages.get(1).context("a stage that reads")?.counts;
    anyhow::ensure!(read.done as usize == files.len(), "{read:?} of {} files", files.len());
    let bare = bare(&files).max(warm);
    let rate = files.len() as f64 / seconds;
    figure("ingest_files_per_s", rate, "files/s");
    figure("ingest_bare_files_per_s", bare, "files/s");
    figure("ingest_ratio", rate / bare, "ratio");
    Ok(())
}

async fn library(folder: &Path, media: &Path) -> Result<Bed> {
    let app = ingest::app(IngestOptions {
        roots: Roots::new([media.to_path_buf()])?,
        thumbnails: folder.join("thumbnails"),
        models: folder.join("models"),
    });
    bed_with(vec![app]).await
}

fn images(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != ".scores") {
                    folders.push(path);
                }
            } else if ["png", "jpg", "jpeg", "webp", "gif"].contains(&ending.to_lowercase().as_str()) {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Files per second of the bare loop: read, hash, decode; a thread a core.
fn bare(files: &[PathBuf]) -> f64 {
    let next = Arc::new(AtomicUsize::new(0));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Ok(bytes) = std::fs::read(path) else { continue };
                    std::hint::black_box(Sha256::digest(&bytes));
                    // A file that does not decode is one in the ingest too.
                    let _ = std::hint::black_box(image::load_from_memory(&bytes));
                }
            });
        }
    });
    files.len() as f64 / begun.elapsed().as_secs_f64()
}
