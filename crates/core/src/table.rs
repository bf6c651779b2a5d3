//! Which input a run takes in which state: the whole life cycle at one glance.

use model::{Input, RunState};

/// An input without its contents: a column of the table below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InputKind {
    /// Begin.
    Start,
    /// What attempts report: chunks, ends, log lines, facts; and workers that died.
    Attempt,
    /// A signal, or its absence.
    Signal,
    /// Hold the run.
    Pause,
    /// Let it go on.
    Resume,
    /// End it.
    Cancel,
    /// Make failed tasks ready again.
    RetryFailed,
    /// What happens to deliveries: they go on after their run has ended.
    Delivery,
    /// Run a stage and all that follows it again.
    RetryFrom,
}

impl InputKind {
    /// All kinds, in the order of the table's columns.
    pub const ALL: [Self; 9] = [
        Self::Start,
        Self::Attempt,
        Self::Signal,
        Self::Pause,
        Self::Resume,
        Self::Cancel,
        Self::RetryFailed,
        Self::Delivery,
        Self::RetryFrom,
    ];

    /// The kind of `input`.
    pub fn of(input: &Input) -> Self {
        match input {
            Input::Start => Self::Start,
            Input::Emitted { .. }
            | Input::Succeeded { .. }
            | Input::Failed { .. }
            | Input::Lost { .. }
            | Input::Log { .. }
            | Input::App { .. } => Self::Attempt,
            Input::Signal { .. } | Input::SignalExpired { .. } => Self::Signal,
            Input::Pause { .. } => Self::Pause,
            Input::Resume { .. } => Self::Resume,
            Input::Cancel { .. } => Self::Cancel,
            Input::RetryFailed { .. } => Self::RetryFailed,
            Input::RetryFrom { .. } => Self::RetryFrom,
            Input::Staged { .. } | Input::Settled { .. } | Input::Replayed { .. } | Input::Blocked { .. } => {
                Self::Delivery
            }
        }
    }

    /// The word for it in errors.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Attempt => "attempt",
            Self::Signal => "signal",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
            Self::RetryFailed => "retry",
            Self::Delivery => "delivery",
            Self::RetryFrom => "retry from a stage",
        }
    }
}

/// Whether a run in `state` takes an input of `kind`. A late outcome of an attempt finds its run ended and is refused;
/// a paused run still takes the ends of attempts that were under way.
#[rustfmt::skip]
pub fn is_legal(state: RunState, kind: InputKind) -> bool {
    const TABLE: [(RunState, [bool; 9]); 8] = {
        const Y: bool = true;
        const N: bool = false;
        //                                  start attempt signal pause resume cancel retry  delivery from
        [
            (RunState::Queued,              [Y,    N,     N,     N,    N,     Y,     N,     N,       N]),
            (RunState::Running,             [N,    Y,     Y,     Y,    N,     Y,     Y,     Y,       N]),
            (RunState::Waiting,             [N,    Y,     Y,     Y,    N,     Y,     Y,     Y,       N]),
            (RunState::Paused,              [N,    Y,     Y,     N,    Y,     Y,     Y,     Y,       N]),
            (RunState::Completed,           [N,    N,     N,     N,    N,     N,     N,     Y,       Y]),
            (RunState::CompletedWithErrors, [N,    N,     N,     N,    N,     N,     Y,     Y,       Y]),
            (RunState::Failed,              [N,    N,     N,     N,    N,     N,     Y,     Y,       Y]),
            (RunState::Cancelled,           [N,    N,     N,     N,    N,     N,     Y,     Y,       Y]),
        ]
    };
    TABLE.iter().any(|(row, columns)| *row == state && columns[kind as usize])
}
