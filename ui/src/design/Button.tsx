import type { ComponentProps, ReactNode } from "react";
import styles from "./Button.module.css";
import { Icon, type IconName } from "./Icon";

export type ButtonKind = "primary" | "plain" | "quiet" | "danger";

export interface ButtonProps extends ComponentProps<"button"> {
  /** `primary`: the one action of a place. `quiet`: no border. `danger`: destroys something; name what. */
  kind?: ButtonKind;
  icon?: IconName;
  /** Says that the action is under way; the button keeps its width and takes no second press. */
  busy?: boolean;
  children?: ReactNode;
}

/** A button. Its words start with a verb and name the object ("Retry 12 failed items"). */
export function Button({
  kind = "plain",
  icon,
  busy = false,
  className,
  children,
  disabled,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={[styles.button, styles[kind], className].filter(Boolean).join(" ")}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
    >
      {icon && <Icon name={icon} />}
      {children !== undefined && <span className={styles.label}>{children}</span>}
    </button>
  );
}
