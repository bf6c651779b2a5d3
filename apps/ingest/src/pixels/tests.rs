//! The façade on whole files: every format, every way to be broken.

use image::codecs::gif::GifEncoder;
use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;
use crate::sample::encode::text::{TextForm, chunk, deflated, insert_chunks, text_chunk};

/// Left half red, right half blue, a white corner at the top left, fine stripes: turns are visible.
fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        if x < width / 4 && y < height / 4 {
            Rgb([255, 255, 255])
        } else if x < width / 2 {
            Rgb([200, 30 + (y % 3 * 20) as u8, 20])
        } else {
            Rgb([20, 30, 160 + (x % 5 * 15) as u8])
        }
    })
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn analysed(bytes: &[u8]) -> Analysis {
    analyse(bytes, 1, &Options::default()).unwrap()
}

fn refused(bytes: &[u8]) -> DecodeError {
    let error = analyse(bytes, 1, &Options::default()).unwrap_err();
    // Both ways into the decoders judge alike.
    assert_eq!(decode(bytes, &Limits::default()).unwrap_err().code(), error.code());
    error
}

fn header_only_png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    bytes.extend(chunk(b"IHDR", &[&size[..], &[8, 6, 0, 0, 0]].concat()));
    bytes.extend(chunk(b"IDAT", &deflated(&[0; 32])));
    bytes.extend(chunk(b"IEND", &[]));
    bytes
}

#[test]
fn every_format_is_told_by_its_bytes_and_gives_the_same_picture() {
    let original = picture(400, 300);
    for (format, name) in [
        (ImageFormat::Png, "png"),
        (ImageFormat::Jpeg, "jpeg"),
        (ImageFormat::WebP, "webp"),
        (ImageFormat::Gif, "gif"),
    ] {
        let analysis = analysed(&encoded(original.clone(), format));
        assert_eq!(analysis.facts.format.name(), name);
        assert_eq!((analysis.facts.width, analysis.facts.height, analysis.facts.frames), (400, 300, 1));
        assert!(!analysis.facts.animated);
        let reference = WorkingCopy::of(&original);
        let hash = phash::hash(&reference).unwrap();
        assert!(distance(analysis.phash.unwrap(), hash) <= 8, "{name}");
        let thumbnail = decode(&analysis.thumbnail, &Limits::default()).unwrap();
        assert_eq!(thumbnail.facts.format, Format::Jpeg);
        assert_eq!(thumbnail.facts.width, analysis.working.rgb.width());
        assert!(thumbnail.facts.width <= MAX_THUMBNAIL_SIDE && thumbnail.facts.width >= 128);
    }
}

#[test]
fn facts_tell_colour_alpha_depth_and_frames() {
    let rgb = picture(30, 20);
    let image = DynamicImage::from(rgb.clone());
    let png = |image: DynamicImage| analysed(&encoded(image, ImageFormat::Png)).facts;
    let grey = png(GrayImage::new(9, 9).into());
    assert_eq!((grey.colour, grey.alpha, grey.bit_depth), (ColourMode::Grey, false, 8));
    assert_eq!(png(GrayAlphaImage::new(9, 9).into()).colour, ColourMode::GreyAlpha);
    let rgba = png(image.to_rgba8().into());
    assert_eq!((rgba.colour, rgba.alpha), (ColourMode::Rgba, true));
    assert_eq!(png(image.to_rgb16().into()).bit_depth, 16);
    assert_eq!(analysed(&encoded(image.to_luma8(), ImageFormat::Jpeg)).facts.colour, ColourMode::Grey);
    assert!(analysed(&encoded(image.to_rgba8(), ImageFormat::WebP)).facts.alpha);

    let mut gif = Vec::new();
    let frames = (0..5).map(|n| image::Frame::new(RgbaImage::from_pixel(8, 8, Rgba([n * 40, 9, 9, 255]))));
    GifEncoder::new(&mut gif).encode_frames(frames).unwrap();
    let facts = analysed(&gif).facts;
    assert_eq!((facts.animated, facts.frames, facts.colour), (true, 5, ColourMode::Indexed));
}

