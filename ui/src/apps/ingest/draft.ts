import { useCallback, useState } from "react";
import { DRAFT_KEY, type Draft, defaultDraft, parseDraft } from "./params.model";

/** The form's draft, kept for this tab at every change, so that leaving the page loses nothing typed. */
export function useDraft(): readonly [Draft, (next: Draft) => void, () => void] {
  const [draft, setDraft] = useState(() => parseDraft(sessionStorage.getItem(DRAFT_KEY)));
  const keep = useCallback((next: Draft) => {
    setDraft(next);
    sessionStorage.setItem(DRAFT_KEY, JSON.stringify(next));
  }, []);
  const clear = useCallback(() => {
    sessionStorage.removeItem(DRAFT_KEY);
    setDraft(defaultDraft());
  }, []);
  return [draft, keep, clear] as const;
}
