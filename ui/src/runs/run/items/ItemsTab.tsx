import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { asProblem, type Task } from "../../../api";
import { useUrlState } from "../../../app/url";
import {
  Card,
  type Column,
  EmptyState,
  FilterCount,
  FilterSelect,
  Name,
  ProblemNotice,
  RelativeTime,
  Skeleton,
  StateBadge,
  stateLook,
  Table,
  Toolbar,
  TypedSearch,
  useListKeys,
} from "../../../design";
import { duration, plural } from "../../../design/format";
import { isMoving, useCalmly } from "../../../stream";
import { type TaskFilter, tasksKey, useTasks } from "../../runs.query";
import type { RunTabProps } from "../RunPage";
import { StageFilter } from "../StageFilter";
import { ItemPanel } from "./ItemPanel";
import styles from "./ItemsTab.module.css";
import { itemName, itemParam, parseItemParam, TASK_STATES } from "./items.model";

const REFRESH_MS = 2_000;
const NO_TASKS: readonly Task[] = [];
const itemKey = (task: Task) => itemParam(task.stage, task.key);
/** Beyond so many pages the list stands still; loading them all again would cost more than it shows. */
const REFRESHED_PAGES = 3;

/** Every item of every stage, one line each, details in a panel. */
export default function ItemsTab({ view }: RunTabProps) {
  const { run } = view;
  const url = useUrlState();
  const filter: TaskFilter = { stage: url.get("stage"), state: url.get("state"), q: url.get("q") };
  const query = useTasks(run.id, filter);
  const pages = query.data?.pages;
  const rows = useMemo(() => pages?.flatMap((page) => page.items), [pages]);
  useRefresh(run.id, filter, run.run_seq, (pages?.length ?? 0) <= REFRESHED_PAGES);
  const titles = useMemo(() => new Map(run.stages.map((stage) => [stage.name, stage.title])), [run.stages]);
  const columns = useMemo(() => itemColumns(titles, isMoving(run.state)), [titles, run.state]);
  const item = parseItemParam(url.get("item"));
  const open = (task: Task) => url.set({ item: itemKey(task) });
  const keys = useListKeys(rows ?? NO_TASKS, itemKey, open);
  return (
    <div className={styles.items}>
      <Toolbar label="Item filters">
        <TypedSearch
          label="Search items"
          placeholder="Item ( / )"
          value={filter.q}
          onChange={(q) => url.set({ q })}
        />
        <StageFilter stages={run.stages} value={filter.stage} />
        <FilterSelect
          label="State"
          all="All states"
          value={filter.state}
          options={TASK_STATES.map((state) => [state, stateLook(state).word])}
          onChange={(state) => url.set({ state })}
        />
        <FilterCount>
          {rows && `${plural(rows.length, "item")}${query.hasNextPage ? " so far" : ""}`}
        </FilterCount>
      </Toolbar>
      {query.error && (
        <ProblemNotice
          problem={asProblem(query.error)}
          what="The items could not be loaded"
          onRetry={() => query.refetch()}
        />
      )}
      {!rows && !query.error && <Skeleton height={32} lines={10} />}
      {rows?.length === 0 && (
        <EmptyState
          icon="filter"
          title={filter.stage || filter.state || filter.q ? "No item passes these filters" : "No items yet"}
        >
          Each stage makes one item of work for each thing that it treats.
        </EmptyState>
      )}
      {rows && rows.length > 0 && (
        <Card flush>
          <Table
            label="Items"
            columns={columns}
            rows={rows}
            rowKey={itemKey}
            current={keys.current}
            selected={url.get("item") || null}
            height={`min(max(320px, calc(100dvh - 240px)), ${rows.length * 32 + 2}px)`}
            onOpen={open}
            onEnd={() => query.hasNextPage && !query.isFetchingNextPage && query.fetchNextPage()}
          />
        </Card>
      )}
      {item && (
        <ItemPanel run={run} stage={item.stage} itemKey={item.key} onClose={() => url.set({ item: null })} />
      )}
    </div>
  );
}

/** Fetches the list again while the run moves, calmly. */
function useRefresh(id: string, filter: TaskFilter, runSeq: number, wanted: boolean) {
  const client = useQueryClient();
  useCalmly(runSeq, REFRESH_MS, () => {
    if (wanted) client.invalidateQueries({ queryKey: tasksKey(id, filter) });
  });
}

function itemColumns(titles: ReadonlyMap<string, string>, moving: boolean): Column<Task>[] {
  return [
    { key: "state", title: "State", width: "112px", cell: (task) => <StateBadge state={task.state} /> },
    { key: "stage", title: "Stage", width: "112px", cell: (task) => titles.get(task.stage) ?? task.stage },
    {
      key: "key",
      title: "Item",
      width: "minmax(120px, 3fr)",
      cell: (task) => (
        <button type="button" className={styles.open} data-open="">
          <Name text={itemName(task.key)} mono={task.key !== ""} />
        </button>
      ),
    },
    {
      key: "error",
      title: "Error",
      width: "minmax(80px, 2fr)",
      wide: true,
      cell: (task) =>
        task.error && (
          <span className={styles.error}>
            <Name text={task.error.message} />
          </span>
        ),
    },
    {
      key: "attempt",
      title: "Attempt",
      width: "76px",
      align: "end",
      wide: true,
      cell: (task) => (task.attempt === 0 ? "–" : `${task.attempt} of ${task.max_attempts}`),
    },
    {
      key: "took",
      title: "Took",
      width: "84px",
      align: "end",
      wide: true,
      cell: (task) =>
        task.started_at !== null && task.ended_at !== null ? duration(task.ended_at - task.started_at) : "–",
    },
    {
      key: "ended",
      title: "Ended",
      width: "92px",
      align: "end",
      wide: true,
      cell: (task) => <RelativeTime at={task.ended_at} live={moving} />,
    },
  ];
}
