import { useEffect, useRef, useState } from "react";

/** A pause in typing after which the text counts. Browsers refuse more than some 100 address changes in 30 s. */
export const TYPING_PAUSE_MS = 150;

/**
 * Text that is shown as typed and handed on after a pause: for fields whose value lives in the URL. A value that
 * changes from elsewhere (a cleared filter, the back button) replaces what is typed.
 */
export function useTyped(
  value: string,
  onChange: (value: string) => void,
): readonly [text: string, type: (text: string) => void, flush: () => void] {
  const [text, setText] = useState(value);
  const [sent, setSent] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef({ text, onChange });
  latest.current = { text, onChange };
  if (value !== sent) {
    setSent(value);
    setText(value);
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  const send = (typed: string) => {
    clearTimeout(timer.current);
    setSent(typed);
    latest.current.onChange(typed);
  };
  const type = (typed: string) => {
    setText(typed);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => send(typed), TYPING_PAUSE_MS);
  };
  const flush = () => {
    if (latest.current.text !== sent) send(latest.current.text);
  };
  return [text, type, flush] as const;
}
