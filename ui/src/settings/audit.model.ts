/** The audit log's filters: the URL is the state. */
export interface AuditFilters {
  who: string;
  action: string;
  object: string;
  result: "" | "ok" | "denied" | "failed";
}

export const AUDIT_RESULTS = ["ok", "denied", "failed"] as const;

export function parseAuditFilters(params: URLSearchParams): AuditFilters {
  const result = params.get("result");
  return {
    who: params.get("who") ?? "",
    action: params.get("action") ?? "",
    object: params.get("object") ?? "",
    result: AUDIT_RESULTS.find((r) => r === result) ?? "",
  };
}

export function writeAuditFilters(params: URLSearchParams, filters: AuditFilters): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const name of ["who", "action", "object", "result"] as const) {
    if (filters[name] === "") next.delete(name);
    else next.set(name, filters[name]);
  }
  return next;
}

/** Whether a result is good. The server writes a word and the status: `ok 201`, `denied 403`. */
export function resultTone(result: string): "done" | "failed" | "warn" {
  const word = result.split(" ")[0]?.toLowerCase() ?? "";
  if (["ok", "done", "allowed"].includes(word)) return "done";
  return ["denied", "refused"].includes(word) ? "warn" : "failed";
}
