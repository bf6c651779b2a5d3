import { asProblem } from "../api";
import { Button, Card, CopyButton, Facts, format, Name, Notice, ProblemNotice } from "../design";
import styles from "./Forms.module.css";
import { useBackup } from "./settings.query";

/** An online backup, now. */
export function BackupSection() {
  const backup = useBackup();
  return (
    <Card title="Backup">
      <div className={styles.form}>
        <p>
          Writes a consistent copy of the database into the backup folder, while runs go on. Headway is
          stopped to restore one; pages and programs notice by the changed epoch and start afresh.
        </p>
        <div className={styles.end}>
          <Button kind="primary" icon="download" busy={backup.isPending} onClick={() => backup.mutate()}>
            Back up now
          </Button>
        </div>
        {backup.error !== null && (
          <ProblemNotice
            problem={asProblem(backup.error)}
            what="The backup was not written"
            onRetry={() => backup.mutate()}
          />
        )}
        {backup.data && (
          <Notice tone="done" title="Backup written">
            <Facts
              facts={[
                ["File", <Name key="path" text={backup.data.path} mono />],
                ["Size", format.bytes(backup.data.bytes)],
                ["Took", format.duration(backup.data.took_ms)],
                ["SHA-256", <code key="sha">{backup.data.sha256}</code>],
              ]}
            />
            <CopyButton text={backup.data.sha256} label="Copy SHA-256" />
          </Notice>
        )}
      </div>
    </Card>
  );
}
