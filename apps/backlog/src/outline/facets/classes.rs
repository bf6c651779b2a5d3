//! Facets by class: the core of each, and what follows from it.

use super::{Check, Class, Facet, Proof, Who, Work, bounds, proves, refuses, works};

/// The story that the vision itself tells.
pub(in crate::outline) fn core(class: Class) -> &'static Facet {
    match class {
        Class::Record => &RECORD_CORE,
        Class::Process => &PROCESS_CORE,
        Class::Search => &SEARCH_CORE,
        Class::Info => &INFO_CORE,
        Class::Message => &MESSAGE_CORE,
        Class::Link => &LINK_CORE,
        Class::Access => &ACCESS_CORE,
        Class::Money => &MONEY_CORE,
        Class::Automatic => &AUTOMATIC_CORE,
        Class::Quality => &QUALITY_CORE,
    }
}

/// The stories that follow from it, the most useful first.
pub(in crate::outline) fn of_class(class: Class) -> &'static [Facet] {
    match class {
        Class::Record => RECORD,
        Class::Process => PROCESS,
        Class::Search => SEARCH,
        Class::Info => INFO,
        Class::Message => MESSAGE,
        Class::Link => LINK,
        Class::Access => ACCESS,
        Class::Money => MONEY,
        Class::Automatic => AUTOMATIC,
        Class::Quality => &[],
    }
}

const fn core_of(work: Work, points: u8, good: &'static str, checks: &'static [Check]) -> Facet {
    Facet { title: "{Act}", want: "{to act}", good, noun: "{acting}", who: Who::Doer, points, work, checks }
}

const RECORD_CORE: Facet = core_of(
    Work::Form,
    3,
    "everybody works from the same {things}",
    &[
        works(
            "complete entry",
            "all required details are known",
            "the {actor} sets out to {act} and saves",
            "it is kept and shown with the time and the {actor}'s name",
        ),
        refuses(
            "missing details",
            "a required detail is missing",
            "the {actor} saves",
            "nothing is kept, the missing detail is marked, and what was typed stays",
        ),
        bounds(
            "entry that exists",
            "there is {thing} with the same details already",
            "the {actor} saves",
            "they are asked whether it is the same before a second one is made",
        ),
        proves(
            Proof::Security,
            "wrong role",
            "somebody has no right to change {things}",
            "they open the address of the form",
            "they are refused, and nothing of the {bare} is shown",
        ),
    ],
);

