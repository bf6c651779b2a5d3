import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { Router } from "wouter";
import { sampleFile } from "../../ingest/sample";
import { FileDetails } from "./FileDetails";
import { Thumb } from "./Thumb";

const HOSTILE = '<img src=x onerror="alert(1)">\u202egnp.exe';

function html(file: Parameters<typeof sampleFile>[0]): string {
  return renderToStaticMarkup(
    <Router ssrPath="/library">
      <FileDetails file={sampleFile(file)} />
    </Router>,
  );
}

describe("what comes from a file", () => {
  const page = html({
    path: HOSTILE,
    generation: { prompt: HOSTILE, model: HOSTILE, extra: { [HOSTILE]: HOSTILE } },
    keywords: [{ keyword: HOSTILE, kind: HOSTILE, weight: 1.3 }],
    metadata: { [HOSTILE]: HOSTILE },
    nsfw: { state: "unknown", score: null, reason: HOSTILE },
    problems: [{ stage: "read", code: "x", message: HOSTILE, at: 0 }],
  });

  it("is text, never markup", () => {
    expect(page).not.toMatch(/<img/);
    expect(page).toContain("&lt;img src=x");
  });

  it("cannot turn the text around it: it is isolated, and what reorders is shown", () => {
    expect(page.match(/<bdi[^>]*>/g)?.length).toBeGreaterThanOrEqual(6);
    const texts = page.replace(/<[^>]*>/g, "");
    expect(texts).not.toContain("\u202e");
    expect(texts).toContain("⟨U+202E⟩");
  });

  it("is never called safe when it was not analysed", () => {
    expect(page).toContain("Unknown: ");
    expect(page).not.toContain("Safe");
  });
});

describe("a thumbnail", () => {
  const thumb = (over: Parameters<typeof sampleFile>[0], revealed = false) =>
    renderToStaticMarkup(<Thumb file={sampleFile(over)} alt="a fox" revealed={revealed} />);
  const nsfw = { state: "nsfw", score: 0.9, reason: null } as const;

  it("of an NSFW file is blurred and unnamed until it is revealed", () => {
    expect(thumb({ thumbnail: "/api/v1/media/ab/thumbnail", nsfw })).toContain("NSFW");
    expect(thumb({ thumbnail: "/api/v1/media/ab/thumbnail", nsfw })).not.toContain("a fox");
    expect(thumb({ thumbnail: "/api/v1/media/ab/thumbnail", nsfw }, true)).toContain('alt="a fox"');
  });

  it("is only loaded from this server", () => {
    expect(thumb({ thumbnail: "https://elsewhere.example/x.png" })).not.toContain("elsewhere");
    expect(thumb({ thumbnail: "/api/v1/media/ab/thumbnail" })).toContain("/api/v1/media/ab/thumbnail");
  });
});
