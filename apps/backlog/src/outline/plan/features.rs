//! Features of an area: its capabilities, merged or filled up to the number asked.

use super::{Area, EpicPlan, FeaturePlan, Origin, assumed, within};
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
    "pay", "order", "buy", "book", "reserve", "browse", "rate", "subscribe", "sign up", "sign in", "top up", "join", "vote",
    "borrow", "donate", "search", "choose", "reorder", "redeem", "comment", "repeat",
];

/// A feature with what was merged into it, before its stories are told.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) capability: Capability,
    pub(super) merged: Vec<Capability>,
    origin: Origin,
}

/// The features of an area.
pub(super) fn of_area(vision: &Vision, area: &Area, actors: &[usize], wanted: usize, product: &str) -> Vec<FeaturePlan> {
    let names: Vec<String> = vision.actors.iter().map(|actor| actor.name.clone()).collect();
    let entity = entity_of(area.capabilities.iter().map(|capability| &capability.action), &area.title, &names);
    let mut heads = heads(area, wanted);
    fill_up(&mut heads, area, &entity, &names, actors, wanted, product);
    let mut titles: Vec<String> = Vec::new();
    let mut features = Vec::new();
    for head in heads {
        let title = title_of(&head.capability, &titles);
        let Some(title) = title else { continue };
        titles.push(title.clone());
        let subject = Subject::of(&head.capability.action, &names, &entity);
        let actor = actor_of(vision, &head.capability, &subject, actors);
        let other = actors.iter().chain(&(0..names.len()).collect::<Vec<_>>()).copied().find(|index| *index != actor);
        let words = keywords(&head.capability.text);
        let goal = (0..vision.goals.len())
            .map(|index| (overlap(&keywords(&vision.goals[index].text), &words), index))
            .filter(|(shared, _)| *shared > 0)
            .max_by_key(|(shared, index)| (*shared, std::cmp::Reverse(*index)))
            .map(|(_, index)| index);
        let quotes = match head.origin {
            Origin::Vision => std::iter::once(&head.capability).chain(&head.merged).map(quote).collect(),
            Origin::Practice => Vec::new(),
        };
        features.push(FeaturePlan {
            title,
            subject,
            quotes,
            origin: head.origin,
            priority: head.capability.priority,
            depends: Vec::new(),
            goal,
            actor,
            other: other.unwrap_or(actor),
            area: within(&area.title),
            stories: super::stories::told_by_vision(vision, &head, &entity, actor, actors),
        });
    }
    features
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
            if needed.is_empty() && matches!(feature.subject.class, Class::Info | Class::Message | Class::Link) {
                needed = known.iter().filter(|other| other.place.0 == e && other.place.1 < f && other.keeps).take(1).collect();
            }
            feature.depends = needed.iter().take(2).map(|other| other.title.clone()).collect();
        }
    }
}

/// As many heads as there are to be features; the other capabilities join the nearest.
fn heads(area: &Area, wanted: usize) -> Vec<Head> {
    let mut order: Vec<usize> = (0..area.capabilities.len()).collect();
    order.sort_by_key(|index| (area.capabilities[*index].priority, *index));
    let mut chosen: Vec<usize> = order.iter().copied().take(wanted).collect();
    chosen.sort_unstable();
    let head = |index: &usize| Head {
        capability: area.capabilities[*index].clone(),
        merged: Vec::new(),
        origin: area.origin,
    };
    let mut heads: Vec<Head> = chosen.iter().map(head).collect();
    let words: Vec<Vec<String>> = chosen.iter().map(|index| keywords(&area.capabilities[*index].text)).collect();
    if area.origin == Origin::Practice {
        return heads;
    }
    for (index, capability) in area.capabilities.iter().enumerate().filter(|(index, _)| !chosen.contains(index)) {
        let own = keywords(&capability.text);
        let near = |at: &usize| (overlap(&words[*at], &own), std::cmp::Reverse(heads[*at].merged.len()), usize::MAX - chosen[*at].abs_diff(index));
        if let Some(best) = (0..heads.len()).max_by_key(near) {
            heads[best].merged.push(capability.clone());
        }
    }
    heads
}

