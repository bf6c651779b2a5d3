import { useState } from "react";
import { asProblem } from "../../api";
import { Button, format, Name, ProblemNotice, Skeleton } from "../../design";
import styles from "./FacetList.module.css";
import { FACET_SHORT, type FacetGroup, facetGroups } from "./facets.model";
import type { LibraryFilters } from "./library.filters.model";
import { useFacets } from "./library.query";

/** What the library can be narrowed by, with how many files each choice leaves. Folded on phones. */
export function FacetList({
  filters,
  onChange,
}: {
  filters: LibraryFilters;
  onChange: (filters: LibraryFilters) => void;
}) {
  const facets = useFacets(filters);
  const [open, setOpen] = useState(false);
  const groups = facets.data ? facetGroups(facets.data, filters) : [];
  return (
    <section className={styles.facets} aria-label="Narrow the library">
      <Button
        className={styles.toggle ?? ""}
        icon="filter"
        aria-expanded={open}
        aria-controls="facets"
        onClick={() => setOpen(!open)}
      >
        {open ? "Hide the filters" : "Narrow the library"}
      </Button>
      <div id="facets" className={styles.groups} data-open={open}>
        {facets.error && !facets.data && (
          <ProblemNotice
            problem={asProblem(facets.error)}
            what="The filters could not be read"
            onRetry={() => facets.refetch()}
          />
        )}
        {facets.isPending && <Skeleton height={24} lines={16} />}
        {groups.map((group) => (
          <Group key={group.id} group={group} onChange={onChange} />
        ))}
      </div>
    </section>
  );
}

function Group({ group, onChange }: { group: FacetGroup; onChange: (filters: LibraryFilters) => void }) {
  const [all, setAll] = useState(false);
  const shown = all ? group.choices : group.choices.filter((c, i) => i < FACET_SHORT || c.chosen);
  return (
    <fieldset className={styles.group}>
      <legend>{group.title}</legend>
      {shown.map((choice) => (
        <button
          key={choice.id}
          type="button"
          className={styles.choice}
          aria-pressed={choice.chosen}
          onClick={() => onChange(choice.next)}
        >
          <span className={styles.label}>
            <Name text={choice.label} />
          </span>
          {choice.count !== null && <span className={styles.count}>{format.number(choice.count)}</span>}
        </button>
      ))}
      {group.choices.length > FACET_SHORT && (
        <Button kind="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? "Show fewer" : `Show all ${format.number(group.choices.length)}`}
        </Button>
      )}
    </fieldset>
  );
}
