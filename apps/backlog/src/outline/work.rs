//! Tasks of a story: what its kind of work takes, with the story's own criteria as details.

use super::{
    compose::{Told, empty},
    facets::{Proof, Work},
};
use crate::{
    english::{clip, upper_first},
    gate::{HOURS, title_limit},
};
use model::{WorkItem, WorkItemKind};

/// A task as a template: `{noun}` is what is built, the other names are the facets'.
struct Job {
    category: &'static str,
    title: &'static str,
    details: &'static str,
    hours: f64,
    adds: Adds,
}

/// Which of the story's criteria a task repeats.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Adds {
    Nothing,
    /// What must not happen, and what lies at the edge.
    Refusals,
    All,
}

const fn job(
    category: &'static str,
    title: &'static str,
    details: &'static str,
    hours: f64,
    adds: Adds,
) -> Job {
    Job { category, title, details, hours, adds }
}

use Adds::{All, Nothing, Refusals};

fn jobs(work: Work) -> &'static [Job] {
    match work {
        Work::Form => FORM,
        Work::Read => READ,
        Work::Send => SEND,
        Work::Link => LINK,
        Work::Rule => RULE,
        Work::Flow => FLOW,
        Work::Measure => MEASURE,
    }
}

const FORM: &[Job] = &[
    job(
        "backend",
        "Implement the service for {noun}",
        "One operation that checks, keeps and answers, safe to repeat under the same key. Errors name the field and what it has to be.",
        5.0,
        Refusals,
    ),
    job(
        "frontend",
        "Build the form for {noun}",
        "States to build: empty, filled, checking, refused field by field, saved. What was typed survives a failed save and a reload.",
        6.0,
        Nothing,
    ),
    job(
        "data",
        "Store what {noun} needs",
        "Table with keys, required columns and constraints; a migration that can be run twice; version column against lost updates.",
        3.0,
        Nothing,
    ),
    job(
        "testing",
        "Automate the checks of {noun}",
        "Tests through the public interface, with data made by the test itself. One test for each criterion.",
        4.0,
        All,
    ),
    job(
        "design",
        "Sketch {noun} with two {actors}",
        "Clickable sketch of each state; tried by two {actors} before building; wording of all labels and messages decided.",
        3.0,
        Nothing,
    ),
    job(
        "documentation",
        "Describe {noun} in the help",
        "One page with the usual way, the three most likely mistakes, and a picture. Linked from the form.",
        1.5,
        Nothing,
    ),
];

const READ: &[Job] = &[
    job(
        "backend",
        "Implement the query for {noun}",
        "Filters, order and paging by key; only what the role may see leaves the server; the time as of which it holds is part of the answer.",
        5.0,
        Refusals,
    ),
    job(
        "frontend",
        "Build the page for {noun}",
        "States to build: loading, empty, some, many, partly unreadable. Filters stay in the address; columns fit on a phone.",
        6.0,
        Nothing,
    ),
    job(
        "data",
        "Index the data behind {noun}",
        "One index for each filter and order; plan of the slowest query checked with three years of made-up data.",
        2.5,
        Nothing,
    ),
    job(
        "testing",
        "Automate the checks of {noun}",
        "Made-up data for: none, one, a page, a page and one, very many. One test for each criterion.",
        3.5,
        All,
    ),
    job(
        "design",
        "Design {noun} around the question of {actors}",
        "The answer first, details on demand; tried on paper with two {actors}; explicit empty state.",
        3.0,
        Nothing,
    ),
    job(
        "documentation",
        "Explain each figure of {noun}",
        "For each column and figure: where it comes from, what is counted, what is not.",
        1.5,
        Nothing,
    ),
];

const SEND: &[Job] = &[
    job(
        "backend",
        "Raise {noun} from their reason",
        "Written to the outbox in the transaction of their reason, one stable id each; withdrawn where the reason goes away before sending.",
        5.0,
        Refusals,
    ),
    job(
        "design",
        "Word {noun} in two sentences",
        "Subject, text and link; readable on a lock screen; tried with two {actors}; all languages of the product.",
        2.0,
        Nothing,
    ),
    job(
        "integration",
        "Connect the channel for {noun}",
        "Mail and in-app at least; bounces come back and mark the address; repeated with growing pauses for 24 hours.",
        5.0,
        Nothing,
    ),
    job(
        "frontend",
        "Build the choices for {noun}",
        "What, by which way, when; works without signing in from the link in the message.",
        4.0,
        Nothing,
    ),
    job(
        "testing",
        "Automate the checks of {noun}",
        "A strict stand-in for the channel that refuses, delays and repeats. One test for each criterion.",
        3.5,
        All,
    ),
    job(
        "operations",
        "Watch the delivery of {noun}",
        "Figures for due, sent, failed and late; an alarm when the oldest waits for more than ten minutes.",
        2.0,
        Nothing,
    ),
];

