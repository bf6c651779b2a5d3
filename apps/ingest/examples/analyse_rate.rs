//! How much of a bare loop's rate is left with the whole analysis on top.
//!
//! The bare loop does what nobody can do without: decode the picture and hash its bytes. The full one
//! adds facts, quality, perceptual hash and thumbnail. One thread, files in memory, best of the rounds.
//!
//! ```text
//! cargo run --release -p headway-ingest --example analyse_rate -- [FILES] [ROUNDS] [FOLDER TO KEEP]
//! ```

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use headway_ingest::pixels::{self, Options};
use headway_ingest::sample::{SampleOptions, Videos, write_sample};
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |at: usize, otherwise: u32| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (count, rounds) = (number(0, 120), number(1, 3));
    let folder = arguments.get(2).map_or_else(
        || std::env::temp_dir().join(format!("headway-analyse-rate-{}", std::process::id())),
        PathBuf::from,
    );
    let started = Instant::now();
    let options = SampleOptions { count, videos: Videos::Without, ..SampleOptions::default() };
    let report = write_sample(&folder, options)?;
    println!("sample of {count} files, {:.1} MB: {:.2?}", report.bytes as f64 / 1e6, started.elapsed());
    println!("kinds: {:?}", report.by_kind);
    let mut files = Vec::new();
    read_all(&folder, &mut files)?;
    if arguments.get(2).is_none() {
        std::fs::remove_dir_all(&folder)?;
    }

    for kind in ["png", "jpg", "webp", "gif", ""] {
        let chosen: Vec<&Vec<u8>> =
            files.iter().filter(|(ext, _)| kind.is_empty() || ext == kind).map(|(_, b)| b).collect();
        if chosen.is_empty() {
            continue;
        }
        let bare = |bytes: &[u8]| {
            black_box(image::load_from_memory(bytes).ok());
            black_box(Sha256::digest(bytes));
        };
        let full = |bytes: &[u8]| {
            black_box(pixels::analyse(bytes, 1, &Options::default()).ok());
            black_box(Sha256::digest(bytes));
        };
        let hash = |bytes: &[u8]| {
            black_box(Sha256::digest(bytes));
        };
        // File by file in turn: what else runs on the machine meets both alike.
        let (mut bare_time, mut full_time, mut hash_time) = Default::default();
        for bytes in &chosen {
            let times = best(rounds, bytes, [&bare, &full, &hash]);
            bare_time += times[0];
            full_time += times[1];
            hash_time += times[2];
        }
        let (bare, full, hash): (Duration, Duration, Duration) = (bare_time, full_time, hash_time);
        let rate = |time: Duration| chosen.len() as f64 / time.as_secs_f64();
        println!(
            "{:>4}: {:4} files  decode+sha {:7.1}/s  full {:7.1}/s  ratio {:.3}  (sha alone {:.2} ms a file)",
            if kind.is_empty() { "all" } else { kind },
            chosen.len(),
            rate(bare),
            rate(full),
            bare.as_secs_f64() / full.as_secs_f64(),
            hash.as_secs_f64() * 1e3 / chosen.len() as f64,
        );
    }
    Ok(())
}

/// What is timed, on a file's bytes.
type Work<'a> = &'a dyn Fn(&[u8]);

/// The shortest time of each work on `bytes`.
fn best(rounds: u32, bytes: &[u8], works: [Work<'_>; 3]) -> [Duration; 3] {
    let mut shortest = [Duration::MAX; 3];
    for _ in 0..rounds.max(1) {
        for (shortest, work) in shortest.iter_mut().zip(works) {
            let started = Instant::now();
            work(bytes);
            *shortest = started.elapsed().min(*shortest);
        }
    }
    shortest
}

fn read_all(folder: &Path, files: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            read_all(&path, files)?;
        } else if extension != "json" {
            files.push((extension, std::fs::read(&path)?));
        }
    }
    Ok(())
}
