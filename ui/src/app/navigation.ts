import type { Session } from "../api";
import type { IconName } from "../design";

export interface Place {
  path: string;
  title: string;
  icon: IconName;
  /** Shown only when this application is switched on. */
  app?: string;
  /** Shown unless the server says that this is switched off. */
  feature?: string;
  /** Left out of the phone's bottom bar; the palette leads there. */
  wide?: boolean;
}

const PLACES: readonly Place[] = [
  { path: "/", title: "Home", icon: "home" },
  { path: "/runs", title: "Runs", icon: "runs" },
  { path: "/ingest", title: "Ingest", icon: "ingest", app: "ingest" },
  { path: "/library", title: "Library", icon: "library", app: "ingest", wide: true },
  { path: "/backlog", title: "Backlog", icon: "tree", app: "backlog" },
  { path: "/deliveries", title: "Deliveries", icon: "send", feature: "outbox" },
  { path: "/destinations", title: "Destinations", icon: "place", feature: "outbox", wide: true },
  { path: "/nodes", title: "Nodes", icon: "nodes", wide: true },
  { path: "/settings", title: "Settings", icon: "settings" },
];

/** The places of the applications that are switched on. */
export function places(session: Session | null | undefined): readonly Place[] {
  if (!session) return PLACES;
  return PLACES.filter(
    ({ app, feature }) =>
      (app === undefined || session.apps.includes(app)) &&
      (feature === undefined || session.features[feature] !== false),
  );
}

/** Whether a place holds the location. */
export function isInside(place: Place, location: string): boolean {
  return place.path === "/"
    ? location === "/"
    : location === place.path || location.startsWith(`${place.path}/`);
}

export interface Crumb {
  title: string;
  path: string | null;
}

/** The way from home to the location; the last one is where we are, by the page's word for it once there is one. */
export function breadcrumb(location: string, here: string | null): readonly Crumb[] {
  const place = PLACES.find((candidate) => candidate.path !== "/" && isInside(candidate, location));
  if (!place) return [{ title: location === "/" ? "Home" : "Nothing here", path: null }];
  const rest = location.slice(place.path.length).split("/").filter(Boolean);
  if (rest.length === 0) return [{ title: place.title, path: null }];
  return [
    { title: place.title, path: place.path },
    { title: here ?? decode(rest.join(" / ")), path: null },
  ];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text; // A stray % in a hand-typed address.
    throw error;
  }
}
