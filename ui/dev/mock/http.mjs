// Small helpers of the mock server: answers, problems, pages, bodies.

export class Problem extends Error {
  constructor(status, code, detail, fields = []) {
    super(detail);
    Object.assign(this, { status, code, fields });
  }
}

export function json(response, body, status = 200, headers = {}) {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(text);
}

export function problem(response, error) {
  const status = error.status ?? 500;
  const code = error.code ?? "internal";
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(
    JSON.stringify({
      type: `/help/errors#${code}`,
      title: code.replaceAll(/[_.]/g, " "),
      status,
      code,
      detail: error.message,
      fields: error.fields ?? [],
      trace: "4bf92f3577b34da6",
    }),
  );
}

export function page(items, query, fallback = 50) {
  const limit = Math.min(1000, Number(query.get("limit") ?? fallback));
  const start = Number(query.get("cursor") ?? 0);
  const end = start + limit;
  return { items: items.slice(start, end), next_cursor: end < items.length ? String(end) : null };
}

export async function body(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem(400, "invalid_json", `The body is not JSON: ${error.message}`);
  }
}
