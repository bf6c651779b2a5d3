import { FilterCount, FilterSelect, FilterToggles, stateLook, Toolbar, TypedSearch } from "../../design";
import { plural } from "../../design/format";
import { RUN_STATES, type RunListState } from "./list.model";
import { SavedViews } from "./SavedViews";

export interface RunFiltersProps {
  params: URLSearchParams;
  state: RunListState;
  onChange: (changes: Record<string, string | null>) => void;
  shown: number;
  /** Whether the server has more than is shown. */
  more: boolean;
}

/** The applications that a list can be narrowed to. */
const APPS = [
  ["ingest", "Ingest"],
  ["backlog", "Backlog"],
  ["pipeline", "Pipelines"],
] as const;

/** Text, states and application; all of it lives in the URL. */
export function RunFilters({ params, state, onChange, shown, more }: RunFiltersProps) {
  return (
    <Toolbar label="Filters">
      <SavedViews params={params} />
      <TypedSearch
        label="Search by title or id"
        placeholder="Title or id ( / )"
        value={state.q}
        onChange={(q) => onChange({ q })}
      />
      <FilterSelect
        label="Application"
        all="All applications"
        value={state.app}
        options={APPS}
        onChange={(app) => onChange({ app })}
      />
      <FilterToggles
        label="States"
        options={RUN_STATES.map((name) => [name, stateLook(name).word] as const)}
        chosen={state.states}
        onChange={(states) => onChange({ state: states.join(",") })}
      />
      <FilterCount>
        {plural(shown, "run")}
        {more ? " so far" : ""}
      </FilterCount>
    </Toolbar>
  );
}
