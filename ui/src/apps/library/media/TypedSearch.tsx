import { SearchInput } from "../../../design";
import { useTyped } from "./useTyped";

export interface TypedSearchProps {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
  className?: string | undefined;
}

/** A search field whose text goes to the URL when typing pauses, or at Enter. */
export function TypedSearch({ label, placeholder, value, onChange, className }: TypedSearchProps) {
  const [text, type, flush] = useTyped(value, onChange);
  return (
    <SearchInput
      className={className ?? ""}
      aria-label={label}
      placeholder={placeholder}
      value={text}
      onChange={(event) => type(event.target.value)}
      onBlur={flush}
      onKeyDown={(event) => {
        if (event.key === "Enter") flush();
      }}
    />
  );
}
