//! A baseline JPEG writer for small pictures.
//!
//! Every picture gets a thumbnail, so its encoder stands in the middle of an ingest: the general ones
//! took 7–30 ns a pixel, more than all the rest of the analysis together. This one does the one thing
//! needed, RGB in 4:2:0 with the standard's own tables, and lays it out for vector code: the cosine
//! transform is the one of Arai, Agui and Nakajima in 16-bit lanes (its scale factors are folded into
//! the quantisation), and of each block only coefficients that are not zero are visited.

/// The longest side that is encoded, in pixels.
pub(crate) const MAX_SIDE: u32 = 16_384;

/// Encodes `rgb` (3 bytes a pixel) with its `luma` (BT.601, 1 byte a pixel) at quality 1–95.
///
/// # Panics
/// If the buffers do not fit `width × height`, or a side is 0 or over [`MAX_SIDE`].
pub(crate) fn encode(rgb: &[u8], luma: &[u8], width: u32, height: u32, quality: u8) -> Vec<u8> {
    assert!(width > 0 && height > 0 && width.max(height) <= MAX_SIDE, "{width}×{height} pixels");
    let (wide, high) = (width as usize, height as usize);
    assert!(rgb.len() == wide * high * 3 && luma.len() == wide * high, "{width}×{height} pixels");
    let tables = [Quantiser::new(&LUMA_STEPS, quality), Quantiser::new(&CHROMA_STEPS, quality)];
    let mut out = Bits { bytes: Vec::with_capacity(1_024 + wide * high / 4), held: 0, free: 64 };
    header(&mut out.bytes, width as u16, height as u16, &tables);

    let (blue, red) = chroma(rgb, wide, high);
    let half = wide.div_ceil(2);
    let mut last = [0_i16; 3];
    for top in (0..high).step_by(16) {
        for left in (0..wide).step_by(16) {
            for (y, x) in [(0, 0), (0, 8), (8, 0), (8, 8)] {
                let block = block(luma, wide, left + x, top + y, |value| i16::from(value) - 128);
                out.block(&tables[0].apply(block), &mut last[0], &LUMA_CODES);
            }
            for (plane, last) in [&blue, &red].into_iter().zip(&mut last[1..]) {
                let block = block(plane, half, left / 2, top / 2, i16::from);
                out.block(&tables[1].apply(block), last, &CHROMA_CODES);
            }
        }
    }
    out.finish()
}

/// Eight values side by side: one register.
type Lanes = [i16; 8];

/// Blue and red differences, −128 to 127, of half the size in both directions.
fn chroma(rgb: &[u8], wide: usize, high: usize) -> (Vec<i8>, Vec<i8>) {
    let half = wide.div_ceil(2);
    let mut blue = Vec::with_capacity(half * high.div_ceil(2));
    let mut red = Vec::with_capacity(half * high.div_ceil(2));
    for y in (0..high).step_by(2) {
        let upper = &rgb[y * wide * 3..(y + 1) * wide * 3];
        let below = (y + 1).min(high - 1);
        let lower = &rgb[below * wide * 3..(below + 1) * wide * 3];
        let pairs = upper.chunks(6).zip(lower.chunks(6));
        for (a, b) in pairs {
            // A last column on its own counts twice.
            let next = a.len() - 3;
            let sum = |i: usize| {
                i32::from(a[i]) + i32::from(a[next + i]) + i32::from(b[i]) + i32::from(b[next + i])
            };
            let [r, g, b] = [sum(0), sum(1), sum(2)];
            // Four pixels and 2^16: rounded to nearest.
            let narrow = |v: i32| ((v + (1 << 17)) >> 18).min(127) as i8;
            blue.push(narrow(-11_059 * r - 21_709 * g + 32_768 * b));
            red.push(narrow(32_768 * r - 27_439 * g - 5_329 * b));
        }
    }
    (blue, red)
}

/// The 8×8 values of `plane` at a place; beyond the edge its last values go on.
fn block<T: Copy>(plane: &[T], wide: usize, left: usize, top: usize, level: impl Fn(T) -> i16) -> [Lanes; 8] {
    let high = plane.len() / wide;
    let mut block = [[0; 8]; 8];
    for (y, lanes) in block.iter_mut().enumerate() {
        let row = &plane[(top + y).min(high - 1) * wide..][..wide];
        match row.get(left..left + 8) {
            Some(values) => {
                for (lane, value) in lanes.iter_mut().zip(values) {
                    *lane = level(*value);
                }
            }
            None => {
                for (x, lane) in lanes.iter_mut().enumerate() {
                    *lane = level(row[(left + x).min(wide - 1)]);
                }
            }
        }
    }
    block
}

