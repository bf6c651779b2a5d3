//! Somebody is told.

use super::{Facet, Proof, Who, Work, bounds, core_of, proves, refuses, works};

/// The story that the vision itself tells.
pub(super) const CORE: Facet = core_of(
    Work::Send,
    3,
    "I do not have to keep looking",
    &[
        works(
            "told in time",
            "the reason for {things} has come up",
            "it is time",
            "each {actor} concerned is told once, with what happened and a link to it",
        ),
        refuses(
            "reason gone",
            "the reason has gone before anything was sent",
            "it is time",
            "nothing is sent",
        ),
        proves(
            Proof::Recovery,
            "channel down",
            "the mail server does not answer",
            "a message is due",
            "sending is repeated for 24 hours, and what failed for good is visible to {others}",
        ),
        bounds(
            "many at once",
            "500 messages are due in the same minute",
            "they are sent",
            "all are sent within five minutes and none twice",
        ),
    ],
);

/// What follows from it, the most useful first.
pub(super) const FOLLOWING: &[Facet] = &[
    Facet {
        title: "Choose which {things} reach me and how",
        want: "to choose which {things} reach me, by which way and when",
        good: "the important ones do not drown",
        noun: "preferences for {things}",
        who: Who::Doer,
        points: 3,
        work: Work::Form,
        checks: &[
            works(
                "choice is kept",
                "the {actor} switches one kind off",
                "its reason comes up",
                "nothing is sent for it, and all others still are",
            ),
            bounds(
                "quiet hours",
                "quiet hours from 22:00 to 7:00",
                "a reason comes up at 23:00",
                "the message is sent at 7:00 if it still matters",
            ),
            refuses(
                "what must be told",
                "a message that the law or safety demands",
                "the {actor} tries to switch it off",
                "that is refused with the reason",
            ),
        ],
    },
    Facet {
        title: "Act on {things} straight from the message",
        want: "to open the matter straight from the message",
        good: "it is done in one step",
        noun: "links within {things}",
        who: Who::Doer,
        points: 2,
        work: Work::Send,
        checks: &[
            works(
                "one step",
                "a message with a link",
                "the {actor} follows it",
                "the matter itself opens, after signing in where needed",
            ),
            proves(
                Proof::Security,
                "forwarded message",
                "a message was forwarded to somebody else",
                "they follow the link",
                "they see nothing that their own role does not allow",
            ),
            bounds(
                "old message",
                "the matter was settled long ago",
                "the link is followed",
                "the page says that it is settled, when and by whom",
            ),
        ],
    },
    Facet {
        title: "See which {things} were sent and which failed",
        want: "to see which {things} were sent, to whom, and which failed",
        good: "“I never got it” has an answer",
        noun: "the record of {things}",
        who: Who::Other,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "sent and received",
                "{things} of the last 90 days",
                "the {actor} looks one up",
                "its times, address and result are shown",
            ),
            works(
                "sent again",
                "one failed because of a wrong address",
                "the address is corrected",
                "it can be sent again from the list",
            ),
            refuses(
                "repeated failures",
                "three messages to the same address failed",
                "the next one is due",
                "it is held back, and the list names the address",
            ),
        ],
    },
    Facet {
        title: "Bundle {things} that come close together",
        want: "to get {things} that come close together as one",
        good: "I read them instead of deleting them",
        noun: "bundles of {things}",
        who: Who::Doer,
        points: 3,
        work: Work::Send,
        checks: &[
            works(
                "bundled",
                "five reasons within ten minutes",
                "they are due",
                "one message lists all five, the most urgent first",
            ),
            bounds(
                "urgent one",
                "one of them is urgent",
                "they are due",
                "the urgent one is sent at once and is not repeated in the bundle",
            ),
            refuses(
                "overtaken",
                "one of the five was settled meanwhile",
                "the bundle is sent",
                "it is left out",
            ),
        ],
    },
    Facet {
        title: "Change the wording of {things} without a release",
        want: "to change the wording of {things} myself",
        good: "they say what our people understand",
        noun: "templates of {things}",
        who: Who::Keeper,
        points: 3,
        work: Work::Form,
        checks: &[
            works(
                "preview",
                "a template with placeholders",
                "the {actor} changes it",
                "a preview shows it with real values before it is used",
            ),
            refuses(
                "unknown placeholder",
                "a placeholder that does not exist",
                "the template is saved",
                "it is refused and the possible ones are listed",
            ),
            works(
                "earlier wording",
                "a wording that turned out wrong",
                "the {actor} goes back",
                "the earlier version is in use again",
            ),
        ],
    },
];
