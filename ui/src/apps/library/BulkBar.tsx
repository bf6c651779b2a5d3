import { useState } from "react";
import type { MediaFile } from "../../api";
import { Button, format, Toolbar } from "../../design";
import { Choice } from "../ingest/FilterBar";
import styles from "./BulkBar.module.css";
import { bulkEffect, describeRating, type Rating } from "./rating.model";

export interface BulkBarProps {
  files: readonly MediaFile[];
  onRate: (files: readonly MediaFile[], rating: Rating) => void;
  onClear: () => void;
}

const CHOICES: readonly (readonly [id: string, label: string, rating: Rating])[] = [
  ["5", "5 of 5", { kind: "score", score: 5 }],
  ["4", "4 of 5", { kind: "score", score: 4 }],
  ["3", "3 of 5", { kind: "score", score: 3 }],
  ["2", "2 of 5", { kind: "score", score: 2 }],
  ["1", "1 of 5", { kind: "score", score: 1 }],
  ["0", "no score", { kind: "score", score: 0 }],
  ["-1", "reject", { kind: "score", score: -1 }],
  ["favourite", "favourite", { kind: "favourite", favourite: true }],
  ["plain", "not favourite", { kind: "favourite", favourite: false }],
];

/** A rating for all marked files: chosen first, with what it would change, then carried out. */
export function BulkBar({ files, onRate, onClear }: BulkBarProps) {
  const [chosen, setChosen] = useState("4");
  const rating = CHOICES.find(([id]) => id === chosen)?.[2] ?? { kind: "score", score: 4 };
  const effect = bulkEffect(files, rating);
  return (
    <div className={styles.bar}>
      <Toolbar label="Marked files">
        <strong>{format.plural(files.length, "file")} marked</strong>
        <Choice
          label="Rating"
          value={chosen}
          all={null}
          options={CHOICES.map(([id, label]) => [id, label])}
          onChange={setChosen}
        />
        <Button kind="primary" disabled={effect.changed === 0} onClick={() => onRate(files, rating)}>
          {describeRating(rating, format.plural(files.length, "file"))}
        </Button>
        <Button kind="quiet" icon="close" onClick={onClear}>
          Clear marks
        </Button>
        <span className={styles.effect} role="status">
          Changes {format.number(effect.changed)}
          {effect.unchanged > 0 && `, leaves ${format.number(effect.unchanged)} as they are`}
          {effect.overwrites > 0 && `, overwrites ${format.plural(effect.overwrites, "score")}`}.
        </span>
      </Toolbar>
    </div>
  );
}
