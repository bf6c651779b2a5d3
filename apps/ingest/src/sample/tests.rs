use std::collections::{BTreeMap, HashMap};

use super::*;
use crate::pixels::{self, Options};

fn small(count: u32) -> SampleOptions {
    SampleOptions { count, max_side: 72, videos: Videos::Without, ..SampleOptions::default() }
}

/// Every regular file below `folder`, by its path below it.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() {
                let bytes = fs::read(&path).unwrap_or_default();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
            }
        }
    }
    found
}

fn media(all: &BTreeMap<PathBuf, Vec<u8>>) -> impl Iterator<Item = (&PathBuf, &Vec<u8>)> {
    all.iter().filter(|(path, _)| path.extension().is_some_and(|e| e != "json"))
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let other = SampleOptions { seed: 2, ..small(60) };
    let reports = [
        write_sample(folders[0].path(), small(60)).unwrap(),
        write_sample(folders[1].path(), small(60)).unwrap(),
        write_sample(folders[2].path(), other).unwrap(),
    ];
    assert_eq!(reports[0].truth, reports[1].truth);
    let all = folders.each_ref().map(|folder| contents(folder.path()));
    assert_eq!(all[0], all[1]);
    assert_ne!(all[0], all[2]);
}

#[test]
fn the_truth_is_what_lies_there() {
    let folder = tempfile::tempdir().unwrap();
    let report = write_sample(folder.path(), small(200)).unwrap();
    let truth = &report.truth;
    let all = contents(folder.path());
    assert_eq!(media(&all).count(), 200);
    assert_eq!((truth.discovered, truth.images, truth.videos, truth.failed), (200, 200, 0, 0));
    assert_eq!(report.by_kind.values().sum::<u32>(), 200);

    let mut by_content: HashMap<&[u8], u32> = HashMap::new();
    let mut bytes_seen = 0;
    for (path, bytes) in media(&all) {
        let analysis = pixels::analyse(bytes, 1, &Options::default());
        assert!(analysis.is_ok(), "{}: {:?}", path.display(), analysis.err());
        *by_content.entry(bytes).or_default() += 1;
        bytes_seen += bytes.len() as u64;
    }
    assert_eq!(bytes_seen, report.bytes);
    let groups: Vec<u32> = by_content.into_values().filter(|n| *n > 1).collect();
    assert_eq!(groups.len() as u32, truth.exact_groups);
    assert_eq!(groups.iter().sum::<u32>(), truth.exact_files);
    let holds =
        |needle: &[u8]| media(&all).filter(|(_, b)| memchr::memmem::find(b, needle).is_some()).count() as u32;
    assert_eq!(holds(b"CheckpointLoaderSimple"), truth.with_comfy);
    assert_eq!(holds(b"Photoshop 3.0"), truth.with_iptc);
    assert_eq!(holds(b"x:xmpmeta xmlns"), truth.with_xmp);
    assert!(holds(b"parameters\0") >= truth.with_parameters);
    let scores = all.keys().filter(|path| path.extension().is_some_and(|e| e == "json")).count();
    assert_eq!(scores as u32, truth.with_score_file + 1, "and the marker");
    for figure in [truth.with_user_comment, truth.with_position, truth.turned, truth.rated] {
        assert!(figure > 0);
    }
    assert!(truth.twin_stems >= 3 && truth.odd_names >= 18 && truth.near_copies == 12);
}

#[test]
fn near_copies_are_found_from_their_originals_and_scenes_keep_apart() {
    let options = SampleOptions { max_side: 160, ..small(160) };
    let files = plan::plan(&options, 0);
    let hashes: Vec<Option<u64>> = files
        .iter()
        .map(|file| {
            let bytes = render::bytes(&file.content).unwrap();
            pixels::analyse(&bytes, 1, &Options::default()).unwrap().phash
        })
        .collect();
    let mut missed = Vec::new();
    let mut strangers = 0;
    for (number, file) in files.iter().enumerate() {
        let Some(hash) = hashes[number] else { continue };
        if let plan::Relation::NearCopyOf(of) = file.relation {
            let apart = hashes[of].map(|other| pixels::distance(hash, other));
            if apart.is_none_or(|d| d > pixels::DEFAULT_DISTANCE) {
                missed.push((number, apart));
            }
        }
        if file.relation == plan::Relation::Original {
            strangers += (0..number)
                .filter(|other| files[*other].relation == plan::Relation::Original)
                .filter_map(|other| hashes[other])
                .filter(|other| pixels::distance(hash, *other) <= pixels::DEFAULT_DISTANCE)
                .count();
        }
    }
    assert_eq!(missed, [], "near copies that look different");
    // Of ten thousand pairs of drawn pictures, eight motifs among them, one may really look alike.
    assert!(strangers <= 1, "{strangers} pairs of originals look alike");
}

