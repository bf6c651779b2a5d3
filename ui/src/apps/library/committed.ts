import { useCallback, useState } from "react";
import type { Event } from "../../api";
import { useChannel, useEvents } from "../../stream";

/** How many files an event says were added; 0 when it speaks of something else. */
export function committedBy(event: Pick<Event, "kind" | "data">): number {
  if (event.kind !== "app.committed") return 0;
  const { count, committed, files } = event.data;
  const said = [count, committed, files].find((value) => typeof value === "number");
  return typeof said === "number" ? Math.max(0, said) : 1;
}

/** Files added to the library since the list was last read: they are offered, not pushed under the reader's eyes. */
export function useCommitted(): { added: number; forget: () => void } {
  useChannel("library");
  const [added, setAdded] = useState(0);
  const listener = useCallback((events: readonly Event[]) => {
    const more = events.reduce((sum, event) => sum + committedBy(event), 0);
    if (more > 0) setAdded((before) => before + more);
  }, []);
  useEvents(null, listener);
  return { added, forget: useCallback(() => setAdded(0), []) };
}