const LINK: &[Job] = &[
    job(
        "research",
        "Agree on the contract for {noun}",
        "Fields, keys, limits, errors and a test account of the other side, in writing; example records of each kind.",
        4.0,
        Nothing,
    ),
    job(
        "integration",
        "Build the transfer of {noun}",
        "Idempotent by the record's own key; time-outs, retries with back-off, resumable after a crash.",
        8.0,
        Refusals,
    ),
    job(
        "data",
        "Map the fields of {noun}",
        "A table of fields with both sides' types, defaults and what is lost; unknown values are refused and not guessed.",
        3.0,
        Nothing,
    ),
    job(
        "frontend",
        "Show the state of {noun}",
        "Last run, what went over, what was refused and why, and a button to try again.",
        4.0,
        Nothing,
    ),
    job(
        "testing",
        "Test {noun} against a strict stand-in",
        "A stand-in over real HTTP or files that drops answers, refuses single records and is slow. One test for each criterion.",
        5.0,
        All,
    ),
    job(
        "operations",
        "Write the runbook for {noun}",
        "What to do when it stands still, how to repeat a day, whom to call at the other side.",
        1.5,
        Nothing,
    ),
];

const RULE: &[Job] = &[
    job(
        "design",
        "Decide the table of rights for {noun}",
        "Roles across, actions down; decided with those in charge; each cell has a reason.",
        2.5,
        Nothing,
    ),
    job(
        "security",
        "Enforce the rules of {noun} on the server",
        "One place that decides; denied unless allowed; every refusal is logged with person, action and object.",
        5.0,
        Refusals,
    ),
    job(
        "backend",
        "Implement the administration of {noun}",
        "Changes hold at once for sessions under way; who gave what and when is kept.",
        4.0,
        Nothing,
    ),
    job(
        "frontend",
        "Hide and explain what {noun} forbids",
        "What is not allowed is not offered; a refused address names the right and whom to ask.",
        3.0,
        Nothing,
    ),
    job(
        "testing",
        "Test the whole table of {noun}",
        "Each role against each action through the public interface, generated from the table itself.",
        4.0,
        All,
    ),
    job(
        "documentation",
        "Describe {noun} for those in charge",
        "Which role to give to whom, how to review rights once a year, what the log shows.",
        1.5,
        Nothing,
    ),
];

const FLOW: &[Job] = &[
    job(
        "backend",
        "Implement {noun} as allowed changes of state",
        "A table of states and events; each change in one transaction under an idempotency key; the server's clock decides on deadlines.",
        6.0,
        Refusals,
    ),
    job(
        "data",
        "Store the states behind {noun}",
        "State, since when and by whom; constraints that make double or impossible states unstorable; history of all changes.",
        3.0,
        Nothing,
    ),
    job(
        "frontend",
        "Build the steps of {noun}",
        "Consequences before the confirmation; one clear action; result at once, and correct after a reload or a broken connection.",
        6.0,
        Nothing,
    ),
    job(
        "testing",
        "Test {noun} under competition",
        "Two requests for the same thing at the same moment, repeated requests, the last second before a deadline. One test for each criterion.",
        4.5,
        All,
    ),
    job(
        "design",
        "Draw the states of {noun} with {actors}",
        "All states with the ways in and out, what each role sees, and the wording of each message.",
        3.0,
        Nothing,
    ),
    job(
        "integration",
        "Announce the results of {noun}",
        "An event for each change of state, in the same transaction, for messages, figures and other programs.",
        3.0,
        Nothing,
    ),
];

const MEASURE: &[Job] = &[
    job(
        "research",
        "Measure {noun} as it is today",
        "Real devices, real data or as many made-up ones; figures and method written down, so that they can be repeated.",
        4.0,
        Nothing,
    ),
    job(
        "backend",
        "Improve the server's part of {noun}",
        "The largest cost first, one change at a time, each with its figure before and after.",
        6.0,
        Refusals,
    ),
    job(
        "frontend",
        "Improve the pages behind {noun}",
        "What is shown first, what can wait, what is not needed; measured on the slowest device in use.",
        5.0,
        Nothing,
    ),
    job(
        "testing",
        "Make {noun} a check of the build",
        "The figure is measured in the build, with its limit; the build fails when it is broken and names both.",
        4.0,
        All,
    ),
    job(
        "operations",
        "Show {noun} on a dashboard with an alarm",
        "The same figure from daily use, by hour; an alarm that names since when the limit is broken.",
        2.5,
        Nothing,
    ),
    job(
        "documentation",
        "State what is promised on {noun}",
        "What is promised, how it is measured, what is not covered; for {others} to read.",
        1.0,
        Nothing,
    ),
];

