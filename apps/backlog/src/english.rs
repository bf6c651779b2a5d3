//! As much English as rules need: which word is a verb, its forms, singular and plural, and cutting at words.
//!
//! No dictionary and no model: where a word is not known, the safest form is taken, and the sentence stays readable.

mod verbs;

use verbs::{AMBIGUOUS, DOUBLING, IRREGULAR, PHRASAL, VERBS};

/// Words that stand before a noun without being part of its name.
const DETERMINERS: &[&str] = &[
    "a", "all", "an", "and", "any", "each", "every", "her", "his", "its", "many", "more", "most", "multiple",
    "my", "new", "one", "only", "other", "our", "own", "several", "some", "that", "the", "their", "these",
    "this", "those", "your",
];

/// Words that end the noun that a verb is about.
const BOUNDARIES: &[&str] = &[
    "about",
    "according",
    "across",
    "after",
    "against",
    "ahead",
    "along",
    "among",
    "are",
    "as",
    "at",
    "automatically",
    "based",
    "because",
    "been",
    "before",
    "between",
    "by",
    "can",
    "could",
    "during",
    "eight",
    "five",
    "for",
    "four",
    "from",
    "if",
    "in",
    "including",
    "inside",
    "into",
    "is",
    "must",
    "near",
    "off",
    "on",
    "online",
    "onto",
    "or",
    "out",
    "over",
    "per",
    "should",
    "six",
    "so",
    "such",
    "ten",
    "than",
    "that",
    "three",
    "through",
    "throughout",
    "to",
    "together",
    "towards",
    "twelve",
    "two",
    "under",
    "until",
    "up",
    "using",
    "via",
    "was",
    "were",
    "when",
    "where",
    "whether",
    "which",
    "while",
    "who",
    "will",
    "with",
    "within",
    "without",
];

/// Words that no title should end with.
const DANGLING: &[&str] = &[
    "a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "is", "of", "on", "or", "per", "so",
    "than", "that", "the", "their", "to", "via", "when", "where", "which", "who", "with", "without", "are",
    "be", "can", "its", "if", "while", "every", "each", "any", "all", "no", "not", "only", "before", "after",
    "using", "&",
];

/// Nouns that make a name of a verb before them: `order history`, `search page`.
const COMPOUND_HEADS: &[&str] = &[
    "access",
    "board",
    "builder",
    "button",
    "centre",
    "center",
    "code",
    "credit",
    "data",
    "editor",
    "export",
    "field",
    "fields",
    "flow",
    "form",
    "forms",
    "function",
    "groups",
    "history",
    "import",
    "limits",
    "list",
    "lists",
    "log",
    "logs",
    "management",
    "mode",
    "number",
    "numbers",
    "options",
    "order",
    "overview",
    "page",
    "pages",
    "plan",
    "plans",
    "process",
    "queue",
    "results",
    "rights",
    "rules",
    "service",
    "services",
    "sheet",
    "sheets",
    "statistics",
    "status",
    "system",
    "templates",
    "tracking",
    "types",
    "view",
    "views",
    "planning",
    "scheduling",
    "reporting",
    "monitoring",
    "alerts",
    "reminders",
];

/// Plurals that no rule gives.
const ODD_PLURALS: &[(&str, &str)] = &[
    ("analysis", "analyses"),
    ("child", "children"),
    ("criterion", "criteria"),
    ("diagnosis", "diagnoses"),
    ("half", "halves"),
    ("index", "indexes"),
    ("leaf", "leaves"),
    ("life", "lives"),
    ("man", "men"),
    ("medium", "media"),
    ("movie", "movies"),
    ("cookie", "cookies"),
    ("person", "people"),
    ("shelf", "shelves"),
    ("woman", "women"),
];

