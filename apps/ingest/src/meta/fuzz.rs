//! Bodies of the fuzz targets, with the invariants they hold readers to.
//!
//! `fuzz/` calls them from cargo-fuzz (nightly); the tests here call the same bodies on stable with random and with
//! near-valid inputs.

use super::{
    Error, MAX_ERRORS_PER_READER, container, exif, generation, keywords, png_text, prompt,
    rake::{MAX_RAKE_WORDS, rake},
    sidecar, xmp,
};

/// Any text is a prompt with bounded, normalised phrases, and gives bounded keywords.
pub fn fuzz_prompt(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let parsed = prompt::parse(&text);
    assert!(parsed.phrases.len() <= prompt::MAX_PHRASES);
    assert!(parsed.loras.len() <= prompt::MAX_LORAS);
    for phrase in &parsed.phrases {
        assert!(!phrase.text.is_empty(), "an empty phrase");
        assert_eq!(phrase.text, phrase.text.trim());
        assert_eq!(phrase.key, prompt::key_of(&phrase.text));
        assert!(phrase.weight.is_finite() && phrase.weight.abs() <= prompt::MAX_WEIGHT);
        assert!(!phrase.text.contains(','), "a comma within a phrase");
    }
    for lora in &parsed.loras {
        assert!(!lora.name.is_empty() && lora.weight.is_finite() && lora.weight.abs() <= prompt::MAX_WEIGHT);
    }
    let captions = [text.to_string()];
    let sources =
        keywords::Sources { prompt: Some(&text), captions: &captions, tags: &captions, ..Default::default() };
    let keywords = keywords::keywords(&sources);
    assert!(keywords.len() <= keywords::MAX_KEYWORDS);
    let mut names: Vec<_> = keywords.iter().map(|keyword| (keyword.kind, &keyword.keyword)).collect();
    names.sort();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a keyword twice");
    for keyword in &keywords {
        assert!(keyword.keyword != "steps" && keyword.keyword != "sampler");
        assert!(keyword.weight.is_finite());
    }
    for phrase in rake(&text, 10) {
        assert!(phrase.key.split_whitespace().count() <= MAX_RAKE_WORDS && phrase.score >= 1.0);
    }
}

/// Any bytes, alone and behind a PNG signature, give bounded texts.
pub fn fuzz_png_text(data: &[u8]) {
    for bytes in [data.to_vec(), [png_text::SIGNATURE, data].concat()] {
        let read = png_text::read(&bytes);
        check_errors(&read.errors);
        assert!(read.value.texts.len() <= png_text::MAX_TEXTS);
        // Latin-1 becomes at most twice as long as UTF-8.
        let total: usize = read.value.texts.iter().map(|text| text.value.len()).sum();
        assert!(total <= 2 * png_text::MAX_TOTAL_TEXT_BYTES);
        for text in &read.value.texts {
            assert!(!text.value.contains('\0') && !text.keyword.contains('\0'));
        }
        check_image(&bytes);
    }
}

/// Any bytes are some XMP packet, within bounds.
pub fn fuzz_xmp(data: &[u8]) {
    let read = xmp::read(data);
    check_errors(&read.errors);
    let value = read.value;
    assert!(value.subjects.len() <= xmp::MAX_XMP_SUBJECTS);
    assert!(value.rating.is_none_or(|stars| (-1..=5).contains(&stars)));
    for text in
        [&value.title, &value.description, &value.creator_tool].into_iter().flatten().chain(&value.subjects)
    {
        assert!(text.len() <= xmp::MAX_XMP_BYTES && !text.contains('\0'));
    }
}

/// Any bytes are a score in range or a typed error.
pub fn fuzz_sidecar(data: &[u8]) {
    match sidecar::parse(data) {
        Ok(sidecar) => {
            assert!((-1..=5).contains(&sidecar.score));
            // What was read reads the same when written again.
            let again = serde_json::to_vec(&sidecar).map(|json| sidecar::parse(&json));
            assert!(matches!(again, Ok(Ok(same)) if same == sidecar));
        }
        Err(error) => {
            assert!(error.code().starts_with("sidecar_"));
            assert!(error.to_string().len() < 300, "an error repeats its input at length");
        }
    }
}

/// Any bytes, alone and behind a TIFF header, give bounded fields; the place is never serialised.
pub fn fuzz_exif(data: &[u8]) {
    for header in [&b""[..], b"II\x2a\0\x08\0\0\0", b"MM\0\x2a\0\0\0\x08"] {
        let read = exif::read(&[header, data].concat());
        check_errors(&read.errors);
        let info = read.value;
        assert!(info.orientation.is_none_or(|orientation| (1..=8).contains(&orientation)));
        assert!(info.rating.is_none_or(|stars| (0..=5).contains(&stars)));
        assert!(info.keywords.len() <= exif::MAX_EXIF_KEYWORDS);
        let finite = [info.exposure_s, info.f_number, info.focal_length_mm];
        assert!(finite.into_iter().flatten().all(f64::is_finite));
        if let Some(gps) = info.private_gps {
            assert!(gps.latitude_deg.abs() <= 90.0 && gps.longitude_deg.abs() <= 180.0);
        }
        assert!(serde_json::to_string(&info).is_ok_and(|json| !json.contains("latitude")));
    }
}

/// Any text is some parameters, graph or workflow, or a typed error, within bounds.
pub fn fuzz_generation(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = generation::looks_like_parameters(&text);
    let read = [
        generation::read_parameters(&text),
        generation::read_prompt_graph(&text),
        generation::read_workflow(&text),
    ];
    for found in read.into_iter().flatten().flatten() {
        assert!(found.extra.len() <= generation::MAX_EXTRA);
        assert!(found.extra.values().all(|value| value.len() <= generation::MAX_EXTRA_BYTES));
        assert!(found.loras.len() <= prompt::MAX_LORAS);
        assert!([found.cfg, found.denoise].into_iter().flatten().all(f64::is_finite));
        assert!(
            found.prompt.len() <= data.len().saturating_mul(3).max(1024),
            "a prompt longer than its file"
        );
    }
}

/// Any bytes behind the signature of each format give bounded metadata.
pub fn fuzz_container(data: &[u8]) {
    for header in [&b""[..], b"\xFF\xD8\xFF\xE1", b"RIFF\0\0\0\0WEBP", b"GIF89a", png_text::SIGNATURE] {
        check_image(&[header, data].concat());
    }
}

fn check_image(bytes: &[u8]) {
    let read = container::read_image_metadata(bytes);
    assert!(read.captions.len() <= container::MAX_CAPTIONS && read.tags.len() <= container::MAX_TAGS);
    // Every part of a file has its own share.
    assert!(read.problems.len() <= 6 * (MAX_ERRORS_PER_READER + 1) + png_text::MAX_TEXTS);
    assert!(serde_json::to_string(&read).is_ok());
}

fn check_errors(errors: &[Error]) {
    assert!(errors.len() <= MAX_ERRORS_PER_READER + 1);
    for error in errors {
        assert!(error.to_string().len() < 400, "an error repeats its input at length: {error}");
    }
}

#[cfg(test)]
mod tests;
