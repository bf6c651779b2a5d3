import type { BacklogSession, RunSummary } from "../../api";
import { StatCard, StatRow } from "../../design";
import { number, plural } from "../../design/format";
import { NO_DELIVERIES } from "../../stream";
import { writtenItems } from "./tree.model";

/** What was written, how good it is, what it cost, what is there. */
export function Figures({ session, run }: { session: BacklogSession; run: RunSummary }) {
  const { stats, budget_usd: budget } = session;
  const { staged, done, dead } = run.deliveries ?? NO_DELIVERIES;
  // The run's counters move with the stream; the session's figures follow a moment later.
  const now = (name: "prompt_tokens" | "completion_tokens" | "cost_micro_usd" | "epics" | "features") =>
    run.counters[name] ?? stats[name];
  const tokens = now("prompt_tokens") + now("completion_tokens");
  const cost = now("cost_micro_usd") / 1e6;
  return (
    <section aria-label="Figures">
      <StatRow>
        <StatCard
          label="Items"
          value={number(writtenItems(run))}
          note={`${plural(now("epics"), "epic")}, ${plural(now("features"), "feature")}`}
        />
        <StatCard
          label="Flagged"
          value={number(stats.flagged)}
          note="below the threshold"
          {...(stats.flagged > 0 ? { tone: "warn" as const } : {})}
        />
        <StatCard label="Written again" value={number(stats.regenerated)} note="to reach it" />
        <StatCard
          label="Cost so far"
          value={`$ ${number(cost, 2)}`}
          note={budget === null ? "no budget set" : `of $ ${number(budget, 2)} at most`}
          {...(budget !== null && cost >= budget * 0.9 ? { tone: "warn" as const } : {})}
        />
        <StatCard
          label="Tokens"
          value={number(tokens)}
          note={`${number(now("completion_tokens"))} written`}
        />
        <StatCard
          label="Delivered"
          value={number(done)}
          note={
            staged === 0
              ? "nothing staged yet"
              : `of ${number(staged)}${dead > 0 ? `, ${number(dead)} refused` : ""}`
          }
        />
      </StatRow>
    </section>
  );
}
