//! Technical quality: figures of the picture itself, kept apart from people's scores.
//!
//! Every score is 0–100, one decimal, and a pure function of the [`WorkingCopy`]:
//!
//! | score | formula |
//! | --- | --- |
//! | sharpness | the mean of two log scales, of the variance of the Laplacian in full resolution (4 → 0, 2,500 → 100) and in the working copy (20 → 0, 4,000 → 100). Full resolution sees a slight blur; the small copy sees what remains at viewing size, so that a large soft photograph is not put below a tiny crisp one |
//! | exposure | 100 × balance × (1 − clipped). `balance` falls from 1 to 0 as the mean luma leaves 55–200 for 0 or 255; `clipped` is the share of pixels at luma ≤ 2 or ≥ 253 beyond a free 5 %, tripled, at most 1 |
//! | contrast | the spread between the 5th and the 95th percentile of luma: 0 → 0, 170 → 100 |
//! | resolution | log scale of the pixel count: 0.06 MP → 0, 8 MP → 100 |
//! | overall | 0.45 sharpness + 0.20 exposure + 0.20 contrast + 0.15 resolution |
//!
//! Known limit: noise and film grain read as sharpness.

use serde::{Deserialize, Serialize};

use super::working::WorkingCopy;

/// Technical quality, each figure 0–100 with one decimal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// How crisp edges are.
    pub sharpness: f32,
    /// How well the brightness lies within range.
    pub exposure: f32,
    /// How far dark and bright parts lie apart.
    pub contrast: f32,
    /// How many pixels there are.
    pub resolution: f32,
    /// The weighted mean of the four.
    pub overall: f32,
}

/// Measures the copy of an image that has `width` × `height` pixels in full.
#[must_use]
pub(super) fn measure(copy: &WorkingCopy, width: u32, height: u32) -> Quality {
    let histogram = histogram(&copy.luma);
    let sharpness = sharpness(copy);
    let exposure = exposure(&histogram);
    let contrast = contrast(&histogram);
    let resolution = on_log_scale(f64::from(width) * f64::from(height), 62_500.0, 8_000_000.0);
    let overall = 0.45 * sharpness + 0.20 * exposure + 0.20 * contrast + 0.15 * resolution;
    Quality {
        sharpness: score(sharpness),
        exposure: score(exposure),
        contrast: score(contrast),
        resolution: score(resolution),
        overall: score(overall),
    }
}

/// A fraction as 0–100 with one decimal: what rounding hides cannot differ between machines.
fn score(fraction: f64) -> f32 {
    ((fraction.clamp(0.0, 1.0) * 1_000.0).round() / 10.0) as f32
}

/// 0 at `low`, 1 at `high`, logarithmic between.
fn on_log_scale(value: f64, low: f64, high: f64) -> f64 {
    ((value.max(low) / low).ln() / (high / low).ln()).min(1.0)
}

/// Four histograms side by side: equal neighbours do not wait for each other's counter.
fn histogram(luma: &[u8]) -> [u32; 256] {
    let mut lanes = [[0_u32; 256]; 4];
    let mut groups = luma.chunks_exact(4);
    for group in groups.by_ref() {
        for (lane, value) in lanes.iter_mut().zip(group) {
            lane[usize::from(*value)] += 1;
        }
    }
    for value in groups.remainder() {
        lanes[0][usize::from(*value)] += 1;
    }
    std::array::from_fn(|i| lanes.iter().map(|lane| lane[i]).sum())
}

fn sharpness(copy: &WorkingCopy) -> f64 {
    let small = laplacian_variance(copy);
    let full = copy.detail.unwrap_or(small);
    (on_log_scale(full, 4.0, 2_500.0) + on_log_scale(small, 20.0, 4_000.0)) / 2.0
}

/// Variance of the 4-neighbour Laplacian of the copy's luma.
fn laplacian_variance(copy: &WorkingCopy) -> f64 {
    let (width, height) = (copy.rgb.width() as usize, copy.rgb.height() as usize);
    if width < 3 || height < 3 {
        return 0.0;
    }
    let (mut sum, mut squares) = (0_i64, 0_i64);
    for rows in copy.luma.windows(width * 3).step_by(width) {
        let (above, rest) = rows.split_at(width);
        let (middle, below) = rest.split_at(width);
        // At most 254 squares of 1,020² a row: an i32 holds them.
        let (mut row_sum, mut row_squares) = (0_i32, 0_i32);
        let inner = width - 2;
        let (left, centre, right) = (&middle[..inner], &middle[1..=inner], &middle[2..]);
        let (above, below) = (&above[1..=inner], &below[1..=inner]);
        for x in 0..inner {
            let edge = 4 * i16::from(centre[x])
                - i16::from(left[x])
                - i16::from(right[x])
                - i16::from(above[x])
                - i16::from(below[x]);
            row_sum += i32::from(edge);
            row_squares += i32::from(edge) * i32::from(edge);
        }
        sum += i64::from(row_sum);
        squares += i64::from(row_squares);
    }
    let count = ((width - 2) * (height - 2)) as f64;
    let mean = sum as f64 / count;
    (squares as f64 / count - mean * mean).max(0.0)
}

