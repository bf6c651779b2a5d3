//! Epics, features and stories, written out.

use super::{
    facets::Check,
    plan::{EpicPlan, FeaturePlan, Origin, Plan, StoryPlan},
    proof,
    subject::Cast,
    work,
};
use crate::{
    english::{article, clip, keywords, list_of, lower_first, plural, upper_first},
    vision::Vision,
};
use model::{Section, WorkItem, WorkItemKind};

/// Terms of the vision's glossary that one item explains.
const MAX_TERMS: usize = 3;
/// Longest constraint within a sentence, in characters.
const MAX_LIMIT: usize = 160;

/// Writes the items of a plan.
pub(super) struct Writer<'a> {
    vision: &'a Vision,
    plan: &'a Plan,
}

/// A story with all that its tasks and tests need.
pub(super) struct Told<'a> {
    pub(super) story: &'a StoryPlan,
    pub(super) feature: &'a FeaturePlan,
    pub(super) cast: Cast<'a>,
    /// What has to hold, filled in.
    pub(super) criteria: Vec<Criterion>,
    /// What is built, as a noun.
    pub(super) noun: String,
}

/// Something that has to hold, filled in.
#[derive(Clone, Debug)]
pub(super) struct Criterion {
    pub(super) check: &'static Check,
    pub(super) given: String,
    pub(super) when: String,
    pub(super) then: String,
}

impl Criterion {
    pub(super) fn sentence(&self) -> String {
        format!("Given {}, when {}, then {}", self.given, self.when, self.then)
    }
}

impl<'a> Writer<'a> {
    /// A writer of that plan.
    pub(super) fn new(vision: &'a Vision, plan: &'a Plan) -> Self {
        Self { vision, plan }
    }

    /// All epics.
    pub(super) fn epics(&self) -> Vec<WorkItem> {
        self.plan.epics.iter().map(|epic| self.epic(epic)).collect()
    }

    /// The features of an epic.
    pub(super) fn features(&self, epic: usize) -> Vec<WorkItem> {
        let epic = self.plan.epics.get(epic);
        epic.into_iter()
            .flat_map(|epic| epic.features.iter().map(|feature| self.feature(epic, feature)))
            .collect()
    }

    /// The stories of a feature.
    pub(super) fn stories(&self, epic: usize, feature: usize) -> Vec<WorkItem> {
        let feature = self.plan.epics.get(epic).and_then(|epic| epic.features.get(feature));
        feature
            .into_iter()
            .flat_map(|feature| feature.stories.iter().map(|story| self.story(feature, story)))
            .collect()
    }

    /// The first tasks of a story.
    pub(super) fn tasks(&self, epic: usize, feature: usize, story: usize, most: usize) -> Vec<WorkItem> {
        self.told(epic, feature, story).map_or_else(Vec::new, |told| work::tasks(&told, most))
    }

    /// The first test cases of a story.
    pub(super) fn test_cases(&self, epic: usize, feature: usize, story: usize, most: usize) -> Vec<WorkItem> {
        self.told(epic, feature, story).map_or_else(Vec::new, |told| proof::test_cases(&told, most))
    }

