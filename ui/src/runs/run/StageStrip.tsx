import { memo, useCallback, useEffect, useRef, useState } from "react";
import type { Limit, RunSummary, Stage } from "../../api";
import { useUrlState } from "../../app/url";
import { Bar, Icon, stateLook } from "../../design";
import { duration, number, percent, plural, rate, visible } from "../../design/format";
import { useLimits } from "../../stream";
import { sameStage, stageColumns, stageParts, stagePercent, stageTotal } from "../stages.model";
import { StageMenu } from "./StageMenu";
import styles from "./StageStrip.module.css";

/** The stages as connected bars, in the order in which work flows through them. */
export function StageStrip({ run }: { run: RunSummary }) {
  const { limits } = useLimits();
  const seen = useSeen();
  const columns = stageColumns(run.stages);
  const [asked, setAsked] = useState<string | null>(null);
  const ask = useCallback((name: string) => setAsked((before) => (before === name ? null : name)), []);
  const menu = run.stages.find((stage) => stage.name === asked);
  return (
    <>
      <section aria-label="Stages" className={styles.strip}>
        {columns.map((column) => (
          <div key={column.map((stage) => stage.name).join(" ")} className={styles.column}>
            {column.map((stage) => (
              <SeenCell
                key={stage.name}
                stage={stage}
                limit={limits?.find((limit) => limit.class === stage.wait_class)}
                asked={stage.name === asked}
                onAsk={ask}
                watch={seen}
              />
            ))}
          </div>
        ))}
      </section>
      {menu && <StageMenu run={run} stage={menu} onClose={() => setAsked(null)} />}
    </>
  );
}

type Watch = (element: Element, onChange: (visible: boolean) => void) => () => void;

/** One observer for all cells: what is out of sight keeps its last picture and costs nothing. */
function useSeen(): Watch {
  const [watch] = useState(() => {
    const callbacks = new Map<Element, (visible: boolean) => void>();
    const observer = new IntersectionObserver((entries) => {
      for (const entry of entries) callbacks.get(entry.target)?.(entry.isIntersecting);
    });
    return (element: Element, onChange: (visible: boolean) => void) => {
      callbacks.set(element, onChange);
      observer.observe(element);
      return () => {
        callbacks.delete(element);
        observer.unobserve(element);
      };
    };
  });
  return watch;
}

interface CellProps {
  stage: Stage;
  limit: Limit | undefined;
  /** Whether its menu is open. */
  asked: boolean;
  onAsk: (stage: string) => void;
}

function SeenCell({ stage, limit, asked, onAsk, watch }: CellProps & { watch: Watch }) {
  const place = useRef<HTMLDivElement>(null);
  const [visible, setVisible] = useState(true);
  const [last, setLast] = useState({ stage, limit });
  useEffect(() => (place.current ? watch(place.current, setVisible) : undefined), [watch]);
  if (visible && (last.stage !== stage || last.limit !== limit)) setLast({ stage, limit });
  const shown = visible ? { stage, limit } : last;
  return (
    <div ref={place} className={styles.stage} data-state={shown.stage.state}>
      <StageCell stage={shown.stage} limit={shown.limit} asked={asked} onAsk={onAsk} />
    </div>
  );
}

const StageCell = memo(function StageCell({ stage, limit, asked, onAsk }: CellProps) {
  const url = useUrlState();
  const look = stateLook(stage.state === "open" && stage.signal ? "waiting" : stage.state);
  const total = stageTotal(stage);
  return (
    <>
      <div className={styles.head}>
        <button
          type="button"
          className={styles.name}
          title={`Show the items of ${stage.title}`}
          onClick={() => url.set({ tab: "items", stage: stage.name, state: null, q: null }, "push")}
        >
          <span className={`${styles.mark} ${styles[look.tone]}`} title={look.word}>
            <Icon name={look.icon} />
            <span className="sr">{look.word}: </span>
          </span>
          <bdi className={styles.title}>{stage.title}</bdi>
          <span className={styles.percent}>
            {stage.state === "pending" ? "" : percent(stagePercent(stage))}
          </span>
        </button>
        <button
          type="button"
          className={styles.menu}
          aria-label={`Actions of ${stage.title}`}
          aria-expanded={asked}
          onClick={() => onAsk(stage.name)}
        >
          <Icon name="down" />
        </button>
      </div>
      <Bar parts={stageParts(stage)} label={`Stage ${stage.title}`} percent={stagePercent(stage)} />
      <div className={styles.texts}>
        <p className={styles.counts}>
          <span>
            {number(stage.done)} <span className={styles.quiet}>of {number(total)}</span>
          </span>
          {stage.failed > 0 && <span className={styles.failed}>{number(stage.failed)} failed</span>}
          {stage.skipped > 0 && <span className={styles.quiet}>{number(stage.skipped)} skipped</span>}
          {stage.retries > 0 && (
            <span className={styles.quiet}>{plural(stage.retries, "retry", "retries")}</span>
          )}
        </p>
        <div className={styles.flow}>
          <Flow stage={stage} limit={limit} />
        </div>
      </div>
    </>
  );
}, sameCell);

/** Each frame brings new objects; a cell is drawn again only when something in it differs. */
function sameCell(a: CellProps, b: CellProps): boolean {
  return a.asked === b.asked && a.onAsk === b.onAsk && a.limit === b.limit && sameStage(a.stage, b.stage);
}

/** What moves and what holds it: in flight of the limit in force, and why that limit. */
function Flow({ stage, limit }: { stage: Stage; limit: Limit | undefined }) {
  if (stage.state === "pending")
    return <>waits for {stage.needs.length > 0 ? stage.needs.join(", ") : "the run"}</>;
  if (stage.state === "skipped") return <>skipped</>;
  if (stage.state === "closed") {
    return (
      <>
        {stage.opened_at !== null && stage.closed_at !== null
          ? `took ${duration(stage.closed_at - stage.opened_at)}`
          : "closed"}
      </>
    );
  }
  if (stage.signal) return <span className={styles.waiting}>waits for {stage.signal}</span>;
  const why = limit
    ? `${limit.class}${limit.pinned ? ", pinned" : ""}: ${limit.reason}`
    : (stage.wait_class ?? "");
  return (
    <>
      {rate(stage.rate_per_s)} · {number(stage.in_flight)}
      {stage.limit !== null && ` of ${number(stage.limit)}`} in flight
      {why !== "" && (
        <span className={styles.why} title={visible(why)}>
          {visible(why)}
        </span>
      )}
    </>
  );
}
