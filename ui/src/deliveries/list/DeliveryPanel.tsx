import { useState } from "react";
import { Link } from "wouter";
import { asProblem, type DeliveryDetail } from "../../api";
import {
  Button,
  CopyButton,
  Facts,
  JsonView,
  Name,
  Panel,
  ProblemNotice,
  RelativeTime,
  Skeleton,
  StateBadge,
  Tabs,
} from "../../design";
import { plural } from "../../design/format";
import { useDelivery, usePreview } from "../deliveries.query";
import { isReplayable } from "../filters.model";
import { PreviewView } from "../PreviewView";
import { RemoteLink } from "../RemoteLink";
import { ReplayBox, type ReplayWish } from "../ReplayBox";
import styles from "./DeliveryPanel.module.css";

export interface DeliveryPanelProps {
  id: string;
  mayReplay: boolean;
  onClose: () => void;
}

/** One delivery: where it stands and why, what was staged, and exactly what would be sent. */
export function DeliveryPanel({ id, mayReplay, onClose }: DeliveryPanelProps) {
  const query = useDelivery(id);
  const delivery = query.data;
  return (
    <Panel
      title={delivery ? <Name text={delivery.title} /> : "Delivery"}
      onClose={onClose}
      actions={delivery && <PanelActions delivery={delivery} mayReplay={mayReplay} />}
    >
      {query.error && (
        <ProblemNotice
          problem={asProblem(query.error)}
          what="The delivery could not be loaded"
          onRetry={() => query.refetch()}
        />
      )}
      {!delivery && !query.error && <Skeleton height={20} lines={10} />}
      {delivery && <DeliveryView delivery={delivery} />}
    </Panel>
  );
}

function PanelActions({ delivery, mayReplay }: { delivery: DeliveryDetail; mayReplay: boolean }) {
  const [wish, setWish] = useState<ReplayWish | null>(null);
  if (wish !== null) return <ReplayBox wish={wish} onClose={() => setWish(null)} />;
  return (
    <>
      {mayReplay && isReplayable(delivery.state) && (
        <Button
          icon="retry"
          onClick={() =>
            setWish({
              title: "Replay this delivery",
              request: { ids: [delivery.id] },
            })
          }
        >
          Replay this
        </Button>
      )}
      {mayReplay && (
        <Button
          icon="tree"
          onClick={() => setWish({ title: "Replay this subtree", request: { subtree_of: delivery.id } })}
        >
          Replay its subtree
        </Button>
      )}
      <CopyButton label="Copy as JSON" text={() => JSON.stringify(delivery, null, 2)} />
    </>
  );
}

type View = "payload" | "preview";

function DeliveryView({ delivery }: { delivery: DeliveryDetail }) {
  const [view, setView] = useState<View>("preview");
  return (
    <div className={styles.delivery}>
      <Facts facts={factsOf(delivery)} />
      {delivery.error && delivery.state !== "done" && (
        <div className={styles.error}>
          <p>
            <Name text={delivery.error.message} />
          </p>
          <p>
            <code>{delivery.error.code}</code>
          </p>
          {delivery.error.help && <p>{delivery.error.help}</p>}
        </div>
      )}
      {delivery.state === "unknown" && (
        <p className={styles.note}>
          It was sent and no answer came. Before anything is sent again, the destination is asked whether it
          has it.
        </p>
      )}
      <Tabs
        label="What is sent"
        tabs={[
          { id: "preview", title: "Exactly what would be sent" },
          { id: "payload", title: "What was staged" },
        ]}
        value={view}
        onChange={(next) => setView(next === "payload" ? "payload" : "preview")}
      >
        {view === "payload" ? <JsonView value={delivery.payload} /> : <PreviewPart id={delivery.id} />}
      </Tabs>
    </div>
  );
}

function factsOf(delivery: DeliveryDetail): (readonly [string, React.ReactNode])[] {
  const { blocked_by, parent_remote, remote, state } = delivery;
  return [
    ["State", <StateBadge key="state" state={state} />],
    ...(remote ? [["There as", <RemoteLink key="remote" remote={remote} />] as const] : []),
    ...(blocked_by
      ? ([
          [
            "Waits for",
            <span key="blocked">
              <Name text={blocked_by.title} /> <StateBadge state={blocked_by.state} />
            </span>,
          ],
        ] as const)
      : []),
    ...(parent_remote ? [["Below", <RemoteLink key="parent" remote={parent_remote} />] as const] : []),
    ["Kind", <Name key="kind" text={delivery.kind.replace("_", " ")} />],
    [
      "Destination",
      <Link key="destination" href={`/destinations?name=${encodeURIComponent(delivery.destination)}`}>
        <Name text={delivery.destination} />
      </Link>,
    ],
    [
      "Run",
      <Link key="run" href={`/runs/${delivery.run}`}>
        <code>{delivery.run}</code>
      </Link>,
    ],
    ["Key", <Name key="key" text={delivery.key} mono />],
    ["Attempts", `${plural(delivery.attempts, "failed attempt")}, sent ${plural(delivery.sent, "time")}`],
    ["Staged", <RelativeTime key="staged" at={delivery.staged_at} />],
    ...(state === "retry" || state === "unknown"
      ? [["Next look", <RelativeTime key="due" at={delivery.due_at} live />] as const]
      : []),
    ["Changed", <RelativeTime key="changed" at={delivery.changed_at} />],
  ];
}

function PreviewPart({ id }: { id: string }) {
  const preview = usePreview(id);
  if (preview.error)
    return (
      <ProblemNotice
        problem={asProblem(preview.error)}
        what="What would be sent could not be told"
        onRetry={() => preview.refetch()}
      />
    );
  return preview.data ? <PreviewView preview={preview.data} /> : <Skeleton height={18} lines={8} />;
}
