use expect_test::{Expect, expect};

use super::*;

fn check(text: &str, expected: Expect) {
    let parsed = parse(text);
    let mut lines: Vec<String> =
        parsed.phrases.iter().map(|phrase| format!("{} {}", phrase.weight, phrase.text)).collect();
    lines.extend(parsed.loras.iter().map(|lora| format!("lora {} {}", lora.weight, lora.name)));
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn commas_and_line_ends_part_phrases() {
    check(
        "a cat,  on a   roof ,\n, evening\nlight,",
        expect![[r#"
        1 a cat
        1 on a   roof
        1 evening
        1 light"#]],
    );
    assert_eq!(parse("On A   Roof").phrases[0].key, "on a roof");
}

#[test]
fn brackets_multiply_and_divide() {
    check(
        "(a), ((b)), (((c))), [d], [[e]], ([f]), [(g)]",
        expect![[r#"
        1.1 a
        1.21 b
        1.331 c
        0.9091 d
        0.8264 e
        1 f
        1 g"#]],
    );
}

#[test]
fn explicit_weights_count_for_every_phrase_inside() {
    check(
        "(a:1.3), (b, c:0.5), (d:1.2 ), (e:.8), (f:-1), ((g:1.5)), (h:2), (i:1.5) j",
        expect![[r#"
        1.3 a
        0.5 b
        0.5 c
        1.2 d
        0.8 e
        -1 f
        1.65 g
        2 h
        1.5 i j"#]],
    );
}

#[test]
fn what_is_no_number_is_no_weight() {
    check(
        "(a:b), (c:1.2.3), (d:1e9), (e:nan), (f:inf), g:1.5, (h:1.5",
        expect![[r#"
        1.1 a:b
        1.1 c:1.2.3
        1.1 d:1e9
        1.1 e:nan
        1.1 f:inf
        1 g:1.5
        1.1 h:1.5"#]],
    );
}

#[test]
fn a_phrase_weighted_in_part_has_the_strongest_weight() {
    check(
        "a (red:1.3) car, [old] (big:1.05) house",
        expect![[r#"
        1.3 a red car
        0.9091 old big house"#]],
    );
}

#[test]
fn escaped_brackets_are_literal() {
    check(
        r"saber \(fate\), \[x\], (a \(b\):1.4), back\\slash, lone\",
        expect![[r#"
        1 saber (fate)
        1 [x]
        1.4 a (b)
        1 back\slash
        1 lone\"#]],
    );
}

#[test]
fn loras_are_no_words() {
    check(
        "<lora:detail_v1.0:0.8>, a<lora:x/y\\style.safetensors:-0.5>cat <lyco:l:1:0.4> <LoRA:n> <hypernet:h:te=0.2:unet=0.6:dyn=32> <lora:d:dyn=4>",
        expect![[r#"
            1 a cat
            lora 0.8 detail_v1.0
            lora -0.5 style
            lora 0.4 l
            lora 1 n
            lora 0.6 h
            lora 1 d"#]],
    );
    check(
        "i <3 you, <unknown:x:1>, <lora:, <lora:>, a < b > c",
        expect![[r#"
            1 i <3 you
            1 <unknown:x:1>
            1 <lora:
            1 <lora:>
            1 a < b > c"#]],
    );
}

#[test]
fn break_and_and_part_phrases_only_as_words() {
    check(
        "a BREAK b, c BREAK\nd, BREAKFAST, sand AND sea, ANDROID BRAND",
        expect![[r#"
        1 a
        1 b
        1 c
        1 d
        1 BREAKFAST
        1 sand
        1 sea
        1 ANDROID BRAND"#]],
    );
}

#[test]
fn composed_prompts_weigh_their_parts() {
    check(
        "a cat :1.2 AND (a dog:1.1), bark :0.5 AND plain",
        expect![[r#"
        1.2 a cat
        0.55 a dog
        0.5 bark
        1 plain"#]],
    );
    check("no composition :1.2", expect!["1 no composition :1.2"]);
}

#[test]
fn scheduled_and_alternating_phrases_count_fully() {
    check(
        "[cat:dog:0.5], [:dog:0.5], [cat::0.5], [dog:10], [a|b|c] tail, [(x:1.2):y:0.3]",
        expect![[r#"
        1 cat
        1 dog
        1 dog
        1 cat
        1 dog
        1 a
        1 b
        1 c
        1 tail
        1.2 x
        1 y"#]],
    );
    check(
        "([cat:dog:0.5]:1.3), [plain: text], [a, b:c, d:7]",
        expect![[r#"
        1.3 cat
        1.3 dog
        0.9091 plain: text
        1 a
        1 b
        1 c
        1 d"#]],
    );
}

#[test]
fn unbalanced_brackets_are_tolerated() {
    check(
        "a), b], (c, d",
        expect![[r#"
        1 a
        1 b
        1.1 c
        1.1 d"#]],
    );
    check(
        "[a, (b, c",
        expect![[r#"
        0.9091 a
        1 b
        1 c"#]],
    );
    check("(a [b) c]", expect!["1.1 a b c"]);
    check(
        "[a|(b] c) d",
        expect![[r#"
        1 a
        1.1 b
        1.1 c d"#]],
    );
    check("()[](:1.2)[|]", expect![[""]]);
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = format!("{}x{}", "(".repeat(5000), ")".repeat(5000));
    let weight = parse(&deep).phrases[0].weight;
    assert!((weight - 1.1_f64.powi(32)).abs() < 1e-3, "{weight}");
    let long = "word, ".repeat(100_000);
    let parsed = parse(&long);
    assert_eq!((parsed.phrases.len(), parsed.is_cut), (MAX_PHRASES, true));
    let loras = parse(&"<lora:a:1>".repeat(500));
    assert_eq!((loras.loras.len(), loras.is_cut), (MAX_LORAS, true));
    assert_eq!(parse("(a:99999999999)").phrases[0].weight, MAX_WEIGHT);
}

#[test]
fn hostile_repetitions_are_read_in_linear_time() {
    for pattern in [
        "(",
        "[",
        "[a|",
        "(a:",
        "[a:b:",
        "<lora:",
        ":",
        "\\",
        "(((x)))",
        "[a|b]",
        "[(a|b]",
        "a AND ",
        "BREAK",
        "(a:1.2)[b:c:1]",
    ] {
        let parsed = parse(&pattern.repeat(MAX_PROMPT_BYTES / pattern.len()));
        assert!(parsed.phrases.len() <= MAX_PHRASES, "{pattern}");
    }
}

#[test]
fn model_names_lose_folders_and_extensions_only() {
    for (name, stem) in [
        ("models\\sdxl/Juggernaut_v9.1.safetensors", "Juggernaut_v9.1"),
        ("detail.v2", "detail.v2"),
        ("X.CKPT", "X"),
        (".pt", ""),
        ("é.pt", "é"),
        ("", ""),
    ] {
        assert_eq!(model_stem(name), stem, "{name}");
    }
}
