import { useEffect, useRef } from "react";
import { Icon } from "../../design";
import { EXPORT_FORMATS, exportUrl } from "./backlog.query";
import styles from "./ExportMenu.module.css";

const WORDS: Record<(typeof EXPORT_FORMATS)[number], string> = {
  csv: "CSV",
  json: "JSON",
  markdown: "Markdown",
};

/** Downloads of the backlog as it stands. */
export function ExportMenu({ run }: { run: string }) {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      if (!menu.current?.open) return;
      const outside = event.target instanceof Node && !menu.current.contains(event.target);
      const escaped = event instanceof KeyboardEvent && event.key === "Escape";
      if (escaped || (event.type === "pointerdown" && outside)) menu.current.open = false;
    };
    window.addEventListener("pointerdown", close);
    window.addEventListener("keydown", close);
    return () => {
      window.removeEventListener("pointerdown", close);
      window.removeEventListener("keydown", close);
    };
  }, []);
  return (
    <details ref={menu} className={styles.menu}>
      <summary>
        <Icon name="download" /> Export
      </summary>
      <ul>
        {EXPORT_FORMATS.map((format) => (
          <li key={format}>
            <a
              href={exportUrl(run, format)}
              download
              onClick={() => {
                if (menu.current) menu.current.open = false;
              }}
            >
              {WORDS[format]}
            </a>
          </li>
        ))}
      </ul>
    </details>
  );
}
