import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { parseReport, REPORT_VERSION, type ReportInput, reportSchema } from "../../src/report/data.ts";
import { escapeHtml, html } from "../../src/report/escape.ts";
import { renderReport } from "../../src/report/html.ts";
import { CLASSES, drawScores, sampleReport } from "./sample.ts";

const data = sampleReport();
const page = renderReport(data);
const { document } = parseHTML(page);
const all = (selector: string) => [...document.querySelectorAll(selector)];

describe("the page needs nothing else", () => {
  test("no request, no script, and a policy that forbids both", () => {
    const text = page.replace(/data:image\/png;base64,[A-Za-z0-9+/=]+/g, "");
    const addresses = [...text.matchAll(/(?:https?:)?\/\/[^\s"'<]+/g)].map((m) => m[0]);
    expect(new Set(addresses)).toEqual(new Set(["http://www.w3.org/2000/svg"]));
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
      "verdict",
      "table",
      "drops",
      "intervals",
      "figures",
      "transfer",
      "gallery",
      "proportions",
      "cells",
      "record",
    ]);
    expect(all("nav a").map((a) => a.getAttribute("href"))).toEqual(ids.map((id) => `#${id}`));
    expect(new Set(all("[id]").map((e) => e.id)).size).toBe(all("[id]").length);
  });
  test("a verdict per encoder, in order, with its warnings", () => {
    const sentences = all(".verdict .sentence").map((s) => s.textContent);
    expect(sentences.map((s) => s.split(" ")[0])).toEqual(["deeploc", "pifia", "pci"]);
    expect(sentences[0]).toMatch(/^deeploc leans on the neighbors: accuracy falls by 1\d\.\d points/);
    expect(all(".verdict .warning").map((w) => w.textContent)).toEqual(data.encoders[2].warnings);
  });
  test("Table 1 shows every setting of every encoder", () => {
    const rows = all("#table tbody tr");
    expect(rows).toHaveLength(7);
    for (const row of rows)
      expect(
        [...row.querySelectorAll("td")].every((td) => /^0\.\d{3} ± 0\.\d{3}$/.test(td.textContent)),
      ).toBe(true);
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
    expect(document.querySelector("#record")!.textContent).toContain("9f86d081884c7d65");
  });
  test("every table has headers with a scope, every figure a name", () => {
    for (const th of all("th")) expect(th.getAttribute("scope")).toMatch(/^(row|col|colgroup)$/);
    for (const svg of all("svg[role=img]")) expect(svg.getAttribute("aria-label")).toMatch(/\S: \S/);
  });
});

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
    intervals: [{ encoder: evil, statement: evil, estimate: 0, low: 0, high: 0, level: 0.9 }],
    transfer: [{ encoder: evil, setting: "different", accuracy: 0.5, capture: 0.5 }],
    gallery: [
      { cell: evil, class: evil, images: [{ setting: "different", background: evil, donor: evil, panels }] },
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
    warnings: [evil],
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
    // One style of the page and one per drawing; a name that ends one early would leave another number.
    expect(text.match(/<\/style>/g)).toHaveLength(1 + parsed.querySelectorAll("svg").length);
    expect(parsed.querySelector("h1")!.textContent).toBe(evil);
  });
});

describe("reports with gaps", () => {
  const bare: Partial<ReportInput> = {
    gallery: [],
    proportions: [],
    intervals: [],
    transfer: [],
    plan: null,
    warnings: [],
  };
  test("no scores at all", () => {
    const text = renderReport(sampleReport({ ...bare, scores: [], encoders: [], provenance: [] }));
    expect(text).toContain("There are no scores yet");
    expect(text).not.toMatch(/NaN|undefined|Infinity|\[object/);
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
});
