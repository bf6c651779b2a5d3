//! A perceptual hash of 64 bits, and groups of pictures that look alike.
//!
//! The hash is taken from the working copy that exists already: luma averaged to 32×32, its lowest
//! 64 frequencies (DCT-II, zigzag order, the mean left out), one bit each: above or below their
//! median. About 30 µs, where a hashing library would resize the decoded picture again (3–6 ms for
//! a megapixel). Scale, re-encoding and brightness hardly move the low frequencies' order;
//! cropping and turning do, and are out of its reach.
//!
//! # Groups
//! [`group_near`] finds neighbours by multi-index hashing: of four 16-bit words at least one differs
//! in at most a quarter of the distance, so that each hash is compared only with those that share a
//! word nearly. 100,000 hashes take a second or less instead of 5·10⁹ comparisons.
//!
//! Groups are stars, not chains: a file joins a group only when it lies within the distance of the
//! group's first file, so that no group spans more than twice the distance, however many pictures
//! stand between. The first file is the first in the given order that no earlier group took.

use std::sync::OnceLock;

use super::working::WorkingCopy;

/// Hashes at most this many bits apart look alike, by default. Pictures scaled, brightened or encoded again lie
/// 0–4 bits away (distances are even: half of all bits are set); of 720,000 pairs of different drawn
/// pictures, many of one motif, ten lie within 6.
pub const DEFAULT_DISTANCE: u32 = 6;
/// The largest distance [`group_near`] searches, in bits; larger ones are cut to it. Beyond it
/// unrelated pictures meet.
pub const MAX_DISTANCE: u32 = 15;
/// Comparisons spent on one group at most: equal words in very many hashes must not make the search
/// quadratic. What is left out then is found by a later group of its own.
const MAX_COMPARISONS: usize = 200_000;

/// Side of the averaged picture.
const SIDE: usize = 32;
/// Frequencies kept in each direction: the zigzag's first 65 need 11.
const FREQUENCIES: usize = 11;

/// The hash of `copy`, or `None` where the picture has no structure to speak of (one flat colour):
/// its bits would be noise, and all flat pictures would look alike.
#[must_use]
pub(super) fn hash(copy: &WorkingCopy) -> Option<u64> {
    let small = averaged(copy);
    let spectrum = spectrum(&small);
    let mut low = [0.0_f32; 64];
    for (value, (u, v)) in low.iter_mut().zip(&tables().zigzag) {
        *value = spectrum[*v][*u];
    }
    let energy = low.iter().map(|c| c * c).sum::<f32>();
    // 1 grey level of standard deviation over 32×32 pixels.
    if energy < (SIDE * SIDE) as f32 {
        return None;
    }
    let mut order = low;
    order.sort_unstable_by(f32::total_cmp);
    let median = f32::midpoint(order[31], order[32]);
    Some(low.iter().rev().fold(0, |bits, c| bits << 1 | u64::from(*c > median)))
}

/// How many bits differ, 0–64.
#[must_use]
pub const fn distance(a: u64, b: u64) -> u32 {
    (a ^ b).count_ones()
}

/// Groups of two or more files whose hashes lie within `max_distance` bits (at most
/// [`MAX_DISTANCE`]) of the group's first file. Each file is in one group at most; groups and their
/// members keep the order given.
#[must_use]
pub fn group_near<Id: Clone>(hashes: &[(Id, u64)], max_distance: u32) -> Vec<Vec<Id>> {
    let max_distance = max_distance.min(MAX_DISTANCE);
    let index = Index::build(hashes.iter().map(|(_, hash)| *hash).collect());
    let flips = flips(max_distance / 4);
    let mut taken = vec![false; hashes.len()];
    let mut groups = Vec::new();
    let mut near = Vec::new();
    for first in 0..hashes.len() {
        if taken[first] {
            continue;
        }
        near.clear();
        index.neighbours(first, max_distance, &flips, &taken, &mut near);
        if near.is_empty() {
            continue;
        }
        near.sort_unstable();
        near.dedup();
        let mut group = vec![hashes[first].0.clone()];
        for member in &near {
            taken[*member as usize] = true;
            group.push(hashes[*member as usize].0.clone());
        }
        taken[first] = true;
        groups.push(group);
    }
    groups
}

/// For each of the four words: the files sorted by that word.
struct Index {
    hashes: Vec<u64>,
    words: [Word; 4],
}

struct Word {
    /// Where in `files` each of the 65,536 values begins.
    starts: Vec<u32>,
    files: Vec<u32>,
}

impl Index {
    fn build(hashes: Vec<u64>) -> Self {
        let words = std::array::from_fn(|word| {
            let value = |hash: u64| usize::from(word_of(hash, word));
            let mut starts = vec![0_u32; 65_537];
            for hash in &hashes {
                starts[value(*hash) + 1] += 1;
            }
            for i in 0..65_536 {
                starts[i + 1] += starts[i];
            }
            let mut next = starts.clone();
            let mut files = vec![0_u32; hashes.len()];
            for (file, hash) in (0_u32..).zip(&hashes) {
                let slot = &mut next[value(*hash)];
                files[*slot as usize] = file;
                *slot += 1;
            }
            Word { starts, files }
        });
        Self { hashes, words }
    }

