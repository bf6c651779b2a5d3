// Generated media files, their ingest data and the library.
import { random } from "./world.mjs";

const SUBJECTS = [
  "lighthouse",
  "old harbour",
  "fox in snow",
  "paper city",
  "glass garden",
  "night train",
  "copper robot",
  "desert radio",
  "tide pool",
  "violin maker",
];
const STYLES = [
  "oil painting",
  "35mm photo",
  "watercolour",
  "isometric",
  "studio light",
  "film grain",
  "macro",
  "line drawing",
];
const MODELS = ["sdxl_base_1.0", "dreamshaper_8", "flux1-dev", "realvis_v5"];
const HOSTILE = [
  "<img src=x onerror=alert(1)>.png",
  "invoice\u202egnp.exe.png",
  "tab\tand\nnewline.jpg",
  "عكس‏ mixed ‮ text.webp",
  "quote\"'`;--.png",
  "a-very-long-name-that-goes-on-and-on-and-on-and-on-until-it-no-longer-fits-into-any-column-of-any-table-0001.png",
];

export function makeFile(index) {
  const next = random(index * 7919 + 13);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const subject = pick(SUBJECTS);
  const style = pick(STYLES);
  const model = pick(MODELS);
  const video = index % 23 === 11;
  const format = video ? "mp4" : ["png", "png", "jpeg", "webp"][Math.floor(next() * 4)];
  const stem = `${subject.replaceAll(" ", "-")}-${String(index).padStart(5, "0")}`;
  const name =
    index % 61 === 5
      ? HOSTILE[Math.floor(index / 61) % HOSTILE.length]
      : `${stem}.${format === "jpeg" ? "jpg" : format}`;
  const portrait = next() < 0.4;
  const [width, height] = portrait ? [832, 1216] : [1216, 832];
  const sha256 = Array.from({ length: 64 }, () => Math.floor(next() * 16).toString(16)).join("");
  const nsfwScore = next() ** 3;
  const score = next() < 0.45 ? 0 : Math.ceil(next() * 6) - 1 || -1;
  const quality = {
    sharpness: Math.round(100 * next()),
    exposure: Math.round(40 + next() * 60),
    contrast: Math.round(30 + next() * 70),
    resolution: Math.round(50 + next() * 50),
  };
  return {
    key: `/media/generated/2026-11/${name}`,
    path: `/media/generated/2026-11/${name}`,
    name,
    size: Math.floor(400_000 + next() * 2_600_000) * (video ? 12 : 1),
    sha256,
    format,
    width,
    height,
    state: "processed",
    excluded: false,
    created_at: 1763000000000 + index * 61_000,
    thumbnail: `/api/v1/media/${sha256}/thumbnail`,
    metadata: { colour: "RGB", alpha: format === "png", camera: null, mtime: 1763000000000 + index * 61_000 },
    generation: video
      ? null
      : {
          prompt: `${subject}, ${style}, (volumetric light:1.3), highly detailed`,
          negative_prompt: "blurry, text, watermark",
          model,
          sampler: "DPM++ 2M Karras",
          steps: 28,
          cfg: 6.5,
          seed: Math.floor(next() * 4e9),
          size: `${width}x${height}`,
          loras: [{ name: "detail_tweaker", weight: 0.6 }],
        },
    keywords: [
      { keyword: subject, kind: "prompt", weight: 1 },
      { keyword: style, kind: "prompt", weight: 1 },
      { keyword: "volumetric light", kind: "prompt", weight: 1.3 },
      { keyword: portrait ? "portrait" : "landscape", kind: "orientation", weight: 1 },
      { keyword: model, kind: "model", weight: 1 },
    ],
    score,
    favourite: next() < 0.08,
    quality: {
      ...quality,
      overall: Math.round((quality.sharpness + quality.exposure + quality.contrast + quality.resolution) / 4),
    },
    nsfw: video
      ? { state: "unknown", score: null, reason: "ffprobe is not installed, so no frames were sampled" }
      : { state: nsfwScore > 0.8 ? "nsfw" : "safe", score: nsfwScore, reason: null },
    video: video
      ? {
          container: "mp4",
          codec: "h264",
          duration_ms: 8000 + Math.floor(next() * 50_000),
          fps: 24,
          width,
          height,
        }
      : null,
    duplicate_of: null,
    near_group: index % 40 === 8 || index % 40 === 9 ? Math.floor(index / 40) : null,
    problems: [],
  };
}

