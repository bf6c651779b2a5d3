import { describe, expect, it } from "vitest";
import { sampleDestination } from "../sample";
import {
  chosenOf,
  type DestinationDraft,
  destinationBody,
  draftOf,
  emptyDestination,
  formOf,
  KIND_FORMS,
  serverErrors,
  validateDestination,
  withChosen,
} from "./destination.form.model";

const draft = (change: Partial<DestinationDraft>): DestinationDraft => ({ ...emptyDestination(), ...change });

describe("what is typed", () => {
  it("has to have a name of its own and what its kind needs", () => {
    expect(Object.keys(validateDestination(draft({}), []))).toEqual(["name", "organization", "project"]);
    expect(validateDestination(draft({ name: "a b" }), []).name).toMatch(/Small letters/);
    expect(validateDestination(draft({ name: "x" }), ["x"]).name).toMatch(/has this name/);
    for (const { kind, fields } of KIND_FORMS) {
      const values = Object.fromEntries(
        fields.filter((field) => field.required).map((field) => [field.key, fitting(field.key)]),
      );
      expect(validateDestination(draft({ name: "x", kind, values }), [])).toEqual({});
    }
  });

  it("is told what is wrong with numbers, addresses, folders and keys", () => {
    const wrong = (kind: DestinationDraft["kind"], values: Record<string, string>, secret = "") =>
      validateDestination(draft({ name: "x", kind, values, secret }), []);
    expect(wrong("github", { owner: "o", repo: "r", per_hour: "many" })).toHaveProperty("per_hour");
    expect(wrong("webhook", { url: "hooks.example.org" })).toHaveProperty("url");
    expect(wrong("webhook", { url: "https://h.example.org" }, "abc")).toHaveProperty("secret");
    expect(wrong("files", { directory: "export" })).toHaveProperty("directory");
    expect(wrong("files", { directory: "/srv", formats: "none" })).toHaveProperty("formats");
  });
});

describe("what is sent", () => {
  it("has the settings in their types and leaves out what is empty", () => {
    const values = { owner: "o", repo: " r ", labels: "a, b,", per_hour: "500", base_url: "" };
    expect(destinationBody(draft({ name: "x", kind: "github", values, secret: "s" }))).toEqual({
      name: "x",
      kind: "github",
      settings: { owner: "o", repo: "r", labels: ["a", "b"], per_hour: 500 },
      secret: "s",
    });
    expect(
      destinationBody(draft({ name: "x", kind: "files", values: { directory: "/srv" } })).settings,
    ).toEqual({ directory: "/srv", formats: ["csv", "json", "markdown"] });
  });

  it("is what was there, when nothing was changed", () => {
    const settings = { organization: "o", project: "p", test_plans: false, lookup_lag_ms: 900 };
    const kept = draftOf(sampleDestination({ settings, credential: "shared" }));
    expect(kept.secret).toBe("");
    expect(destinationBody(kept)).toEqual({
      name: "tracker",
      kind: "azure_devops",
      settings,
      credential: "shared",
    });
    expect(draftOf(sampleDestination({})).credential).toBe("");
  });
});

it("several of a few: the fallback at first, none is a choice that is told", () => {
  const field = formOf("files")?.fields.find(({ key }) => key === "formats");
  if (!field) throw new Error("files has formats");
  expect(chosenOf(field, "")).toEqual(["csv", "json", "markdown"]);
  expect(withChosen(field, "", "json", false)).toBe("csv,markdown");
  expect(withChosen(field, "csv", "csv", false)).toBe("none");
  expect(withChosen(field, "none", "csv", true)).toBe("csv");
});

it("the server's messages find their fields", () => {
  expect(
    serverErrors([
      { path: "/settings/organization", message: "No." },
      { path: "name", message: "Taken." },
      { path: "", message: "Odd." },
    ]),
  ).toEqual({ errors: { organization: "No.", name: "Taken." }, rest: ["Odd."] });
});

function fitting(key: string): string {
  return key === "url"
    ? "https://hooks.example.org"
    : key === "directory"
      ? "/srv/export"
      : key === "formats"
        ? ""
        : "x";
}
