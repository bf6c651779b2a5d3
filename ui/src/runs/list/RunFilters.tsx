import { useEffect, useState } from "react";
import { SearchInput, Select, stateLook, Toolbar } from "../../design";
import { plural } from "../../design/format";
import { RUN_STATES, type RunListState } from "./list.model";
import styles from "./RunFilters.module.css";
import { SavedViews } from "./SavedViews";

const TYPING_MS = 150;

export interface RunFiltersProps {
  params: URLSearchParams;
  state: RunListState;
  onChange: (changes: Record<string, string | null>) => void;
  shown: number;
  /** Whether the server has more than is shown. */
  more: boolean;
}

/** Text, states and application; all of it lives in the URL. */
export function RunFilters({ params, state, onChange, shown, more }: RunFiltersProps) {
  const [text, setText] = useState(state.q);
  useEffect(() => setText(state.q), [state.q]);
  useEffect(() => {
    if (text === state.q) return;
    const timer = setTimeout(() => onChange({ q: text }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, state.q, onChange]);
  const toggle = (name: string) => {
    const next = state.states.some((each) => each === name)
      ? state.states.filter((each) => each !== name)
      : [...state.states, name];
    onChange({ state: next.join(",") });
  };
  return (
    <Toolbar label="Filters">
      <SavedViews params={params} />
      <SearchInput
        className={styles.search}
        aria-label="Search by title or id"
        placeholder="Title or id ( / )"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
      <Select
        className={styles.app}
        aria-label="Application"
        value={state.app}
        onChange={(event) => onChange({ app: event.target.value })}
      >
        <option value="">All applications</option>
        <option value="ingest">Ingest</option>
        <option value="pipeline">Pipelines</option>
      </Select>
      <div className={styles.states} role="group" aria-label="States">
        {RUN_STATES.map((name) => (
          <button
            key={name}
            type="button"
            className={styles.state}
            aria-pressed={state.states.includes(name)}
            onClick={() => toggle(name)}
          >
            {stateLook(name).word}
          </button>
        ))}
      </div>
      <span className={styles.count} role="status">
        {plural(shown, "run")}
        {more ? " so far" : ""}
      </span>
    </Toolbar>
  );
}
