import { Card, CopyButton, EmptyState, Facts, JsonView } from "../../../design";
import { number } from "../../../design/format";
import type { RunTabProps } from "../RunPage";
import styles from "./InputOutputTab.module.css";

/** What the run was given, and what came of it in figures. */
export default function InputOutputTab({ view }: RunTabProps) {
  const { run } = view;
  const input = "input" in run ? run.input : undefined;
  const counters = Object.entries(run.counters);
  return (
    <div className={styles.both}>
      <Card
        title="Input"
        actions={input !== undefined && <CopyButton text={() => JSON.stringify(input, null, 2)} />}
      >
        {input === undefined ? (
          <EmptyState title="The input is still on its way" />
        ) : (
          <JsonView value={input} />
        )}
      </Card>
      <Card
        title="Output"
        actions={
          <CopyButton
            text={() =>
              JSON.stringify(
                { state: run.state, figures: run.figures, counters: run.counters, error: run.error },
                null,
                2,
              )
            }
          />
        }
      >
        <Facts
          facts={[
            [
              "Done",
              <span
                key="d"
                className="figures"
              >{`${number(run.figures.done)} of ${number(run.figures.total)}`}</span>,
            ],
            [
              "Failed",
              <span key="f" className="figures">
                {number(run.figures.failed)}
              </span>,
            ],
            ...counters.map(
              ([name, value]) =>
                [
                  name,
                  <span key={name} className="figures">
                    {number(value)}
                  </span>,
                ] as const,
            ),
          ]}
        />
        {run.error && <JsonView value={{ ...run.error, help: run.error.help ?? null }} />}
      </Card>
    </div>
  );
}
