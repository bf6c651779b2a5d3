//! Pressure stall information: how much of the time something waited for a resource.

/// Percent of the last ten seconds in which something waited; `None` where the kernel does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pressure {
    pub(crate) cpu: Option<f64>,
    pub(crate) io: Option<f64>,
    pub(crate) memory: Option<f64>,
}

impl Pressure {
    /// As the kernel says now.
    pub(crate) fn read() -> Self {
        let of = |name: &str| some_avg10(&std::fs::read_to_string(format!("/proc/pressure/{name}")).ok()?);
        Self { cpu: of("cpu"), io: of("io"), memory: of("memory") }
    }

    /// Whether the kernel says anything.
    pub(crate) fn is_known(&self) -> bool {
        self.cpu.is_some() || self.io.is_some() || self.memory.is_some()
    }
}

/// `avg10` of the line `some` of a file like `some avg10=1.53 avg60=0.87 avg300=0.73 total=1234`.
fn some_avg10(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with("some"))?;
    line.split_whitespace().find_map(|word| word.strip_prefix("avg10="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ten_seconds_figure_is_read_and_anything_else_is_unknown() {
        assert_eq!(some_avg10("some avg10=1.53 avg60=0.8 avg300=0.7 total=9\nfull avg10=0.0"), Some(1.53));
        for text in ["", "full avg10=3.0", "some avg60=1", "some avg10=x"] {
            assert_eq!(some_avg10(text), None, "{text}");
        }
    }
}
