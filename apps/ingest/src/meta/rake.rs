//! RAKE: keywords of a running text, without a corpus.
//!
//! A text is cut at stop words and punctuation into candidate phrases. A word scores by degree over frequency: with how
//! many words it stands together (itself included), over how often it occurs. A phrase scores the sum of its words.
//! (Rose, Engel, Cramer and Cowley: Automatic keyword extraction from individual documents, 2010.)

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use super::{charset, prompt::key_of};

/// Longest text read, in bytes; the rest is left out.
pub(crate) const MAX_RAKE_BYTES: usize = 16 << 10;
/// Longest phrase, in words. Longer ones are sentences, and no keywords.
pub(crate) const MAX_RAKE_WORDS: usize = 4;
/// Longest phrase, in bytes.
const MAX_PHRASE_BYTES: usize = 100;

/// A phrase and its score.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scored {
    /// The phrase as first written.
    pub(crate) text: String,
    /// The phrase for comparing.
    pub(crate) key: String,
    /// RAKE's score, rounded to two decimals; a lonely word has 1.
    pub(crate) score: f64,
}

/// The best `top` phrases of a text, best first; equal scores in alphabetical order.
pub(crate) fn rake(text: &str, top: usize) -> Vec<Scored> {
    let text = charset::cut(text, MAX_RAKE_BYTES);
    let stops = stop_words_for(text);
    let candidates: Vec<Vec<&str>> = candidates(text, stops);
    let mut frequency: HashMap<String, (f64, f64)> = HashMap::new();
    for phrase in &candidates {
        for word in phrase {
            let (occurrences, degree) = frequency.entry(key_of(word)).or_default();
            *occurrences += 1.0;
            *degree += phrase.len() as f64;
        }
    }
    let mut seen = HashSet::new();
    let mut scored: Vec<Scored> = Vec::new();
    for phrase in candidates {
        let text = phrase.join(" ");
        let key = key_of(&text);
        if text.len() > MAX_PHRASE_BYTES || !seen.insert(key.clone()) {
            continue;
        }
        let sum: f64 = phrase
            .iter()
            .filter_map(|word| frequency.get(&key_of(word)))
            .map(|(occurrences, degree)| degree / occurrences)
            .sum();
        scored.push(Scored { text, key, score: (sum * 100.0).round() / 100.0 });
    }
    scored.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.key.cmp(&b.key)));
    scored.truncate(top);
    scored
}

/// Runs of up to [`MAX_RAKE_WORDS`] words that no stop word and no punctuation stands in.
fn candidates<'a>(text: &'a str, stops: &HashSet<&'static str>) -> Vec<Vec<&'a str>> {
    let mut phrases = Vec::new();
    for clause in text
        .split(|c: char| !(c.is_alphanumeric() || c.is_whitespace() || matches!(c, '\'' | '’' | '-' | '_')))
    {
        let mut phrase = Vec::new();
        for word in clause.split_whitespace().map(|word| word.trim_matches(['\'', '’', '-', '_'])) {
            // Numbers belong to a phrase, but make none.
            if word.is_empty() || stops.contains(key_of(word).as_str()) {
                keep(&mut phrases, std::mem::take(&mut phrase));
            } else {
                phrase.push(word);
            }
        }
        keep(&mut phrases, phrase);
    }
    phrases
}

fn keep<'a>(phrases: &mut Vec<Vec<&'a str>>, phrase: Vec<&'a str>) {
    let has_word = phrase.iter().any(|word| word.chars().any(char::is_alphabetic));
    let is_letter =
        phrase.len() == 1 && phrase.iter().all(|word| word.chars().count() == 1 && word.is_ascii());
    if has_word && !is_letter && phrase.len() <= MAX_RAKE_WORDS {
        phrases.push(phrase);
    }
}

/// The stop words of the language that more of the text's words belong to. Not both lists: `die` and `war` are words.
fn stop_words_for(text: &str) -> &'static HashSet<&'static str> {
    static LISTS: [LazyLock<HashSet<&'static str>>; 2] = [
        LazyLock::new(|| ENGLISH.split_whitespace().collect()),
        LazyLock::new(|| GERMAN.split_whitespace().collect()),
    ];
    let [english, german] = &LISTS;
    let (mut english_hits, mut german_hits) = (0_usize, 0_usize);
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let key = key_of(word);
        english_hits += usize::from(english.contains(key.as_str()));
        german_hits += usize::from(german.contains(key.as_str()));
    }
    if german_hits > english_hits { german } else { english }
}

const ENGLISH: &str = "
a about above across after again against all almost also although always am among an and another any are aren't around
as at away be became because been before behind being below beneath beside between beyond both but by can can't cannot
could couldn't did didn't do does doesn't doing don't done down during each either else etc even ever every few for
from further get gets getting give given gives go goes got had hadn't has hasn't have haven't having he her here hers
herself him himself his how however i if in inside into is isn't it it's its itself just let like made make makes many
may me might mine more most much must my myself near nearly neither no nor not now of off often on once one only onto
or other our ours out outside over own per perhaps put quite rather really said same see seem seems several shall she
should since so some still such than that that's the their theirs them themselves then there these they this those
though through throughout to together too toward towards two under until up upon us very via was wasn't we well were
weren't what when where whether which while who whom whose why will with within without won't would yet you your yours
";

const GERMAN: &str = "
aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist da dabei damit dann
das dass daß dein deine dem den der des dessen die dies diese diesem diesen dieser dieses doch dort du durch ein eine
einem einen einer eines er es etwas euch für gegen gibt hab habe haben hat hatte hatten hier hinter ich ihm ihn ihnen
ihr ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes jetzt kann kein keine keinem keinen keiner
können könnte man mehr mein meine mich mir mit nach neben nicht nichts noch nun nur ob oder ohne sehr sein seine seinem
seinen seiner seit sich sie sind so solche soll sondern sonst über um und uns unser unsere unter vom von vor war waren
was weil welche wenn wer werden wie wieder will wir wird wo wurde wurden zu zum zur zwischen während
";

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(text: &str, expected: Expect) {
        let lines: Vec<String> =
            rake(text, 6).into_iter().map(|s| format!("{} {}", s.score, s.key)).collect();
        expected.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn phrases_of_english_captions_score_by_degree_over_frequency() {
        check(
            "A red vintage car is parked in front of the old town hall, and a red flag hangs over the door.",
            expect![[r#"
                9 old town hall
                9 red flag hangs
                9 red vintage car
                1 door
                1 front
                1 parked"#]],
        );
    }

    #[test]
    fn german_captions_use_german_stop_words() {
        check(
            "Die alte Brücke über den Fluss und ein kleines rotes Boot am Ufer, während die Sonne untergeht.",
            expect![[r#"
            9 kleines rotes boot
            4 alte brücke
            4 sonne untergeht
            1 fluss
            1 ufer"#]],
        );
    }

    #[test]
    fn die_and_war_stay_words_in_english() {
        check(
            "the die is cast; war and peace",
            expect![[r#"
            1 cast
            1 die
            1 peace
            1 war"#]],
        );
    }

    #[test]
    fn punctuation_numbers_and_single_letters_are_no_phrases() {
        check(
            "!!! 123, 45 x -- '' , , the of 7 dwarfs",
            expect![[r#"
            4 45 x
            4 7 dwarfs"#]],
        );
    }

    #[test]
    fn a_text_without_stop_words_longer_than_the_limit_is_no_phrase() {
        check(&"word ".repeat(50), expect![[""]]);
        assert!(rake(&"z".repeat(200_000), 5).is_empty());
    }
}
