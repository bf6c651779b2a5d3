/** The form of a destination as data: the settings of each kind, what is typed, and what is wrong with it. */
import type { Destination, DestinationKind, Json, JsonObject, NewDestination } from "../../api";

export type FieldType = "text" | "number" | "list" | "yes" | "choice" | "several";

export interface SettingField {
  key: string;
  label: string;
  hint: string;
  type: FieldType;
  required?: boolean;
  options?: readonly string[];
  /** What holds when nothing is given. */
  fallback?: string;
  /** Rarely needed; stands behind "More settings". */
  more?: boolean;
}

export interface KindForm {
  kind: DestinationKind;
  title: string;
  says: string;
  fields: readonly SettingField[];
  /** Null where nothing is signed in with. */
  secret: { label: string; hint: string } | null;
}

export const KIND_FORMS: readonly KindForm[] = [
  {
    kind: "azure_devops",
    title: "Azure DevOps",
    says: "Creates work items with their parents, test plans and suites.",
    fields: [
      {
        key: "organization",
        label: "Organization",
        hint: "As in dev.azure.com/<organization>.",
        type: "text",
        required: true,
      },
      {
        key: "project",
        label: "Project",
        hint: "Its name, as it stands in the address.",
        type: "text",
        required: true,
      },
      {
        key: "process",
        label: "Process",
        hint: "The project's process template.",
        type: "choice",
        options: ["agile", "scrum", "basic"],
        fallback: "agile",
      },
      { key: "area_path", label: "Area path", hint: "Created where it is missing.", type: "text" },
      { key: "iteration_path", label: "Iteration path", hint: "Created where it is missing.", type: "text" },
      {
        key: "test_plans",
        label: "Test plans",
        hint: "A plan for each epic, a suite for each story, with its cases.",
        type: "yes",
        fallback: "yes",
      },
      {
        key: "reference_field",
        label: "Reference field",
        hint: "A custom field for the reference that makes creation repeatable; without one, a line in the description.",
        type: "text",
        more: true,
      },
      {
        key: "use_batch",
        label: "Batch requests",
        hint: "Several items a request.",
        type: "yes",
        fallback: "yes",
        more: true,
      },
      {
        key: "lookup_lag_ms",
        label: "Look-up lag",
        hint: "Milliseconds to wait before a query is believed to know of everything.",
        type: "number",
        fallback: "15000",
        more: true,
      },
      {
        key: "base_url",
        label: "Base address",
        hint: "For a server of your own.",
        type: "text",
        fallback: "https://dev.azure.com",
        more: true,
      },
    ],
    secret: { label: "Personal access token", hint: "With “Work items: read & write”." },
  },
  {
    kind: "github",
    title: "GitHub Issues",
    says: "Creates issues; the hierarchy as sub-issues. One a second at most.",
    fields: [
      { key: "owner", label: "Owner", hint: "A user or an organisation.", type: "text", required: true },
      { key: "repo", label: "Repository", hint: "Its name alone.", type: "text", required: true },
      { key: "labels", label: "Labels", hint: "Put on every issue; separated by commas.", type: "list" },
      {
        key: "interval_ms",
        label: "Between writes",
        hint: "Milliseconds.",
        type: "number",
        fallback: "1000",
        more: true,
      },
      {
        key: "per_minute",
        label: "A minute",
        hint: "Writes at most.",
        type: "number",
        fallback: "80",
        more: true,
      },
      {
        key: "per_hour",
        label: "An hour",
        hint: "Writes at most.",
        type: "number",
        fallback: "500",
        more: true,
      },
      {
        key: "base_url",
        label: "Base address",
        hint: "For GitHub Enterprise Server.",
        type: "text",
        fallback: "https://api.github.com",
        more: true,
      },
    ],
    secret: { label: "Token", hint: "With “Issues: read and write” for the repository." },
  },
  {
    kind: "webhook",
    title: "Webhook",
    says: "Posts each delivery, signed after Standard Webhooks. The receiver has to take the same id twice.",
    fields: [
      { key: "url", label: "Address", hint: "https://…", type: "text", required: true },
      { key: "timeout_ms", label: "Timeout", hint: "Milliseconds.", type: "number", more: true },
    ],
    secret: { label: "Signing key", hint: "whsec_ and the key in base64." },
  },
  {
    kind: "files",
    title: "Files",
    says: "Writes CSV, JSON and Markdown into a folder of the server.",
    fields: [
      {
        key: "directory",
        label: "Folder",
        hint: "The whole path; it is created.",
        type: "text",
        required: true,
      },
      {
        key: "formats",
        label: "Formats",
        hint: "At least one.",
        type: "several",
        options: ["csv", "json", "markdown"],
        fallback: "csv,json,markdown",
        required: true,
      },
    ],
    secret: null,
  },
];

export function formOf(kind: string): KindForm | undefined {
  return KIND_FORMS.find((form) => form.kind === kind);
}

