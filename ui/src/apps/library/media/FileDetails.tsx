import type { ReactNode } from "react";
import { Link } from "wouter";
import { CopyButton, Facts, format, Icon, Name, Notice, SimpleBar } from "../../../design";
import type { FileFacts } from "../../ingest/types";
import { keywordHref } from "../library.filters.model";
import styles from "./FileDetails.module.css";
import {
  type Fact,
  fileFacts,
  generationOf,
  generationText,
  metadataFacts,
  nsfwText,
  qualityFacts,
  scoreText,
  videoFacts,
} from "./facts.model";

export interface FileDetailsProps {
  file: FileFacts;
  /** Where a keyword leads; by default to the library. */
  keywordLink?: (keyword: string) => string;
  /** Replaces the score's line, where it can be changed. */
  rating?: ReactNode;
}

/** Everything that was read about one file, in sections; sections without content are left out. */
export function FileDetails({ file, keywordLink = keywordHref, rating }: FileDetailsProps) {
  const metadata = metadataFacts(file.metadata);
  return (
    <div className={styles.details}>
      {file.problems.length > 0 && <Problems problems={file.problems} />}
      <Section title="Rating">{rating ?? <p>{ratingText(file)}</p>}</Section>
      {file.generation !== null && <GenerationView generation={file.generation} />}
      <Keywords keywords={file.keywords} link={keywordLink} />
      <Section title="NSFW">
        <p className={styles.iconLine}>
          <Icon name={file.nsfw.state === "safe" ? "check" : file.nsfw.state === "nsfw" ? "warn" : "info"} />
          <Name text={nsfwText(file.nsfw)} />
        </p>
      </Section>
      {file.quality !== null && <QualityView quality={file.quality} />}
      {file.video !== null && <FactList title="Video" facts={videoFacts(file.video)} />}
      <FactList title="File" facts={fileFacts(file)} />
      {metadata.length > 0 && <FactList title="Metadata" facts={metadata} />}
    </div>
  );
}

function ratingText(file: FileFacts): string {
  return `${scoreText(file.score)}${file.favourite ? ", favourite" : ""}`;
}

function Section({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className={styles.section}>
      <header className={styles.head}>
        <h3>{title}</h3>
        {actions}
      </header>
      {children}
    </section>
  );
}

function Problems({ problems }: { problems: FileFacts["problems"] }) {
  return (
    <ul className={styles.problems}>
      {problems.map((problem) => (
        <li key={`${problem.stage}-${problem.code}-${problem.at}-${problem.message}`}>
          <Notice tone="failed" title={<Name text={problem.message} />}>
            {problem.stage} · <code>{problem.code}</code> · {format.dateTime(problem.at)}
          </Notice>
        </li>
      ))}
    </ul>
  );
}

function GenerationView({ generation }: { generation: NonNullable<FileFacts["generation"]> }) {
  const { prompt, negative, parameters } = generationOf(generation);
  return (
    <Section
      title="Generation parameters"
      actions={<CopyButton text={() => generationText(generation)} label="Copy parameters" />}
    >
      {prompt !== null && <Prompt title="Prompt" text={prompt} />}
      {negative !== null && <Prompt title="Negative prompt" text={negative} />}
      {parameters.length > 0 && <Facts facts={factPairs(parameters)} />}
    </Section>
  );
}

function Prompt({ title, text }: { title: string; text: string }) {
  return (
    <div className={styles.prompt}>
      <header className={styles.promptHead}>
        <span>{title}</span>
        <CopyButton text={text} label={`Copy ${title.toLowerCase()}`} />
      </header>
      <p className={styles.promptText}>
        <bdi>{text.split(/\r?\n/).map(format.visible).join("\n")}</bdi>
      </p>
    </div>
  );
}

function Keywords({
  keywords,
  link,
}: {
  keywords: FileFacts["keywords"];
  link: (keyword: string) => string;
}) {
  if (keywords.length === 0) return null;
  const sorted = [...keywords].sort((a, b) => b.weight - a.weight);
  return (
    <Section title={`Keywords (${format.number(keywords.length)})`}>
      <ul className={styles.keywords}>
        {sorted.map((keyword) => (
          <li key={`${keyword.kind}-${keyword.keyword}`}>
            <Link
              href={link(keyword.keyword)}
              className={styles.keyword}
              title={`${keyword.kind}, weight ${format.number(keyword.weight, 2)}`}
            >
              <Name text={keyword.keyword} />
              {keyword.weight !== 1 && <span className="figures">{format.number(keyword.weight, 2)}</span>}
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function QualityView({ quality }: { quality: NonNullable<FileFacts["quality"]> }) {
  return (
    <Section title="Technical quality">
      <dl className={styles.quality}>
        {qualityFacts(quality).map((fact) => (
          <div key={fact.label}>
            <dt>{fact.label}</dt>
            <dd>
              <SimpleBar value={fact.value} size="thin" tone="queued" label={fact.label} />
              <span className="figures">{fact.text}</span>
            </dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

function FactList({ title, facts }: { title: string; facts: readonly Fact[] }) {
  return (
    <Section title={title}>
      <Facts facts={factPairs(facts)} />
    </Section>
  );
}

function factPairs(facts: readonly Fact[]): (readonly [string, ReactNode])[] {
  return facts.map(
    (fact) => [format.visible(fact.label), <Name key={fact.label} text={fact.text} />] as const,
  );
}
