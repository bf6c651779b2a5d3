//! Something is looked for.

use super::{Facet, Proof, Who, Work, bounds, core_of, proves, works};

/// The story that the vision itself tells.
pub(super) const CORE: Facet = core_of(
    Work::Read,
    3,
    "I get to the right one in seconds",
    &[
        works(
            "known detail",
            "5,000 {things}",
            "the {actor} types a detail of one of them",
            "it is among the first ten results within a second",
        ),
        bounds(
            "no match",
            "nothing matches",
            "the {actor} searches",
            "the page says so and offers the nearest matches",
        ),
        works(
            "from result to action",
            "a result is shown",
            "the {actor} opens it",
            "they can go on with it at once, and come back to the same results",
        ),
        proves(
            Proof::Security,
            "hidden entries",
            "entries that the {actor} may not see",
            "they search for them",
            "neither they nor their number are shown",
        ),
    ],
);

/// What follows from it, the most useful first.
pub(super) const FOLLOWING: &[Facet] = &[
    Facet {
        title: "Narrow {things} down step by step",
        want: "to narrow {things} down by filters that show how many are left",
        good: "I find one without knowing its name",
        noun: "filters of {things}",
        who: Who::Doer,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "counts",
                "a list of {things}",
                "a filter is set",
                "each further filter shows how many would be left",
            ),
            works(
                "shared address",
                "filters are set",
                "the address is sent to a colleague with the same role",
                "they see the same selection",
            ),
            bounds(
                "nothing left",
                "no entry meets the filters",
                "the list is shown",
                "it says which filter to loosen",
            ),
        ],
    },
    Facet {
        title: "Find {things} in spite of typing mistakes",
        want: "{things} to be found even where I misspell them",
        good: "I need not know how others wrote it",
        noun: "tolerant search for {things}",
        who: Who::Doer,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "one wrong letter",
                "{thing} with a long name",
                "the {actor} types it with one wrong letter",
                "it is found, below exact matches",
            ),
            works(
                "other word",
                "two words for the same thing",
                "the {actor} types the other one",
                "it is found, and the list of such words can be extended",
            ),
            bounds(
                "two letters",
                "two letters only",
                "the {actor} types them",
                "the answer comes within a second and is not the whole list",
            ),
        ],
    },
    Facet {
        title: "Be told when new {things} match a saved search",
        want: "to save a search and be told of new matches",
        good: "I do not have to look every day",
        noun: "saved searches for {things}",
        who: Who::Doer,
        points: 5,
        work: Work::Send,
        checks: &[
            works(
                "new match",
                "a saved search",
                "a new match comes up",
                "the {actor} is told once, with a link to it",
            ),
            works("ended", "a saved search", "its owner ends it from the message", "no further one is sent"),
            bounds("many matches", "100 matches in an hour", "they come up", "one message lists them"),
        ],
    },
    Facet {
        title: "Go on from {thing} to what belongs to it",
        want: "to get from {thing} to what belongs to it",
        good: "one search is enough",
        noun: "links between {things} and their surroundings",
        who: Who::Doer,
        points: 2,
        work: Work::Read,
        checks: &[
            works(
                "related",
                "{thing} with related entries",
                "the {actor} opens it",
                "the related ones are listed with their state",
            ),
            works(
                "back again",
                "the {actor} followed two links",
                "they go back",
                "the results are as they left them",
            ),
            bounds("gone", "a related entry was removed", "it is opened", "the page says so and since when"),
        ],
    },
];
