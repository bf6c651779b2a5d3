//! Prompts, as AUTOMATIC1111 and its relatives read them, made into weighted phrases.
//!
//! | written | means |
//! | --- | --- |
//! | `a, b` and line ends | two phrases |
//! | `(x)`, `((x))` | weight × 1.1, × 1.21 |
//! | `[x]` | weight ÷ 1.1 |
//! | `(x:1.3)` | weight × 1.3 |
//! | `\(`, `\)`, `\[`, `\]`, `\\` | the character itself |
//! | `<lora:name:0.8>`, also `lyco`, `hypernet` | a LoRA, no word |
//! | `BREAK`, `AND` | a phrase ends; `x AND y:1.2` weighs the whole of `y` |
//! | `[from:to:0.5]`, `[to:0.5]`, `[from::0.5]` | both phrases, each at its full weight: each is seen in the picture |
//! | `[a\|b]` | each alternative is a phrase at its full weight |
//!
//! A bracket that never closes counts to the end, one that never opened is dropped. A phrase that is weighted only in
//! part has the weight that is farthest from 1.

use serde::{Deserialize, Serialize};

use super::charset;

/// Longest prompt read, in bytes; the rest is left out.
pub const MAX_PROMPT_BYTES: usize = 64 << 10;
/// Deepest nesting of brackets that still changes weights.
pub const MAX_DEPTH: usize = 32;
/// Most phrases read from one prompt.
pub const MAX_PHRASES: usize = 1024;
/// Most LoRAs read from one prompt.
pub const MAX_LORAS: usize = 128;
/// Weights are kept within ± this.
pub const MAX_WEIGHT: f64 = 100.0;
/// Longest `<lora:…>` in bytes.
const MAX_NETWORK_BYTES: usize = 512;
/// What one bracket multiplies or divides by.
const EMPHASIS: f64 = 1.1;

/// A prompt in parts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// Phrases in order; a phrase that is written twice is there twice.
    pub phrases: Vec<Phrase>,
    /// LoRAs in order.
    pub loras: Vec<Lora>,
    /// Whether the prompt was longer than [`MAX_PROMPT_BYTES`], [`MAX_PHRASES`] or [`MAX_LORAS`].
    pub is_cut: bool,
}

/// A phrase of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phrase {
    /// The phrase as written, without brackets, weights and outer white space.
    pub text: String,
    /// The phrase for comparing: lower case, inner white space as single spaces.
    pub key: String,
    /// Its weight, 1 for plain text, rounded to four decimals.
    pub weight: f64,
}

/// A LoRA (or LyCORIS, or hypernetwork) that a picture was made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lora {
    /// Its name, without folder and file extension.
    pub name: String,
    /// Its weight for the image model; 1 where none is written.
    pub weight: f64,
    /// Its short hash, where the file holds one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// Reads a prompt. Total: every text is some prompt.
#[must_use]
pub fn parse(prompt: &str) -> Prompt {
    let read = charset::cut(prompt, MAX_PROMPT_BYTES);
    let mut out = Prompt { is_cut: read.len() < prompt.len(), ..Prompt::default() };
    let parts = split_at_and(read);
    let is_composed = parts.len() > 1;
    for part in parts {
        let (part, weight) = if is_composed { composed_weight(part) } else { (part, 1.0) };
        let mut scanner = Scanner::default();
        scanner.scan(part, &mut out);
        scanner.finish(weight, &mut out);
    }
    out
}

/// The key that phrases and keywords are compared by: lower case, runs of white space as one space.
#[must_use]
pub fn key_of(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !key.is_empty() {
            key.push(' ');
        }
        key.extend(word.chars().flat_map(char::to_lowercase));
    }
    key
}

/// Reads a weight: digits with a sign and a point, nothing else (`1e9`, `inf` and `nan` are words).
pub(crate) fn parse_weight(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number =
        digits.bytes().any(|b| b.is_ascii_digit()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_number { text.parse().ok().map(bounded) } else { None }
}

fn bounded(weight: f64) -> f64 {
    (weight.clamp(-MAX_WEIGHT, MAX_WEIGHT) * 1e4).round() / 1e4
}

/// Sub-prompts between `AND`s that are words of their own.
fn split_at_and(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, word) in text.match_indices("AND") {
        if is_whole_word(text, at, word.len()) {
            parts.push(&text[start..at]);
            start = at + word.len();
        }
    }
    parts.push(&text[start..]);
    parts
}

fn is_whole_word(text: &str, at: usize, length: usize) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    !text[..at].chars().next_back().is_some_and(is_word)
        && !text[at + length..].chars().next().is_some_and(is_word)
}

/// `x :1.2` as a sub-prompt is `x` at 1.2.
fn composed_weight(part: &str) -> (&str, f64) {
    match part.rsplit_once(':').map(|(text, number)| (text, parse_weight(number))) {
        Some((text, Some(weight))) => (text, weight),
        _ => (part, 1.0),
    }
}

