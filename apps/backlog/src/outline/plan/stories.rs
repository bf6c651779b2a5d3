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
const KEEPERS: &[&str] = &[
    "admin",
    "administrator",
    "manager",
    "coordinator",
    "lead",
    "owner",
    "operator",
    "officer",
    "supervisor",
    "director",
    "head",
];

/// The stories that the vision itself tells of a feature.
pub(super) fn told_by_vision(
    vision: &Vision,
    head: &Head,
    entity: &str,
    priority: u8,
    concerned: &[usize],
) -> Vec<StoryPlan> {
    let names: Vec<String> = vision.actors.iter().map(|actor| actor.name.clone()).collect();
    let mut stories: Vec<StoryPlan> = Vec::new();
    let mut add =
        |action: &Action, capability: &Capability, quote: &str, actor: usize, part_of: Option<&Subject>| {
            let subject = Subject::of(action, &names, entity);
            let facet = core(subject.class);
            let fits = part_of.filter(|_| matches!(subject.class, Class::Record | Class::Process));
            const SHARING: &[&str] = &[
                "rate", "comment", "leave", "offer", "answer", "write", "upload", "reply", "share", "tag",
                "report",
            ];
            let given =
                SHARING.contains(&action.verb.as_str()).then(|| String::from("others can build on it"));
            let good = fits.map(|whole| format!("{} fits the way we work", whole.acting)).or(given);
            stories.push(StoryPlan {
                title: upper_first(&clip(&subject.act, MAX_TITLE)),
                facet,
                actor,
                other: other_than(actor, concerned, names.len()),
                good: action.benefit.clone().or(good),
                constraint: None,
                besides: None,
                quote: Some(clip(quote.trim_end_matches('.'), 240)),
                points: points(facet, &subject, 0),
                priority: capability.priority.unwrap_or(priority),
                subject,
            });
        };
    for capability in std::iter::once(&head.capability).chain(&head.merged) {
        let subject = Subject::of(&capability.action, &names, entity);
        let own = super::features::actor_of(vision, capability, &subject, concerned);
        add(&capability.action, capability, &capability.text, own, None);
        for verb in &capability.action.further {
            let action = Action {
                verb: verb.clone(),
                further: Vec::new(),
                benefit: None,
                ..capability.action.clone()
            };
            add(&action, capability, &capability.text, own, None);
        }
        for part in &capability.parts {
            let mut action = Action::read(part, &names);
            let by = action
                .actor
                .as_ref()
                .and_then(|name| names.iter().position(|known| known == name))
                .unwrap_or(own);
            if action.is_thing() && action.object.is_empty() {
                continue;
            }
            action.split_second();
            add(&action, capability, part, by, Some(&subject));
        }
    }
    stories
}

/// Which constraint is told with which feature: the nearest one, each at most once.
pub(super) fn place_constraints(
    vision: &Vision,
    epics: &[super::EpicPlan],
) -> HashMap<(usize, usize), usize> {
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
        let mut used: HashSet<&'static str> = HashSet::new();
        for (f, feature) in epic.features.iter_mut().enumerate() {
            let constraint = placed.get(&(e, f)).copied();
            let setting = Setting { vision, concerned: &concerned, product: &product, wanted };
            tell_one(&setting, feature, constraint, &mut used);
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

/// What the telling of one feature needs to know.
struct Setting<'a> {
    vision: &'a Vision,
    concerned: &'a [usize],
    product: &'a str,
    wanted: usize,
}

/// Tells the stories of a feature. `used` are facets that the epic has told before: others come first.
fn tell_one(
    setting: &Setting<'_>,
    feature: &mut FeaturePlan,
    constraint: Option<usize>,
    used: &mut HashSet<&'static str>,
) {
    let wanted = setting.wanted;
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
        let story = of_constraint(setting, feature, &stories, index);
        if told.is_new(&story) {
            stories.push(story);
        }
    }
    let many = setting.vision.actors.len() > 1;
    let class = feature.subject.class;
    let fits = |facet: &&&Facet| {
        (facet.who != Who::Other || many)
            && !(class == Class::Access && facet.noun.starts_with("the rights"))
            && !says_itself(facet, &feature.subject)
    };
    let all: Vec<&'static Facet> =
        of_class(class).iter().chain(SHARED).filter(|facet| fits(&facet)).collect();
    let (fresh, again): (Vec<_>, Vec<_>) = all.into_iter().partition(|facet| !used.contains(facet.title));
    for facet in fresh.into_iter().chain(again) {
        if stories.len() >= wanted {
            break;
        }
        let story = follow(setting, feature, facet, "");
        if told.is_new(&story) {
            used.insert(facet.title);
            stories.push(story);
        }
    }
    // What holds for the whole comes last.
    stories.sort_by_key(|story| story.constraint.is_some());
    feature.stories = stories;
}

