import { type Theme, useTheme } from "../app/theme";
import { Card } from "../design";
import styles from "./Forms.module.css";

const THEMES: readonly { theme: Theme; label: string; hint: string }[] = [
  { theme: "system", label: "Follow the system", hint: "Light or dark, as the device is set." },
  { theme: "light", label: "Light", hint: "Always light in this browser." },
  { theme: "dark", label: "Dark", hint: "Always dark in this browser." },
];

/** Theme of this browser. */
export function AppearanceSection() {
  const [theme, setTheme] = useTheme();
  return (
    <Card title="Theme">
      <fieldset className={styles.choices}>
        <legend className="sr">Theme</legend>
        {THEMES.map((choice) => (
          <label key={choice.theme} className={styles.choice}>
            <input
              type="radio"
              name="theme"
              checked={theme === choice.theme}
              onChange={() => setTheme(choice.theme)}
            />
            <span>
              {choice.label}
              <span className={styles.hint}>{choice.hint}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <p className={styles.note}>
        Movement follows the device: with “reduce motion” set, bars jump instead of gliding and nothing
        pulses.
      </p>
    </Card>
  );
}
