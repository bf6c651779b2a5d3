export { type Connection, type ConnectionState, NO_CONNECTION } from "./connection";
export { useConnection } from "./hooks";
