//! From blocks to a vision.

use super::{
    Action, Actor, Capability, Constraint, Goal, Quality, Term, Theme, Vision,
    action::split_label,
    markdown::{Block, PSEUDO_LEVEL, blocks},
    sections::{Section, of_heading, priority_in},
};
use crate::english::{clip, is_determiner, keywords, lower_first, singular, tidy_end, upper_first};

/// Most of each kind that are read: what is beyond is not planned by anybody.
const MAX_EACH: usize = 400;
/// Longest title of the product, in characters.
const MAX_TITLE: usize = 80;

/// Reads a vision from Markdown. `fallback` names the product where the text does not.
pub(crate) fn read(markdown: &str, fallback: &str) -> Vision {
    let mut gathered = Gathered::default();
    for block in blocks(markdown) {
        gathered.block(block);
    }
    gathered.vision(fallback)
}

/// A capability as it stands, before it is known who the actors are.
#[derive(Clone, Default)]
struct Raw {
    label: Option<String>,
    text: String,
    parts: Vec<String>,
    priority: Option<u8>,
}

#[derive(Default)]
struct RawTheme {
    title: String,
    text: String,
    items: Vec<Raw>,
}

#[derive(Default)]
struct Gathered {
    title: Option<String>,
    prose: Vec<String>,
    themes: Vec<RawTheme>,
    /// Items of a feature section without a heading of their own.
    loose: Vec<Raw>,
    actors: Vec<Raw>,
    goals: Vec<Raw>,
    constraints: Vec<(String, Raw)>,
    terms: Vec<Raw>,
    excluded: Vec<Raw>,
    risks: Vec<Raw>,
    /// Headings that enclose the present block, with what they say.
    path: Vec<(u8, Place)>,
}

/// Where a block belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Title,
    Section(Section),
    Theme,
    /// A heading below a theme's or among the features: one capability, with what follows as its parts.
    Capability,
}

impl Gathered {
    fn block(&mut self, block: Block) {
        match block {
            Block::Heading(level, text) => self.heading(level, &text),
            Block::Item { depth, label, text } => self.item(depth, label, text),
            Block::Paragraph(text) => self.paragraph(text),
        }
    }

    fn heading(&mut self, level: u8, text: &str) {
        while self.path.last().is_some_and(|(outer, _)| *outer >= level) {
            self.path.pop();
        }
        let enclosing = self.place();
        let kind = of_heading(text);
        if self.title.is_none() && level <= 2 && (kind.is_none() || level == 1) {
            // `Vision: Canteen` names the canteen.
            let name = match split_label(text) {
                (Some(label), rest) if of_heading(label).is_some() => rest,
                (Some(label), _) => label,
                (None, all) => all,
            };
            self.title = Some(clip(name, MAX_TITLE));
            self.path.push((level, Place::Title));
            return;
        }
        let place = match (enclosing, kind) {
            (Place::Section(Section::Features(_)) | Place::Title, Some(section)) => Place::Section(section),
            (Place::Section(Section::Features(_)), None) => Place::Theme,
            // Within a section of another kind a heading only divides it.
            (Place::Section(section), None) => Place::Section(section),
            (Place::Section(_), Some(section)) => Place::Section(section),
            (
                Place::Theme | Place::Capability,
                Some(section @ (Section::Constraints | Section::Excluded | Section::Risks)),
            ) => Place::Section(section),
            (Place::Theme | Place::Capability, Some(Section::Features(_) | Section::Background)) => {
                Place::Theme
            }
            (Place::Theme | Place::Capability, Some(section)) => Place::Section(section),
            (Place::Theme, None) => Place::Capability,
            (Place::Capability, None) => Place::Capability,
            (Place::Title, None) => Place::Theme,
        };
        match place {
            Place::Theme if kind.is_none() => {
                self.themes.push(RawTheme { title: text.to_owned(), ..RawTheme::default() });
            }
            Place::Capability => {
                let raw = Raw { label: Some(text.to_owned()), ..Raw::default() };
                if let Some(theme) = self.themes.last_mut() {
                    theme.items.push(raw);
                }
            }
            Place::Title | Place::Theme | Place::Section(_) => {}
        }
        self.path.push((level.min(PSEUDO_LEVEL), place));
    }

