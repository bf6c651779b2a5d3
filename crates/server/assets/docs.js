// Draws the OpenAPI document. Text only ever becomes text nodes.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
  for (const child of children) if (child !== null && child !== undefined) made.append(child);
  return made;
}

function anchor(text) {
  return text.replace(/[^A-Za-z0-9]+/g, "-");
}

// A schema in one line: what a reader needs to write or read a value of it.
function typeOf(schema) {
  if (!schema) return "any";
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return element("a", { href: `#schema-${anchor(name)}` }, name);
  }
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const parts = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (parts) {
    const joined = element("span");
    parts.forEach((part, index) => joined.append(index > 0 ? (schema.allOf ? " & " : " | ") : "", typeOf(part)));
    return joined;
  }
  const type = Array.isArray(schema.type) ? schema.type.join(" | ") : (schema.type ?? "any");
  if (type.startsWith("array")) return element("span", {}, "[", typeOf(schema.items), "]", type.slice(5));
  if (type === "object" && schema.additionalProperties && typeof schema.additionalProperties === "object") {
    return element("span", {}, "{name: ", typeOf(schema.additionalProperties), "}");
  }
  return schema.format ? `${type} (${schema.format})` : type;
}

function table(heads, rows) {
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell))));
  return element("div", { class: "scroll" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
}

function schemaTable(schema) {
  const merged = { properties: {}, required: [] };
  for (const part of schema.allOf ?? [schema]) {
    Object.assign(merged.properties, part.properties ?? {});
    merged.required.push(...(part.required ?? []));
    if (part.$ref) merged.properties[`… and all of ${part.$ref.split("/").pop()}`] = part;
  }
  const names = Object.keys(merged.properties);
  if (names.length === 0) return element("p", {}, element("code", {}, typeOf(schema)));
  return table(
    ["field", "type", "meaning"],
    names.map((name) => {
      const field = merged.properties[name];
      const mark = merged.required.includes(name) ? "" : " (optional)";
      return [element("code", {}, name + mark), element("code", {}, typeOf(field)), field.description ?? ""];
    }),
  );
}

function content(label, holder) {
  return Object.entries(holder?.content ?? {}).map(([media, { schema }]) =>
    element("p", {}, `${label} `, element("code", {}, media), " ", element("code", {}, typeOf(schema))),
  );
}

function operation(path, method, described) {
  const permission = described["x-permission"] ?? "open";
  const id = anchor(`${method}-${path}`);
  const summary = element(
    "summary",
    {},
    element("span", { class: `method ${method}` }, method.toUpperCase()),
    " ",
    element("code", {}, path),
    " ",
    element("span", { class: "quiet" }, described.summary ?? ""),
  );
  const body = [element("p", {}, "Needs ", element("code", {}, permission), ".")];
  if (described.description) body.push(element("p", {}, described.description));
  if (described.parameters?.length) {
    body.push(
      table(
        ["parameter", "in", "type", "meaning"],
        described.parameters.map((one) => [
          element("code", {}, one.name + (one.required ? "" : " (optional)")),
          one.in,
          element("code", {}, typeOf(one.schema)),
          one.description ?? "",
        ]),
      ),
    );
  }
  body.push(...content("Body", described.requestBody));
  for (const [status, response] of Object.entries(described.responses ?? {})) {
    body.push(element("h4", {}, `${status} ${response.description ?? ""}`), ...content("Answer", response));
  }
  const details = element("details", { id }, summary, ...body);
  details.dataset.text = `${method} ${path} ${described.summary ?? ""} ${permission}`.toLowerCase();
  return details;
}

function draw(root, api) {
  const byTag = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS) {
      if (!item[method]) continue;
      const tag = item[method].tags?.[0] ?? "other";
      if (!byTag.has(tag)) byTag.set(tag, []);
      byTag.get(tag).push(operation(path, method, item[method]));
    }
  }
  const sections = [...byTag.keys()].sort().map((tag) =>
    element("section", {}, element("h2", {}, tag), ...byTag.get(tag)),
  );
  const schemas = Object.entries(api.components?.schemas ?? {}).sort(([a], [b]) => a.localeCompare(b));
  const shapes = schemas.map(([name, schema]) => {
    const details = element("details", { id: `schema-${anchor(name)}` }, element("summary", {}, element("code", {}, name)),
      schema.description ? element("p", {}, schema.description) : null, schemaTable(schema));
    details.dataset.text = name.toLowerCase();
    return details;
  });
  root.replaceChildren(...sections, element("section", {}, element("h2", {}, "shapes"), ...shapes));
}

// A link to something folded opens it.
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}

function filter(text) {
  const wanted = text.trim().toLowerCase();
  for (const details of document.querySelectorAll("details")) {
    details.hidden = wanted !== "" && !details.dataset.text.includes(wanted);
  }
  for (const section of document.querySelectorAll("main section")) {
    section.hidden = !section.querySelector("details:not([hidden])");
  }
}

async function main() {
  const root = document.getElementById("operations");
  try {
    const response = await fetch("/api/v1/openapi.json", { credentials: "same-origin" });
    if (response.status === 401) {
      root.replaceChildren(element("p", {}, "Sign in first: ", element("a", { href: "/" }, "dashboard"), "."));
      return;
    }
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    draw(root, await response.json());
    openTarget();
  } catch (error) {
    root.replaceChildren(element("p", { role: "alert" }, `The document could not be loaded: ${error.message}.`));
  }
  document.getElementById("filter").addEventListener("input", (event) => filter(event.target.value));
  addEventListener("hashchange", openTarget);
}

main();
