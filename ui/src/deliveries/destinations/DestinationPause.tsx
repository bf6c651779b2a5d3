import { type FormEvent, useState } from "react";
import { Button, Field, Notice, TextInput, toast, toastProblem } from "../../design";
import { useDestinationVerb } from "./destinations.query";

/** Pausing says why, so that the next one who looks knows. */
export function DestinationPause({ name, onClose }: { name: string; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const verb = useDestinationVerb();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    verb.mutate(
      { name, verb: "pause", reason: reason.trim() },
      {
        onSuccess: () => {
          toast("done", `${name} is paused; nothing more is sent.`);
          onClose();
        },
        onError: (error) => toastProblem(`${name} could not be paused`, error),
      },
    );
  };
  return (
    <form onSubmit={submit} aria-label={`Pause ${name}`}>
      <Notice
        tone="warn"
        title={`Pause ${name}?`}
        action={
          <>
            <Button kind="primary" type="submit" busy={verb.isPending}>
              Pause it
            </Button>
            <Button onClick={onClose}>Leave as it is</Button>
          </>
        }
      >
        What is in flight ends; nothing more is sent. Runs go on and keep staging.
        <Field label="Reason (shown to everybody)">
          {(control) => (
            <TextInput
              {...control}
              value={reason}
              maxLength={200}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </Field>
      </Notice>
    </form>
  );
}
