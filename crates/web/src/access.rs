//! Who may do what: one pure function over roles, scopes and permissions. What is not allowed is denied.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What a route needs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Permission { $($(#[$doc])* $name,)* }

        impl Permission {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// `resource:action`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

permissions! {
    /// See runs, their tasks, events and progress.
    RunsRead = "runs:read",
    /// Start, cancel, pause, resume and retry runs.
    RunsWrite = "runs:write",
    /// Send signals to runs.
    RunsSignal = "runs:signal",
    /// See ingest runs, their files, and the folders below the media roots.
    IngestRead = "ingest:read",
    /// Start ingest runs, choose files, commit.
    IngestWrite = "ingest:write",
    /// See the library and its media.
    LibraryRead = "library:read",
    /// Rate the library's media.
    LibraryWrite = "library:write",
    /// See deliveries and destinations.
    OutboxRead = "outbox:read",
    /// Replay deliveries; pause, resume and test destinations.
    OutboxWrite = "outbox:write",
    /// Make, change and remove destinations and secrets.
    DestinationsWrite = "destinations:write",
    /// See limits, nodes and the hardware.
    SystemRead = "system:read",
    /// Pin limits.
    LimitsWrite = "limits:write",
    /// See schedules.
    SchedulesRead = "schedules:read",
    /// Make, change and remove schedules.
    SchedulesWrite = "schedules:write",
    /// Make and revoke one's own tokens.
    TokensWrite = "tokens:write",
    /// Make, change and remove users; see and revoke their tokens.
    UsersWrite = "users:write",
    /// See the effective settings.
    SettingsRead = "settings:read",
    /// See the audit log.
    AuditRead = "audit:read",
    /// Make backups.
    BackupWrite = "backup:write",
    /// See the figures for Prometheus.
    MetricsRead = "metrics:read",
}

impl Permission {
    /// The permission of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == word)
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u32);

impl Permissions {
    /// Every permission.
    pub fn all() -> Self {
        Permission::ALL.iter().copied().collect()
    }

    /// Whether `permission` is among them.
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Those in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of them are in `other`.
    pub fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Those in it, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }

    /// Reads a scope: a permission's word, `resource:*`, or `*`. `None` where it means nothing.
    pub fn parse(scope: &str) -> Option<Self> {
        if scope == "*" {
            return Some(Self::all());
        }
        if let Some(resource) = scope.strip_suffix(":*") {
            let matches = |permission: &Permission| {
                permission.as_str().split_once(':').is_some_and(|(of, _)| of == resource)
            };
            let set: Self = Permission::ALL.iter().copied().filter(matches).collect();
            return (set != Self::default()).then_some(set);
        }
        Permission::parse(scope).map(|permission| [permission].into_iter().collect())
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | permission.bit()))
    }
}

impl Extend<Permission> for Permissions {
    fn extend<I: IntoIterator<Item = Permission>>(&mut self, permissions: I) {
        for permission in permissions {
            self.0 |= permission.bit();
        }
    }
}

/// What a person is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May do everything.
    Admin,
    /// Runs things: starts, stops, retries, commits, tunes.
    Operator,
    /// Looks on.
    Viewer,
}

impl Role {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }

    /// The role of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Admin, Self::Operator, Self::Viewer].into_iter().find(|role| role.as_str() == word)
    }

    /// What it may do. Each permission is decided on here, by name: a new one does not compile until it is.
    pub fn permissions(self) -> Permissions {
        let least = |permission: Permission| match permission {
            Permission::RunsRead
            | Permission::IngestRead
            | Permission::LibraryRead
            | Permission::OutboxRead
            | Permission::SystemRead
            | Permission::SchedulesRead
            | Permission::TokensWrite => Self::Viewer,
            Permission::RunsWrite
            | Permission::RunsSignal
            | Permission::IngestWrite
            | Permission::LibraryWrite
            | Permission::OutboxWrite
            | Permission::LimitsWrite
            | Permission::SchedulesWrite
            | Permission::SettingsRead
            | Permission::MetricsRead => Self::Operator,
            Permission::DestinationsWrite
            | Permission::UsersWrite
            | Permission::AuditRead
            | Permission::BackupWrite => Self::Admin,
        };
        Permission::ALL.iter().copied().filter(|permission| self.includes(least(*permission))).collect()
    }

    fn includes(self, other: Self) -> bool {
        let rank = |role| match role {
            Self::Viewer => 0,
            Self::Operator => 1,
            Self::Admin => 2,
        };
        rank(self) >= rank(other)
    }
}

