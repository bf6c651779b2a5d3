import { visible } from "./format";

/** A name from outside: isolated from the text around it, controls made visible, whole on hover. */
export function Name({ text, mono = false }: { text: string; mono?: boolean }) {
  const shown = visible(text);
  return (
    <bdi className={mono ? "figures" : undefined} title={shown}>
      {shown}
    </bdi>
  );
}
