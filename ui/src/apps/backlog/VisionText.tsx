import { type DragEvent, useRef, useState } from "react";
import { Button, Field, TextArea, toast } from "../../design";
import { bytes } from "../../design/format";
import { EXAMPLE_VISION } from "./example";
import type { VisionPartProps } from "./VisionForm";
import styles from "./VisionText.module.css";
import { byteLength, MAX_VISION_BYTES } from "./vision.model";

/** The vision's text: typed, dropped as a file, chosen, or the example. */
export function VisionText({ draft, change, errorOf }: VisionPartProps) {
  const [over, setOver] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);
  const take = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > MAX_VISION_BYTES) {
      toast("failed", `${file.name} has ${bytes(file.size)}; a vision has 256 KiB at most.`);
      return;
    }
    const before = draft.vision;
    change({ vision: (await file.text()).replaceAll("\r\n", "\n") });
    if (before.trim() !== "")
      toast("done", `${file.name} has replaced the text.`, {
        label: "Undo",
        run: () => change({ vision: before }),
      });
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files[0]);
  };
  return (
    <div data-field="vision" className={styles.text}>
      <Field
        label="Product vision"
        hint={`Markdown: headings become epics and features, bullets what is in them. ${bytes(byteLength(draft.vision))} of 256 KiB.`}
        error={errorOf("vision")}
      >
        {(control) => (
          <TextArea
            {...control}
            rows={16}
            className={over ? `${styles.area} ${styles.over}` : styles.area}
            value={draft.vision}
            placeholder="# What is built&#10;&#10;Who it is for and what gets better for them.&#10;&#10;Drop a Markdown file here."
            onChange={(event) => change({ vision: event.target.value })}
            onDragOver={(event) => {
              event.preventDefault();
              setOver(true);
            }}
            onDragLeave={() => setOver(false)}
            onDrop={drop}
          />
        )}
      </Field>
      <div className={styles.ways}>
        <input
          ref={chooser}
          type="file"
          hidden
          accept=".md,.markdown,.txt,text/markdown,text/plain"
          aria-label="Vision file"
          onChange={(event) => {
            take(event.target.files?.[0]);
            event.target.value = "";
          }}
        />
        <Button icon="file" onClick={() => chooser.current?.click()}>
          Choose a file
        </Button>
        <Button
          icon="info"
          disabled={draft.vision === EXAMPLE_VISION}
          title={draft.vision.trim() === "" ? undefined : "Replaces the text above"}
          onClick={() => change({ vision: EXAMPLE_VISION })}
        >
          Use the example
        </Button>
      </div>
    </div>
  );
}
