//! The plan of a backlog: which epics, features and stories there are, before any of them is written out.
//!
//! The vision's themes become epics, its capabilities features, their parts stories. What the vision has too much of for
//! the numbers asked is merged (nothing is dropped); what it has too little of is filled up with what such products need,
//! and said to be so.

mod features;
mod grouping;
mod stories;

use super::{
    facets::{Check, Facet},
    seeds::{COMMON, Common},
    subject::{Subject, entity_of, overlap, product_name},
};
use crate::{
    english::{clip, keywords, lower_first, plural, upper_first},
    params::Numbers,
    vision::{Action, Capability, Theme, Vision},
};
use grouping::{fitted, loose_themes};
use std::collections::HashSet;

/// The plan of a backlog.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// The product's name, short enough for sentences.
    pub(super) product: String,
    /// Its epics.
    pub(super) epics: Vec<EpicPlan>,
    /// What people should know.
    pub(super) notes: Vec<String>,
}

/// An epic.
#[derive(Clone, Debug)]
pub(super) struct EpicPlan {
    /// Its title.
    pub(super) title: String,
    /// What the vision says of it as a whole.
    pub(super) text: String,
    /// What sort of outcome it is.
    pub(super) category: String,
    /// Whether the vision asks for it.
    pub(super) origin: Origin,
    /// Places of the goals that it serves.
    pub(super) goals: Vec<usize>,
    /// Places of the actors who have to do with it, the most concerned first.
    pub(super) actors: Vec<usize>,
    /// Its features.
    pub(super) features: Vec<FeaturePlan>,
}

/// A feature.
#[derive(Clone, Debug)]
pub(super) struct FeaturePlan {
    /// Its title.
    pub(super) title: String,
    /// What it is about.
    pub(super) subject: Subject,
    /// What the vision says, word for word; nothing where it says nothing.
    pub(super) quotes: Vec<String>,
    /// Whether the vision asks for it.
    pub(super) origin: Origin,
    /// 1 (first) to 4.
    pub(super) priority: u8,
    /// Titles of features that have to be there before.
    pub(super) depends: Vec<String>,
    /// The goal that it serves.
    pub(super) goal: Option<usize>,
    /// Place of the actor who does it.
    pub(super) actor: usize,
    /// Place of somebody else.
    pub(super) other: usize,
    /// The theme's name, for sentences.
    pub(super) area: String,
    /// Its stories.
    pub(super) stories: Vec<StoryPlan>,
}

/// A story.
#[derive(Clone, Debug)]
pub(super) struct StoryPlan {
    /// Its title.
    pub(super) title: String,
    /// What it is told of.
    pub(super) subject: Subject,
    /// How.
    pub(super) facet: &'static Facet,
    /// Place of who tells it.
    pub(super) actor: usize,
    /// Place of somebody else.
    pub(super) other: usize,
    /// What it is good for, where the vision says so.
    pub(super) good: Option<String>,
    /// Place of the constraint that it is about.
    pub(super) constraint: Option<usize>,
    /// Place of a constraint that is checked besides.
    pub(super) besides: Option<(usize, &'static Check)>,
    /// What the vision says, word for word.
    pub(super) quote: Option<String>,
    /// Story points.
    pub(super) points: f64,
    /// 1 (first) to 4.
    pub(super) priority: u8,
}

/// Where something comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The vision.
    Vision,
    /// Common practice.
    Practice,
}

/// A theme with its capabilities, on its way to an epic.
#[derive(Clone, Debug)]
struct Area {
    title: String,
    /// The themes that it is merged from; most areas are one.
    parts: Vec<Theme>,
    origin: Origin,
    category: &'static str,
}

impl Area {
    fn size(&self) -> usize {
        self.parts.iter().map(|part| part.capabilities.len()).sum()
    }

    fn capabilities(&self) -> impl Iterator<Item = &Capability> + Clone {
        self.parts.iter().flat_map(|part| &part.capabilities)
    }

    fn text(&self) -> String {
        let texts: Vec<&str> =
            self.parts.iter().map(|part| part.text.trim()).filter(|text| !text.is_empty()).collect();
        texts.join(" ")
    }
}

impl Plan {
    /// The plan for a vision.
    pub(super) fn of(vision: &Vision, numbers: Numbers) -> Self {
        let mut plan = Self { product: product_name(vision), ..Self::default() };
        let areas = plan.areas(vision, numbers.epics as usize);
        let wanted = numbers.features as usize;
        let mut titles = HashSet::new();
        let product = plan.product.clone();
        let mut seeds = features::Seeds { product: &product, used: HashSet::new() };
        for area in areas {
            plan.epics.extend(epic(vision, area, wanted, &mut titles, &mut seeds));
        }
        features::set_dependencies(&mut plan.epics);
        let placed = stories::place_constraints(vision, &plan.epics);
        stories::tell(vision, &mut plan, &placed, numbers.stories as usize);
        plan.note(vision, numbers);
        plan
    }