    fn place(&self) -> Place {
        self.path.last().map_or(Place::Title, |(_, place)| *place)
    }

    fn priority(&self) -> Option<u8> {
        self.path.iter().rev().find_map(|(_, place)| match place {
            Place::Section(Section::Features(priority)) => *priority,
            _ => None,
        })
    }

    fn item(&mut self, depth: usize, label: Option<String>, text: String) {
        let place = self.place();
        let priority = self.priority();
        let list = match place {
            Place::Section(Section::Actors) => &mut self.actors,
            Place::Section(Section::Goals) => &mut self.goals,
            Place::Section(Section::Glossary) => &mut self.terms,
            Place::Section(Section::Excluded) => &mut self.excluded,
            Place::Section(Section::Risks) => &mut self.risks,
            Place::Section(Section::Ignored) => return,
            Place::Section(Section::Constraints) => {
                let raw = Raw { label, text, ..Raw::default() };
                if self.constraints.len() < MAX_EACH {
                    self.constraints.push((String::new(), raw));
                }
                return;
            }
            Place::Section(Section::Features(_) | Section::Background) | Place::Title => &mut self.loose,
            Place::Theme => match self.themes.last_mut() {
                Some(theme) => &mut theme.items,
                None => &mut self.loose,
            },
            Place::Capability => {
                let last = self.themes.last_mut().and_then(|theme| theme.items.last_mut());
                if let Some(last) = last
                    && last.parts.len() < MAX_EACH
                {
                    last.parts.push(text);
                }
                return;
            }
        };
        let full = list.len() >= MAX_EACH;
        match list.last_mut() {
            Some(last) if depth > 0 && last.parts.len() < MAX_EACH => last.parts.push(text),
            _ if full => {}
            _ => list.push(Raw { label, text, parts: Vec::new(), priority }),
        }
    }

    fn paragraph(&mut self, text: String) {
        match self.place() {
            Place::Title | Place::Section(Section::Background) => self.prose.push(text),
            Place::Theme => match self.themes.last_mut() {
                Some(theme) => push_prose(&mut theme.text, &text),
                None => self.prose.push(text),
            },
            Place::Capability => {
                if let Some(raw) = self.themes.last_mut().and_then(|theme| theme.items.last_mut()) {
                    push_prose(&mut raw.text, &text);
                }
            }
            Place::Section(section) => {
                let raws = sentences(&text).into_iter().map(|text| Raw { text, ..Raw::default() });
                match section {
                    Section::Actors => self.actors.extend(raws.filter(|raw| raw.text.len() < 200)),
                    Section::Goals => self.goals.extend(raws),
                    Section::Constraints => self.constraints.extend(raws.map(|raw| (String::new(), raw))),
                    Section::Glossary => self.terms.extend(raws),
                    Section::Excluded => self.excluded.extend(raws),
                    Section::Risks => self.risks.extend(raws),
                    Section::Features(priority) => {
                        let can = raws.filter(|raw| says_can(&raw.text));
                        self.loose.extend(can.map(|raw| Raw { priority, ..raw }));
                    }
                    Section::Background | Section::Ignored => {}
                }
            }
        }
    }

    fn vision(mut self, fallback: &str) -> Vision {
        for list in [&mut self.actors, &mut self.goals, &mut self.terms, &mut self.excluded, &mut self.risks]
        {
            list.truncate(MAX_EACH);
        }
        self.themes.truncate(MAX_EACH);
        let title =
            self.title.clone().filter(|title| !title.is_empty()).unwrap_or_else(|| clip(fallback, MAX_TITLE));
        let mut actors: Vec<Actor> = Vec::new();
        for raw in &self.actors {
            if let Some(actor) = actor_of(raw)
                && !actors.iter().any(|known| known.name == actor.name)
            {
                actors.push(actor);
            }
        }
        let named: Vec<String> = actors.iter().map(|actor| actor.name.clone()).collect();
        let (mut themes, mut loose) = self.read_themes(&named);
        let excluded: Vec<String> =
            self.excluded.iter().map(|raw| tidy_end(raw.text.trim_end_matches('.'))).collect();
        for theme in &mut themes {
            drop_excluded(&mut theme.capabilities, &excluded);
        }
        drop_excluded(&mut loose, &excluded);
        add_found_actors(&mut actors, themes.iter().flat_map(|theme| &theme.capabilities).chain(&loose));
        let goals = self.goals.iter().map(goal_of).collect();
        let constraints = self.constraints.iter().filter_map(|(_, raw)| constraint_of(raw)).collect();
        let terms = self.terms.iter().filter_map(term_of).collect();
        let summary = summary(&self.prose);
        let risks = self.risks.iter().map(|raw| raw.text.trim_end_matches('.').to_owned()).collect();
        Vision { title, summary, themes, loose, actors, goals, constraints, terms, excluded, risks }
    }

