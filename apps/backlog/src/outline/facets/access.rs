//! Somebody gets in, or does not.

use super::{Facet, Proof, Who, Work, bounds, core_of, proves, refuses, works};

/// The story that the vision itself tells.
pub(super) const CORE: Facet = core_of(
    Work::Rule,
    5,
    "only the right people see and change what matters",
    &[
        works(
            "right person",
            "a person has the right role",
            "they set out to {act}",
            "they get in and see exactly what their role allows",
        ),
        proves(
            Proof::Security,
            "wrong person",
            "a person lacks the role",
            "they open the page or call the interface directly",
            "they are refused, and the attempt is in the log",
        ),
        bounds(
            "ended session",
            "a session has expired or was revoked",
            "its owner goes on",
            "they sign in again and find what they were working on",
        ),
    ],
);

/// What follows from it, the most useful first.
pub(super) const FOLLOWING: &[Facet] = &[
    Facet {
        title: "Get back in after losing access to {area}",
        want: "to get back in after losing my password or device",
        good: "I am not dependent on somebody being in the office",
        noun: "the recovery of access",
        who: Who::Doer,
        points: 3,
        work: Work::Flow,
        checks: &[
            works(
                "link by e-mail",
                "a known address",
                "recovery is asked for",
                "a link that works once within 30 minutes arrives",
            ),
            proves(
                Proof::Security,
                "unknown address",
                "an unknown address",
                "recovery is asked for",
                "the answer is the same as for a known one",
            ),
            bounds(
                "second use",
                "a link that was used",
                "it is opened again",
                "it is refused, and a new one can be asked for",
            ),
        ],
    },
    Facet {
        title: "Take access away at once when somebody leaves",
        want: "to take somebody's access away at once",
        good: "nobody keeps rights that they should not have",
        noun: "the withdrawal of access",
        who: Who::Keeper,
        points: 3,
        work: Work::Rule,
        checks: &[
            works(
                "signed in elsewhere",
                "the person is signed in on two devices",
                "access is withdrawn",
                "both are signed out within a minute",
            ),
            works(
                "work stays",
                "the person made entries",
                "access is withdrawn",
                "their entries stay with their name",
            ),
            refuses(
                "last one in charge",
                "the only person in charge",
                "their access is withdrawn",
                "that is refused until somebody else is in charge",
            ),
        ],
    },
    Facet {
        title: "Review who may do what in {area}",
        want: "to see who may do what, and since when",
        good: "the yearly review takes an hour and not a week",
        noun: "the review of rights",
        who: Who::Keeper,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "by person",
                "a person with two roles",
                "the {actor} opens their page",
                "all rights are listed with the role they come from",
            ),
            works(
                "by right",
                "a right that few should have",
                "the {actor} opens it",
                "all people who have it are listed",
            ),
            works(
                "as a file",
                "the review is asked for by an auditor",
                "it is exported",
                "the file holds people, roles, rights and dates",
            ),
        ],
    },
    Facet {
        title: "Notice and stop attempts to break into {area}",
        want: "attempts to guess passwords to be slowed down and shown",
        good: "an attack is noticed before it succeeds",
        noun: "the defence against guessing",
        who: Who::Keeper,
        points: 5,
        work: Work::Rule,
        checks: &[
            bounds(
                "many attempts",
                "ten wrong passwords within a minute",
                "an eleventh comes",
                "it has to wait, and the owner of the account is told",
            ),
            works(
                "right owner",
                "an account is slowed down",
                "its owner signs in with a second factor",
                "they get in",
            ),
            works(
                "in the log",
                "an attack from one address",
                "the {actor} opens the log",
                "the attempts are there with time, address and account",
            ),
        ],
    },
];
