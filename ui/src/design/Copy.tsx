import { Button } from "./Button";
import { toast } from "./Toast";

export interface CopyButtonProps {
  text: string | (() => string);
  /** "" for the icon alone; then give `aria-label`. */
  label?: string;
  "aria-label"?: string;
}

/** Copies text; plain HTTP off loopback has no clipboard, and then it says so. */
export function CopyButton({ text, label = "Copy", ...rest }: CopyButtonProps) {
  const copy = async () => {
    const value = typeof text === "string" ? text : text();
    try {
      await navigator.clipboard.writeText(value);
      toast("done", "Copied.");
    } catch (error) {
      toast(
        "failed",
        `The browser did not let the page copy (${error instanceof Error ? error.message : String(error)}). Select the text and copy it by hand.`,
      );
    }
  };
  return (
    <Button kind="quiet" icon="copy" onClick={copy} {...rest}>
      {label === "" ? undefined : label}
    </Button>
  );
}
