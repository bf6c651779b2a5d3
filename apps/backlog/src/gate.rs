//! The quality gate: rules that give an item 0 to 100 points and name each problem, so that whoever writes it again knows
//! what to mend.

use crate::english::keywords;
use model::{WorkItem, WorkItemKind};
use std::collections::HashSet;

/// How good an item is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quality {
    /// 0 to 100.
    pub(crate) score: u32,
    /// What is wrong, in sentences for the writer.
    pub(crate) problems: Vec<String>,
}

/// Longest title of each kind, in characters.
pub(crate) fn title_limit(kind: WorkItemKind) -> usize {
    match kind {
        WorkItemKind::Epic => 60,
        WorkItemKind::Feature => 80,
        WorkItemKind::Story | WorkItemKind::Task | WorkItemKind::TestCase => 100,
    }
}

/// Estimates of a task, in hours.
pub(crate) const HOURS: std::ops::RangeInclusive<f64> = 0.5..=16.0;
/// Acceptance criteria of a story.
pub(crate) const CRITERIA: std::ops::RangeInclusive<usize> = 3..=5;
/// Story points that teams know.
pub(crate) const POINTS: [f64; 10] = [1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0];
/// Categories of tasks.
pub(crate) const TASK_CATEGORIES: &[&str] = &[
    "design",
    "backend",
    "frontend",
    "data",
    "integration",
    "security",
    "testing",
    "documentation",
    "operations",
    "research",
];
/// Categories of test cases.
pub(crate) const TEST_CATEGORIES: &[&str] = &[
    "functional",
    "negative",
    "boundary",
    "security",
    "performance",
    "accessibility",
    "integration",
    "usability",
    "recovery",
    "compatibility",
];

/// Words that promise and do not say.
const VAGUE: &[&str] = &[
    "user-friendly",
    "user friendly",
    "easy to use",
    "intuitive",
    "seamless",
    "seamlessly",
    "robust",
    "state-of-the-art",
    "cutting-edge",
    "best-in-class",
    "world-class",
    "etc.",
    "and so on",
    "as needed",
    "as appropriate",
    "if necessary",
    "tbd",
    "lorem ipsum",
    "various",
    "some kind of",
    "properly",
    "somehow",
    "and/or",
    "todo",
];

/// Titles that could stand in any backlog.
const HOLLOW: &[&str] = &[
    "feature",
    "epic",
    "story",
    "user story",
    "task",
    "test",
    "test case",
    "implementation",
    "implement feature",
    "write tests",
    "testing",
    "development",
    "misc",
    "miscellaneous",
    "other",
    "general",
    "backend",
    "frontend",
    "documentation",
];

/// Judges an item beside its siblings (without itself).
pub(crate) fn judge<'a>(item: &WorkItem, siblings: impl Iterator<Item = &'a WorkItem>) -> Quality {
    let mut report = Report::default();
    title(&mut report, item);
    sibling_titles(&mut report, item, siblings);
    vague(&mut report, item);
    match item.kind {
        WorkItemKind::Epic => epic(&mut report, item),
        WorkItemKind::Feature => feature(&mut report, item),
        WorkItemKind::Story => story(&mut report, item),
        WorkItemKind::Task => task(&mut report, item),
        WorkItemKind::TestCase => test_case(&mut report, item),
    }
    if let Some(priority) = item.priority {
        report.unless((1..=4).contains(&priority), 10, || format!("priority {priority} is not 1 to 4"));
    }
    Quality { score: 100u32.saturating_sub(report.lost), problems: report.problems }
}

/// Two judgements of the same item as one: the mean, and all that was found.
pub(crate) fn together(rules: Quality, model: (u32, Vec<String>)) -> Quality {
    let score = (rules.score + model.0.min(100)).div_ceil(2);
    let problems = rules.problems.into_iter().chain(model.1).collect();
    Quality { score, problems }
}

