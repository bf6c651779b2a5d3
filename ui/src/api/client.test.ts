import { afterEach, describe, expect, it, vi } from "vitest";
import { api, queryString } from "./client";
import { asProblem, ProblemError, parseProblem } from "./problem";

afterEach(() => vi.unstubAllGlobals());

function answer(response: Response | Error) {
  const calls: [string, RequestInit][] = [];
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    calls.push([url, init]);
    return response instanceof Error ? Promise.reject(response) : Promise.resolve(response);
  });
  return calls;
}

describe("requests", () => {
  it("leave out empty query values and repeat lists", () => {
    expect(
      queryString({ q: "a b", state: ["x", "y"], none: null, empty: "", no: undefined, zero: 0, off: false }),
    ).toBe("?q=a+b&state=x&state=y&zero=0&off=false");
    expect(queryString({})).toBe("");
  });

  it("that change something carry our mark and a key of their own", async () => {
    const calls = answer(Response.json({ id: "1" }));
    await expect(api.post<{ id: string }>("/runs", { a: 1 })).resolves.toEqual({ id: "1" });
    const [url, init] = calls[0] ?? ["", {}];
    expect(url).toBe("/api/v1/runs");
    expect(init).toMatchObject({
      method: "POST",
      body: '{"a":1}',
      headers: { "x-headway": "1", "content-type": "application/json" },
    });
    expect(new Headers(init.headers).get("idempotency-key")).toMatch(/^[0-9a-f]{32}$/);
  });

  it("answer with nothing for 204", async () => {
    answer(new Response(null, { status: 204 }));
    await expect(api.delete("/session")).resolves.toBeUndefined();
  });
});

describe("problems", () => {
  it("come through with their code, fields and trace", async () => {
    const problem = {
      title: "Invalid",
      status: 422,
      code: "invalid",
      detail: "No.",
      fields: [{ path: "/directories/0", message: "Outside." }, 7],
      trace: "t",
    };
    answer(Response.json(problem, { status: 422, headers: { "content-type": "application/problem+json" } }));
    const error = await api.post("/ingest").then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ProblemError);
    if (!(error instanceof ProblemError)) return;
    expect([error.status, error.code, error.message, error.problem.trace]).toEqual([
      422,
      "invalid",
      "No.",
      "t",
    ]);
    expect(error.field("directories.0")).toBe("Outside.");
    expect(error.field("patterns")).toBeUndefined();
  });

  it("are made up in words where a proxy answers with a page or nothing answers", async () => {
    expect(parseProblem(502, "Bad Gateway", "<h1>no</h1>")).toMatchObject({
      code: "http_502",
      detail: "The server answered 502 Bad Gateway.",
    });
    expect(parseProblem(500, "", "[]")).toMatchObject({ code: "http_500", title: "HTTP 500" });
    answer(new TypeError("failed to fetch"));
    await expect(api.get("/runs")).rejects.toMatchObject({ status: 0, code: "unreachable" });
    expect(asProblem("odd")).toMatchObject({ code: "client_error", detail: "odd" });
  });
});
