import { type FormEvent, useEffect, useRef, useState } from "react";
import { asProblem, type BacklogItem, type WorkItem } from "../../api";
import { Button, Field, ProblemNotice, TextArea, TextInput } from "../../design";
import styles from "./ItemPanel.module.css";
import {
  FIELDS,
  type ItemDraft,
  type ItemField,
  itemChange,
  itemDraft,
  validateItem,
} from "./item.form.model";

const LABELS: Record<ItemField, string> = {
  title: "Title",
  description: "Description",
  criteria: "Acceptance criteria",
  steps: "Steps",
  testData: "Test data",
  priority: "Priority",
  points: "Story points",
  hours: "Estimate, hours",
  value: "Business value",
  category: "Category",
};
const HINTS: Partial<Record<ItemField, string>> = {
  criteria: "One a line.",
  steps: "One a line: what the tester does => what must be seen then.",
  priority: "1 (first) to 4 (last).",
};
const LONG: Partial<Record<ItemField, number>> = { description: 6, criteria: 6, steps: 6, testData: 2 };

export interface ItemFormProps {
  item: BacklogItem;
  busy: boolean;
  error: unknown;
  onSave: (change: Partial<WorkItem>) => void;
  onCancel: () => void;
}

/** Edits an item before it is sent. What nobody changed is not sent to the server. */
export function ItemForm({ item, busy, error, onSave, onCancel }: ItemFormProps) {
  const [draft, setDraft] = useState<ItemDraft>(() => itemDraft(item.item));
  const errors = validateItem(draft, item.kind);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>("input, textarea")?.focus();
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (Object.keys(errors).length > 0) return;
    const change = itemChange(item.item, draft);
    if (change === null) onCancel();
    else onSave(change);
  };
  return (
    <form ref={form} onSubmit={submit} noValidate className={styles.form} aria-label="Edit the item">
      {error !== null && error !== undefined && (
        <ProblemNotice problem={asProblem(error)} what="The item was not changed" />
      )}
      {FIELDS[item.kind].map((field) => (
        <Field key={field} label={LABELS[field]} hint={HINTS[field]} error={errors[field]}>
          {(control) => {
            const rows = LONG[field];
            const value = { value: draft[field] };
            const change = (text: string) => setDraft((before) => ({ ...before, [field]: text }));
            return rows === undefined ? (
              <TextInput {...control} {...value} onChange={(event) => change(event.target.value)} />
            ) : (
              <TextArea
                {...control}
                {...value}
                rows={rows}
                onChange={(event) => change(event.target.value)}
              />
            );
          }}
        </Field>
      ))}
      <div className={styles.end}>
        <Button
          kind="primary"
          type="submit"
          icon="check"
          busy={busy}
          disabled={Object.keys(errors).length > 0}
        >
          Save
        </Button>
        <Button onClick={onCancel}>Leave as it is</Button>
      </div>
    </form>
  );
}
