import styles from "./Icon.module.css";

/** 16 px line drawings of our own; each is one path, stroked with the text's colour. */
const PATHS = {
  home: "M2.5 7.5 8 3l5.5 4.5M4 6.5V13h3v-3.5h2V13h3V6.5",
  runs: "M2 4h8M2 8h12M2 12h6M12.5 2.5v3M10 12h4",
  ingest: "M8 2v7M5 6.5 8 9.5l3-3M2.5 10v3.5h11V10",
  library: "M2.5 3h4.5v4.5H2.5zM9 3h4.5v4.5H9zM2.5 9.5H7V13.5H2.5zM9 9.5h4.5v4H9z",
  nodes: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
  settings: "M2 4.5h6M11 4.5h3M2 11.5h3M8 11.5h6M8 3v3M5 10v3",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.5 10.5l3.5 3.5",
  queued: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3l2 1.5",
  running: "M5 3.5v9l7-4.5z",
  waiting: "M4.5 2.5h7M4.5 13.5h7M5 2.5c0 3 6 4 6 8v3M11 2.5c0 3-6 4-6 8v3",
  paused: "M5.5 3.5v9M10.5 3.5v9",
  done: "M3 8.5l3.5 3.5L13 4.5",
  warn: "M8 2.5 14 13H2zM8 6.5v3M8 11.2h.01",
  failed: "M4 4l8 8M12 4l-8 8",
  cancelled: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M4.2 11.8l7.6-7.6",
  retry: "M13 8a5 5 0 1 1-1.6-3.7M13.5 2.5v3h-3",
  close: "M4 4l8 8M12 4l-8 8",
  check: "M3 8.5l3.5 3.5L13 4.5",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
  link: "M7 9l2-2M6 6.5 4 8.5a2.1 2.1 0 0 0 3 3l1.5-1.5M10 9.5l2-2a2.1 2.1 0 0 0-3-3L7.5 6",
  plus: "M8 3v10M3 8h10",
  chevron: "M6 3.5 10.5 8 6 12.5",
  down: "M3.5 6 8 10.5 12.5 6",
  up: "M3.5 10 8 5.5 12.5 10",
  pin: "M6 2.5h4M6.5 2.5v4L4.5 9h7l-2-2.5v-4M8 9v4.5",
  sun: "M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5M8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1.1 1.1M11.5 11.5l1.1 1.1M3.4 12.6l1.1-1.1M11.5 4.5l1.1-1.1",
  moon: "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z",
  auto: "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
  user: "M8 2.5a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4M3 13.5c.5-3 2.5-4 5-4s4.5 1 5 4",
  star: "M8 2.3l1.75 3.65 4 .5-2.95 2.75.75 3.95L8 11.2l-3.55 1.95.75-3.95L2.25 6.45l4-.5z",
  heart: "M8 13C3 9.5 2.5 7 2.5 5.8A2.8 2.8 0 0 1 8 5a2.8 2.8 0 0 1 5.5.8C13.5 7 13 9.5 8 13z",
  folder: "M2 4h4l1.5 1.5H14V12.5H2z",
  file: "M4 2.5h5l3 3v8H4zM9 2.5v3h3",
  image: "M2.5 3h11v10h-11zM2.5 11l3-3 2.5 2.5 2-2 3.5 3.5M10.5 6h.01",
  video: "M2.5 4h8v8h-8zM10.5 7l3-2v6l-3-2z",
  eye: "M1.5 8S4 4 8 4s6.5 4 6.5 4S12 12 8 12 1.5 8 1.5 8zM8 6.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3",
  menu: "M2.5 4h11M2.5 8h11M2.5 12h11",
  filter: "M2.5 3.5h11L9.5 8.5v4l-3-1.5v-2.5z",
  signal:
    "M8 9.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3M4.8 11.2a4.5 4.5 0 0 1 0-6.4M11.2 4.8a4.5 4.5 0 0 1 0 6.4M2.7 13.3a7.5 7.5 0 0 1 0-10.6M13.3 2.7a7.5 7.5 0 0 1 0 10.6",
  offline:
    "M2.5 2.5l11 11M4.8 11.2a4.5 4.5 0 0 1-.7-5M11.2 4.8a4.5 4.5 0 0 1 .8 4.7M2.7 13.3a7.5 7.5 0 0 1-.8-9.2M13.3 2.7a7.5 7.5 0 0 1 1 9.2",
  info: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 7.3v3.5M8 5.2h.01",
  download: "M8 2v7.5M5 6.5 8 9.5l3-3M3 13.5h10",
  send: "M14 2.5 2 7.5l4.5 2 2 4.5zM14 2.5 6.5 9.5",
  place: "M2.5 13.5h11M4 13.5v-6M8 13.5v-11M12 13.5v-8M8 2.5h4.5v3H8",
  tree: "M3 2.5h4v3H3zM9 7h4v3H9zM9 11.5h4v2.5H9zM5 5.5v7.5h4M5 8.5h4",
  edit: "M3 13l.7-3 7-7 2.3 2.3-7 7zM9.5 4.2l2.3 2.3",
  flag: "M4 14V2.5h8l-2 3 2 3H4",
  lock: "M4 7.5h8v6H4zM5.5 7.5v-2a2.5 2.5 0 0 1 5 0v2",
  trash: "M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.5 9h6l.5-9",
} as const;

/** The names of the drawings. */
export type IconName = keyof typeof PATHS;

/** A decoration beside a word; it is hidden from readers, so a button with an icon alone needs an `aria-label`. */
export function Icon({ name, className }: { name: IconName; className?: string | undefined }) {
  return (
    <svg
      className={[styles.icon, className].filter(Boolean).join(" ")}
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
