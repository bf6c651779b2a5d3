//! Features of an area: its capabilities, merged or filled up to the number asked.

use super::{Area, EpicPlan, FeaturePlan, Origin, assumed, concerned, purpose, within};
use crate::{
    english::{clip, head_of, is_plural, keywords, plural, singular, upper_first},
    outline::{
        facets::Class,
        seeds::OF_THEME,
        subject::{Subject, entity_of, overlap},
    },
    vision::{Action, Capability, Vision},
};
use std::collections::HashSet;

/// Longest title of a feature, in characters.
const MAX_TITLE: usize = 80;
/// Actions that people do for themselves, whoever works in the area.
const SELF_SERVICE: &[&str] = &[
    "pay",
    "order",
    "buy",
    "book",
    "reserve",
    "browse",
    "rate",
    "subscribe",
    "sign up",
    "sign in",
    "top up",
    "join",
    "vote",
    "borrow",
    "donate",
    "search",
    "choose",
    "reorder",
    "redeem",
    "comment",
    "repeat",
];

/// A feature with what was merged into it, before its stories are told.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) capability: Capability,
    pub(super) merged: Vec<Capability>,
    origin: Origin,
    /// Place of its theme among the area's.
    part: usize,
}

/// What is told of themes that say too little: each once in a backlog.
pub(super) struct Seeds<'a> {
    pub(super) product: &'a str,
    pub(super) used: HashSet<usize>,
}

/// The features of an area.
pub(super) fn of_area(
    vision: &Vision,
    area: &Area,
    actors: &[usize],
    wanted: usize,
    seeds: &mut Seeds<'_>,
) -> Vec<FeaturePlan> {
    let names: Vec<String> = vision.actors.iter().map(|actor| actor.name.clone()).collect();
    let mut heads = heads(area, wanted);
    let entity = entity_of(area.capabilities().map(|capability| &capability.action), &area.title, &names);
    let filling = Filling { entity: &entity, names: &names, actors, wanted };
    fill_up(&mut heads, area, filling, seeds);
    let stated = vision.themes.iter().flat_map(|theme| &theme.capabilities).chain(&vision.loose);
    let stated = stated.into_iter().any(|capability| capability.priority.is_some());
    let count = heads.len();
    let mut titles: Vec<String> = Vec::new();
    let mut features = Vec::new();
    for (place, head) in heads.into_iter().enumerate() {
        let Some(title) = title_of(&head.capability, &titles) else { continue };
        titles.push(title.clone());
        // Where the vision states none, what it names first matters most.
        let priority = head.capability.priority.unwrap_or(match place {
            _ if stated => 2,
            0 => 1,
            _ if place * 4 >= count * 3 => 3,
            _ => 2,
        });
        features.push(feature(vision, area, &head, title, priority, actors));
    }
    features
}

fn feature(
    vision: &Vision,
    area: &Area,
    head: &Head,
    title: String,
    priority: u8,
    actors: &[usize],
) -> FeaturePlan {
    let names: Vec<String> = vision.actors.iter().map(|actor| actor.name.clone()).collect();
    let theme = &area.parts[head.part];
    let entity =
        entity_of(theme.capabilities.iter().map(|capability| &capability.action), &theme.title, &names);
    let text =
        theme.capabilities.iter().map(|capability| capability.text.as_str()).collect::<Vec<_>>().join(" ");
    let near =
        concerned(vision, &format!("{} {} {text}", theme.title, theme.text), theme.capabilities.iter());
    let subject = Subject::of(&head.capability.action, &names, &entity);
    let actor = actor_of(vision, &head.capability, &subject, &near);
    let others = near.iter().chain(actors).copied().chain(0..names.len());
    let other = others.into_iter().find(|index| *index != actor).unwrap_or(actor);
    let words = keywords(&head.capability.text);
    let goal = (0..vision.goals.len())
        .map(|index| (overlap(&purpose(vision, &vision.goals[index].text), &words), index))
        .filter(|(shared, _)| *shared > 0)
        .max_by_key(|(shared, index)| (*shared, std::cmp::Reverse(*index)))
        .map(|(_, index)| index);
    let quotes = match head.origin {
        Origin::Vision => std::iter::once(&head.capability).chain(&head.merged).map(quote).collect(),
        Origin::Practice => Vec::new(),
    };
    FeaturePlan {
        title,
        subject,
        quotes,
        origin: head.origin,
        priority,
        depends: Vec::new(),
        goal,
        actor,
        other,
        area: within(&theme.title),
        stories: super::stories::told_by_vision(vision, head, &entity, priority, &near),
    }
}

