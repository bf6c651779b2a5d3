import { useState } from "react";
import type { RunSummary } from "../../api";
import { Button, Notice, toast, toastProblem } from "../../design";
import { plural } from "../../design/format";
import { bulkCancelPreview } from "../actions.model";
import { useRunCommand } from "../runs.query";

/** Cancels the ticked runs, saying first what that will do. */
export function BulkCancel({ runs, onDone }: { runs: readonly RunSummary[]; onDone: () => void }) {
  const command = useRunCommand();
  const [busy, setBusy] = useState(false);
  const preview = bulkCancelPreview(runs);
  const cancel = async () => {
    setBusy(true);
    const results = await Promise.allSettled(
      preview.ids.map((id) => command.mutateAsync({ id, verb: "cancel" })),
    );
    setBusy(false);
    const failed = results.filter((result) => result.status === "rejected");
    const first = failed[0];
    if (first) toastProblem(`${plural(failed.length, "run")} could not be cancelled`, first.reason);
    if (failed.length < results.length)
      toast("done", `${plural(results.length - failed.length, "run")} cancelled.`);
    onDone();
  };
  return (
    <Notice
      tone="warn"
      title={`${plural(runs.length, "run")} chosen`}
      action={
        <>
          <Button
            kind="danger"
            icon="cancelled"
            busy={busy}
            disabled={preview.ids.length === 0}
            onClick={cancel}
          >
            Cancel {plural(preview.ids.length, "run")}
          </Button>
          <Button onClick={onDone}>Clear choice</Button>
        </>
      }
    >
      {preview.text}
    </Notice>
  );
}
