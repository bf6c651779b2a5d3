use expect_test::{Expect, expect};

use super::*;
use crate::meta::fixtures::show_json;

fn shown(read: Result<Option<Generation>, Error>) -> String {
    match read {
        Ok(Some(generation)) => show_json(&generation),
        Ok(None) => "nothing".to_owned(),
        Err(error) => format!("! {}: {error}", error.code()),
    }
}

fn check_parameters(text: &str, expected: Expect) {
    expected.assert_eq(&shown(read_parameters(text)));
}

fn check_graph(json: &str, expected: Expect) {
    expected.assert_eq(&shown(read_prompt_graph(json)));
}

fn check_workflow(json: &str, expected: Expect) {
    expected.assert_eq(&shown(read_workflow(json)));
}

#[test]
fn automatic1111_with_everything() {
    check_parameters(
        "a cat, (masterpiece:1.2),\non two lines <lora:detail:0.8>\nNegative prompt: blurry,\nlow quality\nSteps: 20, Sampler: DPM++ 2M, \
         Schedule type: Karras, CFG scale: 6.5, Seed: 18446744073709551615, Size: 832x1216, Model hash: 67ab2fd8ec, Model: sub\\ponyXL.safetensors, \
         VAE: \"a, b.vae.pt\", Denoising strength: 0.35, Clip skip: 2, Hires upscale: 1.5, Hires steps: 10, Hires upscaler: 4x-UltraSharp, \
         Lora hashes: \"detail: 12ab, other: 34cd\", TI hashes: \"neg: 5566\", Hashes: {\"vae\": \"1, 2\", \"model\": \"3\"}, Version: v1.9.3",
        expect![[r#"
            {
              "cfg": 6.5,
              "denoise": 0.35,
              "extra": {
                "Clip skip": "2",
                "Hashes": "{\"model\":\"3\",\"vae\":\"1, 2\"}",
                "TI hashes": "neg: 5566",
                "VAE": "a, b.vae.pt"
              },
              "height": 1216,
              "hires": {
                "steps": 10,
                "upscale": 1.5,
                "upscaler": "4x-UltraSharp"
              },
              "loras": [
                {
                  "hash": "12ab",
                  "name": "detail",
                  "weight": 0.8
                },
                {
                  "hash": "34cd",
                  "name": "other",
                  "weight": 1.0
                }
              ],
              "model": "ponyXL",
              "model_hash": "67ab2fd8ec",
              "negative_prompt": "blurry,\nlow quality",
              "prompt": "a cat, (masterpiece:1.2),\non two lines <lora:detail:0.8>",
              "sampler": "DPM++ 2M",
              "scheduler": "Karras",
              "seed": "18446744073709551615",
              "steps": 20,
              "tool": "automatic1111",
              "version": "v1.9.3",
              "width": 832
            }"#]],
    );
}

#[test]
fn each_part_may_be_missing() {
    check_parameters(
        "just a prompt",
        expect![[r#"
        {
          "prompt": "just a prompt",
          "tool": "automatic1111"
        }"#]],
    );
    check_parameters(
        "Steps: 20, Sampler: Euler",
        expect![[r#"
        {
          "sampler": "Euler",
          "steps": 20,
          "tool": "automatic1111"
        }"#]],
    );
    check_parameters(
        "Negative prompt: bad\nSteps: 1, Seed: -1, Size: big, CFG scale: NaN",
        expect![[r#"
        {
          "negative_prompt": "bad",
          "steps": 1,
          "tool": "automatic1111"
        }"#]],
    );
    check_parameters(
        "a prompt\nNegative prompt: bad",
        expect![[r#"
        {
          "negative_prompt": "bad",
          "prompt": "a prompt",
          "tool": "automatic1111"
        }"#]],
    );
    check_parameters(
        "a prompt\nSampler: Euler a, CFG scale: 7, Seed: 3",
        expect![[r#"
        {
          "cfg": 7.0,
          "prompt": "a prompt",
          "sampler": "Euler a",
          "seed": "3",
          "tool": "automatic1111"
        }"#]],
    );
    check_parameters("  ", expect!["nothing"]);
}

#[test]
fn lines_of_extensions_behind_the_parameters_are_read_too() {
    check_parameters(
        "a cat\nSteps: 20, Sampler: Euler a, ControlNet 0: \"Module: canny, Weight: 1\"\nTemplate: a __animal__, Wildcard negative: x",
        expect![[r#"
            {
              "extra": {
                "ControlNet 0": "Module: canny, Weight: 1",
                "Template": "a __animal__",
                "Wildcard negative": "x"
              },
              "prompt": "a cat",
              "sampler": "Euler a",
              "steps": 20,
              "tool": "automatic1111"
            }"#]],
    );
}

#[test]
fn broken_quotes_and_objects_end_at_the_next_comma() {
    check_parameters(
        "x\nSteps: 5, VAE: \"open, Seed: 7, Hashes: {\"a\": , Version: v1",
        expect![[r#"
        {
          "extra": {
            "VAE": "open, Seed: 7, Hashes: {"
          },
          "prompt": "x",
          "steps": 5,
          "tool": "automatic1111",
          "version": "v1"
        }"#]],
    );
}

#[test]
fn a_prompt_that_talks_about_steps_and_colons_is_a_prompt() {
    check_parameters(
        "style: oil, a man: on the steps, Negative prompt: in the line\nratio 3:4",
        expect![[r#"
        {
          "prompt": "style: oil, a man: on the steps, Negative prompt: in the line\nratio 3:4",
          "tool": "automatic1111"
        }"#]],
    );
    assert!(!looks_like_parameters("A walk: down the Steps: nice"));
    assert!(!looks_like_parameters("Created with GIMP"));
    assert!(looks_like_parameters("a\nSteps: 20, Sampler: Euler"));
    assert!(looks_like_parameters("a\nNegative prompt: b"));
}

#[test]
fn json_under_the_name_of_parameters_is_no_prompt() {
    check_parameters("{\"sui_image_params\": {\"prompt\": \"x\"}}", expect!["nothing"]);
    check_parameters(
        "{red|blue} car",
        expect![[r#"
        {
          "prompt": "{red|blue} car",
          "tool": "automatic1111"
        }"#]],
    );
}

const GRAPH: &str = r#"{
  "3": {"class_type": "KSampler", "inputs": {"seed": 156680208700286, "steps": 20, "cfg": 8.0, "sampler_name": "euler",
        "scheduler": "normal", "denoise": 1, "model": ["10", 0], "positive": ["14", 0], "negative": ["14", 1], "latent_image": ["5", 0]}},
  "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl\\base.safetensors"}},
  "5": {"class_type": "EmptyLatentImage", "inputs": {"width": ["20", 0], "height": 768, "batch_size": 1}},
  "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["21", 0], "clip": ["10", 1]}},
  "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["10", 1]}},
  "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
  "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}},
  "10": {"class_type": "LoraLoader", "inputs": {"lora_name": "detail.safetensors", "strength_model": 0.7, "strength_clip": 1, "model": ["11", 0], "clip": ["4", 1]}},
  "11": {"class_type": "Power Lora Loader (rgthree)", "inputs": {"lora_1": {"on": true, "lora": "b.safetensors", "strength": 0.5},
        "lora_2": {"on": false, "lora": "off.safetensors", "strength": 1}, "model": ["4", 0]}},
  "14": {"class_type": "ControlNetApplyAdvanced", "inputs": {"positive": ["15", 0], "negative": ["7", 0], "control_net": ["16", 0], "image": ["17", 0]}},
  "15": {"class_type": "ConditioningCombine", "inputs": {"conditioning_1": ["6", 0], "conditioning_2": ["18", 0]}},
  "18": {"class_type": "CLIPTextEncodeSDXL", "inputs": {"text_g": "in the rain", "text_l": "in the rain", "clip": ["10", 1]}},
  "20": {"class_type": "PrimitiveInt", "inputs": {"value": 512}},
  "21": {"class_type": "StringConcatenate", "inputs": {"string_a": "a cat", "string_b": ["22", 0]}},
  "22": {"class_type": "Text Multiline", "inputs": {"text": "(on a roof:1.2)"}}
}"#;

#[test]
fn comfyui_links_are_followed_through_intermediate_nodes() {
    check_graph(
        GRAPH,
        expect![[r#"
        {
          "cfg": 8.0,
          "denoise": 1.0,
          "height": 768,
          "loras": [
            {
              "name": "detail",
              "weight": 0.7
            },
            {
              "name": "b",
              "weight": 0.5
            }
          ],
          "model": "base",
          "negative_prompt": "blurry",
          "prompt": "a cat, (on a roof:1.2), in the rain",
          "sampler": "euler",
          "scheduler": "normal",
          "seed": "156680208700286",
          "steps": 20,
          "tool": "comfyui",
          "width": 512
        }"#]],
    );
}

#[test]
fn comfyui_samplers_made_of_parts() {
    check_graph(
        r#"{"13": {"class_type": "SamplerCustomAdvanced", "inputs": {"noise": ["25", 0], "guider": ["22", 0], "sampler": ["16", 0], "sigmas": ["17", 0], "latent_image": ["27", 0]}},
            "25": {"class_type": "RandomNoise", "inputs": {"noise_seed": 5}},
            "22": {"class_type": "BasicGuider", "inputs": {"model": ["12", 0], "conditioning": ["26", 0]}},
            "26": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["6", 0]}},
            "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["11", 0]}},
            "16": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
            "17": {"class_type": "BasicScheduler", "inputs": {"scheduler": "simple", "steps": 28, "denoise": 1, "model": ["12", 0]}},
            "12": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux1-dev.safetensors"}},
            "27": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1024, "height": 1024}}}"#,
        expect![[r#"
            {
              "denoise": 1.0,
              "height": 1024,
              "model": "flux1-dev",
              "prompt": "a fox",
              "sampler": "euler",
              "scheduler": "simple",
              "seed": "5",
              "steps": 28,
              "tool": "comfyui",
              "width": 1024
            }"#]],
    );
}

#[test]
fn a_second_pass_gives_the_hires_figures() {
    check_graph(
        r#"{"1": {"class_type": "KSampler", "inputs": {"seed": 1, "steps": 8, "denoise": 0.4, "positive": ["4", 0], "latent_image": ["2", 0]}},
            "2": {"class_type": "LatentUpscaleBy", "inputs": {"upscale_method": "bislerp", "scale_by": 1.5, "samples": ["3", 0]}},
            "3": {"class_type": "KSampler", "inputs": {"seed": 2, "steps": 20, "denoise": 1, "positive": ["4", 0], "latent_image": ["5", 0]}},
            "4": {"class_type": "CLIPTextEncode", "inputs": {"text": "x"}},
            "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512}}}"#,
        expect![[r#"
            {
              "denoise": 0.4,
              "height": 512,
              "hires": {
                "steps": 8,
                "upscale": 1.5,
                "upscaler": "bislerp"
              },
              "prompt": "x",
              "seed": "2",
              "steps": 20,
              "tool": "comfyui",
              "width": 512
            }"#]],
    );
}

#[test]
fn comfyui_nan_literals_are_tolerated_outside_strings() {
    check_graph(
        r#"{"1": {"class_type": "KSampler", "inputs": {"seed": 1, "denoise": NaN, "cfg": -Infinity, "positive": ["2", 0]}, "is_changed": [NaN]},
            "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a \"NaN\" bread, Infinity"}}}"#,
        expect![[r#"
            {
              "prompt": "a \"NaN\" bread, Infinity",
              "seed": "1",
              "tool": "comfyui"
            }"#]],
    );
}

#[test]
fn comfyui_cycles_end() {
    check_graph(
        r#"{"1": {"class_type": "KSampler", "inputs": {"seed": ["5", 0], "positive": ["2", 0], "negative": ["2", 0], "model": ["3", 0], "latent_image": ["1", 0]}},
            "2": {"class_type": "ConditioningCombine", "inputs": {"a": ["2", 0], "b": ["4", 0], "c": ["1", 0]}},
            "3": {"class_type": "LoraLoader", "inputs": {"lora_name": "l.pt", "model": ["3", 0]}},
            "4": {"class_type": "CLIPTextEncode", "inputs": {"text": ["6", 0]}},
            "5": {"class_type": "Primitive", "inputs": {"value": ["5", 0]}},
            "6": {"class_type": "Text", "inputs": {"text": ["6", 0], "text_a": ["4", 0], "string": "out"}}}"#,
        expect![[r#"
            {
              "loras": [
                {
                  "name": "l",
                  "weight": 1.0
                }
              ],
              "negative_prompt": "out",
              "prompt": "out",
              "tool": "comfyui"
            }"#]],
    );
}

#[test]
fn a_dense_graph_of_texts_is_no_exponential_walk() {
    let mut graph = serde_json::json!({ "s": { "class_type": "KSampler", "inputs": { "positive": ["0", 0], "seed": 1 } } });
    for n in 0..60 {
        let inputs: serde_json::Map<_, _> =
            ["text", "text_a", "text_b", "text_c", "string", "string_a", "prompt", "value"]
                .iter()
                .enumerate()
                .map(|(k, name)| ((*name).to_owned(), serde_json::json!([(n + k + 1).to_string(), 0])))
                .collect();
        graph[n.to_string()] = serde_json::json!({ "class_type": "CLIPTextEncode", "inputs": inputs });
    }
    assert!(read_prompt_graph(&graph.to_string()).is_ok_and(|found| found.is_some()));
}

#[test]
fn huge_graphs_are_bounded() {
    let nodes: Vec<String> = (0..5000).map(|n| format!("\"{n}\": {{\"class_type\": \"X\"}}")).collect();
    check_graph(
        &format!("{{{}}}", nodes.join(",")),
        expect!["! too_many: there are more than 4096 ComfyUI nodes; not all were read"],
    );
    check_graph(
        &format!("{{\"a\": \"{}\"}}", "x".repeat(MAX_GENERATION_BYTES)),
        expect![
            "! too_big: the text of the generation parameters is larger than 1048576 bytes and was left out"
        ],
    );
    check_graph(
        &"[".repeat(100_000),
        expect!["! malformed: the ComfyUI graph is malformed: it is not JSON (line 1, column 128)"],
    );
    // Four thousand samplers in a row.
    let chain: Vec<String> = (0..4000)
        .map(|n| {
            format!(
                "\"{n}\": {{\"class_type\": \"KSampler\", \"inputs\": {{\"latent_image\": [\"{}\", 0]}}}}",
                n + 1
            )
        })
        .collect();
    assert!(read_prompt_graph(&format!("{{{}}}", chain.join(","))).is_ok());
    // As many links as fit, between samplers that all lead to one another.
    let dense: Vec<String> = (0..100)
        .map(|n| {
            let links: Vec<String> = (0..600).map(|k| format!("\"{k}\":[\"{}\",0]", k % 100)).collect();
            format!(
                "\"{n}\":{{\"class_type\":\"KSampler\",\"inputs\":{{\"samples\":[\"{}\",0],{}}}}}",
                n / 2,
                links.join(",")
            )
        })
        .collect();
    let dense = format!("{{{}}}", dense.join(","));
    assert!(dense.len() < MAX_GENERATION_BYTES && read_prompt_graph(&dense).is_ok());
}

#[test]
fn what_is_no_graph() {
    check_graph(
        "a plain prompt",
        expect!["! malformed: the ComfyUI graph is malformed: it is not JSON (line 1, column 1)"],
    );
    check_graph("[1]", expect!["! malformed: the ComfyUI graph is malformed: it is not an object of nodes"]);
    check_graph("{}", expect!["! malformed: the ComfyUI graph is malformed: none of its entries is a node"]);
    check_graph(r#"{"1": {"class_type": "LoadImage", "inputs": {}}}"#, expect!["nothing"]);
    check_graph(
        r#"{"1": {"class_type": "KSampler", "inputs": 5}}"#,
        expect![[r#"
        {
          "tool": "comfyui"
        }"#]],
    );
}

#[test]
fn a_workflow_of_the_editor() {
    check_workflow(
        r#"{"nodes": [
             {"id": 3, "type": "KSampler", "inputs": [{"name": "model", "link": 1}, {"name": "positive", "link": 2}, {"name": "negative", "link": 3},
              {"name": "latent_image", "link": 4}, {"name": "seed", "widget": {"name": "seed"}, "link": null}],
              "widgets_values": [42, "randomize", 25, 7.5, "dpmpp_2m", "karras", 1]},
             {"id": 4, "type": "CheckpointLoaderSimple", "widgets_values": ["base.safetensors"]},
             {"id": 5, "type": "EmptyLatentImage", "widgets_values": [640, 960, 1]},
             {"id": 6, "type": "CLIPTextEncode", "inputs": [{"name": "text", "link": 6}], "widgets_values": ["overridden"]},
             {"id": 7, "type": "CLIPTextEncode", "inputs": [], "widgets_values": ["bad hands"]},
             {"id": 8, "type": "Reroute", "inputs": [{"name": "", "link": 5}]},
             {"id": 9, "type": "PrimitiveNode", "widgets_values": ["a castle", "fixed"]},
             {"id": 10, "type": "LoraLoader", "mode": 0, "inputs": [{"name": "model", "link": 7}], "widgets_values": ["style.safetensors", 0.6, 1]},
             {"id": 11, "type": "LoraLoader", "mode": 4, "inputs": [{"name": "model", "link": 8}], "widgets_values": ["bypassed.safetensors", 1, 1]}],
           "links": [[1, 10, 0, 3, 0, "MODEL"], [2, 8, 0, 3, 1, "CONDITIONING"], [3, 7, 0, 3, 2, "CONDITIONING"],
             {"id": 4, "origin_id": 5, "origin_slot": 0, "target_id": 3, "target_slot": 3, "type": "LATENT"},
             [5, 6, 0, 8, 0, "CONDITIONING"], [6, 9, 0, 6, 1, "STRING"], [7, 11, 0, 10, 0, "MODEL"], [8, 4, 0, 11, 0, "MODEL"]]}"#,
        expect![[r#"
            {
              "cfg": 7.5,
              "denoise": 1.0,
              "height": 960,
              "loras": [
                {
                  "name": "style",
                  "weight": 0.6
                }
              ],
              "model": "base",
              "negative_prompt": "bad hands",
              "prompt": "a castle",
              "sampler": "dpmpp_2m",
              "scheduler": "karras",
              "seed": "42",
              "steps": 25,
              "tool": "comfyui",
              "width": 640
            }"#]],
    );
    check_workflow(
        "{}",
        expect!["! malformed: the ComfyUI graph is malformed: the workflow has no list of nodes"],
    );
    check_workflow(r#"{"nodes": [{"id": 1, "type": "Note", "widgets_values": ["hi"]}]}"#, expect!["nothing"]);
}

#[test]
fn a_seed_of_64_bits_goes_through_json_as_text_and_numbers_are_read_too() {
    let made = Generation { seed: Some(u64::MAX), ..Generation::default() };
    let json = serde_json::to_value(&made).unwrap();
    assert_eq!(json["seed"], "18446744073709551615");
    assert_eq!(serde_json::from_value::<Generation>(json).unwrap(), made);
    let stored: Generation = serde_json::from_str(r#"{"seed": 156680208700286}"#).unwrap();
    assert_eq!(stored.seed, Some(156_680_208_700_286));
    assert_eq!(serde_json::from_str::<Generation>("{}").unwrap().seed, None);
}
