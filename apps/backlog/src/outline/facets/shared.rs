//! Facets for any class, and those that a constraint of the vision asks for.

use super::{Facet, Proof, Who, Work, bounds, proves, refuses, works};
use crate::vision::{Constraint, Quality};

/// Stories that fit almost anything, for features that have room for more.
pub(in crate::outline) const SHARED: &[Facet] = &[
    Facet {
        title: "Decide who may {verb} {things}",
        want: "to decide who may {verb} {things} and who may only look",
        good: "responsibility is clear",
        noun: "the rights for {acting}",
        who: Who::Keeper,
        points: 3,
        work: Work::Rule,
        checks: &[
            works(
                "right given",
                "a person without the right",
                "the {actor} gives it to them",
                "they can use it at once, without signing in again",
            ),
            proves(
                Proof::Security,
                "right taken",
                "a person whose right was taken away",
                "they call the interface directly",
                "they are refused, and the attempt is in the log",
            ),
            works(
                "who gave it",
                "a right that somebody has",
                "the {actor} looks it up",
                "it says who gave it and when",
            ),
        ],
    },
    Facet {
        title: "Get help when {acting} does not work",
        want: "help in plain words when {acting} does not work",
        good: "I can go on without calling anybody",
        noun: "help with {acting}",
        who: Who::Doer,
        points: 2,
        work: Work::Form,
        checks: &[
            works(
                "said in plain words",
                "something goes wrong",
                "the {actor} sees the message",
                "it says what happened, what was kept, and what to do",
            ),
            works(
                "passed on",
                "the {actor} cannot solve it",
                "they ask for help from that page",
                "the request holds page, time and what was tried, and no passwords",
            ),
            refuses(
                "no internals",
                "an unexpected error",
                "it is shown",
                "it names a number to ask with, and nothing of the inside",
            ),
        ],
    },
    Facet {
        title: "Follow the history of {things}",
        want: "to follow what happened to {things}, by whom and when",
        good: "questions are answered from the record",
        noun: "the history of {things}",
        who: Who::Other,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "complete",
                "{thing} with ten changes",
                "its history is opened",
                "all ten are listed with time, person, old and new value",
            ),
            refuses(
                "cannot be changed",
                "an entry of the history",
                "anybody tries to change or delete it",
                "that is not possible in the product",
            ),
            bounds(
                "done by the product",
                "a change that {product} made by itself",
                "the history is opened",
                "it says so and names the rule or the connection",
            ),
        ],
    },
    Facet {
        title: "Handle {things} in bulk",
        want: "to handle {things} in bulk",
        good: "routine takes minutes and not hours",
        noun: "bulk work on {things}",
        who: Who::Doer,
        points: 5,
        work: Work::Flow,
        checks: &[
            works(
                "all of them",
                "40 selected {things}",
                "one action is applied to them",
                "all 40 are handled, and the result says so",
            ),
            refuses(
                "some cannot",
                "3 of 40 cannot be handled",
                "the action is applied",
                "37 are handled, and the 3 are listed with their reasons",
            ),
            works(
                "undone",
                "the action was a mistake",
                "it is undone within ten minutes",
                "all 37 are as before",
            ),
        ],
    },
    Facet {
        title: "Learn {acting} on the first day",
        want: "a short guided start with {acting}",
        good: "I am productive on my first day",
        noun: "the first steps with {acting}",
        who: Who::Doer,
        points: 2,
        work: Work::Form,
        checks: &[
            works(
                "first time",
                "the {actor} opens the page for the first time",
                "they follow the hints",
                "they are done in less than three minutes",
            ),
            works(
                "skipped",
                "the {actor} knows it already",
                "they skip the hints",
                "the hints do not come back, and can be opened from the help",
            ),
            bounds(
                "changed page",
                "the page has changed since",
                "the hints are opened",
                "they show what is new and nothing that has gone",
            ),
        ],
    },
    Facet {
        title: "Work on {things} with the keyboard and a screen reader",
        want: "to work on {things} with the keyboard and a screen reader",
        good: "nobody is shut out",
        noun: "accessible {acting}",
        who: Who::Doer,
        points: 3,
        work: Work::Measure,
        checks: &[
            proves(
                Proof::Accessibility,
                "keyboard alone",
                "no mouse",
                "the {actor} goes through the whole page",
                "every action can be reached, and the focus is always visible",
            ),
            proves(
                Proof::Accessibility,
                "read aloud",
                "a screen reader",
                "states and errors change",
                "they are announced in a sensible order",
            ),
            proves(
                Proof::Accessibility,
                "enlarged",
                "text enlarged to 200 %",
                "the page is used",
                "nothing is cut off or covered",
            ),
        ],
    },
    Facet {
        title: "Know how much {acting} is used and where it stops",
        want: "to know how often {acting} is begun and how often it is finished",
        good: "we improve what people really use",
        noun: "usage figures of {acting}",
        who: Who::Keeper,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "begun and finished",
                "100 people began and 80 finished",
                "the figures are opened",
                "they show 80 %, and the step at which most stopped",
            ),
            proves(
                Proof::Security,
                "no persons",
                "figures of a small group",
                "they are opened",
                "no single person can be recognised",
            ),
            bounds(
                "declined",
                "somebody has declined measurement",
                "they use the product",
                "nothing of them is counted",
            ),
        ],
    },
];

