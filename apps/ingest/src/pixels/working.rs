//! One small copy of the picture, made in one pass, from which everything else is derived.
//!
//! Rows arrive one by one, straight from the decoder where it streams (PNG), else from its buffer.
//! Each row is flattened to RGB (transparency over neutral grey), added to a row of sums, and every
//! `k` rows the sums are averaged into one row of the copy: a box filter by a whole factor
//! `k = ceil(longest side / 256)`. The vertical half, which touches every pixel, is a plain
//! byte-to-u16 addition that compiles to vector code; that is what keeps the analysis at a tenth of
//! the decoding.
//!
//! On the way, up to [`BANDS`] bands of three rows are looked at in full resolution: the variance of
//! their Laplacian says how sharp the file is at its own size, which the small copy cannot.

use image::RgbImage;

use super::decode::orientation_of;

/// The longest side of the copy, in pixels; images at or under it are copied as they are.
pub const MAX_WORKING_SIDE: u32 = 256;
/// Transparent pixels are shown over this grey (0–255).
pub const NEUTRAL_GREY: u8 = 128;
/// How many three-row bands are looked at in full resolution.
const BANDS: u32 = 64;

/// The channels of incoming rows, 8 bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
}

/// A downscaled picture as it is to be shown, with its luma.
#[derive(Debug, Clone)]
pub struct WorkingCopy {
    /// RGB, longest side at most [`MAX_WORKING_SIDE`], turned upright.
    pub rgb: RgbImage,
    /// Luma (BT.601, 0–255) of `rgb`, row by row.
    pub luma: Vec<u8>,
    /// Variance of the 4-neighbour Laplacian of the picture in full resolution, over sampled rows;
    /// `None` where the picture is smaller than 3×3 pixels.
    pub detail: Option<f64>,
}

impl WorkingCopy {
    /// A working copy of an image that is already decoded, as shown.
    #[must_use]
    pub fn of(image: &RgbImage) -> Self {
        let mut builder = Builder::new(image.width(), image.height(), Channels::Rgb);
        let row = image.width() as usize * 3;
        for line in image.as_raw().chunks_exact(row.max(1)) {
            builder.push_row(line);
        }
        builder.finish(1)
    }
}

/// Takes the rows of a picture from top to bottom and makes its [`WorkingCopy`].
pub(super) struct Builder {
    channels: Channels,
    width: usize,
    height: usize,
    /// The whole factor of the box filter.
    factor: usize,
    out_width: usize,
    rows_seen: usize,
    /// Rows added to `sums` since the last output row.
    rows_summed: usize,
    flat: Vec<u8>,
    sums: Vec<u16>,
    out: Vec<u8>,
    bands: Bands,
}

impl Builder {
    /// `width` and `height` in pixels, both at least 1 and at most `u16::MAX` (checked by limits).
    pub(super) fn new(width: u32, height: u32, channels: Channels) -> Self {
        let factor = width.max(height).div_ceil(MAX_WORKING_SIDE).max(1) as usize;
        let (width, height) = (width as usize, height as usize);
        let out_width = width.div_ceil(factor);
        let flat = if channels == Channels::Rgb { Vec::new() } else { vec![0; width * 3] };
        Self {
            channels,
            width,
            height,
            factor,
            out_width,
            rows_seen: 0,
            rows_summed: 0,
            flat,
            sums: vec![0; if factor == 1 { 0 } else { width * 3 }],
            out: Vec::with_capacity(out_width * height.div_ceil(factor) * 3),
            bands: Bands::new(width, height),
        }
    }

    /// Adds the next row: `width` pixels of the builder's channels.
    pub(super) fn push_row(&mut self, row: &[u8]) {
        if self.rows_seen == self.height {
            return;
        }
        let mut flat = std::mem::take(&mut self.flat);
        let rgb = match self.channels {
            Channels::Rgb => &row[..self.width * 3],
            Channels::Grey => {
                for (to, from) in flat.chunks_exact_mut(3).zip(row) {
                    to.fill(*from);
                }
                &flat
            }
            Channels::GreyAlpha => {
                for (to, from) in flat.chunks_exact_mut(3).zip(row.chunks_exact(2)) {
                    to.fill(over_grey(from[0], from[1]));
                }
                &flat
            }
            Channels::Rgba => {
                flatten_rgba(row, &mut flat);
                &flat
            }
        };
        self.bands.look(self.rows_seen, rgb);
        self.add(rgb);
        self.rows_seen += 1;
        self.flat = flat;
    }