fn each(f: impl Fn(usize) -> i16) -> Lanes {
    std::array::from_fn(f)
}

fn sum(a: &Lanes, b: &Lanes) -> Lanes {
    each(|i| a[i].wrapping_add(b[i]))
}

fn difference(a: &Lanes, b: &Lanes) -> Lanes {
    each(|i| a[i].wrapping_sub(b[i]))
}

/// `a` × `WHOLE` + `a` × `PART` / 65,536: the high half of a 16-bit product, one instruction.
fn scaled<const WHOLE: i16, const PART: i32>(a: &Lanes) -> Lanes {
    each(|i| (((i32::from(a[i]) * PART) >> 16) as i16).wrapping_add(a[i].wrapping_mul(WHOLE)))
}

/// One pass of the transform over eight columns at once.
fn pass(v: &[Lanes; 8]) -> [Lanes; 8] {
    let [s0, s1, s2, s3] = [0, 1, 2, 3].map(|i| sum(&v[i], &v[7 - i]));
    let [d0, d1, d2, d3] = [0, 1, 2, 3].map(|i| difference(&v[i], &v[7 - i]));

    let (e0, e1) = (sum(&s0, &s3), sum(&s1, &s2));
    let (e2, e3) = (difference(&s1, &s2), difference(&s0, &s3));
    // × 0.707106781
    let z1 = scaled::<1, -19_195>(&sum(&e2, &e3));

    let (o0, o1, o2) = (sum(&d3, &d2), sum(&d2, &d1), sum(&d1, &d0));
    // × 0.382683433, 0.541196100, 1.306562965, 0.707106781
    let z5 = scaled::<0, 25_080>(&difference(&o0, &o2));
    let z2 = sum(&scaled::<1, -30_068>(&o0), &z5);
    let z4 = sum(&scaled::<1, 20_091>(&o2), &z5);
    let z3 = scaled::<1, -19_195>(&o1);
    let (z11, z13) = (sum(&d0, &z3), difference(&d0, &z3));

    [
        sum(&e0, &e1),
        sum(&z11, &z4),
        sum(&e3, &z1),
        difference(&z13, &z2),
        difference(&e0, &e1),
        sum(&z13, &z2),
        difference(&e3, &z1),
        difference(&z11, &z4),
    ]
}

fn transposed(v: &[Lanes; 8]) -> [Lanes; 8] {
    std::array::from_fn(|y| each(|x| v[x][y]))
}

/// Divides coefficients by their steps. Everything here is in the transform's order, columns first.
struct Quantiser {
    /// As written to the file: zigzag order.
    steps: [u8; 64],
    halves: [[u16; 8]; 8],
    reciprocals: [[u16; 8]; 8],
}

impl Quantiser {
    fn new(base: &[u8; 64], quality: u8) -> Self {
        let quality = u32::from(quality.clamp(1, 95));
        let scale = if quality < 50 { 5_000 / quality } else { 200 - 2 * quality };
        let step = |at: usize| ((u32::from(base[at]) * scale + 50) / 100).clamp(1, 255);
        let divisor = |u: usize, v: usize| {
            let exact = f64::from(step(v * 8 + u)) * AAN[u] * AAN[v] * 8.0;
            (exact.round() as u32).clamp(3, 65_535)
        };
        let grid = |f: &dyn Fn(usize, usize) -> u32| {
            std::array::from_fn(|u| std::array::from_fn(|v| f(u, v) as u16))
        };
        Self {
            steps: std::array::from_fn(|k| step(usize::from(ZIGZAG[k])) as u8),
            halves: grid(&|u, v| divisor(u, v) / 2),
            reciprocals: grid(&|u, v| 65_536_u32.div_ceil(divisor(u, v))),
        }
    }

    /// The transformed and divided block, columns first.
    fn apply(&self, block: [Lanes; 8]) -> [Lanes; 8] {
        let coefficients = pass(&transposed(&pass(&block)));
        std::array::from_fn(|u| {
            let (lanes, halves, reciprocals) = (&coefficients[u], &self.halves[u], &self.reciprocals[u]);
            each(|v| {
                let sign = lanes[v] >> 15;
                let size = ((lanes[v] ^ sign).wrapping_sub(sign) as u16).wrapping_add(halves[v]);
                let quotient = ((u32::from(size) * u32::from(reciprocals[v])) >> 16) as i16;
                (quotient ^ sign).wrapping_sub(sign)
            })
        })
    }
}

