//! Limits that do not follow the machine: the planning documents' fixed pool.

use super::{Law, Pressure, Window};

/// Fewest and most workers of the fixed pool.
const WORKERS: std::ops::RangeInclusive<u32> = 2..=16;

/// Workers of the fixed pool, W = clamp(min(max(2, min(threads − 2, 2 × cores)), max(2, ⌊0.6 × GB⌋)), 2, 16), for
/// physical `cores`, hardware `threads` and `gigabytes` of memory.
pub fn planned_workers(cores: u32, threads: u32, gigabytes: u64) -> u32 {
    let by_cpu = threads.saturating_sub(2).min(cores.saturating_mul(2)).max(*WORKERS.start());
    let by_memory = u32::try_from(gigabytes.saturating_mul(6) / 10).unwrap_or(u32::MAX).max(*WORKERS.start());
    by_cpu.min(by_memory).clamp(*WORKERS.start(), *WORKERS.end())
}

/// A limit that stays where it was set.
pub(crate) struct FixedLaw(pub(crate) u32);

impl Law for FixedLaw {
    fn first(&self) -> (u32, String) {
        (self.0.max(1), String::from("fixed: limits do not follow the machine (use_hardware_scaling is off)"))
    }

    fn next(&mut self, _: u32, _: &Window, _: &Pressure) -> Option<(u32, String)> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_planning_formula_gives_its_examples() {
        // Cores, threads, gigabytes: workers.
        for (cores, threads, gigabytes, workers) in
            [(1, 1, 1, 2), (4, 8, 16, 6), (8, 16, 32, 14), (16, 32, 64, 16), (64, 8, 1_000, 6), (8, 16, 4, 2)]
        {
            assert_eq!(planned_workers(cores, threads, gigabytes), workers, "{cores}/{threads}/{gigabytes}");
        }
    }
}
