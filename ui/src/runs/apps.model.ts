/** Runs of applications have pages of their own beside the run's page. */
import type { RunSummary } from "../api";
import { plural } from "../design/format";
import { processedFiles } from "./stages.model";

export interface AppPage {
  /** The application, as its place is called. */
  name: string;
  href: string;
}

/** A run's page in its application; null where it has none. */
export function appPage(run: Pick<RunSummary, "id" | "app">): AppPage | null {
  const name = { ingest: "Ingest", backlog: "Backlog" }[run.app];
  return name === undefined ? null : { name, href: `/${run.app}/${run.id}` };
}

/** What an application's run asks of a person when it waits for this signal. */
export interface AppWait {
  review: string;
  /** What holds until then. */
  says: string;
  /** The words of doing it without looking. */
  blind: string;
}

export function appWait(run: RunSummary, signal: string): AppWait | null {
  if (run.app === "ingest" && signal === "commit")
    return {
      review: `Review ${plural(processedFiles(run), "file")}`,
      says: "Everything is read. Nothing reaches the library until you commit",
      blind: "Commit without review",
    };
  if (run.app === "backlog" && signal === "approve")
    return {
      review: "Review the backlog",
      says: "Everything is written. Nothing is sent until you approve",
      blind: "Approve without review",
    };
  return null;
}
