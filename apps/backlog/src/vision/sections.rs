//! What a section holds, told from its heading.

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// What the product is, and why.
    Background,
    /// Who uses it.
    Actors,
    /// What is to be reached.
    Goals,
    /// Features, with this priority where the heading says one.
    Features(Option<u8>),
    /// What holds for all of it.
    Constraints,
    /// Its own words.
    Glossary,
    /// What it is not to do.
    Excluded,
    /// What could go wrong.
    Risks,
    /// Nothing about the product, such as a licence.
    Ignored,
}

/// Words of a heading that say nothing by themselves.
const FILLERS: &[&str] = &[
    "a",
    "an",
    "and",
    "are",
    "at",
    "core",
    "does",
    "first",
    "for",
    "in",
    "initial",
    "intended",
    "is",
    "it",
    "key",
    "main",
    "of",
    "or",
    "our",
    "primary",
    "secondary",
    "target",
    "that",
    "the",
    "this",
    "to",
    "we",
    "what",
    "who",
    "will",
    "with",
    "overall",
    "high-level",
    "important",
    "top",
    "its",
    "be",
    "s",
    "by",
    "on",
    "uses",
    "from",
];

/// Words that together make up the headings of a kind: a heading is of the kind where it has nothing else.
const KINDS: &[(Section, &[&str])] = &[
    (
        Section::Actors,
        &[
            "users",
            "user",
            "actors",
            "actor",
            "personas",
            "persona",
            "roles",
            "audience",
            "stakeholders",
            "customers",
            "groups",
            "group",
            "types",
            "people",
            "participants",
            "segments",
        ],
    ),
    (
        Section::Goals,
        &[
            "goals",
            "goal",
            "objectives",
            "objective",
            "outcomes",
            "outcome",
            "success",
            "metrics",
            "kpis",
            "okrs",
            "results",
            "measures",
            "aims",
            "benefits",
            "value",
            "business",
            "targets",
            "criteria",
            "product",
            "indicators",
            "measure",
            "project",
        ],
    ),
    (
        Section::Constraints,
        &[
            "constraints",
            "constraint",
            "non-functional",
            "nonfunctional",
            "nfr",
            "nfrs",
            "quality",
            "qualities",
            "attributes",
            "requirements",
            "technical",
            "limits",
            "limitations",
            "security",
            "performance",
            "privacy",
            "compliance",
            "accessibility",
            "reliability",
            "operations",
            "regulatory",
            "legal",
            "availability",
            "boundaries",
            "conditions",
            "rules",
            "usability",
            "scalability",
            "platforms",
            "platform",
            "technology",
            "environment",
            "data",
            "protection",
            "non",
            "functional",
            "expectations",
        ],
    ),
    (
        Section::Features(None),
        &[
            "features",
            "feature",
            "functional",
            "requirements",
            "scope",
            "capabilities",
            "capability",
            "functionality",
            "mvp",
            "product",
            "functions",
            "modules",
            "use",
            "cases",
            "case",
            "stories",
            "user",
            "areas",
            "workflows",
            "offers",
            "version",
            "release",
            "you",
            "can",
            "do",
            "v1",
            "1",
            "solution",
            "how",
            "works",
        ],
    ),
    (
        Section::Glossary,
        &[
            "glossary",
            "terms",
            "terminology",
            "definitions",
            "vocabulary",
            "words",
            "language",
            "concepts",
            "domain",
        ],
    ),
    (
        Section::Risks,
        &[
            "risks",
            "risk",
            "assumptions",
            "assumption",
            "dependencies",
            "open",
            "questions",
            "issues",
            "unknowns",
        ],
    ),
    (
        Section::Background,
        &[
            "overview",
            "background",
            "introduction",
            "problem",
            "summary",
            "about",
            "context",
            "motivation",
            "vision",
            "pitch",
            "elevator",
            "description",
            "statement",
            "product",
            "executive",
            "purpose",
            "why",
            "opportunity",
            "situation",
            "today",
            "mission",
            "idea",
            "story",
        ],
    ),
    (
        Section::Ignored,
        &[
            "license",
            "licence",
            "installation",
            "install",
            "getting",
            "started",
            "contributing",
            "usage",
            "building",
            "build",
            "table",
            "contents",
            "references",
            "links",
            "appendix",
            "changelog",
            "authors",
            "contact",
            "faq",
            "timeline",
            "roadmap",
            "milestones",
            "team",
            "credits",
            "acknowledgements",
            "budget",
            "status",
            "badges",
            "development",
            "running",
            "tests",
            "code",
            "conduct",
            "support",
            "quick",
            "start",
            "quickstart",
            "further",
            "reading",
            "resources",
            "documentation",
            "setup",
            "costs",
            "schedule",
            "plan",
            "phases",
            "next",
            "steps",
        ],
    ),
];