/// Codes of one kind of block.
struct Codes {
    first: [(u16, u8); 256],
    rest: [(u16, u8); 256],
}

/// Entropy-coded bits with the stuffing that JPEG wants.
struct Bits {
    bytes: Vec<u8>,
    held: u64,
    free: u32,
}

impl Bits {
    fn put(&mut self, value: u32, length: u32) {
        if self.free < length {
            self.spill();
        }
        self.free -= length;
        self.held |= u64::from(value) << self.free;
    }

    /// Writes the whole bytes that are held.
    fn spill(&mut self) {
        while self.free <= 56 {
            let byte = (self.held >> 56) as u8;
            self.bytes.push(byte);
            if byte == 0xFF {
                self.bytes.push(0);
            }
            self.held <<= 8;
            self.free += 8;
        }
    }

    fn block(&mut self, block: &[Lanes; 8], last: &mut i16, codes: &Codes) {
        let flat = block.as_flattened();
        let step = flat[0].wrapping_sub(*last);
        *last = flat[0];
        self.coefficient(step, 0, &codes.first);
        let mut set = 0_u64;
        for (k, at) in ZIGZAG_COLUMNS.iter().enumerate().skip(1) {
            set |= u64::from(flat[usize::from(*at)] != 0) << k;
        }
        let mut before = 0;
        while set != 0 {
            let k = set.trailing_zeros();
            set &= set - 1;
            let mut run = k - before - 1;
            while run > 15 {
                let (code, length) = codes.rest[0xF0];
                self.put(u32::from(code), u32::from(length));
                run -= 16;
            }
            self.coefficient(flat[usize::from(ZIGZAG_COLUMNS[k as usize])], run << 4, &codes.rest);
            before = k;
        }
        if before != 63 {
            let (code, length) = codes.rest[0];
            self.put(u32::from(code), u32::from(length));
        }
    }

    /// A value: the code of its size (with `run` above it), then its bits.
    fn coefficient(&mut self, value: i16, run: u32, codes: &[(u16, u8); 256]) {
        let size = u32::BITS - u32::from(value.unsigned_abs()).leading_zeros();
        let (code, length) = codes[(run | size) as usize];
        let bits = (i32::from(value) - i32::from(value < 0)) as u32 & ((1 << size) - 1);
        self.put(u32::from(code) << size | bits, u32::from(length) + size);
    }

    fn finish(mut self) -> Vec<u8> {
        // What is left of the last byte is filled with ones.
        let fill = self.free % 8;
        if fill > 0 {
            self.put((1 << fill) - 1, fill);
        }
        self.spill();
        self.bytes.extend([0xFF, 0xD9]);
        self.bytes
    }
}