const FAILURES = [
  [
    "read",
    "image.truncated",
    "The PNG ends inside chunk IDAT at byte 188,416; the file was cut short while it was copied.",
  ],
  [
    "read",
    "image.too_large",
    "The header claims 50,000 × 50,000 pixels; at most 100 megapixels are decoded.",
  ],
  ["enrich", "sidecar.invalid", "The score file holds 11; scores go from −1 to 5."],
  ["read", "file.changed", "The file changed between discovery and reading."],
];

export function makeFiles(count) {
  const files = Array.from({ length: count }, (_, index) => makeFile(index));
  files.forEach((file, index) => {
    if (index % 47 === 17) {
      const [stage, code, message] = FAILURES[Math.floor(index / 47) % FAILURES.length];
      file.state = "failed";
      file.thumbnail = null;
      file.problems = [{ stage, code, message, at: Date.now() }];
    } else if (index % 31 === 12) {
      file.state = "skipped";
    }
    if (index % 50 === 33 && index > 0) file.duplicate_of = files[index - 1].key;
  });
  return files;
}

export function filterFiles(files, query) {
  const q = (query.get("q") ?? "").toLowerCase();
  const states = (query.get("state") ?? "").split(",").filter(Boolean);
  const keywords = query.getAll("keyword");
  const nsfw = query.get("nsfw");
  const kind = query.get("kind");
  const model = query.get("model");
  const orientation = query.get("orientation");
  const min = query.get("min_score");
  const favourite = query.get("favourite");
  const excluded = query.get("excluded");
  const kept = files.filter((file) => {
    if (q && !`${file.name} ${file.generation?.prompt ?? ""}`.toLowerCase().includes(q)) return false;
    if (states.length && !states.includes(file.state)) return false;
    if (keywords.some((keyword) => !file.keywords.some((has) => has.keyword === keyword))) return false;
    if (nsfw && file.nsfw.state !== nsfw) return false;
    if (kind && (kind === "video") !== (file.video !== null)) return false;
    if (model && file.generation?.model !== model) return false;
    if (
      orientation &&
      !file.keywords.some((has) => has.kind === "orientation" && has.keyword === orientation)
    )
      return false;
    if (min && file.score < Number(min)) return false;
    if (favourite && String(file.favourite) !== favourite) return false;
    if (excluded && String(file.excluded) !== excluded) return false;
    return true;
  });
  const sort = query.get("sort");
  const by = {
    name: (a, b) => (a.name < b.name ? -1 : 1),
    score: (a, b) => b.score - a.score,
    quality: (a, b) => b.quality.overall - a.quality.overall,
    created: (a, b) => b.created_at - a.created_at,
    added: (a, b) => (b.added_at ?? 0) - (a.added_at ?? 0),
  };
  return by[sort] ? kept.sort(by[sort]) : kept;
}

export function facets(files) {
  const count = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
  const keywords = new Map();
  const models = new Map();
  const scores = new Map();
  const nsfw = new Map();
  const kinds = new Map();
  for (const file of files) {
    for (const { keyword, kind } of file.keywords) count(keywords, `${kind}\u0000${keyword}`);
    if (file.generation) count(models, file.generation.model);
    count(scores, file.score);
    count(nsfw, file.nsfw.state);
    count(kinds, file.video ? "video" : "image");
  }
  return {
    keywords: [...keywords]
      .map(([id, n]) => ({ kind: id.split("\u0000")[0], keyword: id.split("\u0000")[1], count: n }))
      .sort((a, b) => b.count - a.count),
    models: [...models].map(([model, n]) => ({ model, count: n })),
    scores: Object.fromEntries(scores),
    nsfw: Object.fromEntries(nsfw),
    kinds: Object.fromEntries(kinds),
  };
}

/** A picture of its own for each hash, so that a grid looks like a grid. */
export function thumbnail(sha) {
  const n = Number.parseInt(sha.slice(0, 8), 16);
  const hue = n % 360;
  const x = 40 + (n % 240);
  const y = 60 + ((n >> 8) % 160);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 320"><defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="hsl(${hue} 45% 62%)"/><stop offset="1" stop-color="hsl(${(hue + 70) % 360} 50% 28%)"/></linearGradient></defs><rect width="320" height="320" fill="url(#g)"/><circle cx="${x}" cy="${y}" r="${30 + (n % 60)}" fill="hsl(${(hue + 180) % 360} 60% 75% / .7)"/><path d="M0 ${210 + (n % 50)} Q160 ${150 + ((n >> 4) % 90)} 320 ${220 + ((n >> 6) % 40)} V320 H0Z" fill="hsl(${(hue + 20) % 360} 40% 20% / .8)"/></svg>`;
}
