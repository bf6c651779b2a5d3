//! The planning formula: a fixed pool for each stage, by cores, threads and memory. It is what the adaptive limits are
//! measured against, and what holds where a configuration switches them off.

/// Smallest and largest pool.
const POOL: std::ops::RangeInclusive<u32> = 2..=16;

/// Workers of each stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageWorkers {
    /// The pool that the stages share.
    pub pool: u32,
    /// Epics at once.
    pub epics: u32,
    /// Epics whose features are written at once.
    pub features: u32,
    /// Features whose stories are written at once.
    pub stories: u32,
    /// Stories whose tasks are written at once.
    pub tasks: u32,
    /// Stories whose test cases are written at once.
    pub tests: u32,
}

/// The workers for a machine of `cores` physical cores, `threads` hardware threads and `gigabytes` of memory:
/// `W = clamp(min(max(2, min(threads − 2, 2 × cores)), max(2, ⌊0.6 × GB⌋)), 2, 16)`, and for each stage
/// `max(min, ⌊W × k⌋)`.
pub fn worker_formula(cores: u32, threads: u32, gigabytes: u64) -> StageWorkers {
    let by_threads = threads.saturating_sub(2).min(cores.saturating_mul(2)).max(2);
    let by_memory = u32::try_from(gigabytes.saturating_mul(6) / 10).unwrap_or(u32::MAX).max(2);
    let pool = by_threads.min(by_memory).clamp(*POOL.start(), *POOL.end());
    // k in hundredths: whole numbers have no rounding to argue about.
    let share = |hundredths: u32, least: u32| (pool * hundredths / 100).max(least);
    StageWorkers {
        pool,
        epics: share(25, 1),
        features: share(50, 1),
        stories: share(80, 2),
        tasks: share(100, 2),
        tests: share(40, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_gives_its_examples() {
        let examples = [
            ((1, 1, 1), 2, [1, 1, 2, 2, 1]),
            ((4, 8, 16), 6, [1, 3, 4, 6, 2]),
            ((8, 16, 32), 14, [3, 7, 11, 14, 5]),
            ((16, 32, 64), 16, [4, 8, 12, 16, 6]),
        ];
        for ((cores, threads, gigabytes), pool, stages) in examples {
            let workers = worker_formula(cores, threads, gigabytes);
            let found = [workers.epics, workers.features, workers.stories, workers.tasks, workers.tests];
            assert_eq!((workers.pool, found), (pool, stages), "{cores}/{threads}/{gigabytes}");
        }
    }

    #[test]
    fn strange_machines_stay_within_bounds() {
        for (cores, threads, gigabytes) in
            [(0, 0, 0), (u32::MAX, u32::MAX, u64::MAX), (1, 64, 1), (64, 1, 1024)]
        {
            let workers = worker_formula(cores, threads, gigabytes);
            assert!(POOL.contains(&workers.pool) && workers.tasks <= workers.pool && workers.epics >= 1);
        }
    }
}
