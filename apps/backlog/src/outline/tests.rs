use super::*;
use crate::{gate, params::Size, vision};

/// All items of a backlog, depth first, with their keys.
pub(super) fn whole(markdown: &str, size: Size) -> (Vec<(String, WorkItem)>, Vec<String>) {
    let vision = vision::read(markdown, "The product");
    let numbers = size.numbers();
    let plan = Plan::of(&vision, numbers);
    let writer = Writer::new(&vision, &plan);
    let mut items = Vec::new();
    let mut open = vec![(String::new(), vec![(WorkItemKind::Epic, numbers.epics)])];
    while let Some((parent, kinds)) = open.pop() {
        let mut below = Vec::new();
        for (kind, most) in kinds {
            for (position, item) in (1..).zip(children(&writer, &parent, kind, most)) {
                let key = keys::child(&parent, kind, position);
                let next = match kind {
                    WorkItemKind::Epic => vec![(WorkItemKind::Feature, numbers.features)],
                    WorkItemKind::Feature => vec![(WorkItemKind::Story, numbers.stories)],
                    WorkItemKind::Story => {
                        vec![(WorkItemKind::Task, numbers.tasks), (WorkItemKind::TestCase, numbers.tests)]
                    }
                    WorkItemKind::Task | WorkItemKind::TestCase => Vec::new(),
                };
                items.push((key.clone(), item));
                below.push((key, next));
            }
        }
        open.extend(below.into_iter().rev());
    }
    items.sort_by_key(|(key, item)| {
        let parent = keys::parent(key).unwrap_or("");
        let position = *keys::positions(key).unwrap().last().unwrap();
        keys::sort(parent, item.kind, position)
    });
    (items, plan.notes)
}

/// `VISION=vision.md SIZE=medium cargo test -p headway-backlog --lib -- --ignored --nocapture show`
#[test]
#[ignore = "prints a backlog for people to judge"]
fn show() {
    let read = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("set {name}"));
    let size: Size = serde_json::from_value(serde_json::Value::String(read("SIZE"))).unwrap();
    let (items, notes) = whole(&std::fs::read_to_string(read("VISION")).unwrap(), size);
    for note in notes {
        println!("! {note}");
    }
    for (key, item) in items {
        let pad = "  ".repeat(item.kind.level() as usize);
        println!("{pad}{key} {}", item.title);
        println!("{pad}    {}", item.description.replace('\n', &format!("\n{pad}    ")));
        for criterion in &item.acceptance_criteria {
            println!("{pad}    * {criterion}");
        }
    }
}

const VISIONS: &[(&str, &str)] = &[
    ("canteen", include_str!("../../examples/visions/canteen.md")),
    ("tool-library", include_str!("../../examples/visions/tool-library.md")),
    ("claims", include_str!("../../examples/visions/claims.md")),
];

fn counts(items: &[(String, WorkItem)]) -> [usize; 5] {
    use WorkItemKind::{Epic, Feature, Story, Task, TestCase};
    [Epic, Feature, Story, Task, TestCase]
        .map(|kind| items.iter().filter(|(_, item)| item.kind == kind).count())
}

/// The siblings of an item of the same kind, without itself.
fn siblings<'a>(items: &'a [(String, WorkItem)], key: &'a str) -> impl Iterator<Item = &'a WorkItem> {
    let parent = keys::parent(key);
    items.iter().filter(move |(other, _)| other != key && keys::parent(other) == parent).map(|(_, item)| item)
}

/// What holds for every backlog, whatever the vision.
fn check_whole(items: &[(String, WorkItem)]) {
    for (key, item) in items {
        let texts = item.acceptance_criteria.iter().chain([&item.title, &item.description]);
        let texts = texts.chain(item.steps.iter().flat_map(|step| [&step.action, &step.expected]));
        for text in texts.chain(item.sections.iter().map(|section| &section.text)) {
            assert!(!text.trim().is_empty(), "{key}: empty text in {item:?}");
            assert!(
                !text.chars().any(|c| c.is_control() && c != '\n'),
                "{key}: control characters in {text:?}"
            );
        }
        assert!(item.title.chars().count() <= title_limit(item.kind), "{key}: {}", item.title);
    }
}

