//! Mountains over a lake, and dunes.

use image::RgbImage;

use super::super::random::Random;
use super::noise::{Field, line};
use super::{Colour, add, fill, gradient, lerp, mix, rgb, sin, smoothstep, times};

/// Light of an hour: sky from top to horizon, sun, far and near rock.
struct Hour {
    sky: [u32; 3],
    sun: u32,
    far: u32,
    near: u32,
}

const HOURS: [Hour; 6] = [
    Hour { sky: [0x27_3C_6B, 0xB8_6B_77, 0xF7_C5_9F], sun: 0xFF_E3_B0, far: 0xA8_7C_8C, near: 0x1C_1B_2B },
    Hour { sky: [0x2E_6F_B7, 0x7D_B7_E3, 0xE6_F2_F5], sun: 0xFF_FB_E8, far: 0x8F_B3_CC, near: 0x16_33_2A },
    Hour { sky: [0x1B_1B_3A, 0x7A_2E_55, 0xF2_7B_4B], sun: 0xFF_B8_5C, far: 0x7D_3F_5C, near: 0x10_0D_1C },
    Hour { sky: [0x05_08_1A, 0x12_1F_44, 0x2F_4D_7E], sun: 0xE9_EE_FF, far: 0x22_35_5E, near: 0x05_07_10 },
    Hour { sky: [0x5C_7A_8F, 0xA9_BC_C2, 0xDD_E3_DE], sun: 0xFF_FF_FF, far: 0xA3_B1_B3, near: 0x2A_35_33 },
    Hour { sky: [0x0B_2A_33, 0x1C_6B_6B, 0x9F_E0_C0], sun: 0xD9_FF_EA, far: 0x3C_7F_7C, near: 0x06_18_1C },
];

/// A ridge: the height of its edge over each column, as a share of the picture from the top.
struct Ridge {
    edge: Vec<f32>,
    colour: Colour,
    mist: Colour,
}

pub(super) fn mountains(random: &mut Random, width: u32, height: u32) -> RgbImage {
    let hour = random.pick(&HOURS);
    let sky = hour.sky.map(rgb);
    let sun = (random.between(0.15, 0.85), random.between(0.12, 0.42), random.between(0.025, 0.06));
    let scale = random.between(3.0, 6.0);
    let clouds = Field::new(random, scale, 4, 64);
    let cover = random.between(0.35, 0.7);
    let shore = if random.percent(60) { random.between(0.68, 0.8) } else { 1.0 };
    let ridges = ridges(random, hour, sky[2], width, shore);
    let ripples = random.between(90.0, 160.0);
    let aspect = width as f32 / height as f32;

    let land = |column: usize, u: f32, v: f32| -> Colour {
        for ridge in ridges.iter().rev() {
            let edge = ridge.edge[column];
            if v >= edge {
                let depth = smoothstep(0.0, 0.35, v - edge);
                return mix(ridge.colour, ridge.mist, depth * 0.55);
            }
        }
        let mut colour = gradient(&sky, v / 0.7);
        let cloud = clouds.at(u, (v * 1.6).min(1.0));
        colour = mix(colour, sky[2], smoothstep(cover, cover + 0.3, cloud) * 0.7);
        let (dx, dy) = ((u - sun.0) * aspect, v - sun.1);
        let away = (dx * dx + dy * dy).sqrt();
        let glow = 1.0 / (1.0 + (away / sun.2) * (away / sun.2) * 0.35);
        colour = add(colour, rgb(hour.sun), glow * 0.45);
        mix(colour, rgb(hour.sun), smoothstep(sun.2 * 1.06, sun.2 * 0.94, away))
    };
    fill(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        if v < shore {
            return land(x as usize, u, v);
        }
        // The lake mirrors what stands above its shore, shaken by ripples that grow towards us.
        let depth = v - shore;
        let ripple = sin(depth * ripples + sin(u * 40.0) * 0.6) * depth * 0.06;
        let column = ((u + ripple).clamp(0.0, 0.999) * width as f32) as usize;
        let mirrored = land(column, u + ripple, shore - depth * 1.25 - ripple * 0.4);
        let glint = smoothstep(0.985, 1.0, sin(depth * ripples * 3.1 + u * 31.0));
        add(times(mirrored, lerp(0.86, 0.55, depth * 4.0)), rgb(hour.sun), glint * 0.12)
    })
}