    fn told(&self, epic: usize, feature: usize, story: usize) -> Option<Told<'a>> {
        let feature = self.plan.epics.get(epic)?.features.get(feature)?;
        let story = feature.stories.get(story)?;
        Some(self.told_of(feature, story))
    }

    fn told_of(&self, feature: &'a FeaturePlan, story: &'a StoryPlan) -> Told<'a> {
        let cast = self.cast(feature, story);
        let filled = |check: &'static Check, cast: &Cast<'_>| Criterion {
            check,
            given: story.subject.fill(check.given, cast),
            when: story.subject.fill(check.when, cast),
            then: story.subject.fill(check.then, cast),
        };
        let limit = |index: usize| clip(&self.vision.constraints[index].text, MAX_LIMIT);
        let own = story.constraint.map(limit).unwrap_or_default();
        let own_cast = Cast { limit: &own, ..cast };
        let mut criteria: Vec<Criterion> =
            story.facet.checks.iter().map(|check| filled(check, &own_cast)).collect();
        if let Some((index, check)) = story.besides {
            let limit = limit(index);
            criteria.push(filled(check, &Cast { limit: &limit, ..cast }));
        }
        let noun = story.subject.fill(story.facet.noun, &cast);
        Told { story, feature, cast, criteria, noun }
    }

    fn cast(&self, feature: &'a FeaturePlan, story: &StoryPlan) -> Cast<'a> {
        Cast {
            actor: &self.vision.actors[story.actor].name,
            other: &self.vision.actors[story.other].name,
            product: &self.plan.product,
            area: &feature.area,
            limit: "",
        }
    }

    fn epic(&self, epic: &EpicPlan) -> WorkItem {
        let actors: Vec<String> =
            epic.actors.iter().take(4).map(|index| plural(&self.vision.actors[*index].name)).collect();
        let mut description = String::new();
        if !epic.text.is_empty() {
            description = format!("{}.", epic.text.trim_end_matches('.'));
        }
        let titles: Vec<String> =
            epic.features.iter().map(|feature| lower_first(&clip(&feature.title, 70))).collect();
        let who = if actors.is_empty() { String::from("Everybody") } else { upper_first(&list_of(&actors)) };
        let can = format!(
            "{who} get in {} what {} needs: {}.",
            self.plan.product,
            lower_first(&epic.title),
            titles.join("; ")
        );
        push_paragraph(&mut description, &can);
        if epic.origin == Origin::Practice {
            push_paragraph(
                &mut description,
                "The vision does not name this; products of this kind need it all the same.",
            );
        }
        let mut item = empty(WorkItemKind::Epic, &epic.title, description);
        let goals: Vec<String> =
            epic.goals.iter().map(|index| self.vision.goals[*index].text.clone()).collect();
        section(&mut item, "Outcome", &bullets(&goals));
        let people: Vec<String> = epic
            .actors
            .iter()
            .take(6)
            .map(|index| {
                let actor = &self.vision.actors[*index];
                if actor.text.is_empty() {
                    upper_first(&actor.name)
                } else {
                    format!("{}: {}", upper_first(&actor.name), actor.text)
                }
            })
            .collect();
        section(&mut item, "For whom", &bullets(&people));
        section(&mut item, "Not in scope", &bullets(&self.vision.excluded));
        section(&mut item, "Risks and assumptions", &bullets(&near(&self.vision.risks, &epic_words(epic))));
        self.terms(&mut item);
        let points: f64 =
            epic.features.iter().flat_map(|feature| &feature.stories).map(|story| story.points).sum();
        item.complexity = Some(String::from(match points / epic.features.len().max(1) as f64 {
            mean if mean > 22.0 => "high",
            mean if mean > 13.0 => "medium",
            _ => "low",
        }));
        item.priority = Some(epic.features.iter().map(|feature| feature.priority).min().unwrap_or(2));
        item.business_value = Some(
            (45 + 15 * epic.goals.len() as u32 + if epic.origin == Origin::Vision { 10 } else { 0 }).min(100),
        );
        item.category = Some(epic.category.clone());
        item
    }

    fn feature(&self, epic: &EpicPlan, feature: &FeaturePlan) -> WorkItem {
        let subject = &feature.subject;
        let cast = Cast {
            actor: &self.vision.actors[feature.actor].name,
            other: &self.vision.actors[feature.other].name,
            product: &self.plan.product,
            area: &feature.area,
            limit: "",
        };
        let template = if subject.by_product {
            "{Product} does it by itself: {act}. {Actors} see the result and can correct it."
        } else {
            "{Actors} can {act}. It belongs to {area}."
        };
        let mut description = subject.fill(template, &cast);
        match feature.origin {
            Origin::Vision => {
                for quote in &feature.quotes {
                    push_paragraph(&mut description, &format!("From the vision: “{quote}”"));
                }
            }
            Origin::Practice => push_paragraph(
                &mut description,
                &format!(
                    "Not in the vision: usual for what it says of {}. Leave it out if it does not fit.",
                    feature.area
                ),
            ),
        }
        let mut item = empty(WorkItemKind::Feature, &feature.title, description);
        if let Some(goal) = feature.goal.or(epic.goals.first().copied()) {
            section(
                &mut item,
                "Business value",
                &format!("It serves the goal: {}.", self.vision.goals[goal].text),
            );
        }
        let depends = match feature.depends.as_slice() {
            [] => String::from("None within this backlog."),
            titles => bullets(&titles.iter().map(|title| format!("“{title}”")).collect::<Vec<_>>()),
        };
        section(&mut item, "Dependencies", &depends);
        let mut edges: Vec<String> =
            subject.class.edges().iter().map(|edge| subject.fill(edge, &cast)).collect();
        edges.extend(near(&self.vision.risks, &keywords(&feature.quotes.join(" "))));
        section(&mut item, "Edge cases", &bullets(&edges));
        section(&mut item, "Interface notes", &subject.fill(subject.class.interface(), &cast));
        let mut technology = subject.class.technology().to_owned();
        for story in &feature.stories {
            if let Some(index) = story.constraint {
                technology
                    .push_str(&format!(" Given by the vision: {}.", self.vision.constraints[index].text));
            }
        }
        section(&mut item, "Technical notes", &technology);
        self.terms(&mut item);
        let sum: f64 = feature.stories.iter().map(|story| story.points).sum();
        item.story_points = Some(rounded(sum));
        let goals = u32::from(feature.goal.is_some());
        let value = 70u32.saturating_sub(u32::from(feature.priority) * 10)
            + goals * 20
            + feature.quotes.len().min(3) as u32 * 5;
        item.business_value = Some(value.clamp(5, 100));
        item.priority = Some(feature.priority);
        item
    }

    fn story(&self, feature: &FeaturePlan, story: &StoryPlan) -> WorkItem {
        let told = self.told_of(feature, story);
        let limit =
            story.constraint.map(|index| lower_first(&clip(&self.vision.constraints[index].text, MAX_LIMIT)));
        let cast = &Cast { limit: limit.as_deref().unwrap_or_default(), ..told.cast };
        // `Members offer their own tools` is told by one of them.
        let want = story.subject.fill(story.facet.want, cast).replace(" their own ", " my own ");
        let good = match &story.good {
            Some(good) => good.clone(),
            None => story.subject.fill(story.facet.good, cast),
        };
        let mut description = format!(
            "As {} {}, I want {want} so that {}.",
            article(cast.actor),
            cast.actor,
            good.trim_end_matches('.')
        );
        match (&story.quote, story.constraint) {
            (Some(quote), Some(_)) => {
                push_paragraph(&mut description, &format!("The vision demands: “{quote}”"))
            }
            (Some(quote), None) if feature.origin == Origin::Vision => {
                push_paragraph(&mut description, &format!("From the vision: “{quote}”"));
            }
            _ => {}
        }
        let mut item = empty(WorkItemKind::Story, &story.title, description);
        item.acceptance_criteria = told.criteria.iter().map(Criterion::sentence).collect();
        self.terms(&mut item);
        item.story_points = Some(story.points);
        item.priority = Some(story.priority);
        item
    }

    /// Explains the vision's own words where the item uses them.
    fn terms(&self, item: &mut WorkItem) {
        let text = format!("{} {}", item.title, item.description).to_lowercase();
        let used = self.vision.terms.iter().filter(|term| text.contains(&term.word.to_lowercase()));
        let used: Vec<String> =
            used.take(MAX_TERMS).map(|term| format!("{}: {}", term.word, term.meaning)).collect();
        section(item, "Words", &bullets(&used));
    }
}

