//! Classify: the NSFW score of images, and of videos by sampled frames. What was not looked at stays `unknown`.

use super::{IngestOptions, ReadFile, unreadable};
use crate::{
    Params,
    files::path_of_text,
    pixels::{frames, nsfw::Classifier, thumbnail_path},
    tables::{self, Nsfw},
};
use activity::{Attempt, Context, CpuActivity, Effects, Outcome, Success};
use model::{RunId, TaskError};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Frames of a video that are looked at.
const FRAMES: u32 = 5;

/// Longest time to get them.
const FRAMES_TIME: Duration = Duration::from_secs(30);

pub(super) struct Classify {
    options: Arc<IngestOptions>,
    classifier: OnceLock<Result<Classifier, String>>,
    said_unknown: AtomicBool,
}

impl Classify {
    pub(super) fn new(options: Arc<IngestOptions>) -> Self {
        Self { options, classifier: OnceLock::new(), said_unknown: AtomicBool::new(false) }
    }

    /// The classifier, loaded when the first image needs it.
    fn classifier(&self) -> Result<&Classifier, String> {
        let load = || Classifier::load(&self.options.models).map_err(|error| error.to_string());
        self.classifier.get_or_init(load).as_ref().map_err(Clone::clone)
    }
}

impl CpuActivity for Classify {
    fn run(&self, context: &Context) -> Outcome {
        let file: ReadFile = match context.data() {
            Ok(file) => file,
            Err(error) => return unreadable(&error),
        };
        let params: Params = match context.input() {
            Ok(params) => params,
            Err(error) => return unreadable(&error),
        };
        let mut success = Success::empty();
        let judged = match self.score(&file) {
            Ok(score) if f64::from(score) >= params.nsfw_threshold => {
                success.effects.count("nsfw", 1);
                Nsfw { state: "nsfw", score: Some(score), reason: None }
            }
            Ok(score) => Nsfw { state: "safe", score: Some(score), reason: None },
            Err(reason) => {
                if !self.said_unknown.swap(true, Ordering::AcqRel) {
                    context.log("warn", format!("NSFW stays unknown: {reason}"));
                }
                Nsfw { state: "unknown", score: None, reason: Some(reason) }
            }
        };
        success.effects.write(tables::classified(context.attempt(), &judged));
        success.effects.write(tables::mended(context.attempt()));
        success.into()
    }

    fn failed(&self, attempt: &Attempt, error: &TaskError) -> Effects {
        super::failed(attempt, &attempt.key, error)
    }

    fn forgotten(&self, run: RunId, stage: &str) -> Vec<db::Statement> {
        vec![tables::stage_mended(run, stage)]
    }
}

impl Classify {
    /// The score from 0 to 1; the reason where the file was not looked at.
    fn score(&self, file: &ReadFile) -> Result<f32, String> {
        let classifier = self.classifier()?;
        if file.video {
            let frames =
                frames::sample_frames(&path_of_text(&file.path), FRAMES, Instant::now() + FRAMES_TIME);
            let frames = frames.map_err(|error| error.to_string())?;
            let scores = frames.iter().map(|frame| classifier.score(frame));
            let scores = scores.collect::<Result<Vec<f32>, _>>().map_err(|error| error.to_string())?;
            return scores
                .into_iter()
                .reduce(f32::max)
                .ok_or_else(|| String::from("the video gave no frame"));
        }
        // The thumbnail is the picture at the size that the classifier looks at: no second decode of the original.
        let path =
            thumbnail_path(&self.options.thumbnails, &file.sha256).map_err(|error| error.to_string())?;
        let bytes = std::fs::read(&path).map_err(|error| format!("its thumbnail cannot be read: {error}"))?;
        let small = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg);
        let small = small.map_err(|error| format!("its thumbnail cannot be decoded: {error}"))?;
        classifier.score(&small.to_rgb8()).map_err(|error| error.to_string())
    }
}
