//! What a sentence of a vision says is done: by whom, which verb, to what.

use crate::english::{
    base_verb, is_boundary, is_determiner, is_imperative, is_particle, is_verb, lower_first, tidy_end,
    upper_first,
};

use super::who::{Begins, split_actor};

/// Longest verb phrase, in characters.
const MAX_PHRASE: usize = 160;

/// Something that is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Action {
    /// Who does it, as the sentence says; `None` where it does not.
    pub(crate) actor: Option<String>,
    /// The verb's base form; empty where the sentence only names a thing.
    pub(crate) verb: String,
    /// Further verbs of the same object: `create, edit and delete recipes`.
    pub(crate) further: Vec<String>,
    /// What it is done to, without determiners: `meals`.
    pub(crate) object: String,
    /// The object as it stands, with determiners, and what follows it: `their meals for the coming week`.
    pub(crate) rest: String,
    /// What follows the object: `for the coming week`.
    pub(crate) tail: String,
    /// Whether the product does it by itself: `the system sends a reminder`.
    pub(crate) by_product: bool,
    /// What it is good for, as the end of a sentence that begins with `so that`.
    pub(crate) benefit: Option<String>,
}

impl Action {
    /// A thing that is named, without a verb.
    pub(crate) fn is_thing(&self) -> bool {
        self.verb.is_empty()
    }

    /// `order meals for the coming week`.
    pub(crate) fn phrase(&self) -> String {
        if self.is_thing() {
            return self.rest.clone();
        }
        format!("{} {}", self.verb, self.rest).trim_end().to_owned()
    }

    /// Cuts off a second thing that is done, as an instruction of its own: `… and block the tool until it is repaired`.
    pub(crate) fn split_second(&mut self) -> Option<String> {
        if self.is_thing() {
            return None;
        }
        for (at, mark) in self.rest.match_indices(" and ") {
            let second = &self.rest[at + mark.len()..];
            let mut words = second.split(' ');
            let (first, next) = (words.next().unwrap_or(""), words.next());
            if next.is_some() && is_imperative(&first.to_lowercase(), next) {
                let second = upper_first(second);
                self.tail = self.tail.find(" and ").map_or_else(
                    || if self.tail.starts_with("and ") { String::new() } else { self.tail.clone() },
                    |end| self.tail[..end].to_owned(),
                );
                self.rest.truncate(at);
                return Some(second);
            }
        }
        None
    }

    /// Reads a sentence. `actors` are those that the vision names.
    pub(crate) fn read(sentence: &str, actors: &[String]) -> Self {
        let sentence = sentence.trim().trim_end_matches(['.', ';', ',', '!']);
        let (main, benefit) = split_benefit(sentence);
        let main = without_brackets(main);
        let subject = split_actor(&main, actors);
        let mut action = read_predicate(subject.predicate.trim(), subject.begins);
        action.by_product |=
            subject.by_product || SYSTEM_VERBS.contains(&action.verb.as_str()) && subject.actor.is_none();
        action.actor = subject.actor;
        action.benefit = benefit;
        action
    }
}

/// The label before a colon or a dash, and what follows it.
pub(crate) fn split_label(text: &str) -> (Option<&str>, &str) {
    const MAX_LABEL_WORDS: usize = 6;
    for mark in [": ", " – ", " — ", " - "] {
        if let Some((label, rest)) = text.split_once(mark) {
            let words = label.split_whitespace().count();
            if (1..=MAX_LABEL_WORDS).contains(&words) && !rest.trim().is_empty() {
                return (Some(label.trim()), rest.trim());
            }
        }
    }
    (None, text)
}

/// Cuts off what a sentence says the thing is good for.
fn split_benefit(sentence: &str) -> (&str, Option<String>) {
    let lower = sentence.to_lowercase();
    if lower.len() != sentence.len() {
        return (sentence, None);
    }
    for (mark, lead) in
        [(", so that ", ""), (" so that ", ""), (", so ", ""), (" in order to ", "I can "), (" because ", "")]
    {
        if let Some(at) = lower.find(mark) {
            let benefit = sentence[at + mark.len()..].trim();
            if !benefit.is_empty() {
                return (&sentence[..at], Some(format!("{lead}{}", lower_first(benefit))));
            }
        }
    }
    (sentence, None)
}

