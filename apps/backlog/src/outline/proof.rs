//! Test cases of a story: one for each criterion, then what is worth trying with anything.

use super::{
    compose::{Criterion, Told, empty},
    facets::{Check, Proof},
};
use crate::english::{article, clip, upper_first};
use model::{TestStep, WorkItem, WorkItemKind};

/// Longest part of the story's title within a test's, in characters.
const MAX_STORY: usize = 62;

const fn check(
    proof: Proof,
    name: &'static str,
    given: &'static str,
    when: &'static str,
    then: &'static str,
) -> Check {
    Check { name, given, when, then, proof }
}

/// What is worth trying with anything.
const FURTHER: &[Check] = &[
    check(
        Proof::Functional,
        "after a reload",
        "it was just finished",
        "the page is reloaded and opened on a second device",
        "both show the same state",
    ),
    check(
        Proof::Boundary,
        "very long text",
        "texts of 1 and of 10,000 characters",
        "they are entered",
        "both are kept whole or refused with the limit, and no page breaks",
    ),
    check(
        Proof::Compatibility,
        "signs of all languages",
        "texts with accents, emoji and Arabic",
        "they are entered and searched for",
        "they come back exactly as they were",
    ),
    check(
        Proof::Security,
        "markup in text",
        "a text with <script> and quotes in it",
        "it is entered and shown everywhere",
        "it is shown as text and does nothing",
    ),
    check(
        Proof::Recovery,
        "connection lost half-way",
        "the network goes away in the middle",
        "it comes back after a minute",
        "nothing is lost or doubled, and the page says what it kept",
    ),
    check(
        Proof::Security,
        "other role",
        "a person with another role",
        "they try {acting} by its address",
        "they are refused and see nothing of it",
    ),
    check(
        Proof::Recovery,
        "two at once",
        "two people with the same entry open",
        "both save within a second",
        "one succeeds, the other is told what has changed",
    ),
    check(
        Proof::Boundary,
        "end of the day",
        "it is 23:59 on the last day of the month",
        "{acting} takes two minutes",
        "the date is right, and nothing is counted twice",
    ),
    check(
        Proof::Accessibility,
        "keyboard alone",
        "no mouse",
        "the {actor} goes through all of {acting}",
        "each step can be reached, and the focus is visible",
    ),
    check(
        Proof::Performance,
        "a year of data",
        "a year of made-up {things}",
        "{acting} is repeated 100 times",
        "95 of 100 take less than two seconds",
    ),
    check(
        Proof::Compatibility,
        "small phone",
        "a phone of 360 pixels' width",
        "{acting} is done with one hand",
        "nothing is cut off or covered",
    ),
    check(
        Proof::Functional,
        "second language",
        "the {actor} has chosen another language",
        "{acting} is done",
        "texts, dates, numbers and messages are in that language",
    ),
    check(
        Proof::Recovery,
        "expired session",
        "the session has expired while typing",
        "the {actor} goes on",
        "after signing in again, what was typed is there",
    ),
    check(
        Proof::Functional,
        "entry in the history",
        "{acting} was done",
        "the history is opened",
        "it names person, time, old and new value",
    ),
    check(
        Proof::Boundary,
        "the clocks change",
        "the night in which the clocks change",
        "times are entered and shown",
        "none is missing or doubled by an hour",
    ),
    check(
        Proof::Negative,
        "back button",
        "it was just confirmed",
        "the browser's back button is pressed and it is confirmed again",
        "it happens once",
    ),
];

/// The first test cases of a story.
pub(super) fn test_cases(told: &Told<'_>, most: usize) -> Vec<WorkItem> {
    let subject = &told.story.subject;
    let further = FURTHER.iter().map(|check| Criterion {
        check,
        given: subject.fill(check.given, &told.cast),
        when: subject.fill(check.when, &told.cast),
        then: subject.fill(check.then, &told.cast),
    });
    let mut names: Vec<&str> = Vec::new();
    let mut cases = Vec::new();
    for criterion in told.criteria.iter().cloned().chain(further) {
        if cases.len() == most {
            break;
        }
        if names.contains(&criterion.check.name) {
            continue;
        }
        names.push(criterion.check.name);
        cases.push(test_case(told, &criterion));
    }
    cases
}

