//! What the sample's files say about themselves: prompts, cameras, ratings, captions.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::encode::exif::Exif;
use super::encode::iptc::Iptc;
use super::encode::prompt::Generation;
use super::encode::xmp::Xmp;
use super::random::{Random, mixed};
use super::scene::Scene;

fn subjects(scene: Scene) -> [&'static str; 3] {
    match scene {
        Scene::Mountains => ["misty mountain range", "alpine lake at dawn", "layered peaks"],
        Scene::Skyline => ["night city skyline", "neon metropolis", "lit windows"],
        Scene::Planet => ["ringed planet", "distant nebula", "gas giant in deep space"],
        Scene::Bokeh => ["soft bokeh lights", "city lights out of focus", "warm evening"],
        Scene::Marble => ["marbled ink", "flowing paint", "fluid abstract"],
        Scene::Tiles => ["geometric tiles", "truchet pattern", "mosaic wall"],
        Scene::Mandala => ["ornate mandala", "radial symmetry", "kaleidoscope"],
        Scene::Dunes => ["desert dunes", "rolling sand", "sun over the desert"],
    }
}

const STYLES: [&str; 8] = [
    "(masterpiece:1.2)",
    "highly detailed",
    "(golden light:1.3)",
    "[film grain]",
    "((cinematic))",
    "wide angle",
    "pastel colours",
    "study \\(sketch\\)",
];
const NEGATIVES: [&str; 5] = [
    "lowres, blurry",
    "(worst quality:1.4), jpeg artefacts",
    "text, watermark",
    "oversaturated",
    "people, cars",
];
const MODELS: [&str; 6] = [
    "sd_xl_base_1.0",
    "v1-5-pruned-emaonly",
    "dreamshaper_8",
    "ponyDiffusionV6XL",
    "flux1-dev",
    "juggernautXL_v9",
];
const SAMPLERS: [(&str, &str); 4] =
    [("DPM++ 2M", "Karras"), ("Euler a", "Automatic"), ("DDIM", "Uniform"), ("DPM++ SDE", "Exponential")];
const LORAS: [&str; 4] = ["watercolor_style", "add_detail", "epi_noiseoffset", "film-look"];

pub(super) fn generation(random: &mut Random, scene: Scene, size: (u32, u32), seed: u64) -> Generation {
    let mut phrases: Vec<String> = subjects(scene).map(str::to_owned).into();
    for _ in 0..2 + random.below(3) {
        let style = (*random.pick(&STYLES)).to_owned();
        if !phrases.contains(&style) {
            phrases.push(style);
        }
    }
    let lora = random.percent(35).then(|| {
        let weight = 40 + 10 * random.below(8);
        ((*random.pick(&LORAS)).to_owned(), weight)
    });
    if let Some((name, weight)) = &lora {
        phrases.push(format!("<lora:{name}:{}>", f64::from(*weight) / 100.0));
    }
    let (sampler, scheduler) = *random.pick(&SAMPLERS);
    let model = *random.pick(&MODELS);
    let hash = model.bytes().fold(7_u64, |hash, byte| mixed(hash ^ u64::from(byte)));
    Generation {
        prompt: phrases.join(", "),
        negative: (*random.pick(&NEGATIVES)).to_owned(),
        steps: 20 + random.below(21),
        sampler: sampler.to_owned(),
        scheduler: scheduler.to_owned(),
        cfg_tenths: 35 + 5 * random.below(12),
        seed: seed % 4_294_967_296,
        size,
        model: model.to_owned(),
        model_hash: format!("{:010x}", hash >> 24),
        lora,
        hires: random.percent(25).then(|| (15 + 5 * random.below(2), "4x-UltraSharp".to_owned(), 35)),
    }
}

const CAMERAS: [(&str, &str, &str); 5] = [
    ("Canon", "Canon EOS R6", "RF24-105mm F4 L IS USM"),
    ("NIKON CORPORATION", "NIKON Z 6_2", "NIKKOR Z 50mm f/1.8 S"),
    ("SONY", "ILCE-7M4", "FE 35mm F1.8"),
    ("FUJIFILM", "X-T5", "XF16-55mmF2.8 R LM WR"),
    ("Apple", "iPhone 15 Pro", "iPhone 15 Pro back triple camera 6.86mm f/1.78"),
];
const PLACES: [(f64, f64); 5] =
    [(46.5763, 7.9904), (-13.1631, -72.5450), (35.3606, 138.7274), (64.0784, -16.2306), (-33.8568, 151.2153)];

pub(super) fn camera(random: &mut Random, taken: u64) -> Exif {
    let (make, model, lens) = *random.pick(&CAMERAS);
    Exif {
        make: make.to_owned(),
        model: model.to_owned(),
        lens: lens.to_owned(),
        software: String::new(),
        taken: utc(taken, "%Y:%m:%d %H:%M:%S"),
        orientation: *random.pick(&[1, 1, 1, 1, 6, 8, 3]),
        exposure: (1, *random.pick(&[30, 60, 125, 250, 1_000])),
        aperture_tenths: *random.pick(&[18, 28, 40, 56, 80]),
        iso: *random.pick(&[100, 200, 400, 1_600]),
        focal_length: *random.pick(&[24, 35, 50, 85]),
        position: random.percent(40).then(|| *random.pick(&PLACES)),
        comment: String::new(),
    }
}

pub(super) fn xmp(random: &mut Random, scene: Scene, taken: u64) -> Xmp {
    let subjects = subjects(scene);
    Xmp {
        rating: Some(random.below(6) as i8),
        created: utc(taken, "%Y-%m-%dT%H:%M:%SZ"),
        title: format!("{} no. {}", scene.name(), 1 + random.below(99)),
        description: format!("A quiet view: {} & {}, printed on matte paper.", subjects[0], subjects[1]),
        subjects: vec![scene.name().to_owned(), subjects[2].to_owned()],
    }
}

pub(super) fn iptc(random: &mut Random, scene: Scene) -> Iptc {
    let subjects = subjects(scene);
    Iptc {
        headline: format!("{} in changing light", subjects[0]),
        caption: format!("The {} seen on an early walk, with {}.", scene.name(), subjects[1]),
        by_line: (*random.pick(&["Ada Sjöberg", "Noor Haddad", "Tomás Ibáñez"])).to_owned(),
        keywords: vec![scene.name().to_owned(), subjects[0].to_owned(), "portfolio".to_owned()],
    }
}

fn utc(seconds: u64, format: &str) -> String {
    let time = Timestamp::from_second(i64::try_from(seconds).unwrap_or(0)).unwrap_or_default();
    time.to_zoned(TimeZone::UTC).strftime(format).to_string()
}
