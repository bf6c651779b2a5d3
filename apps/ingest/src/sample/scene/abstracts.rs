//! Lights out of focus, marbled paint, tiles, mandalas.

use image::RgbImage;

use super::super::random::{Random, mixed};
use super::noise::Field;
use super::{Colour, add, angle, cos, fill, gradient, mix, pixel, rgb, sin, smoothstep};

const PALETTES: [[u32; 5]; 8] = [
    [0x26_46_53, 0x2A_9D_8F, 0xE9_C4_6A, 0xF4_A2_61, 0xE7_6F_51],
    [0x0D_1B_2A, 0x1B_26_3B, 0x41_5A_77, 0x77_8D_A9, 0xE0_E1_DD],
    [0x58_0F_41, 0xA2_2C_5E, 0xE3_55_6B, 0xF9_9B_7D, 0xFE_E4_C3],
    [0x06_0F_2E, 0x12_3C_69, 0x1E_81_B0, 0x76_C8_C7, 0xF2_F7_D9],
    [0x2B_2D_42, 0x8D_99_AE, 0xED_F2_F4, 0xEF_23_3C, 0xD9_04_29],
    [0x1A_1A_1D, 0x4E_4E_50, 0x6F_2232, 0x95_07_40, 0xC3_07_3F],
    [0x13_3A_1B, 0x3C_6E_3C, 0x8A_A8_4A, 0xDD_D0_6A, 0xFB_F3_C8],
    [0x22_12_4D, 0x53_2B_88, 0x9B_4D_CA, 0xF2_8C_C9, 0xFF_E6_F2],
];

pub(super) fn bokeh(random: &mut Random, width: u32, height: u32) -> RgbImage {
    let palette = random.pick(&PALETTES).map(rgb);
    let (tilt, aspect) = (random.between(-0.5, 0.5), width as f32 / height as f32);
    let mut picture = fill(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let t = v + (u - 0.5) * tilt;
        mix(mix(palette[0], palette[1], t.clamp(0.0, 1.0)), [0.0; 3], 0.35)
    });
    let crowd = random.between(0.15, 0.85);
    for _ in 0..26 + random.below(30) {
        let disc = random.between(0.02, 0.13);
        let (cx, cy) = (random.between(0.0, aspect), crowd + random.between(-0.45, 0.45));
        let light = *random.pick(&palette[2..]);
        let strength = random.between(0.12, 0.5);
        lamp(&mut picture, (cx, cy), disc, light, strength);
    }
    picture
}

/// Adds one disc of light: brighter at its rim, as lenses draw them.
fn lamp(picture: &mut RgbImage, centre: (f32, f32), radius: f32, light: Colour, strength: f32) {
    let (width, height) = picture.dimensions();
    let size = height as f32;
    let span = |at: f32, limit: u32| {
        let from = ((at - radius) * size).floor().clamp(0.0, limit as f32) as u32;
        from..((at + radius) * size).ceil().clamp(0.0, limit as f32) as u32
    };
    for y in span(centre.1, height) {
        for x in span(centre.0, width) {
            let (dx, dy) = (x as f32 / size - centre.0, y as f32 / size - centre.1);
            let away = (dx * dx + dy * dy).sqrt() / radius;
            let cover = smoothstep(1.0, 0.95, away) * (0.72 + 0.28 * smoothstep(0.7, 0.95, away));
            if cover > 0.0 {
                let under = picture.get_pixel(x, y).0.map(|c| f32::from(c) / 255.0);
                picture.put_pixel(x, y, pixel(add(under, light, cover * strength)));
            }
        }
    }
}

pub(super) fn marble(random: &mut Random, width: u32, height: u32) -> RgbImage {
    let palette = random.pick(&PALETTES).map(rgb);
    let (coarse, slow) = (random.between(2.0, 4.0), random.between(1.5, 3.5));
    let bend = Field::new(random, coarse, 4, 96);
    let twist = Field::new(random, slow, 3, 96);
    let (veins, force) = (random.between(5.0, 13.0), random.between(0.25, 0.55));
    let turn = random.between(0.0, 3.1);
    let (across, down) = (cos(turn), sin(turn));
    let aspect = width as f32 / height as f32;
    let flow = Coarse::new(width, height, |x, y| {
        let (u, v) = (x / width as f32, y / height as f32);
        let (p, q) = (bend.at(u, v) - 0.5, twist.at(u, v) - 0.5);
        let (a, b) = (bend.at(u + q * force, v + p * force), twist.at(v - p * force, u + q * force));
        let along = (u - 0.5) * aspect * across + (v - 0.5) * down;
        [sin((along + a * 1.4 + b * 0.8) * veins) * 0.5 + 0.5, a]
    });
    fill(width, height, |x, y| {
        let [wave, a] = flow.at(x, y);
        let colour = gradient(&palette, wave * 0.7 + a * 0.45 - 0.08);
        let vein = smoothstep(0.06, 0.0, (wave - 0.5).abs()) * 0.3;
        add(colour, palette[4], vein)
    })
}

