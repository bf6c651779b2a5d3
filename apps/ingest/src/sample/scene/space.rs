//! A planet with bands and perhaps a ring, before stars and a nebula.

use image::RgbImage;

use super::super::random::{Random, mixed};
use super::noise::Field;
use super::{Colour, add, cos, fill, gradient, mix, rgb, sin, smoothstep, times};

const PLANETS: [[u32; 4]; 6] = [
    [0x5C_2E_1F, 0xC4_7A_45, 0xF0_D2_A0, 0x8A_4B_30],
    [0x0B_2F_5B, 0x1F_6F_A8, 0x8F_D3_E8, 0xE8_F7_FA],
    [0x2A_12_4A, 0x7A_3F_A0, 0xE0_8A_C8, 0xF9_DD_EC],
    [0x10_33_22, 0x3A_7A_4A, 0xC2_C7_7A, 0xF3_EE_C4],
    [0x3A_3A_40, 0x7F_7A_78, 0xC9_C1_B5, 0x9A_90_88],
    [0x4A_0E16, 0xB2_30_2C, 0xF2_7E_3E, 0xFF_D9_8A],
];

struct Globe {
    centre: (f32, f32),
    radius: f32,
    light: [f32; 3],
    tilt: (f32, f32),
    bands: f32,
    palette: [Colour; 4],
}

pub(super) fn planet(random: &mut Random, width: u32, height: u32) -> RgbImage {
    let palette = random.pick(&PLANETS).map(rgb);
    let haze = mix(random.pick(&PLANETS).map(rgb)[1], palette[1], 0.3);
    let tilt = random.between(-0.6, 0.6);
    let side = random.between(-0.8, 0.8);
    let globe = Globe {
        centre: (random.between(0.3, 0.7), random.between(0.35, 0.65)),
        radius: random.between(0.16, 0.36),
        light: unit([side, random.between(-0.6, 0.2), 0.55]),
        tilt: (cos(tilt), sin(tilt)),
        bands: random.between(2.0, 7.0),
        palette,
    };
    let ring = random.percent(45).then(|| (random.between(1.35, 1.6), random.between(1.9, 2.3)));
    let surface = Field::new(random, 9.0, 5, 160);
    let nebula = Field::new(random, 3.5, 5, 96);
    let stars = random.next();
    let aspect = width as f32 / height as f32;
    let short = aspect.min(1.0);
    fill(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let (dx, dy) = ((u - globe.centre.0) * aspect / short, (v - globe.centre.1) / short);
        let (px, py) = (dx / globe.radius, dy / globe.radius);
        let mut colour = match globe.shade(px, py, &surface) {
            Some(colour) => colour,
            None => {
                let cloud = nebula.at(u, v);
                let base = mix([0.01, 0.012, 0.03], haze, smoothstep(0.42, 0.85, cloud) * 0.7);
                let rim = (px * px + py * py).sqrt() - 1.0;
                let air = globe.palette[2];
                add(star(base, u * aspect, v, stars), air, 0.22 / (1.0 + rim * 9.0).powi(3))
            }
        };
        if let Some((inner, outer)) = ring {
            let (rx, ry) = (px * globe.tilt.0 + py * globe.tilt.1, py * globe.tilt.0 - px * globe.tilt.1);
            let far = (rx * rx + ry * ry * 14.0).sqrt();
            let before = ry > 0.0 || px * px + py * py > 1.0;
            if before && far > inner && far < outer {
                let t = (far - inner) / (outer - inner);
                let gaps = 0.6 + 0.4 * sin(t * 38.0) * cos(t * 11.0);
                let edge = smoothstep(0.0, 0.06, t) * smoothstep(1.0, 0.92, t);
                colour = mix(colour, mix(globe.palette[2], globe.palette[3], t), edge * gaps * 0.8);
            }
        }
        colour
    })
}

impl Globe {
    fn shade(&self, px: f32, py: f32, surface: &Field) -> Option<Colour> {
        let flat = px * px + py * py;
        if flat >= 1.0 {
            return None;
        }
        let pz = (1.0 - flat).sqrt();
        let (rx, ry) = (px * self.tilt.0 + py * self.tilt.1, py * self.tilt.0 - px * self.tilt.1);
        let swirl = surface.at(rx * 0.3 + 0.5, ry * 0.5 + 0.5);
        let band = sin(ry * self.bands + (swirl - 0.5) * 2.2) * 0.5 + 0.5;
        let ground = gradient(&self.palette, band * 0.75 + swirl * 0.25);
        let lit = (px * self.light[0] + py * self.light[1] + pz * self.light[2]).max(0.0);
        let rim = (1.0 - pz).powi(3);
        Some(add(times(ground, 0.03 + lit * 1.15), self.palette[2], rim * lit * 0.5))
    }
}

fn star(colour: Colour, x: f32, y: f32, seed: u64) -> Colour {
    const CELLS: f32 = 70.0;
    let cell = mixed(((x * CELLS) as u64) << 32 ^ (y * CELLS) as u64 ^ seed);
    if cell % 100 >= 14 {
        return colour;
    }
    let (sx, sy) = (0.15 + (cell >> 8 & 0xFF) as f32 / 365.0, 0.15 + (cell >> 16 & 0xFF) as f32 / 365.0);
    let (fx, fy) = ((x * CELLS).fract() - sx, (y * CELLS).fract() - sy);
    let bright = (cell >> 24 & 0xFF) as f32 / 255.0;
    let spot = smoothstep(0.05 + bright * 0.14, 0.0, (fx * fx + fy * fy).sqrt());
    add(colour, [0.9, 0.95, 1.0], spot * (0.4 + bright * 0.6))
}

fn unit(v: [f32; 3]) -> [f32; 3] {
    let length = v.iter().map(|c| c * c).sum::<f32>().sqrt();
    v.map(|c| c / length)
}
