import { useMemo } from "react";
import { useParams } from "wouter";
import { asProblem, type RunSummary } from "../../api";
import {
  Badge,
  Button,
  format,
  Name,
  Notice,
  Page,
  ProblemNotice,
  Skeleton,
  StateBadge,
  toast,
  toastProblem,
} from "../../design";
import { isTerminal } from "../../stream";
import { useQueryState } from "../library/media/query";
import { CommitStep } from "./CommitStep";
import styles from "./IngestRunPage.module.css";
import { type LiveIngest, useLiveIngest } from "./ingest.live";
import { type RunAction, useRunAction } from "./ingest.query";
import { ParametersStep } from "./ParametersStep";
import { PreviewStep } from "./PreviewStep";
import { ProcessStep } from "./ProcessStep";
import { Stepper } from "./Stepper";
import { stepOf, stepsOf } from "./steps.model";

/** `/ingest/:run`: one ingest, at the step that the URL names or where it stands. */
export default function IngestRunPage() {
  const { run } = useParams<{ run: string }>();
  // Another run is another page: nothing of the last one's figures may glide into it.
  return <OneIngest key={run} id={run} />;
}

function OneIngest({ id }: { id: string }) {
  const live = useLiveIngest(id);
  if (live.session === null || live.run === null) {
    return (
      <Page title="Ingest">
        {live.error === null ? (
          <>
            <Skeleton height={52} />
            <Skeleton height={72} />
            <Skeleton height={76} />
            <Skeleton height={32} lines={6} />
          </>
        ) : (
          <ProblemNotice
            problem={asProblem(live.error)}
            what="This ingest could not be read"
            onRetry={() => live.refetch()}
          />
        )}
      </Page>
    );
  }
  return <Loaded live={live} run={live.run} />;
}

function Loaded({ live, run }: { live: LiveIngest; run: RunSummary }) {
  const [params] = useQueryState();
  const step = params.get("step") === "configure" ? "configure" : stepOf(params.get("step"), live.reached);
  const steps = useMemo(() => stepsOf(live.reached, run.state), [live.reached, run.state]);
  return (
    <Page
      title={`Ingest ${format.visible(run.title)}`}
      crumb={run.title}
      heading={
        <div className={styles.heading}>
          <h1>
            <Name text={run.title} />
          </h1>
          {live.phase === "preview" ? (
            <Badge tone="waiting" icon="waiting">
              Waiting for your commit
            </Badge>
          ) : (
            <StateBadge state={run.state} />
          )}
        </div>
      }
      actions={<Actions run={run} />}
    >
      <div className={styles.body}>
        {live.error !== null && (
          <ProblemNotice
            problem={asProblem(live.error)}
            what="What is shown may be old"
            onRetry={() => live.refetch()}
          />
        )}
        {run.error !== null && (
          <Notice tone="failed" title="The ingest failed">
            <Name text={run.error.message} /> <code>{run.error.code}</code>
          </Notice>
        )}
        <Stepper steps={steps} shown={step} run={run.id} />
        <Notes live={live} />
        {step === "configure" && live.session !== null && <ParametersStep params={live.session.params} />}
        {step === "process" && (
          <ProcessStep
            run={run}
            reached={live.reached}
            watch={live.watch}
            current={live.current}
            errors={live.errors}
            connection={live.connection}
          />
        )}
        {step === "preview" && <PreviewStep run={run} live={live} />}
        {step === "commit" && <CommitStep run={run} live={live} />}
      </div>
    </Page>
  );
}

function Notes({ live }: { live: LiveIngest }) {
  const session = live.session;
  if (session === null) return null;
  // The server's note says why and of how many files; without one, what holds is still said.
  const missing =
    session.params.detect_nsfw &&
    !session.nsfw_available &&
    !session.notes.some((note) => note.startsWith("NSFW"));
  return (
    <>
      {missing && (
        <Notice tone="warn" title="No NSFW model is installed">
          Every file stays “unknown” for NSFW. Install the model and start the ingest again to have files
          analysed: <code>headway doctor</code> says how.
        </Notice>
      )}
      {session.notes.map((note) => (
        <Notice key={note} title={<Name text={note} />} />
      ))}
    </>
  );
}

const SAID: Record<RunAction, string> = {
  pause: "Paused. Files that are being read are finished; no others are started.",
  resume: "Resumed.",
  cancel: "Cancelled. Nothing that was not committed goes into the library.",
  retry: "The failed files are tried again.",
};

function Actions({ run }: { run: RunSummary }) {
  const action = useRunAction(run.id);
  const act = (name: RunAction) =>
    action.mutate(name, {
      onSuccess: () => toast("done", SAID[name]),
      onError: (error) => toastProblem(`Could not ${name}`, error),
    });
  const busy = (name: RunAction) => action.isPending && action.variables === name;
  if (isTerminal(run.state)) return null;
  return (
    <>
      {run.state === "paused" ? (
        <Button icon="running" busy={busy("resume")} onClick={() => act("resume")}>
          Resume ingest
        </Button>
      ) : (
        <Button
          icon="paused"
          busy={busy("pause")}
          disabled={run.state === "waiting"}
          title="Finishes the files that are being read and starts no others"
          onClick={() => act("pause")}
        >
          Pause ingest
        </Button>
      )}
      <Button
        kind="danger"
        icon="cancelled"
        busy={busy("cancel")}
        title="Ends this ingest. What was not committed does not go into the library."
        onClick={() => act("cancel")}
      >
        Cancel ingest
      </Button>
    </>
  );
}
