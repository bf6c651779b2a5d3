/** The tree of a backlog as rows: what is open, what passes the filters, where the keyboard goes. Pure. */
import type { BacklogItem, DeliveryState, RunSummary, WorkItemKind } from "../../api";

export const KIND_WORDS: Record<WorkItemKind, string> = {
  epic: "Epic",
  feature: "Feature",
  story: "Story",
  task: "Task",
  test_case: "Test case",
};
export const KINDS = Object.keys(KIND_WORDS) as readonly WorkItemKind[];
/** Each is a stage, and the counter of what it has written: one of its tasks writes several items. */
const WRITING: readonly string[] = ["epics", "features", "stories", "tasks", "test_cases"];
/** Levels above this one are open at first. */
const OPEN_ABOVE = 2;

/** Items written so far, by the run's figures. */
export function writtenItems(run: Pick<RunSummary, "counters">): number {
  return WRITING.reduce((sum, name) => sum + (run.counters[name] ?? 0), 0);
}

/** What a stage has written; null for a stage that writes nothing. */
export function writtenBy(run: Pick<RunSummary, "counters">, stage: string): number | null {
  return WRITING.includes(stage) ? (run.counters[stage] ?? 0) : null;
}

export interface TreeFilter {
  q: string;
  kind: WorkItemKind | "";
  flagged: boolean;
  delivery: DeliveryState | "";
}

export function parseTreeFilter(params: URLSearchParams): TreeFilter {
  const kind = params.get("kind") ?? "";
  return {
    q: params.get("q") ?? "",
    kind: KINDS.find((each) => each === kind) ?? "",
    flagged: params.get("flagged") === "1",
    delivery: DELIVERED.find((each) => each === params.get("delivery")) ?? "",
  };
}

export const DELIVERED: readonly DeliveryState[] = [
  "pending",
  "leased",
  "retry",
  "unknown",
  "blocked",
  "dead",
  "done",
];

export function isTreeFiltered({ q, kind, flagged, delivery }: TreeFilter): boolean {
  return q !== "" || kind !== "" || flagged || delivery !== "";
}

/** The items with their places: who has which children. */
export interface Tree {
  items: readonly BacklogItem[];
  byKey: ReadonlyMap<string, BacklogItem>;
  children: ReadonlyMap<string | null, readonly BacklogItem[]>;
}

/** Items keep their order; one whose parent is not there (yet) stands at the root, so that nothing is hidden. */
export function treeOf(items: readonly BacklogItem[]): Tree {
  const byKey = new Map(items.map((item) => [item.key, item]));
  const children = new Map<string | null, BacklogItem[]>();
  for (const item of items) {
    const parent = item.parent !== null && byKey.has(item.parent) ? item.parent : null;
    const list = children.get(parent);
    if (list) list.push(item);
    else children.set(parent, [item]);
  }
  return { items, byKey, children };
}

/** One line of the tree. */
export interface TreeRow {
  item: BacklogItem;
  depth: number;
  expandable: boolean;
  open: boolean;
  /** Its place among its siblings, from 1, and how many they are. */
  place: number;
  siblings: number;
  /** Left out because something above it is. */
  outside: boolean;
  /** Shown only because something below it passes the filters. */
  faint: boolean;
}

/** What somebody has opened or closed; the rest follows its level. */
export type Opened = ReadonlyMap<string, boolean>;

export function isOpen(item: BacklogItem, opened: Opened): boolean {
  return opened.get(item.key) ?? item.level < OPEN_ABOVE;
}

/** The lines that are in sight, in order. With filters, what passes and everything above it, opened. */
export function rowsOf(tree: Tree, opened: Opened, filter: TreeFilter): TreeRow[] {
  const wanted = isTreeFiltered(filter) ? passing(tree, filter) : null;
  const rows: TreeRow[] = [];
  const walk = (parent: string | null, depth: number, outside: boolean) => {
    const all = tree.children.get(parent) ?? [];
    const shown = wanted === null ? all : all.filter((item) => wanted.has(item.key));
    shown.forEach((item, index) => {
      const below = tree.children.get(item.key) ?? [];
      const open =
        below.length > 0 && (wanted === null ? isOpen(item, opened) : (opened.get(item.key) ?? true));
      rows.push({
        item,
        depth,
        expandable: below.length > 0,
        open,
        place: index + 1,
        siblings: shown.length,
        outside: outside || item.excluded,
        faint: wanted !== null && wanted.get(item.key) === "above",
      });
      if (open) walk(item.key, depth + 1, outside || item.excluded);
    });
  };
  walk(null, 0, false);
  return rows;
}

function passing(tree: Tree, filter: TreeFilter): Map<string, "itself" | "above"> {
  const wanted = new Map<string, "itself" | "above">();
  const text = filter.q.toLowerCase();
  for (const item of tree.items) {
    const passes =
      (text === "" || item.item.title.toLowerCase().includes(text) || item.key.toLowerCase() === text) &&
      (filter.kind === "" || item.kind === filter.kind) &&
      (!filter.flagged || item.flagged) &&
      (filter.delivery === "" || item.delivery?.state === filter.delivery);
    if (!passes) continue;
    wanted.set(item.key, "itself");
    for (let above = parentOf(tree, item); above && !wanted.has(above.key); above = parentOf(tree, above))
      wanted.set(above.key, "above");
  }
  return wanted;
}

function parentOf(tree: Tree, item: BacklogItem): BacklogItem | undefined {
  return item.parent === null ? undefined : tree.byKey.get(item.parent);
}

/** The ways that lead to an item, from the root; for the panel's head. */
export function pathTo(tree: Tree, item: BacklogItem): BacklogItem[] {
  const path: BacklogItem[] = [];
  for (let above = parentOf(tree, item); above; above = parentOf(tree, above)) path.unshift(above);
  return path;
}

/** What is left to send: not excluded, nor below something that is. */
export function countIncluded(tree: Tree): number {
  let count = 0;
  const walk = (parent: string | null) => {
    for (const item of tree.children.get(parent) ?? []) {
      if (item.excluded) continue;
      count += 1;
      walk(item.key);
    }
  };
  walk(null);
  return count;
}

/** Where a key leads: to another line, or to opening or closing this one. */
export interface Move {
  current?: string;
  open?: { key: string; open: boolean };
}

/** The keys of a tree as the ARIA pattern names them. */
export function moveBy(key: string, rows: readonly TreeRow[], current: string | null): Move | null {
  const at = rows.findIndex((row) => row.item.key === current);
  const row = rows[at];
  const to = (index: number): Move => {
    const target = rows[Math.max(0, Math.min(rows.length - 1, index))];
    return target ? { current: target.item.key } : {};
  };
  switch (key) {
    case "ArrowDown":
    case "j":
      return to(at + 1);
    case "ArrowUp":
    case "k":
      return to(at < 0 ? 0 : at - 1);
    case "Home":
      return to(0);
    case "End":
      return to(rows.length - 1);
    case "ArrowRight":
      if (!row?.expandable) return {};
      return row.open ? to(at + 1) : { open: { key: row.item.key, open: true } };
    case "ArrowLeft": {
      if (!row) return {};
      if (row.expandable && row.open) return { open: { key: row.item.key, open: false } };
      for (let index = at - 1; index >= 0; index--)
        if ((rows[index]?.depth ?? 0) < row.depth) return to(index);
      return {};
    }
    default:
      return null;
  }
}