    fn read_themes(&mut self, actors: &[String]) -> (Vec<Theme>, Vec<Capability>) {
        let mut themes: Vec<Theme> = Vec::new();
        for raw in &self.themes {
            let mut items = raw.items.clone();
            let mut text = raw.text.clone();
            if items.is_empty() {
                // A heading with prose: what can be done stands in its sentences.
                let all = sentences(&raw.text);
                let (can, other): (Vec<_>, Vec<_>) = all.into_iter().partition(|sentence| says_can(sentence));
                text = other.join(" ");
                items = can.into_iter().map(|text| Raw { text, ..Raw::default() }).collect();
                if items.is_empty() && text.is_empty() && of_heading(&raw.title).is_some() {
                    continue;
                }
            }
            let capabilities = items.iter().filter_map(|raw| capability(raw, actors)).collect();
            themes.push(Theme { title: theme_title(&raw.title), text, capabilities });
        }
        // An item of a feature list that has items of its own is a theme.
        let (nested, flat): (Vec<Raw>, Vec<Raw>) =
            std::mem::take(&mut self.loose).into_iter().partition(|raw| raw.parts.len() > 1);
        for raw in nested {
            let (label, text) = match &raw.label {
                Some(label) => (label.clone(), split_label(&raw.text).1.to_owned()),
                None => match split_label(&raw.text) {
                    (Some(label), rest) => (label.to_owned(), rest.to_owned()),
                    (None, text) => (text.to_owned(), String::new()),
                },
            };
            let parts = raw.parts.iter().map(|part| Raw {
                text: part.clone(),
                priority: raw.priority,
                ..Raw::default()
            });
            let capabilities = parts.filter_map(|raw| capability(&raw, actors)).collect();
            let text = if text == label { String::new() } else { text };
            themes.push(Theme { title: theme_title(label.trim_end_matches('.')), text, capabilities });
        }
        let mut flat: Vec<Capability> = flat.iter().filter_map(|raw| capability(raw, actors)).collect();
        if themes.is_empty() && flat.is_empty() {
            let can =
                self.prose.iter().flat_map(|text| sentences(text)).filter(|sentence| says_can(sentence));
            flat = can.filter_map(|text| capability(&Raw { text, ..Raw::default() }, actors)).collect();
        }
        (themes, flat)
    }
}

fn push_prose(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}

/// The sentences of a text, without the stop.
fn sentences(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(". ").or_else(|| rest.find("! ")).or_else(|| rest.find("? ")) {
        // `e. g.` and `approx.` end no sentence.
        let next_is_upper =
            rest[at + 2..].chars().next().is_some_and(|c| c.is_uppercase() || c.is_ascii_digit());
        let short = at < 3
            || rest[..at].ends_with("e.g")
            || rest[..at].ends_with("i.e")
            || rest[..at].ends_with("approx");
        if short || !next_is_upper {
            match rest[at + 2..].find(". ") {
                Some(next) => {
                    found.push(rest[..at + 2 + next].trim().to_owned());
                    rest = &rest[at + 2 + next + 2..];
                    continue;
                }
                None => break,
            }
        }
        found.push(rest[..at].trim().to_owned());
        rest = &rest[at + 2..];
    }
    found.push(rest.trim().trim_end_matches('.').to_owned());
    found.retain(|sentence| sentence.chars().any(char::is_alphanumeric));
    found.truncate(MAX_EACH);
    found
}

