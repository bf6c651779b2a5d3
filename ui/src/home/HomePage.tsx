import { EmptyState, Page } from "../design";

export default function HomePage() {
  return (
    <Page title="Home">
      <EmptyState title="Not here yet" />
    </Page>
  );
}