fn without_brackets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0usize;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ").replace(" ,", ",")
}

/// Verbs of what a product does by itself, where a sentence does not say who.
const SYSTEM_VERBS: &[&str] = &[
    "alert",
    "block",
    "calculate",
    "compute",
    "detect",
    "display",
    "generate",
    "highlight",
    "notify",
    "predict",
    "propose",
    "recommend",
    "remind",
    "score",
    "send",
    "show",
    "suggest",
    "summarise",
    "summarize",
    "synchronise",
    "synchronize",
    "sync",
    "transcribe",
    "translate",
    "warn",
    "derive",
    "deduct",
];

/// `orders`, `cancelled until nine`: the verb, and what follows it.
fn active(passive: &str) -> Option<(&'static str, &str)> {
    let (word, rest) = passive.split_once(' ').unwrap_or((passive, ""));
    base_verb(&word.to_lowercase()).map(|verb| (verb, rest))
}

fn read_predicate(text: &str, begins: Begins) -> Action {
    let text: String = text.chars().take(MAX_PHRASE * 2).collect();
    let text = text.as_str();
    if begins == Begins::Either
        && let Some(action) = passive_sentence(text)
    {
        return action;
    }
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let word = |index: usize| lower.get(index).map(|word| word.trim_end_matches(','));
    let mut verbs: Vec<String> = Vec::new();
    let mut at = 0;
    // `create, edit and delete recipes`, `approve or reject requests`, `approve/reject requests`.
    while let Some(first) = word(at) {
        let first = if at == 0 { first.split('/').next().unwrap_or(first) } else { first };
        let third = base_verb(first).filter(|verb| crate::english::third_person(verb) == first);
        let verb = match third {
            Some(base) if at > 0 || !is_plural_noun_subject(&lower, at) => base.to_owned(),
            _ if is_imperative(first, word(at + 1)) || !verbs.is_empty() && is_verb(first) => {
                first.to_owned()
            }
            _ if at == 0 && is_verb(first) && (begins == Begins::Verb || joined(&lower, at)) => {
                first.to_owned()
            }
            _ => break,
        };
        for other in lower[at].trim_end_matches(',').split('/').skip(1).filter(|other| is_verb(other)) {
            verbs.push(other.to_owned());
        }
        let mut verb = verb;
        if let Some(next) = word(at + 1)
            && is_particle(&verb, next)
        {
            verb = format!("{verb} {next}");
            at += 1;
        }
        let goes_on = lower[at].ends_with(',');
        verbs.insert(verbs.len().min(if at == 0 { 0 } else { verbs.len() }), verb);
        at += 1;
        let conjunction = word(at).is_some_and(|word| matches!(word, "and" | "or" | "&"));
        let next = if conjunction { at + 1 } else { at };
        if !(conjunction || goes_on) || !word(next).is_some_and(is_verb) || !has_object_after(&lower, next) {
            break;
        }
        at = next;
    }
    if verbs.is_empty() {
        at = 0;
    }
    let (object, tail) = object_of(&words[at..]);
    let rest = tidy_end(&crate::english::clip(&words[at..].join(" "), MAX_PHRASE));
    let rest = if verbs.is_empty() { lower_first(&rest) } else { rest };
    let mut verbs = verbs.into_iter();
    Action {
        verb: verbs.next().unwrap_or_default(),
        further: verbs.collect(),
        object,
        rest,
        tail,
        ..Action::default()
    }
}

