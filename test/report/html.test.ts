import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { resultTable } from "../../src/evidence/tables.ts";
import { parseCsv } from "../../src/files/table.ts";
import { parseReport, REPORT_VERSION, type ReportInput, reportSchema } from "../../src/report/data.ts";
import { escapeHtml, html } from "../../src/report/escape.ts";
import { renderReport } from "../../src/report/html.ts";
import { formatPoints } from "../../src/report/table-format.ts";
import { CLASSES, drawScores, sampleReport } from "./sample.ts";
import { drawRemedies } from "./sample-remedies.ts";
import { xmlProblem } from "./xml.ts";

const data = sampleReport();
const page = renderReport(data);
const { document } = parseHTML(page);
const all = (selector: string) => [...document.querySelectorAll(selector)];

describe("the page needs nothing else", () => {
  test("no request, no script, and a policy that forbids both", () => {
    const text = page.replace(/data:[a-z/+]+(?:;charset=utf-8)?;base64,[A-Za-z0-9+/=]+/g, "");
    const addresses = [...text.matchAll(/(?:https?:)?\/\/[^\s"'<]+/g)].map((m) => m[0]);
    expect(new Set(addresses)).toEqual(
      new Set(["http://www.w3.org/2000/svg", "https://proceedings.mlr.press/v311/"]),
    );
    expect(page).not.toMatch(/<script|<link|@import|url\(|<iframe|<object| on[a-z]+=/i);
    expect(page).toContain("default-src 'none'; img-src data:; style-src 'unsafe-inline'");
  });
  test("equal data give equal bytes", () => {
    expect(renderReport(sampleReport())).toBe(page);
  });
  test("data survive JSON", () => {
    expect(renderReport(parseReport(JSON.parse(JSON.stringify(data))))).toBe(page);
  });
});

describe("what is on it", () => {
  test("every section, and links that lead to them", () => {
    const ids = all("section").map((s) => s.id);
    expect(ids).toEqual([
      ...["summary", "steps", "backgrounds", "flips", "flags"],
      ...["answers", "remedies", "estimates", "curve", "all-backgrounds", "all-flips"],
      ...["table", "drops", "figures", "gallery", "proportions", "cells", "record", "cite"],
    ]);
    expect(all(".first > section").map((s) => s.id)).toEqual(ids.slice(0, 5));
    expect(all("nav a").map((a) => a.getAttribute("href"))).toEqual(ids.map((id) => `#${id}`));
    expect(new Set(all("[id]").map((e) => e.id)).size).toBe(all("[id]").length);
  });
  test("the head says what was studied, when, how and with what", () => {
    const facts = all(".facts div").map((d) => d.textContent);
    expect(facts).toEqual([
      "Date2025-11-25",
      "DataDrawn cells, two channels (GFP, RFP), 32 × 32 px",
      "Counts3 encoders; 15 classes; 1,519 cells of 1,642 used, 100 cells and 6 fields per class; 3 groups (folds)",
      "Commandcellswap run study.json --out study",
      "Versioncellswap 0.1.0; preset recommended, even aggregation",
    ]);
  });
  test("a row per encoder: the answer of the statistics, its numbers and their sample", () => {
    const rows = all(".summary tbody");
    expect(rows).toHaveLength(3);
    for (const [i, row] of rows.entries()) {
      const { encoder, badge, sentence } = data.answers[i];
      expect(row.querySelector("th .short")!.textContent).toBe(encoder);
      expect(row.querySelector("th")!.textContent.endsWith(`answer: ${badge}`)).toBe(true);
      expect(row.querySelector(".sentence")!.textContent).toContain(sentence);
      const neighbor = data.estimates.find(
        (e) => e.encoder === encoder && e.of === "neighbor" && e.class === null,
      )!;
      const shown = [...row.querySelectorAll("td.effect")].at(-1)!.textContent;
      for (const value of [neighbor.value, neighbor.low!, neighbor.high!])
        expect(shown).toContain(formatPoints(value));
    }
    expect(document.querySelector("#summary .read")!.textContent).toMatch(
      /^Sample: 100 cells and 6 fields per class, 3 groups \(folds\)\. Ranges: 95 % intervals \(cluster-robust t over fields\)\./,
    );
  });
  test("answers in full: caveats, the published drop and the encoder's own notes", () => {
    const cards = all("#answers article");
    expect(cards).toHaveLength(3);
    for (const [i, card] of cards.entries()) {
      expect([...card.querySelectorAll("li")].map((li) => li.textContent)).toEqual(data.answers[i].caveats);
      expect(card.textContent).toContain(data.answers[i].published);
    }
    expect(all("#answers .notice").map((w) => w.textContent)).toEqual(data.encoders[2].warnings);
  });
  test("flags: shared ones once, warnings first, by word as well as by color", () => {
    expect(all("#flags li").map((li) => li.textContent)).toEqual([
      expect.stringMatching(/^▲ Warning \(deeploc, pifia\): A probe tells/),
      expect.stringMatching(/^▲ Warning: 12 of 31,280/),
      expect.stringMatching(/^● Note: 6 fields/),
    ]);
  });
  test("four flipped cells, the encoders in turn, each with original, different and donor", () => {
    const flips = all("#flips figure");
    expect(flips.map((f) => f.textContent.match(/deeploc|pifia|pci/)![0])).toEqual([
      "deeploc",
      "pifia",
      "pci",
      "deeploc",
    ]);
    for (const flip of flips)
      expect([...flip.querySelectorAll(".role")].map((r) => r.textContent)).toEqual([
        "original",
        "different",
        "donor",
      ]);
    expect(flips[0].querySelector("img")!.getAttribute("alt")).toBe(
      "cell AAC1_1_07 (actin) among its own neighbors, called actin, channel GFP",
    );
  });
  test("Table 1 shows every setting of every encoder with the interval of the statistics", () => {
    const rows = all("#table tbody tr");
    expect(rows).toHaveLength(7);
    for (const row of rows)
      expect(
        [...row.querySelectorAll("td")].every((td) =>
          /^0\.\d{3} \(0\.\d{3} to 0\.\d{3}\)$/.test(td.textContent),
        ),
      ).toBe(true);
  });
  test("tables and figures can be taken away, as they are shown", () => {
    const links = all("a[download]");
    for (const link of links) {
      expect(link.getAttribute("download")).toMatch(/^cellswap-[\w.-]+\.(csv|svg)$/);
      expect(link.getAttribute("href")).toMatch(/^data:(text\/csv|image\/svg\+xml);charset=utf-8;base64,/);
    }
    const file = (name: string) => {
      const href = links.find((l) => l.getAttribute("download") === name)!.getAttribute("href")!;
      return Buffer.from(href.slice(href.indexOf(",") + 1), "base64").toString("utf8");
    };
    const columns = parseCsv(file("cellswap-estimates.csv"), "estimates");
    expect(columns.get("value")!.map(Number)).toEqual(data.estimates.map((e) => e.value));
    expect(parseCsv(file("cellswap-backgrounds.csv"), "heat").get("cells")).toHaveLength(15 * 14);
    expect(parseCsv(file("cellswap-remedies.csv"), "remedies").get("value")!.map(Number)).toEqual(
      data.remedies.flatMap(({ measured }) => measured.flatMap((m) => m.numbers.map((n) => n.value))),
    );
    expect(parseCsv(file("cellswap-flips.csv"), "flips").get("cell")).toHaveLength(4);
    for (const link of links.filter((l) => l.getAttribute("download")!.endsWith(".svg")))
      expect(xmlProblem(file(link.getAttribute("download")!).trim())).toBeNull();
  });
  test("figures: ladder, drops per class, two panels, one histogram", () => {
    expect(all("#figures figure svg[role=img]")).toHaveLength(4);
    expect(all("#proportions svg[role=img]")).toHaveLength(1);
  });
  test("the gallery has every image, named for those who cannot see it", () => {
    const images = all("#gallery img");
    expect(images).toHaveLength(3 * 8 * 2);
    for (const image of images) {
      expect(image.getAttribute("alt")).toMatch(/^cell AAC1_\d_0\d \(.+\), .+, channel (GFP|RFP)$/);
      expect(image.getAttribute("src")).toMatch(/^data:image\/png;base64,/);
    }
    expect(all("#gallery figcaption").map((c) => c.textContent)).toContain(
      "differentbackground endosomedonor AAR2_3_02",
    );
  });
  test("cells left out and provenance", () => {
    expect(document.querySelector("#cells")!.textContent).toMatch(/center cell touches the border61/);
    expect(document.querySelector("#cite")!.textContent).toMatch(/Gupta, Moses and Lu.* 311/);
    expect(document.querySelector("#record")!.textContent).toContain("9f86d081884c7d65");
  });
  test("every table has headers with a scope, every figure a name", () => {
    for (const th of all("th")) expect(th.getAttribute("scope")).toMatch(/^(row|col)$/);
    for (const svg of all("svg[role=img]")) expect(svg.getAttribute("aria-label")).toMatch(/\S: \S/);
    for (const svg of all("svg:not([role])")) expect(svg.getAttribute("aria-hidden")).toBe("true");
  });
  test("headings never skip a level, and a link leads past the list of sections", () => {
    const levels = all("h1, h2, h3, h4, h5, h6").map((h) => Number(h.tagName.slice(1)));
    expect(levels[0]).toBe(1);
    for (const [i, level] of levels.slice(1).entries()) expect(level).toBeLessThanOrEqual(levels[i] + 1);
    expect(document.querySelector("body a")!.getAttribute("href")).toBe("#results");
    expect(document.querySelector("#results")!.tagName).toBe("MAIN");
  });
});

/** Statistics in which every text is the given one. */
function hostileStatistics(
  text: string,
  classes: readonly string[],
  panels: ReportInput["gallery"][number]["images"][number]["panels"],
): Partial<ReportInput> {
  const call = { prediction: text, probability: 0.5 };
  const number = { encoder: text, value: 0.1, low: 0, high: 0.2 };
  const estimate = { ...number, kind: "difference" as const, level: 0.9, cells: 1, clusters: 1, groups: 1 };
  const said = { method: text, why: text, q: 0.5 };
  return {
    answers: [{ encoder: text, badge: "cell", sentence: text, caveats: [text], published: text }],
    estimates: [
      { ...estimate, of: text, class: null, ...said },
      { ...estimate, of: "neighbor", class: text, ...said },
      { ...estimate, of: "neighbor", class: null, ...said, low: null },
    ],
    comparisons: [{ first: text, second: text, of: text, value: 0, low: null, high: null, method: text }],
    flags: [{ id: text, severity: "warning", encoder: text, text }],
    heat: [{ encoder: text, class: classes[0], background: classes[1], value: 0.1, cells: 1 }],
    flips: [
      {
        ...{
          encoder: text,
          cell: text,
          class: text,
          background: text,
          donor: text,
          before: call,
          after: call,
        },
        images: [{ role: "donor", panels }],
      },
    ],
    curve: [{ ...number, of: text, cells: 1 }],
    facts: {
      date: text,
      command: text,
      dataset: text,
      clusterName: text,
      clusters: 1,
      groups: 1,
      cellsPerClass: 1,
    },
  };
}

describe("names from users' files", () => {
  const evil = `<img src=x onerror=alert(1)>"'&</style></title><script>x</script>`;
  const classes = [evil, `${evil}2`, "c"];
  const panels = data.gallery[0].images[0].panels.map((p) => ({ ...p, channel: evil }));
  const hostile = sampleReport({
    title: evil,
    preset: evil,
    createdBy: evil,
    classes,
    encoders: [{ name: evil, description: evil, dimension: 1, warnings: [evil] }],
    scores: drawScores(evil, classes, { original: 0.9, same: 0.9, different: 0.8, masked: 0.8 }, 1),
    ...hostileStatistics(evil, classes, panels),
    gallery: [
      { cell: evil, class: evil, images: [{ setting: "different", background: evil, donor: evil, panels }] },
    ],
    remedies: [
      {
        ...drawRemedies(evil, [evil], 3),
        sentence: evil,
        backgrounds: [evil],
        refused: [{ remedy: evil, why: evil }],
      },
    ],
    proportions: [
      {
        ...data.proportions[0],
        encoder: evil,
        proteins: [{ ...data.proportions[0].proteins[0], protein: evil }],
      },
    ],
    cells: { total: 2, used: 1, leftOut: { [evil]: 1 } },
    provenance: [{ name: evil, value: evil }],
  });
  const text = renderReport(hostile);

  test("stay text everywhere", () => {
    expect(text).not.toMatch(/<script|<img src=x/i);
    const parsed = parseHTML(text).document;
    expect(parsed.querySelectorAll("script")).toHaveLength(0);
    expect([...parsed.querySelectorAll("img")].every((i) => i.getAttribute("src")!.startsWith("data:"))).toBe(
      true,
    );
    expect([...parsed.querySelectorAll("*")].some((e) => e.hasAttribute("onerror"))).toBe(false);
    for (const link of parsed.querySelectorAll("a[download]"))
      expect(link.getAttribute("download")).toMatch(/^[\w.-]+$/);
    // One style of the page and one per drawing; a name that ends one early would leave another number.
    expect(text.match(/<\/style>/g)).toHaveLength(1 + parsed.querySelectorAll("svg").length);
    expect(parsed.querySelector("h1")!.textContent).toBe(evil);
  });
});

describe("reports with gaps", () => {
  const bare: Partial<ReportInput> = {
    gallery: [],
    proportions: [],
    remedies: [],
    answers: [],
    estimates: [],
    comparisons: [],
    flags: [],
    heat: [],
    flips: [],
    curve: [],
    plan: null,
  };
  test("no scores at all", () => {
    const text = renderReport(sampleReport({ ...bare, scores: [], encoders: [], provenance: [] }));
    expect(text).toContain("no answer: there are no scores yet");
    expect(text).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });
  test("a study without statistics: its tables, no answer, and why there is no interval", () => {
    const parsed = parseHTML(renderReport(sampleReport(bare))).document;
    const summary = parsed.querySelector("#summary")!.textContent;
    expect(summary).toContain("no answer: the statistics gave none.");
    expect(summary).toContain("no interval: the statistics gave no estimate of it (original, paste effect");
    expect(summary).not.toContain("±  3");
    expect([...parsed.querySelectorAll(".first > section")].map((s) => s.id)).toEqual([
      "summary",
      "steps",
      "flags",
    ]);
    expect(parsed.querySelector("#table td")!.textContent).toMatch(/^0\.\d{3}$/);
  });
  test("the published aggregation: its own numbers, ± 3 standard errors, and why there is no interval", () => {
    const estimates = data.estimates.map((e) => ({ ...e, low: null, high: null, why: "folds share donors" }));
    const published = sampleReport({ estimates, aggregation: "published" });
    const parsed = parseHTML(renderReport(published)).document;
    const { settings } = resultTable(published.scores, "published").encoders[0];
    expect(parsed.querySelector("#table td")!.textContent).toBe(
      `${settings[0].mean.toFixed(3)} ± ${settings[0].error!.toFixed(3)}`,
    );
    const notes = parsed.querySelector("#summary .read")!.textContent;
    expect(notes).toContain("±: 3 standard errors over classes");
    expect(notes).toContain("no interval: folds share donors (original, paste effect");
  });
  test("more encoders than the first page has room for stand in the appendix", () => {
    const scores = Array.from({ length: 8 }, (_, i) =>
      drawScores(`layer${i}`, CLASSES.slice(0, 4), { original: 0.9, self: 0.9, different: 0.8 }, i),
    ).flat();
    const parsed = parseHTML(renderReport(sampleReport({ ...bare, scores, encoders: [] }))).document;
    const rows = (id: string) => parsed.querySelectorAll(`#${id} tbody`).length;
    expect([rows("summary"), rows("further")]).toEqual([6, 2]);
    expect(parsed.querySelector("#summary")!.textContent).toContain("2 further encoders in the appendix");
  });
  test("two classes: gaps are explained, nothing is NaN", () => {
    const two = CLASSES.slice(0, 2);
    const scores = drawScores(
      "deeploc",
      two,
      { original: 0.9, "cell-free": 0.8, different: 0.7, masked: 0.8 },
      5,
    );
    const text = renderReport(sampleReport({ ...bare, scores, classes: two }));
    expect(text).toContain("at least three classes are needed");
    expect(text).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });
  test("settings that one encoder lacks are dashes", () => {
    const scores = [
      ...drawScores("a", CLASSES, { original: 0.9, masked: 0.8 }, 5),
      ...drawScores("b", CLASSES, { original: 0.9, same: 0.8 }, 6),
    ];
    const text = renderReport(sampleReport({ ...bare, scores }));
    expect(text.match(/<td class="number">–<\/td>/g)).not.toBeNull();
    expect(text).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });
  test("no cells", () => {
    const text = renderReport(sampleReport({ ...bare, cells: { total: 0, used: 0, leftOut: {} } }));
    expect(text).not.toMatch(/NaN|Infinity/);
  });
});

describe("the schema", () => {
  const refuse = (changes: Record<string, unknown>) =>
    reportSchema.safeParse({ ...data, ...changes }).success;
  test("refuses other versions, unknown keys, values out of range and images that are not PNG", () => {
    expect(refuse({})).toBe(true);
    expect(refuse({ version: REPORT_VERSION + 1 })).toBe(false);
    expect(refuse({ extra: 1 })).toBe(false);
    expect(refuse({ scores: [{ ...data.scores[0], accuracy: 1.01 }] })).toBe(false);
    expect(refuse({ answers: [{ ...data.answers[0], badge: "maybe" }] })).toBe(false);
    expect(refuse({ estimates: [{ ...data.estimates[0], level: 95 }] })).toBe(false);
    expect(refuse({ remedies: [{ ...data.remedies[0], measured: [] }] })).toBe(false);
    expect(refuse({ remedies: [{ ...data.remedies[0], p: 0.1 }] })).toBe(false);
    expect(refuse({ heat: [{ ...data.heat[0], value: 12 }] })).toBe(false);
    const cell = data.gallery[0];
    const png = (text: string) => [
      { ...cell, images: [{ ...cell.images[0], panels: [{ channel: "GFP", png: text }] }] },
    ];
    expect(refuse({ gallery: png("data:image/png;base64,AAAA") })).toBe(true);
    expect(refuse({ gallery: png("https://example.org/a.png") })).toBe(false);
    expect(refuse({ gallery: png('data:image/png;base64,AA"onload="x') })).toBe(false);
  });
});

test("the template escapes everything but HTML that is already safe", () => {
  expect(html`<p>${"<&>\"'"}${null}${false}${0}${[html`<b>`, "<"]}</p>`.text).toBe(
    "<p>&lt;&amp;&gt;&quot;&#39;0<b>&lt;</p>",
  );
  expect(escapeHtml("a\u0000b\u001f\ud800c\u{1f9eb}\n")).toBe("a\ufffdb\ufffd\ufffdc\u{1f9eb}\n");
  const marked = `<script>${String.fromCharCode(0x202e)}</script>`;
  expect(escapeHtml(marked)).toBe("&lt;script&gt;\\u202e&lt;/script&gt;");
});
