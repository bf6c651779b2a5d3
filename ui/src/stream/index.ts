export { useCalm, useCalmly, useCalmValue } from "./calm";
export { type Connection, type ConnectionState, NO_CONNECTION } from "./connection";
export {
  offerLimit,
  offerRun,
  type RunLive,
  setRefetchErrorListener,
  setStreams,
  useChannel,
  useConnection,
  useDeliveriesVersion,
  useEvents,
  useFollowRuns,
  useLimits,
  useOfferRuns,
  useResets,
  useRun,
  useRuns,
  wakeStream,
} from "./hooks";
export type { Channel } from "./protocol";
export { activeRuns } from "./store";
export { isMoving, isTerminal, NO_DELIVERIES, type RunView } from "./stream.model";
