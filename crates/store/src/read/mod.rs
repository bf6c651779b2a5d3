//! Reading: runs, events, tasks and what the system is made of. Every verb answers from committed data, beside the writer.

mod event;
mod run;
mod system;
mod task;

use db::Value;

pub use event::{Epoch, EventPage, FeedHead, Kinds, Order};
pub use run::RunFilter;
pub use system::{MAX_WORKERS, ScheduleRecord, WorkerRecord};
pub use task::{ErrorGroup, TaskFilter, TaskRecord, Timeline, TimelineAttempt};

/// Most rows that one page of a list holds.
pub const MAX_PAGE: u32 = 1_000;

/// `text` as a pattern that matches it anywhere, in lower case, with the signs of LIKE taken literally.
pub(crate) fn anywhere(text: &str) -> Value {
    db::anywhere(&text.to_lowercase())
}

/// `?{first}, ?{first+1}, …`: as many parameters as `count`.
fn placeholders(first: usize, count: usize) -> String {
    (first..first + count).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_like_are_taken_literally() {
        assert_eq!(anywhere("50%_A\\"), Value::from("%50\\%\\_a\\\\%"));
        assert_eq!(placeholders(4, 3), "?4, ?5, ?6");
    }
}
