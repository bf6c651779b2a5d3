//! What a sample holds, decided before anything is written.
//!
//! The plan is a pure function of the options: which file lies where, what it shows, what it carries
//! beside its pixels. The truth that tests compare against is counted from the same list, so that it
//! cannot drift from what is written.

use std::ffi::OsString;
use std::path::PathBuf;

use super::encode::exif::Exif;
use super::encode::iptc::Iptc;
use super::encode::prompt::Generation;
use super::encode::text::TextForm;
use super::encode::xmp::Xmp;
use super::random::Random;
use super::scene::Scene;
use super::{SampleOptions, names, words};

/// One media file to be written.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    /// Below the sample's folder.
    pub(super) path: PathBuf,
    pub(super) content: Content,
    pub(super) relation: Relation,
    pub(super) sidecar: Option<Sidecar>,
    /// Seconds since 1970: the file's modification time.
    pub(super) modified: u64,
}

/// How a file relates to another of the sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Original,
    /// Same bytes as the file with this number.
    ExactCopyOf(usize),
    /// Looks like the file with this number.
    NearCopyOf(usize),
}

/// What decides a file's bytes.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) scene: Scene,
    pub(super) seed: u64,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) edit: Edit,
    pub(super) form: Form,
    pub(super) carried: Carried,
}

/// What was done to a picture after it was painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    None,
    /// Levels added to every channel.
    Brightened(i32),
    /// Fine noise, in levels.
    Grain(u32),
}

/// A file's format and the way its pixels are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Png(Pixels),
    /// Quality 1–100.
    Jpeg(u8),
    WebP,
    /// Number of frames.
    Gif(u32),
    /// Written by ffmpeg, in this container.
    Video(Container),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pixels {
    Rgb,
    Rgba,
    Grey,
    Deep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Mp4,
    WebM,
}

impl Form {
    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Png(_) => "png",
            Self::Jpeg(_) => "jpg",
            Self::WebP => "webp",
            Self::Gif(_) => "gif",
            Self::Video(Container::Mp4) => "mp4",
            Self::Video(Container::WebM) => "webm",
        }
    }
}

/// What a file carries beside its pixels.
#[derive(Debug, Clone, Default)]
pub(super) struct Carried {
    pub(super) generation: Option<(Place, Generation)>,
    pub(super) exif: Option<Exif>,
    pub(super) xmp: Option<Xmp>,
    pub(super) iptc: Option<Iptc>,
}

/// Where generation settings lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// AUTOMATIC1111's `parameters`, in a chunk of this form.
    Parameters(TextForm),
    /// AUTOMATIC1111's text in EXIF's user comment.
    UserComment,
    /// ComfyUI's `prompt` and `workflow`.
    Comfy,
}

/// A score file beside a media file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sidecar {
    pub(super) score: i8,
    pub(super) favourite: bool,
}

/// 2023-01-01, from which shots and modification times count.
const EPOCH: u64 = 1_672_531_200;
/// Two and a half years, over which they are spread.
const SPAN: u32 = 79_000_000;

/// What generators and exports make, scaled to 1,024 pixels where they are larger.
const SIZES: [(u32, u32); 12] = [
    (1024, 1024),
    (1024, 1024),
    (1024, 576),
    (576, 1024),
    (832, 1024),
    (1024, 768),
    (1024, 683),
    (683, 1024),
    (768, 768),
    (768, 512),
    (512, 768),
    (640, 480),
];

/// Plans the `options.count` good files of a sample, videos among them where `videos` is not 0.
pub(super) fn plan(options: &SampleOptions, videos: u32) -> Vec<Planned> {
    let mut random = Random::new(options.seed);
    let count = options.count as usize;
    let videos = videos as usize;
    let exact = count / 24;
    let near = count / 16;
    let originals = count - exact - near - videos;
    let mut files = Vec::with_capacity(count);
    for number in 0..originals {
        files.push(original(&mut random, number, options.max_side));
    }
    hostile(&mut files);
    twins(&mut random, &mut files);
    for number in 0..exact {
        let file = exact_copy(&mut random, &files, originals, number);
        files.push(file);
    }
    for number in 0..near {
        let file = near_copy(&mut random, &files, originals, number);
        files.push(file);
    }
    for number in 0..videos {
        files.push(video(&mut random, number));
    }
    files
}