/// The story that a constraint asks for, told of a capability: `{limit}` is the constraint as the vision says it.
pub(in crate::outline) fn of_quality(constraint: &Constraint) -> &'static Facet {
    let lower = constraint.text.to_lowercase();
    let sign_in = ["sign-on", "sign-in", "sso", "two-factor", "mfa", "password", "log in"]
        .iter()
        .any(|mark| lower.contains(mark));
    match constraint.quality {
        Quality::Security if sign_in => &SIGN_IN,
        Quality::Performance => &PERFORMANCE,
        Quality::Availability => &AVAILABILITY,
        Quality::Security => &SECURITY,
        Quality::Privacy => &PRIVACY,
        Quality::Accessibility => &ACCESSIBILITY,
        Quality::Devices => &DEVICES,
        Quality::Languages => &LANGUAGES,
        Quality::Operations => &OPERATIONS,
        Quality::Project | Quality::Other => &OTHER,
    }
}

const PERFORMANCE: Facet = Facet {
    title: "Keep {acting} fast at the busiest time",
    want: "{acting} to stay fast at the busiest time",
    good: "the product is quicker than doing it by hand",
    noun: "the speed of {acting}",
    who: Who::Doer,
    points: 5,
    work: Work::Measure,
    checks: &[
        proves(
            Proof::Performance,
            "at the peak",
            "the load of the busiest time",
            "{acting} is measured for 30 minutes",
            "this holds for 95 of 100 requests: {limit}",
        ),
        proves(
            Proof::Performance,
            "a year's data",
            "the data of three years",
            "the same is measured",
            "it is at most a tenth slower than with a week's data",
        ),
        proves(
            Proof::Recovery,
            "more than planned",
            "twice the load that was planned for",
            "it goes on for 10 minutes",
            "requests wait or are refused politely, and none is half done",
        ),
    ],
};

const AVAILABILITY: Facet = Facet {
    title: "Rely on {acting} when something breaks",
    want: "to rely on {acting} even when a part of the product breaks",
    good: "the day goes on",
    noun: "the resilience of {acting}",
    who: Who::Doer,
    points: 5,
    work: Work::Measure,
    checks: &[
        proves(
            Proof::Recovery,
            "a server dies",
            "one server dies in the middle of the work",
            "people go on",
            "this holds: {limit}; and nothing that was confirmed is lost",
        ),
        proves(
            Proof::Recovery,
            "restored",
            "the database is lost",
            "the newest backup is restored",
            "it takes less than an hour, and at most the last minutes are missing",
        ),
        works(
            "announced",
            "maintenance is due",
            "its time comes",
            "it was announced two days before and is over as announced",
        ),
    ],
};

const SECURITY: Facet = Facet {
    title: "Protect {acting} against misuse",
    want: "{acting} to be protected against misuse",
    good: "trust in {product} is not lost by one incident",
    noun: "the protection of {acting}",
    who: Who::Keeper,
    points: 5,
    work: Work::Rule,
    checks: &[
        proves(
            Proof::Security,
            "as demanded",
            "the demand of the vision: {limit}",
            "{acting} is examined against it",
            "each point is met, and the proof is on file",
        ),
        proves(
            Proof::Security,
            "somebody else's data",
            "the number of an entry of somebody else",
            "it is put into the address",
            "it is refused as if it did not exist",
        ),
        proves(
            Proof::Security,
            "hostile text",
            "text with HTML and SQL in it",
            "it is entered and shown",
            "it is shown as text and does nothing",
        ),
    ],
};

const SIGN_IN: Facet = Facet {
    title: "Sign in to {area} as demanded",
    want: "to sign in to {area} as demanded ({limit})",
    good: "I need no further password, and nobody gets in with a stolen one",
    noun: "the sign-in for {area}",
    who: Who::Doer,
    points: 5,
    work: Work::Rule,
    checks: &[
        proves(
            Proof::Security,
            "as demanded",
            "the demand of the vision: {limit}",
            "the {actor} signs in and sets out to {act}",
            "they get in by that way and by no other",
        ),
        proves(
            Proof::Security,
            "account closed",
            "an account that was closed in the directory",
            "its owner goes on working",
            "they are signed out within a minute",
        ),
        proves(
            Proof::Recovery,
            "sign-in service down",
            "the sign-in service does not answer",
            "somebody who is signed in goes on",
            "they can finish their work, and new sign-ins are told to wait",
        ),
    ],
};