/// Whether a sentence says what somebody can do.
fn says_can(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphabetic());
    let modal = words.any(|word| {
        matches!(
            word,
            "can"
                | "should"
                | "must"
                | "will"
                | "may"
                | "allows"
                | "lets"
                | "enables"
                | "helps"
                | "shows"
                | "sends"
                | "supports"
        )
    });
    modal || !Action::read(sentence, &[]).is_thing()
}

fn actor_of(raw: &Raw) -> Option<Actor> {
    let (label, text) = match (&raw.label, split_label(&raw.text)) {
        (Some(label), (_, rest)) => (label.clone(), rest),
        (None, (Some(label), rest)) => (label.to_owned(), rest),
        (None, (None, text)) => {
            let end = [
                " who ", " that ", " which ", ", ", " (", " need", " want", " can ", " are ", " use", " – ",
                ". ",
            ]
            .iter()
            .filter_map(|mark| text.find(mark))
            .min()
            .unwrap_or(text.len());
            (text[..end].to_owned(), text)
        }
    };
    let label = label.split(" (").next().unwrap_or(&label).to_owned();
    let words: Vec<&str> =
        label.split_whitespace().filter(|word| !is_determiner(&word.to_lowercase())).collect();
    if words.is_empty() || words.len() > 5 {
        return None;
    }
    let name = singular(&lower_words(&words.join(" ")));
    let name = clip(name.trim_end_matches(['.', ':']), 40);
    Some(Actor { name, text: text.trim_end_matches('.').to_owned() })
}

/// Words in lower case, but for names and abbreviations.
fn lower_words(text: &str) -> String {
    text.split(' ').map(lower_first).collect::<Vec<_>>().join(" ")
}

/// Actors that the vision names only in its features.
fn add_found_actors<'a>(actors: &mut Vec<Actor>, capabilities: impl Iterator<Item = &'a Capability>) {
    const MAX_FOUND: usize = 8;
    let named = capabilities.filter_map(|capability| capability.action.actor.as_ref());
    for name in named {
        if actors.len() < MAX_FOUND && !actors.iter().any(|actor| actor.name == *name) {
            actors.push(Actor { name: name.clone(), text: String::new() });
        }
    }
    if actors.is_empty() {
        actors.push(Actor { name: String::from("user"), text: String::new() });
    }
}

fn capability(raw: &Raw, actors: &[String]) -> Option<Capability> {
    let (label, sentence) = match &raw.label {
        Some(label) => {
            let rest = raw.text.strip_prefix(label.as_str()).unwrap_or(&raw.text);
            let rest = rest.trim_start_matches([':', '.', ' ', '-', '–', '—', ',']).trim();
            (Some(label.clone()), rest.to_owned())
        }
        None => match split_label(&raw.text) {
            (Some(label), rest) => (Some(label.to_owned()), rest.to_owned()),
            (None, text) => (None, text.to_owned()),
        },
    };
    let mut all = sentences(&sentence);
    let first = if all.is_empty() { label.clone().unwrap_or_default() } else { all.remove(0) };
    if !first.chars().any(char::is_alphanumeric) {
        return None;
    }
    let priority = raw.priority.or_else(|| priority_in(&raw.text.to_lowercase()));
    let of_sentence = Action::read(&first, actors);
    let action = match &label {
        Some(label) => {
            let of_label = Action::read(label, actors);
            // A label that is an instruction says best what is done; else the sentence, where it does.
            if of_label.is_thing() && !of_sentence.is_thing() {
                of_sentence
            } else {
                let benefit = of_label.benefit.clone().or_else(|| of_sentence.benefit.clone());
                let clause = ["which ", "how ", "what ", "who ", "where ", "when "];
                let of_label = match clause.iter().any(|word| first.to_lowercase().starts_with(word)) {
                    // `Statistics: which tools are never borrowed?`
                    true => {
                        let tail = format!("on {}", lower_first(first.trim_end_matches('?')));
                        Action { rest: format!("{} {tail}", of_label.rest), tail, ..of_label }
                    }
                    false => of_label,
                };
                Action { actor: of_label.actor.clone().or(of_sentence.actor), benefit, ..of_label }
            }
        }
        None => of_sentence,
    };
    let mut action = action;
    let mut parts = raw.parts.clone();
    parts.extend(action.split_second());
    parts.extend(all);
    let text = if raw.text.is_empty() { label.clone().unwrap_or_default() } else { raw.text.clone() };
    Some(Capability { text, label, action, parts, priority })
}

