import type { ReactNode } from "react";
import type { WorkItem } from "../../api";
import { Facts, Name } from "../../design";
import { number, visible } from "../../design/format";
import styles from "./ItemPanel.module.css";

/** A work item to read. Its text is plain: blank lines part paragraphs, `- ` makes bullets. */
export function WorkItemView({ item }: { item: WorkItem }) {
  return (
    <>
      <Facts facts={factsOf(item)} />
      {item.description && <Text text={item.description} />}
      {item.acceptance_criteria && item.acceptance_criteria.length > 0 && (
        <Part title="Acceptance criteria">
          <ol className={styles.list}>
            {item.acceptance_criteria.map((criterion) => (
              <li key={criterion}>
                <Name text={criterion} />
              </li>
            ))}
          </ol>
        </Part>
      )}
      {item.steps && item.steps.length > 0 && (
        <Part title="Steps">
          <ol className={styles.list}>
            {item.steps.map((step) => (
              <li key={`${step.action} ${step.expected}`}>
                <Name text={step.action} />
                <p className={styles.expected}>
                  → <Name text={step.expected} />
                </p>
              </li>
            ))}
          </ol>
        </Part>
      )}
      {item.sections?.map((section) => (
        <Part key={section.heading} title={visible(section.heading)}>
          <Text text={section.text} />
        </Part>
      ))}
    </>
  );
}

function factsOf(item: WorkItem): [string, ReactNode][] {
  const facts: [string, ReactNode][] = [];
  if (item.priority !== undefined) facts.push(["Priority", `${item.priority} of 4`]);
  if (item.story_points !== undefined) facts.push(["Story points", String(item.story_points)]);
  if (item.estimate_hours !== undefined) facts.push(["Estimate", `${item.estimate_hours} h`]);
  if (item.business_value !== undefined) facts.push(["Business value", number(item.business_value)]);
  if (item.category) facts.push(["Category", <Name key="category" text={item.category} />]);
  if (item.complexity) facts.push(["Complexity", <Name key="complexity" text={item.complexity} />]);
  if (item.test_data) facts.push(["Test data", <Name key="data" text={item.test_data} />]);
  if (item.automation !== undefined)
    facts.push(["Automation", item.automation ? "worth automating" : "by hand"]);
  return facts;
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles.part}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Text({ text }: { text: string }) {
  return (
    <p className={styles.text}>
      {text
        .split("\n")
        .map((line) => visible(line))
        .join("\n")}
    </p>
  );
}
