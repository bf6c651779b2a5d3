import { Icon, TextInput } from "../../design";
import { number, plural } from "../../design/format";
import styles from "./SizeFields.module.css";
import type { VisionPartProps } from "./VisionForm";
import { expected, NUMBER_NAMES, SIZES } from "./vision.model";

const CHOICES = ["small", "medium", "large", "numbers"] as const;
const WORDS: Record<(typeof NUMBER_NAMES)[number], string> = {
  epics: "Epics",
  features: "Features an epic",
  stories: "Stories a feature",
  tasks: "Tasks a story",
  tests: "Test cases a story",
};

/** A size, or numbers of one's own, and what they come to. */
export function SizeFields({ draft, change, errorOf }: VisionPartProps) {
  const count = expected(draft);
  const error = errorOf("size");
  return (
    <fieldset className={styles.size} data-field="size">
      <legend>Size</legend>
      <div className={styles.choices}>
        {CHOICES.map((size) => (
          <label key={size} className={styles.choice}>
            <input
              type="radio"
              name="size"
              value={size}
              checked={draft.size === size}
              onChange={() => change({ size })}
            />
            <span>
              <strong>{size === "numbers" ? "Numbers of my own" : size}</strong>
              <span className={styles.hint}>
                {size === "numbers" ? "for each level" : Object.values(SIZES[size]).join(" · ")}
              </span>
            </span>
          </label>
        ))}
      </div>
      {draft.size === "numbers" && (
        <div className={styles.numbers}>
          {NUMBER_NAMES.map((name) => (
            <label key={name} htmlFor={`size-${name}`} className={styles.number}>
              <span>{WORDS[name]}</span>
              <TextInput
                id={`size-${name}`}
                inputMode="numeric"
                value={draft.numbers[name]}
                aria-invalid={error?.startsWith(`${name}:`) || undefined}
                onChange={(event) => change({ numbers: { ...draft.numbers, [name]: event.target.value } })}
              />
            </label>
          ))}
        </div>
      )}
      {error ? (
        <p className={styles.error}>
          <Icon name="warn" /> {error}
        </p>
      ) : (
        <p className={styles.hint}>
          {count?.counts
            .map(([kind, each]) => plural(each, kind, kind === "story" ? "stories" : undefined))
            .join(", ")}
          {count && `: about ${number(count.total)} items.`}
        </p>
      )}
    </fieldset>
  );
}
