import { EmptyState, Page } from "../../design";
import { number } from "../../design/format";
import { RecentRuns } from "../../runs/RecentRuns";
import { NO_DELIVERIES } from "../../stream";
import styles from "../AppPage.module.css";
import { writtenItems } from "./tree.model";
import { VisionForm } from "./VisionForm";

/** `/backlog`: write a vision and start; the recent ones beside it. */
export default function BacklogPage() {
  return (
    <Page title="Backlog">
      <div className={styles.columns}>
        <VisionForm />
        <RecentRuns
          app="backlog"
          title="Recent backlogs"
          href={(run) => `/backlog/${run.id}`}
          figures={(run) => {
            const { staged, done } = run.deliveries ?? NO_DELIVERIES;
            return `${number(writtenItems(run))} items${staged > 0 ? `, ${number(done)} of ${number(staged)} there` : ""}`;
          }}
          empty={
            <EmptyState icon="tree" title="No backlog yet">
              From a product vision come epics, features, stories, tasks and test cases. You look them over;
              then they go to your tracker with the right parents. Take the example to see it work.
            </EmptyState>
          }
        />
      </div>
    </Page>
  );
}