/// What the section under `heading` holds; `None` where the heading names a part of the product itself.
pub(super) fn of_heading(heading: &str) -> Option<Section> {
    let lower = heading.to_lowercase().replace(['’', '\''], "");
    let excluded = [
        "out of scope",
        "non-goal",
        "non goal",
        "nongoal",
        "not in scope",
        "exclusion",
        "wont",
        "will not",
        "not planned",
        "not do",
        "not for",
    ];
    if excluded.iter().any(|mark| lower.contains(mark)) {
        return Some(Section::Excluded);
    }
    let measured =
        ["how we know", "how do we know", "how we measure", "definition of success", "success looks like"];
    if measured.iter().any(|mark| lower.contains(mark)) {
        return Some(Section::Goals);
    }
    let priority = priority_of(&lower);
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| !word.is_empty() && !word.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(|word| !FILLERS.contains(word))
        .collect();
    if priority.is_some()
        && words.iter().all(|word| PRIORITY_WORDS.contains(word) || is_of(Section::Features(None), word))
    {
        return Some(Section::Features(priority));
    }
    if words.is_empty() {
        // `What it does`, `Who is it for`, `1.`.
        return match () {
            () if lower.contains("who") => Some(Section::Actors),
            () if lower.contains("does") || lower.contains("core") => Some(Section::Features(None)),
            () => Some(Section::Background),
        };
    }
    let found = KINDS.iter().find(|(_, of_kind)| words.iter().all(|word| of_kind.contains(word)));
    match found {
        // `Requirements` alone are features; with a word of quality they are constraints.
        Some((Section::Constraints, _))
            if words == ["requirements"] || words == ["functional", "requirements"] =>
        {
            Some(Section::Features(None))
        }
        Some((Section::Features(_), _)) => Some(Section::Features(priority)),
        found => found.map(|(section, _)| *section),
    }
}

const PRIORITY_WORDS: &[&str] = &[
    "must",
    "should",
    "could",
    "have",
    "haves",
    "nice",
    "later",
    "future",
    "optional",
    "essential",
    "required",
    "phase",
    "ideas",
    "stretch",
    "mandatory",
    "possible",
    "extensions",
    "after",
];

fn is_of(section: Section, word: &str) -> bool {
    KINDS.iter().any(|(kind, words)| *kind == section && words.contains(&word))
}

/// The priority that a feature's own words state; a sentence may say `could not` or `a day later` and mean no priority.
pub(super) fn priority_in(lower: &str) -> Option<u8> {
    let has = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    let word = |of: &str| lower.split(|c: char| !c.is_alphanumeric()).any(|word| word == of);
    match () {
        () if has(&["nice to have", "could have", "optional", "(could)", "[could]"]) => Some(3),
        () if has(&[
            "(later)",
            "[later]",
            "(future)",
            "later:",
            "in a later version",
            "in a later release",
        ]) =>
        {
            Some(4)
        }
        () if word("must") || word("mandatory") || word("essential") => Some(1),
        () if word("should") => Some(2),
        () => None,
    }
}

/// The priority that a heading states: 1 (must) to 4 (later).
fn priority_of(lower: &str) -> Option<u8> {
    let has = |words: &[&str]| {
        lower.split(|c: char| !c.is_alphanumeric() && c != '-').any(|word| words.contains(&word))
    };
    match () {
        () if lower.contains("nice to have") || has(&["could", "nice-to-have", "optional", "optionally"]) => {
            Some(3)
        }
        () if has(&["later", "future", "eventually", "stretch"]) => Some(4),
        () if has(&["must", "essential", "mandatory", "critical"]) => Some(1),
        () if has(&["should"]) => Some(2),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_say_what_they_head() {
        use Section::{Actors, Background, Constraints, Excluded, Features, Glossary, Goals, Ignored, Risks};
        for (heading, expected) in [
            ("Users", Some(Actors)),
            ("Target audience", Some(Actors)),
            ("Who is it for?", Some(Actors)),
            ("2. Business goals", Some(Goals)),
            ("Success metrics", Some(Goals)),
            ("Features", Some(Features(None))),
            ("What it does", Some(Features(None))),
            ("Functional requirements", Some(Features(None))),
            ("Must have", Some(Features(Some(1)))),
            ("Nice to have", Some(Features(Some(3)))),
            ("Non-functional requirements", Some(Constraints)),
            ("Constraints & quality", Some(Constraints)),
            ("Security and privacy", Some(Constraints)),
            ("Out of scope", Some(Excluded)),
            ("What we won't do", Some(Excluded)),
            ("Glossary", Some(Glossary)),
            ("Risks and assumptions", Some(Risks)),
            ("The problem", Some(Background)),
            ("License", Some(Ignored)),
            ("Getting started", Some(Ignored)),
            ("Menu planning", None),
            ("User management", None),
            ("Payments", None),
            ("Product catalogue", None),
        ] {
            assert_eq!(of_heading(heading), expected, "{heading}");
        }
    }
}
