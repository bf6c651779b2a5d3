/** What the server says went wrong (RFC 9457), or what kept us from reaching it. */
export interface Problem {
  status: number;
  title: string;
  code: string;
  detail: string;
  type?: string | undefined;
  fields: { path: string; message: string }[];
  trace?: string | undefined;
}

/** The one error that API calls reject with. `status` 0: no answer came. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail || problem.title, options);
    this.name = "ProblemError";
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }

  get code(): string {
    return this.problem.code;
  }

  /** Message for one form field, by the path the server names (`directories.0` or `/directories/0`). */
  field(path: string): string | undefined {
    const wanted = normal(path);
    return this.problem.fields.find((field) => normal(field.path) === wanted)?.message;
  }
}

/** Reads the problem out of an answer that was not ok, whatever its body is. */
export async function readProblem(response: Response): Promise<ProblemError> {
  const body = await response.text();
  return new ProblemError(parseProblem(response.status, response.statusText, body));
}

/** Pure part of {@link readProblem}. */
export function parseProblem(status: number, statusText: string, body: string): Problem {
  const fallback: Problem = {
    status,
    title: statusText || `HTTP ${status}`,
    code: `http_${status}`,
    detail: `The server answered ${status}${statusText ? ` ${statusText}` : ""}.`,
    fields: [],
  };
  let raw: unknown;
  try {
    raw = JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return fallback; // A proxy's page, not ours.
    throw error;
  }
  if (typeof raw !== "object" || raw === null) return fallback;
  const text = (key: string): string | undefined => {
    const value: unknown = Reflect.get(raw, key);
    return typeof value === "string" ? value : undefined;
  };
  const fields: unknown = Reflect.get(raw, "fields");
  return {
    status,
    title: text("title") ?? fallback.title,
    code: text("code") ?? fallback.code,
    detail: text("detail") ?? text("title") ?? fallback.detail,
    type: text("type"),
    trace: text("trace"),
    fields: Array.isArray(fields) ? fields.filter(isField) : [],
  };
}

/** Turns anything that a call threw into a problem that can be shown. */
export function asProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const message = error instanceof Error ? error.message : String(error);
  return { status: 0, title: "Unexpected error", code: "client_error", detail: message, fields: [] };
}

function isField(value: unknown): value is { path: string; message: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof Reflect.get(value, "path") === "string" &&
    typeof Reflect.get(value, "message") === "string"
  );
}

function normal(path: string): string {
  return path.replace(/^\//, "").replaceAll("/", ".");
}
