import { type ComponentProps, type ReactNode, useId } from "react";
import styles from "./Field.module.css";
import { Icon } from "./Icon";

export interface FieldProps {
  label: ReactNode;
  /** What to write, in a few words; stands below the control. */
  hint?: ReactNode;
  /** What is wrong and what to do; replaces the hint. */
  error?: string | undefined;
  /** Gets the id and the describing ids to put on the control. */
  children: (control: {
    id: string;
    "aria-describedby": string;
    "aria-invalid": boolean | undefined;
  }) => ReactNode;
}

/** A labelled control with its hint or error. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      {children({ id, "aria-describedby": `${id}-about`, "aria-invalid": error ? true : undefined })}
      <div id={`${id}-about`} className={error ? styles.error : styles.hint}>
        {error ? (
          <>
            <Icon name="warn" /> {error}
          </>
        ) : (
          hint
        )}
      </div>
    </div>
  );
}

/** A one-line field. */
export function TextInput({ className, ...rest }: ComponentProps<"input">) {
  return (
    <input
      type="text"
      spellCheck={false}
      {...rest}
      className={[styles.input, className].filter(Boolean).join(" ")}
    />
  );
}

/** A field of several lines. */
export function TextArea({ className, ...rest }: ComponentProps<"textarea">) {
  return (
    <textarea
      spellCheck={false}
      {...rest}
      className={[styles.input, styles.area, className].filter(Boolean).join(" ")}
    />
  );
}

/** A choice of one. */
export function Select({ className, ...rest }: ComponentProps<"select">) {
  return <select {...rest} className={[styles.input, styles.select, className].filter(Boolean).join(" ")} />;
}

export interface CheckboxProps extends Omit<ComponentProps<"input">, "type" | "children"> {
  label: ReactNode;
  hint?: ReactNode;
}

/** A choice of yes or no, with its label beside it. */
export function Checkbox({ label, hint, className, ...rest }: CheckboxProps) {
  const id = useId();
  return (
    <div className={[styles.check, className].filter(Boolean).join(" ")}>
      <input id={id} type="checkbox" aria-describedby={hint ? `${id}-about` : undefined} {...rest} />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint && (
          <div id={`${id}-about`} className={styles.hint}>
            {hint}
          </div>
        )}
      </div>
    </div>
  );
}

/** A search field; `/` moves the keyboard into the first one on the page. */
export function SearchInput({ className, ...rest }: ComponentProps<"input">) {
  return (
    <span className={[styles.search, className].filter(Boolean).join(" ")}>
      <Icon name="search" className={styles.searchIcon} />
      <input
        type="search"
        spellCheck={false}
        autoComplete="off"
        data-search=""
        {...rest}
        className={styles.input}
      />
    </span>
  );
}
