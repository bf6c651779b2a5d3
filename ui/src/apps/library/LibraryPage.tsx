import { EmptyState, Page } from "../../design";

export default function LibraryPage() {
  return (
    <Page title="Library">
      <EmptyState title="Not here yet" />
    </Page>
  );
}
