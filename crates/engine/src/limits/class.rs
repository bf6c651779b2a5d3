//! What a limit limits.

use model::WaitClass;
use std::sync::Arc;

/// What a limit limits: the attempts that share a resource.
///
/// Attempts that compute share the machine's CPUs, whatever their activity, and calls of a rate-limited service share its
/// bucket. Work that waits has a limit for each activity: two activities wait for two services, and what one of them
/// answers says nothing of the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LimitClass {
    /// `cpu`.
    Cpu,
    /// `io:<activity>`.
    Io(Arc<str>),
    /// `bucket:<name>`.
    Bucket(Arc<str>),
}

impl LimitClass {
    /// The limit of an activity that waits for `class`.
    pub(crate) fn of(class: &WaitClass, activity: &str) -> Self {
        match class {
            WaitClass::Cpu => Self::Cpu,
            WaitClass::Io => Self::Io(Arc::from(activity)),
            WaitClass::Bucket(name) => Self::Bucket(Arc::from(name.as_str())),
        }
    }
}

impl std::fmt::Display for LimitClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Io(activity) => write!(f, "io:{activity}"),
            Self::Bucket(name) => write!(f, "bucket:{name}"),
        }
    }
}

impl serde::Serialize for LimitClass {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