/// Adds features that such areas usually have.
fn fill_up(heads: &mut Vec<Head>, area: &Area, entity: &str, names: &[String], actors: &[usize], wanted: usize, product: &str) {
    let things = plural(entity);
    let main = plural(actors.first().map_or("user", |index| names[*index].as_str()));
    let fill = |text: &str| {
        let text = text.replace("{things}", &things).replace("{thing}", entity).replace("{actors}", &main);
        text.replace("{area}", &within(&area.title)).replace("{product}", product)
    };
    if heads.is_empty() {
        // An area without capabilities is one itself: its heading says what to do.
        let mut capability = assumed(&area.title, names);
        if capability.action.is_thing() {
            capability = assumed(&format!("Manage {things}"), names);
        }
        heads.push(Head { capability: Capability { priority: 2, ..capability }, merged: Vec::new(), origin: area.origin });
    }
    for seed in OF_THEME {
        if heads.len() >= wanted {
            break;
        }
        let capability = assumed(&fill(seed), names);
        let same = |head: &Head| {
            let verb = capability.action.verb == head.capability.action.verb;
            let object = singular(head_of(&capability.action.object)) == singular(head_of(&head.capability.action.object));
            let class = |action: &Action| crate::outline::subject::class_of(action);
            verb && object || object && class(&capability.action) == class(&head.capability.action) && class(&capability.action) != Class::Record
        };
        let told = heads.iter().any(|head| same(head) || head.merged.iter().any(|other| other.action.verb == capability.action.verb && other.action.object == capability.action.object));
        if !told {
            heads.push(Head { capability, merged: Vec::new(), origin: Origin::Practice });
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
        Some(label) if Action::read(label, &[]).is_thing() && label.split(' ').count() < 3 && !action.is_thing() => {
            format!("{label}: {}", action.phrase())
        }
        Some(label) if label.chars().count() >= 8 => label.clone(),
        Some(label) => capability.text.strip_prefix(label.as_str()).map_or(label.clone(), |_| capability.text.clone()),
        None => action.phrase(),
    };
    let verb_first = upper_first(&clip(&whole, MAX_TITLE));
    let alternatives = [verb_first, upper_first(&clip(&capability.text, MAX_TITLE)), upper_first(&clip(&action.rest, MAX_TITLE))];
    let seen: Vec<HashSet<String>> = taken.iter().map(|title| keywords(title).into_iter().collect()).collect();
    alternatives.into_iter().find(|title| {
        let words: HashSet<String> = keywords(title).into_iter().collect();
        let same = taken.iter().any(|other| other.eq_ignore_ascii_case(title));
        title.chars().count() >= 8 && !same && !(words.len() > 2 && seen.contains(&words))
    })
}

/// Who does it: whom the vision names, or whoever its words point to.
pub(super) fn actor_of(vision: &Vision, capability: &Capability, subject: &Subject, concerned: &[usize]) -> usize {
    if let Some(name) = &capability.action.actor
        && let Some(index) = vision.actors.iter().position(|actor| actor.name == *name)
    {
        return index;
    }
    let told = subject.class == Class::Message && is_plural(&capability.action.object);
    if told && let Some(index) = vision.actors.iter().position(|actor| actor.name == singular(&capability.action.object)) {
        return index;
    }
    let words = keywords(&capability.text);
    let self_service = SELF_SERVICE.contains(&capability.action.verb.as_str());
    let score = |index: usize| {
        let actor = &vision.actors[index];
        let mut score = overlap(&keywords(&actor.name), &words) * 2 + overlap(&keywords(&actor.text), &words);
        score = score * 2 + usize::from(concerned.first() == Some(&index));
        if self_service && index == 0 {
            score += 7;
        }
        score
    };
    (0..vision.actors.len()).max_by_key(|index| (score(*index), std::cmp::Reverse(*index))).unwrap_or(0)
}
