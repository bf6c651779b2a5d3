//! Something moves on: is ordered, reserved, approved.

use super::{Facet, Proof, Who, Work, bounds, core_of, proves, refuses, works};

/// The story that the vision itself tells.
pub(super) const CORE: Facet = core_of(
    Work::Flow,
    5,
    "it is settled without a call or a queue",
    &[
        works(
            "straight through",
            "everything that is needed is there",
            "the {actor} sets out to {act} and confirms",
            "the confirmation says what, when and where, and {things} show the new state at once",
        ),
        refuses(
            "no longer possible",
            "it became impossible after the page was opened",
            "the {actor} confirms",
            "nothing changes, and the page says why and what is still possible",
        ),
        bounds("confirmed twice", "the connection is slow", "the {actor} confirms twice", "it happens once"),
        proves(
            Proof::Recovery,
            "broken connection",
            "the connection breaks right after the confirmation",
            "the {actor} comes back",
            "they see whether it has happened",
        ),
    ],
);

/// What follows from it, the most useful first.
pub(super) const FOLLOWING: &[Facet] = &[
    Facet {
        title: "Change or undo {acting} while there is time",
        want: "to change or undo {acting} while there is time",
        good: "a mistake or a change of plans costs nothing",
        noun: "changes after {acting}",
        who: Who::Doer,
        points: 5,
        work: Work::Flow,
        checks: &[
            works(
                "within the time",
                "the deadline has not passed",
                "the {actor} changes or withdraws it",
                "the new state is shown at once, and whoever is concerned is told",
            ),
            bounds(
                "last second",
                "the deadline passes while the page is open",
                "the {actor} confirms",
                "the server's clock decides, and the page says which time it was",
            ),
            refuses(
                "too late",
                "the deadline has passed",
                "the {actor} tries to change it",
                "it is refused with the deadline, and whom to ask instead",
            ),
        ],
    },
    Facet {
        title: "See where each {bare} stands and what comes next",
        want: "to see where each of my {things} stands and what comes next",
        good: "I neither ask nor guess",
        noun: "the state of {things}",
        who: Who::Doer,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "state and next step",
                "{things} in different states",
                "the {actor} opens the overview",
                "each shows its state since when, and what happens next",
            ),
            works(
                "live change",
                "the state of one changes",
                "the overview is open",
                "it shows the new state within ten seconds without reloading",
            ),
            bounds(
                "long finished",
                "{things} that ended more than a year ago",
                "the {actor} looks for one",
                "it is found by its date and opens with its history",
            ),
        ],
    },
    Facet {
        title: "Oversee all {things} that wait for somebody",
        want: "to oversee all {things} that wait, the oldest first",
        good: "nothing is left lying",
        noun: "the work list of {things}",
        who: Who::Other,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "oldest first",
                "{things} that wait",
                "the {actor} opens the list",
                "the oldest is first, and those over their time are marked",
            ),
            works(
                "taken on",
                "two people look at the list",
                "one takes on an entry",
                "the other sees within ten seconds that it is taken",
            ),
            bounds("empty list", "nothing waits", "the list is opened", "it says since when nothing waits"),
        ],
    },
    Facet {
        title: "Act on {things} for somebody who cannot",
        want: "to act on {things} in the name of somebody who asks me to",
        good: "nobody is shut out by illness, holidays or a broken phone",
        noun: "acting on behalf of others",
        who: Who::Other,
        points: 5,
        work: Work::Rule,
        checks: &[
            works(
                "on behalf",
                "somebody asks for help",
                "the {actor} acts for them",
                "it counts as theirs, and the history names both",
            ),
            proves(
                Proof::Security,
                "without the right",
                "a person without that right",
                "they try the same",
                "they are refused, and the attempt is in the log",
            ),
            works(
                "the person is told",
                "something was done on behalf",
                "it is done",
                "the person concerned is told by whom and what",
            ),
        ],
    },
    Facet {
        title: "Settle conflicts when several want the same {bare}",
        want: "a fair and visible rule when several want the same {bare}",
        good: "nobody feels passed over",
        noun: "conflicts over {things}",
        who: Who::Doer,
        points: 5,
        work: Work::Flow,
        checks: &[
            bounds(
                "last one",
                "one is left and two people confirm at the same second",
                "both requests arrive",
                "one gets it, and the other is told at once and offered an alternative",
            ),
            works(
                "place freed",
                "somebody withdraws",
                "others wait",
                "the first in line is told and has a stated time to accept",
            ),
            works(
                "rule is visible",
                "the {actor} was not served",
                "they ask why",
                "the page shows the rule and their place",
            ),
        ],
    },
];
