import { EmptyState, Page } from "../design";

export default function SettingsPage() {
  return (
    <Page title="Settings">
      <EmptyState title="Not here yet" />
    </Page>
  );
}