#[derive(Default)]
struct Report {
    lost: u32,
    problems: Vec<String>,
}

impl Report {
    /// Takes points unless `good`, and says why.
    fn unless(&mut self, good: bool, points: u32, problem: impl FnOnce() -> String) {
        if !good {
            self.lost += points;
            self.problems.push(problem());
        }
    }
}

fn title(report: &mut Report, item: &WorkItem) {
    let chars = item.title.chars().count();
    let limit = title_limit(item.kind);
    report.unless(chars <= limit, 15, || format!("the title has {chars} characters; at most {limit}"));
    report.unless(chars >= 8, 20, || String::from("the title says too little"));
    let one_line = !item.title.chars().any(char::is_control) && item.title.trim() == item.title;
    report.unless(one_line, 10, || String::from("the title is not one clean line"));
    let lower = item.title.to_lowercase();
    let bare = lower.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, ' ' | '#' | '.' | ':'));
    report.unless(!HOLLOW.contains(&bare), 35, || {
        format!("the title “{}” could stand in any backlog", item.title)
    });
    report.unless(item.title.chars().any(char::is_alphabetic), 40, || String::from("the title has no words"));
}

fn sibling_titles<'a>(report: &mut Report, item: &WorkItem, siblings: impl Iterator<Item = &'a WorkItem>) {
    let own: HashSet<String> = keywords(&item.title).into_iter().collect();
    let lower = item.title.to_lowercase();
    let mut exact = false;
    let mut near: Option<String> = None;
    for sibling in siblings.filter(|sibling| sibling.kind == item.kind) {
        exact |= sibling.title.to_lowercase() == lower;
        let other: HashSet<String> = keywords(&sibling.title).into_iter().collect();
        if own.len() > 2 && own == other {
            near = Some(sibling.title.clone());
        }
    }
    report.unless(!exact, 40, || String::from("a sibling has the same title"));
    report.unless(exact || near.is_none(), 15, || {
        format!("the title says the same as its sibling “{}”", near.unwrap_or_default())
    });
}

fn vague(report: &mut Report, item: &WorkItem) {
    let mut text =
        format!("{} {} {}", item.title, item.description, item.acceptance_criteria.join(" ")).to_lowercase();
    text.insert(0, ' ');
    text.push(' ');
    let is_word = |at: usize, word: &str| {
        let before = text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        let after = text[at + word.len()..].chars().next().is_none_or(|c| !c.is_alphanumeric());
        before && after
    };
    let found: Vec<&str> = VAGUE
        .iter()
        .copied()
        .filter(|word| text.match_indices(word).any(|(at, _)| is_word(at, word)))
        .collect();
    let points = (found.len() as u32 * 8).min(24);
    report.unless(found.is_empty(), points, || {
        format!("says nothing that can be checked: {}", found.join(", "))
    });
}

fn described(report: &mut Report, item: &WorkItem, least: usize, points: u32) {
    let chars = item.description.trim().chars().count();
    report.unless(chars >= least, points, || {
        format!("the description has {chars} characters; at least {least}")
    });
    let same = item.description.trim().eq_ignore_ascii_case(item.title.trim());
    report.unless(!same || chars < least, points, || String::from("the description repeats the title"));
}

fn one_of(report: &mut Report, value: Option<&str>, of: &[&str], what: &str, points: u32) {
    let good = value.is_some_and(|value| of.contains(&value));
    report.unless(good, points, || format!("the {what} must be one of {}", of.join(", ")));
}

fn epic(report: &mut Report, item: &WorkItem) {
    described(report, item, 60, 25);
    report.unless(item.priority.is_some(), 10, || String::from("there is no priority"));
    one_of(report, item.complexity.as_deref(), &["low", "medium", "high"], "complexity", 10);
    report.unless(item.category.as_ref().is_some_and(|category| !category.trim().is_empty()), 5, || {
        String::from("there is no category")
    });
}