/// Whether verbs are joined from here on: `create, edit …`, `search and filter …`.
fn joined(lower: &[String], at: usize) -> bool {
    let next = lower.get(at + 1).map(String::as_str);
    match next {
        Some("and" | "or" | "&") => {
            lower.get(at + 2).is_some_and(|word| is_verb(word)) && has_object_after(lower, at + 2)
        }
        Some(next) => lower[at].ends_with(',') && is_verb(next.trim_end_matches(',')) && lower.len() > at + 3,
        None => false,
    }
}

/// A verb at the end of a list needs something that it is done to; else it is a noun: `search and filter`.
fn has_object_after(lower: &[String], at: usize) -> bool {
    lower.len() > at + 1
}

/// `Reports are sent`: the first word is the subject, no verb in the third person.
fn is_plural_noun_subject(lower: &[String], at: usize) -> bool {
    let next = lower.get(at + 1).map(String::as_str);
    let object_follows =
        next.is_some_and(|next| is_determiner(next) || crate::english::is_plural(next.trim_end_matches(',')));
    !object_follows
}

/// `Orders can be cancelled until nine`, `Menus are published weekly`, `Decisions must be traceable`.
fn passive_sentence(text: &str) -> Option<Action> {
    const MAX_SUBJECT_WORDS: usize = 5;
    let lower = text.to_lowercase();
    if lower.len() != text.len() {
        return None;
    }
    for mark in
        [" can be ", " must be ", " should be ", " may be ", " will be ", " are ", " is ", " gets ", " get "]
    {
        let Some(at) = lower.find(mark) else { continue };
        let subject = &text[..at];
        let words: Vec<&str> = subject.split(' ').collect();
        let whole = !lower[..at].split(' ').any(is_boundary);
        if words.len() > MAX_SUBJECT_WORDS || !whole {
            continue;
        }
        let after = &text[at + mark.len()..];
        let (verb, tail) = match active(after) {
            Some((verb, rest)) => (verb, rest),
            None if mark.ends_with("be ") => ("keep", after),
            None => continue,
        };
        let (object, _) = object_of(&words);
        let subject = lower_first(subject);
        let tail = tidy_end(tail);
        return Some(Action {
            verb: verb.to_owned(),
            object,
            rest: tidy_end(format!("{subject} {tail}").trim()),
            tail,
            by_product: mark != " can be " && mark != " may be ",
            ..Action::default()
        });
    }
    None
}