/// An item without figures.
pub(super) fn empty(kind: WorkItemKind, title: &str, description: String) -> WorkItem {
    WorkItem {
        kind,
        title: title.to_owned(),
        description,
        acceptance_criteria: Vec::new(),
        sections: Vec::new(),
        priority: None,
        business_value: None,
        story_points: None,
        estimate_hours: None,
        category: None,
        complexity: None,
        steps: Vec::new(),
        test_data: None,
        automation: None,
    }
}

fn push_paragraph(text: &mut String, paragraph: &str) {
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(paragraph);
}

fn section(item: &mut WorkItem, heading: &str, text: &str) {
    if !text.is_empty() {
        item.sections.push(Section { heading: heading.to_owned(), text: text.to_owned() });
    }
}

fn bullets(entries: &[String]) -> String {
    entries.iter().map(|entry| format!("- {entry}")).collect::<Vec<_>>().join("\n")
}

fn epic_words(epic: &EpicPlan) -> Vec<String> {
    let quotes = epic.features.iter().flat_map(|feature| &feature.quotes);
    keywords(&quotes.cloned().collect::<Vec<_>>().join(" "))
}

/// Texts that share a word with `words`.
fn near(texts: &[String], words: &[String]) -> Vec<String> {
    texts
        .iter()
        .filter(|text| keywords(text).iter().any(|word| words.contains(word)))
        .take(3)
        .cloned()
        .collect()
}

/// The nearest number of points that teams know.
fn rounded(sum: f64) -> f64 {
    let distance = |points: &f64| (points - sum).abs();
    crate::gate::POINTS.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(13.0)
}
