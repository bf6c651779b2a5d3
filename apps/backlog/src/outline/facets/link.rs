//! Something goes to or comes from another system.

use super::{Facet, Proof, Who, Work, bounds, core_of, proves, refuses, works};

/// The story that the vision itself tells.
pub(super) const CORE: Facet = core_of(
    Work::Link,
    8,
    "nobody has to copy anything by hand",
    &[
        works(
            "complete transfer",
            "{things} have changed since the last run",
            "the transfer runs",
            "each arrives exactly once, and the run says how many went over",
        ),
        proves(
            Proof::Recovery,
            "other side down",
            "the other system does not answer",
            "the transfer runs",
            "it is repeated with growing pauses, and nothing is lost or doubled",
        ),
        refuses(
            "one bad record",
            "the other system refuses one of the {things}",
            "the transfer runs",
            "the others go over, and the refused one is listed with the reason in the other system's words",
        ),
    ],
);

/// What follows from it, the most useful first.
pub(super) const FOLLOWING: &[Facet] = &[
    Facet {
        title: "Set up and test the connection for {acting}",
        want: "to set up the connection for {acting} and test it",
        good: "it works before anybody relies on it",
        noun: "the set-up of {acting}",
        who: Who::Keeper,
        points: 5,
        work: Work::Form,
        checks: &[
            works(
                "test succeeds",
                "address and credentials are right",
                "the connection is tested",
                "the test names the system and its version, and changes nothing there",
            ),
            refuses(
                "wrong credentials",
                "the credentials are wrong",
                "the connection is tested",
                "the other system's own message is shown, and the secret is not",
            ),
            proves(
                Proof::Security,
                "secret stays hidden",
                "a secret was saved",
                "anybody opens the page or the log",
                "it is never shown again",
            ),
        ],
    },
    Facet {
        title: "See what went over and what was refused by {acting}",
        want: "to see what went over, what was refused, and why",
        good: "differences are found the same day",
        noun: "the record of {acting}",
        who: Who::Keeper,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "figures of a run",
                "a run has ended",
                "the {actor} opens it",
                "it shows how many went over, were unchanged, and were refused",
            ),
            works(
                "repaired and repeated",
                "a refused record was repaired",
                "it is sent again",
                "only that one is transferred",
            ),
            bounds(
                "nothing to do",
                "nothing has changed",
                "the run ends",
                "it says so and counts as successful",
            ),
        ],
    },
    Facet {
        title: "Compare both sides after {acting}",
        want: "to compare both sides and list what differs",
        good: "we notice drift before somebody else does",
        noun: "the comparison of both sides after {acting}",
        who: Who::Keeper,
        points: 5,
        work: Work::Read,
        checks: &[
            works(
                "no difference",
                "both sides agree",
                "they are compared",
                "the report says so with the number compared",
            ),
            works(
                "one differs",
                "one record differs in one field",
                "they are compared",
                "it is listed with both values and the last change of each",
            ),
            bounds(
                "large sets",
                "100,000 records",
                "they are compared",
                "it ends within ten minutes without slowing the product down",
            ),
        ],
    },
    Facet {
        title: "Go on by hand while {acting} is out of order",
        want: "a way to go on by hand while the connection is down",
        good: "an outage elsewhere does not stop our work",
        noun: "the fallback for {acting}",
        who: Who::Doer,
        points: 3,
        work: Work::Flow,
        checks: &[
            works(
                "fallback",
                "the other system is down",
                "the {actor} has to go on",
                "the page says since when, and offers the file for doing it by hand",
            ),
            works(
                "caught up",
                "the other system is back",
                "the connection goes on",
                "what was done by hand is not transferred a second time",
            ),
            refuses(
                "unknown state",
                "it is unclear whether a record arrived",
                "the connection goes on",
                "it is looked up at the other side before it is sent again",
            ),
        ],
    },
];