const PRIVACY: Facet = Facet {
    title: "Keep personal data in {acting} to what is needed",
    want: "my personal data in {acting} to be seen by few and kept no longer than needed",
    good: "I can use the product without a bad feeling",
    noun: "the protection of personal data in {acting}",
    who: Who::Doer,
    points: 5,
    work: Work::Rule,
    checks: &[
        proves(
            Proof::Security,
            "who sees it",
            "personal data within {things}",
            "people of each role look",
            "this holds: {limit}",
        ),
        works(
            "told and deleted",
            "a person asks for their data or its deletion",
            "the request is handled",
            "they get all of it as a file, or proof that it is gone, within a month",
        ),
        works(
            "deleted in time",
            "the time for keeping it is over",
            "the nightly run ends",
            "the data is gone from tables, files and reports, and the run says how much",
        ),
    ],
};

const ACCESSIBILITY: Facet = Facet {
    title: "Make {acting} usable for everybody",
    want: "{acting} to be usable with what sight, hearing and hands I have",
    good: "I need nobody's help",
    noun: "accessible {acting}",
    who: Who::Doer,
    points: 3,
    work: Work::Measure,
    checks: &[
        proves(
            Proof::Accessibility,
            "as demanded",
            "the demand of the vision: {limit}",
            "each page of {acting} is examined by tool and by hand",
            "no point is missed",
        ),
        proves(
            Proof::Accessibility,
            "keyboard alone",
            "no mouse",
            "the {actor} sets out to {act}",
            "they get to the end, and the focus is always visible",
        ),
        proves(
            Proof::Accessibility,
            "large text",
            "text at twice its size and high contrast",
            "the pages are used",
            "nothing is cut off, and no meaning hangs on colour alone",
        ),
    ],
};

const DEVICES: Facet = Facet {
    title: "Manage {acting} on the devices that people have",
    want: "{acting} to work on the device in my hand, wherever I stand",
    good: "the work is done where it happens",
    noun: "{acting} on small devices",
    who: Who::Doer,
    points: 5,
    work: Work::Measure,
    checks: &[
        proves(
            Proof::Compatibility,
            "as demanded",
            "the demand of the vision: {limit}",
            "the {actor} sets out to {act} under these conditions",
            "they get to the end",
        ),
        proves(
            Proof::Recovery,
            "connection comes back",
            "work was done without a connection",
            "the connection comes back",
            "it is taken over once, and conflicts are shown instead of being overwritten",
        ),
        proves(
            Proof::Compatibility,
            "small screen",
            "a phone of 360 pixels' width",
            "the pages are used with one hand",
            "nothing has to be scrolled sideways",
        ),
    ],
};

const LANGUAGES: Facet = Facet {
    title: "Offer {acting} in each person's language",
    want: "{acting} in my own language, with dates and numbers as I know them",
    good: "I understand what I confirm",
    noun: "translations for {acting}",
    who: Who::Doer,
    points: 3,
    work: Work::Measure,
    checks: &[
        works(
            "all of them",
            "the languages of the vision: {limit}",
            "the pages, messages and files of {acting} are shown in each",
            "no text is left in another language",
        ),
        bounds(
            "long words",
            "the language with the longest words",
            "the pages are shown on a phone",
            "nothing is cut off",
        ),
        works(
            "own choice",
            "a browser in one language and a person who chose another",
            "the {actor} comes back",
            "their choice holds, in messages too",
        ),
    ],
};

const OPERATIONS: Facet = Facet {
    title: "Run {product} as demanded",
    want: "to run {product} as our operations demand and to watch {acting}",
    good: "problems are seen before somebody calls",
    noun: "the operation of {product}",
    who: Who::Keeper,
    points: 5,
    work: Work::Measure,
    checks: &[
        works(
            "as demanded",
            "the demand of the vision: {limit}",
            "the product is installed and used",
            "it is met, and the manual says how it was checked",
        ),
        works(
            "noticed",
            "{acting} fails for five minutes",
            "nobody has called yet",
            "an alarm names what fails since when",
        ),
        proves(
            Proof::Recovery,
            "a new version",
            "people are at work",
            "a new version is installed",
            "nobody is interrupted, and going back takes less than ten minutes",
        ),
    ],
};

const OTHER: Facet = Facet {
    title: "Prove that {acting} keeps what was demanded",
    want: "proof that {acting} keeps what was demanded",
    good: "it is not only written on paper",
    noun: "the proof for {acting}",
    who: Who::Keeper,
    points: 3,
    work: Work::Measure,
    checks: &[
        works(
            "as demanded",
            "the demand of the vision: {limit}",
            "{acting} is examined against it",
            "it is met, and the result is on file",
        ),
        works(
            "with real people",
            "five {actors} who have not seen it before",
            "they set out to {act}",
            "four of five get to the end without help",
        ),
        refuses(
            "a change that breaks it",
            "a change that would break it",
            "the change is reviewed",
            "the check fails and names the demand",
        ),
    ],
};
