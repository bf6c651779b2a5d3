import { useMemo } from "react";
import { VList } from "virtua";
import { asProblem } from "../../api";
import { Badge, Button, EmptyState, format, Icon, Name, Notice, ProblemNotice, Skeleton } from "../../design";
import { Thumb } from "../library/media/Thumb";
import styles from "./DuplicatesView.module.css";
import { buildGroups, type DuplicateGroup, planKeepBest, whyBest } from "./duplicates.model";
import { useDuplicates } from "./ingest.query";
import type { IngestFile } from "./types";
import type { Exclude } from "./useExclude";

export interface DuplicatesViewProps {
  run: string;
  files: readonly IngestFile[];
  canChange: boolean;
  exclude: Exclude;
  onOpen: (key: string) => void;
}

const GROUP_PX = 236;

/** Groups of exact and near duplicates, best file first, and one press to keep the best of each. */
export function DuplicatesView({ run, files, canChange, exclude, onOpen }: DuplicatesViewProps) {
  const duplicates = useDuplicates(run);
  const byKey = useMemo(() => new Map(files.map((file) => [file.key, file])), [files]);
  const groups = useMemo(
    () => (duplicates.data ? buildGroups(duplicates.data, byKey) : []),
    [duplicates.data, byKey],
  );
  const plan = useMemo(() => planKeepBest(groups), [groups]);
  const apply = (keys: readonly string[]) =>
    exclude.set(
      keys.flatMap((key) => byKey.get(key) ?? []),
      true,
    );

  if (duplicates.isPending) return <Skeleton height={GROUP_PX} lines={2} />;
  if (duplicates.error && !duplicates.data) {
    return (
      <ProblemNotice
        problem={asProblem(duplicates.error)}
        what="The duplicates could not be read"
        onRetry={() => duplicates.refetch()}
      />
    );
  }
  if (groups.length === 0) {
    return (
      <EmptyState icon="copy" title="No duplicates">
        No two processed files have the same bytes or look almost the same.
      </EmptyState>
    );
  }
  return (
    <div className={styles.view}>
      <Notice
        tone={plan.exclude.length > 0 ? "info" : "done"}
        title={
          plan.exclude.length > 0
            ? `${format.plural(groups.length, "group")} of duplicates`
            : `One file is kept of each of the ${format.plural(groups.length, "group")}`
        }
        action={
          plan.exclude.length > 0 && (
            <Button
              icon="check"
              disabled={!canChange}
              busy={exclude.busy}
              onClick={() => apply(plan.exclude)}
            >
              Keep {format.number(plan.keep.length)} best, exclude{" "}
              {format.plural(plan.exclude.length, "file")}
            </Button>
          )
        }
      >
        {plan.exclude.length > 0
          ? `Would exclude ${format.plural(plan.exclude.length, "file")} (${format.bytes(plan.bytes)}) from the commit. Nothing is deleted, and it can be undone.`
          : "The others are excluded from the commit."}
      </Notice>
      <VList
        className={styles.list ?? ""}
        style={{ height: `min(max(360px, calc(100dvh - 340px)), ${groups.length * GROUP_PX + 2}px)` }}
        itemSize={GROUP_PX}
        data={groups}
        role="list"
        aria-label="Groups of duplicates"
      >
        {(group) => (
          <Group
            key={group.id}
            group={group}
            canChange={canChange}
            busy={exclude.busy}
            onApply={apply}
            onOpen={onOpen}
          />
        )}
      </VList>
    </div>
  );
}

interface GroupProps {
  group: DuplicateGroup;
  canChange: boolean;
  busy: boolean;
  onApply: (keys: readonly string[]) => void;
  onOpen: (key: string) => void;
}

function Group({ group, canChange, busy, onApply, onOpen }: GroupProps) {
  const plan = useMemo(() => planKeepBest([group]), [group]);
  const best = group.files[0];
  return (
    <div role="listitem" className={styles.group}>
      <header className={styles.head}>
        <Badge icon="copy">{group.kind === "exact" ? "Same bytes" : "Near duplicates"}</Badge>
        <span className={styles.about}>
          {format.plural(group.files.length, "file")}
          {group.distance !== null && `, distance ${group.distance}`}
        </span>
        {plan.exclude.length > 0 && (
          <Button disabled={!canChange} busy={busy} onClick={() => onApply(plan.exclude)}>
            Keep the best, exclude {format.plural(plan.exclude.length, "other")}
          </Button>
        )}
      </header>
      <ul className={styles.files}>
        {group.files.map((file) => (
          <li key={file.key} className={file.excluded ? styles.out : undefined}>
            <button type="button" className={styles.file} onClick={() => onOpen(file.key)}>
              <span className={styles.picture}>
                <Thumb file={file} alt="" revealed={false} />
              </span>
              <span className={styles.name}>
                <Name text={file.name} />
              </span>
              <span className={styles.facts}>
                {file === best && (
                  <strong>
                    <Icon name="star" /> Best: {whyBest(group.files)}
                  </strong>
                )}
                {file !== best && (file.excluded ? "excluded" : format.bytes(file.size))}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
