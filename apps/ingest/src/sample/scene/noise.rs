//! Value noise: smooth random hills in one and two dimensions.

use super::super::random::{Random, mixed};
use super::lerp;

fn lattice(seed: u64, x: i32, y: i32) -> f32 {
    let key = (x as u32 as u64) << 32 | y as u32 as u64;
    (mixed(key ^ seed) >> 40) as f32 / (1_u32 << 24) as f32
}

fn ease(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

fn plane(seed: u64, x: f32, y: f32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (tx, ty) = (ease(x - left), ease(y - top));
    let (left, top) = (left as i32, top as i32);
    let upper = lerp(lattice(seed, left, top), lattice(seed, left + 1, top), tx);
    let lower = lerp(lattice(seed, left, top + 1), lattice(seed, left + 1, top + 1), tx);
    lerp(upper, lower, ty)
}

/// Hills along a line: `octaves` of noise, each half as high and twice as fine; about 0–1.
pub(super) fn line(seed: u64, x: f32, octaves: u32) -> f32 {
    let (mut sum, mut weight, mut scale, mut total) = (0.0, 0.5, 1.0, 0.0);
    for octave in 0..octaves {
        sum += weight * plane(seed, x * scale, octave as f32 * 17.5);
        total += weight;
        weight *= 0.5;
        scale *= 2.03;
    }
    sum / total
}

/// Noise over the unit square, calculated on a grid and read between its points: as smooth as the
/// grid is fine, and cheap for every pixel.
#[derive(Debug)]
pub(super) struct Field {
    side: usize,
    values: Vec<f32>,
}

impl Field {
    /// `scale` hills across at the coarsest of `octaves`; values about 0–1.
    pub(super) fn new(random: &mut Random, scale: f32, octaves: u32, side: usize) -> Self {
        let seed = random.next();
        let mut values = Vec::with_capacity((side + 1) * (side + 1));
        for y in 0..=side {
            for x in 0..=side {
                let (u, v) = (x as f32 / side as f32 * scale, y as f32 / side as f32 * scale);
                let (mut sum, mut weight, mut fine, mut total) = (0.0, 0.5, 1.0, 0.0);
                for octave in 0..octaves {
                    sum += weight * plane(seed.wrapping_add(u64::from(octave)), u * fine, v * fine);
                    total += weight;
                    weight *= 0.5;
                    fine *= 2.0;
                }
                values.push(sum / total);
            }
        }
        Self { side, values }
    }

    /// The value at (`u`, `v`), both 0–1 and clamped to it.
    pub(super) fn at(&self, u: f32, v: f32) -> f32 {
        let side = self.side as f32;
        let (x, y) = (u.clamp(0.0, 0.9999) * side, v.clamp(0.0, 0.9999) * side);
        let (left, top) = (x as usize, y as usize);
        let (tx, ty) = (x - left as f32, y - top as f32);
        let row = top * (self.side + 1) + left;
        let upper = lerp(self.values[row], self.values[row + 1], tx);
        let below = row + self.side + 1;
        lerp(upper, lerp(self.values[below], self.values[below + 1], tx), ty)
    }
}