/// An item that a sibling is like gets another title, within the same bounds.
fn check_mended(item: &WorkItem, path: &[(String, WorkItem)]) {
    let again =
        Again { item: item.clone(), problems: vec!["a sibling has the same title".to_owned()], attempts: 2 };
    let brief = Brief {
        run: RunId(1),
        params: Arc::new(Params::default()),
        vision: Arc::new(vision::read("# Shop", "x")),
        kind: item.kind,
        parent: Arc::from(""),
        path: path.iter().take(1).map(|(_, item)| item.clone()).collect(),
        siblings: Vec::new(),
        positions: vec![1],
        again: Some(again),
    };
    let title = mended(item.clone(), &brief).title;
    assert!(title.chars().count() <= title_limit(item.kind) && title != item.title, "{title}");
    assert!(title.trim() == title && !title.is_empty(), "{title:?}");
}

#[test]
fn real_visions_give_the_size_that_was_asked() {
    for (name, vision) in VISIONS {
        for (size, expected) in [
            (Size::Small, [2, 6, 24, 96, 72]),
            (Size::Medium, [3, 12, 60, 300, 240]),
            (Size::Large, [5, 30, 180, 1080, 900]),
        ] {
            let (items, _) = whole(vision, size);
            assert_eq!(counts(&items), expected, "{name} {size:?}");
            check_whole(&items);
        }
    }
}

#[test]
fn every_item_passes_the_gate() {
    for (name, vision) in VISIONS {
        let (items, _) = whole(vision, Size::Medium);
        let mut total = 0;
        for (key, item) in &items {
            let quality = gate::judge(item, siblings(&items, key));
            assert!(quality.score >= 75, "{name} {key} “{}” {quality:?}", item.title);
            total += quality.score as usize;
        }
        assert!(total / items.len() >= 97, "{name}: {}", total / items.len());
    }
}

#[test]
fn templates_are_filled_whole() {
    for (name, vision) in VISIONS {
        let (items, _) = whole(vision, Size::Large);
        for (key, item) in &items {
            let json = serde_json::to_string(item).unwrap();
            let text = json.replace("\":{\"", "").replace("{\"", "").replace("\"}", "");
            assert!(
                !text.contains("{t") && !text.contains("{a") && !text.contains("{limit"),
                "{name} {key} {json}"
            );
            assert!(
                !item.description.contains(" a a") && !item.description.contains("  "),
                "{name} {key} {json}"
            );
        }
    }
}

#[test]
fn the_same_vision_gives_the_same_backlog() {
    for (_, vision) in VISIONS {
        assert_eq!(whole(vision, Size::Medium).0, whole(vision, Size::Medium).0);
    }
}

#[test]
fn the_vision_speaks_in_its_own_words() {
    let (items, notes) = whole(
        VISIONS[0].1,
        Size::Given(crate::Numbers { epics: 5, features: 4, stories: 5, tasks: 2, tests: 2 }),
    );
    let titles: Vec<&str> = items
        .iter()
        .filter(|(_, item)| item.kind == WorkItemKind::Epic)
        .map(|(_, item)| item.title.as_str())
        .collect();
    assert_eq!(
        titles,
        [
            "Menu planning",
            "Ordering ahead",
            "Pick-up and payment",
            "Kitchen and stock",
            "Billing and reports"
        ]
    );
    let find = |title: &str| {
        &items.iter().find(|(_, item)| item.title == title).unwrap_or_else(|| panic!("no “{title}”")).1
    };
    let story = |title: &str| {
        &items
            .iter()
            .find(|(_, item)| item.kind == WorkItemKind::Story && item.title == title)
            .unwrap_or_else(|| panic!("no story “{title}”"))
            .1
    };
    // Actors are personas, nested bullets and second verbs are stories, what the vision says of a benefit is kept.
    let ordered = story("Order meals up to four weeks in advance");
    assert!(
        ordered
            .description
            .starts_with("As a guest, I want to order meals up to four weeks in advance so that ")
    );
    assert!(
        story("See how often a dish was chosen")
            .description
            .contains("so that unpopular dishes leave the menu.")
    );
    assert!(story("Cancel an order until 9 a.m. of the same day").description.starts_with("As a guest,"));
    assert!(story("Repeat last week's order").description.starts_with("As a guest,"));
    assert!(story("Export bookings to SAP").description.starts_with("As an office administrator,"));
    // The product does some things by itself.
    assert!(
        story("Show only dishes that fit a guest's diet and allergies")
            .description
            .contains("I want Tray to show")
    );
    // Constraints are stories, and criteria besides.
    let demanded: Vec<&WorkItem> = items
        .iter()
        .filter(|(_, item)| {
            item.kind == WorkItemKind::Story && item.description.contains("The vision demands")
        })
        .map(|(_, item)| item)
        .collect();
    assert_eq!(demanded.len(), 7, "each constraint is a story");
    assert!(
        demanded.iter().any(|item| item.acceptance_criteria.iter().any(|text| text.contains("WCAG 2.2 AA")))
    );
    // Its glossary and its bounds are told where they matter.
    let paying = find("Pay by card, by badge credit or on account of a cost centre");
    assert!(
        paying
            .sections
            .iter()
            .any(|section| section.heading == "Words" && section.text.contains("unit of bookkeeping"))
    );
    let epic = find("Billing and reports");
    assert!(
        epic.sections
            .iter()
            .any(|section| section.heading == "Not in scope" && section.text.contains("Catering"))
    );
    assert!(notes[0].contains("without a language model"), "{notes:?}");
}