/// Nouns without a plural.
const UNCOUNTABLE: &[&str] = &[
    "access",
    "accounting",
    "advice",
    "attendance",
    "billing",
    "booking",
    "capacity",
    "care",
    "cash",
    "compliance",
    "content",
    "damage",
    "data",
    "equipment",
    "evidence",
    "feedback",
    "food",
    "health",
    "help",
    "information",
    "infrastructure",
    "inventory",
    "knowledge",
    "learning",
    "logistics",
    "mail",
    "maintenance",
    "management",
    "marketing",
    "media",
    "money",
    "music",
    "news",
    "onboarding",
    "planning",
    "pricing",
    "privacy",
    "progress",
    "research",
    "safety",
    "scheduling",
    "search",
    "security",
    "software",
    "staff",
    "stock",
    "storage",
    "support",
    "time",
    "tracking",
    "traffic",
    "training",
    "transport",
    "waste",
    "weather",
    "work",
    "availability",
    "history",
    "analytics",
    "reporting",
    "messaging",
    "energy",
    "water",
    "electricity",
    "consumption",
    "payroll",
    "metadata",
];

/// Whether `word` is known as a verb's base form.
pub(crate) fn is_verb(word: &str) -> bool {
    VERBS.binary_search(&word).is_ok() || PHRASAL.iter().any(|(verb, _)| *verb == word)
}

/// Whether `word`, followed by `next`, begins an instruction: `order meals` does, `order history` does not.
pub(crate) fn is_imperative(word: &str, next: Option<&str>) -> bool {
    if !is_verb(word) {
        return false;
    }
    if AMBIGUOUS.binary_search(&word).is_err() {
        return true;
    }
    let Some(next) = next.map(|next| next.trim_end_matches(',')) else { return false };
    if COMPOUND_HEADS.contains(&next) {
        return false;
    }
    let particle = PHRASAL.iter().any(|(verb, particles)| *verb == word && particles.contains(&next));
    let begins_object = DETERMINERS.contains(&next) && next != "and";
    let plural = is_plural(next) && !is_verb(next);
    particle || begins_object || plural || is_uncountable(next)
}

/// The second word of a verb of two, where `next` is one.
pub(crate) fn is_particle(verb: &str, next: &str) -> bool {
    PHRASAL.iter().any(|(known, particles)| *known == verb && particles.contains(&next))
}

/// Whether `word` stands before a noun without being part of its name.
pub(crate) fn is_determiner(word: &str) -> bool {
    DETERMINERS.contains(&word)
}

/// Whether `word` ends the noun that a verb is about.
pub(crate) fn is_boundary(word: &str) -> bool {
    BOUNDARIES.contains(&word)
}

/// `plan` as `planning`; of a verb of several words, the first changes.
pub(crate) fn gerund(verb: &str) -> String {
    let (first, rest) = split_verb(verb);
    let stem = match first {
        "be" | "see" | "free" | "agree" | "oversee" => first.to_owned(),
        _ if first.ends_with("ie") => format!("{}y", &first[..first.len() - 2]),
        _ if first.ends_with('e') && !first.ends_with("ee") => first[..first.len() - 1].to_owned(),
        _ => doubled(first),
    };
    format!("{stem}ing{rest}")
}

/// `plan` as `planned`; of a verb of several words, the first changes.
pub(crate) fn participle(verb: &str) -> String {
    let (first, rest) = split_verb(verb);
    if let Some((_, odd)) = IRREGULAR.iter().find(|(base, _)| *base == first) {
        return format!("{odd}{rest}");
    }
    let word = match first.as_bytes() {
        [.., b'e'] => format!("{first}d"),
        [.., before, b'y'] if !b"aeiou".contains(before) => format!("{}ied", &first[..first.len() - 1]),
        _ => format!("{}ed", doubled(first)),
    };
    format!("{word}{rest}")
}

/// The base of a participle or of a third person (`cancelled`, `plans`), where it is known.
pub(crate) fn base_verb(word: &str) -> Option<&'static str> {
    if let Some((base, _)) = IRREGULAR.iter().find(|(_, odd)| *odd == word) {
        return VERBS.iter().find(|verb| *verb == base).copied();
    }
    let ends = word.strip_suffix("ed").or_else(|| word.strip_suffix('d')).or_else(|| word.strip_suffix('s'));
    ends?;
    VERBS.iter().copied().find(|verb| participle(verb) == word || third_person(verb) == word)
}