fn exposure(histogram: &[u32; 256]) -> f64 {
    let total = total(histogram);
    let mean = histogram.iter().zip(0_u32..).map(|(n, v)| f64::from(*n) * f64::from(v)).sum::<f64>() / total;
    let balance = (mean / 55.0).min((255.0 - mean) / 55.0).clamp(0.0, 1.0);
    let ends: u32 = histogram[..=2].iter().chain(&histogram[253..]).sum();
    let clipped = ((f64::from(ends) / total - 0.05).max(0.0) * 3.0).min(1.0);
    balance * (1.0 - clipped)
}

fn contrast(histogram: &[u32; 256]) -> f64 {
    let total = total(histogram);
    let percentile = |share: f64| {
        let mut seen = 0.0;
        histogram.iter().position(|n| {
            seen += f64::from(*n);
            seen >= total * share
        })
    };
    let (low, high) = (percentile(0.05).unwrap_or(0), percentile(0.95).unwrap_or(255));
    high.saturating_sub(low) as f64 / 170.0
}

fn total(histogram: &[u32; 256]) -> f64 {
    f64::from(histogram.iter().sum::<u32>()).max(1.0)
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    /// Hills of light with a fine grid: detail at several scales.
    fn picture(side: u32) -> RgbImage {
        RgbImage::from_fn(side, side, |x, y| {
            let (fx, fy) = (f64::from(x), f64::from(y));
            let hills = (fx / 41.0).sin() * (fy / 29.0).cos() * 70.0 + 128.0;
            let grid = if (x / 5 + y / 7) % 2 == 0 { 22.0 } else { -22.0 };
            Rgb([(hills + grid) as u8, hills as u8, (hills - grid) as u8])
        })
    }

    fn measured(image: &RgbImage) -> Quality {
        measure(&WorkingCopy::of(image), image.width(), image.height())
    }

    #[test]
    fn a_blurred_copy_ranks_below_the_sharp_one() {
        for side in [200, 640, 1024] {
            let sharp = picture(side);
            let mut last = measured(&sharp);
            for sigma in [0.8, 2.0, 5.0] {
                let blurred = measured(&image::imageops::blur(&sharp, sigma));
                assert!(blurred.sharpness < last.sharpness - 3.0, "{side}px σ{sigma}: {blurred:?} {last:?}");
                assert!(blurred.overall < last.overall);
                last = blurred;
            }
        }
    }

    #[test]
    fn darkness_and_clipping_cost_exposure_and_flatness_costs_contrast() {
        let good = picture(300);
        let dark = RgbImage::from_fn(300, 300, |x, y| Rgb(good.get_pixel(x, y).0.map(|v| v / 9)));
        let blown =
            RgbImage::from_fn(300, 300, |x, y| Rgb(good.get_pixel(x, y).0.map(|v| v.saturating_mul(2))));
        let flat = RgbImage::from_fn(300, 300, |x, y| Rgb(good.get_pixel(x, y).0.map(|v| 110 + v / 12)));
        let reference = measured(&good);
        assert!(measured(&dark).exposure < reference.exposure - 30.0);
        assert!(measured(&blown).exposure < reference.exposure - 30.0);
        assert!(measured(&flat).contrast < reference.contrast / 2.0);
    }

    #[test]
    fn extremes_stay_in_range() {
        for image in [
            RgbImage::new(1, 1),
            RgbImage::from_pixel(2, 900, Rgb([255; 3])),
            RgbImage::from_fn(500, 500, |x, y| Rgb([((x + y) % 2 * 255) as u8; 3])),
        ] {
            let quality = measured(&image);
            for value in [quality.sharpness, quality.exposure, quality.contrast, quality.overall] {
                assert!((0.0..=100.0).contains(&value), "{quality:?}");
            }
        }
    }

    #[test]
    fn resolution_grows_with_pixels() {
        let copy = WorkingCopy::of(&picture(64));
        assert_eq!(measure(&copy, 64, 64).resolution, 0.0);
        let one = measure(&copy, 1024, 1024).resolution;
        assert!((50.0..65.0).contains(&one), "{one}");
        assert_eq!(measure(&copy, 6000, 4000).resolution, 100.0);
    }
}
