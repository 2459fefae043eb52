import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import type { StatedNumber } from "../../src/evidence/further.ts";
import { makeContext } from "../../src/report/section.ts";
import { shareSection } from "../../src/report/section-shares.ts";
import { sampleReport } from "./sample.ts";
import { xmlProblem } from "./xml.ts";

const DATA = sampleReport();

/** A number in percent, with or without its interval. */
function number(part: string, share: number | null, half: number | null): StatedNumber {
  const at = (v: number) => (share === null || half === null ? null : (share + v) / 100);
  return {
    statement: `variance/${part}`,
    kind: "share",
    class: null,
    estimate: share === null ? null : share / 100,
    low: half === null ? null : at(-half),
    high: half === null ? null : at(half),
    se: null,
    df: null,
    p: null,
    q: null,
    cells: 24,
    clusters: 6,
    unit: "field",
    groups: 3,
    classes: 15,
    level: 0.95,
    method: "counted",
    refused: half === null ? "too few" : null,
  };
}

function page(shares: readonly { encoder: string; numbers: StatedNumber[] }[]) {
  const further = shares.map((s) => ({ id: "shares" as const, ...s }));
  const drawn = shareSection.render(makeContext({ ...DATA, further }));
  return drawn && parseHTML(`<html><body>${drawn.body.text}</body></html>`).document.body;
}

test("the section says in words, points and numbers whose the variance is", () => {
  const section = page([
    {
      encoder: "deeploc",
      numbers: [
        number("own", 60, 5),
        number("own-field", -3, 2),
        number("background", 22, 4),
        number("background-class", 8, 3),
        number("donor", 14, 4),
        number("residual", 18, null),
      ],
    },
    { encoder: "pifia", numbers: [number("own", 80, 5), number("background", 10, 4)] },
  ])!;
  const said = Array.from(section.querySelectorAll("li"), (li: { textContent: string }) => li.textContent);
  expect(said[0]).toBe(
    "deeploc: of what varies between pasted cells of one class, 60.0 % [55.0, 65.0] comes with the cell and 22.0 % [18.0, 26.0] with the background (its class 8.0 % [5.0, 11.0], the donor's crop 14.0 % [10.0, 18.0]).",
  );
  expect(said[1]).toBe(
    "pifia: of what varies between pasted cells of one class, 80.0 % [75.0, 85.0] comes with the cell and 10.0 % [6.0, 14.0] with the background.",
  );
  const svg = section.querySelector("figure svg")!;
  expect(xmlProblem(svg.outerHTML)).toBe(null);
  const label = svg.getAttribute("aria-label")!;
  expect(label).toContain("deeploc, its own field -3.0 (-5.0 to -1.0)");
  expect(label).toContain("with neither alone 18.0");
  expect(section.textContent).toContain("no interval: too few");
});

test("without any number there is no figure, and without the evidence no section", () => {
  const section = page([{ encoder: "deeploc", numbers: [number("own", null, null)] }])!;
  expect(section.querySelector("svg")).toBe(null);
  expect(section.querySelectorAll("li").length).toBe(0);
  expect(page([])).toBe(null);
});
