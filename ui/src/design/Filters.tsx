import type { ReactNode } from "react";
import { SearchInput, Select } from "./Field";
import styles from "./Filters.module.css";
import { useTyped } from "./useTyped";

export interface TypedSearchProps {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
  className?: string | undefined;
}

/** A search field whose text goes to the URL when typing pauses, at Enter, or when it is left. */
export function TypedSearch({ label, placeholder, value, onChange, className }: TypedSearchProps) {
  const [text, type, flush] = useTyped(value, onChange);
  return (
    <SearchInput
      className={className ?? styles.search ?? ""}
      aria-label={label}
      placeholder={placeholder}
      value={text}
      onChange={(event) => type(event.target.value)}
      onBlur={flush}
      onKeyDown={(event) => {
        if (event.key === "Enter") flush();
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}

export interface FilterSelectProps {
  /** For readers; the first option says it to everybody else. */
  label: string;
  value: string;
  options: readonly (readonly [value: string, title: string])[];
  /** The words for "no filter"; `null` where one has to be chosen. */
  all: string | null;
  onChange: (value: string) => void;
}

/** A choice in a row of filters, as narrow as its words. */
export function FilterSelect({ label, value, options, all, onChange }: FilterSelectProps) {
  return (
    <Select
      className={styles.select}
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      {all !== null && <option value="">{all}</option>}
      {options.map(([key, title]) => (
        <option key={key} value={key}>
          {title}
        </option>
      ))}
    </Select>
  );
}

export interface FilterTogglesProps<T extends string> {
  label: string;
  options: readonly (readonly [value: T, title: string])[];
  chosen: readonly T[];
  onChange: (chosen: T[]) => void;
}

/** Several of a few: each is pressed or not. */
export function FilterToggles<T extends string>({ label, options, chosen, onChange }: FilterTogglesProps<T>) {
  return (
    <div className={styles.toggles} role="group" aria-label={label}>
      {options.map(([value, title]) => (
        <button
          key={value}
          type="button"
          className={styles.toggle}
          aria-pressed={chosen.includes(value)}
          onClick={() =>
            onChange(chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value])
          }
        >
          {title}
        </button>
      ))}
    </div>
  );
}

/** How many are shown; at the end of the row. */
export function FilterCount({ children }: { children: ReactNode }) {
  return (
    <span className={styles.count} role="status">
      {children}
    </span>
  );
}
