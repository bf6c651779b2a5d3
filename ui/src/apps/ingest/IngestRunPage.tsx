import { EmptyState, Page } from "../../design";

export default function IngestRunPage() {
  return (
    <Page title="IngestRun">
      <EmptyState title="Not here yet" />
    </Page>
  );
}