fn header(bytes: &mut Vec<u8>, width: u16, height: u16, tables: &[Quantiser; 2]) {
    bytes.extend(b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    for (number, table) in (0..).zip(tables) {
        bytes.extend([0xFF, 0xDB, 0, 67, number]);
        bytes.extend(table.steps);
    }
    bytes.extend([0xFF, 0xC0, 0, 17, 8]);
    bytes.extend(height.to_be_bytes());
    bytes.extend(width.to_be_bytes());
    bytes.extend([3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
    for (class, counts, values) in [
        (0x00, &DC_LUMA_COUNTS, &DC_VALUES[..]),
        (0x10, &AC_LUMA_COUNTS, &AC_LUMA_VALUES[..]),
        (0x01, &DC_CHROMA_COUNTS, &DC_VALUES[..]),
        (0x11, &AC_CHROMA_COUNTS, &AC_CHROMA_VALUES[..]),
    ] {
        bytes.extend([0xFF, 0xC4, 0, (19 + values.len()) as u8, class]);
        bytes.extend(counts);
        bytes.extend(values);
    }
    bytes.extend([0xFF, 0xDA, 0, 12, 3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]);
}

/// Scale factors of the transform.
const AAN: [f64; 8] =
    [1.0, 1.387_039_845, 1.306_562_965, 1.175_875_602, 1.0, 0.785_694_958, 0.541_196_100, 0.275_899_379];

/// Place of each coefficient in the file, row by row.
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The same, columns first.
const ZIGZAG_COLUMNS: [u8; 64] = {
    let mut order = [0; 64];
    let mut k = 0;
    while k < 64 {
        order[k] = ZIGZAG[k] % 8 * 8 + ZIGZAG[k] / 8;
        k += 1;
    }
    order
};

// The tables of the standard's annex K.

const LUMA_STEPS: [u8; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17,
    22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78,
    87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMA_STEPS: [u8; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

const DC_LUMA_COUNTS: [u8; 16] = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const DC_CHROMA_COUNTS: [u8; 16] = [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0];
const DC_VALUES: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

const AC_LUMA_COUNTS: [u8; 16] = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D];
const AC_CHROMA_COUNTS: [u8; 16] = [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77];

const AC_LUMA_VALUES: [u8; 162] = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22,
    0x71, 0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33,
    0x62, 0x72, 0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x34,
    0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55,
    0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76,
    0x77, 0x78, 0x79, 0x7A, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96,
    0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5,
    0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4,
    0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1,
    0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
];
const AC_CHROMA_VALUES: [u8; 162] = [
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13,
    0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62,
    0x72, 0xD1, 0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19, 0x1A, 0x26, 0x27, 0x28, 0x29,
    0x2A, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54,
    0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75,
    0x76, 0x77, 0x78, 0x79, 0x7A, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94,
    0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3,
    0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2,
    0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA,
    0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
];

const LUMA_CODES: Codes =
    Codes { first: codes(&DC_LUMA_COUNTS, &DC_VALUES), rest: codes(&AC_LUMA_COUNTS, &AC_LUMA_VALUES) };
const CHROMA_CODES: Codes =
    Codes { first: codes(&DC_CHROMA_COUNTS, &DC_VALUES), rest: codes(&AC_CHROMA_COUNTS, &AC_CHROMA_VALUES) };

/// Code and length of each symbol.
const fn codes(counts: &[u8; 16], values: &[u8]) -> [(u16, u8); 256] {
    let mut table = [(0, 0); 256];
    let (mut code, mut next, mut length) = (0_u16, 0, 0);
    while length < 16 {
        let mut left = counts[length];
        while left > 0 {
            table[values[next] as usize] = (code, length as u8 + 1);
            code = code.wrapping_add(1);
            next += 1;
            left -= 1;
        }
        code = code.wrapping_shl(1);
        length += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use crate::pixels::encode_jpeg;

    /// Encodes, decodes with somebody else's decoder, and returns the signal-to-noise ratio in dB.
    fn quality_after(picture: &RgbImage, quality: u8) -> f64 {
        let (width, height) = picture.dimensions();
        let bytes = encode_jpeg(picture, quality);
        let decoded =
            image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg).unwrap().to_rgb8();
        assert_eq!(decoded.dimensions(), (width, height));
        let squares: f64 = picture
            .as_raw()
            .iter()
            .zip(decoded.as_raw())
            .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
            .sum();
        10.0 * (255.0 * 255.0 / (squares / picture.as_raw().len() as f64).max(1e-3)).log10()
    }

    fn hills(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let (x, y) = (f64::from(x), f64::from(y));
            let wave = (x / 9.0).sin() * (y / 13.0).cos() * 90.0 + 128.0;
            Rgb([wave as u8, (wave * 0.6 + x / 4.0) as u8, (255.0 - wave) as u8])
        })
    }

    #[test]
    fn pictures_of_any_size_come_back_nearly_the_same() {
        for (width, height) in
            [(256, 256), (256, 171), (200, 133), (17, 16), (15, 33), (9, 1), (1, 200), (1, 1)]
        {
            let ratio = quality_after(&hills(width, height), 80);
            assert!(ratio > 33.0, "{width}×{height}: {ratio:.1} dB");
        }
        let high = quality_after(&hills(160, 120), 95);
        let low = quality_after(&hills(160, 120), 30);
        assert!(high > 40.0 && low < high - 6.0, "{high:.1} {low:.1} dB");
    }

    #[test]
    fn flat_colours_and_extremes_keep_their_value() {
        for colour in [[0; 3], [255; 3], [255, 0, 0], [0, 0, 255], [0, 255, 0], [127, 128, 129]] {
            let ratio = quality_after(&RgbImage::from_pixel(40, 24, Rgb(colour)), 90);
            assert!(ratio > 40.0, "{colour:?}: {ratio:.1} dB");
        }
    }

    #[test]
    fn the_hardest_contrast_does_not_overflow() {
        for cell in [1, 2, 4, 8] {
            let board = RgbImage::from_fn(64, 64, |x, y| Rgb([((x / cell + y / cell) % 2 * 255) as u8; 3]));
            let ratio = quality_after(&board, 92);
            assert!(ratio > 30.0, "cells of {cell}: {ratio:.1} dB");
        }
    }
}