#[test]
fn palettes_low_depths_and_interlacing_are_read() {
    let palette: Vec<u8> = (0..16).flat_map(|i| [i * 16, 255 - i * 16, 60]).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 64, 64);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Four);
    encoder.set_palette(palette);
    encoder.set_trns(vec![0_u8, 255]);
    let rows: Vec<u8> = (0..64 * 32).map(|i| (i % 32 * 8) as u8).collect();
    encoder.write_header().unwrap().write_image_data(&rows).unwrap();
    let analysis = analysed(&bytes);
    let facts = &analysis.facts;
    assert_eq!((facts.colour, facts.alpha, facts.bit_depth), (ColourMode::Indexed, true, 4));
    // Colour 0 is transparent and lies over grey.
    assert_eq!(analysis.working.rgb.get_pixel(0, 0).0, [NEUTRAL_GREY; 3]);

    // Adam7 of 1×1 pixels is one pass of one row; the header says interlaced.
    let mut interlaced = encoded(GrayImage::from_pixel(1, 1, image::Luma([77])), ImageFormat::Png);
    interlaced[28] = 1;
    let header = chunk(b"IHDR", &interlaced[16..29]);
    interlaced[8..33].copy_from_slice(&header);
    assert_eq!(analysed(&interlaced).working.luma, [77]);
}

#[test]
fn a_header_of_50_000_by_50_000_is_too_large_and_says_so() {
    let error = refused(&header_only_png(50_000, 50_000));
    assert_eq!(error.code(), "too_large");
    let text = error.to_string();
    assert!(text.contains("50000×50000") && text.contains("2500000000") && text.contains("100000000"));
    // One long side, few pixels; and few enough pixels that are too deep.
    assert_eq!(refused(&header_only_png(40_000, 2)).code(), "too_large");
    let limits = Limits { max_alloc: 1_000, ..Limits::default() };
    let png = encoded(picture(40, 40), ImageFormat::Png);
    assert_eq!(decode(&png, &limits).unwrap_err().code(), "too_large");
    // The same lie in the other formats.
    let mut gif = encoded(picture(20, 20), ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xFF; 4]);
    assert_eq!(refused(&gif).code(), "too_large");
    let mut jpeg = encoded(picture(20, 20), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xF0, 0, 0xF0, 0]);
    assert_eq!(refused(&jpeg).code(), "too_large");
}

#[test]
fn a_file_cut_off_anywhere_fails_as_truncated_and_never_panics() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif] {
        let bytes = encoded(picture(64, 48), format);
        for share in [30, 60, 90, 99] {
            let cut = &bytes[..bytes.len() * share / 100];
            assert_eq!(refused(cut).code(), "truncated", "{format:?} at {share} %");
        }
        for end in 0..bytes.len().min(700) {
            assert!(analyse(&bytes[..end], 1, &Options::default()).is_err(), "{format:?} at {end}");
        }
    }
}

#[test]
fn hostile_bytes_are_errors_of_their_kind() {
    assert_eq!(refused(b"").code(), "empty_file");
    let text = refused(b"This is not a picture.");
    assert_eq!(text.code(), "unknown_format");
    assert!(text.to_string().contains("This is not"));
    let mut png = encoded(picture(64, 64), ImageFormat::Png);
    let middle = png.len() / 2;
    png[middle] ^= 0x55;
    assert_eq!(refused(&png).code(), "corrupt");
    assert_eq!(refused(&header_only_png(0, 5)).code(), "corrupt");
}

#[test]
fn flipped_bytes_never_escape_as_a_panic() {
    let mut state = 11_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif] {
        let good = encoded(picture(24, 24), format);
        for _ in 0..150 {
            let mut bytes = good.clone();
            for _ in 0..1 + random() % 6 {
                let at = random() % bytes.len();
                bytes[at] = random() as u8;
            }
            // Whatever comes of it, it comes as a value.
            let _ = analyse(&bytes, (random() % 10) as u16, &Options::default());
        }
    }
}

