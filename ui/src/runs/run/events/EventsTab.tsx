import { useMemo } from "react";
import { VList } from "virtua";
import type { Event } from "../../../api";
import { useUrlState } from "../../../app/url";
import {
  CopyButton,
  EmptyState,
  FilterCount,
  Panel,
  ProblemNotice,
  Skeleton,
  Toolbar,
  TypedSearch,
} from "../../../design";
import { clockMs, plural, visible } from "../../../design/format";
import { useRunEvents } from "../events.buffer";
import type { RunTabProps } from "../RunPage";
import styles from "./EventsTab.module.css";

const all = () => true;
/** The list sets its own height inline, so a class cannot. */
const HEIGHT = { height: "max(320px, calc(100dvh - 260px))" };

/** The facts themselves, raw, with their numbers. */
export default function EventsTab({ view }: RunTabProps) {
  const url = useUrlState();
  const { events, loading, problem, retry } = useRunEvents(view.run.id, "", all);
  const q = url.get("q").toLowerCase();
  const shown = useMemo(
    () =>
      q === ""
        ? events
        : events.filter((event) =>
            `${event.kind} ${event.stage} ${event.key} ${JSON.stringify(event.data)}`
              .toLowerCase()
              .includes(q),
          ),
    [events, q],
  );
  const newestFirst = useMemo(() => [...shown].reverse(), [shown]);
  const open = Number(url.get("event")) || null;
  const selected = open === null ? undefined : events.find((event) => event.run_seq === open);
  return (
    <div className={styles.events}>
      <Toolbar label="Event filters">
        <TypedSearch
          label="Search events"
          placeholder="Kind, stage, item or content ( / )"
          value={url.get("q")}
          onChange={(text) => url.set({ q: text })}
        />
        <CopyButton
          label="Copy shown events"
          text={() => shown.map((event) => JSON.stringify(event)).join("\n")}
        />
        <FilterCount>
          {plural(shown.length, "event")}
          {loading && ", loading earlier ones"}
        </FilterCount>
      </Toolbar>
      {problem && (
        <ProblemNotice problem={problem} what="Earlier events could not be loaded" onRetry={retry} />
      )}
      {shown.length === 0 &&
        (loading ? (
          <Skeleton height={20} lines={12} />
        ) : (
          <EmptyState icon="file" title="No event passes this search" />
        ))}
      {shown.length > 0 && (
        <VList
          className={styles.list}
          style={HEIGHT}
          data={newestFirst}
          itemSize={24}
          tabIndex={0}
          aria-label="Events, newest first"
        >
          {(event: Event) => (
            <button
              key={event.run_seq}
              type="button"
              className={styles.row}
              data-selected={event.run_seq === open || undefined}
              onClick={() => url.set({ event: event.run_seq })}
            >
              <span className={styles.seq}>{event.run_seq}</span>
              <span className={styles.at}>{clockMs(event.at)}</span>
              <span className={styles.kind}>{event.kind}</span>
              <bdi className={styles.data}>
                {visible([event.stage, event.key].filter((part) => part !== null).join(" "))}{" "}
                {visible(JSON.stringify(event.data))}
              </bdi>
            </button>
          )}
        </VList>
      )}
      <p className={styles.about}>
        Newest first. The good end of single items (<code>task.done</code>) is in the list as of when this tab
        was opened; new ones are counted above.
      </p>
      {selected && <EventPanel event={selected} onClose={() => url.set({ event: null })} />}
    </div>
  );
}

function EventPanel({ event, onClose }: { event: Event; onClose: () => void }) {
  const text = JSON.stringify(event, null, 2);
  return (
    <Panel
      title={`${event.kind} #${event.run_seq}`}
      onClose={onClose}
      actions={<CopyButton label="Copy event" text={text} />}
    >
      <pre className={styles.json}>{visibleLines(text)}</pre>
    </Panel>
  );
}

/** Made visible line by line, so that the layout's own line breaks stay. */
function visibleLines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}
