import { memo } from "react";
import { RemoteLink } from "../../deliveries/RemoteLink";
import { Badge, Icon, Name, StateBadge } from "../../design";
import styles from "./TreeLine.module.css";
import { KIND_WORDS, type TreeRow } from "./tree.model";

export interface TreeLineProps {
  id: string;
  row: TreeRow;
  threshold: number;
  selected: boolean;
  current: boolean;
  onSelect: (key: string) => void;
  onToggle: (key: string, open: boolean) => void;
}

/** One item of the tree: kind, title, quality, what was done to it, and where its delivery stands. */
export const TreeLine = memo(
  function TreeLine({ id, row, threshold, selected, current, onSelect, onToggle }: TreeLineProps) {
    const { item, depth, expandable, open, outside } = row;
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the tree itself has the keyboard
      <div
        id={id}
        role="treeitem"
        tabIndex={-1}
        aria-level={depth + 1}
        aria-posinset={row.place}
        aria-setsize={row.siblings}
        aria-expanded={expandable ? open : undefined}
        aria-selected={selected}
        data-current={current || undefined}
        data-outside={outside || undefined}
        data-faint={row.faint || undefined}
        className={styles.line}
        onClick={(event) => {
          if (event.target instanceof Element && event.target.closest("a") !== null) return;
          onSelect(item.key);
        }}
      >
        <span className={styles.title} style={{ paddingLeft: `${depth * 20}px` }}>
          {/* biome-ignore lint/a11y/noStaticElementInteractions: for the pointer; the keyboard has the arrows */}
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: for the pointer; the keyboard has the arrows */}
          <span
            className={styles.mark}
            onClick={(event) => {
              if (!expandable) return;
              event.stopPropagation();
              onToggle(item.key, !open);
            }}
          >
            {expandable && <Icon name={open ? "down" : "chevron"} />}
          </span>
          <span className={`${styles.kind} ${styles[item.kind]}`}>{KIND_WORDS[item.kind]}</span>
          <span className={styles.text}>
            <Name text={item.item.title} />
          </span>
          {item.edited && (
            <span className={styles.small} title="Edited by hand">
              <Icon name="edit" /> <span className="sr">edited</span>
            </span>
          )}
          {item.flagged && (
            <Badge
              tone="warn"
              icon="flag"
              title={item.quality.problems.join(" ") || "Below the quality asked for"}
            >
              Flagged
            </Badge>
          )}
          {outside && (
            <Badge tone="cancelled" icon="cancelled">
              Excluded
            </Badge>
          )}
        </span>
        <span className={styles.quality} title="Quality, 0 to 100">
          <span className="sr">quality </span>
          <span className={item.quality.score < threshold ? styles.low : undefined}>
            {item.quality.score}
          </span>
        </span>
        <span className={styles.delivery}>
          {item.delivery && (
            <StateBadge
              state={item.delivery.state}
              {...(item.delivery.error && item.delivery.state !== "done"
                ? { title: item.delivery.error.message }
                : {})}
            />
          )}
        </span>
        <span className={styles.remote}>
          <RemoteLink remote={item.delivery?.remote ?? null} />
        </span>
      </div>
    );
  },
  (a, b) =>
    a.row.item === b.row.item &&
    a.row.depth === b.row.depth &&
    a.row.expandable === b.row.expandable &&
    a.row.open === b.row.open &&
    a.row.place === b.row.place &&
    a.row.siblings === b.row.siblings &&
    a.row.outside === b.row.outside &&
    a.row.faint === b.row.faint &&
    a.id === b.id &&
    a.threshold === b.threshold &&
    a.selected === b.selected &&
    a.current === b.current &&
    a.onSelect === b.onSelect &&
    a.onToggle === b.onToggle,
);