fn goal_of(raw: &Raw) -> Goal {
    let text = raw.text.trim_end_matches('.').to_owned();
    let (_, sentence) = if raw.label.is_some() { split_label(&text) } else { (None, text.as_str()) };
    let action = Action::read(sentence, &[]);
    let first = sentence.split(' ').next().unwrap_or("").to_lowercase();
    let clause = if !action.is_thing() && action.verb.split(' ').next() == Some(&*first) {
        format!("we {}", lower_first(sentence))
    } else if sentence.split(' ').any(|word| {
        matches!(
            word,
            "is" | "are"
                | "can"
                | "will"
                | "has"
                | "have"
                | "should"
                | "takes"
                | "need"
                | "needs"
                | "waits"
                | "finds"
                | "gets"
                | "knows"
        )
    }) || first == "no"
        || first == "every"
    {
        lower_first(sentence)
    } else {
        format!("we come closer to “{}”", lower_first(sentence))
    };
    Goal { clause: clip(&clause, 140), text }
}

fn constraint_of(raw: &Raw) -> Option<Constraint> {
    let (label, text) = match (&raw.label, split_label(&raw.text)) {
        (Some(label), (_, rest)) => (Some(label.clone()), rest.to_owned()),
        (None, (Some(label), rest)) => (Some(label.to_owned()), rest.to_owned()),
        (None, (None, text)) => (None, text.to_owned()),
    };
    let text = text.trim_end_matches('.').to_owned();
    if !text.chars().any(char::is_alphanumeric) {
        return None;
    }
    let quality = match label.as_deref().map_or(Quality::Other, Quality::of) {
        Quality::Other => Quality::of(&text),
        found => found,
    };
    let name = label.unwrap_or_else(|| clip(&text, 70));
    Some(Constraint { text, name, quality })
}

fn term_of(raw: &Raw) -> Option<Term> {
    let (word, meaning) = match (&raw.label, split_label(&raw.text)) {
        (Some(label), (_, rest)) => (label.clone(), rest),
        (None, (Some(label), rest)) => (label.to_owned(), rest),
        (None, (None, _)) => return None,
    };
    Some(Term { word, meaning: meaning.trim_end_matches('.').to_owned() })
}

/// The heading of a theme as a title: without its number.
fn theme_title(heading: &str) -> String {
    let bare = heading.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ')' | ' '));
    let bare = if bare.is_empty() { heading } else { bare };
    let bare = match split_label(bare) {
        (Some(label), _) if label.len() > 3 && !label.to_lowercase().starts_with("epic") => label,
        (Some(_), rest) => rest,
        (None, all) => all,
    };
    upper_first(&clip(bare, 60))
}

/// Drops what the vision says it is not to do, where a feature says the same.
fn drop_excluded(capabilities: &mut Vec<Capability>, excluded: &[String]) {
    let excluded: Vec<Vec<String>> =
        excluded.iter().map(|text| keywords(text)).filter(|words| words.len() > 1).collect();
    capabilities.retain(|capability| {
        let words = keywords(&capability.text);
        !excluded.iter().any(|out| out.iter().all(|word| words.contains(word)))
    });
}

/// The first sentences of the prose.
fn summary(prose: &[String]) -> String {
    const MAX_SUMMARY: usize = 600;
    let mut out = String::new();
    for sentence in prose.iter().flat_map(|text| sentences(text)) {
        if out.len() + sentence.len() > MAX_SUMMARY && !out.is_empty() {
            break;
        }
        push_prose(&mut out, &format!("{}.", clip(&sentence, MAX_SUMMARY).trim_end_matches('.')));
    }
    out
}
