import { EmptyState, Page } from "../design";

export default function SignInPage() {
  return (
    <Page title="SignIn">
      <EmptyState title="Not here yet" />
    </Page>
  );
}