    fn add(&mut self, rgb: &[u8]) {
        if self.factor == 1 {
            self.out.extend_from_slice(rgb);
            return;
        }
        if self.rows_summed == 0 {
            for (sum, value) in self.sums.iter_mut().zip(rgb) {
                *sum = u16::from(*value);
            }
        } else {
            for (sum, value) in self.sums.iter_mut().zip(rgb) {
                *sum += u16::from(*value);
            }
        }
        self.rows_summed += 1;
        if self.rows_summed == self.factor {
            self.emit();
        }
    }

    /// Averages the summed rows into one row of the copy.
    fn emit(&mut self) {
        match self.factor {
            2 => self.emit_by::<2>(),
            3 => self.emit_by::<3>(),
            4 => self.emit_by::<4>(),
            _ => self.emit_by::<0>(),
        }
        self.rows_summed = 0;
    }

    /// `K` is the factor where the compiler is to know it, 0 where it is not.
    fn emit_by<const K: usize>(&mut self) {
        let factor = if K == 0 { self.factor } else { K };
        let rows = self.rows_summed;
        let scale = reciprocal(factor * rows);
        let from = self.out.len();
        self.out.resize(from + self.out_width * 3, 0);
        let mut out = self.out[from..].chunks_exact_mut(3);
        let mut bins = self.sums.chunks_exact(factor * 3);
        for (bin, out) in bins.by_ref().zip(out.by_ref()) {
            let (mut red, mut green, mut blue) = (0_u32, 0_u32, 0_u32);
            for pixel in bin.chunks_exact(3) {
                red += u32::from(pixel[0]);
                green += u32::from(pixel[1]);
                blue += u32::from(pixel[2]);
            }
            out.copy_from_slice(&[red, green, blue].map(|sum| scaled(sum, scale)));
        }
        let rest = bins.remainder();
        if let Some(out) = out.next() {
            let scale = reciprocal(rest.len() / 3 * rows);
            let mut total = [0_u32; 3];
            for pixel in rest.chunks_exact(3) {
                for (sum, value) in total.iter_mut().zip(pixel) {
                    *sum += u32::from(*value);
                }
            }
            out.copy_from_slice(&total.map(|sum| scaled(sum, scale)));
        }
    }

    /// The finished copy, turned by the EXIF `orientation`. Rows that never came stay neutral grey.
    pub(super) fn finish(mut self, orientation: u16) -> WorkingCopy {
        if self.rows_summed > 0 {
            self.emit();
        }
        let out_height = self.height.div_ceil(self.factor);
        self.out.resize(self.out_width * out_height * 3, NEUTRAL_GREY);
        let detail = self.bands.variance();
        let rgb = RgbImage::from_raw(self.out_width as u32, out_height as u32, self.out)
            .unwrap_or_else(|| RgbImage::new(1, 1));
        let rgb = turned(rgb, orientation);
        let luma = luma_of(&rgb);
        WorkingCopy { rgb, luma, detail }
    }
}

fn turned(rgb: RgbImage, orientation: u16) -> RgbImage {
    use image::metadata::Orientation::NoTransforms;
    let turn = orientation_of(orientation);
    if turn == NoTransforms {
        return rgb;
    }
    let mut image = image::DynamicImage::ImageRgb8(rgb);
    image.apply_orientation(turn);
    image.into_rgb8()
}

/// The luma of each pixel, BT.601, 0–255.
pub(super) fn luma_of(rgb: &RgbImage) -> Vec<u8> {
    rgb.as_raw().chunks_exact(3).map(|p| luma(p[0], p[1], p[2])).collect()
}

fn luma(red: u8, green: u8, blue: u8) -> u8 {
    ((u32::from(red) * 77 + u32::from(green) * 150 + u32::from(blue) * 29 + 128) >> 8) as u8
}

/// 2^24 / n, rounded up, for [`scaled`].
fn reciprocal(n: usize) -> u32 {
    (1_u32 << 24).div_ceil(n.max(1) as u32)
}

/// `sum` divided by what `reciprocal` was made of, rounded to nearest. With at most 118² values of
/// 255 the product stays below 2^32, and the error below a quarter of a level.
fn scaled(sum: u32, reciprocal: u32) -> u8 {
    ((sum * reciprocal + (1 << 23)) >> 24) as u8
}

fn over_grey(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    ((value * alpha + u32::from(NEUTRAL_GREY) * (255 - alpha) + 127) / 255) as u8
}

fn flatten_rgba(row: &[u8], flat: &mut [u8]) {
    let opaque = row.chunks_exact(4).fold(255_u8, |all, pixel| all & pixel[3]) == 255;
    let pixels = flat.chunks_exact_mut(3).zip(row.chunks_exact(4));
    if opaque {
        for (to, from) in pixels {
            to.copy_from_slice(&from[..3]);
        }
    } else {
        for (to, from) in pixels {
            for (to, value) in to.iter_mut().zip(&from[..3]) {
                *to = over_grey(*value, from[3]);
            }
        }
    }
}

