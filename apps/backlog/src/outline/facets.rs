//! What people forget: for each class of thing that a product does, the stories that make it whole.
//!
//! A facet is a template. `{act}` is what is done (`order meals for the coming week`), `{acting}` the same as a noun
//! (`ordering meals`), `{thing}` one of what it is done to (`a meal`), `{bare}` that without article, `{things}` many of
//! them, `{done}` what they are afterwards (`ordered`), `{actor}` and `{actors}` who does it, `{other}` and `{others}`
//! somebody else, `{product}` the product's name, `{area}` the theme.

mod access;
mod automatic;
mod info;
mod link;
mod message;
mod money;
mod process;
mod record;
mod search;
mod shared;

pub(super) use shared::{SHARED, of_quality};

/// What a capability is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Class {
    /// Something is kept: created, changed, looked up.
    Record,
    /// Something moves on: is ordered, reserved, approved.
    Process,
    /// Something is looked for.
    Search,
    /// Something is seen.
    Info,
    /// Somebody is told.
    Message,
    /// Something goes to or comes from another system.
    Link,
    /// Somebody gets in, or does not.
    Access,
    /// Somebody pays.
    Money,
    /// The product does it by itself.
    Automatic,
    /// Something holds for all of it.
    Quality,
}

/// Who a story is told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// Whoever does it.
    Doer,
    /// Somebody else who is concerned; told by the doer where the vision knows nobody else.
    Other,
    /// Whoever answers for the product's running.
    Keeper,
}

/// What kind of work a story is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Something is entered and kept.
    Form,
    /// Something is looked up and shown.
    Read,
    /// Something is sent.
    Send,
    /// Two systems talk.
    Link,
    /// Something is allowed or forbidden.
    Rule,
    /// Something changes its state.
    Flow,
    /// Something is made measurably better.
    Measure,
}

/// What a check proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    Functional,
    Negative,
    Boundary,
    Security,
    Performance,
    Accessibility,
    Recovery,
    Compatibility,
}

/// A story to be told of a capability.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facet {
    /// The story's title.
    pub(super) title: &'static str,
    /// What follows `I want`.
    pub(super) want: &'static str,
    /// What follows `so that`.
    pub(super) good: &'static str,
    /// What is built, as a noun.
    pub(super) noun: &'static str,
    /// Who tells it.
    pub(super) who: Who,
    /// Story points, before the capability's own weight.
    pub(super) points: u8,
    /// What kind of work it is.
    pub(super) work: Work,
    /// What has to hold.
    pub(super) checks: &'static [Check],
}

/// Something that has to hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check {
    /// What is tried, in a few words.
    pub(super) name: &'static str,
    /// What is the case.
    pub(super) given: &'static str,
    /// What happens.
    pub(super) when: &'static str,
    /// What must be seen.
    pub(super) then: &'static str,
    /// What it proves.
    pub(super) proof: Proof,
}

/// The story that the vision itself tells.
pub(super) fn core(class: Class) -> &'static Facet {
    match class {
        Class::Record => &record::CORE,
        Class::Process => &process::CORE,
        Class::Search => &search::CORE,
        Class::Info => &info::CORE,
        Class::Message => &message::CORE,
        Class::Link => &link::CORE,
        Class::Access => &access::CORE,
        Class::Money => &money::CORE,
        Class::Automatic => &automatic::CORE,
        Class::Quality => &QUALITY_CORE,
    }
}

/// The stories that follow from it, the most useful first.
pub(super) fn of_class(class: Class) -> &'static [Facet] {
    match class {
        Class::Record => record::FOLLOWING,
        Class::Process => process::FOLLOWING,
        Class::Search => search::FOLLOWING,
        Class::Info => info::FOLLOWING,
        Class::Message => message::FOLLOWING,
        Class::Link => link::FOLLOWING,
        Class::Access => access::FOLLOWING,
        Class::Money => money::FOLLOWING,
        Class::Automatic => automatic::FOLLOWING,
        Class::Quality => &[],
    }
}

const fn core_of(work: Work, points: u8, good: &'static str, checks: &'static [Check]) -> Facet {
    Facet { title: "{Act}", want: "{to act}", good, noun: "{acting}", who: Who::Doer, points, work, checks }
}

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

/// A check that what is asked for happens.
const fn works(name: &'static str, given: &'static str, when: &'static str, then: &'static str) -> Check {
    Check { name, given, when, then, proof: Proof::Functional }
}

/// A check that what must not happen does not.
const fn refuses(name: &'static str, given: &'static str, when: &'static str, then: &'static str) -> Check {
    Check { name, given, when, then, proof: Proof::Negative }
}

/// A check at the edge of what is allowed.
const fn bounds(name: &'static str, given: &'static str, when: &'static str, then: &'static str) -> Check {
    Check { name, given, when, then, proof: Proof::Boundary }
}

