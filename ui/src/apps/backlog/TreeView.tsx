import {
  type KeyboardEvent,
  memo,
  useCallback,
  useDeferredValue,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";
import { VList, type VListHandle } from "virtua";
import type { BacklogSession, RunSummary } from "../../api";
import { useUrlState } from "../../app/url";
import {
  Button,
  Card,
  EmptyState,
  FilterCount,
  FilterSelect,
  Skeleton,
  stateLook,
  Toolbar,
  TypedSearch,
} from "../../design";
import { plural } from "../../design/format";
import { isMoving } from "../../stream";
import { ItemPanel } from "./ItemPanel";
import { TreeLine } from "./TreeLine";
import styles from "./TreeView.module.css";
import {
  DELIVERED,
  isTreeFiltered,
  KIND_WORDS,
  KINDS,
  moveBy,
  type Opened,
  parseTreeFilter,
  rowsOf,
  type Tree,
  type TreeRow,
} from "./tree.model";

const ROW_PX = 32;

export interface TreeViewProps {
  tree: Tree;
  run: RunSummary;
  session: BacklogSession;
  loading: boolean;
}

/** The whole backlog as a tree: filtered, opened and closed, walked by keyboard; details in a panel. */
export function TreeView({ tree, run, session, loading }: TreeViewProps) {
  const url = useUrlState();
  const filter = useMemo(() => parseTreeFilter(url.params), [url.params]);
  const [opened, setOpened] = useState<Opened>(new Map());
  const shownTree = useDeferredValue(tree);
  const rows = useMemo(() => rowsOf(shownTree, opened, filter), [shownTree, opened, filter]);
  const selected = url.get("item");
  const item = tree.byKey.get(selected);
  const toggle = useCallback(
    (key: string, open: boolean) => setOpened((before) => new Map(before).set(key, open)),
    [],
  );
  const { set } = url;
  const select = useCallback((key: string) => set({ item: key }), [set]);
  const all = (open: boolean) =>
    setOpened(new Map(tree.items.filter((each) => each.children > 0).map((each) => [each.key, open])));
  return (
    <div className={styles.view}>
      <Toolbar label="Item filters">
        <TypedSearch
          label="Search items"
          placeholder="Title ( / )"
          value={filter.q}
          onChange={(q) => url.set({ q })}
        />
        <FilterSelect
          label="Kind"
          all="All kinds"
          value={filter.kind}
          options={KINDS.map((kind) => [kind, KIND_WORDS[kind]])}
          onChange={(kind) => url.set({ kind })}
        />
        <FilterSelect
          label="Delivery"
          all="All deliveries"
          value={filter.delivery}
          options={DELIVERED.map((state) => [state, stateLook(state).word])}
          onChange={(delivery) => url.set({ delivery })}
        />
        <Button
          icon="flag"
          aria-pressed={filter.flagged}
          onClick={() => url.set({ flagged: !filter.flagged })}
        >
          Flagged
        </Button>
        <Button kind="quiet" icon="down" onClick={() => all(true)}>
          Open all
        </Button>
        <Button kind="quiet" icon="up" onClick={() => all(false)}>
          Close all
        </Button>
        <FilterCount>
          {isTreeFiltered(filter)
            ? `${plural(rows.filter((row) => !row.faint).length, "item passes", "items pass")}`
            : plural(tree.items.length, "item")}
        </FilterCount>
      </Toolbar>
      {loading && <Skeleton height={28} lines={10} />}
      {!loading && rows.length === 0 && (
        <EmptyState
          icon="tree"
          title={isTreeFiltered(filter) ? "No item passes these filters" : "Nothing is written yet"}
          action={
            isTreeFiltered(filter) && (
              <Button onClick={() => url.set({ q: null, kind: null, delivery: null, flagged: null })}>
                Clear filters
              </Button>
            )
          }
        >
          {!isTreeFiltered(filter) && isMoving(run.state) && "Items appear here as they are written."}
        </EmptyState>
      )}
      {rows.length > 0 && (
        <Card flush>
          <Lines
            rows={rows}
            threshold={session.params.quality_threshold}
            selected={selected}
            onSelect={select}
            onToggle={toggle}
          />
        </Card>
      )}
      {item && (
        <ItemPanel
          key={item.key}
          item={item}
          tree={tree}
          run={run}
          threshold={session.params.quality_threshold}
          onClose={() => url.set({ item: null })}
        />
      )}
    </div>
  );
}

interface LinesProps {
  rows: readonly TreeRow[];
  threshold: number;
  selected: string;
  onSelect: (key: string) => void;
  onToggle: (key: string, open: boolean) => void;
}

const Lines = memo(function Lines({ rows, threshold, selected, onSelect, onToggle }: LinesProps) {
  const list = useRef<VListHandle>(null);
  const id = useId();
  const [current, setCurrent] = useState<string | null>(selected || null);
  const at = rows.findIndex((row) => row.item.key === current);
  useEffect(() => {
    if (at >= 0) list.current?.scrollToIndex(at, { align: "nearest" });
  }, [at]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && current !== null) {
      event.preventDefault();
      onSelect(current);
      return;
    }
    const move = moveBy(event.key, rows, current);
    if (move === null) return;
    event.preventDefault();
    if (move.current !== undefined) setCurrent(move.current);
    if (move.open) onToggle(move.open.key, move.open.open);
  };
  return (
    <VList
      ref={list}
      role="tree"
      aria-label="Items of the backlog"
      aria-activedescendant={at >= 0 ? `${id}-${current}` : undefined}
      tabIndex={0}
      className={styles.lines}
      style={{ height: `min(max(360px, calc(100dvh - 220px)), ${rows.length * ROW_PX + 2}px)` }}
      data={rows}
      itemSize={ROW_PX}
      onKeyDown={onKeyDown}
      onFocus={() => current === null && rows[0] && setCurrent(rows[0].item.key)}
    >
      {(row: TreeRow) => (
        <TreeLine
          key={row.item.key}
          id={`${id}-${row.item.key}`}
          row={row}
          threshold={threshold}
          selected={row.item.key === selected}
          current={row.item.key === current}
          onSelect={onSelect}
          onToggle={onToggle}
        />
      )}
    </VList>
  );
});
