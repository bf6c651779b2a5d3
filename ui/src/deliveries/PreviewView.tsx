import type { Preview } from "../api";
import { CopyButton, JsonView, Name } from "../design";
import { visible } from "../design/format";
import styles from "./PreviewView.module.css";

/** A request as it would go out: line, headers, body. Secrets are masked by the server. */
export function PreviewView({ preview }: { preview: Preview }) {
  const { method, url, headers, body } = preview;
  return (
    <div className={styles.preview}>
      <p className={styles.line}>
        <code className={styles.method}>{visible(method)}</code> <Name text={url} mono />
        <CopyButton text={() => plain(preview)} label="" aria-label="Copy what would be sent" />
      </p>
      {headers.length > 0 && (
        <ul className={styles.headers}>
          {headers.map(([name, value]) => (
            <li key={name}>
              <code>{visible(name)}:</code> <Name text={value} mono />
            </li>
          ))}
        </ul>
      )}
      {body !== null && body !== "" && <JsonView value={parsed(body)} />}
    </div>
  );
}

/** A body that is JSON in a string is shown as what it is. */
function parsed(body: Preview["body"]): Preview["body"] {
  if (typeof body !== "string") return body;
  try {
    return JSON.parse(body) as Preview["body"];
  } catch (error) {
    if (error instanceof SyntaxError) return body;
    throw error;
  }
}

function plain({ method, url, headers, body }: Preview): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  return [
    `${method} ${url}`,
    ...lines,
    "",
    typeof body === "string" ? body : JSON.stringify(body, null, 2),
  ].join("\n");
}
