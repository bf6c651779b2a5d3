import { Link } from "wouter";
import { Icon } from "../../design";
import styles from "./Stepper.module.css";
import type { StepInfo } from "./steps.model";

/** Configure → Process → Preview → Commit; the steps that can be opened are links. */
export function Stepper({
  steps,
  shown,
  run,
}: {
  steps: readonly StepInfo[];
  shown: StepInfo["step"];
  run: string;
}) {
  return (
    <nav aria-label="Steps of this ingest">
      <ol className={styles.steps}>
        {steps.map((info, index) => (
          <li key={info.step} className={styles.step} data-state={info.state}>
            {info.state === "closed" ? (
              <span className={styles.body}>
                <StepText info={info} index={index} />
              </span>
            ) : (
              <Link
                href={`/ingest/${run}?step=${info.step}`}
                className={styles.body}
                aria-current={info.step === shown ? "step" : undefined}
              >
                <StepText info={info} index={index} />
              </Link>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

function StepText({ info, index }: { info: StepInfo; index: number }) {
  return (
    <>
      <span className={styles.number}>{info.state === "done" ? <Icon name="check" /> : index + 1}</span>
      <span className={styles.words}>
        <span className={styles.title}>{info.title}</span>
        <span className={styles.note}>{info.note}</span>
      </span>
    </>
  );
}
