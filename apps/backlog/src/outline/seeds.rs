//! What a vision leaves unsaid because everybody expects it: further features of a theme, and themes that every product
//! needs. They are told in the vision's own nouns, and marked as not being in the vision.

use crate::vision::{Quality, Vision};

/// A feature of a theme: `{thing}` and `{things}` are what the theme is about, `{area}` its name.
pub(super) const OF_THEME: &[&str] = &[
    "Find {things} by any known detail",
    "Notify {actors} about changes to {things}",
    "See reports on {area} over time",
    "Import {things} from the spreadsheets in use today",
    "Decide who sees and who changes {things}",
    "Archive {things} without further use",
    "Comment on {things} and mention colleagues",
    "Export {things} for other programs",
    "Configure {area} without a developer",
    "Label {things} with own keywords",
    "Find and merge double {things}",
    "Print {things} for people without a screen",
    "Follow {things} of special interest",
    "Schedule recurring work on {things}",
    "Review {things} after a year without change",
    "Attach files and photos to {things}",
    "Restore earlier versions of {things}",
    "Share {things} with people outside by a link that expires",
    "Suggest improvements to {area}",
    "Explain {area} to newcomers",
];

/// A theme that every product needs.
pub(super) struct Common {
    /// Its title; `{product}` is the product's name.
    pub(super) title: &'static str,
    /// What it is for.
    pub(super) text: &'static str,
    /// Qualities that call for it: the more of them the vision demands, the earlier it comes.
    pub(super) qualities: &'static [Quality],
    /// Words by which a theme of the vision is told to be the same.
    pub(super) words: &'static [&'static str],
    /// The kind of outcome, for the epic's category.
    pub(super) category: &'static str,
    /// Its capabilities. `{actors}` are the vision's actors, `{things}` what its themes are about.
    pub(super) capabilities: &'static [&'static str],
}

/// Themes that every product needs, the most needed first.
pub(super) const COMMON: &[Common] = &[
    Common {
        title: "Accounts and roles in {product}",
        text: "Everybody gets in quickly, and nobody sees or changes what is not theirs.",
        qualities: &[Quality::Security],
        words: &["account", "role", "permission", "sign-in", "login", "access", "user", "member"],
        category: "platform",
        capabilities: &[
            "Sign in with the account that people have already",
            "Manage the roles of {actors}",
            "Invite {actors} and end their access",
            "Review sign-ins and changes of rights",
            "Edit own profile and preferences",
            "Authenticate programs by tokens with few rights",
            "Act as another role to help somebody, visibly",
            "Sign out on all devices at once",
        ],
    },
    Common {
        title: "Privacy and audit of {product}",
        text: "What is known about people is little, protected and deleted in time, and what happened can be proved.",
        qualities: &[Quality::Privacy, Quality::Security],
        words: &["privacy", "audit", "compliance", "gdpr", "protection"],
        category: "trust",
        capabilities: &[
            "Follow the audit trail of {things}",
            "Request and delete own personal data",
            "Delete {things} when their time is over",
            "Record consent and its withdrawal",
            "Report breaches of data protection in time",
            "Review which data go to which service",
            "Restrict who sees sensitive details of {things}",
        ],
    },
    Common {
        title: "Operation of {product}",
        text: "The product runs without heroes: problems are seen early, nothing is lost, and new versions are no event.",
        qualities: &[Quality::Operations, Quality::Availability, Quality::Performance],
        words: &["operation", "monitoring", "hosting", "infrastructure", "deployment"],
        category: "operations",
        capabilities: &[
            "Monitor the health of {product} and raise alarms",
            "Restore {things} from a backup",
            "Release new versions without interrupting {actors}",
            "Measure speed and load at the busiest time",
            "Configure {product} for each environment",
            "Collect requests for help with what is needed to solve them",
            "Migrate data from today's tools",
            "Announce maintenance to {actors}",
        ],
    },
    Common {
        title: "{product} for everybody, everywhere",
        text: "Sight, hands, language, device and connection shut nobody out.",
        qualities: &[Quality::Accessibility, Quality::Languages, Quality::Devices],
        words: &["accessibility", "language", "mobile", "translation", "offline"],
        category: "inclusion",
        capabilities: &[
            "Use {product} with keyboard and screen reader alone",
            "Choose language, formats and time zone",
            "Use {product} on a phone with one hand",
            "Work on while the connection is gone",
            "Find help on each page in plain language",
            "Enlarge text and raise contrast",
            "Print what people need on paper",
        ],
    },
    Common {
        title: "Introduction of {product}",
        text: "People give up the old way because the new one is easier from the first day.",
        qualities: &[Quality::Project],
        words: &["onboarding", "rollout", "training", "introduction"],
        category: "adoption",
        capabilities: &[
            "Import {things} from the tools in use today",
            "Start a pilot with a small group of {actors}",
            "Learn {product} in ten minutes",
            "Measure whether the goals are reached",
            "Collect feedback from {actors} and answer it",
            "Announce what is new to {actors}",
        ],
    },
    Common {
        title: "Insight into the use of {product}",
        text: "Decisions on what comes next rest on what people do.",
        qualities: &[],
        words: &["report", "statistic", "analytics", "insight", "dashboard"],
        category: "insight",
        capabilities: &[
            "See how many {actors} use {product} and for what",
            "Follow the figures behind each goal",
            "Compare groups and times",
            "Export figures for the yearly report",
            "Notify those in charge when a figure leaves its bounds",
        ],
    },
];

impl Common {
    /// How much the vision asks for it.
    pub(super) fn demand(&self, vision: &Vision) -> usize {
        vision.constraints.iter().filter(|constraint| self.qualities.contains(&constraint.quality)).count()
    }
}