    /// As many areas as there are to be epics, or fewer.
    fn areas(&mut self, vision: &Vision, wanted: usize) -> Vec<Area> {
        let area = |theme: &Theme| Area {
            title: theme.title.clone(),
            parts: vec![theme.clone()],
            origin: Origin::Vision,
            category: "product",
        };
        let mut areas: Vec<Area> = vision.themes.iter().map(area).collect();
        let room = wanted.saturating_sub(areas.len()).max(1);
        areas.extend(loose_themes(vision, room).iter().map(area));
        if areas.len() > wanted {
            let before = areas.len();
            areas = fitted(areas, wanted);
            self.notes.push(format!(
                "The vision names {before} areas; they are merged into {} epics. Ask for {before} epics to have them apart.",
                areas.len()
            ));
        }
        let missing = wanted - areas.len();
        if missing > 0 {
            let common = self.common(vision, &areas, missing);
            if !common.is_empty() {
                let titles: Vec<String> = common.iter().map(|area| format!("“{}”", area.title)).collect();
                self.notes.push(format!(
                    "The vision carries {} of {wanted} epics; {} {} from common practice.",
                    areas.len(),
                    crate::english::list_of(&titles),
                    if titles.len() == 1 { "comes" } else { "come" }
                ));
            }
            areas.extend(common);
        }
        areas
    }

    /// Areas that every product needs and the vision does not name.
    fn common(&self, vision: &Vision, areas: &[Area], missing: usize) -> Vec<Area> {
        let known: Vec<String> = areas.iter().flat_map(|area| keywords(&area.title)).collect();
        let mut common: Vec<&Common> = COMMON
            .iter()
            .filter(|common| !common.words.iter().any(|word| known.iter().any(|known| known == word)))
            .collect();
        common.sort_by_key(|common| std::cmp::Reverse(common.demand(vision)));
        let names: Vec<String> = vision.actors.iter().map(|actor| actor.name.clone()).collect();
        let main = plural(&names[0]);
        let actions = areas.iter().flat_map(Area::capabilities).map(|capability| &capability.action);
        let entity = plural(&entity_of(actions, &vision.title, &names));
        let fill = |text: &str| {
            text.replace("{product}", &self.product).replace("{actors}", &main).replace("{things}", &entity)
        };
        let theme = |common: &Common| Theme {
            title: upper_first(&fill(common.title)),
            text: fill(common.text),
            capabilities: common.capabilities.iter().map(|text| assumed(&fill(text), &names)).collect(),
        };
        let to_area = |common: &Common| Area {
            title: upper_first(&fill(common.title)),
            parts: vec![theme(common)],
            origin: Origin::Practice,
            category: common.category,
        };
        common.into_iter().take(missing).map(to_area).collect()
    }

    fn note(&mut self, vision: &Vision, numbers: Numbers) {
        let mut notes = vec![String::from(
            "Written by the outline author: by rule from the vision's own words, without a language model. It finds what the \
             vision says and what such features usually need; it cannot know what you left out.",
        )];
        if vision.capability_count() == 0 {
            notes.push(String::from(
                "The vision names nothing that one can do with the product: add a section “Features” with one bullet each.",
            ));
        }
        let features: Vec<&FeaturePlan> = self.epics.iter().flat_map(|epic| &epic.features).collect();
        let of_vision =
            self.epics.iter().filter(|epic| epic.origin == Origin::Vision).flat_map(|epic| &epic.features);
        let practice = of_vision.filter(|feature| feature.origin == Origin::Practice).count();
        if practice > 0 {
            notes.push(format!(
                "{practice} of {} features are not in the vision but usual for what it describes; each says so.",
                features.len()
            ));
        }
        let asked = (numbers.epics * numbers.features) as usize;
        if features.len() < asked {
            notes.push(format!(
                "{} of {asked} features: the vision and common practice carry no more.",
                features.len()
            ));
        }
        let stories: usize = features.iter().map(|feature| feature.stories.len()).sum();
        let asked = features.len() * numbers.stories as usize;
        if stories < asked {
            notes
                .push(format!("{stories} of {asked} stories: there is no more to say without repeating it."));
        }
        let told: HashSet<usize> = features
            .iter()
            .flat_map(|feature| &feature.stories)
            .flat_map(|story| story.constraint.into_iter().chain(story.besides.map(|(index, _)| index)))
            .collect();
        let open: Vec<String> = (0..vision.constraints.len())
            .filter(|index| !told.contains(index))
            .map(|index| format!("“{}”", vision.constraints[index].name))
            .collect();
        if !open.is_empty() {
            notes.push(format!(
                "No story has room for {}: keep them in the definition of done.",
                crate::english::list_of(&open)
            ));
        }
        if looks_foreign(vision) {
            notes.push(String::from(
                "The outline author writes English; the vision seems to be in another language.",
            ));
        }
        notes.append(&mut self.notes);
        self.notes = notes;
    }
}

