import { QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { asProblem, createQueryClient, ProblemError } from "../api";
import { ProblemNotice, Toaster, toastProblem } from "../design";
import { SESSION_KEY, useSession } from "../session/session.query";
import { setRefetchErrorListener } from "../stream";
import { Frame } from "./Frame";
import { Routes } from "./routes";

setRefetchErrorListener((error) =>
  toastProblem("A run could not be fetched anew; its figures may be old", error),
);

const SignInPage = lazy(() => import("../session/SignInPage"));

/** The dashboard: cache, session, frame, pages. */
export function App() {
  const [client] = useState(() => {
    const created = createQueryClient((error) => {
      // A revoked session shows itself as 401 on any call: the page goes to sign-in and comes back after.
      if (error instanceof ProblemError && error.status === 401) created.setQueryData(SESSION_KEY, null);
    });
    return created;
  });
  return (
    <QueryClientProvider client={client}>
      <Switch>
        <Route path="/sign-in">
          <Suspense fallback={null}>
            <SignInPage />
          </Suspense>
        </Route>
        <Route>
          <SignedIn />
        </Route>
      </Switch>
      <Toaster />
    </QueryClientProvider>
  );
}

function SignedIn() {
  const session = useSession();
  const [location] = useLocation();
  if (session.data === null)
    return <Redirect to={`/sign-in?next=${encodeURIComponent(location + window.location.search)}`} replace />;
  if (session.error && !session.data) {
    return (
      <main>
        <ProblemNotice
          problem={asProblem(session.error)}
          what="The dashboard could not load"
          onRetry={() => session.refetch()}
        />
      </main>
    );
  }
  return <Frame session={session.data}>{session.data && <Routes />}</Frame>;
}
