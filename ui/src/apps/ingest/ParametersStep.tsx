import { useLocation } from "wouter";
import { Button, Card, Facts, format, Name } from "../../design";
import styles from "./ParametersStep.module.css";
import { DEFAULT_PATTERNS, DRAFT_KEY, draftFrom } from "./params.model";
import type { IngestParams } from "./types";

/** What this ingest was asked to do, and a way to ask for the same again. */
export function ParametersStep({ params }: { params: IngestParams }) {
  const [, navigate] = useLocation();
  const patterns = params.patterns.length === 0 ? DEFAULT_PATTERNS : params.patterns;
  const again = () => {
    sessionStorage.setItem(DRAFT_KEY, JSON.stringify(draftFrom({ ...params, patterns: [...patterns] })));
    navigate("/ingest");
  };
  return (
    <Card title="Parameters" actions={<Button onClick={again}>Configure another with these</Button>}>
      <Facts
        facts={[
          [
            "Folders",
            <ul key="folders" className={styles.folders}>
              {params.directories.map((path) => (
                <li key={path}>
                  <Name text={path} mono />
                </li>
              ))}
            </ul>,
          ],
          ["Folders below", params.recursive ? "read too" : "left out"],
          ["Patterns", <Name key="patterns" text={patterns.join(" ")} mono />],
          ["At most", params.max_files === null ? "no limit" : format.plural(params.max_files, "file")],
          ["Already there", params.skip_existing ? "skipped, by content" : "read again"],
          ["Metadata", onOff(params.extract_metadata, "read")],
          ["Keywords", onOff(params.extract_keywords, "extracted")],
          ["Scores", onOff(params.import_scores, "imported")],
          ["NSFW", params.detect_nsfw ? `from ${params.nsfw_threshold.toFixed(2)} on` : "not looked for"],
          ["Commit", params.auto_commit ? "without asking" : "when you say so"],
        ]}
      />
    </Card>
  );
}

function onOff(on: boolean, word: string): string {
  return on ? word : `not ${word}`;
}
