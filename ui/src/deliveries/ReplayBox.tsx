import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, asProblem, type ReplayAnswer, type ReplayRequest } from "../api";
import { Button, Name, Notice, ProblemNotice, Skeleton, StateBadge, toast } from "../design";
import { number, plural } from "../design/format";
import { useReplay } from "./deliveries.query";
import styles from "./ReplayBox.module.css";

/** What somebody wants to replay. */
export interface ReplayWish {
  title: string;
  request: Omit<ReplayRequest, "dry_run">;
}

const SHOWN = 5;

/** What a replay would do, and the button that does it. */
export function ReplayBox({ wish, onClose }: { wish: ReplayWish; onClose: () => void }) {
  const dryRun = useQuery({
    queryKey: ["replay-dry-run", wish.request],
    queryFn: () => api.post<ReplayAnswer>("/deliveries/replay", { ...wish.request, dry_run: true }),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const replay = useReplay();
  const act = () =>
    replay.mutate(
      { ...wish.request, dry_run: false },
      {
        onSuccess: ({ replayed }) => {
          toast("done", `${plural(replayed, "delivery", "deliveries")} back in line.`);
          onClose();
        },
      },
    );
  const error = replay.error ?? dryRun.error;
  if (error)
    return (
      <ProblemNotice
        problem={asProblem(error)}
        what={replay.error ? "Nothing was replayed" : "What a replay would do could not be told"}
        onRetry={onClose}
      />
    );
  const matched = dryRun.data?.matched ?? null;
  return (
    <Notice
      tone={matched === 0 ? "info" : "warn"}
      title={matched === 0 ? "Nothing to replay" : `${wish.title}?`}
      action={
        <>
          {matched !== null && matched > 0 && (
            <Button kind="primary" icon="retry" busy={replay.isPending} onClick={act}>
              Replay {plural(matched, "delivery", "deliveries")}
            </Button>
          )}
          <Button onClick={onClose}>{matched === 0 ? "Close" : "Leave as they are"}</Button>
        </>
      }
    >
      {dryRun.data === undefined ? <Skeleton height={18} lines={2} /> : <Effect answer={dryRun.data} />}
    </Notice>
  );
}

function Effect({ answer: { matched, sample } }: { answer: ReplayAnswer }) {
  const [all, setAll] = useState(false);
  if (matched === 0) return <p>No delivery of this choice is dead; the others go on by themselves.</p>;
  const destinations = [...new Set(sample.map((delivery) => delivery.destination))];
  const shown = all ? sample : sample.slice(0, SHOWN);
  return (
    <div className={styles.effect}>
      <p>
        {plural(matched, "delivery is", "deliveries are")} put back in line with fresh attempts, for{" "}
        <Name text={destinations.join(", ")} />. What hangs below {matched === 1 ? "it" : "them"} follows by
        itself. What is already there is not sent again.
      </p>
      <ul className={styles.sample}>
        {shown.map((delivery) => (
          <li key={delivery.id}>
            <StateBadge state={delivery.state} /> <Name text={delivery.title} />
          </li>
        ))}
      </ul>
      {matched > SHOWN && (
        <p>
          {!all && sample.length > SHOWN && (
            <Button kind="quiet" icon="down" onClick={() => setAll(true)}>
              Show {number(sample.length)} of them
            </Button>
          )}
          {all && matched > sample.length && `and ${number(matched - sample.length)} more`}
        </p>
      )}
    </div>
  );
}
