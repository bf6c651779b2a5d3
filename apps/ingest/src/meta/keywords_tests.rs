use expect_test::{Expect, expect};

use super::*;

fn check(sources: &Sources<'_>, expected: Expect) {
    let lines: Vec<String> = keywords(sources)
        .into_iter()
        .map(|keyword| format!("{} {} {}", keyword.kind.as_str(), keyword.weight, keyword.keyword))
        .collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn every_kind_of_one_generated_picture() {
    let captions = ["A red boat on the calm lake in the morning".to_owned()];
    let tags = ["Lake".to_owned(), "lake ".to_owned(), "favourites".to_owned()];
    check(
        &Sources {
            prompt: Some("masterpiece, (Red Boat:1.3), lake, <lora:detail:0.8>, [fog]"),
            captions: &captions,
            tags: &tags,
            model: Some("ponyDiffusionV6XL_v6"),
            dimensions_px: Some((1216, 832)),
        },
        expect![[r#"
            prompt 1 masterpiece
            prompt 1.3 red boat
            prompt 1 lake
            prompt 0.9091 fog
            caption 4 calm lake
            caption 4 red boat
            caption 1 morning
            tag 1 lake
            tag 1 favourites
            model 1 pony
            shape 1 landscape
            size 1 medium"#]],
    );
}

#[test]
fn names_of_parameters_are_never_keywords() {
    let text = "cat, Steps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, Seed: 1, Size: 512x512, Model hash: ab, \
                Model: x, Denoising strength: 0.5, steps, SAMPLER, negative prompt, Version: v1.9, (Steps:1.2), 123, ..., 1girl";
    let tags = ["Steps".to_owned(), "sampler".to_owned(), "cfg scale".to_owned()];
    check(
        &Sources { prompt: Some(text), captions: &[text.to_owned()], tags: &tags, ..Sources::default() },
        expect![[r#"
        prompt 1 cat
        prompt 1 1girl
        caption 1.5 model
        caption 1 1girl
        caption 1 512x512
        caption 1 ab
        caption 1 cat
        caption 1 euler
        caption 1 karras"#]],
    );
}

#[test]
fn a_phrase_that_occurs_twice_keeps_its_strongest_weight() {
    check(
        &Sources { prompt: Some("cat, (CAT:1.4), cat, [dog], dog"), ..Sources::default() },
        expect![[r#"
        prompt 1.4 cat
        prompt 0.9091 dog"#]],
    );
}

#[test]
fn sentences_in_a_prompt_go_through_rake() {
    check(
        &Sources {
            prompt: Some(
                "A photo of an old lighthouse keeper who stands at the edge of a stormy cliff, (dramatic light:1.2)",
            ),
            ..Sources::default()
        },
        expect![[r#"
            prompt 1 old lighthouse keeper
            prompt 1 stormy cliff
            prompt 1 edge
            prompt 1 photo
            prompt 1 stands
            prompt 1.2 dramatic light"#]],
    );
}

#[test]
fn derived_keywords_survive_a_prompt_of_thousands_of_phrases() {
    let prompt: String = (0..2000).map(|n| format!("word{n}, ")).collect();
    let sources = Sources {
        prompt: Some(&prompt),
        model: Some("flux1-dev"),
        dimensions_px: Some((10, 10)),
        ..Sources::default()
    };
    let all = keywords(&sources);
    assert_eq!(all.len(), MAX_KEYWORDS);
    for kind in [Kind::Model, Kind::Shape, Kind::Size] {
        assert!(all.iter().any(|keyword| keyword.kind == kind), "{kind:?}");
    }
}

#[test]
fn nothing_gives_nothing() {
    check(
        &Sources { prompt: Some(""), dimensions_px: Some((0, 10)), model: Some(""), ..Sources::default() },
        expect![[""]],
    );
}

#[test]
fn model_families_by_name() {
    for (name, family) in [
        ("v1-5-pruned-emaonly", Some("sd15")),
        ("sd_v1.5", Some("sd15")),
        ("v2-1_768-ema-pruned", Some("sd2")),
        ("sd_xl_base_1.0", Some("sdxl")),
        ("juggernautXL_v9Rundiffusion", Some("sdxl")),
        ("DreamShaperXL10", Some("sdxl")),
        ("sd3.5_large", Some("sd3")),
        ("sd3_medium_incl_clips", Some("sd3")),
        ("flux1-dev-fp8", Some("flux")),
        ("ponyDiffusionV6XL", Some("pony")),
        ("Illustrious-XL-v0.1", Some("illustrious")),
        ("noobaiXLNAIXL_vPred10", Some("noobai")),
        ("realisticVision_v14", None),
        ("my model", None),
        ("pixel", None),
        ("", None),
    ] {
        assert_eq!(model_family(name), family, "{name}");
    }
}

#[test]
fn shapes_and_sizes_at_their_bounds() {
    for (width, height, expected_shape, expected_size) in [
        (100, 100, "square", "thumbnail"),
        (512, 512, "square", "small"),
        (512, 768, "portrait", "small"),
        (1024, 1024, "square", "medium"),
        (1920, 1080, "landscape", "medium"),
        (3840, 2160, "landscape", "large"),
        (6000, 4000, "landscape", "huge"),
        (1000, 1030, "square", "medium"),
        (1000, 1040, "portrait", "medium"),
        (u32::MAX, u32::MAX, "square", "huge"),
        (1, u32::MAX, "portrait", "huge"),
    ] {
        assert_eq!(
            (shape(width, height), size_class(width, height)),
            (expected_shape, expected_size),
            "{width}×{height}"
        );
    }
}