/// A piece of a prompt in reading order.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    /// Text under one weight.
    Text(String, f64),
    /// A phrase ends here.
    End,
    /// A `:` directly in a square bracket: `[from:to:0.5]`, or a literal.
    Colon,
    /// A `|` directly in a square bracket: `[a|b]`, or a literal.
    Bar,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Round,
    Square,
}

#[derive(Default)]
struct Scanner {
    pieces: Vec<Piece>,
    /// Open brackets: what they are and the piece they start at.
    open: Vec<(Bracket, usize)>,
}

impl Scanner {
    fn scan(&mut self, text: &str, out: &mut Prompt) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = &rest[c.len_utf8()..];
            rest = match c {
                '\\' if after.starts_with(['(', ')', '[', ']', '\\']) => {
                    self.push(&after[..1]);
                    &after[1..]
                }
                '(' => self.open(Bracket::Round, after),
                '[' => self.open(Bracket::Square, after),
                ')' => {
                    self.close_round(EMPHASIS);
                    after
                }
                ']' => {
                    self.close_square();
                    after
                }
                ':' => self.colon(after),
                '|' if self.is_in(Bracket::Square) => {
                    self.pieces.push(Piece::Bar);
                    after
                }
                ',' | '\n' => {
                    self.pieces.push(Piece::End);
                    after
                }
                '<' => match network(after) {
                    Some((lora, after)) => {
                        if out.loras.len() < MAX_LORAS {
                            out.loras.push(lora);
                        } else {
                            out.is_cut = true;
                        }
                        // Words on both sides of it are not one word.
                        self.push(" ");
                        after
                    }
                    None => self.literal(c, after),
                },
                'B' if after.starts_with("REAK") && is_whole_word(text, text.len() - rest.len(), 5) => {
                    self.pieces.push(Piece::End);
                    &after[4..]
                }
                c => self.literal(c, after),
            };
        }
    }

    fn literal<'a>(&mut self, c: char, after: &'a str) -> &'a str {
        self.push(c.encode_utf8(&mut [0; 4]));
        after
    }

    /// Adds text. Weights are laid over pieces when brackets close, so text after a bracket opened is a new piece.
    fn push(&mut self, text: &str) {
        let starts_here = self.open.last().is_some_and(|&(_, start)| start == self.pieces.len());
        match self.pieces.last_mut() {
            Some(Piece::Text(piece, 1.0)) if !starts_here => piece.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned(), 1.0)),
        }
    }

    fn is_in(&self, bracket: Bracket) -> bool {
        self.open.last().is_some_and(|&(open, _)| open == bracket)
    }

    fn open<'a>(&mut self, bracket: Bracket, after: &'a str) -> &'a str {
        if self.open.len() < MAX_DEPTH {
            self.open.push((bracket, self.pieces.len()));
        }
        after
    }

    /// Takes the innermost open bracket of a kind; brackets of the other kind that were left open inside it stay open.
    fn take(&mut self, bracket: Bracket) -> Option<usize> {
        let at = self.open.iter().rposition(|&(open, _)| open == bracket)?;
        Some(self.open.remove(at).1)
    }

    fn close_round(&mut self, factor: f64) {
        if let Some(start) = self.take(Bracket::Round) {
            self.weigh(start, factor);
        }
    }

    /// `:` is the weight of a round bracket if a number and `)` follow, a mark in a square one, and a character elsewhere.
    fn colon<'a>(&mut self, after: &'a str) -> &'a str {
        if self.open.iter().any(|&(open, _)| open == Bracket::Round)
            && let Some((number, rest)) = weight_before_bracket(after)
        {
            self.close_round(number);
            return rest;
        }
        if self.is_in(Bracket::Square) {
            self.pieces.push(Piece::Colon);
            return after;
        }
        self.literal(':', after)
    }

    fn close_square(&mut self) {
        let Some(start) = self.take(Bracket::Square) else { return };
        let inside = &self.pieces[start..];
        if inside.contains(&Piece::Bar) {
            self.settle(start, Piece::End);
        } else if let Some(last) =
            inside.iter().rposition(|piece| *piece == Piece::Colon).map(|at| start + at)
            && is_schedule(&self.pieces[last + 1..])
        {
            self.pieces.truncate(last + 1);
            // Brackets that are still open inside must not start behind what is left.
            for (_, open) in &mut self.open {
                *open = (*open).min(self.pieces.len());
            }
            self.settle(start, Piece::End);
        } else {
            self.settle(start, Piece::Text(":".to_owned(), 1.0));
            self.weigh(start, 1.0 / EMPHASIS);
        }
    }

    /// Decides what the marks of a square bracket were.
    fn settle(&mut self, start: usize, meaning: Piece) {
        for piece in &mut self.pieces[start..] {
            match piece {
                Piece::Colon => *piece = meaning.clone(),
                Piece::Bar => *piece = Piece::End,
                Piece::Text(..) | Piece::End => {}
            }
        }
        if meaning == Piece::End {
            // `[a|b] c` are three phrases.
            self.pieces.insert(start, Piece::End);
            self.pieces.push(Piece::End);
            for (_, open) in &mut self.open {
                if *open > start {
                    *open += 1;
                }
            }
        }
    }

    fn weigh(&mut self, start: usize, factor: f64) {
        for piece in &mut self.pieces[start..] {
            if let Piece::Text(_, weight) = piece {
                *weight = (*weight * factor).clamp(-MAX_WEIGHT, MAX_WEIGHT);
            }
        }
        // What follows is no longer under this weight: a piece of its own keeps it apart even where the factor is 1.
        self.pieces.push(Piece::Text(String::new(), 1.0));
    }

    fn finish(mut self, base: f64, out: &mut Prompt) {
        while let Some((bracket, start)) = self.open.pop() {
            match bracket {
                Bracket::Round => self.weigh(start, EMPHASIS),
                Bracket::Square => {
                    self.settle(start, Piece::Text(":".to_owned(), 1.0));
                    self.weigh(start, 1.0 / EMPHASIS);
                }
            }
        }
        let mut text = String::new();
        let mut weight = 1.0_f64;
        for piece in self.pieces.into_iter().chain([Piece::End]) {
            match piece {
                Piece::Text(piece, piece_weight) => {
                    if !piece.trim().is_empty() && (piece_weight - 1.0).abs() > (weight - 1.0).abs() {
                        weight = piece_weight;
                    }
                    text.push_str(&piece);
                }
                Piece::Colon => text.push(':'),
                Piece::Bar | Piece::End => {
                    push_phrase(&std::mem::take(&mut text), base * std::mem::replace(&mut weight, 1.0), out);
                }
            }
        }
    }
}

