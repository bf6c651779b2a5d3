//! What a feature is about, in all the forms that sentences need, and the filling of templates with it.

use super::{classify::class_of, facets::Class};
use crate::{
    english::{
        article, clip, gerund, head_of, is_determiner, is_plural, is_uncountable, keywords, lower_first,
        participle, plural, singular, third_person, tidy_end, upper_first,
    },
    vision::{Action, Vision},
};

/// Longest noun that stands for a thing, in characters.
const MAX_NOUN: usize = 48;
/// Longest phrase of what is done, in characters.
const MAX_ACT: usize = 110;

/// What a feature is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Subject {
    /// What kind of thing it is.
    pub(super) class: Class,
    /// `order meals for the coming week`.
    pub(super) act: String,
    /// `ordering meals`.
    pub(super) acting: String,
    verb: String,
    done: String,
    /// `a meal`.
    thing: String,
    /// `meal`.
    pub(super) bare: String,
    /// `meals`.
    pub(super) things: String,
    /// Whether the product does it.
    pub(super) by_product: bool,
}

/// Who and what else a template may name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cast<'a> {
    /// Who does it.
    pub(super) actor: &'a str,
    /// Somebody else.
    pub(super) other: &'a str,
    /// The product's name.
    pub(super) product: &'a str,
    /// The theme.
    pub(super) area: &'a str,
    /// The constraint in question, as the vision says it.
    pub(super) limit: &'a str,
}

/// The product's name, short enough for a sentence.
pub(super) fn product_name(vision: &Vision) -> String {
    let name = clip(&vision.title, 32);
    let words = name.split_whitespace().count();
    if (1..=3).contains(&words) { name } else { String::from("the product") }
}

impl Subject {
    /// The subject of an action. `entity` is what the theme is about, for actions without an object of their own.
    pub(super) fn of(action: &Action, actors: &[String], entity: &str) -> Self {
        let class = class_of(action);
        let object = noun(action, class, actors, entity);
        let verb =
            if action.is_thing() { verb_for(class, &action.object).to_owned() } else { action.verb.clone() };
        let rest = if action.is_thing() { with_article(&action.rest, &object) } else { action.rest.clone() };
        let act = clip(format!("{verb} {rest}").trim(), MAX_ACT);
        // Without what follows the object, but with its article: `reserving a tool`.
        let noun = rest.strip_suffix(action.tail.as_str()).map(str::trim).filter(|noun| !noun.is_empty());
        let long = rest.split(' ').count() > 4;
        let noun = tidy_end(noun.unwrap_or(match () {
            () if !action.object.is_empty() => &action.object,
            () if long => "",
            () => &rest,
        }));
        let acting = clip(format!("{} {}", gerund(&verb), clip(&noun, 60)).trim(), 80);
        let things = plural(&object);
        let bare = if object.contains(" and ") { object.clone() } else { singular(&object) };
        let countable = !is_uncountable(&bare) && !bare.contains(" and ");
        let thing = match () {
            () if countable => format!("{} {bare}", article(&bare)),
            () => format!("an entry of {bare}"),
        };
        let done = participle(&verb);
        Self { class, act, acting, verb, done, thing, bare, things, by_product: action.by_product }
    }

    /// A template with everything filled in.
    pub(super) fn fill(&self, template: &str, cast: &Cast<'_>) -> String {
        let actors = plural(cast.actor);
        let others = plural(cast.other);
        let to_act = if self.by_product {
            format!("{} to {}", cast.product, self.act)
        } else {
            format!("to {}", self.act)
        };
        let mut out = String::with_capacity(template.len() * 2);
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            let Some(close) = rest[open..].find('}') else { break };
            let name = &rest[open + 1..open + close];
            rest = &rest[open + close + 1..];
            let upper = name.starts_with(char::is_uppercase);
            let value = match name.to_lowercase().as_str() {
                "act" => &self.act,
                "to act" => &to_act,
                "acting" => &self.acting,
                "verb" => &self.verb,
                "done" => &self.done,
                "thing" => &self.thing,
                "bare" => &self.bare,
                "things" => &self.things,
                "actor" => cast.actor,
                "actors" => &actors,
                "other" => cast.other,
                "others" => &others,
                "product" => cast.product,
                "area" => cast.area,
                "limit" => cast.limit,
                _ => name,
            };
            if upper { out.push_str(&upper_first(value)) } else { out.push_str(value) }
        }
        out.push_str(rest);
        in_place(&out, self.by_product, &self.act, cast.product)
    }
}

/// `the guest sets out to show …` is wrong where the product does it: then the product shows it.
fn in_place(text: &str, by_product: bool, act: &str, product: &str) -> String {
    if !by_product {
        return text.to_owned();
    }
    let Some(at) = text.find(&format!("sets out to {act}")) else { return text.to_owned() };
    let before = text[..at].trim_end();
    let subject = before.rsplit_once(", ").map_or("", |(head, _)| head);
    let after = &text[at + "sets out to ".len() + act.len()..];
    let verb = act.split(' ').next().unwrap_or("");
    let acts = format!("{}{}", third_person(verb), &act[verb.len()..]);
    if subject.is_empty() {
        format!("{product} {acts}{after}")
    } else {
        format!("{subject}, {product} {acts}{after}")
    }
}

