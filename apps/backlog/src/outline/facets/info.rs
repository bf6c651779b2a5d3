//! Something is seen.

use super::{Facet, Proof, Who, Work, bounds, core_of, proves, refuses, works};

/// The story that the vision itself tells.
pub(super) const CORE: Facet = core_of(
    Work::Read,
    3,
    "I decide on facts and not on memory",
    &[
        works(
            "current figures",
            "there are {things}",
            "the {actor} sets out to {act}",
            "they see what was asked for, complete and with the time as of which it holds",
        ),
        bounds(
            "nothing there",
            "there are no {things} yet",
            "the {actor} opens the page",
            "it says so in plain words and names the next step",
        ),
        bounds(
            "more than a page",
            "there are more {things} than fit on a page",
            "the {actor} goes on to the next page",
            "none is missing and none appears twice, even if new ones arrive meanwhile",
        ),
        refuses(
            "part unreadable",
            "part of the data cannot be read",
            "the page is shown",
            "what is missing is named instead of being left out silently",
        ),
    ],
);

/// What follows from it, the most useful first.
pub(super) const FOLLOWING: &[Facet] = &[
    Facet {
        title: "Narrow {things} down by date, state and person",
        want: "to narrow {things} down by date, state and person",
        good: "I see the few that matter today",
        noun: "filters of {things}",
        who: Who::Doer,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "filters together",
                "two filters are set",
                "the {actor} sets a third",
                "only what meets all three is left, and the count is shown",
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
        title: "Follow a figure on {things} back to its source",
        want: "to follow each figure back to the entries behind it",
        good: "I can trust it and explain it",
        noun: "the way from figures to entries of {things}",
        who: Who::Doer,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "adds up",
                "a figure of 42",
                "the {actor} opens it",
                "42 entries are listed, and their sum is the figure",
            ),
            proves(
                Proof::Security,
                "entries of others",
                "some entries are not for the {actor}'s eyes",
                "they open the figure",
                "those are counted and not shown, and the page says so",
            ),
            bounds(
                "corrected later",
                "an entry was corrected after the report",
                "the figure is opened",
                "the old and the new value are shown with the time of the correction",
            ),
        ],
    },
    Facet {
        title: "Hand {things} on as a file",
        want: "to hand {things} on as CSV or PDF",
        good: "people without access can work with them",
        noun: "the export of {things}",
        who: Who::Doer,
        points: 2,
        work: Work::Link,
        checks: &[
            works(
                "same content",
                "a filtered list",
                "it is exported",
                "the file holds exactly what the list shows, with its filters and the time",
            ),
            bounds(
                "large list",
                "50,000 entries",
                "they are exported",
                "the file arrives complete, and the page stays usable meanwhile",
            ),
            proves(
                Proof::Security,
                "cells that compute",
                "a text that begins with = or +",
                "it is exported as CSV",
                "no spreadsheet takes it for a formula",
            ),
        ],
    },
    Facet {
        title: "Get {things} regularly without asking",
        want: "to get {things} every week without asking for them",
        good: "I notice changes while they are small",
        noun: "the regular delivery of {things}",
        who: Who::Other,
        points: 3,
        work: Work::Send,
        checks: &[
            works(
                "on time",
                "a subscription for Monday at eight",
                "that time has come",
                "the newest state arrives with its most important change first",
            ),
            works(
                "unsubscribed",
                "somebody no longer wants it",
                "they use the link in the message",
                "they get no further one, without having to sign in",
            ),
            refuses(
                "source incomplete",
                "the figures of the period are incomplete",
                "it is due",
                "it is sent with a clear note of what is missing",
            ),
        ],
    },
    Facet {
        title: "Compare {things} with an earlier time",
        want: "to compare {things} with an earlier time",
        good: "I see whether it gets better",
        noun: "the comparison of {things} over time",
        who: Who::Doer,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "two periods",
                "two periods of the same length",
                "they are compared",
                "each figure shows its change as number and per cent",
            ),
            bounds(
                "period without data",
                "one period has no data",
                "they are compared",
                "it says so, and no change of 100 % is claimed",
            ),
            works(
                "as a table",
                "a chart of the comparison",
                "the {actor} asks for the table",
                "the same figures are there as text",
            ),
        ],
    },
];
