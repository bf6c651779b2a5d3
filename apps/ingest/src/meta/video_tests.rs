use std::fs;

use expect_test::{Expect, expect};

use super::*;
use crate::meta::fixtures::show_json;

fn check(json: &str, expected: Expect) {
    let shown = match parse(json.as_bytes()) {
        Ok(info) => show_json(&info),
        Err(error) => format!("{}: {error}", error.code()),
    };
    expected.assert_eq(&shown);
}

#[test]
fn an_answer_of_a_phone_video_without_its_place() {
    check(
        r#"{"streams": [
            {"codec_type": "audio", "codec_name": "aac"},
            {"codec_type": "video", "codec_name": "mjpeg", "disposition": {"attached_pic": 1}},
            {"codec_type": "video", "codec_name": "hevc", "width": 1920, "height": 1080, "avg_frame_rate": "30000/1001",
             "r_frame_rate": "30/1", "side_data_list": [{"rotation": -90}], "tags": {"handler_name": "Core Media Video"}}],
          "format": {"format_name": "mov,mp4,m4a,3gp,3g2,mj2", "duration": "12.345678",
            "tags": {"creation_time": "2024-05-01T10:30:45.000000Z", "Make": "Apple",
              "com.apple.quicktime.creationdate": "2024-05-01T12:30:45+0200",
              "com.apple.quicktime.location.ISO6709": "+48.7+009.1/", "location-eng": "+48.7+009.1/"}}}"#,
        expect![[r#"
            {
              "codec": "hevc",
              "container": "mov,mp4,m4a,3gp,3g2,mj2",
              "created_at": {
                "civil": "2024-05-01T12:30:45",
                "offset_seconds": 7200
              },
              "duration_ms": 12346,
              "frame_rate": 29.97,
              "height": 1920,
              "tags": {
                "com.apple.quicktime.creationdate": "2024-05-01T12:30:45+0200",
                "creation_time": "2024-05-01T10:30:45.000000Z",
                "handler_name": "Core Media Video",
                "make": "Apple"
              },
              "width": 1080
            }"#]],
    );
}

#[test]
fn unknown_rates_and_durations_are_absent() {
    check(
        r#"{"streams": [{"codec_type": "video", "codec_name": "vp9", "width": 0, "height": -5, "avg_frame_rate": "0/0",
            "r_frame_rate": "1/0", "duration": "N/A"}], "format": {"duration": "-3", "tags": {"x": 5}}}"#,
        expect![[r#"
            {
              "codec": "vp9"
            }"#]],
    );
}

