import { Checkbox, Field, Select, TextInput } from "../../design";
import styles from "./DestinationPanel.module.css";
import { chosenOf, type SettingField, withChosen } from "./destination.form.model";

export interface SettingControlProps {
  field: SettingField;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

/** The control of one setting, by its type. */
export function SettingControl({ field, value, error, onChange }: SettingControlProps) {
  if (field.type === "yes") {
    return (
      <Checkbox
        label={field.label}
        hint={field.hint}
        checked={(value === "" ? field.fallback : value) === "yes"}
        onChange={(event) => onChange(event.target.checked ? "yes" : "no")}
      />
    );
  }
  if (field.type === "several") {
    const chosen = chosenOf(field, value);
    return (
      <fieldset className={styles.several}>
        <legend>{field.label}</legend>
        {field.options?.map((option) => (
          <Checkbox
            key={option}
            label={option}
            checked={chosen.includes(option)}
            onChange={(event) => onChange(withChosen(field, value, option, event.target.checked))}
          />
        ))}
        <p className={error ? styles.error : styles.hint}>{error ?? field.hint}</p>
      </fieldset>
    );
  }
  return (
    <Field label={field.required ? field.label : `${field.label} (optional)`} hint={field.hint} error={error}>
      {(control) =>
        field.type === "choice" ? (
          <Select
            {...control}
            value={value === "" ? field.fallback : value}
            onChange={(event) => onChange(event.target.value)}
          >
            {field.options?.map((option) => (
              <option key={option} value={option}>
                {option}
              </option>
            ))}
          </Select>
        ) : (
          <TextInput
            {...control}
            inputMode={field.type === "number" ? "numeric" : undefined}
            value={value}
            autoComplete="off"
            placeholder={field.fallback ?? ""}
            onChange={(event) => onChange(event.target.value)}
          />
        )
      }
    </Field>
  );
}