    /// Appends the files after `first` that lie within the distance and are not `taken`; a file may
    /// be appended more than once.
    fn neighbours(
        &self,
        first: usize,
        max_distance: u32,
        flips: &[u16],
        taken: &[bool],
        near: &mut Vec<u32>,
    ) {
        let hash = self.hashes[first];
        let mut compared = 0;
        for (number, word) in self.words.iter().enumerate() {
            let value = word_of(hash, number);
            for flip in flips {
                let bucket = usize::from(value ^ flip);
                let range = word.starts[bucket] as usize..word.starts[bucket + 1] as usize;
                for file in &word.files[range] {
                    let other = *file as usize;
                    // Equal hashes cost one comparison each once: after that they are taken.
                    if other > first && !taken[other] && distance(hash, self.hashes[other]) <= max_distance {
                        near.push(*file);
                    }
                    compared += 1;
                    if compared >= MAX_COMPARISONS {
                        return;
                    }
                }
            }
        }
    }
}

fn word_of(hash: u64, word: usize) -> u16 {
    (hash >> (16 * word)) as u16
}

/// Every 16-bit mask with at most `radius` bits set (radius ≤ 3: at most 697), fewest bits first.
fn flips(radius: u32) -> Vec<u16> {
    let mut masks: Vec<u16> = (0..=u16::MAX).filter(|mask| mask.count_ones() <= radius).collect();
    masks.sort_by_key(|mask| mask.count_ones());
    masks
}

/// Luma averaged to 32×32: each cell is the mean of the pixels whose area it covers, shares of
/// border pixels included, so that two scales of one picture give nearly the same cells.
fn averaged(copy: &WorkingCopy) -> [[f32; SIDE]; SIDE] {
    let (width, height) = (copy.rgb.width() as usize, copy.rgb.height() as usize);
    let columns = cells(width);
    let rows = cells(height);
    // Down first: whole rows are added at once, in vector code.
    let mut sums = vec![0.0_f32; width];
    std::array::from_fn(|v| {
        sums.fill(0.0);
        let row = &rows[v];
        for y in row.first..=row.last {
            let share = row.share(y);
            let line = &copy.luma[y * width..(y + 1) * width];
            for (sum, luma) in sums.iter_mut().zip(line) {
                *sum += share * f32::from(*luma);
            }
        }
        std::array::from_fn(|u| {
            let column = &columns[u];
            (column.first..=column.last).map(|x| column.share(x) * sums[x]).sum()
        })
    })
}

/// The stretch of pixels under one of 32 cells.
struct Cell {
    first: usize,
    last: usize,
    first_share: f32,
    last_share: f32,
    length: f32,
}

impl Cell {
    /// What the pixel at `at` contributes to the cell's mean.
    fn share(&self, at: usize) -> f32 {
        let covered = if self.first == self.last {
            self.length
        } else if at == self.first {
            self.first_share
        } else if at == self.last {
            self.last_share
        } else {
            1.0
        };
        covered / self.length
    }
}

fn cells(length: usize) -> [Cell; SIDE] {
    let step = length as f32 / SIDE as f32;
    std::array::from_fn(|i| {
        let (from, to) = (i as f32 * step, (i + 1) as f32 * step);
        let first = (from as usize).min(length.saturating_sub(1));
        let last = ((to.ceil() as usize).saturating_sub(1)).clamp(first, length.saturating_sub(1));
        Cell {
            first,
            last,
            first_share: (first + 1) as f32 - from,
            last_share: to - last as f32,
            length: step,
        }
    })
}

/// The lowest frequencies of the orthonormal two-dimensional DCT-II, `[v][u]`.
fn spectrum(small: &[[f32; SIDE]; SIDE]) -> [[f32; FREQUENCIES]; FREQUENCIES] {
    let cosines = &tables().cosines;
    let mut across = [[0.0_f32; FREQUENCIES]; SIDE];
    for (row, out) in small.iter().zip(&mut across) {
        for (cosine, out) in cosines.iter().zip(out.iter_mut()) {
            *out = row.iter().zip(cosine).map(|(a, b)| a * b).sum();
        }
    }
    std::array::from_fn(|v| std::array::from_fn(|u| (0..SIDE).map(|y| across[y][u] * cosines[v][y]).sum()))
}

struct Tables {
    cosines: [[f32; SIDE]; FREQUENCIES],
    /// `(u, v)` of the 64 lowest frequencies after the mean.
    zigzag: [(usize, usize); 64],
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let side = SIDE as f64;
        let cosines = std::array::from_fn(|u| {
            let scale = if u == 0 { (1.0 / side).sqrt() } else { (2.0 / side).sqrt() };
            std::array::from_fn(|x| {
                let angle = std::f64::consts::PI * u as f64 * (2.0 * x as f64 + 1.0) / (2.0 * side);
                (scale * angle.cos()) as f32
            })
        });
        let mut order: Vec<(usize, usize)> =
            (0..FREQUENCIES).flat_map(|v| (0..FREQUENCIES).map(move |u| (u, v))).collect();
        order.sort_by_key(|(u, v)| (u + v, *u));
        let zigzag = std::array::from_fn(|i| order[i + 1]);
        Tables { cosines, zigzag }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use image::{Rgb, RgbImage, imageops};

