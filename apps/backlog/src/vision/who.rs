//! Who a sentence says does something: cut off before what is done.

use crate::english::{base_verb, is_boundary, is_determiner, is_imperative, is_verb};

/// Subjects that stand for the product itself.
const PRODUCT: &[&str] = &[
    "system",
    "app",
    "application",
    "product",
    "it",
    "we",
    "platform",
    "tool",
    "service",
    "software",
    "solution",
    "there",
    "site",
    "website",
    "one",
    "they",
    "you",
];
const MODALS: &[&str] = &["can", "may", "must", "should", "will", "could", "shall", "might"];

/// Who a sentence says does it, and what.
pub(super) struct Subject<'a> {
    pub(super) actor: Option<String>,
    pub(super) by_product: bool,
    pub(super) predicate: &'a str,
    pub(super) begins: Begins,
}

/// What a predicate begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    /// Certainly a verb: somebody *can* do it.
    Verb,
    /// A verb, or the name of a thing.
    Either,
}

impl<'a> Subject<'a> {
    fn of(actor: Option<String>, predicate: &'a str) -> Self {
        Self { actor, by_product: false, predicate, begins: Begins::Verb }
    }

    fn none(sentence: &'a str) -> Self {
        Self { actor: None, by_product: false, predicate: sentence, begins: Begins::Either }
    }
}

/// Cuts off who does it, and words like `can` and `the ability to`.
pub(super) fn split_actor<'a>(sentence: &'a str, actors: &[String]) -> Subject<'a> {
    let lower = sentence.to_lowercase();
    if lower.len() != sentence.len() {
        return Subject::none(sentence);
    }
    if let Some(story) = lower.strip_prefix("as a ").or_else(|| lower.strip_prefix("as an ")) {
        let begin = sentence.len() - story.len();
        for mark in [
            ", i want to ",
            " i want to ",
            ", i can ",
            " i can ",
            ", i need to ",
            " i need to ",
            ", i would like to ",
        ] {
            if let Some(at) = story.find(mark) {
                return Subject::of(
                    Some(story[..at].trim().to_owned()),
                    &sentence[begin + at + mark.len()..],
                );
            }
        }
    }
    for mark in [
        "the ability to ",
        "ability to ",
        "option to ",
        "the option to ",
        "possibility to ",
        "it is possible to ",
        "a way to ",
    ] {
        if lower.starts_with(mark) {
            return Subject::of(None, &sentence[mark.len()..]);
        }
    }
    for mark in ["allow ", "allows ", "let ", "lets ", "enable ", "enables ", "help ", "helps "] {
        if let Some(rest) = lower.strip_prefix(mark)
            && let Some((actor, left)) = allowed(rest, mark, actors)
        {
            return Subject::of(actor, &sentence[sentence.len() - left..]);
        }
    }
    modal(sentence, &lower, actors).unwrap_or(Subject::none(sentence))
}

/// `guests to order meals`, `guests order meals`: who, and how many bytes are left.
fn allowed(rest: &str, mark: &str, actors: &[String]) -> Option<(Option<String>, usize)> {
    if let Some((subject, after)) = rest.split_once(" to ")
        && subject.split(' ').count() <= 4
    {
        return Some((person(subject, actors), after.len()));
    }
    if !mark.starts_with("let") && !mark.starts_with("help") {
        return None;
    }
    let known = actors
        .iter()
        .map(|actor| crate::english::plural(actor))
        .chain(["users".to_owned(), "people".to_owned()]);
    for subject in known {
        if let Some(after) = rest.strip_prefix(&subject).and_then(|after| after.strip_prefix(' ')) {
            return Some((person(&subject, actors), after.len()));
        }
    }
    None
}

/// `Guests can order meals`, `The kitchen plans the menu`.
fn modal<'a>(sentence: &'a str, lower: &str, actors: &[String]) -> Option<Subject<'a>> {
    const MAX_SUBJECT_WORDS: usize = 5;
    let words: Vec<&str> = lower.split(' ').collect();
    if is_imperative(words[0], words.get(1).copied()) {
        return None;
    }
    let mut at = 0;
    for (index, word) in words.iter().enumerate().take(MAX_SUBJECT_WORDS + 1) {
        let after = (at + word.len() + 1).min(sentence.len());
        let wants =
            matches!(*word, "want" | "need" | "wants" | "needs") && words.get(index + 1) == Some(&"to");
        if index > 0 && (MODALS.contains(word) || wants) {
            return Some(with_modal(sentence, &lower[..at - 1], after, actors));
        }
        // A known actor, and then a verb in the third person or in its base form.
        let verb = word.trim_end_matches(',');
        if index > 0 && (base_verb(verb).is_some() || is_verb(verb)) {
            let subject = &lower[..at - 1];
            let known = person(subject, actors).filter(|name| actors.contains(name));
            let by_product = PRODUCT.contains(&bare(subject));
            if known.is_some() || by_product {
                let subject = Subject::of(known, &sentence[at..]);
                return Some(Subject { by_product, ..subject });
            }
        }
        if matches!(*word, "and" | "or") || is_boundary(word) {
            return None;
        }
        at = after;
    }
    None
}