#[test]
fn broken_files_fail_or_read_as_expected() {
    let folder = tempfile::tempdir().unwrap();
    let options = SampleOptions { broken: Broken::With, ..small(12) };
    let report = write_sample(folder.path(), options).unwrap();
    assert_eq!(report.truth.discovered as usize, 12 + report.broken.len() - 1);
    for file in &report.broken {
        let read = fs::read(folder.path().join(&file.path));
        let fine = read.is_ok_and(|bytes| pixels::analyse(&bytes, 1, &Options::default()).is_ok());
        let expected = !matches!(file.expect, Expectation::FileFails | Expectation::NotDiscovered);
        assert_eq!(fine, expected, "{}", file.path.display());
        let score = fs::read(folder.path().join(sidecar_path(&file.path)));
        assert_eq!(score.is_ok(), file.expect == Expectation::ScoreError);
    }
    let bomb = fs::metadata(folder.path().join("broken/ztxt-bomb.png")).unwrap().len();
    assert!(bomb < 4 << 20, "{bomb}");
}

#[test]
fn a_folder_with_other_files_is_refused_and_an_earlier_sample_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let holiday = folder.path().join("holiday.jpg");
    fs::write(&holiday, b"mine").unwrap();
    let error = write_sample(folder.path(), small(5)).unwrap_err();
    assert_eq!(error.code(), "directory_not_empty");
    fs::remove_file(&holiday).unwrap();

    let broken = SampleOptions { broken: Broken::With, ..small(40) };
    write_sample(folder.path(), broken).unwrap();
    fs::write(&holiday, b"mine").unwrap();
    let report = write_sample(folder.path(), small(5)).unwrap();
    let all = contents(folder.path());
    assert_eq!(media(&all).count(), 6, "{:?}", all.keys());
    assert_eq!(report.truth.discovered, 5);
    assert_eq!(fs::read(&holiday).unwrap(), b"mine");
    assert!(!folder.path().join("broken").exists());
}

#[test]
fn a_marker_that_points_elsewhere_removes_nothing() {
    let outside = tempfile::tempdir().unwrap();
    let precious = outside.path().join("precious.txt");
    fs::write(&precious, b"keep").unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["../precious.txt", &encoded(&precious), "%2e%2e/precious.txt"] {
        let marker = Marker { sample: "headway".to_owned(), files: vec![name.to_owned()] };
        fs::write(folder.path().join(MARKER), serde_json::to_vec(&marker).unwrap()).unwrap();
        let error = write_sample(folder.path(), small(3)).unwrap_err();
        assert_eq!(error.code(), "sample_marker", "{name}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        let marker = Marker { sample: String::new(), files: vec!["link/precious.txt".to_owned()] };
        fs::write(folder.path().join(MARKER), serde_json::to_vec(&marker).unwrap()).unwrap();
        write_sample(folder.path(), small(3)).unwrap();
    }
    assert_eq!(fs::read(&precious).unwrap(), b"keep");
}

#[test]
fn options_out_of_range_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for options in [small(0), SampleOptions { max_side: 2, ..small(5) }, small(MAX_FILES + 1)] {
        assert_eq!(write_sample(folder.path(), options).unwrap_err().code(), "sample_options");
    }
}

#[test]
fn clips_are_playable_where_ffmpeg_is_installed() {
    let folder = tempfile::tempdir().unwrap();
    let options = SampleOptions { videos: Videos::IfPossible, ..small(100) };
    let report = write_sample(folder.path(), options).unwrap();
    assert_eq!(report.truth.images + report.truth.videos, 100);
    if report.truth.videos == 0 {
        assert_eq!(report.notes, ["no videos: ffmpeg is not installed"]);
        return;
    }
    assert_eq!((report.by_kind["mp4"], report.by_kind["webm"]), (1, 1));
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    for clip in ["clips/clip-00.mp4", "clips/clip-01.webm"] {
        let path = folder.path().join(clip);
        let frames = pixels::frames::sample_frames(&path, 3, deadline).unwrap();
        assert_eq!(frames.len(), 3);
        assert_eq!(frames[0].dimensions(), (256, 192));
        assert_ne!(frames[0], frames[2]);
    }
    let error = pixels::frames::sample_frames(&folder.path().join(MARKER), 1, deadline).unwrap_err();
    assert_eq!(error.code(), "video_unreadable");
}