/// `plan` as `plans`.
pub(crate) fn third_person(verb: &str) -> String {
    let (first, rest) = split_verb(verb);
    if first == "have" { format!("has{rest}") } else { format!("{}{rest}", with_s(first)) }
}

/// The plural of a noun; of a noun of several words, the head's.
pub(crate) fn plural(noun: &str) -> String {
    change_head(noun, |head| {
        let lower = head.to_lowercase();
        if is_uncountable(&lower) || is_plural(&lower) {
            return head.to_owned();
        }
        match ODD_PLURALS.iter().find(|(singular, _)| *singular == lower) {
            Some((_, plural)) => (*plural).to_owned(),
            None => with_s(head),
        }
    })
}

/// The singular of a noun; of a noun of several words, the head's.
pub(crate) fn singular(noun: &str) -> String {
    change_head(noun, |head| {
        let lower = head.to_lowercase();
        if let Some((singular, _)) = ODD_PLURALS.iter().find(|(_, plural)| *plural == lower) {
            return (*singular).to_owned();
        }
        if !is_plural(&lower) {
            return head.to_owned();
        }
        if let Some(stem) = head.strip_suffix("ies") {
            return format!("{stem}y");
        }
        let es = ["sses", "shes", "ches", "xes", "zes"].iter().any(|ending| lower.ends_with(ending));
        head[..head.len()
            - if es || matches!(lower.as_str(), "buses" | "statuses" | "bonuses") { 2 } else { 1 }]
            .to_owned()
    })
}

/// Whether a word looks like a plural.
pub(crate) fn is_plural(word: &str) -> bool {
    if ODD_PLURALS.iter().any(|(_, plural)| *plural == word) {
        return true;
    }
    const SINGULAR: &[&str] = &[
        "status", "campus", "bonus", "virus", "bus", "plus", "focus", "census", "radius", "corpus", "bonus",
        "versus",
    ];
    if SINGULAR.contains(&word) {
        return false;
    }
    let not_endings = ["ss", "is", "ics", "ness", "news", "always", "as", "ious"];
    word.len() > 3
        && word.is_ascii()
        && word.ends_with('s')
        && !not_endings.iter().any(|ending| word.ends_with(ending))
}

/// Whether a noun has no plural.
pub(crate) fn is_uncountable(noun: &str) -> bool {
    let head = head_of(noun);
    UNCOUNTABLE.contains(&head.to_lowercase().as_str())
        || head.ends_with("ics")
        || head.len() > 4 && head.ends_with("ing")
}

/// The word that a noun of several words is about: the last before `of`.
pub(crate) fn head_of(noun: &str) -> &str {
    let before = noun.split(" of ").next().unwrap_or(noun);
    before.rsplit(' ').next().unwrap_or(before)
}

/// `a` or `an`.
pub(crate) fn article(noun: &str) -> &'static str {
    let lower = noun.to_lowercase();
    let sounds = ["hour", "honest", "sms", "mri", "x-ray", "fa", "nfc"];
    let vowel = lower.starts_with(['a', 'e', 'i', 'o', 'u']);
    let silent = ["use", "user", "uni", "one", "eu ", "euro", "usb", "url"]
        .iter()
        .any(|begin| lower.starts_with(begin));
    let unlike = lower.starts_with("unin") || lower.starts_with("unim");
    if vowel && (!silent || unlike) || sounds[..5].iter().any(|begin| lower.starts_with(begin)) {
        "an"
    } else {
        "a"
    }
}

/// The first letter in lower case, unless the word is a name or an abbreviation.
pub(crate) fn lower_first(text: &str) -> String {
    let first = text.split(|c: char| c.is_whitespace() || c == '-').next().unwrap_or("");
    let is_name = first.chars().skip(1).any(|c| c.is_uppercase() || c.is_ascii_digit()) || first == "I";
    let mut chars = text.chars();
    match chars.next() {
        Some(c) if !is_name => std::iter::once(one(c.to_lowercase(), c)).chain(chars).collect(),
        _ => text.to_owned(),
    }
}