/// A check of another kind.
const fn proves(
    proof: Proof,
    name: &'static str,
    given: &'static str,
    when: &'static str,
    then: &'static str,
) -> Check {
    Check { name, given, when, then, proof }
}

impl Class {
    /// Three cases that are easily forgotten.
    pub(super) fn edges(self) -> [&'static str; 3] {
        match self {
            Self::Record => [
                "Two people change the same {bare} at the same time",
                "{Thing} is deleted while others still refer to it",
                "Names with accents, emoji or several thousand characters",
            ],
            Self::Process => [
                "It becomes impossible between looking and confirming",
                "The deadline passes while the page is open, or the clocks change that night",
                "It is confirmed twice because the connection is slow",
            ],
            Self::Search => [
                "Nothing matches, or almost everything does",
                "A word is misspelt, or stands in another language",
                "What is found has gone by the time it is opened",
            ],
            Self::Info => [
                "There is nothing to show yet, or far more than fits on a page",
                "Figures change while they are being looked at",
                "Part of the data cannot be read: what is shown must say so",
            ],
            Self::Message => [
                "The reason for it goes away before it is sent",
                "The address no longer exists, or the same person is meant twice",
                "Hundreds are due in the same minute",
            ],
            Self::Link => [
                "The other system takes the data and the answer is lost",
                "One record is refused and the rest must go on",
                "The other side changes its format without notice",
            ],
            Self::Access => [
                "Somebody changes their role or leaves while signed in",
                "The same person has two accounts",
                "The sign-in service is down during working hours",
            ],
            Self::Money => [
                "The payment succeeds and the answer is lost",
                "Prices change between choosing and paying",
                "Amounts of zero, of fractions of a cent, and partial refunds",
            ],
            Self::Automatic => [
                "The data that it needs is missing or contradicts itself",
                "Somebody has decided otherwise by hand before",
                "A rule changes while cases are under way",
            ],
            Self::Quality => [
                "The limit is kept on average and broken at the peak",
                "It holds on the test system and not with real data",
                "A later change breaks it unnoticed",
            ],
        }
    }

    /// What the interface has to show and to allow.
    pub(super) fn interface(self) -> &'static str {
        match self {
            Self::Record => {
                "A list of {things} with search, and a form that keeps what was typed when saving fails. Required details are \
                 marked; what was saved last is visible with its time and author."
            }
            Self::Process => {
                "One clear action with its consequences before it is confirmed; the present state of {thing} and what can be \
                 done next are visible at any time, on a phone too."
            }
            Self::Search => {
                "One field that takes whatever is remembered, filters beside the results with counts, and the way from a result \
                 to the next step. Works with one hand on a phone."
            }
            Self::Info => {
                "The answer first, details on demand: filters that stay in the address, an explicit empty state, and the time \
                 as of which the figures hold."
            }
            Self::Message => {
                "Short text with what happened, to what, and one link. A page where {actors} choose what they are told and by \
                 which way."
            }
            Self::Link => {
                "A page with the state of the connection: last run, what went over, what was refused and why, and a button to \
                 try again."
            }
            Self::Access => {
                "Sign-in in one step where single sign-on exists; what somebody may not do is not offered, and a refused \
                 address explains whom to ask."
            }
            Self::Money => {
                "The amount with all its parts before the confirmation, a receipt after it, and a state that never leaves \
                 {actors} in doubt whether it was paid."
            }
            Self::Automatic => {
                "What was decided, from which facts and by which rule stands beside the result, with a way to correct it."
            }
            Self::Quality => {
                "Nothing new to learn: the same pages, measurably better. Where a limit is reached, the page says so in plain \
                 words."
            }
        }
    }

    /// What matters when it is built.
    pub(super) fn technology(self) -> &'static str {
        match self {
            Self::Record => {
                "Versioned rows with optimistic locking; deletion marks and does not remove; input is checked on the server."
            }
            Self::Process => {
                "A table of states and allowed changes; each change in one transaction under an idempotency key."
            }
            Self::Search => {
                "Full-text index updated in the transaction of the change; results only as the role allows; a limit on the cost of a query."
            }
            Self::Info => {
                "Indexes for each filter and order, paging by key and not by offset, figures computed in the database."
            }
            Self::Message => {
                "Messages go through an outbox in the transaction of their reason; one stable id each, so that repeats are harmless."
            }
            Self::Link => {
                "Transfers are idempotent by the record's own key, retried with back-off, and logged with both sides' ids."
            }
            Self::Access => {
                "Permissions are decided in one place on the server; every refusal is logged; sessions can be revoked."
            }
            Self::Money => {
                "Amounts in the smallest unit as integers; the payment provider's id is stored before the answer is awaited."
            }
            Self::Automatic => {
                "Rules are data with versions; each decision stores its inputs, the version and the result."
            }
            Self::Quality => {
                "A measurement in the build that fails when the limit is broken, and the same figure on a dashboard."
            }
        }
    }
}