fn feature(report: &mut Report, item: &WorkItem) {
    described(report, item, 50, 20);
    points(report, item, 10);
    let value = item.business_value.is_some_and(|value| (1..=100).contains(&value));
    report.unless(value, 10, || String::from("the business value must be 1 to 100"));
    let has = |word: &str| {
        item.sections
            .iter()
            .any(|section| section.heading.to_lowercase().contains(word) && !section.text.trim().is_empty())
    };
    report.unless(has("edge"), 10, || String::from("no edge cases are named"));
    report.unless(has("dependenc"), 5, || String::from("it does not say what it depends on"));
    report.unless(has("technical") || has("interface"), 5, || {
        String::from("there are no notes on interface or technology")
    });
}

fn story(report: &mut Report, item: &WorkItem) {
    let lower = item.description.to_lowercase();
    let first = lower.lines().next().unwrap_or("");
    let persona = (first.starts_with("as a ") || first.starts_with("as an ") || first.starts_with("as the "))
        && first.contains("i want");
    report.unless(persona, 30, || String::from("the description does not begin with “As a …, I want …”"));
    report.unless(!persona || first.contains("so that"), 10, || String::from("it does not say “so that …”"));
    let count = item.acceptance_criteria.len();
    report.unless(CRITERIA.contains(&count), if count == 0 { 35 } else { 15 }, || {
        format!("it has {count} acceptance criteria; 3 to 5 are needed")
    });
    let loose = item.acceptance_criteria.iter().filter(|text| !is_given_when_then(text)).count();
    let all = count.max(1);
    report.unless(loose == 0, (30 * loose / all) as u32, || {
        format!("{loose} of {count} acceptance criteria are not Given … When … Then …")
    });
    let distinct: HashSet<&str> = item.acceptance_criteria.iter().map(|text| text.trim()).collect();
    report.unless(distinct.len() == count, 15, || String::from("an acceptance criterion stands twice"));
    points(report, item, 10);
}

/// Whether a criterion has the three parts, in order.
pub(crate) fn is_given_when_then(text: &str) -> bool {
    let lower = text.to_lowercase();
    let Some(given) = lower.find("given ") else { return false };
    let Some(when) = lower[given..].find("when ").map(|at| given + at) else { return false };
    lower[when..].contains("then ")
}

fn points(report: &mut Report, item: &WorkItem, lost: u32) {
    let good = item.story_points.is_some_and(|points| POINTS.contains(&points));
    report.unless(good, lost, || String::from("story points must be of the row 1, 2, 3, 5, 8, 13, 21 …"));
}

fn task(report: &mut Report, item: &WorkItem) {
    described(report, item, 40, 25);
    one_of(report, item.category.as_deref(), TASK_CATEGORIES, "category", 15);
    let estimate = item.estimate_hours.is_some_and(|hours| HOURS.contains(&hours));
    report
        .unless(estimate, 25, || format!("the estimate must be {} to {} hours", HOURS.start(), HOURS.end()));
}

fn test_case(report: &mut Report, item: &WorkItem) {
    let count = item.steps.len();
    report.unless(count >= 2, if count == 0 { 50 } else { 25 }, || {
        format!("it has {count} steps; at least 2 are needed")
    });
    let empty = item
        .steps
        .iter()
        .filter(|step| step.action.trim().is_empty() || step.expected.trim().is_empty())
        .count();
    report
        .unless(empty == 0, 30, || format!("{empty} of {count} steps lack an action or an expected result"));
    one_of(report, item.category.as_deref(), TEST_CATEGORIES, "category", 15);
    report.unless(item.test_data.as_ref().is_some_and(|data| !data.trim().is_empty()), 10, || {
        String::from("it does not say which data it needs")
    });
    report.unless(item.automation.is_some(), 5, || {
        String::from("it does not say whether automating it is worth while")
    });
}

#[cfg(test)]
mod tests;
