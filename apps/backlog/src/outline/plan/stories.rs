//! Stories of a feature: first what the vision itself tells, then what follows from its class, then its constraints.

use super::{FeaturePlan, Plan, StoryPlan, features::Head};
use crate::{
    english::{clip, keywords, lower_first, upper_first},
    outline::{
        facets::{Check, Class, Facet, SHARED, Who, core, of_class, of_quality},
        subject::{Cast, Subject, overlap},
    },
    vision::{Action, Capability, Quality, Vision},
};
use std::collections::{HashMap, HashSet};

/// Longest title of a story, in characters.
const MAX_TITLE: usize = 100;
/// How often a goal is named as what a story is good for.
const MAX_GOAL_USES: usize = 3;
/// Words of those who answer for a product's running.
const KEEPERS: &[&str] =
    &["admin", "administrator", "manager", "coordinator", "lead", "owner", "operator", "officer", "supervisor", "director", "head"];

/// The stories that the vision itself tells of a feature.
pub(super) fn told_by_vision(vision: &Vision, head: &Head, entity: &str, actor: usize, concerned: &[usize]) -> Vec<StoryPlan> {
    let names: Vec<String> = vision.actors.iter().map(|actor| actor.name.clone()).collect();
    let mut stories: Vec<StoryPlan> = Vec::new();
    let mut add = |action: &Action, capability: &Capability, quote: &str, actor: usize| {
        let subject = Subject::of(action, &names, entity);
        let facet = core(subject.class);
        stories.push(StoryPlan {
            title: upper_first(&clip(&subject.act, MAX_TITLE)),
            facet,
            actor,
            other: other_than(actor, concerned, names.len()),
            good: action.benefit.clone(),
            constraint: None,
            besides: None,
            quote: Some(clip(quote.trim_end_matches('.'), 240)),
            points: points(facet, &subject, 0),
            priority: capability.priority,
            subject,
        });
    };
    for capability in std::iter::once(&head.capability).chain(&head.merged) {
        let subject = Subject::of(&capability.action, &names, entity);
        let own = super::features::actor_of(vision, capability, &subject, concerned);
        add(&capability.action, capability, &capability.text, own);
        for verb in &capability.action.further {
            let action = Action { verb: verb.clone(), further: Vec::new(), benefit: None, ..capability.action.clone() };
            add(&action, capability, &capability.text, own);
        }
        for part in &capability.parts {
            let mut action = Action::read(part, &names);
            let by = action.actor.as_ref().and_then(|name| names.iter().position(|known| known == name)).unwrap_or(own);
            if action.is_thing() && action.object.is_empty() {
                continue;
            }
            action.split_second();
            add(&action, capability, part, by);
        }
    }
    let _ = actor;
    stories
}

/// Which constraint is told with which feature: the nearest one, each at most once.
pub(super) fn place_constraints(vision: &Vision, epics: &[super::EpicPlan]) -> HashMap<(usize, usize), usize> {
    let mut placed: HashMap<(usize, usize), usize> = HashMap::new();
    let features: Vec<((usize, usize), Vec<String>)> = epics
        .iter()
        .enumerate()
        .flat_map(|(e, epic)| {
            epic.features.iter().enumerate().map(move |(f, feature)| {
                ((e, f), keywords(&format!("{} {} {}", feature.title, feature.quotes.join(" "), epic.title)))
            })
        })
        .collect();
    for (index, constraint) in vision.constraints.iter().enumerate() {
        if constraint.quality == Quality::Project {
            continue;
        }
        let words = keywords(&constraint.text);
        let free = features.iter().filter(|(place, _)| !placed.contains_key(place));
        // Of those equally near, the one with the most visible work comes first; spread over the epics.
        let best = free.max_by_key(|(place, own)| {
            let used = placed.keys().filter(|(epic, _)| *epic == place.0).count();
            (overlap(&words, own), std::cmp::Reverse(used), std::cmp::Reverse(*place))
        });
        if let Some((place, _)) = best {
            placed.insert(*place, index);
        }
    }
    placed
}

/// Tells the stories of all features, at most `wanted` each.
pub(super) fn tell(vision: &Vision, plan: &mut Plan, placed: &HashMap<(usize, usize), usize>, wanted: usize) {
    let product = plan.product.clone();
    let mut goal_uses: HashMap<usize, usize> = HashMap::new();
    let mut rotation = 0;
    for (e, epic) in plan.epics.iter_mut().enumerate() {
        let concerned = epic.actors.clone();
        for (f, feature) in epic.features.iter_mut().enumerate() {
            let constraint = placed.get(&(e, f)).copied();
            tell_one(vision, feature, &concerned, constraint, wanted, &product);
            if let Some(goal) = feature.goal
                && let Some(first) = feature.stories.first_mut()
                && first.good.is_none()
                && *goal_uses.entry(goal).or_default() < MAX_GOAL_USES
            {
                *goal_uses.entry(goal).or_default() += 1;
                first.good = Some(vision.goals[goal].clause.clone());
            }
            check_besides(vision, feature, &mut rotation);
        }
    }
}