export function kindTitle(kind: string): string {
  return formOf(kind)?.title ?? kind;
}

/** What is typed. Every value is text: lists by commas, yes and no as words; "" means the fallback. */
export interface DestinationDraft {
  name: string;
  kind: DestinationKind;
  values: Record<string, string>;
  /** Name of a kept secret; "" for one of the destination's own. */
  credential: string;
  /** Never read back. */
  secret: string;
}

export function emptyDestination(kind: DestinationKind = "azure_devops"): DestinationDraft {
  return { name: "", kind, values: {}, credential: "", secret: "" };
}

/** The draft that changes an existing one. */
export function draftOf(destination: Destination): DestinationDraft {
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(destination.settings)) values[key] = written(value);
  return {
    name: destination.name,
    kind: destination.kind,
    values,
    credential: destination.credential === destination.name ? "" : (destination.credential ?? ""),
    secret: "",
  };
}

/** Messages by field: `name`, `secret`, or the setting's key. */
export type DestinationErrors = Record<string, string>;

const NAME = /^[a-z0-9_-]{1,64}$/;

export function validateDestination(draft: DestinationDraft, taken: readonly string[]): DestinationErrors {
  const errors: DestinationErrors = {};
  if (draft.name === "") errors.name = "Give it a name; runs and deliveries say it.";
  else if (!NAME.test(draft.name)) errors.name = "Small letters, digits, dashes and underscores; 64 at most.";
  else if (taken.includes(draft.name)) errors.name = "A destination has this name.";
  for (const field of formOf(draft.kind)?.fields ?? []) {
    const message = validateField(field, (draft.values[field.key] ?? "").trim());
    if (message !== null) errors[field.key] = message;
  }
  if (draft.kind === "webhook" && draft.secret !== "" && !/^whsec_[A-Za-z0-9+/]+=*$/.test(draft.secret))
    errors.secret = "A key starts with whsec_ and goes on in base64.";
  return errors;
}

function validateField(field: SettingField, value: string): string | null {
  if (value === "")
    return field.required && field.fallback === undefined ? `${field.label} is needed.` : null;
  if (field.type === "number" && !/^\d{1,9}$/.test(value)) return "A whole number.";
  if ((field.key === "url" || field.key === "base_url") && !/^https?:\/\/[^\s/]+/i.test(value))
    return "An address that starts with https://.";
  if (field.key === "directory" && !value.startsWith("/")) return "The whole path, from the root.";
  if (field.type === "several" && value === "none") return "Choose at least one.";
  return null;
}

/** What is sent. Settings that are left empty are left out: the connector knows their fallback. */
export function destinationBody(draft: DestinationDraft): NewDestination {
  const settings: JsonObject = {};
  for (const field of formOf(draft.kind)?.fields ?? []) {
    const value = (draft.values[field.key] ?? "").trim();
    const chosen = value === "" && field.required ? (field.fallback ?? "") : value;
    if (chosen !== "") settings[field.key] = parsed(field, chosen);
  }
  return {
    name: draft.name,
    kind: draft.kind,
    settings,
    ...(draft.credential === "" ? {} : { credential: draft.credential }),
    ...(draft.secret === "" ? {} : { secret: draft.secret }),
  };
}

/** The server's messages by the form's fields; what belongs to none is left over. */
export function serverErrors(fields: readonly { path: string; message: string }[]): {
  errors: DestinationErrors;
  rest: string[];
} {
  const errors: DestinationErrors = {};
  const rest: string[] = [];
  for (const { path, message } of fields) {
    const parts = path.split(/[/.[\]]+/).filter((part) => part !== "");
    const key = parts[0] === "settings" ? parts[1] : parts[0];
    if (key === undefined) rest.push(message);
    else errors[key] = message;
  }
  return { errors, rest };
}

/** The chosen ones of a field of type `several`. */
export function chosenOf(field: SettingField, value: string): string[] {
  const text = value === "" ? (field.fallback ?? "") : value;
  return (field.options ?? []).filter((option) => text.split(",").includes(option));
}

/** A field of type `several` with one more or one less; "none" where none is left. */
export function withChosen(field: SettingField, value: string, option: string, on: boolean): string {
  const set = new Set(chosenOf(field, value));
  if (on) set.add(option);
  else set.delete(option);
  const kept = (field.options ?? []).filter((each) => set.has(each));
  return kept.length === 0 ? "none" : kept.join(",");
}

function parsed(field: SettingField, value: string): Json {
  switch (field.type) {
    case "number":
      return Number(value);
    case "yes":
      return value === "yes";
    case "list":
    case "several":
      return value
        .split(",")
        .map((part) => part.trim())
        .filter(Boolean);
    default:
      return value;
  }
}

function written(value: Json): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(written).join(",");
  if (value === null || typeof value === "object") return "";
  return String(value);
}
