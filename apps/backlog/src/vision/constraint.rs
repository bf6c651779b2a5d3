//! Constraints: what holds for all of a product, by the quality that they are about.

/// A constraint of a vision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Constraint {
    /// As the vision says it, without its label.
    pub(crate) text: String,
    /// Its short name.
    pub(crate) name: String,
    /// What it is about.
    pub(crate) quality: Quality,
}

/// What a constraint is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Quality {
    /// How fast, how many.
    Performance,
    /// That it is there.
    Availability,
    /// That only the right people can.
    Security,
    /// What is done with data about people, and for how long.
    Privacy,
    /// That everybody can use it.
    Accessibility,
    /// Phones, browsers, no network.
    Devices,
    /// Languages and formats.
    Languages,
    /// Where and how it runs.
    Operations,
    /// Money and dates of the project itself.
    Project,
    /// Anything else.
    Other,
}

/// Words by which a quality is known, in the order of asking.
const MARKS: &[(Quality, &[&str])] = &[
    (
        Quality::Accessibility,
        &[
            "wcag",
            "accessib",
            "screen reader",
            "keyboard",
            "contrast",
            "colour-blind",
            "color-blind",
            "bitv",
            "en 301",
            "reading glasses",
            "usable by",
            "elderly",
            "large text",
            "blind",
            "deaf",
        ],
    ),
    (
        Quality::Privacy,
        &[
            "gdpr",
            "privacy",
            "personal data",
            "retention",
            "retain",
            "anonym",
            "consent",
            "pseudonym",
            "delete",
            "hipaa",
            "data protection",
            "kept for",
            "kept no longer",
        ],
    ),
    (
        Quality::Devices,
        &[
            "offline",
            "mobile",
            "phone",
            "tablet",
            "browser",
            "android",
            "ios",
            "responsive",
            "connection",
            "network",
            "device",
            "kiosk",
            "scanner",
        ],
    ),
    (
        Quality::Languages,
        &[
            "language",
            "german",
            "english",
            "french",
            "translat",
            "locali",
            "currency",
            "time zone",
            "timezone",
            "right-to-left",
        ],
    ),
    (
        Quality::Availability,
        &[
            "availab", "uptime", "99.", "99 %", "downtime", "backup", "recover", "failover", "disaster",
            "restore", "lost", "rpo", "rto",
        ],
    ),
    (
        Quality::Performance,
        &[
            "second",
            " ms",
            "millisecond",
            "fast",
            "performance",
            "concurrent",
            "load",
            "throughput",
            "latency",
            "simultaneous",
            "per hour",
            "per minute",
            "per day",
            "at once",
            "peak",
            "scal",
            "a day",
        ],
    ),
    (
        Quality::Security,
        &[
            "secur",
            "encrypt",
            "password",
            "two-factor",
            "mfa",
            "sso",
            "single sign",
            "role",
            "permission",
            "audit",
            "owasp",
            "pci",
            "iso 27001",
            "penetration",
            "tls",
            "token",
            "sign-in",
            "log in",
            "never leave",
            "tamper",
        ],
    ),
    (
        Quality::Operations,
        &[
            "docker",
            "kubernetes",
            "cloud",
            "aws",
            "azure",
            "on-premise",
            "on premise",
            "server",
            "postgres",
            "host",
            "deploy",
            "open source",
            "api",
            "technology",
            "stack",
            "monitor",
            "log",
            "own infrastructure",
            "self-host",
            "integrat",
            "linux",
        ],
    ),
    (
        Quality::Project,
        &[
            "budget",
            "deadline",
            "launch by",
            "team of",
            "go live",
            "go-live",
            "weeks",
            "months",
            "cost",
            "€",
            "$",
        ],
    ),
];

impl Quality {
    /// What a text is about.
    pub(super) fn of(text: &str) -> Self {
        let lower = format!(" {} ", text.to_lowercase());
        MARKS
            .iter()
            .find(|(_, marks)| marks.iter().any(|mark| lower.contains(mark)))
            .map_or(Self::Other, |(quality, _)| *quality)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_told_by_their_words() {
        for (text, expected) in [
            ("Pages open within 2 seconds for 500 concurrent guests", Quality::Performance),
            ("WCAG 2.2 AA", Quality::Accessibility),
            ("GDPR: personal data is deleted after 30 days", Quality::Privacy),
            ("Works offline in the cellar", Quality::Devices),
            ("German and English", Quality::Languages),
            ("99.5 % availability during opening hours", Quality::Availability),
            ("Sign-in through the company's SSO", Quality::Security),
            ("Runs on our own servers with PostgreSQL", Quality::Operations),
            ("Launch by September with a team of four", Quality::Project),
            ("Friendly tone", Quality::Other),
        ] {
            assert_eq!(Quality::of(text), expected, "{text}");
        }
    }
}