    use super::*;

    fn picture(seed: u32, width: u32, height: u32) -> RgbImage {
        let s = f64::from(seed);
        RgbImage::from_fn(width, height, |x, y| {
            let (u, v) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
            let a = ((u * (5.0 + s * 1.7) + s).sin() * (v * (4.0 + s * 2.3) - s).cos() + 1.0) * 100.0;
            let b = ((u * v * 9.0 + s * 3.1).sin() + 1.0) * 27.0;
            Rgb([(a + b) as u8, a as u8, b as u8])
        })
    }

    fn hashed(image: &RgbImage) -> u64 {
        hash(&WorkingCopy::of(image)).unwrap()
    }

    #[test]
    fn near_duplicates_are_near_and_different_images_are_not() {
        for seed in 0..12 {
            let original = picture(seed, 900, 600);
            let reference = hashed(&original);
            let brighter = imageops::brighten(&original, 18);
            let smaller = imageops::resize(&original, 500, 333, imageops::FilterType::Triangle);
            let mut jpeg = Vec::new();
            image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 45)
                .encode_image(&original)
                .unwrap();
            let again = image::load_from_memory(&jpeg).unwrap().to_rgb8();
            for (name, copy) in [("brighter", &brighter), ("smaller", &smaller), ("jpeg", &again)] {
                let apart = distance(reference, hashed(copy));
                assert!(apart <= DEFAULT_DISTANCE, "{seed} {name}: {apart}");
            }
            for other in 0..seed {
                let apart = distance(reference, hashed(&picture(other, 900, 600)));
                assert!(apart > DEFAULT_DISTANCE * 3 / 2, "{seed} and {other}: {apart}");
            }
        }
    }

    #[test]
    fn a_flat_picture_has_no_hash() {
        assert_eq!(hash(&WorkingCopy::of(&RgbImage::from_pixel(99, 40, Rgb([200, 3, 9])))), None);
        assert_eq!(hash(&WorkingCopy::of(&RgbImage::new(1, 1))), None);
    }

    #[test]
    fn groups_are_stars_not_chains() {
        // Each neighbour 4 bits on: a chain would join all five.
        let chain: Vec<(u32, u64)> = (0..5).map(|i| (i, (1_u64 << (4 * i)) - 1)).collect();
        assert_eq!(group_near(&chain, 4), vec![vec![0, 1], vec![2, 3]]);
        assert_eq!(group_near(&chain, 0), Vec::<Vec<u32>>::new());
        assert_eq!(group_near(&[("a", 7), ("b", 9), ("c", 7)], 0), vec![vec!["a", "c"]]);
    }

    #[test]
    fn grouping_finds_what_comparing_all_pairs_finds() {
        let mut state = 9_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ (state >> 29)
        };
        let mut hashes: Vec<(usize, u64)> = Vec::new();
        for i in 0..600 {
            let hash = if i % 3 == 0 || i < 10 {
                random()
            } else {
                let flips = random() % 12;
                let base = hashes[random() as usize % hashes.len()].1;
                (0..flips).fold(base, |h, _| h ^ (1 << (random() % 64)))
            };
            hashes.push((i, hash));
        }
        for limit in [0, 1, 3, 4, 8, 11, 15] {
            let mut taken = vec![false; hashes.len()];
            let mut slow = Vec::new();
            for a in 0..hashes.len() {
                let near: Vec<usize> = (a + 1..hashes.len())
                    .filter(|b| !taken[a] && !taken[*b] && distance(hashes[a].1, hashes[*b].1) <= limit)
                    .collect();
                if !near.is_empty() {
                    near.iter().for_each(|b| taken[*b] = true);
                    slow.push([vec![a], near].concat());
                }
            }
            assert_eq!(group_near(&hashes, limit), slow, "distance {limit}");
        }
    }

    #[test]
    fn a_hundred_thousand_hashes_are_grouped_without_comparing_all_pairs() {
        let mut state = 1_u64;
        let hashes: Vec<(u32, u64)> = (0..100_000_u32)
            .map(|i| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                // Every tenth file is a near duplicate of the one before.
                (i, state)
            })
            .collect();
        let mut hashes = hashes;
        for i in (10..hashes.len()).step_by(10) {
            hashes[i].1 = hashes[i - 1].1 ^ 0b101;
        }
        let started = Instant::now();
        let groups = group_near(&hashes, DEFAULT_DISTANCE);
        // Generous: unoptimised builds on a busy machine. All pairs would take minutes there.
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
        assert!(groups.len() >= 9_999, "{}", groups.len());
    }

    #[test]
    fn equal_hashes_in_large_numbers_make_one_group_quickly() {
        let hashes: Vec<(u32, u64)> = (0..50_000).map(|i| (i, 42)).collect();
        let groups = group_near(&hashes, 8);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].len(), 50_000);
    }
}