#[test]
fn estimates_and_points_follow_what_is_hard() {
    let (items, _) = whole(VISIONS[0].1, Size::Medium);
    let hours: Vec<f64> = items.iter().filter_map(|(_, item)| item.estimate_hours).collect();
    let points: Vec<f64> = items
        .iter()
        .filter(|(_, item)| item.kind == WorkItemKind::Story)
        .filter_map(|(_, item)| item.story_points)
        .collect();
    let distinct = |values: &[f64]| {
        let mut values: Vec<u64> = values.iter().map(|value| value.to_bits()).collect();
        values.sort_unstable();
        values.dedup();
        values.len()
    };
    assert!(hours.iter().all(|hours| gate::HOURS.contains(hours) && (hours * 2.0).fract() == 0.0));
    assert!(distinct(&hours) >= 12 && distinct(&points) >= 4, "{} {}", distinct(&hours), distinct(&points));
}

#[test]
fn a_thin_vision_gives_what_it_carries_and_says_so() {
    let (items, notes) = whole("# Pet sitter\n\nOwners book a sitter for their pets.", Size::Medium);
    let [epics, features, stories, tasks, tests] = counts(&items);
    assert!(epics == 3 && features >= 10 && stories >= 40 && tasks == stories * 5 && tests == stories * 4);
    check_whole(&items);
    assert!(notes.iter().any(|note| note.contains("common practice")), "{notes:?}");
    let (items, notes) = whole("hello", Size::Small);
    assert!(!items.is_empty());
    assert!(notes.iter().any(|note| note.contains("names nothing that one can do")), "{notes:?}");
    check_whole(&items);
}

#[test]
fn many_areas_are_merged_and_none_is_lost() {
    let mut vision = String::from("# Harbour\n\n## Features\n");
    for area in ["Berths", "Pilots", "Cranes", "Customs", "Weather", "Invoices", "Safety drills", "Tug boats"]
    {
        vision.push_str(&format!("### {area}\n- Plan {area} a week ahead\n- See all {area} on a map\n- Report problems with {area}\n"));
    }
    let (items, notes) = whole(&vision, Size::Medium);
    assert!(notes.iter().any(|note| note.contains("names 8 areas")), "{notes:?}");
    let text: String =
        items.iter().map(|(_, item)| format!("{} {}\n", item.title, item.description)).collect();
    for area in ["berths", "pilots", "cranes", "customs", "weather", "invoices", "safety drills", "tug boats"]
    {
        assert!(text.to_lowercase().contains(&format!("plan {area} a week ahead")), "{area} was lost");
    }
}

