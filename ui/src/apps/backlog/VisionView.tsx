import type { BacklogParams } from "../../api";
import { Card, CopyButton, Facts, JsonView, Name } from "../../design";
import { number } from "../../design/format";

/** What the backlog was made of. */
export default function VisionView({ params, author }: { params: BacklogParams; author: string }) {
  const size =
    typeof params.size === "string"
      ? params.size
      : Object.entries(params.size)
          .map(([name, count]) => `${number(count)} ${name}`)
          .join(", ");
  return (
    <>
      <Card title="Parameters">
        <Facts
          facts={[
            ["Destination", params.to ? <Name key="to" text={params.to} /> : "none"],
            ["Size", size],
            ["Author", author],
            ["Review", params.review ? "before anything is sent" : "none"],
            [
              "Quality",
              `at least ${params.quality_threshold}, written again ${params.max_regenerations} times at most`,
            ],
            ["Budget", params.budget_usd === null ? "none" : `$ ${number(params.budget_usd, 2)}`],
            ...(params.context ? [["Context", <Name key="context" text={params.context} />] as const] : []),
          ]}
        />
      </Card>
      <Card title="Vision" actions={<CopyButton text={params.vision} />}>
        <JsonView value={params.vision} />
      </Card>
    </>
  );
}