/// Says which features need which: those that read what others keep, and those that speak of what others make.
pub(super) fn set_dependencies(epics: &mut [EpicPlan]) {
    struct Known {
        title: String,
        things: Vec<String>,
        keeps: bool,
        place: (usize, usize),
    }
    let mut known: Vec<Known> = Vec::new();
    for (e, epic) in epics.iter().enumerate() {
        for (f, feature) in epic.features.iter().enumerate() {
            let keeps = matches!(feature.subject.class, Class::Record | Class::Process | Class::Automatic);
            let things = keywords(&feature.subject.bare);
            known.push(Known { title: feature.title.clone(), things, keeps, place: (e, f) });
        }
    }
    for (e, epic) in epics.iter_mut().enumerate() {
        for (f, feature) in epic.features.iter_mut().enumerate() {
            let words = keywords(&format!("{} {}", feature.title, feature.quotes.join(" ")));
            let mut needed: Vec<&Known> = known
                .iter()
                .filter(|other| other.place != (e, f) && other.keeps && !other.things.is_empty())
                .filter(|other| other.things.iter().all(|thing| words.contains(thing)))
                .filter(|other| other.place < (e, f))
                .collect();
            if needed.is_empty()
                && matches!(feature.subject.class, Class::Info | Class::Message | Class::Link)
            {
                needed = known
                    .iter()
                    .filter(|other| other.place.0 == e && other.place.1 < f && other.keeps)
                    .take(1)
                    .collect();
            }
            feature.depends = needed.iter().take(2).map(|other| other.title.clone()).collect();
        }
    }
}

/// As many heads as there are to be features, from each part of the area; the other capabilities join the nearest.
fn heads(area: &Area, wanted: usize) -> Vec<Head> {
    let quotas = quotas(area, wanted);
    let mut heads: Vec<Head> = Vec::new();
    let mut left: Vec<(usize, &Capability)> = Vec::new();
    for (part, (theme, quota)) in area.parts.iter().zip(quotas).enumerate() {
        let mut order: Vec<usize> = (0..theme.capabilities.len()).collect();
        order.sort_by_key(|index| (theme.capabilities[*index].priority.unwrap_or(2), *index));
        let chosen: Vec<usize> = order.into_iter().take(quota).collect();
        for (index, capability) in theme.capabilities.iter().enumerate() {
            if chosen.contains(&index) {
                heads.push(Head {
                    capability: capability.clone(),
                    merged: Vec::new(),
                    origin: area.origin,
                    part,
                });
            } else if area.origin == Origin::Vision {
                left.push((part, capability));
            }
        }
    }
    for (part, capability) in left {
        let own = keywords(&capability.text);
        let near = |head: &Head| {
            let shared = overlap(&keywords(&head.capability.text), &own);
            (head.part == part, shared, std::cmp::Reverse(head.merged.len()))
        };
        if let Some(best) = (0..heads.len()).max_by_key(|index| near(&heads[*index])) {
            heads[best].merged.push(capability.clone());
        }
    }
    heads
}

/// How many features each part gives: one at least while there are enough, the rest by what is left.
fn quotas(area: &Area, wanted: usize) -> Vec<usize> {
    let sizes: Vec<usize> = area.parts.iter().map(|part| part.capabilities.len()).collect();
    let mut quotas = vec![0; sizes.len()];
    let mut given = 0;
    while given < wanted {
        let open = (0..sizes.len()).filter(|part| quotas[*part] < sizes[*part]);
        let next = open
            .max_by_key(|part| (quotas[*part] == 0, sizes[*part] - quotas[*part], std::cmp::Reverse(*part)));
        let Some(next) = next else { break };
        quotas[next] += 1;
        given += 1;
    }
    quotas
}

/// What an area is filled up with: what it is about, and for whom.
struct Filling<'a> {
    entity: &'a str,
    names: &'a [String],
    actors: &'a [usize],
    wanted: usize,
}