/// The first letter in upper case.
pub(crate) fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(c) => std::iter::once(one(c.to_uppercase(), c)).chain(chars).collect(),
        None => String::new(),
    }
}

/// What a letter becomes, or itself where it would become several (`ß`, `SS`): a text that was cut must not grow again.
fn one(mut changed: impl Iterator<Item = char>, letter: char) -> char {
    match (changed.next(), changed.next()) {
        (Some(other), None) => other,
        _ => letter,
    }
}

/// A text of at most `chars` characters, cut between words and not after a word that waits for another. Of a text that has
/// any, something is left.
pub(crate) fn clip(text: &str, chars: usize) -> String {
    let text = text.trim();
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut count = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count() + usize::from(count > 0);
        if count + length > chars {
            break;
        }
        if count > 0 {
            out.push(' ');
        }
        out.push_str(word);
        count += length;
    }
    let tidy = tidy_end(&out);
    // Where the first word is too long, or waits for what does not fit, it is cut itself.
    if tidy.is_empty() { text.chars().take(chars).collect::<String>().trim_end().to_owned() } else { tidy }
}

/// Without words and marks at its end that wait for something.
pub(crate) fn tidy_end(text: &str) -> String {
    let mut out = text.trim_end();
    loop {
        let marks = out.trim_end_matches([',', ';', ':', '-', '–', '—', '(', '/', '&', ' ']);
        let last = marks.rsplit(' ').next().unwrap_or("");
        let shorter = if DANGLING.contains(&last.to_lowercase().as_str()) && marks.len() > last.len() {
            marks[..marks.len() - last.len()].trim_end()
        } else {
            marks
        };
        if shorter.len() == out.len() {
            return balanced(out);
        }
        out = shorter;
    }
}