/// What someone was granted: a role, held within scopes where they come with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The role of the person behind it.
    pub role: Role,
    /// The scopes of a token; `None` for the person.
    pub scopes: Option<Permissions>,
}

impl Grant {
    /// What it allows: never more than the role does.
    pub fn permissions(&self) -> Permissions {
        let role = self.role.permissions();
        self.scopes.map_or(role, |scopes| scopes.and(role))
    }
}

/// What a route asks of whoever calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: anyone may call it.
    Open,
    /// To be signed in, whatever the role.
    SignedIn,
    /// A permission.
    Needs(Permission),
}

impl Access {
    /// The word for it: `open`, `signed_in`, or the permission's.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::SignedIn => "signed_in",
            Self::Needs(permission) => permission.as_str(),
        }
    }
}

impl From<Permission> for Access {
    fn from(permission: Permission) -> Self {
        Self::Needs(permission)
    }
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Go on.
    Allow,
    /// Nobody is signed in.
    SignIn,
    /// Who is signed in may not.
    Deny,
}

/// Decides whether someone with `grant` (nobody, where there is none) may call a route that asks for `access`.
pub fn decide(grant: Option<&Grant>, access: Access) -> Decision {
    match (access, grant) {
        (Access::Open, _) | (Access::SignedIn, Some(_)) => Decision::Allow,
        (_, None) => Decision::SignIn,
        (Access::Needs(permission), Some(grant)) if grant.permissions().contains(permission) => {
            Decision::Allow
        }
        (Access::Needs(_), Some(_)) => Decision::Deny,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_anyone_only_open_routes_answer() {
        assert_eq!(decide(None, Access::Open), Decision::Allow);
        assert_eq!(decide(None, Access::SignedIn), Decision::SignIn);
        for permission in Permission::ALL {
            assert_eq!(decide(None, Access::Needs(*permission)), Decision::SignIn, "{permission}");
        }
    }

    #[test]
    fn each_role_may_what_the_lower_may_and_more() {
        let [viewer, operator, admin] =
            [Role::Viewer, Role::Operator, Role::Admin].map(|role| role.permissions());
        assert!(viewer.is_within(operator) && operator.is_within(admin) && viewer != operator);
        assert_eq!(admin, Permissions::all());
        assert!(viewer.iter().all(|p| p.as_str().ends_with(":read") || p == Permission::TokensWrite));
    }

    #[test]
    fn scopes_never_reach_beyond_the_role() {
        for role in [Role::Viewer, Role::Operator, Role::Admin] {
            for permission in Permission::ALL.iter().copied() {
                let wide = Grant { role, scopes: Some(Permissions::all()) };
                let plain = Grant { role, scopes: None };
                let narrow = Grant { role, scopes: Some(Permissions::default()) };
                let access = Access::Needs(permission);
                assert_eq!(decide(Some(&wide), access), decide(Some(&plain), access));
                assert_eq!(decide(Some(&narrow), access), Decision::Deny);
            }
        }
    }

    #[test]
    fn scopes_are_words_or_resources() {
        let one = |words: &[Permission]| Some(words.iter().copied().collect::<Permissions>());
        assert_eq!(Permissions::parse("runs:read"), one(&[Permission::RunsRead]));
        assert_eq!(Permissions::parse("ingest:*"), one(&[Permission::IngestRead, Permission::IngestWrite]));
        assert_eq!(Permissions::parse("*"), Some(Permissions::all()));
        for nothing in ["", "runs", "runs:", "runs:fly", ":*", "run:*", "**"] {
            assert_eq!(Permissions::parse(nothing), None, "{nothing}");
        }
    }
}