/// The Laplacian over sampled bands of three rows, in full resolution.
struct Bands {
    /// Rows from the start of one band to the next.
    step: usize,
    height: usize,
    above: Vec<u8>,
    middle: Vec<u8>,
    sum: i64,
    squares: i64,
    count: u64,
}

impl Bands {
    fn new(width: usize, height: usize) -> Self {
        let usable = width >= 3 && height >= 3;
        let step = height.div_ceil(BANDS as usize).max(3);
        let row = if usable { width * 3 } else { 0 };
        Self {
            step,
            height: if usable { height } else { 0 },
            above: vec![0; row],
            middle: vec![0; row],
            sum: 0,
            squares: 0,
            count: 0,
        }
    }

    fn look(&mut self, y: usize, rgb: &[u8]) {
        if self.height == 0 {
            return;
        }
        match y % self.step {
            0 => self.above.copy_from_slice(rgb),
            1 => self.middle.copy_from_slice(rgb),
            2 => self.measure(rgb),
            _ => {}
        }
    }

    /// Adds the Laplacian of the middle row. It is taken channel by channel on the interleaved
    /// bytes: neighbours stand three bytes apart, no luma is needed, and the loop is vector code.
    fn measure(&mut self, below: &[u8]) {
        /// Squares of at most 1,020² summed in an i32 stay below 2^31 for this many bytes.
        const BLOCK: usize = 1_024;
        let inner = self.middle.len() - 6;
        let left = &self.middle[..inner];
        let centre = &self.middle[3..3 + inner];
        let right = &self.middle[6..];
        let above = &self.above[3..3 + inner];
        let below = &below[3..3 + inner];
        for start in (0..inner).step_by(BLOCK) {
            let end = (start + BLOCK).min(inner);
            let (mut sum, mut squares) = (0_i32, 0_i32);
            let (l, c, r) = (&left[start..end], &centre[start..end], &right[start..end]);
            let (a, b) = (&above[start..end], &below[start..end]);
            for i in 0..c.len() {
                let edge = 4 * i16::from(c[i])
                    - i16::from(l[i])
                    - i16::from(r[i])
                    - i16::from(a[i])
                    - i16::from(b[i]);
                sum += i32::from(edge);
                squares += i32::from(edge) * i32::from(edge);
            }
            self.sum += i64::from(sum);
            self.squares += i64::from(squares);
        }
        self.count += inner as u64;
    }

    fn variance(&self) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let count = self.count as f64;
        let mean = self.sum as f64 / count;
        Some((self.squares as f64 / count - mean * mean).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_colour_survives_every_factor_and_odd_sizes() {
        for (width, height) in [(1, 1), (2, 700), (319, 5), (320, 320), (321, 17), (1000, 333)] {
            let image = RgbImage::from_pixel(width, height, image::Rgb([10, 200, 90]));
            let copy = WorkingCopy::of(&image);
            assert!(copy.rgb.width().max(copy.rgb.height()) <= MAX_WORKING_SIDE);
            assert!(copy.rgb.pixels().all(|p| p.0 == [10, 200, 90]), "{width}×{height}");
            assert_eq!(copy.luma.len(), copy.rgb.pixels().len());
        }
    }

    #[test]
    fn transparent_pixels_lie_over_neutral_grey() {
        let mut builder = Builder::new(2, 1, Channels::Rgba);
        builder.push_row(&[255, 0, 0, 0, 255, 0, 0, 255]);
        let copy = builder.finish(1);
        assert_eq!(copy.rgb.as_raw(), &[128, 128, 128, 255, 0, 0]);
    }

    #[test]
    fn the_factor_covers_the_tallest_image_without_overflow() {
        // 30,000 rows: factor 118, sums of 118 × 255 fit a u16.
        let mut builder = Builder::new(3, 30_000, Channels::Grey);
        for _ in 0..30_000 {
            builder.push_row(&[255, 255, 255]);
        }
        let copy = builder.finish(1);
        assert_eq!(copy.rgb.dimensions(), (1, 255));
        assert!(copy.luma.iter().all(|l| *l == 255));
    }

    #[test]
    fn detail_is_zero_for_flat_and_large_for_a_checkerboard() {
        let flat = WorkingCopy::of(&RgbImage::from_pixel(64, 64, image::Rgb([7, 7, 7])));
        assert_eq!(flat.detail, Some(0.0));
        let board = RgbImage::from_fn(64, 64, |x, y| image::Rgb([((x + y) % 2 * 255) as u8; 3]));
        assert!(WorkingCopy::of(&board).detail.unwrap() > 100_000.0);
        assert_eq!(WorkingCopy::of(&RgbImage::new(2, 2)).detail, None);
    }
}