/// Without a bracket that was cut open.
fn balanced(text: &str) -> String {
    match text.rfind('(') {
        Some(open) if !text[open..].contains(')') => text[..open].trim_end().to_owned(),
        _ => text.to_owned(),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list_of<T: AsRef<str>>(words: &[T]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// Words that say what a text is about: lower case, singular, without the small ones.
pub(crate) fn keywords(text: &str) -> Vec<String> {
    const SMALL: &[&str] = &[
        "able", "also", "been", "being", "both", "does", "done", "down", "ever", "from", "good", "have",
        "here", "into", "just", "like", "made", "make", "more", "most", "must", "need", "only", "over",
        "same", "shall", "should", "such", "than", "that", "their", "them", "then", "there", "these", "they",
        "this", "those", "very", "want", "well", "were", "what", "when", "where", "which", "while", "will",
        "with", "would", "your", "user", "each", "every", "least", "less", "without", "within", "between",
        "about", "after", "before", "system", "app", "and", "the", "for", "are", "can", "not", "any", "all",
        "our", "who", "how", "its", "out", "per", "one", "new", "use", "has", "was", "but", "may", "via",
        "two", "way",
    ];
    let words =
        text.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| word.chars().count() > 2);
    let mut found: Vec<String> = Vec::new();
    for word in words {
        let lower = word.to_lowercase();
        let word = singular(&lower);
        if !SMALL.contains(&lower.as_str()) && !SMALL.contains(&word.as_str()) && !found.contains(&word) {
            found.push(word);
        }
    }
    found
}

fn split_verb(verb: &str) -> (&str, &str) {
    verb.find(' ').map_or((verb, ""), |space| verb.split_at(space))
}

fn doubled(verb: &str) -> String {
    match verb.chars().last() {
        Some(last) if DOUBLING.contains(&verb) => format!("{verb}{last}"),
        _ => verb.to_owned(),
    }
}

fn with_s(word: &str) -> String {
    let bytes = word.as_bytes();
    match bytes {
        [.., before, b'y'] if !b"aeiou".contains(before) => format!("{}ies", &word[..word.len() - 1]),
        [.., b's' | b'x' | b'z'] | [.., b'c' | b's', b'h'] => format!("{word}es"),
        _ => format!("{word}s"),
    }
}

/// Changes the head of a noun of several words.
fn change_head(noun: &str, change: impl Fn(&str) -> String) -> String {
    let (before, after) = noun.find(" of ").map_or((noun, ""), |of| noun.split_at(of));
    match before.rfind(' ') {
        Some(space) => format!("{} {}{after}", &before[..space], change(&before[space + 1..])),
        None => format!("{}{after}", change(before)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_for_their_search() {
        assert!(VERBS.is_sorted() && AMBIGUOUS.is_sorted());
        assert!(AMBIGUOUS.iter().all(|verb| is_verb(verb)));
        assert!(DOUBLING.iter().all(|verb| is_verb(verb)));
    }

    #[test]
    fn verbs_have_their_forms() {
        for (verb, gerund_, participle_, third) in [
            ("plan", "planning", "planned", "plans"),
            ("see", "seeing", "seen", "sees"),
            ("manage", "managing", "managed", "manages"),
            ("apply", "applying", "applied", "applies"),
            ("pay", "paying", "paid", "pays"),
            ("sign in", "signing in", "signed in", "signs in"),
            ("submit", "submitting", "submitted", "submits"),
            ("order", "ordering", "ordered", "orders"),
            ("search", "searching", "searched", "searches"),
            ("track", "tracking", "tracked", "tracks"),
        ] {
            assert_eq!([gerund(verb), participle(verb), third_person(verb)], [gerund_, participle_, third]);
        }
        assert_eq!(
            ["cancelled", "plans", "chosen", "meals"].map(base_verb),
            [Some("cancel"), Some("plan"), Some("choose"), None]
        );
    }

    #[test]
    fn an_instruction_is_told_from_a_name() {
        for (text, expected) in [
            ("order meals", true),
            ("order history", false),
            ("plan the menu", true),
            ("report builder", false),
            ("create reports", true),
            ("check in guests", true),
            ("search", false),
            ("offline mode", false),
        ] {
            let mut words = text.split(' ');
            assert_eq!(is_imperative(words.next().unwrap(), words.next()), expected, "{text}");
        }
    }

    #[test]
    fn nouns_have_two_numbers() {
        for (one, many) in [
            ("meal", "meals"),
            ("allergy", "allergies"),
            ("bus", "buses"),
            ("box", "boxes"),
            ("person", "people"),
            ("menu of the week", "menus of the week"),
            ("purchase order", "purchase orders"),
            ("house", "houses"),
            ("address", "addresses"),
            ("warehouse", "warehouses"),
            ("invoice", "invoices"),
            ("course", "courses"),
            ("release", "releases"),
        ] {
            assert_eq!((plural(one), singular(many)), (many.to_owned(), one.to_owned()));
            assert_eq!((plural(many), singular(one)), (many.to_owned(), one.to_owned()));
        }
        assert_eq!(
            [plural("feedback"), plural("stock"), singular("analytics")],
            ["feedback", "stock", "analytics"]
        );
        assert_eq!(
            ["order", "user", "hour", "invoice", "unique code"].map(article),
            ["an", "a", "an", "an", "a"]
        );
    }

    #[test]
    fn texts_are_cut_between_words() {
        assert_eq!(clip("Plan the menu for the week ahead", 25), "Plan the menu");
        assert_eq!(clip("Short", 25), "Short");
        assert_eq!(clip("ä".repeat(40).as_str(), 5), "äääää");
        assert_eq!(clip("See balances (of today, and of all accounts)", 30), "See balances");
        assert_eq!(clip("-- aaaaaaaaaa", 5), "-- aa");
        assert_eq!(clip("(see balances of today)", 12), "(see balance");
        assert_eq!([upper_first("ßa"), upper_first("éa"), lower_first("İa")], ["ßa", "Éa", "İa"]);
        assert_eq!(
            [lower_first("Plan menus"), lower_first("PDF export"), lower_first("E-mail")],
            ["plan menus", "PDF export", "e-mail"]
        );
    }
}