fn ridges(random: &mut Random, hour: &Hour, haze: Colour, width: u32, shore: f32) -> Vec<Ridge> {
    let count = 3 + random.below(3);
    let reach = shore.min(0.95);
    (0..count)
        .map(|layer| {
            let near = (layer as f32 + 0.6) / count as f32;
            let seed = random.next();
            let peaks = lerp(2.2, 5.5, near) * random.between(0.7, 1.3);
            let top = lerp(0.36, reach - 0.1, near) + random.between(-0.03, 0.03);
            let tall = lerp(0.42, 0.14, near);
            let edge = (0..width)
                .map(|x| {
                    let hill = line(seed, x as f32 / width as f32 * peaks, 7);
                    // Sharpen tops: mountains are no waves.
                    let hill = 1.0 - (hill * 2.0 - 1.0).abs();
                    top + (0.5 - hill) * tall * 0.8
                })
                .collect();
            let colour = mix(rgb(hour.far), rgb(hour.near), near * near);
            Ridge { edge, colour, mist: mix(colour, haze, 0.75 * (1.0 - near * 0.8)) }
        })
        .collect()
}

const SANDS: [[u32; 4]; 4] = [
    [0x3B_1F_2B, 0x9C_4A_3C, 0xE0_8E_45, 0xFC_E0_A5],
    [0x24_2B_4A, 0x6B_5B_7B, 0xC4_8A_8A, 0xF4_D3_B8],
    [0x1A_2F_38, 0x3F_6B_6A, 0xA6_B8_8A, 0xF0_EB_CB],
    [0x10_10_28, 0x2D_2F_63, 0x6C_63_A8, 0xC9_C5_F0],
];

pub(super) fn dunes(random: &mut Random, width: u32, height: u32) -> RgbImage {
    let palette = random.pick(&SANDS).map(rgb);
    let layers = 5 + random.below(4) as usize;
    let sun = (random.between(0.2, 0.8), random.between(0.1, 0.28), random.between(0.05, 0.1));
    let aspect = width as f32 / height as f32;
    let edges: Vec<Vec<f32>> = (0..layers)
        .map(|layer| {
            let near = (layer as f32 + 1.0) / layers as f32;
            let (seed, waves) = (random.next(), random.between(0.8, 1.9) + near * 0.6);
            let lean = random.between(-0.25, 0.25);
            (0..width)
                .map(|x| {
                    let u = x as f32 / width as f32;
                    0.24 + near * 0.62 + (line(seed, u * waves, 2) - 0.5) * 0.34 + (u - 0.5) * lean
                })
                .collect()
        })
        .collect();
    let grain = Field::new(random, 90.0, 1, 192);
    fill(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        for (layer, edge) in edges.iter().enumerate().rev() {
            let below = v - edge[x as usize];
            if below >= 0.0 {
                let near = (layer as f32 + 1.0) / layers as f32;
                let slope = edge[(x as usize + 2).min(width as usize - 1)] - edge[x as usize];
                let light = 0.52 - slope * width as f32 * 0.35 - below * 0.9;
                let sand = gradient(&palette, (light - near * 0.25).clamp(0.02, 0.85));
                let crest = smoothstep(0.012, 0.0, below) * 0.35;
                return add(add(sand, palette[3], crest), [1.0; 3], (grain.at(u, v) - 0.5) * 0.06);
            }
        }
        let (dx, dy) = ((u - sun.0) * aspect, v - sun.1);
        let away = (dx * dx + dy * dy).sqrt();
        let colour = mix(palette[1], palette[3], (v * 1.9).min(1.0));
        mix(colour, [1.0, 0.98, 0.92], smoothstep(sun.2 * 1.03, sun.2 * 0.97, away))
    })
}
