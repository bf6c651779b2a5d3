import type { DeliverySummary } from "../../api";
import { useUrlState } from "../../app/url";
import {
  Bar,
  Button,
  FilterCount,
  FilterSelect,
  FilterToggles,
  format,
  Name,
  stateLook,
  Toolbar,
  TypedSearch,
} from "../../design";
import { CLEARED, DELIVERY_STATES, type DeliveryFilter, isFiltered, total } from "../filters.model";
import styles from "./DeliveryFilters.module.css";

const KINDS = ["epic", "feature", "story", "task", "test_case"] as const;

export interface DeliveryFiltersProps {
  filter: DeliveryFilter;
  summary: DeliverySummary | undefined;
  /** Null while it loads. */
  shown: number | null;
  more: boolean;
}

/** States with their counts, and what narrows the list; all of it lives in the URL. */
export function DeliveryFilters({ filter, summary, shown, more }: DeliveryFiltersProps) {
  const url = useUrlState();
  const counts = summary?.by_state ?? {};
  const all = total(counts);
  const destinations = summary?.by_destination.map(({ destination }) => destination) ?? [];
  if (filter.destination !== "" && !destinations.includes(filter.destination))
    destinations.push(filter.destination);
  const kinds =
    filter.kind === "" || KINDS.some((kind) => kind === filter.kind) ? KINDS : [...KINDS, filter.kind];
  return (
    <section aria-label="Summary and filters" className={styles.filters}>
      <Bar
        label="Delivered"
        percent={all === 0 ? 0 : ((counts.done ?? 0) / all) * 100}
        parts={(["done", "dead", "retry", "unknown", "leased", "blocked"] as const).map((state) => ({
          tone: stateLook(state).tone,
          share: all === 0 ? 0 : (counts[state] ?? 0) / all,
        }))}
      />
      <FilterToggles
        label="States"
        options={DELIVERY_STATES.map(
          (state) => [state, `${stateLook(state).word} ${format.number(counts[state] ?? 0)}`] as const,
        )}
        chosen={filter.states}
        onChange={(states) => url.set({ state: states.join(",") })}
      />
      <Toolbar label="Filters">
        <TypedSearch
          label="Search by title, key or remote id"
          placeholder="Title, key or remote id ( / )"
          value={filter.q}
          onChange={(q) => url.set({ q })}
        />
        <FilterSelect
          label="Destination"
          all="All destinations"
          value={filter.destination}
          options={destinations.map((name) => [name, format.visible(name)])}
          onChange={(destination) => url.set({ destination })}
        />
        <FilterSelect
          label="Kind"
          all="All kinds"
          value={filter.kind}
          options={kinds.map((kind) => [kind, kind.replace("_", " ")])}
          onChange={(kind) => url.set({ kind })}
        />
        {filter.run !== "" && (
          <Button kind="quiet" icon="close" onClick={() => url.set({ run: null })}>
            Run <Name text={filter.run} mono />
          </Button>
        )}
        {filter.reason !== "" && (
          <Button kind="quiet" icon="close" onClick={() => url.set({ reason: null })}>
            <Name text={filter.reason} mono />
          </Button>
        )}
        {isFiltered(filter) && (
          <Button kind="quiet" onClick={() => url.set(CLEARED)}>
            Clear filters
          </Button>
        )}
        <FilterCount>
          {shown !== null && `${format.plural(shown, "delivery", "deliveries")}${more ? " so far" : ""}`}
        </FilterCount>
      </Toolbar>
    </section>
  );
}
