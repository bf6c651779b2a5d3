import { useEffect, useMemo, useRef, useState } from "react";
import { VList, type VListHandle } from "virtua";
import { useUrlState } from "../../../app/url";
import {
  Button,
  CopyButton,
  EmptyState,
  FilterCount,
  FilterSelect,
  ProblemNotice,
  Skeleton,
  Toolbar,
  TypedSearch,
  toast,
  toastProblem,
} from "../../../design";
import { clockMs, dateTime, number, plural } from "../../../design/format";
import { isMoving } from "../../../stream";
import { useRunEvents } from "../events.buffer";
import type { RunTabProps } from "../RunPage";
import { StageFilter } from "../StageFilter";
import styles from "./LogTab.module.css";
import { filterLines, isLevel, isLogged, LEVELS, LOG_KINDS, type LogLine, lineMaker } from "./log.model";

const LINE_PX = 20;
/** The list sets its own height inline, so a class cannot. */
const HEIGHT = { height: "max(320px, calc(100dvh - 220px))" };

/** What happened, in words, line by line: live, searchable, each line with an address of its own. */
export default function LogTab({ view }: RunTabProps) {
  const { run } = view;
  const url = useUrlState();
  const { events, buffer, loading, problem, retry } = useRunEvents(run.id, LOG_KINDS, isLogged);
  const [makeLines] = useState(lineMaker);
  const level = url.get("level");
  const filter = {
    level: isLevel(level) ? level : ("info" as const),
    q: url.get("q"),
    stage: url.get("stage"),
  };
  const lines = useMemo(() => makeLines(events), [events, makeLines]);
  const shown = useMemo(
    () => filterLines(lines, { level: filter.level, q: filter.q, stage: filter.stage }),
    [lines, filter.level, filter.q, filter.stage],
  );
  const [follow, setFollow] = useState(url.get("line") === "");

  return (
    <div className={styles.log}>
      <Toolbar label="Log filters">
        <TypedSearch
          label="Search the log"
          placeholder="Search the log ( / )"
          value={filter.q}
          onChange={(q) => url.set({ q })}
        />
        <FilterSelect
          label="Lowest level"
          all={null}
          value={filter.level}
          options={LEVELS.map((each) => [each, `${each} and above`])}
          onChange={(next) => url.set({ level: next === "info" ? null : next })}
        />
        <StageFilter stages={run.stages} value={filter.stage} />
        <Button icon="down" aria-pressed={follow} onClick={() => setFollow(!follow)}>
          Follow
        </Button>
        <CopyButton label="Copy shown lines" text={() => shown.map(plainLine).join("\n")} />
        <FilterCount>
          {filter.q === ""
            ? plural(shown.length, "line")
            : `${number(shown.length)} of ${plural(lines.length, "line")}`}
          {loading && ", loading earlier ones"}
        </FilterCount>
      </Toolbar>
      {problem && (
        <ProblemNotice problem={problem} what="Earlier lines could not be loaded" onRetry={retry} />
      )}
      {shown.length === 0 && loading && <Skeleton height={LINE_PX - 4} lines={16} />}
      {shown.length === 0 && !loading && (
        <EmptyState
          icon="file"
          title={lines.length === 0 ? "Nothing logged yet" : "No line passes these filters"}
        >
          {lines.length === 0 && isMoving(run.state) && "Lines appear here as they are written."}
        </EmptyState>
      )}
      {shown.length > 0 && (
        <Lines
          lines={shown}
          follow={follow}
          onFollow={setFollow}
          prepending={buffer.prepended > 0}
          selected={Number(url.get("line")) || null}
          onSelect={(seq) => url.set({ line: seq })}
        />
      )}
    </div>
  );
}

interface LinesProps {
  lines: readonly LogLine[];
  follow: boolean;
  onFollow: (follow: boolean) => void;
  prepending: boolean;
  selected: number | null;
  onSelect: (seq: number) => void;
}

function Lines({ lines, follow, onFollow, prepending, selected, onSelect }: LinesProps) {
  const list = useRef<VListHandle>(null);
  const last = lines.length - 1;
  useEffect(() => {
    if (follow && last >= 0) list.current?.scrollToIndex(last, { align: "end" });
  }, [follow, last]);
  const wanted = useRef(selected);
  useEffect(() => {
    // The line that the address names is scrolled to once, as soon as it is loaded.
    if (wanted.current === null) return;
    const index = lines.findIndex((line) => line.seq === wanted.current);
    if (index < 0) return;
    wanted.current = null;
    list.current?.scrollToIndex(index, { align: "center" });
  }, [lines]);
  const onScroll = (offset: number) => {
    const handle = list.current;
    if (!handle) return;
    const atEnd = offset + handle.viewportSize >= handle.scrollSize - LINE_PX * 2;
    if (!atEnd && follow && isUserScroll.current) onFollow(false);
    else if (atEnd && !follow && isUserScroll.current) onFollow(true);
  };
  const isUserScroll = useRef(false);
  const mark = () => {
    isUserScroll.current = true;
  };
  return (
    <VList
      ref={list}
      className={styles.lines}
      style={HEIGHT}
      role="log"
      aria-label="Log"
      aria-live="off"
      tabIndex={0}
      data={lines}
      itemSize={LINE_PX}
      shift={prepending && !follow}
      onScroll={onScroll}
      onWheel={mark}
      onTouchMove={mark}
      onKeyDown={mark}
      onPointerDown={mark}
    >
      {(line: LogLine) => (
        <LineView key={line.seq} line={line} selected={line.seq === selected} onSelect={onSelect} />
      )}
    </VList>
  );
}

function LineView({
  line,
  selected,
  onSelect,
}: {
  line: LogLine;
  selected: boolean;
  onSelect: (seq: number) => void;
}) {
  const copyLink = async () => {
    onSelect(line.seq);
    const address = new URL(window.location.href);
    address.searchParams.set("line", String(line.seq));
    try {
      await navigator.clipboard.writeText(address.href);
      toast("done", "Link to the line copied.");
    } catch (error) {
      toastProblem("The link could not be copied; it stands in the address line", error);
    }
  };
  return (
    <div className={`${styles.line} ${styles[line.level]}`} data-selected={selected || undefined}>
      <button
        type="button"
        className={styles.time}
        title={`${dateTime(line.at)}. Copy link to this line`}
        onClick={copyLink}
      >
        {clockMs(line.at)}
      </button>
      <span className={styles.level}>{line.level}</span>
      <bdi className={styles.where}>{line.where}</bdi>
      <bdi className={styles.text}>{line.text}</bdi>
    </div>
  );
}

function plainLine(line: LogLine): string {
  return `${new Date(line.at).toISOString()} ${line.level.padEnd(5)} ${line.where} ${line.text}`;
}
