//! Which class of thing an action is, told by its verb, or by its noun where it only names a thing.

use super::facets::Class;
use crate::{
    english::{head_of, singular},
    vision::Action,
};

/// What kind of thing an action is.
pub(super) fn class_of(action: &Action) -> Class {
    let generic = matches!(action.verb.as_str(), "take" | "handle" | "manage" | "use" | "collect" | "raise");
    if generic && RULES[1].2.contains(&singular(head_of(&action.object)).as_str()) {
        return Class::Money;
    }
    if action.verb == "decide" && action.rest.starts_with("who ") {
        return Class::Access;
    }
    let out_or_in = ["out", "in"].contains(&action.tail.split(' ').next().unwrap_or(""));
    if action.verb == "check" && out_or_in {
        return Class::Process;
    }
    if action.is_thing() {
        let words = format!(" {} ", action.object.to_lowercase());
        let plain = singular(&words).to_lowercase();
        let head = singular(head_of(words.trim()));
        let by_head = RULES.iter().find(|(_, _, nouns)| nouns.iter().any(|noun| *noun == head));
        let whole = RULES.iter().find(|(_, _, nouns)| {
            nouns.iter().any(|noun| noun.contains(' ') && plain.contains(&format!(" {noun}")))
        });
        if let Some((class, _, _)) = whole {
            return *class;
        }
        let by_word = || {
            RULES.iter().find(|(_, _, nouns)| nouns.iter().any(|noun| plain.contains(&format!(" {noun}"))))
        };
        return by_head.or_else(by_word).map_or(Class::Record, |(class, _, _)| *class);
    }
    let verb = action.verb.as_str();
    let found = RULES.iter().find(|(_, verbs, _)| verbs.contains(&verb)).map(|(class, _, _)| *class);
    match found {
        // `check the cover automatically` is no page.
        Some(class @ (Class::Message | Class::Link | Class::Money | Class::Access)) => class,
        Some(Class::Info)
            if action.by_product && matches!(verb, "show" | "display" | "list" | "summarise") =>
        {
            Class::Info
        }
        _ if action.by_product && verb == "keep" => Class::Quality,
        _ if action.by_product && DECIDING.contains(&verb) => Class::Automatic,
        None if action.by_product && object_is_letter(&action.object) => Class::Message,
        Some(class) => class,
        None => Class::Record,
    }
}

/// Verbs by which a product decides something.
const DECIDING: &[&str] = &[
    "check",
    "propose",
    "score",
    "detect",
    "calculate",
    "compute",
    "predict",
    "recommend",
    "suggest",
    "classify",
    "decide",
    "approve",
    "validate",
    "match",
    "block",
    "assign",
    "estimate",
    "rank",
    "prioritise",
    "prioritize",
    "flag",
    "derive",
    "highlight",
    "reject",
    "translate",
    "transcribe",
    "recognise",
    "recognize",
    "select",
    "sort",
    "deduct",
];

fn object_is_letter(object: &str) -> bool {
    let lower = object.to_lowercase();
    ["letter", "e-mail", "email", "message", "notification", "sms"].iter().any(|word| lower.contains(word))
}

/// Classes with the verbs and nouns by which they are known, in the order of asking.
const RULES: &[(Class, &[&str], &[&str])] = &[
    // class, verbs, words of what is done
    (
        Class::Access,
        &[
            "sign in",
            "sign up",
            "log in",
            "log on",
            "log out",
            "authenticate",
            "authorise",
            "authorize",
            "authenticate",
            "grant",
            "revoke",
        ],
        &[
            "sign-in",
            "login",
            "single sign-on",
            "password",
            "role",
            "permission",
            "rights",
            "two-factor",
            "access",
        ],
    ),
    (
        Class::Money,
        &[
            "pay",
            "refund",
            "bill",
            "charge",
            "invoice",
            "top up",
            "purchase",
            "buy",
            "donate",
            "redeem",
            "subscribe",
        ],
        &[
            "payment",
            "deposit",
            "fee",
            "checkout",
            "subscription",
            "voucher",
            "payout",
            "invoice",
            "credit card",
        ],
    ),
    (
        Class::Link,
        &[
            "export",
            "import",
            "sync",
            "synchronise",
            "synchronize",
            "integrate",
            "connect",
            "migrate",
            "transfer",
        ],
        &[
            "integration",
            "interface to",
            "synchronisation",
            "import",
            "export",
            "api",
            "webhook",
            "connector",
        ],
    ),
    (
        Class::Message,
        &["remind", "notify", "alert", "send", "message", "inform", "warn", "announce", "broadcast", "mail"],
        &["alert", "reminder", "notification", "newsletter", "message", "e-mail", "sms", "digest"],
    ),
    (
        Class::Search,
        &["browse", "search", "find", "explore", "look up", "filter", "discover"],
        &["search", "catalogue", "catalog", "directory", "finder"],
    ),
    (
        Class::Info,
        &[
            "see",
            "view",
            "show",
            "display",
            "track",
            "follow",
            "monitor",
            "compare",
            "list",
            "analyse",
            "analyze",
            "check",
            "measure",
            "visualise",
            "visualize",
            "read",
            "forecast",
            "watch",
            "summarise",
            "preview",
            "print",
        ],
        &[
            "report",
            "statistic",
            "dashboard",
            "overview",
            "statement",
            "chart",
            "list",
            "history",
            "figure",
            "analysis",
            "analytics",
            "calendar",
            "map",
            "timeline",
            "forecast",
            "leaderboard",
            "feed",
        ],
    ),
    (
        Class::Process,
        &[
            "order",
            "reserve",
            "book",
            "approve",
            "reject",
            "assign",
            "request",
            "submit",
            "cancel",
            "change",
            "check in",
            "check out",
            "check",
            "review",
            "publish",
            "confirm",
            "accept",
            "decline",
            "schedule",
            "reschedule",
            "deliver",
            "pick up",
            "return",
            "borrow",
            "lend",
            "exchange",
            "swap",
            "vote",
            "apply",
            "enrol",
            "enroll",
            "join",
            "claim",
            "escalate",
            "delegate",
            "put",
            "open",
            "close",
            "start",
            "finish",
            "complete",
            "resolve",
            "hand out",
            "hand over",
            "transfer",
            "ship",
            "dispatch",
            "release",
            "sign",
            "invite",
            "choose",
            "select",
            "rebook",
            "repeat",
            "renew",
            "block",
            "take",
            "agree",
        ],
        &[
            "waiting list",
            "queue",
            "workflow",
            "approval",
            "reservation",
            "booking",
            "workshop",
            "appointment",
            "order",
        ],
    ),
];
