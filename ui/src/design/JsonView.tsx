import type { Json } from "../api/wire";
import { visible } from "./format";
import styles from "./JsonView.module.css";

/** JSON as it is, indented, with hidden characters made visible; a text alone as its lines. */
export function JsonView({ value }: { value: Json }) {
  const text = (typeof value === "string" ? value : JSON.stringify(value, null, 2))
    .split("\n")
    .map((line) => visible(line))
    .join("\n");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard
    <pre className={styles.json} tabIndex={0}>
      {text}
    </pre>
  );
}