fn test_case(told: &Told<'_>, criterion: &Criterion) -> WorkItem {
    let subject = &told.story.subject;
    let proof = criterion.check.proof;
    let title = format!("{}: {}", clip(&told.story.title, MAX_STORY), criterion.check.name);
    let description = format!("Proves: {}.", upper_first(&criterion.sentence()));
    let mut item = empty(WorkItemKind::TestCase, &clip(&title, 100), description);
    let fill = |template: &str| subject.fill(template, &told.cast);
    let (last_action, last_expected) = afterwards(proof);
    item.steps = vec![
        step(
            &format!(
                "Sign in as {} {} and open {}",
                article(told.cast.actor),
                told.cast.actor,
                told.feature.area
            ),
            &fill("The page opens, and {things} are shown as far as the role allows"),
        ),
        step(
            &format!("Prepare: {}", criterion.given),
            "The starting point is as described; note the figures down",
        ),
        step(&upper_first(&criterion.when), &upper_first(&criterion.then)),
        step(&fill(last_action), &fill(last_expected)),
    ];
    item.category = Some(category(proof).to_owned());
    item.test_data = Some(fill(data(proof)));
    item.automation = Some(!matches!(proof, Proof::Accessibility | Proof::Compatibility));
    item.priority = Some(match proof {
        Proof::Functional | Proof::Security => told.story.priority,
        _ => (told.story.priority + 1).min(4),
    });
    item
}

fn step(action: &str, expected: &str) -> TestStep {
    TestStep { action: action.to_owned(), expected: expected.to_owned() }
}

/// What is looked at in the end.
fn afterwards(proof: Proof) -> (&'static str, &'static str) {
    match proof {
        Proof::Functional => (
            "Reload the page, then open the same as {other}",
            "The state is the same; the {other} sees what their role allows and no more",
        ),
        Proof::Negative => (
            "Look at {things} and at the log",
            "Nothing has changed, and the refusal is on record with its reason",
        ),
        Proof::Boundary => {
            ("Repeat with one less and with one more", "The result changes exactly at the boundary")
        }
        Proof::Security => (
            "Look at the log as somebody in charge",
            "The attempt is there with time, person and address; no secret is",
        ),
        Proof::Performance => {
            ("Read the measurements", "95 of 100 are within the limit, and none has failed")
        }
        Proof::Accessibility => {
            ("Repeat with a screen reader", "Each step, state and error is announced in a sensible order")
        }
        Proof::Recovery => {
            ("Count {things} and compare with the note", "None is lost, and none is there twice")
        }
        Proof::Compatibility => {
            ("Repeat with the current Firefox, Chrome and Safari", "The result is the same in all of them")
        }
    }
}

fn data(proof: Proof) -> &'static str {
    match proof {
        Proof::Functional => "One {actor}, one {other}, three {things} of which one is of today",
        Proof::Negative => "One {actor}, {thing} that meets the condition and one that does not",
        Proof::Boundary => "One {actor}; {things} just below, at and just above the boundary",
        Proof::Security => "One {actor}, one {other}, {thing} of each, and the addresses of both",
        Proof::Performance => "10,000 made-up {things} and 200 accounts",
        Proof::Accessibility => "One {actor}, three {things}, a keyboard and a screen reader",
        Proof::Recovery => "One {actor}, ten {things}, a way to cut the network and to stop a server",
        Proof::Compatibility => "One {actor}, three {things} with texts in several scripts, a phone",
    }
}

fn category(proof: Proof) -> &'static str {
    match proof {
        Proof::Functional => "functional",
        Proof::Negative => "negative",
        Proof::Boundary => "boundary",
        Proof::Security => "security",
        Proof::Performance => "performance",
        Proof::Accessibility => "accessibility",
        Proof::Recovery => "recovery",
        Proof::Compatibility => "compatibility",
    }
}