fn epic(
    vision: &Vision,
    area: Area,
    wanted: usize,
    titles: &mut HashSet<String>,
    seeds: &mut features::Seeds<'_>,
) -> Option<EpicPlan> {
    let text = area.text();
    let mut all = keywords(&format!("{} {text}", area.title));
    all.extend(area.capabilities().flat_map(|capability| keywords(&capability.text)));
    let mut title = clip(&upper_first(&area.title), crate::gate::title_limit(model::WorkItemKind::Epic));
    if title.chars().count() < 8 {
        title = clip(&format!("{title} in {}", seeds.product), 60);
    }
    if !titles.insert(title.to_lowercase()) {
        return None;
    }
    let mut goals: Vec<(usize, usize)> = (0..vision.goals.len())
        .map(|index| (overlap(&purpose(vision, &vision.goals[index].text), &all), index))
        .filter(|(shared, _)| *shared > 0)
        .collect();
    goals.sort_by_key(|(shared, index)| (std::cmp::Reverse(*shared), *index));
    let goals: Vec<usize> = goals.into_iter().map(|(_, index)| index).take(3).collect();
    let whole = area.capabilities().map(|capability| capability.text.as_str()).collect::<Vec<_>>().join(" ");
    let actors = concerned(vision, &format!("{} {text} {whole}", area.title), area.capabilities());
    let features = features::of_area(vision, &area, &actors, wanted, seeds);
    let (category, origin) = (area.category.to_owned(), area.origin);
    Some(EpicPlan { title, text, category, origin, goals, actors, features })
}

/// A capability that the vision does not name.
fn assumed(text: &str, actors: &[String]) -> Capability {
    let action = Action::read(text, actors);
    Capability { text: text.to_owned(), label: None, action, parts: Vec::new(), priority: Some(3) }
}

/// The actors who have to do with an area, the most concerned first; all of them where nothing tells.
fn concerned<'a>(
    vision: &Vision,
    text: &str,
    capabilities: impl Iterator<Item = &'a Capability> + Clone,
) -> Vec<usize> {
    let text = keywords(text);
    let mut scored: Vec<(usize, usize)> = Vec::new();
    for (index, actor) in vision.actors.iter().enumerate() {
        let named = capabilities.clone().filter(|c| c.action.actor.as_deref() == Some(&actor.name)).count();
        let score =
            named * 6 + overlap(&keywords(&actor.name), &text) * 3 + overlap(&keywords(&actor.text), &text);
        scored.push((score, index));
    }
    let most = scored.iter().map(|(score, _)| *score).max().unwrap_or(0);
    let mut concerned: Vec<(usize, usize)> =
        scored.into_iter().filter(|(score, _)| *score > 0 || most == 0).collect();
    concerned.sort_by_key(|(score, index)| (std::cmp::Reverse(*score), *index));
    concerned.into_iter().map(|(_, index)| index).collect()
}

/// What a goal is about: words of time say nothing about what serves it.
fn purpose(vision: &Vision, text: &str) -> Vec<String> {
    const TIMES: &[&str] = &[
        "noon", "week", "weekly", "day", "daily", "month", "monthly", "year", "yearly", "hour", "minute",
        "second", "morning", "evening", "time", "first", "within", "active", "number", "three", "five",
        "today", "long", "longer",
    ];
    let mut words = keywords(text);
    let people: Vec<String> = vision.actors.iter().flat_map(|actor| keywords(&actor.name)).collect();
    words.retain(|word| {
        !people.contains(word)
            && !TIMES.contains(&word.as_str())
            && !word.starts_with(|c: char| c.is_ascii_digit())
    });
    words
}

/// Whether the vision has hardly any of English's small words.
fn looks_foreign(vision: &Vision) -> bool {
    let mut text = vision.summary.clone();
    for capability in vision.themes.iter().flat_map(|theme| &theme.capabilities).chain(&vision.loose) {
        text.push(' ');
        text.push_str(&capability.text);
    }
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let small = [
        "the", "a", "an", "and", "of", "to", "in", "for", "with", "is", "are", "by", "on", "can", "or",
        "when", "as",
    ];
    let known = words.iter().filter(|word| small.contains(&word.as_str())).count();
    words.len() > 30 && known * 12 < words.len()
}

/// A name within a sentence.
fn within(text: &str) -> String {
    lower_first(text)
}
