import { useLocation } from "wouter";
import type { RunSummary } from "../../api";
import { Button, format, Notice, toastProblem } from "../../design";
import type { LiveIngest } from "./ingest.live";
import { useCommit, useExcludedCount } from "./ingest.query";
import { commitEffect, describeCommit } from "./steps.model";

/** "Commit 1,234 files", with what it does and what stays out. Shown while the ingest waits for it. */
export function CommitBar({ run, live }: { run: RunSummary; live: LiveIngest }) {
  const excluded = useExcludedCount(run.id);
  const commit = useCommit(run.id);
  const [, navigate] = useLocation();
  if (live.phase === "committing" || live.phase === "done") return null;
  const effect = commitEffect(live.watch.stats, excluded.data ?? 0);
  if (live.phase === "processing") {
    return (
      <Notice title="Files are still being read">
        What is here so far can be looked at and excluded. Commit opens when all files are read.
      </Notice>
    );
  }
  return (
    <Notice
      tone="waiting"
      title="Ready to commit"
      action={
        <Button
          kind="primary"
          icon="check"
          busy={commit.isPending}
          disabled={effect.files === 0 || excluded.data === undefined}
          onClick={() =>
            commit.mutate(undefined, {
              onSuccess: () => navigate(`/ingest/${run.id}?step=commit`),
              onError: (error) => toastProblem("Nothing was committed", error),
            })
          }
        >
          Commit {format.plural(effect.files, "file")}
        </Button>
      }
    >
      {describeCommit(effect, format.number)}
    </Notice>
  );
}