/// Tasks for stories that are to have more than their kind of work names.
const FURTHER: &[Job] = &[
    job(
        "frontend",
        "Check {noun} with keyboard and screen reader",
        "Order of focus, names of controls, announced errors, contrast, text at twice its size.",
        2.0,
        Nothing,
    ),
    job(
        "security",
        "Review {noun} for misuse",
        "Input with markup and SQL, numbers of other people's entries, repeated and parallel calls, size of files.",
        2.5,
        Nothing,
    ),
    job(
        "frontend",
        "Translate all texts of {noun}",
        "Keys instead of texts in the code; dates, numbers and plurals by language; the longest language on a phone.",
        2.0,
        Nothing,
    ),
    job(
        "operations",
        "Put {noun} behind a switch",
        "Can be switched on for a pilot group and off without a release; removed again a month after all have it.",
        1.5,
        Nothing,
    ),
    job(
        "data",
        "Count how {noun} is used",
        "Begun, finished, given up at which step; without personal data; the question that the figures answer is written down.",
        2.0,
        Nothing,
    ),
    job(
        "testing",
        "Load {noun} with the busiest hour",
        "Requests of the busiest hour on a year of made-up data; figures kept beside earlier ones.",
        3.0,
        Nothing,
    ),
    job(
        "data",
        "Take existing data over into {noun}",
        "What exists today, where it is, who checks a sample; can be run again; what does not fit is listed.",
        4.0,
        Nothing,
    ),
    job(
        "documentation",
        "Brief support on {noun}",
        "What is new, the five questions that will come, where to look, whom to ask.",
        1.0,
        Nothing,
    ),
    job(
        "design",
        "Try {noun} with five people",
        "Five people who have not seen it, one task each, no help; the three worst obstacles become tasks.",
        3.0,
        Nothing,
    ),
    job(
        "backend",
        "Log what matters of {noun}",
        "Who did what to which entry with which result; no personal details; found by the number that the user sees.",
        1.5,
        Nothing,
    ),
    job(
        "testing",
        "Try {noun} on the devices in use",
        "The three most used browsers and phones, one old device, a slow connection.",
        2.0,
        Nothing,
    ),
    job(
        "operations",
        "Extend backup and restore to {noun}",
        "What is added to the backup, and a rehearsal in which it is restored and compared.",
        2.0,
        Nothing,
    ),
    job(
        "documentation",
        "Write the release note on {noun}",
        "What people can do now, in their words, with one picture; what they have to do, if anything.",
        0.5,
        Nothing,
    ),
    job(
        "design",
        "Word the messages of {noun}",
        "Each message says what happened, what was kept and what to do; the same words as in the rest of the product.",
        1.0,
        Nothing,
    ),
];

/// The first tasks of a story.
pub(super) fn tasks(told: &Told<'_>, most: usize) -> Vec<WorkItem> {
    let jobs = jobs(told.story.facet.work).iter().chain(FURTHER);
    jobs.take(most).map(|job| task(told, job)).collect()
}

fn task(told: &Told<'_>, job: &Job) -> WorkItem {
    let subject = &told.story.subject;
    // The noun is filled in already, and may hold braces of the vision's own: it is put in last.
    let with_noun = |template: &str| {
        template
            .split("{noun}")
            .map(|piece| subject.fill(piece, &told.cast))
            .collect::<Vec<_>>()
            .join(&told.noun)
    };
    let title = clip(&upper_first(&with_noun(job.title)), title_limit(WorkItemKind::Task));
    let mut description = with_noun(job.details);
    let criteria: Vec<String> = told
        .criteria
        .iter()
        .filter(|criterion| match job.adds {
            Nothing => false,
            Refusals => criterion.check.proof != Proof::Functional,
            All => true,
        })
        .map(|criterion| format!("- {}", criterion.sentence()))
        .collect();
    if !criteria.is_empty() {
        let lead = if job.adds == All { "Criteria to prove:" } else { "Cases to provide for:" };
        description.push_str(&format!("\n\n{lead}\n{}", criteria.join("\n")));
    }
    let mut item = empty(WorkItemKind::Task, &title, description);
    item.category = Some(job.category.to_owned());
    item.estimate_hours = Some(hours(job.hours, told.story.points));
    item.priority = Some(told.story.priority);
    item
}

/// The hours of a job within a story of that many points, in half hours.
fn hours(base: f64, points: f64) -> f64 {
    let factor = match points {
        points if points <= 1.0 => 0.5,
        points if points <= 2.0 => 0.75,
        points if points <= 3.0 => 1.0,
        points if points <= 5.0 => 1.4,
        points if points <= 8.0 => 1.9,
        _ => 2.5,
    };
    ((base * factor * 2.0).round() / 2.0).clamp(*HOURS.start(), *HOURS.end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::TASK_CATEGORIES;

    #[test]
    fn jobs_have_known_categories_and_fit_into_a_day() {
        let works = [Work::Form, Work::Read, Work::Send, Work::Link, Work::Rule, Work::Flow, Work::Measure];
        for job in works.into_iter().flat_map(jobs).chain(FURTHER) {
            assert!(TASK_CATEGORIES.contains(&job.category), "{}", job.title);
            assert!(job.title.contains("{noun}") && HOURS.contains(&job.hours), "{}", job.title);
        }
        assert!(works.into_iter().all(|work| jobs(work).len() + FURTHER.len() >= 20));
    }

    #[test]
    fn estimates_grow_with_the_story() {
        assert_eq!([1.0, 3.0, 5.0, 13.0].map(|points| hours(4.0, points)), [2.0, 4.0, 5.5, 10.0]);
        assert_eq!((hours(8.0, 34.0), hours(0.5, 1.0)), (16.0, 0.5));
    }
}
