use super::*;
use model::{Section, TestStep};
use serde_json::json;

fn item(value: serde_json::Value) -> WorkItem {
    serde_json::from_value(value).unwrap()
}

fn story() -> WorkItem {
    item(json!({
        "kind": "story",
        "title": "Order meals for the coming week",
        "description": "As a guest, I want to order meals for the coming week so that I eat what I like.",
        "acceptance_criteria": [
            "Given the menu is published, when I choose a meal, then it is on my order",
            "Given a dish is sold out, when I look at it, then I am offered the waiting list",
            "Given I have ordered, when I open my orders, then I see the pick-up time",
        ],
        "story_points": 5.0,
        "priority": 1,
    }))
}

fn problems(item: &WorkItem, siblings: &[WorkItem]) -> (u32, Vec<String>) {
    let quality = judge(item, siblings.iter());
    (quality.score, quality.problems)
}

#[test]
fn a_good_item_of_each_kind_has_full_marks() {
    let section = |heading: &str| Section { heading: heading.to_owned(), text: "Text.".to_owned() };
    let epic = item(json!({
        "kind": "epic", "title": "Ordering ahead", "priority": 1, "complexity": "high", "category": "product",
        "description": "Guests order their meals before noon, so that the kitchen cooks what will be eaten.",
    }));
    let mut feature = item(json!({
        "kind": "feature", "title": "Order meals up to four weeks in advance", "story_points": 13.0, "business_value": 80,
        "description": "Guests choose meals from the published menus and see what they ordered.", "priority": 1,
    }));
    feature.sections = ["Dependencies", "Edge cases", "Technical notes"].map(section).to_vec();
    let task = item(json!({
        "kind": "task", "title": "Store orders with their pick-up time", "category": "data", "estimate_hours": 3.5,
        "description": "Table for orders with guest, dish, canteen and time; unique per guest and meal.",
    }));
    let mut test = item(json!({
        "kind": "test_case", "title": "Order a meal that is offered", "category": "functional", "test_data": "One guest",
        "automation": true,
    }));
    let step = |action: &str| TestStep { action: action.to_owned(), expected: "It is seen".to_owned() };
    test.steps = vec![step("Open the menu"), step("Choose a dish")];
    for item in [epic, feature, story(), task, test] {
        assert_eq!(problems(&item, &[]), (100, Vec::new()), "{:?}", item.kind);
    }
}

#[test]
fn each_problem_is_named_and_costs() {
    let check = |change: &dyn Fn(&mut WorkItem), score: u32, problem: &str| {
        let mut item = story();
        change(&mut item);
        let (found, problems) = problems(&item, &[]);
        assert_eq!(found, score, "{problems:?}");
        assert!(problems.iter().any(|text| text.contains(problem)), "{problems:?} instead of {problem}");
    };
    check(&|item| item.title = "x".repeat(101), 85, "has 101 characters; at most 100");
    check(&|item| item.title = "Story 3".to_owned(), 45, "could stand in any backlog");
    check(&|item| item.description = "Guests order meals.".to_owned(), 70, "As a …");
    check(&|item| item.description = "As a guest, I want to order meals.".to_owned(), 90, "so that");
    check(&|item| item.acceptance_criteria.clear(), 65, "0 acceptance criteria");
    check(
        &|item| item.acceptance_criteria[0] = "It works".to_owned(),
        90,
        "1 of 3 acceptance criteria are not",
    );
    check(&|item| item.acceptance_criteria[1] = item.acceptance_criteria[0].clone(), 85, "stands twice");
    check(&|item| item.story_points = Some(4.0), 90, "story points");
    check(&|item| item.priority = Some(9), 90, "priority 9");
    check(&|item| item.description.push_str(" It is intuitive and robust."), 84, "intuitive, robust");
}

#[test]
fn siblings_do_not_say_the_same() {
    let mut other = story();
    assert_eq!(problems(&story(), std::slice::from_ref(&other)).0, 60);
    other.title = "For the coming week, order a meal".to_owned();
    assert_eq!(problems(&story(), std::slice::from_ref(&other)).0, 85);
    other.kind = WorkItemKind::Feature;
    assert_eq!(problems(&story(), std::slice::from_ref(&other)).0, 100);
}

#[test]
fn vague_words_are_words() {
    let mut item = story();
    item.title = "Show robustness figures of each TODOs-Board".to_owned();
    assert_eq!(problems(&item, &[]).0, 100);
}

#[test]
fn an_empty_item_gets_little_and_nothing_panics() {
    for kind in ["epic", "feature", "story", "task", "test_case"] {
        let item = item(json!({ "kind": kind, "title": "" }));
        assert!(problems(&item, &[]).0 < 40, "{kind}");
    }
}

#[test]
fn a_model_and_the_rules_judge_together() {
    let rules = Quality { score: 100, problems: vec!["a".to_owned()] };
    let both = together(rules, (51, vec!["b".to_owned()]));
    assert_eq!(both, Quality { score: 76, problems: vec!["a".to_owned(), "b".to_owned()] });
}