fn original(random: &mut Random, number: usize, max_side: u32) -> Planned {
    // Each scene in turn, but not in step with the formats.
    let scene = Scene::ALL[(number + number / 8) % Scene::ALL.len()];
    let form = form(random);
    let (width, height) = scaled(*random.pick(&SIZES), max_side);
    let (width, height) = match form {
        // Palettes and frames: a large GIF is slow and not what people keep.
        Form::Gif(_) => scaled((width, height), 320),
        Form::WebP => scaled((width, height), 640),
        _ => (width, height),
    };
    let modified = EPOCH + u64::from(random.below(SPAN));
    let seed = random.next();
    let carried = carried(random, scene, form, (width, height), seed, modified);
    // Sensors and generators leave noise: most pictures are no smooth gradients.
    let edit = if random.percent(65) { Edit::Grain(2 + random.below(6)) } else { Edit::None };
    let content = Content { scene, seed, width, height, edit, form, carried };
    let path = names::ordinary(random, scene, number, seed, form.extension());
    let sidecar = sidecar(random);
    Planned { path, content, relation: Relation::Original, sidecar, modified }
}

fn form(random: &mut Random) -> Form {
    match random.below(100) {
        0..=45 => Form::Png(Pixels::Rgb),
        46..=48 => Form::Png(Pixels::Rgba),
        49..=50 => Form::Png(Pixels::Grey),
        51 => Form::Png(Pixels::Deep),
        52..=86 => Form::Jpeg(*random.pick(&[82, 90, 92, 95])),
        87..=94 => Form::WebP,
        95..=96 => Form::Gif(1),
        _ => Form::Gif(4 + random.below(4)),
    }
}

fn scaled((width, height): (u32, u32), max_side: u32) -> (u32, u32) {
    let long = width.max(height);
    if long <= max_side {
        return (width, height);
    }
    let fit = |side: u32| (side * max_side / long).max(1);
    (fit(width), fit(height))
}

fn carried(
    random: &mut Random,
    scene: Scene,
    form: Form,
    size: (u32, u32),
    seed: u64,
    taken: u64,
) -> Carried {
    let mut carried = Carried::default();
    let chance = random.below(100);
    match form {
        Form::Png(_) if chance < 82 => {
            let place = match chance {
                0..=25 => Place::Parameters(TextForm::Latin),
                26..=37 => Place::Parameters(TextForm::LatinDeflated),
                38..=47 => Place::Parameters(TextForm::Unicode),
                48..=55 => Place::Parameters(TextForm::UnicodeDeflated),
                _ => Place::Comfy,
            };
            carried.generation = Some((place, words::generation(random, scene, size, seed)));
            if random.percent(12) {
                carried.xmp = Some(words::xmp(random, scene, taken));
            }
        }
        Form::Jpeg(_) if chance < 70 => {
            carried.exif = Some(words::camera(random, taken));
            if random.percent(50) {
                carried.xmp = Some(words::xmp(random, scene, taken));
            }
            if random.percent(30) {
                carried.iptc = Some(words::iptc(random, scene));
            }
        }
        Form::Jpeg(_) | Form::WebP if chance < 88 => {
            let generation = words::generation(random, scene, size, seed);
            carried.exif = Some(Exif { comment: generation.parameters(), ..Exif::default() });
            carried.generation = Some((Place::UserComment, generation));
        }
        _ => {}
    }
    carried
}

fn sidecar(random: &mut Random) -> Option<Sidecar> {
    random.percent(30).then(|| Sidecar {
        score: *random.pick(&[-1, 0, 1, 2, 3, 3, 4, 4, 5, 5]),
        favourite: random.percent(35),
    })
}

