import { useState } from "react";
import type { DeliverySummary } from "../../api";
import { useUrlState } from "../../app/url";
import { Button, Name, StateBadge } from "../../design";
import { number } from "../../design/format";
import type { DeliveryFilter } from "../filters.model";
import styles from "./DeliveryReasons.module.css";

const SHOWN = 3;

type Reason = DeliverySummary["by_reason"][number];

/** Why deliveries are not there, grouped, in the destination's own words. */
export function DeliveryReasons({ reasons, filter }: { reasons: readonly Reason[]; filter: DeliveryFilter }) {
  const [all, setAll] = useState(false);
  const url = useUrlState();
  if (reasons.length === 0 || filter.reason !== "") return null;
  return (
    <section aria-label="Reasons" className={styles.reasons}>
      <ul>
        {(all ? reasons : reasons.slice(0, SHOWN)).map((reason) => (
          <li key={`${reason.destination} ${reason.code} ${reason.state}`} className={styles.reason}>
            <span className={styles.count}>
              <StateBadge state={reason.state} /> <span className="figures">{number(reason.count)}×</span>
            </span>
            <div className={styles.text}>
              <p>
                <Name text={reason.message} />
              </p>
              <p className={styles.meta}>
                <span>
                  at <Name text={reason.destination} />
                </span>
                <code>{reason.code}</code>
              </p>
            </div>
            <Button
              kind="quiet"
              icon="filter"
              onClick={() =>
                url.set({ reason: reason.code, destination: reason.destination, state: reason.state }, "push")
              }
            >
              Show these
            </Button>
          </li>
        ))}
      </ul>
      {reasons.length > SHOWN && (
        <Button kind="quiet" icon={all ? "up" : "down"} onClick={() => setAll(!all)}>
          {all ? "Show fewer reasons" : `Show all ${number(reasons.length)} reasons`}
        </Button>
      )}
      <p className="sr" role="status">
        {number(reasons.length)} reasons for deliveries that are not there
      </p>
    </section>
  );
}