fn push_phrase(text: &str, weight: f64, out: &mut Prompt) {
    let text = charset::clean(text);
    // Full stops end sentences, not phrases: `a cat.` is `a cat`.
    let text = text.trim_end_matches('.').trim_end();
    if text.is_empty() {
        return;
    }
    if out.phrases.len() < MAX_PHRASES {
        out.phrases.push(Phrase { text: text.to_owned(), key: key_of(text), weight: bounded(weight) });
    } else {
        out.is_cut = true;
    }
}

/// `1.3)` after a colon: the weight and what follows the bracket.
fn weight_before_bracket(after: &str) -> Option<(f64, &str)> {
    // No weight is longer; this keeps a text of colons linear.
    let (number, _) = charset::cut(after, 24).split_once(')')?;
    Some((parse_weight(number)?, &after[number.len() + 1..]))
}

/// Whether the last part of a square bracket is the step or share at which the prompt changes.
fn is_schedule(pieces: &[Piece]) -> bool {
    let mut number = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text, _) if number.len() + text.len() <= 24 => number.push_str(text),
            _ => return false,
        }
    }
    parse_weight(&number).is_some()
}

/// `lora:name:0.8>`, with the weight optional, or named (`te=0.5:unet=0.8`).
fn network(after: &str) -> Option<(Lora, &str)> {
    let (inside, _) = charset::cut(after, MAX_NETWORK_BYTES).split_once('>')?;
    if inside.contains(['<', '\n']) {
        return None;
    }
    let mut parts = inside.split(':');
    let kind = parts.next()?.trim();
    if !["lora", "lyco", "lycoris", "hypernet"].iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return None;
    }
    let name = model_stem(parts.next()?);
    // One number is for both models; of two the second is for the image model. Other named ones are no weights.
    let (mut text_weight, mut image_weight, mut positional) = (None, None, 0);
    for part in parts {
        let slot = match part.split_once('=') {
            Some((key, number)) if key.trim().eq_ignore_ascii_case("te") => Some((&mut text_weight, number)),
            Some((key, number)) if key.trim().eq_ignore_ascii_case("unet") => {
                Some((&mut image_weight, number))
            }
            Some(_) => None,
            None => {
                positional += 1;
                match positional {
                    1 => Some((&mut text_weight, part)),
                    2 => Some((&mut image_weight, part)),
                    _ => None,
                }
            }
        };
        if let Some((weight, number)) = slot {
            *weight = parse_weight(number);
        }
    }
    if name.is_empty() {
        return None;
    }
    let weight = image_weight.or(text_weight).unwrap_or(1.0);
    Some((Lora { name, weight, hash: None }, &after[inside.len() + 1..]))
}

/// A model's or LoRA's name without folders and file extension.
pub(crate) fn model_stem(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem =
        [".safetensors", ".sft", ".ckpt", ".gguf", ".pth", ".pt", ".bin"].iter().find_map(|extension| {
            let (stem, tail) = name.split_at_checked(name.len().checked_sub(extension.len())?)?;
            tail.eq_ignore_ascii_case(extension).then_some(stem)
        });
    charset::clean(stem.unwrap_or(name))
}

#[cfg(test)]
#[path = "prompt_tests.rs"]
mod tests;
