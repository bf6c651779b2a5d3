import { useId, useState } from "react";
import { Button, Select, Toolbar, TypedSearch, useTyped } from "../../design";
import { scoreText } from "../library/media/facts.model";
import styles from "./FilterBar.module.css";
import {
  countActive,
  FILE_SORTS,
  FILE_STATES,
  type FileFilters,
  type FileSort,
  NO_FILTERS,
} from "./files.filters.model";

export interface FilterBarProps {
  filters: FileFilters;
  /** Keywords to suggest, most frequent first. */
  keywords: readonly string[];
  onChange: (filters: FileFilters) => void;
}

const SORT_WORDS: Record<FileSort, string> = {
  name: "Name",
  score: "Score, best first",
  quality: "Quality, best first",
  created: "Created, newest first",
};

/** The Preview's filters. Each has its label; all of them are in the URL. */
export function FilterBar({ filters, keywords, onChange }: FilterBarProps) {
  const set = (change: Partial<FileFilters>) => onChange({ ...filters, ...change });
  const active = countActive(filters);
  const [keyword, typeKeyword, flushKeyword] = useTyped(filters.keyword, (word) => set({ keyword: word }));
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <search className={styles.bar}>
      <Toolbar label="Filters">
        <TypedSearch
          className={styles.search}
          label="Search names, keywords and prompts"
          placeholder="Names, keywords, prompts"
          value={filters.q}
          onChange={(q) => set({ q })}
        />
        <Button
          className={styles.toggle ?? ""}
          icon="filter"
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setOpen(!open)}
        >
          {open ? "Hide the filters" : active > 0 ? `Filters (${active})` : "Filters"}
        </Button>
        <div id={id} className={styles.choices} data-open={open}>
          <Choice
            label="State"
            value={filters.states.length === 1 ? (filters.states[0] ?? "") : ""}
            options={FILE_STATES.map((state) => [state, state])}
            onChange={(value) => set({ states: FILE_STATES.filter((state) => state === value) })}
          />
          <Choice
            label="NSFW"
            value={filters.nsfw}
            options={[
              ["safe", "safe"],
              ["nsfw", "NSFW"],
              ["unknown", "unknown"],
            ]}
            onChange={(value) => set({ nsfw: pick(value, ["safe", "nsfw", "unknown"]) })}
          />
          <Choice
            label="Score"
            value={filters.minScore === null ? "" : String(filters.minScore)}
            options={[0, 1, 2, 3, 4, 5].map((n) => [
              String(n),
              n === 0 ? "not rejected" : `${scoreText(n)} or more`,
            ])}
            onChange={(value) => set({ minScore: value === "" ? null : Number(value) })}
          />
          <Choice
            label="Duplicates"
            value={filters.duplicates}
            options={[
              ["any", "any"],
              ["exact", "exact copies"],
              ["near", "near"],
            ]}
            onChange={(value) => set({ duplicates: pick(value, ["any", "exact", "near"]) })}
          />
          <Choice
            label="Excluded"
            value={filters.excluded}
            options={[
              ["hide", "hide"],
              ["only", "only these"],
            ]}
            onChange={(value) => set({ excluded: pick(value, ["hide", "only"]) })}
          />
          <label className={styles.choice}>
            <span>Keyword</span>
            <input
              type="text"
              list="ingest-keywords"
              spellCheck={false}
              value={keyword}
              onChange={(event) => typeKeyword(event.target.value)}
              onBlur={flushKeyword}
            />
          </label>
          <datalist id="ingest-keywords">
            {keywords.map((keyword) => (
              <option key={keyword} value={keyword} />
            ))}
          </datalist>
          <Choice
            label="Sort"
            value={filters.sort}
            all={null}
            options={FILE_SORTS.map((sort) => [sort, SORT_WORDS[sort]])}
            onChange={(value) => set({ sort: FILE_SORTS.find((sort) => sort === value) ?? "name" })}
          />
        </div>
        {active > 0 && (
          <Button kind="quiet" icon="close" onClick={() => onChange({ ...NO_FILTERS, sort: filters.sort })}>
            Clear {active === 1 ? "the filter" : `${active} filters`}
          </Button>
        )}
      </Toolbar>
    </search>
  );
}

export interface ChoiceProps {
  label: string;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  /** The words for "no filter"; `null` where one has to be chosen. */
  all?: string | null;
  onChange: (value: string) => void;
}

/** A labelled choice in a row of filters. */
export function Choice({ label, value, options, all = "any", onChange }: ChoiceProps) {
  const id = useId();
  return (
    <span className={styles.choice}>
      <label htmlFor={id}>{label}</label>
      <Select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {all !== null && <option value="">{all}</option>}
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </Select>
    </span>
  );
}

function pick<const T extends string>(value: string, allowed: readonly T[]): T | "" {
  return allowed.find((a) => a === value) ?? "";
}