/// Two smooth figures for every second pixel, and between them their mean: a quarter of the work.
struct Coarse {
    wide: usize,
    values: Vec<[f32; 2]>,
}

impl Coarse {
    fn new(width: u32, height: u32, figures: impl Fn(f32, f32) -> [f32; 2]) -> Self {
        let (wide, high) = (width as usize / 2 + 2, height as usize / 2 + 2);
        let place = |i: usize| (i % wide * 2, i / wide * 2);
        let values = (0..wide * high).map(place).map(|(x, y)| figures(x as f32, y as f32)).collect();
        Self { wide, values }
    }

    fn at(&self, x: u32, y: u32) -> [f32; 2] {
        let (x, y) = (x as usize, y as usize);
        let (top, below) = (y / 2 * self.wide, (y / 2 + y % 2) * self.wide);
        let (left, right) = (x / 2, x / 2 + x % 2);
        let corners = [top + left, top + right, below + left, below + right].map(|i| self.values[i]);
        std::array::from_fn(|i| corners.iter().map(|corner| corner[i]).sum::<f32>() * 0.25)
    }
}

/// How a tile is filled.
#[derive(Clone, Copy)]
enum Motif {
    Arcs,
    Rings,
    Triangles,
    Weave,
}

pub(super) fn tiles(random: &mut Random, width: u32, height: u32) -> RgbImage {
    let palette = random.pick(&PALETTES).map(rgb);
    let motif = *random.pick(&[Motif::Arcs, Motif::Rings, Motif::Triangles, Motif::Weave]);
    let count = 5.0 + random.below(7) as f32;
    let light = Field::new(random, 2.0, 2, 24);
    let seed = random.next();
    let long = width.max(height) as f32;
    fill(width, height, |x, y| {
        let (u, v) = (x as f32 / long * count, y as f32 / long * count);
        let tile = mixed((u as u64) << 32 ^ v as u64 ^ seed);
        let (fx, fy) = (u.fract(), v.fract());
        let soft = count / long * 1.5;
        let (ground, figure) = (palette[(tile >> 8) as usize % 2], palette[2 + (tile >> 16) as usize % 3]);
        let inside = motif.at(fx, fy, tile, soft);
        let shade = 0.72 + 0.5 * light.at(x as f32 / width as f32, y as f32 / height as f32);
        mix(ground, figure, inside).map(|c| c * shade)
    })
}

impl Motif {
    /// The share of the figure at a place in its tile.
    fn at(self, x: f32, y: f32, tile: u64, soft: f32) -> f32 {
        let x = if tile & 1 == 0 { x } else { 1.0 - x };
        let y = if tile & 2 == 0 { y } else { 1.0 - y };
        match self {
            Self::Arcs => {
                let (a, b) = ((x * x + y * y).sqrt(), ((1.0 - x).powi(2) + (1.0 - y).powi(2)).sqrt());
                let near = (a - 0.5).abs().min((b - 0.5).abs());
                smoothstep(0.17 + soft, 0.17, near)
            }
            Self::Rings => {
                let away = ((x - 0.5).powi(2) + (y - 0.5).powi(2)).sqrt();
                let rings = sin(away * (9.0 + (tile >> 4 & 7) as f32 * 3.0)) * 0.5 + 0.5;
                smoothstep(0.35, 0.65, rings) * smoothstep(0.5, 0.47, away)
            }
            Self::Triangles => smoothstep(-soft, soft, x - y),
            Self::Weave => {
                let (a, b) = ((0.3..0.7).contains(&x), (0.2..0.8).contains(&y));
                if a {
                    1.0
                } else if b {
                    0.45
                } else {
                    0.0
                }
            }
        }
    }
}

pub(super) fn mandala(random: &mut Random, width: u32, height: u32) -> RgbImage {
    let palette = random.pick(&PALETTES).map(rgb);
    let petals = (5 + random.below(9)) as f32;
    let rings: Vec<(f32, f32, f32)> = (0..4)
        .map(|_| (random.between(2.0, 9.0), random.between(0.0, 6.3), random.between(0.5, 2.5)))
        .collect();
    let spiral = random.between(-5.0, 5.0);
    let (cx, cy) = (random.between(0.38, 0.62), random.between(0.38, 0.62));
    let short = width.min(height) as f32;
    let flower = Coarse::new(width, height, |x, y| {
        let (dx, dy) = ((x - cx * width as f32) / short, (y - cy * height as f32) / short);
        let far = (dx * dx + dy * dy).sqrt();
        let petal = sin(angle(dx, dy) * petals + spiral * far);
        let waves =
            rings.iter().map(|(frequency, phase, sway)| cos(far * frequency * 6.3 + phase + petal * sway));
        [waves.sum::<f32>() / 8.0 + 0.5, far]
    });
    fill(width, height, |x, y| {
        let [wave, far] = flower.at(x, y);
        let colour = gradient(&palette, wave);
        let line = smoothstep(0.05, 0.0, (wave - 0.5).abs()) * 0.5;
        let edge = 1.0 - smoothstep(0.45, 1.1, far) * 0.6;
        mix(colour, palette[4], line).map(|c| c * edge)
    })
}
