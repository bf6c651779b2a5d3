//! Something is kept: created, changed, looked up.

use super::{Facet, Proof, Who, Work, bounds, core_of, proves, refuses, works};

/// The story that the vision itself tells.
pub(super) const CORE: Facet = core_of(
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

/// What follows from it, the most useful first.
pub(super) const FOLLOWING: &[Facet] = &[
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
