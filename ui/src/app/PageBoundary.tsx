import { Component, type ReactNode } from "react";
import { Button, CopyButton, EmptyState, Page } from "../design";

interface Props {
  /** A new place starts afresh. */
  place: string;
  children: ReactNode;
}

interface State {
  error: Error | null;
  place: string;
}

/** Catches what a page throws (a fault of ours, or a part that a new version has replaced) and leaves the frame alive. */
export class PageBoundary extends Component<Props, State> {
  override state: State = { error: null, place: this.props.place };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.place === state.place ? null : { error: null, place: props.place };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <Page title="This page broke">
        <EmptyState
          icon="warn"
          title="This page could not be shown"
          action={
            <>
              <Button kind="primary" icon="retry" onClick={() => window.location.reload()}>
                Load the page again
              </Button>
              <CopyButton
                label="Copy the error"
                text={`${error.name}: ${error.message}\n${error.stack ?? ""}`}
              />
            </>
          }
        >
          The server and its work are not touched by this. If Headway was just updated, loading again brings
          the new version. <code>{error.message}</code>
        </EmptyState>
      </Page>
    );
  }
}
