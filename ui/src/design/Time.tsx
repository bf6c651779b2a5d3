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

/** Time since `from` until `to`, or until now; then it ticks, unless `live` is false. */
export function Elapsed({
  from,
  to,
  live = true,
}: {
  from: number | null;
  to: number | null;
  live?: boolean;
}) {
  const now = useNow(live && from !== null && to === null ? "ticking" : "still");
  if (from === null) return <span className="figures">–</span>;
  return <span className="figures">{elapsed((to ?? now) - from)}</span>;
}
