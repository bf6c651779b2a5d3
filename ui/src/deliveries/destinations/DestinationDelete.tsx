import { asProblem, type Destination } from "../../api";
import { Button, Notice, ProblemNotice, toast } from "../../design";
import { plural } from "../../design/format";
import { useDeleteDestination } from "./destinations.query";
import { undelivered } from "./health.model";

/** Deleting is refused while anything waits for the destination; the receipts of what was delivered stay. */
export function DestinationDelete({
  destination,
  onClose,
}: {
  destination: Destination;
  onClose: () => void;
}) {
  const remove = useDeleteDestination();
  const { name } = destination;
  const waiting = undelivered(destination.counts);
  if (remove.error !== null)
    return (
      <ProblemNotice problem={asProblem(remove.error)} what={`${name} was not deleted`} onRetry={onClose} />
    );
  return (
    <Notice
      tone="failed"
      title={`Delete ${name}?`}
      action={
        <>
          <Button
            kind="danger"
            icon="trash"
            busy={remove.isPending}
            disabled={waiting > 0}
            onClick={() =>
              remove.mutate(name, {
                onSuccess: () => {
                  toast("done", `${name} deleted.`);
                  onClose();
                },
              })
            }
          >
            Delete {name}
          </Button>
          <Button onClick={onClose}>Keep it</Button>
        </>
      }
    >
      {waiting > 0
        ? `${plural(waiting, "delivery waits", "deliveries wait")} for it. Deliver or cancel them first.`
        : "Its settings go; its secret stays under Secrets, and receipts of what was delivered stay with their runs."}
    </Notice>
  );
}
