import { EmptyState, Page } from "../../design";
import { number, plural } from "../../design/format";
import { RecentRuns } from "../../runs/RecentRuns";
import { processedFiles } from "../../runs/stages.model";
import styles from "../AppPage.module.css";
import { ConfigureForm } from "./ConfigureForm";

/** `/ingest`: configure and start an ingest; the recent ones beside it. */
export default function IngestPage() {
  return (
    <Page title="Ingest">
      <div className={styles.columns}>
        <ConfigureForm />
        <RecentRuns
          app="ingest"
          title="Recent ingests"
          href={(run) => `/ingest/${run.id}`}
          figures={(run) => `${number(processedFiles(run))} files${errors(run.counters.errors ?? 0)}`}
          empty={
            <EmptyState icon="ingest" title="No ingest yet">
              Choose a folder and start. To see it work first, run <code>headway sample ./media</code>: it
              writes a small folder of pictures with metadata, duplicates and a few broken files.
            </EmptyState>
          }
        />
      </div>
    </Page>
  );
}

function errors(count: number): string {
  return count > 0 ? `, ${plural(count, "error")}` : "";
}
