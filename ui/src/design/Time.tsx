import { useNow } from "./clock";
import { dateTime, elapsed, relative } from "./format";

/**
 * A moment as people say it, with the exact one on hover. It follows the clock only while `live`
 * (something near it still runs); a page at rest keeps its words.
 */
export function RelativeTime({ at, live = false }: { at: number | null; live?: boolean }) {
  const now = useNow(live ? "ticking" : "still");
  if (at === null) return <span>–</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={dateTime(at)}>
      {relative(at, now)}
    </time>
  );
}

/** Time since `from` until `to`; ticks while `to` is null. */
export function Elapsed({ from, to }: { from: number | null; to: number | null }) {
  const now = useNow(from !== null && to === null ? "ticking" : "still");
  if (from === null) return <span className="figures">–</span>;
  return <span className="figures">{elapsed((to ?? now) - from)}</span>;
}
