export { API_BASE, api, newKey, type Query, queryString, request } from "./client";
export { asProblem, type Problem, ProblemError } from "./problem";
export { createQueryClient, isTransient } from "./query";
export type * from "./wire";
export type * from "./wire.backlog";
export type * from "./wire.deliveries";
