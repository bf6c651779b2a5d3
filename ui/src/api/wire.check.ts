/**
 * The hand-written shapes against the server's own: `tsc` fails here where they have drifted, naming the places.
 *
 * `openapi.ts` is generated from the server (see openapi/generate.mjs), and a browser test holds it against the running
 * binary. Its types say `T | null | undefined` where the server always writes null, and `Record<string, never>` where
 * it writes any JSON: both count as alike; so do some words and any text. A key that only the server has is no drift; one that only the page expects
 * is.
 */
import type { components } from "./openapi";
import type * as wire from "./wire";
import type * as backlog from "./wire.backlog";
import type * as outbox from "./wire.deliveries";

type Schemas = components["schemas"];

/** The paths at which two shapes differ; never where they do not. */
type Diff<W, S, Path extends string = ""> = unknown extends S
  ? never
  : [NonNullable<S>] extends [Record<string, never>]
    ? never
    : null extends W
      ? null extends S
        ? Plain<NonNullable<W>, NonNullable<S>, Path>
        : `${Path}: null only here`
      : null extends S
        ? `${Path}: null only there`
        : Plain<NonNullable<W>, NonNullable<S>, Path>;

type Plain<W, S, Path extends string> = [W] extends [readonly (infer A)[]]
  ? [S] extends [readonly (infer B)[]]
    ? Diff<A, B, `${Path}[]`>
    : `${Path}: a list only here`
  : [W] extends [object]
    ? [S] extends [object]
      ? Keys<W, S, Path>
      : `${Path}: an object only here`
    : [W] extends [S]
      ? [S] extends [W]
        ? never
        : string extends S
          ? never
          : `${Path}: wider there`
      : `${Path}: wider or other here`;

type Keys<W extends object, S extends object, Path extends string> = string extends keyof W
  ? never
  : string extends keyof S
    ? never
    :
        | { [K in keyof W & keyof S & string]: Diff<Present<W, K>, Present<S, K>, `${Path}.${K}`> }[keyof W &
            keyof S &
            string]
        | `${Path}.${Exclude<keyof W & string, keyof S>}: only here`;

type Present<T, K extends keyof T> = Exclude<T[K], undefined>;

/** For what the page sends: less than the server would take is enough. */
type Unknown<W, S> = {
  [K in keyof W & string]: K extends keyof S ? (W[K] extends S[K] ? never : K) : K;
}[keyof W & string];

type Same<D extends never> = D;

/** Never used: the compiler reads it. */
export type Checked = [
  Same<Diff<wire.Run, Schemas["Run"]>>,
  Same<Diff<wire.RunSummary, Schemas["RunSummary"]>>,
  Same<Diff<wire.Stage, Schemas["Stage"]>>,
  Same<Diff<wire.Task, Schemas["Task"]>>,
  Same<Diff<wire.Event, Schemas["Event"]>>,
  Same<Diff<wire.Limit, Schemas["Limit"]>>,
  Same<Diff<wire.Worker, Schemas["Worker"]>>,
  Same<Diff<wire.Nodes, Schemas["Nodes"]>>,
  Same<Diff<wire.Hardware, Schemas["Hardware"]>>,
  Same<Diff<wire.Progress, Schemas["Progress"]>>,
  Same<Diff<wire.Timeline, Schemas["Timeline"]>>,
  Same<Diff<wire.ErrorGroup, Schemas["ErrorGroup"]>>,
  Same<Diff<wire.Session, Schemas["CurrentSession"]>>,
  Same<Diff<wire.Token, Schemas["Token"]>>,
  Same<Diff<wire.Pipeline, Schemas["Pipeline"]>>,
  Same<Diff<wire.Schedule, Schemas["Schedule"]>>,
  Same<Diff<wire.AuditEntry, Schemas["AuditRow"]>>,
  Same<Diff<wire.Backup, Schemas["Backup"]>>,
  Same<Diff<wire.IngestParams, Schemas["IngestParams"]>>,
  Same<Diff<wire.IngestRoot, Schemas["MediaRoot"]>>,
  Same<Diff<wire.BrowseResult, Schemas["Folder"]>>,
  Same<Diff<wire.IngestSession, Schemas["IngestSession"]>>,
  Same<Diff<wire.IngestFile, Schemas["IngestFile"]>>,
  Same<Diff<wire.MediaFile, Schemas["MediaFile"]>>,
  Same<Diff<wire.MediaPage, Schemas["MediaPage"]>>,
  Same<Diff<wire.Duplicates, Schemas["Duplicates"]>>,
  Same<Diff<wire.IngestError, Schemas["IngestError"]>>,
  Same<Diff<wire.Facets, Schemas["Facets"]>>,
  Same<Diff<outbox.Delivery, Schemas["Delivery"]>>,
  Same<Diff<outbox.DeliveryDetail, Schemas["DeliveryDetail"]>>,
  Same<Diff<outbox.DeliverySummary, Schemas["Summary"]>>,
  Same<Diff<outbox.Preview, Schemas["Preview"]>>,
  Same<Unknown<Required<outbox.ReplayRequest>, Required<Schemas["ReplayRequest"]>>>,
  Same<Diff<outbox.ReplayAnswer, Schemas["ReplayAnswer"]>>,
  Same<Diff<outbox.Destination, Schemas["Destination"]>>,
  Same<Unknown<Omit<Required<outbox.NewDestination>, "settings">, Required<Schemas["NewDestination"]>>>,
  Same<Diff<outbox.DestinationTest, Schemas["TestAnswer"]>>,
  Same<Diff<outbox.Secret, Schemas["Secret"]>>,
  Same<Diff<Omit<backlog.BacklogSession, "params">, Schemas["BacklogSession"]>>,
  Same<Diff<Omit<backlog.BacklogParams, "size">, Schemas["BacklogParams"]>>,
  Same<Diff<backlog.BacklogNumbers, Schemas["BacklogNumbers"]>>,
  Same<Diff<backlog.BacklogAuthor, Schemas["BacklogAuthor"]>>,
  Same<Diff<backlog.BacklogItem, Schemas["BacklogItem"]>>,
  Same<Diff<backlog.DryRunItem, Schemas["DryRunItem"]>>,
];