fn tell_one(
    vision: &Vision,
    feature: &mut FeaturePlan,
    concerned: &[usize],
    constraint: Option<usize>,
    wanted: usize,
    product: &str,
) {
    let mut told = Told::default();
    let mut stories: Vec<StoryPlan> = Vec::new();
    // The constraint's story keeps its place even where the vision tells many.
    let reserved = usize::from(constraint.is_some() && wanted > 2);
    for story in std::mem::take(&mut feature.stories) {
        if stories.len() + reserved < wanted && told.is_new(&story) {
            stories.push(story);
        }
    }
    if let Some(index) = constraint.filter(|_| stories.len() < wanted) {
        let quality = vision.constraints[index].quality;
        let mut story = follow(vision, feature, of_quality(quality), concerned, product);
        story.constraint = Some(index);
        story.quote = Some(vision.constraints[index].text.clone());
        story.priority = feature.priority.clamp(1, 2);
        if told.is_new(&story) {
            stories.push(story);
        }
    }
    let many = vision.actors.len() > 1;
    let own = of_class(feature.subject.class).iter();
    let class = feature.subject.class;
    let shared = SHARED.iter().filter(|facet| !(class == Class::Access && facet.noun.starts_with("the rights")));
    for facet in own.chain(shared) {
        if stories.len() >= wanted {
            break;
        }
        if facet.who == Who::Other && !many {
            continue;
        }
        let story = follow(vision, feature, facet, concerned, product);
        if told.is_new(&story) {
            stories.push(story);
        }
    }
    // What holds for the whole comes last.
    stories.sort_by_key(|story| story.constraint.is_some());
    feature.stories = stories;
}

/// A story that follows from a feature.
fn follow(vision: &Vision, feature: &FeaturePlan, facet: &'static Facet, concerned: &[usize], product: &str) -> StoryPlan {
    let actor = match facet.who {
        Who::Doer => feature.actor,
        Who::Other => feature.other,
        Who::Keeper => keeper(vision, concerned).unwrap_or(feature.actor),
    };
    let other = if actor == feature.actor { feature.other } else { feature.actor };
    let cast = Cast {
        actor: &vision.actors[actor].name,
        other: &vision.actors[other].name,
        product,
        area: &feature.area,
        limit: "",
    };
    StoryPlan {
        title: upper_first(&clip(&feature.subject.fill(facet.title, &cast), MAX_TITLE)),
        facet,
        actor,
        other,
        good: None,
        constraint: None,
        besides: None,
        quote: None,
        points: points(facet, &feature.subject, feature.quotes.len()),
        priority: (feature.priority + 1).min(4),
        subject: feature.subject.clone(),
    }
}

/// Adds a constraint to the checks of a core story that it touches, so that it is looked at where the work is done.
fn check_besides(vision: &Vision, feature: &mut FeaturePlan, rotation: &mut usize) {
    let usable: Vec<usize> = (0..vision.constraints.len())
        .filter(|index| !matches!(vision.constraints[*index].quality, Quality::Project | Quality::Other | Quality::Operations))
        .collect();
    if usable.is_empty() {
        return;
    }
    for story in feature.stories.iter_mut().filter(|story| story.constraint.is_none() && story.quote.is_some()) {
        let words = keywords(&format!("{} {}", story.title, story.quote.as_deref().unwrap_or("")));
        let near = usable.iter().copied().map(|index| (overlap(&keywords(&vision.constraints[index].text), &words), index));
        let near = near.filter(|(shared, _)| *shared > 0).max_by_key(|(shared, index)| (*shared, std::cmp::Reverse(*index)));
        let index = match near {
            Some((_, index)) => index,
            None => {
                *rotation += 1;
                usable[*rotation % usable.len()]
            }
        };
        let check: &'static Check = &of_quality(vision.constraints[index].quality).checks[0];
        story.besides = Some((index, check));
    }
}

/// Whoever answers for the running: by their name, of those concerned first.
fn keeper(vision: &Vision, concerned: &[usize]) -> Option<usize> {
    let is_keeper = |index: &usize| {
        vision.actors[*index].name.split(' ').any(|word| KEEPERS.contains(&word))
    };
    concerned.iter().copied().find(is_keeper).or_else(|| (0..vision.actors.len()).find(is_keeper))
}

fn other_than(actor: usize, concerned: &[usize], actors: usize) -> usize {
    concerned.iter().copied().chain(0..actors).find(|index| *index != actor).unwrap_or(actor)
}

/// Story points: the facet's own, and what its subject adds.
fn points(facet: &Facet, subject: &Subject, merged: usize) -> f64 {
    const SCALE: [f64; 6] = [1.0, 2.0, 3.0, 5.0, 8.0, 13.0];
    const HARD: &[&str] =
        &["automatic", "offline", "real-time", "live", "photo", "video", "scan", "sap", "bank", "map", "import", "integrat", "recur", "weeks", "fraud"];
    let start = SCALE.iter().position(|points| *points >= f64::from(facet.points)).unwrap_or(2);
    let lower = subject.act.to_lowercase();
    let hard = HARD.iter().filter(|word| lower.contains(*word)).count().min(1);
    let long = usize::from(subject.act.split(' ').count() > 9 || merged > 2);
    SCALE[(start + hard + long).min(SCALE.len() - 1)]
}

/// What siblings have said.
#[derive(Default)]
struct Told {
    titles: HashSet<String>,
    words: Vec<HashSet<String>>,
}

impl Told {
    fn is_new(&mut self, story: &StoryPlan) -> bool {
        let words: HashSet<String> = keywords(&story.title).into_iter().collect();
        let same = words.len() > 2 && self.words.contains(&words);
        if story.title.chars().count() < 8 || same || !self.titles.insert(lower_first(&story.title).to_lowercase()) {
            return false;
        }
        self.words.push(words);
        true
    }
}