/// What follows a subject and `can`.
fn with_modal<'a>(sentence: &'a str, subject: &str, after: usize, actors: &[String]) -> Subject<'a> {
    let mut rest = &sentence[after..];
    for lead in ["to ", "be able to ", "also ", "then ", "not only "] {
        rest = rest.strip_prefix(lead).unwrap_or(rest);
    }
    if rest.starts_with("be ") {
        // `Orders can be cancelled` is read as a whole.
        return Subject::none(sentence);
    }
    let by_product =
        PRODUCT.contains(&bare(subject)) && !matches!(bare(subject), "one" | "they" | "you" | "we");
    Subject { by_product, ..Subject::of(person(subject, actors), rest) }
}

fn bare(subject: &str) -> &str {
    subject.rsplit(' ').next().unwrap_or(subject)
}

/// The actor that a subject names: one of the known, or its own words where they are few.
fn person(subject: &str, actors: &[String]) -> Option<String> {
    let subject = subject.trim().trim_end_matches(',');
    let words: Vec<&str> = subject.split(' ').filter(|word| !is_determiner(word)).collect();
    let name = crate::english::singular(&words.join(" "));
    if PRODUCT.contains(&bare(&name))
        || words.is_empty()
        || matches!(name.as_str(), "user" | "person" | "everyone" | "everybody")
    {
        return None;
    }
    let known = actors.iter().find(|actor| **actor == name);
    let ends = |actor: &&String| actor.ends_with(&format!(" {name}")) || name.ends_with(&format!(" {actor}"));
    known.or_else(|| actors.iter().find(ends)).cloned().or_else(|| {
        let is_short =
            words.len() <= 3 && words.iter().all(|word| word.chars().all(|c| c.is_alphabetic() || c == '-'));
        is_short.then_some(name).filter(|name| looks_human(name))
    })
}

/// Endings of words for people, for those that the vision does not list.
fn looks_human(name: &str) -> bool {
    const PEOPLE: &[&str] = &[
        "admin",
        "agent",
        "analyst",
        "client",
        "clerk",
        "coach",
        "customer",
        "doctor",
        "driver",
        "employee",
        "expert",
        "guest",
        "guide",
        "host",
        "lead",
        "member",
        "nurse",
        "owner",
        "parent",
        "partner",
        "patient",
        "pupil",
        "staff",
        "student",
        "team",
        "tenant",
        "citizen",
        "resident",
        "accountant",
        "assistant",
        "consultant",
        "applicant",
        "technician",
        "librarian",
        "colleague",
        "chef",
        "cook",
        "crew",
        "captain",
        "child",
        "family",
        "neighbour",
        "neighbor",
        "volunteer",
        "farmer",
        "support",
        "auditor",
        "director",
        "supervisor",
        "operator",
        "visitor",
        "author",
        "editor",
    ];
    let head = bare(name);
    PEOPLE.contains(&head)
        || (head.len() > 4
            && (head.ends_with("er") || head.ends_with("or") || head.ends_with("ist"))
            && !THINGS.contains(&head))
}

/// Words that end like words for people and are none.
const THINGS: &[&str] = &[
    "order",
    "number",
    "folder",
    "filter",
    "offer",
    "calendar",
    "server",
    "reminder",
    "letter",
    "paper",
    "parameter",
    "printer",
    "scanner",
    "router",
    "container",
    "timer",
    "tracker",
    "planner",
    "builder",
    "newsletter",
    "voucher",
    "ledger",
    "error",
    "sensor",
    "monitor",
    "color",
    "factor",
    "vector",
    "editor",
    "computer",
    "header",
    "dinner",
    "chapter",
    "checklist",
    "list",
    "playlist",
    "register",
    "counter",
    "weather",
    "water",
    "power",
    "transfer",
    "buffer",
    "meter",
    "identifier",
    "wishlist",
    "locker",
    "poster",
    "charger",
    "browser",
    "finder",
    "viewer",
    "picker",
    "player",
    "other",
    "answer",
    "user",
    "customer number",
];
