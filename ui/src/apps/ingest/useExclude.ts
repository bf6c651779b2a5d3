import { format, toast, toastProblem } from "../../design";
import { useSelection } from "./ingest.query";
import { selectionEffect } from "./preview.model";
import type { IngestFile } from "./types";

export interface Exclude {
  busy: boolean;
  /** Excludes or includes those of the files that can be and are not yet so; what it did can be undone. */
  set: (files: readonly IngestFile[], excluded: boolean) => void;
}

export function useExclude(run: string): Exclude {
  const selection = useSelection(run);
  const send = (keys: string[], excluded: boolean, undo: boolean) =>
    selection.mutate(
      { exclude: excluded ? keys : [], include: excluded ? [] : keys },
      {
        onSuccess: () => {
          if (!undo) return;
          toast("done", `${format.plural(keys.length, "file")} ${excluded ? "excluded" : "included"}.`, {
            label: "Undo",
            run: () => send(keys, !excluded, false),
          });
        },
        onError: (error) => toastProblem(`The files were not ${excluded ? "excluded" : "included"}`, error),
      },
    );
  return {
    busy: selection.isPending,
    set: (files, excluded) => {
      const effect = selectionEffect(files);
      const keys = (excluded ? effect.toExclude : effect.toInclude).map((file) => file.key);
      if (keys.length > 0) send(keys, excluded, true);
    },
  };
}
