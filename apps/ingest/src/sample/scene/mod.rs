//! Pictures drawn by formula: landscapes, skylines, planets, light, paint, patterns.
//!
//! Every painter is a pure function of seed and size, so that a sample is the same everywhere and a
//! near duplicate can be painted again in another size. The aim is a library that is pleasant to look
//! at and has what analysis looks for: edges, gradients, texture, dark and bright pictures.

mod abstracts;
mod landscape;
mod noise;
mod skyline;
mod space;

use image::{Rgb, RgbImage};

use super::random::{Random, mixed};

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scene {
    Mountains,
    Skyline,
    Planet,
    Bokeh,
    Marble,
    Tiles,
    Mandala,
    Dunes,
}

impl Scene {
    pub(super) const ALL: [Self; 8] = [
        Self::Mountains,
        Self::Skyline,
        Self::Planet,
        Self::Bokeh,
        Self::Marble,
        Self::Tiles,
        Self::Mandala,
        Self::Dunes,
    ];

    /// The folder its pictures lie in, and the start of their names.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Mountains => "mountains",
            Self::Skyline => "skyline",
            Self::Planet => "planet",
            Self::Bokeh => "bokeh",
            Self::Marble => "marble",
            Self::Tiles => "tiles",
            Self::Mandala => "mandala",
            Self::Dunes => "dunes",
        }
    }

    /// Paints the scene. The picture is the same at every size, but for its detail.
    pub(super) fn paint(self, seed: u64, width: u32, height: u32) -> RgbImage {
        let mut random = Random::new(mixed(seed ^ 0x5EED));
        match self {
            Self::Mountains => landscape::mountains(&mut random, width, height),
            Self::Dunes => landscape::dunes(&mut random, width, height),
            Self::Skyline => skyline::skyline(&mut random, width, height),
            Self::Planet => space::planet(&mut random, width, height),
            Self::Bokeh => abstracts::bokeh(&mut random, width, height),
            Self::Marble => abstracts::marble(&mut random, width, height),
            Self::Tiles => abstracts::tiles(&mut random, width, height),
            Self::Mandala => abstracts::mandala(&mut random, width, height),
        }
    }
}

/// A colour, each channel 0–1.
type Colour = [f32; 3];

fn rgb(hex: u32) -> Colour {
    [16, 8, 0].map(|shift| (hex >> shift & 0xFF) as f32 / 255.0)
}

fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

fn mix(a: Colour, b: Colour, t: f32) -> Colour {
    std::array::from_fn(|i| lerp(a[i], b[i], t))
}

fn add(a: Colour, b: Colour, t: f32) -> Colour {
    std::array::from_fn(|i| a[i] + b[i] * t)
}

fn times(a: Colour, t: f32) -> Colour {
    a.map(|c| c * t)
}

/// 0 below `from`, 1 above `to`, smooth between.
fn smoothstep(from: f32, to: f32, value: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A colour from stops spread evenly over 0–1.
fn gradient(stops: &[Colour], t: f32) -> Colour {
    let at = t.clamp(0.0, 1.0) * (stops.len() - 1) as f32;
    let index = (at as usize).min(stops.len() - 2);
    mix(stops[index], stops[index + 1], at - index as f32)
}

fn pixel(colour: Colour) -> Rgb<u8> {
    Rgb(colour.map(|c| (c.clamp(0.0, 1.0) * 255.0 + 0.5) as u8))
}

/// Fills a picture from a function of the pixel.
fn fill(width: u32, height: u32, mut colour: impl FnMut(u32, u32) -> Colour) -> RgbImage {
    let mut picture = RgbImage::new(width, height);
    for (y, row) in (0..).zip(picture.chunks_exact_mut(width as usize * 3)) {
        for (x, out) in (0..).zip(row.chunks_exact_mut(3)) {
            out.copy_from_slice(&pixel(colour(x, y)).0);
        }
    }
    picture
}

/// A sine good to a thousandth. The system's differs from machine to machine in its last digits, and
/// takes several times as long.
fn sin(radians: f32) -> f32 {
    let turns = radians * std::f32::consts::FRAC_1_PI * 0.5;
    let part = turns - turns as i32 as f32;
    // −1..1 for a whole turn, around half of it.
    let z = if part < 0.0 { part + 1.0 } else { part } * 2.0 - 1.0;
    let arc = 4.0 * z * (1.0 - z.abs());
    -(0.225 * (arc * arc.abs() - arc) + arc)
}

fn cos(radians: f32) -> f32 {
    sin(radians + std::f32::consts::FRAC_PI_2)
}

/// The angle of a direction in −π..π, good to a hundredth.
fn angle(x: f32, y: f32) -> f32 {
    let (low, high) = (x.abs().min(y.abs()), x.abs().max(y.abs()).max(f32::MIN_POSITIVE));
    let t = low / high;
    let octant = t * (std::f32::consts::FRAC_PI_4 + 0.273 * (1.0 - t));
    let quarter = if y.abs() > x.abs() { std::f32::consts::FRAC_PI_2 - octant } else { octant };
    let half = if x < 0.0 { std::f32::consts::PI - quarter } else { quarter };
    if y < 0.0 { -half } else { half }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scene_is_determined_by_its_seed_and_is_no_flat_area() {
        for scene in Scene::ALL {
            let picture = scene.paint(3, 48, 40);
            assert_eq!(picture, scene.paint(3, 48, 40), "{scene:?}");
            assert_ne!(picture, scene.paint(4, 48, 40), "{scene:?}");
            let low = picture.as_raw().iter().min();
            let high = picture.as_raw().iter().max();
            assert!(high > low.map(|v| v + 60).as_ref(), "{scene:?} {low:?} {high:?}");
        }
    }

    #[test]
    fn quick_functions_are_near_the_true_ones() {
        for step in -400..400 {
            let x = step as f32 * 0.05;
            assert!((sin(x) - x.sin()).abs() < 2e-3 && (cos(x) - x.cos()).abs() < 2e-3, "{x}");
            let (dx, dy) = (x.cos() * 3.0, x.sin() * 3.0);
            let apart = (angle(dx, dy) - dy.atan2(dx)).abs();
            assert!(apart < 1e-2 || (apart - std::f32::consts::TAU).abs() < 1e-2, "{x}: {apart}");
        }
    }

    #[test]
    fn the_smallest_sizes_can_be_painted() {
        for scene in Scene::ALL {
            for (width, height) in [(1, 1), (2, 9), (9, 2)] {
                assert_eq!(scene.paint(1, width, height).dimensions(), (width, height));
            }
        }
    }
}
