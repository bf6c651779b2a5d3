import { useMemo } from "react";
import { asProblem } from "../api";
import { useQueryState, withParams } from "../apps/library/media/query";
import { Card, CopyButton, EmptyState, Icon, Name, ProblemNotice, Skeleton, TypedSearch } from "../design";
import styles from "./ConfigSection.module.css";
import { configSections, searchConfig } from "./config.model";
import { useConfig } from "./settings.query";

/** The configuration in force, to read: defaults, file, environment and flags put together. */
export function ConfigSection() {
  const config = useConfig();
  const [params, write] = useQueryState();
  const text = params.get("q") ?? "";
  const sections = useMemo(() => (config.data ? configSections(config.data) : []), [config.data]);
  const shown = useMemo(() => searchConfig(sections, text), [sections, text]);
  return (
    <>
      <div className={styles.head}>
        <TypedSearch
          label="Search the configuration"
          placeholder="Name or value"
          value={text}
          onChange={(q) => write(withParams(params, { q }))}
        />
        {config.data && <CopyButton text={() => JSON.stringify(config.data, null, 2)} label="Copy as JSON" />}
      </div>
      <p className={styles.about}>
        What is in force now, from defaults, file, environment and flags. It is changed there, and read when
        Headway starts.
      </p>
      {config.isPending && <Skeleton height={28} lines={12} />}
      {config.error && !config.data && (
        <ProblemNotice
          problem={asProblem(config.error)}
          what="The configuration could not be read"
          onRetry={() => config.refetch()}
        />
      )}
      {config.data && shown.length === 0 && <EmptyState icon="search" title="No setting matches" />}
      {shown.map((section) => (
        <Card key={section.name} title={section.name} flush>
          <dl className={styles.lines}>
            {section.lines.map((line) => (
              <div key={line.name}>
                <dt>
                  <code>{line.name}</code>
                </dt>
                <dd>
                  {line.masked && <Icon name="eye" />} <Name text={line.value} mono />
                </dd>
              </div>
            ))}
          </dl>
        </Card>
      ))}
    </>
  );
}