/// The noun at the beginning of `words`, without determiners, and what follows it.
fn object_of(words: &[&str]) -> (String, String) {
    const MAX_NOUN_WORDS: usize = 5;
    const CLAUSES: &[&str] = &["how", "what", "which", "where", "when", "whether", "who", "why", "if"];
    let is_clause = words.first().is_some_and(|word| CLAUSES.contains(&word.to_lowercase().as_str()));
    let first = match words.iter().position(|word| matches!(*word, "a" | "an" | "the")) {
        Some(article) if is_clause => article,
        None if is_clause => words.len() - 1,
        _ => 0,
    };
    let determiners = words[first..].iter().take_while(|word| is_determiner(&word.to_lowercase())).count();
    let begin = first + determiners;
    let mut end = begin;
    while let Some(word) = words.get(end) {
        let lower = word.to_lowercase();
        let clean = lower.trim_end_matches([',', ';', ':']);
        let participle = end > begin && clean.ends_with("ed") && base_verb(clean).is_some();
        let number = end > begin && clean.starts_with(|c: char| c.is_ascii_digit());
        if is_boundary(clean) && (end > begin || !is_clause)
            || participle
            || number
            || matches!(clean, "–" | "—" | "-" | "+")
        {
            break;
        }
        // `and` goes on only where a noun follows that ends the phrase: `allergens and prices`.
        if clean == "and" || clean == "&" {
            let follows = words.get(end + 1).map(|word| word.to_lowercase());
            let noun =
                follows.is_some_and(|next| !is_determiner(&next) && !is_verb(&next) && !is_boundary(&next));
            if !noun || end + 1 - begin >= MAX_NOUN_WORDS {
                break;
            }
        }
        if end - begin >= MAX_NOUN_WORDS {
            break;
        }
        end += 1;
        if lower.ends_with([',', ';', ':']) {
            break;
        }
    }
    let noun = tidy_end(&words[begin..end].join(" "));
    if is_clause {
        return (lower_first(&noun), String::new());
    }
    let tail = tidy_end(&crate::english::clip(&words[end..].join(" "), 100));
    (lower_first(&noun), tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(sentences: &[&str], expected: Expect) {
        let actors = ["kitchen manager".to_owned(), "guest".to_owned(), "driver".to_owned()];
        let mut out = String::new();
        for sentence in sentences {
            let action = Action::read(sentence, &actors);
            let verbs =
                std::iter::once(&action.verb).chain(&action.further).cloned().collect::<Vec<_>>().join("+");
            out.push_str(&format!(
                "{} | {verbs} | {} | {} | {} | {}\n",
                action.actor.as_deref().unwrap_or("-"),
                action.object,
                action.tail,
                action.rest,
                action.benefit.as_deref().unwrap_or("-"),
            ));
        }
        expected.assert_eq(&out);
    }

    #[test]
    fn sentences_of_visions() {
        check(
            &[
                "Guests can order meals for a week in advance, so that the kitchen knows what to buy.",
                "Order history",
                "Create, edit and delete recipes",
                "Approve or reject requests within the day",
                "The system must send a reminder to each driver",
                "Kitchen managers plan the weekly menu",
                "Orders can be cancelled until nine",
                "As a guest, I want to pay by card so that I need no cash",
                "Allow drivers to report delays (with a photo)",
                "Stock alerts by e-mail",
                "Sign in with the company account",
                "See allergens and prices of each meal",
                "Ability to export reports as PDF",
                "Search and filter",
                "Daily report of waste",
                "Teachers should see the progress of their pupils",
                "Remind members two days before a tool is due",
                "Record damage with a photo and block the tool until it is repaired",
                "Every decision must be traceable for ten years",
                "The system must check the cover of the policy automatically",
                "See how often a dish was chosen",
                "Refund orders that the kitchen could not serve",
                "Shopping list derived from orders",
                "Waiting list for dishes that are sold out",
                "Pay by card or by badge credit",
            ],
            expect![[r#"
                guest | order | meals | for a week in advance | meals for a week in advance | the kitchen knows what to buy
                - |  | order history |  | order history | -
                - | create+edit+delete | recipes |  | recipes | -
                - | approve+reject | requests | within the day | requests within the day | -
                - | send | reminder | to each driver | a reminder to each driver | -
                kitchen manager | plan | weekly menu |  | the weekly menu | -
                - | cancel | orders | until nine | orders until nine | -
                guest | pay |  | by card | by card | I need no cash
                driver | report | delays |  | delays | -
                - |  | stock alerts | by e-mail | stock alerts by e-mail | -
                - | sign in |  | with the company account | with the company account | -
                - | see | allergens and prices | meal | allergens and prices of each meal | -
                - | export | reports | as PDF | reports as PDF | -
                - |  | search | and filter | search and filter | -
                - |  | daily report of waste |  | daily report of waste | -
                teacher | see | progress of their pupils |  | the progress of their pupils | -
                - | remind | members | two days before a tool is due | members two days before a tool is due | -
                - | record | damage | with a photo and block the tool until it is repaired | damage with a photo and block the tool until it is repaired | -
                - | keep | decision | traceable for ten years | every decision traceable for ten years | -
                - | check | cover of the policy | automatically | the cover of the policy automatically | -
                - | see | dish |  | how often a dish was chosen | -
                - | refund | orders | that the kitchen could not serve | orders that the kitchen could not serve | -
                - |  | shopping list | derived from orders | shopping list derived from orders | -
                - |  | waiting list | for dishes that are sold out | waiting list for dishes that are sold out | -
                - | pay |  | by card or by badge credit | by card or by badge credit | -
            "#]],
        );
    }
}
