import { useState } from "react";
import type { Delivery } from "../../api";
import { Button, Toolbar } from "../../design";
import { plural } from "../../design/format";
import { type DeliveryFilter, isReplayable, replayOfFilter } from "../filters.model";
import { ReplayBox, type ReplayWish } from "../ReplayBox";

export interface ReplayBarProps {
  rows: readonly Delivery[];
  filter: DeliveryFilter;
  more: boolean;
  chosen: ReadonlySet<string>;
  onClear: () => void;
}

/** Replays what is chosen, or what the filters show, saying first what that would do. */
export function ReplayBar({ rows, filter, more, chosen, onClear }: ReplayBarProps) {
  const [wish, setWish] = useState<ReplayWish | null>(null);
  const close = () => {
    setWish(null);
    onClear();
  };
  const picked = rows.filter((row) => chosen.has(row.id) && isReplayable(row.state));
  const dead = rows.filter((row) => isReplayable(row.state));
  const native = replayOfFilter(filter);
  if (wish !== null) return <ReplayBox wish={wish} onClose={close} />;
  if (chosen.size === 0 && dead.length === 0) return null;
  return (
    <Toolbar label="Replay">
      {chosen.size > 0 ? (
        <>
          <Button
            icon="retry"
            disabled={picked.length === 0}
            title={picked.length === 0 ? "None of the chosen is dead" : undefined}
            onClick={() =>
              setWish(
                byIds(`Replay ${plural(picked.length, "chosen delivery", "chosen deliveries")}`, picked),
              )
            }
          >
            Replay {plural(picked.length, "chosen delivery", "chosen deliveries")}
          </Button>
          <Button kind="quiet" onClick={onClear}>
            Clear choice
          </Button>
        </>
      ) : (
        <Button
          icon="retry"
          onClick={() =>
            setWish(
              native === null
                ? byIds(`Replay ${plural(dead.length, "shown delivery", "shown deliveries")}`, dead)
                : { title: "Replay all that pass the filters", request: native },
            )
          }
        >
          {native === null
            ? `Replay ${plural(dead.length, "shown delivery", "shown deliveries")}${more ? " (loaded so far)" : ""}`
            : "Replay all that pass the filters"}
        </Button>
      )}
    </Toolbar>
  );
}

function byIds(title: string, rows: readonly Delivery[]): ReplayWish {
  return { title, request: { ids: rows.map((row) => row.id) } };
}
