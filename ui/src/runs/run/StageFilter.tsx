import type { Stage } from "../../api";
import { useUrlState } from "../../app/url";
import { FilterSelect } from "../../design";

/** A tab's choice of one stage, kept in the URL. */
export function StageFilter({ stages, value }: { stages: readonly Stage[]; value: string }) {
  const url = useUrlState();
  return (
    <FilterSelect
      label="Stage"
      all="All stages"
      value={value}
      options={stages.map((stage) => [stage.name, stage.title])}
      onChange={(stage) => url.set({ stage })}
    />
  );
}