/// Gives the first files names that want to be trouble, at most one in six.
fn hostile(files: &mut [Planned]) {
    let room = files.len() / 6;
    for (file, name) in files.iter_mut().take(room).zip(names::hostile()) {
        let extension = file.content.form.extension();
        file.path = PathBuf::from("odd names").join(names::with_extension(name, extension));
    }
}

/// Makes pairs that share a stem and nothing else: `twin-1.png` and `twin-1.jpg`.
fn twins(random: &mut Random, files: &mut [Planned]) {
    let mut pairs = files.len() / 50 + usize::from(files.len() >= 12);
    let mut png = None;
    let mut number = 0;
    for file in files.iter_mut().rev() {
        if pairs == 0 {
            break;
        }
        let other = match (file.content.form, png) {
            (Form::Png(_), None) => {
                number += 1;
                png = Some(number);
                "png"
            }
            (Form::Jpeg(_), Some(_)) => {
                png = None;
                pairs -= 1;
                "jpg"
            }
            _ => continue,
        };
        file.path = PathBuf::from(format!("twins/twin-{number:02}.{other}"));
        if file.sidecar.is_none() {
            file.sidecar = Some(Sidecar { score: 1 + random.below(5) as i8, favourite: false });
        }
    }
}

fn exact_copy(random: &mut Random, files: &[Planned], originals: usize, number: usize) -> Planned {
    // Two copies of every third original chosen: groups of two and of three files.
    let group = number - number / 3;
    let of = (group * 7 + 3) % originals.max(1);
    let source = &files[of];
    let extension = source.content.form.extension();
    Planned {
        path: PathBuf::from(format!("backup/copy-{number:04}.{extension}")),
        relation: Relation::ExactCopyOf(of),
        sidecar: None,
        modified: source.modified + u64::from(random.below(5_000_000)),
        content: source.content.clone(),
    }
}

fn near_copy(random: &mut Random, files: &[Planned], originals: usize, number: usize) -> Planned {
    let of = (number * 11 + 5) % originals.max(1);
    let source = &files[of];
    let mut content = source.content.clone();
    content.carried = Carried::default();
    let what = match number % 3 {
        0 => {
            content.width = (content.width * 3 / 4).max(1);
            content.height = (content.height * 3 / 4).max(1);
            content.form = Form::Jpeg(80);
            "small"
        }
        1 => {
            content.edit = Edit::Brightened(if random.percent(50) { 14 } else { -14 });
            content.form = Form::Png(Pixels::Rgb);
            "bright"
        }
        _ => {
            content.form = Form::Jpeg(60);
            "email"
        }
    };
    let extension = content.form.extension();
    let scene = content.scene.name();
    Planned {
        path: PathBuf::from(format!("edited/{scene}-{number:04}-{what}.{extension}")),
        content,
        relation: Relation::NearCopyOf(of),
        sidecar: None,
        modified: source.modified + u64::from(random.below(9_000_000)),
    }
}

fn video(random: &mut Random, number: usize) -> Planned {
    let container = if number.is_multiple_of(2) { Container::Mp4 } else { Container::WebM };
    let form = Form::Video(container);
    let content = Content {
        scene: Scene::Bokeh,
        seed: random.next(),
        width: 320,
        height: 240,
        edit: Edit::None,
        form,
        carried: Carried::default(),
    };
    Planned {
        path: PathBuf::from(format!("clips/clip-{number:02}.{}", form.extension())),
        content,
        relation: Relation::Original,
        sidecar: sidecar(random),
        modified: EPOCH + u64::from(random.below(SPAN)),
    }
}

/// The score file of the media file at `path`: `<dir>/.scores/<file>.json`.
pub(super) fn sidecar_path(path: &std::path::Path) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(".json");
    path.with_file_name(".scores").join(name)
}
