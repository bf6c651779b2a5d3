import { EmptyState, Page } from "../../design";

export default function RunsPage() {
  return (
    <Page title="Runs">
      <EmptyState title="Not here yet" />
    </Page>
  );
}