/// What is done with a thing that is only named.
fn verb_for(class: Class, object: &str) -> &'static str {
    let lower = object.to_lowercase();
    const VERBS: &[(&str, &str)] = &[
        ("waiting list", "join"),
        ("workshop", "join"),
        ("course", "join"),
        ("event", "join"),
        ("deposit", "pay"),
        ("fee", "pay"),
        ("profile", "edit"),
    ];
    if let Some((_, verb)) = VERBS.iter().find(|(noun, _)| lower.contains(noun)) {
        return verb;
    }
    match class {
        Class::Info => "see",
        Class::Search => "browse",
        Class::Message => "get",
        Class::Money => "handle",
        Class::Access => "manage",
        Class::Process | Class::Record | Class::Automatic | Class::Quality => "use",
        Class::Link => "rely on",
    }
}

/// Things that hold what is looked for.
const CONTAINERS: &[&str] =
    &["catalogue", "catalog", "directory", "library", "archive", "list", "collection"];

/// The noun that an action is about.
fn noun(action: &Action, class: Class, actors: &[String], entity: &str) -> String {
    let is_actor = actors.contains(&singular(&action.object));
    let told = class == Class::Message && is_actor;
    if told || action.object.is_empty() {
        return named(&action.verb).map_or_else(|| fallback(entity), str::to_owned);
    }
    if class == Class::Search
        && CONTAINERS.contains(&singular(head_of(&action.object)).as_str())
        && !entity.is_empty()
    {
        return entity.to_owned();
    }
    let noun = match action.object.split_once(" of ") {
        // `state of a claim`: the claim's state.
        Some((head, whole))
            if ["a ", "an ", "each ", "every "].iter().any(|lead| whole.starts_with(lead)) =>
        {
            let whole: Vec<&str> =
                whole.split(' ').filter(|word| !is_determiner(&word.to_lowercase())).collect();
            let whole = whole.join(" ");
            format!("{} {head}", singular(&whole))
        }
        _ => action.object.clone(),
    };
    let noun = clip(noun.trim_matches(|c: char| !c.is_alphanumeric()), MAX_NOUN);
    if noun.chars().any(char::is_alphabetic) { noun } else { fallback(entity) }
}

fn fallback(entity: &str) -> String {
    if entity.is_empty() { String::from("entry") } else { entity.to_owned() }
}

/// The noun of a verb that has no object.
fn named(verb: &str) -> Option<&'static str> {
    Some(match verb.split(' ').next().unwrap_or("") {
        "pay" => "payment",
        "remind" => "reminder",
        "notify" | "inform" => "notification",
        "alert" => "alert",
        "warn" => "warning",
        "sign" | "log" => "sign-in",
        "search" => "search",
        "check" => "check-in",
        "register" | "enrol" | "enroll" => "registration",
        "subscribe" => "subscription",
        "book" => "booking",
        "order" => "order",
        "vote" => "vote",
        "chat" | "message" => "message",
        "reply" | "respond" => "reply",
        "comment" => "comment",
        "apply" => "application",
        "donate" => "donation",
        "invite" => "invitation",
        "report" => "report",
        "work" => "work",
        _ => return None,
    })
}

/// A named thing with its article: `the daily cooking list per canteen`, `stock alerts by e-mail`.
fn with_article(rest: &str, object: &str) -> String {
    let first = rest.split(' ').next().unwrap_or("").to_lowercase();
    if is_determiner(&first)
        || is_plural(head_of(object))
        || is_uncountable(object)
        || object.contains(" and ")
    {
        return rest.to_owned();
    }
    format!("the {}", lower_first(rest))
}

/// How many words two texts share.
pub(super) fn overlap(a: &[String], b: &[String]) -> usize {
    a.iter().filter(|word| b.contains(word)).count()
}

/// The thing that most of a theme's capabilities are about.
pub(super) fn entity_of<'a>(
    actions: impl Iterator<Item = &'a Action>,
    title: &str,
    actors: &[String],
) -> String {
    let words = keywords(title);
    let mut best: Option<(usize, String)> = None;
    let mut seen: Vec<(String, usize)> = Vec::new();
    for action in actions {
        let class = class_of(action);
        let object = action.object.split(" of ").next().unwrap_or("");
        let short = object.split(' ').count() <= 2 && !object.is_empty() && !object.contains(" and ");
        if !short
            || actors.contains(&singular(&action.object))
            || matches!(class, Class::Message | Class::Access)
        {
            continue;
        }
        let name = singular(object);
        if CONTAINERS.contains(&name.as_str()) {
            continue;
        }
        match seen.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => seen.push((name, 1)),
        }
    }
    for (name, count) in seen {
        let score = count * 2 + overlap(&keywords(&name), &words) * 3;
        if best.as_ref().is_none_or(|(most, _)| score > *most) {
            best = Some((score, name));
        }
    }
    best.map_or_else(
        || {
            let first = title.split(" and ").next().unwrap_or(title);
            lower_first(&clip(first.rsplit(": ").next().unwrap_or(first), MAX_NOUN))
        },
        |(_, name)| name,
    )
}
