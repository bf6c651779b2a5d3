import { EmptyState, Page } from "../design";

export default function NodesPage() {
  return (
    <Page title="Nodes">
      <EmptyState title="Not here yet" />
    </Page>
  );
}
