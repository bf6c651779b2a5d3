//! What the machine really gives: CPUs by quota and affinity, memory by limit.

use super::Pressure;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What was detected at start.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hardware {
    /// CPUs that the process may use: the least of affinity and quota; a quota may be a fraction.
    pub cpus_effective: f64,
    /// CPUs that the machine has.
    pub cpus_online: u32,
    /// Memory that the process may use, in bytes; 0 where unknown.
    pub memory_limit_bytes: u64,
    /// Where the figures come from: `cgroup v2`, `cgroup v1`, `affinity`.
    pub source: String,
}

/// What was detected, and how the machine does now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HardwareStatus {
    /// What was detected at start.
    #[serde(flatten)]
    pub hardware: Hardware,
    /// Memory that the process uses, in bytes.
    pub memory_used_bytes: u64,
    /// Percent of the last ten seconds in which something waited for CPU, IO, memory; `None` where the kernel
    /// does not say.
    pub pressure: Option<[f64; 3]>,
    /// The machine's load of the last minute.
    pub load: f64,
}

impl Hardware {
    /// Looks at the machine.
    pub fn detect() -> Self {
        let affinity = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let online = online_cpus().unwrap_or(affinity as u32);
        let memory = memory_total().unwrap_or(0);
        let root = Path::new("/sys/fs/cgroup");
        let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let limits = Cgroup::read(root, &own);
        let quota = limits.cpus.filter(|quota| *quota < affinity as f64);
        Self {
            cpus_effective: quota.unwrap_or(affinity as f64),
            cpus_online: online,
            memory_limit_bytes: limits.memory.map_or(memory, |limit| limit.min(memory.max(1))),
            source: String::from(if limits.cpus.is_some() || limits.memory.is_some() {
                limits.version
            } else {
                "affinity"
            }),
        }
    }

    /// How the machine does now.
    pub fn status(&self) -> HardwareStatus {
        let pressure = Pressure::read();
        let known = pressure
            .is_known()
            .then(|| [pressure.cpu, pressure.io, pressure.memory].map(Option::unwrap_or_default));
        HardwareStatus {
            hardware: self.clone(),
            memory_used_bytes: memory_used().unwrap_or(0),
            pressure: known,
            load: load().unwrap_or(0.0),
        }
    }
}

/// Limits of the process's control groups.
#[derive(Debug, Default, PartialEq)]
struct Cgroup {
    cpus: Option<f64>,
    memory: Option<u64>,
    version: &'static str,
}

impl Cgroup {
    /// `own` is the text of `/proc/self/cgroup`: `0::/path` for v2, `4:cpu,cpuacct:/path` for v1; a hybrid has both.
    fn read(root: &Path, own: &str) -> Self {
        let v2 = own.lines().find_map(|line| line.strip_prefix("0::"));
        if let Some(path) = v2.filter(|_| root.join("cgroup.controllers").exists()) {
            let folders = up_to_root(root, path);
            let cpus =
                folders.iter().filter_map(|folder| cpu_max(&read(&folder.join("cpu.max"))?)).reduce(f64::min);
            let memory = folders.iter().filter_map(|folder| number(&folder.join("memory.max"))).min();
            return Self { cpus, memory, version: "cgroup v2" };
        }
        let of = |controller: &str| {
            let path = own.lines().find_map(|line| {
                let mut fields = line.splitn(3, ':').skip(1);
                let names = fields.next()?;
                names.split(',').any(|name| name == controller).then(|| fields.next()).flatten()
            });
            path.map(|path| up_to_root(&root.join(controller), path)).unwrap_or_default()
        };
        let quota = |folder: &PathBuf| {
            let quota = number(&folder.join("cpu.cfs_quota_us"))?;
            let period = number(&folder.join("cpu.cfs_period_us")).filter(|period| *period > 0)?;
            Some(quota as f64 / period as f64)
        };
        let cpus = of("cpu").iter().filter_map(quota).reduce(f64::min);
        // v1 says "no limit" by a number near 2^63.
        let memory =
            |folder: &PathBuf| number(&folder.join("memory.limit_in_bytes")).filter(|limit| *limit < 1 << 60);
        Self { cpus, memory: of("memory").iter().filter_map(memory).min(), version: "cgroup v1" }
    }
}

/// The folder of a group and of all above it: each may limit.
fn up_to_root(root: &Path, path: &str) -> Vec<PathBuf> {
    let full = root.join(path.trim_start_matches('/'));
    full.ancestors().take_while(|folder| folder.starts_with(root)).map(Path::to_path_buf).collect()
}

/// `max 100000` is no limit; `150000 100000` is one and a half CPUs.
fn cpu_max(text: &str) -> Option<f64> {
    let mut words = text.split_whitespace();
    let quota: f64 = words.next()?.parse().ok()?;
    let period: f64 = words.next()?.parse().ok()?;
    (period > 0.0).then(|| quota / period)
}

fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

fn number(path: &Path) -> Option<u64> {
    read(path)?.trim().parse().ok()
}

fn online_cpus() -> Option<u32> {
    let list = read(Path::new("/sys/devices/system/cpu/online"))?;
    let spans = list.trim().split(',').map(|span| {
        let (first, last) = span.split_once('-').unwrap_or((span, span));
        Some(last.parse::<u32>().ok()?.checked_sub(first.parse::<u32>().ok()?)? + 1)
    });
    spans.sum()
}

fn memory_total() -> Option<u64> {
    let text = read(Path::new("/proc/meminfo"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1_024)
}

fn memory_used() -> Option<u64> {
    let pages: u64 = read(Path::new("/proc/self/statm"))?.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4_096)
}

fn load() -> Option<f64> {
    read(Path::new("/proc/loadavg"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_read_as_fractions_of_cpus() {
        assert_eq!(cpu_max("150000 100000"), Some(1.5));
        for text in ["max 100000", "", "1 0", "x y"] {
            assert_eq!(cpu_max(text), None, "{text}");
        }
    }

    #[test]
    fn the_tightest_group_on_the_way_to_the_root_counts() -> std::io::Result<()> {
        let root = tempfile::tempdir()?;
        let leaf = root.path().join("a/b");
        std::fs::create_dir_all(&leaf)?;
        std::fs::write(root.path().join("cgroup.controllers"), "cpu memory")?;
        std::fs::write(root.path().join("a/cpu.max"), "50000 100000")?;
        std::fs::write(leaf.join("cpu.max"), "200000 100000")?;
        std::fs::write(leaf.join("memory.max"), "1048576")?;
        let found = Cgroup::read(root.path(), "0::/a/b\n");
        assert_eq!(found, Cgroup { cpus: Some(0.5), memory: Some(1_048_576), version: "cgroup v2" });
        Ok(())
    }

    #[test]
    fn version_one_and_no_groups_at_all_are_served() -> std::io::Result<()> {
        let root = tempfile::tempdir()?;
        let cpu = root.path().join("cpu/x");
        std::fs::create_dir_all(&cpu)?;
        std::fs::write(cpu.join("cpu.cfs_quota_us"), "-1")?;
        std::fs::write(root.path().join("cpu/cpu.cfs_quota_us"), "300000")?;
        std::fs::write(root.path().join("cpu/cpu.cfs_period_us"), "100000")?;
        assert_eq!(Cgroup::read(root.path(), "3:cpu,cpuacct:/x\n").cpus, Some(3.0));
        assert_eq!(Cgroup::read(root.path(), "").cpus, None);
        Ok(())
    }
}