/// Whether a facet asks for what the feature is already: a search for something that is a search.
fn says_itself(facet: &Facet, subject: &Subject) -> bool {
    const SAME: &[(&str, &[&str])] = &[
        ("find", &["find ", "search ", "browse "]),
        ("hand", &["export ", "print ", "share "]),
        ("take", &["import ", "migrate "]),
        ("give", &["refund "]),
        ("remove", &["archive ", "delete ", "remove "]),
        ("decide", &["decide who", "manage the roles", "grant "]),
        ("follow", &["follow the history", "follow the audit", "review "]),
        ("compare", &["compare "]),
        ("change", &["change ", "cancel ", "undo ", "edit "]),
        ("oversee", &["oversee "]),
        ("learn", &["learn ", "explain "]),
        ("know", &["see how many", "measure "]),
        ("work", &["use "]),
        ("start", &["copy "]),
    ];
    let first = facet.title.split(' ').next().unwrap_or("").to_lowercase();
    let act = format!("{} ", subject.act.to_lowercase());
    SAME.iter().any(|(word, acts)| *word == first && acts.iter().any(|begin| act.starts_with(begin)))
}

/// The story that a constraint asks for, told of what it touches most.
fn of_constraint(
    setting: &Setting<'_>,
    feature: &FeaturePlan,
    stories: &[StoryPlan],
    index: usize,
) -> StoryPlan {
    const MAX_NAMED: usize = 44;
    let constraint = &setting.vision.constraints[index];
    let words = keywords(&constraint.text);
    let touched = stories
        .iter()
        .map(|story| (overlap(&words, &keywords(story.quote.as_deref().unwrap_or(""))), story))
        .filter(|(shared, _)| *shared > 0)
        .max_by_key(|(shared, _)| *shared);
    let mut of = feature.clone();
    if let Some((_, story)) = touched {
        of.subject = story.subject.clone();
        of.actor = story.actor;
        of.other = story.other;
    }
    let mut story =
        follow(setting, &of, of_quality(constraint), &lower_first(&clip(&constraint.text, MAX_NAMED)));
    let short = constraint.text.chars().count() <= MAX_NAMED;
    if short
        && !story.title.contains(&*constraint.text)
        && !story.title.contains(&lower_first(&constraint.text))
    {
        story.title = clip(
            &format!("{} ({})", clip(&story.title, MAX_TITLE - MAX_NAMED - 3), constraint.text),
            MAX_TITLE,
        );
    }
    story.constraint = Some(index);
    story.quote = Some(constraint.text.clone());
    story.priority = feature.priority.clamp(1, 2);
    story
}

/// A story that follows from a feature.
fn follow(setting: &Setting<'_>, feature: &FeaturePlan, facet: &'static Facet, limit: &str) -> StoryPlan {
    let Setting { vision, concerned, product, .. } = *setting;
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
        limit,
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
        .filter(|index| {
            !matches!(
                vision.constraints[*index].quality,
                Quality::Project | Quality::Other | Quality::Operations
            )
        })
        .collect();
    if usable.is_empty() {
        return;
    }
    for story in
        feature.stories.iter_mut().filter(|story| story.constraint.is_none() && story.quote.is_some())
    {
        let words = keywords(&format!("{} {}", story.title, story.quote.as_deref().unwrap_or("")));
        let near = usable
            .iter()
            .copied()
            .map(|index| (overlap(&keywords(&vision.constraints[index].text), &words), index));
        let near = near
            .filter(|(shared, _)| *shared > 0)
            .max_by_key(|(shared, index)| (*shared, std::cmp::Reverse(*index)));
        let index = match near {
            Some((_, index)) => index,
            None => {
                *rotation += 1;
                usable[*rotation % usable.len()]
            }
        };
        let check: &'static Check = &of_quality(&vision.constraints[index]).checks[0];
        story.besides = Some((index, check));
    }
}

/// Whoever answers for the running: by their name, of those concerned first.
fn keeper(vision: &Vision, concerned: &[usize]) -> Option<usize> {
    let is_keeper = |index: &usize| vision.actors[*index].name.split(' ').any(|word| KEEPERS.contains(&word));
    concerned.iter().copied().find(is_keeper).or_else(|| (0..vision.actors.len()).find(is_keeper))
}

fn other_than(actor: usize, concerned: &[usize], actors: usize) -> usize {
    concerned.iter().copied().chain(0..actors).find(|index| *index != actor).unwrap_or(actor)
}

/// Story points: the facet's own, and what its subject adds.
fn points(facet: &Facet, subject: &Subject, merged: usize) -> f64 {
    const SCALE: [f64; 6] = [1.0, 2.0, 3.0, 5.0, 8.0, 13.0];
    const HARD: &[&str] = &[
        "automatic",
        "offline",
        "real-time",
        "live",
        "photo",
        "video",
        "scan",
        "sap",
        "bank",
        "map",
        "import",
        "integrat",
        "recur",
        "weeks",
        "fraud",
    ];
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
        if story.title.chars().count() < 8
            || same
            || !self.titles.insert(lower_first(&story.title).to_lowercase())
        {
            return false;
        }
        self.words.push(words);
        true
    }
}
