import { EmptyState, Page } from "../../design";

export default function IngestPage() {
  return (
    <Page title="Ingest">
      <EmptyState title="Not here yet" />
    </Page>
  );
}
