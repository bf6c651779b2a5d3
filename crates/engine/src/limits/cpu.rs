//! Work that computes: as many at once as there are CPUs to compute on.

use super::{Law, Pressure, Window};

/// Share of time in which something waited for a CPU (PSI `some`, percent) above which the limit gives way.
const BRAKE_PERCENT: f64 = 60.0;
/// And below which it comes back.
const FREE_PERCENT: f64 = 30.0;
/// Windows of pressure in a row before it gives way: a moment's pressure is nobody's need.
const SUSTAINED: u32 = 3;

/// See the module.
pub(crate) struct CpuLaw {
    most: u32,
    cpus: f64,
    pressed: u32,
}

impl CpuLaw {
    /// For `cpus` effective CPUs, a quota's fraction included.
    pub(crate) fn new(cpus: f64) -> Self {
        Self { most: (cpus.round() as u32).max(1), cpus, pressed: 0 }
    }
}

impl Law for CpuLaw {
    fn first(&self) -> (u32, String) {
        (self.most, format!("{:.1} effective CPUs", self.cpus))
    }

    fn next(&mut self, limit: u32, window: &Window, pressure: &Pressure) -> Option<(u32, String)> {
        // Our own threads press on the CPUs too: only what is beyond them counts, and that shows where we do not
        // even fill our slots.
        let waits = pressure.cpu?;
        self.pressed = if waits > BRAKE_PERCENT && !window.saturated { self.pressed + 1 } else { 0 };
        if self.pressed >= SUSTAINED && limit > 1 {
            self.pressed = 0;
            return Some((limit - 1, format!("CPU pressure {waits:.0} %: others need the CPUs")));
        }
        if window.saturated && limit < self.most {
            return Some((limit + 1, String::from("more work waits than these slots take")));
        }
        if waits < FREE_PERCENT && limit < self.most {
            return Some((limit + 1, format!("CPU pressure {waits:.0} %: the CPUs are free again")));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_of_a_cpu_is_still_one_slot() {
        assert_eq!(CpuLaw::new(0.4).first().0, 1);
        assert_eq!(CpuLaw::new(2.0).first().0, 2);
    }

    #[test]
    fn pressure_from_others_takes_a_slot_and_its_end_gives_it_back() {
        let mut law = CpuLaw::new(4.0);
        let window = Window { seconds: 1.0, ended: 10, mean_ms: 5.0, ..Window::default() };
        let pressed = Pressure { cpu: Some(80.0), ..Pressure::default() };
        let free = Pressure { cpu: Some(1.0), ..Pressure::default() };
        assert!((1..SUSTAINED).all(|_| law.next(4, &window, &pressed).is_none()), "a moment's pressure");
        assert_eq!(law.next(4, &window, &pressed).map(|(next, _)| next), Some(3));
        let saturated = Window { saturated: true, ..window };
        assert_eq!(law.next(3, &saturated, &pressed).map(|(next, _)| next), Some(4), "there is work for it");
        assert_eq!(law.next(3, &window, &free).map(|(next, _)| next), Some(4));
        assert_eq!(law.next(4, &window, &free), None);
    }
}