#[test]
fn answers_that_are_none() {
    check(
        "",
        expect![
            "ffprobe_bad_answer: ffprobe's answer is not understood: EOF while parsing a value at line 1 column 0; it may be too old or too new"
        ],
    );
    check(
        "{\"streams\": [{",
        expect![
            "ffprobe_bad_answer: ffprobe's answer is not understood: EOF while parsing an object at line 1 column 14; it may be too old or too new"
        ],
    );
    check("{}", expect!["no_video: the file has no video stream"]);
    check("[]", expect!["no_video: the file has no video stream"]);
    check(r#"{"streams": [{"codec_type": "audio"}]}"#, expect!["no_video: the file has no video stream"]);
}

#[test]
fn graphs_of_comfyui_are_found_in_tags_and_in_the_comment() {
    let graph = r#"{"1": {"class_type": "KSampler", "inputs": {"seed": 7, "steps": 4, "positive": ["2", 0]}},
                    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat"}}}"#;
    let in_tag = VideoInfo { tags: [("prompt".to_owned(), graph.to_owned())].into(), ..VideoInfo::default() };
    let comment = serde_json::json!({ "prompt": graph }).to_string();
    let in_comment = VideoInfo { tags: [("comment".to_owned(), comment)].into(), ..VideoInfo::default() };
    for info in [in_tag, in_comment] {
        let found = info.generation().unwrap().unwrap();
        assert_eq!((found.prompt.as_str(), found.seed), ("a cat", Some(7)));
    }
    assert_eq!(VideoInfo::default().generation(), Ok(None));
}

#[test]
fn without_ffprobe_it_is_unknown_and_says_how_to_install_it() {
    let error = Prober::new("ffprobe-that-is-not-installed")
        .probe(Path::new("a.mp4"), Duration::from_secs(5))
        .unwrap_err();
    assert!(error.is_unknown() && error.code() == "ffprobe_not_installed");
    assert!(error.to_string().starts_with("unknown: ffprobe is not installed; install with "), "{error}");
}

/// A shell script in place of ffprobe. Its text is an argument: a file just written may be refused as busy.
#[cfg(unix)]
fn script(body: &str) -> Prober {
    Prober { program: "sh".into(), leading: vec!["-c".into(), body.into(), "probe".into()] }
}

#[cfg(unix)]
#[test]
fn a_program_that_hangs_is_ended_at_the_deadline_and_leaves_no_zombie() {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pid");
    let prober = script(&format!("echo $$ > {}; exec sleep 1000", pid_file.display()));
    let started = Instant::now();
    let error = prober.probe(Path::new("a.mp4"), Duration::from_millis(500)).unwrap_err();
    assert_eq!(error.code(), "ffprobe_deadline");
    assert!(started.elapsed() < Duration::from_secs(10));
    let pid = fs::read_to_string(pid_file).unwrap();
    let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    assert_eq!(
        rustix::process::test_kill_process(pid),
        Err(rustix::io::Errno::SRCH),
        "it is gone, zombie and all"
    );
}

#[cfg(unix)]
#[test]
fn an_endless_answer_is_cut_and_its_program_ended() {
    let error = script("exec yes").probe(Path::new("a.mp4"), Duration::from_secs(30)).unwrap_err();
    assert_eq!(error.code(), "ffprobe_answer_too_big");
}

#[cfg(unix)]
#[test]
fn a_refusal_holds_the_complaint_cleaned_and_cut() {
    let prober = script(r"printf 'moov atom\033[31m not found%01000d' 0 >&2; exit 1");
    let ProbeError::Refused { complaint, .. } =
        prober.probe(Path::new("a.mp4"), Duration::from_secs(30)).unwrap_err()
    else {
        panic!("not refused")
    };
    assert!(complaint.starts_with("moov atom[31m not found000"), "{complaint}");
    assert!(complaint.len() <= MAX_COMPLAINT_BYTES);
}

#[cfg(unix)]
#[test]
fn the_name_is_one_argument_and_the_environment_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen");
    let prober = script(&format!(
        "for a in \"$@\"; do echo \"$a\"; done > {0}; env | grep -c FFREPORT >> {0}; echo '{{}}'",
        seen.display()
    ));
    let error = prober.probe(Path::new("-i concat:a b;rm"), Duration::from_secs(30)).unwrap_err();
    assert_eq!(error.code(), "no_video");
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.contains("\n-i\nfile:-i concat:a b;rm\n0\n"), "{seen}");
}

/// Makes a one-second clip; `None` where ffmpeg is not installed.
fn clip(path: &Path) -> Option<()> {
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=1"])
        .args([
            "-metadata",
            "comment=hello",
            "-metadata",
            "creation_time=2024-05-01T10:00:00Z",
            "-pix_fmt",
            "yuv420p",
        ])
        .arg(path)
        .stdin(Stdio::null())
        .status()
        .ok()?;
    status.success().then_some(())
}

#[test]
fn a_real_clip_under_a_hostile_name_and_no_playlist() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("-http:a b%20.mp4");
    if clip(&path).is_none() {
        return;
    }
    let info = Prober::default().probe(&path, Duration::from_secs(60)).unwrap();
    assert_eq!(
        (info.width, info.height, info.duration_ms, info.frame_rate),
        (Some(64), Some(48), Some(1000), Some(25.0))
    );
    assert_eq!(info.tags.get("comment").map(String::as_str), Some("hello"));
    assert_eq!(info.created_at, Moment::from_iso("2024-05-01T10:00:00Z"));
    assert!(info.container.unwrap().contains("mp4") && info.codec.is_some());

    // A playlist under a video's name would have ffprobe open other files.
    let playlist = folder.path().join("list.mp4");
    fs::write(
        &playlist,
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n", path.display()),
    )
    .unwrap();
    let error = Prober::default().probe(&playlist, Duration::from_secs(60)).unwrap_err();
    assert_eq!(error.code(), "ffprobe_refused", "{error}");

    let cut = folder.path().join("cut.mp4");
    fs::write(&cut, &fs::read(&path).unwrap()[..500]).unwrap();
    let error = Prober::default().probe(&cut, Duration::from_secs(60)).unwrap_err();
    assert_eq!(error.code(), "ffprobe_refused", "{error}");
    let error =
        Prober::default().probe(&folder.path().join("missing.mp4"), Duration::from_secs(60)).unwrap_err();
    assert_eq!(error.code(), "ffprobe_refused", "{error}");
}