#[test]
fn hostile_text_stays_text() {
    let nasty = "# <script>alert(1)</script> & \"Quotes\"\n\n## Users\n- Ädmin 🦄: all\n- \u{202e}lrow\n\n## Features\n\
        - Store 🍱 {thing} {{act}} & <b>bold</b> \u{0}\u{7}\u{1b}[31m text\n- مرحبا بالعالم في التطبيق\n- {actor} {limit} {} }{\n\
        - \\*\\*\n- 日本語の機能を追加する\n\n## Constraints\n- {limit}: {acting}\n";
    let long = format!("# L\n\n## Features\n- {}\n- {}\n", "word ".repeat(200_000), "x".repeat(1_000_000));
    for vision in [
        nasty,
        long.as_str(),
        "\u{feff}",
        "- - - -\n> > >\n|||\n",
        "## Features\n## Features\n### A\n### A\n",
    ] {
        let (items, _) = whole(vision, Size::Small);
        check_whole(&items);
        for (key, item) in &items {
            assert!(!item.title.contains(['\u{202e}', '\u{0}', '\u{1b}']), "{key} {}", item.title);
        }
    }
}

/// What the property below once found, as it found it.
#[test]
fn rare_letters_and_marks_stay_within_bounds() {
    let numbers = crate::Numbers { epics: 3, features: 3, stories: 4, tasks: 2, tests: 2 };
    for vision in RARE {
        let (items, _) = whole(vision, Size::Given(numbers));
        check_whole(&items);
        for (_, item) in &items {
            check_mended(item, &items);
        }
    }
}

const RARE: &[&str] = &[
    // Upper case makes two letters of one: a title that was cut grew again.
    "## ßaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n- Order meals\n",
    "## Features\n- ßaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
];

/// An item that the gate refuses is written again with its problems mended.
#[test]
fn what_rules_can_mend_they_mend() {
    let vision = Arc::new(vision::read("# Shop\n\n## Features\n- Sell things\n", "x"));
    let (items, _) = whole("# Shop\n\n## Features\n- Sell things\n", Size::Small);
    let (_, feature) = items.iter().find(|(key, _)| key == "e1.f1").unwrap();
    let brief = Brief {
        run: RunId(1),
        params: Arc::new(Params::default()),
        vision,
        kind: WorkItemKind::Feature,
        parent: Arc::from("e1"),
        path: vec![items[0].1.clone()],
        siblings: vec![feature.clone()],
        positions: vec![1],
        again: Some(Again {
            item: feature.clone(),
            problems: vec!["a sibling has the same title".to_owned()],
            attempts: 1,
        }),
    };
    let again = mended(feature.clone(), &brief);
    assert_ne!(again.title, feature.title);
    assert!(gate::judge(&again, std::iter::once(feature)).score >= 75);
}

mod properties {
    use super::*;
    use proptest::{prelude::*, test_runner::contextualize_config};

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("## Features".to_owned()),
            Just("## Users".to_owned()),
            Just("## Constraints".to_owned()),
            Just("---".to_owned()),
            "#{1,7} ?[A-Za-z{}<&ß🦄 ]{0,40}",
            " {0,6}[-*+0-9]{1,3}[.)]? [A-Za-z,.{}:;–“()'ßé🦄 ]{0,80}",
            "(Guests|The system|Users) (can|must|should) [a-z ]{0,60}",
            "(Create|Order|Show|Pay|Remind|Export) [a-z, ]{0,60}",
            "\\PC{0,60}",
            ".{0,60}",
        ]
    }

    proptest! {
        #![proptest_config(contextualize_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() }))]

        #[test]
        fn any_markdown_gives_a_backlog(lines in proptest::collection::vec(line(), 0..40)) {
            let vision = lines.join("\n");
            let numbers = crate::Numbers { epics: 3, features: 3, stories: 4, tasks: 2, tests: 2 };
            let (items, _) = whole(&vision, Size::Given(numbers));
            check_whole(&items);
            let mut keys: Vec<&String> = items.iter().map(|(key, _)| key).collect();
            keys.dedup();
            prop_assert_eq!(keys.len(), items.len());
            for (key, item) in &items {
                let same = siblings(&items, key).any(|other| other.kind == item.kind && other.title == item.title);
                prop_assert!(!same, "{} {}", key, item.title);
                check_mended(item, &items);
            }
            prop_assert_eq!(items, whole(&vision, Size::Given(numbers)).0);
        }
    }
}
