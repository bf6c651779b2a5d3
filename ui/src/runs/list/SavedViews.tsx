import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { Button, Select, TextInput } from "../../design";
import styles from "./SavedViews.module.css";
import { addView, BUILT_IN, parseViews, viewQuery } from "./views.model";

const KEY = "headway.views.runs";

/** A choice of named filters, and a way to keep the present one. */
export function SavedViews({ params }: { params: URLSearchParams }) {
  const [, navigate] = useLocation();
  const [own, setOwn] = useState(() => parseViews(localStorage.getItem(KEY)));
  const [name, setName] = useState<string | null>(null);
  const query = viewQuery(params);
  const all = [...BUILT_IN, ...own];
  const current = all.find((view) => view.query === query);
  const keep = (next: typeof own) => {
    localStorage.setItem(KEY, JSON.stringify(next));
    setOwn(next);
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (name?.trim()) keep(addView(own, name, query));
    setName(null);
  };
  if (name !== null) {
    return (
      <form className={styles.form} onSubmit={save}>
        <TextInput
          aria-label="Name of the view"
          placeholder="Name of the view"
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
          onKeyDown={(event) => event.key === "Escape" && setName(null)}
        />
        <Button type="submit" disabled={name.trim() === ""}>
          Save
        </Button>
      </form>
    );
  }
  const chosen = current && own.includes(current) ? current : null;
  return (
    <>
      <Select
        className={styles.select}
        aria-label="View"
        value={current?.query ?? "custom"}
        onChange={(event) =>
          event.target.value !== "custom" &&
          navigate(`/runs${event.target.value ? `?${event.target.value}` : ""}`)
        }
      >
        {!current && <option value="custom">These filters</option>}
        {all.map((view) => (
          <option key={view.name} value={view.query}>
            {view.name}
          </option>
        ))}
      </Select>
      {!current && (
        <Button kind="quiet" icon="plus" onClick={() => setName("")}>
          Save view
        </Button>
      )}
      {chosen && (
        <Button
          kind="quiet"
          icon="trash"
          aria-label={`Remove view ${chosen.name}`}
          title={`Remove view ${chosen.name}`}
          onClick={() => keep(own.filter((view) => view !== chosen))}
        />
      )}
    </>
  );
}