#[test]
fn a_panicking_decoder_is_one_failed_file() {
    let error = decode::guarded::<()>(|| panic!("bad table")).unwrap_err();
    assert_eq!(error.code(), "decoder_panicked");
    assert!(error.to_string().contains("bad table (") && error.to_string().contains("tests.rs"));
    // The thread goes on, and later panics of its own are reported as ever.
    assert_eq!(decode::guarded(|| Ok(5)), Ok(5));
    let nested = decode::guarded(|| {
        let inner = decode::guarded::<()>(|| panic!("inner"));
        assert_eq!(inner.unwrap_err().code(), "decoder_panicked");
        Ok(1)
    });
    assert_eq!(nested, Ok(1));
}

#[test]
fn text_bombs_do_not_concern_the_pixels() {
    let png = encoded(picture(20, 20), ImageFormat::Png);
    let bomb = text_chunk(TextForm::LatinDeflated, "parameters", &"a".repeat(8 << 20));
    assert!(bomb.len() < 64 * 1024);
    assert!(analyse(&insert_chunks(&png, &[bomb]), 1, &Options::default()).is_ok());
}

#[test]
fn orientation_6_turns_the_picture_clockwise() {
    let png = encoded(picture(80, 40), ImageFormat::Png);
    let turned = analyse(&png, 6, &Options::default()).unwrap();
    assert_eq!((turned.facts.width, turned.facts.height), (40, 80));
    assert_eq!(turned.working.rgb.dimensions(), (40, 80));
    // The white corner wanders from the top left to the top right.
    assert_eq!(turned.working.rgb.get_pixel(38, 1).0, [255; 3]);
    assert_ne!(turned.working.rgb.get_pixel(1, 1).0, [255; 3]);
    let thumbnail = decode(&turned.thumbnail, &Limits::default()).unwrap();
    assert_eq!((thumbnail.facts.width, thumbnail.facts.height), (40, 80));
    let whole = decode(&png, &Limits::default()).unwrap().oriented(6);
    assert_eq!(whole.to_rgb8(), turned.working.rgb);
    // Out of range: as stored.
    assert_eq!(analyse(&png, 77, &Options::default()).unwrap().facts.width, 80);
}

#[test]
fn thumbnails_of_a_png_and_a_jpg_of_the_same_stem_differ() {
    let root = tempfile::tempdir().unwrap();
    let png = encoded(picture(300, 200), ImageFormat::Png);
    let jpeg = encoded(image::imageops::rotate180(&picture(300, 200)), ImageFormat::Jpeg);
    let paths = [&png, &jpeg].map(|bytes| {
        let hash = install::sha256_hex(bytes);
        store_thumbnail(root.path(), &hash, &analysed(bytes).thumbnail).unwrap()
    });
    assert_ne!(paths[0], paths[1]);
    assert_ne!(std::fs::read(&paths[0]).unwrap(), std::fs::read(&paths[1]).unwrap());
}

#[test]
fn skipping_the_thumbnail_changes_nothing_else() {
    let png = encoded(picture(300, 200), ImageFormat::Png);
    let options = Options { thumbnail: Thumbnail::Skip, ..Options::default() };
    let without = analyse(&png, 1, &options).unwrap();
    let with = analysed(&png);
    assert!(without.thumbnail.is_empty() && !with.thumbnail.is_empty());
    assert_eq!((without.quality, without.phash), (with.quality, with.phash));
}

#[test]
fn the_same_picture_streamed_and_buffered_is_analysed_alike() {
    let original = picture(1_000, 700);
    let streamed = analysed(&encoded(original.clone(), ImageFormat::Png));
    let buffered = analysed(&encoded(original, ImageFormat::WebP));
    assert_eq!(streamed.working.rgb, buffered.working.rgb);
    assert_eq!(streamed.quality, buffered.quality);
}
