//! A city at night or dusk, with lit windows.

use image::RgbImage;

use super::super::random::{Random, mixed};
use super::{Colour, add, fill, gradient, mix, rgb, smoothstep};

const SKIES: [[u32; 3]; 5] = [
    [0x06_08_1F, 0x1B_1F_4B, 0x6B_3F_7A],
    [0x10_1A_3A, 0x51_3A_6E, 0xE8_7A_5D],
    [0x02_04_0C, 0x0A_1A_30, 0x1E_4E_66],
    [0x2B_2D_42, 0x8D_6A_82, 0xF5_C3_A6],
    [0x12_05_1E, 0x4A_0D_4F, 0xD1_3B_7A],
];

/// One building: from its left to its right edge, up to its roof, as shares of the picture.
struct Building {
    left: f32,
    right: f32,
    roof: f32,
    windows: (f32, f32),
    lit: u32,
    seed: u64,
    spire: bool,
}

struct Row {
    buildings: Vec<Building>,
    wall: Colour,
    glow: f32,
}

pub(super) fn skyline(random: &mut Random, width: u32, height: u32) -> RgbImage {
    let sky = random.pick(&SKIES).map(rgb);
    let lamp = mix(rgb(0xFF_D5_8A), rgb(0xCF_E8_FF), random.between(0.0, 1.0));
    let aspect = width as f32 / height as f32;
    let moon = (random.between(0.1, 0.9), random.between(0.08, 0.3), random.between(0.02, 0.06));
    let stars = random.next();
    let rows: Vec<Row> = (0..3).map(|depth| row(random, depth, sky, aspect)).collect();
    fill(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        for row in rows.iter().rev() {
            if let Some(colour) = row.at(u, v, lamp, aspect) {
                return colour;
            }
        }
        let mut colour = gradient(&sky, v * 1.15);
        let (dx, dy) = ((u - moon.0) * aspect, v - moon.1);
        let away = (dx * dx + dy * dy).sqrt();
        colour = add(colour, rgb(0xFF_F4_DC), 0.22 / (1.0 + away * away * 160.0));
        let cell = ((u * aspect * 90.0) as u64) << 32 | (v * 90.0) as u64;
        let star = mixed(cell ^ stars);
        if star % 100 < 4 && v < 0.5 {
            let (sx, sy) = ((star >> 8 & 0xFF) as f32 / 255.0, (star >> 16 & 0xFF) as f32 / 255.0);
            let (fx, fy) = ((u * aspect * 90.0).fract() - sx, (v * 90.0).fract() - sy);
            colour = add(colour, [1.0; 3], smoothstep(0.2, 0.0, (fx * fx + fy * fy).sqrt()) * 0.7);
        }
        mix(colour, rgb(0xFF_F8_E7), smoothstep(moon.2 * 1.05, moon.2 * 0.95, away))
    })
}

fn row(random: &mut Random, depth: u32, sky: [Colour; 3], aspect: f32) -> Row {
    let near = depth as f32 / 2.0;
    let mut buildings = Vec::new();
    let mut left = -0.05;
    while left < 1.05 {
        let broad = random.between(0.05, 0.13) / aspect.max(0.5) * (0.7 + near * 0.6);
        let roof = 0.34 + near * 0.26 + random.between(-0.16, 0.2);
        let pane = random.between(0.011, 0.017) * (0.6 + near * 0.7);
        buildings.push(Building {
            left,
            right: left + broad,
            roof,
            windows: (pane / aspect, pane * random.between(1.0, 1.5)),
            lit: 15 + random.below(45),
            seed: random.next(),
            spire: random.percent(18),
        });
        left += broad + random.between(-0.01, 0.015);
    }
    let wall = mix(mix(sky[1], sky[2], 0.25), rgb(0x05_06_10), 0.45 + near * 0.5);
    Row { buildings, wall, glow: 0.3 + near * 0.7 }
}

impl Row {
    fn at(&self, u: f32, v: f32, lamp: Colour, aspect: f32) -> Option<Colour> {
        let building = self.buildings.iter().rev().find(|b| b.covers(u, v, aspect))?;
        if v < building.roof {
            return Some(self.wall);
        }
        let (x, y) = ((u - building.left) / building.windows.0, (v - building.roof) / building.windows.1);
        let window = mixed(building.seed ^ (x as u64) << 20 ^ y as u64);
        let inside = (0.25..0.8).contains(&x.fract()) && (0.3..0.8).contains(&y.fract()) && y > 0.6;
        let shade = mix(self.wall, [0.0; 3], ((u - building.left) / (building.right - building.left)) * 0.35);
        if inside && (window % 100) < u64::from(building.lit) {
            let bright = 0.35 + (window >> 8 & 0xFF) as f32 / 400.0;
            return Some(mix(shade, lamp, bright * self.glow));
        }
        Some(shade)
    }
}

impl Building {
    fn covers(&self, u: f32, v: f32, aspect: f32) -> bool {
        if u < self.left || u >= self.right {
            return false;
        }
        let middle = f32::midpoint(self.left, self.right);
        v >= self.roof
            || self.spire
                && v >= self.roof - 0.1
                && (u - middle).abs() < (v - self.roof + 0.1) * 0.05 / aspect
    }
}