const PROCESS_CORE: Facet = core_of(
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

const SEARCH_CORE: Facet = core_of(
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

const INFO_CORE: Facet = core_of(
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

const MESSAGE_CORE: Facet = core_of(
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

const LINK_CORE: Facet = core_of(
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

const ACCESS_CORE: Facet = core_of(
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

const MONEY_CORE: Facet = core_of(
    Work::Flow,
    8,
    "I know that it is settled and can prove it",
    &[
        works(
            "paid in full",
            "the amount and its parts are shown",
            "the {actor} sets out to {act} and confirms",
            "it is booked once, and a receipt with number, date and amount is there",
        ),
        refuses(
            "payment refused",
            "the provider refuses the payment",
            "the {actor} confirms",
            "nothing is booked, the reason is shown, and another way to pay is offered",
        ),
        proves(
            Proof::Recovery,
            "answer lost",
            "the provider's answer is lost",
            "the {actor} looks again",
            "the state is asked for at the provider, and no second payment is made",
        ),
        bounds(
            "smallest amounts",
            "an amount of 0.01 and one of 0",
            "they are to be booked",
            "the first is booked to the cent, and the second needs no payment",
        ),
    ],
);

const AUTOMATIC_CORE: Facet = core_of(
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

const QUALITY_CORE: Facet = core_of(
    Work::Measure,
    5,
    "nobody has to think about it in daily work",
    &[
        works(
            "kept in daily use",
            "the product as it is used on a normal day",
            "it is measured for a week",
            "the limit holds at all times",
        ),
        proves(
            Proof::Performance,
            "kept at the peak",
            "the largest load that is expected",
            "it is measured for an hour",
            "the limit holds, or the excess is reported within a minute",
        ),
        refuses(
            "a change that breaks it",
            "a change that would break it",
            "the change is built",
            "the build fails and names the figure and the limit",
        ),
    ],
);

const RECORD: &[Facet] = &[
    Facet {
        title: "Find {things} by any known detail",
        want: "to find {things} by any detail that I remember",
        good: "nothing is entered twice",
        noun: "the search for {things}",
        who: Who::Doer,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "part of a word",
                "there are 5,000 {things}",
                "the {actor} types three letters of one of them",
                "it is among the first ten results within one second",
            ),
            bounds(
                "no match",
                "nothing matches",
                "the {actor} searches",
                "the page says so and offers to make a new one",
            ),
            works(
                "filters together",
                "several filters are set",
                "the {actor} reloads or shares the address",
                "the same filters and results appear",
            ),
        ],
    },
    Facet {
        title: "Correct {thing} and see what it was before",
        want: "to correct {thing} and see who changed what",
        good: "mistakes are mended without a trace being lost",
        noun: "corrections of {things}",
        who: Who::Doer,
        points: 3,
        work: Work::Form,
        checks: &[
            works(
                "change is kept",
                "{thing} with a wrong detail",
                "the {actor} corrects it",
                "the new value is shown, and the history names the old one, the time and the person",
            ),
            bounds(
                "two editors",
                "two people have the same {bare} open",
                "both save",
                "the second is told what has changed meanwhile, and nothing is overwritten unseen",
            ),
            refuses(
                "invalid value",
                "a value that cannot be right",
                "the {actor} saves it",
                "it is refused at that field, with an example of a valid one",
            ),
        ],
    },
    Facet {
        title: "Remove {things} without breaking references",
        want: "to remove {things} without further use",
        good: "lists stay short and old results stay right",
        noun: "the removal of {things}",
        who: Who::Doer,
        points: 2,
        work: Work::Flow,
        checks: &[
            works(
                "unused",
                "{thing} that nothing refers to",
                "the {actor} removes it",
                "it is gone from lists and can be restored for 30 days",
            ),
            refuses(
                "in use",
                "{thing} that something refers to",
                "the {actor} removes it",
                "it is hidden from new use, and what refers to it still shows it",
            ),
            works(
                "restored",
                "{thing} that was removed by mistake",
                "the {actor} restores it",
                "it is back with all its details",
            ),
        ],
    },
    Facet {
        title: "Take over {things} in bulk from a file",
        want: "to take over {things} in bulk from a spreadsheet",
        good: "the start does not cost days of typing",
        noun: "the import of {things}",
        who: Who::Other,
        points: 5,
        work: Work::Link,
        checks: &[
            works(
                "good file",
                "a CSV file with 500 valid rows",
                "it is imported",
                "500 {things} are there, and a second import of the same file adds none",
            ),
            refuses(
                "some bad rows",
                "a file in which 3 of 500 rows are wrong",
                "it is checked",
                "the 3 rows are listed with line and reason before anything is taken over",
            ),
            bounds(
                "strange characters",
                "a file with umlauts, quotes and line breaks within cells",
                "it is imported",
                "all texts are as in the file",
            ),
        ],
    },
    Facet {
        title: "Start a new {bare} from an earlier one",
        want: "to start a new {bare} from an earlier one",
        good: "I change what is different and type nothing twice",
        noun: "copies of {things}",
        who: Who::Doer,
        points: 2,
        work: Work::Form,
        checks: &[
            works(
                "copied",
                "{thing} from before",
                "the {actor} copies it",
                "a new one opens with the same details, and the old one is untouched",
            ),
            bounds(
                "outdated detail",
                "the old one holds something that no longer exists",
                "it is copied",
                "that detail is left empty and marked",
            ),
            refuses(
                "left unsaved",
                "a copy that is not yet saved",
                "the {actor} leaves the page",
                "nothing is kept, and they are warned",
            ),
        ],
    },
];

const PROCESS: &[Facet] = &[
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

const SEARCH: &[Facet] = &[
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

const INFO: &[Facet] = &[
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

const MESSAGE: &[Facet] = &[
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

const LINK: &[Facet] = &[
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

const ACCESS: &[Facet] = &[
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

const MONEY: &[Facet] = &[
    Facet {
        title: "Get a receipt for {acting} and find it again",
        want: "a receipt for {acting} that I can find again",
        good: "I can claim it or complain about it later",
        noun: "receipts for {acting}",
        who: Who::Doer,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "receipt",
                "it has been booked",
                "the {actor} opens their bookings",
                "the receipt can be opened and saved as PDF",
            ),
            bounds(
                "tax",
                "items with different tax rates",
                "the receipt is made",
                "each rate is listed with its amount, and the sum is right to the cent",
            ),
            proves(
                Proof::Security,
                "somebody else's receipt",
                "the number of another person's receipt",
                "its address is opened",
                "it is refused",
            ),
        ],
    },
    Facet {
        title: "Give money back after {acting} went wrong",
        want: "to give money back in full or in part",
        good: "a mistake is settled in minutes",
        noun: "refunds after {acting}",
        who: Who::Other,
        points: 5,
        work: Work::Flow,
        checks: &[
            works(
                "in part",
                "a booking of 20.00",
                "7.50 are given back with a reason",
                "the booking shows 12.50 and the refund with its reason",
            ),
            refuses(
                "more than was paid",
                "a booking of 20.00 of which 15.00 were given back",
                "6.00 are to be given back",
                "it is refused with the amount that is left",
            ),
            bounds(
                "given back twice",
                "two people give the same amount back at once",
                "both confirm",
                "it is given back once",
            ),
        ],
    },
    Facet {
        title: "Reconcile {acting} with the bank each day",
        want: "to compare each day's bookings with the provider's statement",
        good: "differences are found while people remember",
        noun: "the reconciliation of {acting}",
        who: Who::Other,
        points: 5,
        work: Work::Link,
        checks: &[
            works(
                "all match",
                "a day without differences",
                "it is reconciled",
                "the day is closed with sums and number of bookings",
            ),
            works(
                "one is missing",
                "a payment that the product does not know",
                "the day is reconciled",
                "it is listed with the provider's number",
            ),
            refuses(
                "closed day",
                "a day that was closed",
                "a booking of that day is to be changed",
                "it is refused, and a correction on the present day is offered",
            ),
        ],
    },
    Facet {
        title: "Be warned before {acting} fails or exceeds a limit",
        want: "to be warned before {acting} fails or exceeds a limit",
        good: "nobody is surprised at the counter",
        noun: "warnings about {acting}",
        who: Who::Doer,
        points: 2,
        work: Work::Send,
        checks: &[
            works(
                "below the limit",
                "credit or limit is almost used up",
                "the {actor} starts a payment",
                "they see what is left, and how to raise it",
            ),
            bounds(
                "exactly used up",
                "the amount equals what is left",
                "it is confirmed",
                "it is booked, and nothing is left",
            ),
            refuses(
                "over the limit",
                "the amount exceeds what is left",
                "it is confirmed",
                "nothing is booked, and the missing amount is named",
            ),
        ],
    },
];

const AUTOMATIC: &[Facet] = &[
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
