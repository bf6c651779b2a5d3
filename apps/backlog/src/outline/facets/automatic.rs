//! The product does it by itself.

use super::{Facet, Who, Work, bounds, core_of, refuses, works};

/// The story that the vision itself tells.
pub(super) const CORE: Facet = core_of(
    Work::Flow,
    8,
    "people spend their time on the cases that need judgement",
    &[
        works(
            "clear case",
            "all facts that the rule needs are there",
            "the case comes up",
            "{product} does it within a minute, and the result names the facts and the rule",
        ),
        refuses(
            "missing facts",
            "a fact that the rule needs is missing",
            "the case comes up",
            "nothing is decided, and the case waits for {actor} with what is missing",
        ),
        bounds(
            "just at the limit",
            "a case that meets the limit exactly",
            "the rule is applied",
            "the result is the one that the written rule gives",
        ),
        works(
            "seen by people",
            "{product} has acted",
            "the {actor} opens the case",
            "they see that it was done by rule, when, and from which facts",
        ),
    ],
);

/// What follows from it, the most useful first.
pub(super) const FOLLOWING: &[Facet] = &[
    Facet {
        title: "Understand why {product} came to its result on {things}",
        want: "to see from which facts and rules each result came",
        good: "I can explain it to whoever is concerned",
        noun: "the explanation of results on {things}",
        who: Who::Doer,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "facts and rule",
                "a result",
                "the {actor} opens it",
                "facts, rule, its version and the time are listed in plain words",
            ),
            bounds(
                "rule changed since",
                "the rule was changed after the result",
                "the result is opened",
                "the version that was in force is shown",
            ),
            works(
                "to the person concerned",
                "somebody asks for the reason",
                "the {actor} shares the explanation",
                "it holds no data of other people",
            ),
        ],
    },
    Facet {
        title: "Overrule {product} on {thing} with a reason",
        want: "to overrule the result with a reason",
        good: "the rare case is handled by somebody who knows it",
        noun: "overruled results on {things}",
        who: Who::Doer,
        points: 3,
        work: Work::Flow,
        checks: &[
            works(
                "overruled",
                "a result that does not fit the case",
                "the {actor} overrules it with a reason",
                "the new result holds, and both stay visible",
            ),
            refuses("without a reason", "no reason is given", "it is overruled", "that is refused"),
            bounds(
                "computed again",
                "the rule runs again after somebody overruled it",
                "the result differs",
                "the person's decision stays, and the difference is shown",
            ),
        ],
    },
    Facet {
        title: "Adjust the rules for {acting} and try them out",
        want: "to adjust the rules and try them on past cases",
        good: "a change of policy needs no release",
        noun: "the rules for {acting}",
        who: Who::Keeper,
        points: 8,
        work: Work::Rule,
        checks: &[
            works(
                "tried out",
                "a changed rule",
                "it is tried on last month's cases",
                "the cases whose result would change are listed, and nothing is changed",
            ),
            works(
                "from a date on",
                "a rule that begins on the first of next month",
                "that day comes",
                "new cases use it, and those under way keep the old one",
            ),
            refuses(
                "contradiction",
                "two rules that contradict each other",
                "they are saved",
                "it is refused, and a case is shown in which they do",
            ),
        ],
    },
    Facet {
        title: "Measure how often {acting} is right",
        want: "to measure how often {acting} is right",
        good: "we know whether to trust it more or less",
        noun: "figures on the accuracy of {acting}",
        who: Who::Other,
        points: 5,
        work: Work::Read,
        checks: &[
            works(
                "share overruled",
                "100 results of which 4 were overruled",
                "the {actor} opens the figures",
                "4 % are shown, with the reasons by frequency",
            ),
            works(
                "by group",
                "cases of different kinds",
                "the figures are split",
                "a kind that is treated worse than others stands out",
            ),
            bounds(
                "few cases",
                "three cases in a week",
                "the figures are opened",
                "they say that three are too few for a judgement",
            ),
        ],
    },
];
