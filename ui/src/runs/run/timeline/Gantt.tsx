import { type KeyboardEvent, memo, type PointerEvent, useEffect, useRef, useState } from "react";
import { duration, visible } from "../../../design/format";
import styles from "./Gantt.module.css";
import { type Placed, pan, type Span, type StageRow, ticks, zoom } from "./timeline.model";

const LABEL_PX = 104;
const AXIS_PX = 24;
const STAGE_PX = 14;
const LANE_PX = 7;
const GAP_PX = 10;
const TICK_PX = 90;
/** A mark nearer to the right edge has no room for its words. */
const LAST_TICK_PX = 64;

export interface GanttProps {
  rows: readonly StageRow[];
  titles: ReadonlyMap<string, string>;
  whole: Span;
  seen: Span;
  /** What the axis counts from. */
  origin: number;
  onSee: (span: Span) => void;
  onOpen: (stage: string, key: string) => void;
}

/** The chart. Its keys: arrows move, + and - zoom, 0 shows all. */
export function Gantt({ rows, titles, whole, seen, origin, onSee, onOpen }: GanttProps) {
  const [frame, width] = useWidth();
  const plot = Math.max(1, width - LABEL_PX - 12);
  const x = (at: number) => LABEL_PX + ((at - seen.from) / (seen.to - seen.from)) * plot;
  const tops = stackRows(rows);
  const height = AXIS_PX + (tops.at(-1)?.bottom ?? 0);
  const drag = useDrag(seen, whole, plot, onSee);
  useWheelZoom(frame, seen, whole, plot, onSee);
  const onKeyDown = (event: KeyboardEvent) => {
    const next = keyMove(event.key, seen, whole);
    if (!next) return;
    event.preventDefault();
    onSee(next);
  };
  return (
    <div
      ref={frame}
      className={styles.gantt}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the chart takes keys for moving and zooming
      tabIndex={0}
      role="application"
      aria-label="Timeline; arrow keys move, plus and minus zoom, 0 shows all"
      onKeyDown={onKeyDown}
      {...drag}
    >
      <svg width={width} height={height} className={styles.svg} aria-hidden="true">
        {ticks(seen, origin, Math.max(2, plot / TICK_PX)).map((mark) => (
          <g key={mark}>
            <line
              x1={x(origin + mark)}
              x2={x(origin + mark)}
              y1={AXIS_PX - 4}
              y2={height}
              className={styles.grid}
            />
            {x(origin + mark) < width - LAST_TICK_PX && (
              <text x={x(origin + mark) + 3} y={14} className={styles.tick}>
                {mark === 0 ? "0" : duration(mark)}
              </text>
            )}
          </g>
        ))}
        <clipPath id="gantt-plot">
          <rect x={LABEL_PX} y={0} width={plot + 6} height={height} />
        </clipPath>
        {rows.map((row, index) => {
          const top = AXIS_PX + (tops[index]?.top ?? 0);
          return (
            <g key={row.name}>
              <text x={12} y={top + 11} className={styles.label}>
                {visible(titles.get(row.name) ?? row.name)}
              </text>
              <g clipPath="url(#gantt-plot)">
                {row.from !== null && row.to !== null && (
                  <rect
                    x={x(row.from)}
                    y={top}
                    width={Math.max(2, x(row.to) - x(row.from))}
                    height={STAGE_PX - 4}
                    className={styles.stage}
                  />
                )}
                <Attempts placed={row.placed} top={top + STAGE_PX} seen={seen} plot={plot} onOpen={onOpen} />
              </g>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

interface AttemptsProps {
  placed: readonly Placed[];
  top: number;
  seen: Span;
  plot: number;
  onOpen: (stage: string, key: string) => void;
}

const Attempts = memo(function Attempts({ placed, top, seen, plot, onOpen }: AttemptsProps) {
  const scale = plot / (seen.to - seen.from);
  const x = (at: number) => LABEL_PX + (at - seen.from) * scale;
  return placed
    .filter(({ from, to }) => to >= seen.from && from <= seen.to)
    .map(({ attempt, from, to, lane }) => {
      const bad = attempt.outcome === "failed" || attempt.outcome === "lost";
      const left = x(from);
      const y = top + lane * LANE_PX;
      return (
        // biome-ignore lint/a11y/noStaticElementInteractions: the table below holds the same for the keyboard
        <g
          key={`${attempt.key} ${attempt.attempt} ${from}`}
          className={styles.attempt}
          onClick={() => onOpen(attempt.stage, attempt.key)}
        >
          <title>{`${visible(attempt.key)}: attempt ${attempt.attempt}, ${attempt.outcome ?? "in flight"}, ${duration(to - from)}`}</title>
          <rect
            x={left}
            y={y}
            width={Math.max(1.5, (to - from) * scale - 0.5)}
            height={LANE_PX - 2}
            className={styles[attempt.outcome ?? "open"]}
          />
          {bad && (
            <path
              d={`M${left - 2.5} ${y - 1}l6 ${LANE_PX}M${left + 3.5} ${y - 1}l-6 ${LANE_PX}`}
              className={styles.cross}
            />
          )}
        </g>
      );
    });
});

function stackRows(rows: readonly StageRow[]) {
  let at = 0;
  return rows.map((row) => {
    const top = at;
    at += STAGE_PX + row.lanes * LANE_PX + GAP_PX;
    return { top, bottom: at };
  });
}

function keyMove(key: string, seen: Span, whole: Span): Span | null {
  if (key === "ArrowLeft") return pan(seen, whole, -0.2);
  if (key === "ArrowRight") return pan(seen, whole, 0.2);
  if (key === "+" || key === "=") return zoom(seen, whole, 0.5, 0.5);
  if (key === "-") return zoom(seen, whole, 2, 0.5);
  return key === "0" ? whole : null;
}

function useWidth() {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [frame, width] as const;
}

/** Ctrl and wheel; React's own wheel listeners cannot keep the page from zooming. */
function useWheelZoom(
  frame: React.RefObject<HTMLDivElement | null>,
  seen: Span,
  whole: Span,
  plot: number,
  onSee: (span: Span) => void,
) {
  const latest = useRef({ seen, whole, plot, onSee });
  useEffect(() => {
    latest.current = { seen, whole, plot, onSee };
  });
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const now = latest.current;
      const at = (event.clientX - element.getBoundingClientRect().left - LABEL_PX) / now.plot;
      now.onSee(zoom(now.seen, now.whole, event.deltaY > 0 ? 1.25 : 0.8, Math.max(0, Math.min(1, at))));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [frame]);
}

function useDrag(seen: Span, whole: Span, plot: number, onSee: (span: Span) => void) {
  const start = useRef<{ x: number; seen: Span; moved: boolean } | null>(null);
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.button === 0) start.current = { x: event.clientX, seen, moved: false };
    },
    onPointerMove: (event: PointerEvent) => {
      const from = start.current;
      if (!from || (!from.moved && Math.abs(event.clientX - from.x) < 4)) return;
      if (!from.moved) event.currentTarget.setPointerCapture(event.pointerId);
      from.moved = true;
      onSee(pan(from.seen, whole, (from.x - event.clientX) / plot));
    },
    onPointerUp: () => {
      start.current = null;
    },
    onPointerCancel: () => {
      start.current = null;
    },
  };
}
