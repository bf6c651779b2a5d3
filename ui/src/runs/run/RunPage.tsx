import { EmptyState, Page } from "../../design";

export default function RunPage() {
  return (
    <Page title="Run">
      <EmptyState title="Not here yet" />
    </Page>
  );
}
