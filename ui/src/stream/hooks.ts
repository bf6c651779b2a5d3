import { type Connection, NO_CONNECTION } from "./connection";

export function useConnection(): Connection {
  return NO_CONNECTION;
}
