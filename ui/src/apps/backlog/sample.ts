/** Items of a backlog for tests. */
import type { BacklogItem, WorkItemKind } from "../../api";

const LEVELS: Record<WorkItemKind, number> = { epic: 0, feature: 1, story: 2, task: 3, test_case: 3 };

export function sampleItem(key: string, kind: WorkItemKind, change: Partial<BacklogItem> = {}): BacklogItem {
  const slash = key.lastIndexOf("/");
  return {
    key,
    parent: slash < 0 ? null : key.slice(0, slash),
    kind,
    level: LEVELS[kind],
    position: 0,
    item: { kind, title: `Title of ${key}` },
    quality: { score: 80, problems: [], attempts: 1 },
    flagged: false,
    edited: false,
    excluded: false,
    children: 0,
    delivery: null,
    ...change,
  };
}

/** Two epics; the first with two features, of which the first has a story with a task and a test case. */
export function sampleItems(): BacklogItem[] {
  return [
    sampleItem("e1", "epic", { children: 2 }),
    sampleItem("e1/f1", "feature", { children: 1 }),
    sampleItem("e1/f1/s1", "story", { children: 2 }),
    sampleItem("e1/f1/s1/t1", "task", { flagged: true }),
    sampleItem("e1/f1/s1/c1", "test_case"),
    sampleItem("e1/f2", "feature"),
    sampleItem("e2", "epic"),
  ];
}