/// Adds features that such areas usually have.
fn fill_up(heads: &mut Vec<Head>, area: &Area, filling: Filling<'_>, seeds: &mut Seeds<'_>) {
    let Filling { entity, names, actors, wanted } = filling;
    let things = plural(entity);
    let main = plural(actors.first().map_or("user", |index| names[*index].as_str()));
    let fill = |text: &str| {
        let text = text.replace("{things}", &things).replace("{thing}", entity).replace("{actors}", &main);
        text.replace("{area}", &within(&area.title)).replace("{product}", seeds.product)
    };
    if heads.is_empty() {
        // An area without capabilities is one itself: its heading says what to do.
        let mut capability = assumed(&area.title, names);
        if capability.action.is_thing() {
            capability = assumed(&format!("Manage {things}"), names);
        }
        heads.push(Head {
            capability: Capability { priority: None, ..capability },
            merged: Vec::new(),
            origin: area.origin,
            part: 0,
        });
    }
    for (index, seed) in OF_THEME.iter().enumerate() {
        if heads.len() >= wanted {
            break;
        }
        if seeds.used.contains(&index) {
            continue;
        }
        let capability = assumed(&fill(seed), names);
        let same = |head: &Head| {
            let verb = capability.action.verb == head.capability.action.verb;
            let object = singular(head_of(&capability.action.object))
                == singular(head_of(&head.capability.action.object));
            let class = |action: &Action| crate::outline::classify::class_of(action);
            verb && object
                || object
                    && class(&capability.action) == class(&head.capability.action)
                    && class(&capability.action) != Class::Record
        };
        let told = heads.iter().any(|head| {
            same(head)
                || head.merged.iter().any(|other| {
                    other.action.verb == capability.action.verb
                        && other.action.object == capability.action.object
                })
        });
        if !told {
            seeds.used.insert(index);
            heads.push(Head { capability, merged: Vec::new(), origin: Origin::Practice, part: 0 });
        }
    }
}

fn quote(capability: &Capability) -> String {
    clip(capability.text.trim_end_matches('.'), 240)
}

/// A title that no sibling has.
fn title_of(capability: &Capability, taken: &[String]) -> Option<String> {
    let action = &capability.action;
    let whole = match &capability.label {
        Some(label)
            if Action::read(label, &[]).is_thing() && label.split(' ').count() < 3 && !action.is_thing() =>
        {
            format!("{label}: {}", action.phrase())
        }
        Some(label) if label.chars().count() >= 8 => label.clone(),
        Some(label) => {
            capability.text.strip_prefix(label.as_str()).map_or(label.clone(), |_| capability.text.clone())
        }
        None => action.phrase(),
    };
    let verb_first = upper_first(&clip(&whole, MAX_TITLE));
    let alternatives = [
        verb_first,
        upper_first(&clip(&capability.text, MAX_TITLE)),
        upper_first(&clip(&action.rest, MAX_TITLE)),
    ];
    let seen: Vec<HashSet<String>> =
        taken.iter().map(|title| keywords(title).into_iter().collect()).collect();
    alternatives.into_iter().find(|title| {
        let words: HashSet<String> = keywords(title).into_iter().collect();
        let same = taken.iter().any(|other| other.eq_ignore_ascii_case(title));
        title.chars().count() >= 8 && !same && !(words.len() > 2 && seen.contains(&words))
    })
}

/// Who does it: whom the vision names, or whoever its words point to.
pub(super) fn actor_of(
    vision: &Vision,
    capability: &Capability,
    subject: &Subject,
    concerned: &[usize],
) -> usize {
    if let Some(name) = &capability.action.actor
        && let Some(index) = vision.actors.iter().position(|actor| actor.name == *name)
    {
        return index;
    }
    let told = subject.class == Class::Message && is_plural(&capability.action.object);
    if told
        && let Some(index) =
            vision.actors.iter().position(|actor| actor.name == singular(&capability.action.object))
    {
        return index;
    }
    let words = keywords(&capability.text);
    let object = singular(&capability.action.object);
    let self_service = SELF_SERVICE.contains(&capability.action.verb.as_str());
    let score = |index: usize| {
        let actor = &vision.actors[index];
        let mut score = overlap(&keywords(&actor.name), &words) * 2 + overlap(&keywords(&actor.text), &words);
        score = score * 2 + if concerned.first() == Some(&index) { 3 } else { 0 };
        if self_service && index == 0 {
            score += 7;
        }
        // Nobody registers themselves in the third person.
        if actor.name == object && vision.actors.len() > 1 { 0 } else { score + 1 }
    };
    (0..vision.actors.len()).max_by_key(|index| (score(*index), std::cmp::Reverse(*index))).unwrap_or(0)
}
