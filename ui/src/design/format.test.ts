import { describe, expect, it } from "vitest";
import { bytes, duration, elapsed, number, percent, plural, rate, relative, visible } from "./format";

describe("figures", () => {
  it("are grouped, and a dash where there is none", () => {
    expect([
      number(0),
      number(1234567),
      number(-1234),
      number(1234.5, 1),
      number(null),
      number(Number.NaN),
    ]).toEqual(["0", "1\u202f234\u202f567", "-1\u202f234", "1\u202f234.5", "–", "–"]);
    expect([plural(1, "retry", "retries"), plural(2, "retry", "retries")]).toEqual(["1 retry", "2 retries"]);
  });

  it("say 100 % and 0 % only when it is so", () => {
    expect([0, 0.04, 0.1, 50, 99.99, 100, null].map(percent)).toEqual([
      "0 %",
      "< 0.1 %",
      "0.1 %",
      "50.0 %",
      "99.9 %",
      "100 %",
      "–",
    ]);
  });

  it("have units that fit", () => {
    expect([0, 1023, 1536, 20 * 1024 ** 2, 3.1 * 1024 ** 4].map(bytes)).toEqual([
      "0 B",
      "1023 B",
      "1.5 KiB",
      "20 MiB",
      "3.1 TiB",
    ]);
    expect([0, 999, 4200, 59_999, 125_000, 3_720_000, 270_000_000].map(duration)).toEqual([
      "0 ms",
      "999 ms",
      "4.2 s",
      "59 s",
      "2 min 05 s",
      "1 h 02 min",
      "3 d 3 h",
    ]);
    expect([400, 4999, 65_000].map(elapsed)).toEqual(["0 s", "4 s", "1 min 05 s"]);
    expect([0, 0.0001, 0.3, 12.44, 1234].map(rate)).toEqual([
      "0/s",
      "1/h",
      "18/min",
      "12.4/s",
      "1\u202f234/s",
    ]);
  });

  it("tell times by their distance, both ways", () => {
    expect([1_000_000, 990_000, 700_000, 1_300_000].map((at) => relative(at, 1_000_000))).toEqual([
      "just now",
      "10 s ago",
      "5 min ago",
      "in 5 min",
    ]);
  });
});

describe("names from outside", () => {
  it("show what hides, and leave the rest alone", () => {
    expect(visible("a\tb\nc\u0000")).toBe("a␉b␊c␀");
    expect(visible("x\u202egnp.exe\u200b\ufeff\u00ad")).toBe("x⟨U+202E⟩gnp.exe⟨U+200B⟩⟨U+FEFF⟩⟨U+00AD⟩");
    expect(visible("<b>ü عربي 日本</b>")).toBe("<b>ü عربي 日本</b>");
    expect(visible("👩‍💻 👍🏽")).toBe("👩‍💻 👍🏽");
    expect(visible("\u{e0041}\u2028")).toBe("⟨U+E0041⟩⟨U+2028⟩");
  });
});
