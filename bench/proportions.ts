/**
 * Proportions of heterogeneous proteins against what their cells truly have: error in total variation and coverage of the
 * intervals. On drawn features (`--replicates`, 60 of each design) and on simulated screens of 15 localizations through
 * the bundled encoders (`--screens`, 4). What was found is kept under `.bench/`, so that a run that was stopped goes on.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { option, record, smoke } from "./harness.ts";
import { KINDS, type Kind, type Screen, screenFeatures } from "./proportions/cells.ts";
import { DESIGNS, drawScreen } from "./proportions/drawn.ts";
import {
  type CellScores,
  type Cells,
  estimateProteins,
  type Found,
  scoreCells,
  summarize,
} from "./proportions/estimates.ts";

const replicates = smoke ? 1 : Number(option("replicates", "60"));
const screens = smoke ? 1 : Number(option("screens", "4"));
const encoders = smoke ? ["deeploc"] : ["deeploc", "pci", "pifia"];
const size = smoke
  ? {
      proteinsPerLocalization: 2,
      cellsPerProtein: 4,
      fieldsPerProtein: 1,
      heterogeneous: 2,
      cellsPerHeterogeneous: 6,
    }
  : {
      proteinsPerLocalization: 4,
      cellsPerProtein: 50,
      fieldsPerProtein: 4,
      heterogeneous: 20,
      cellsPerHeterogeneous: 80,
    };
const base = smoke
  ? mkdtempSync(join(tmpdir(), "proportions-"))
  : resolve(import.meta.dirname, "../.bench/proportions");
const hash = (value: unknown) => createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 8);
/** The form of the interval was chosen on drawn features with lower numbers. */
const FIRST = { replicate: 1000, screen: 1000 };

function kept<T>(path: string, make: () => T): T {
  if (!smoke && existsSync(path)) return JSON.parse(readFileSync(path, "utf8"));
  const value = make();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, JSON.stringify(value));
  renameSync(`${path}.part`, path);
  return value;
}

const points = (value: number) => (100 * value).toFixed(1).padStart(5);
function show(name: string, s: ReturnType<typeof summarize>): void {
  console.log(
    `${name.padEnd(28)} error ${points(s.variation)} (expected ${points(s.expected)}, mean ${points(s.mean)}, adjusted ${points(s.adjusted)}); held ${points(s.all.coverage)} %, of what is there ${points(s.has.coverage)} +- ${points(s.has.error)} % of ${s.has.n}, half width ${points(s.has.half)}, bias ${points(s.has.bias)}`,
  );
}

const drawn = DESIGNS.slice(0, smoke ? 1 : replicates === 0 ? 0 : DESIGNS.length).map((design) => {
  const found: Found[] = [];
  for (let r = FIRST.replicate; r < FIRST.replicate + replicates; r++)
    found.push(
      ...kept(join(base, `drawn-${hash(design)}`, `${r}.json`), () => {
        const { single, mixed } = drawScreen(design, r);
        const scores = scoreCells(single, single.features, mixed.features, design.classes);
        return estimateProteins(single, mixed, scores, design.classes);
      }),
    );
  const summary = summarize(found);
  show(design.name, summary);
  return { design, ...summary };
});

const number = (names: readonly string[]): Int32Array => {
  const known = new Map<string, number>();
  return Int32Array.from(names, (name) => {
    if (!known.has(name)) known.set(name, known.size);
    return known.get(name)!;
  });
};

/** What is found in one screen, by encoder and kind of crops. */
async function screen(seed: number): Promise<Map<string, Found[]>> {
  const wanted: Screen = { seed, ...size, correlation: 0 };
  const folder = join(base, `screens-${hash(size)}`, `${seed}`);
  const { cells, read } = await screenFeatures(folder, wanted, encoders);
  const all = {
    label: Int32Array.from(cells.label),
    protein: number(cells.protein),
    field: number(cells.field),
  };
  const rows = (several: boolean) =>
    Int32Array.from(cells.mixed.keys()).filter((i) => cells.mixed[i] === several);
  const pick = (of: Int32Array): Cells => ({
    label: of.map((i) => all.label[i]),
    protein: of.map((i) => all.protein[i]),
    field: of.map((i) => all.field[i]),
  });
  const [one, many] = [rows(false), rows(true)];
  const scored = (encoder: string, kind: Kind): CellScores => {
    const found = kept(join(folder, `${encoder}-${kind}-scores.json`), () => {
      const features = read(encoder, kind);
      const d = cells.dimension[encoder];
      const take = (of: Int32Array) =>
        Float32Array.from(
          { length: of.length * d },
          (_, at) => features[of[Math.floor(at / d)] * d + (at % d)],
        );
      const scores = scoreCells(pick(one), take(one), take(many), cells.classes.length);
      return { heldOut: [...scores.heldOut], target: [...scores.target] };
    });
    return { heldOut: Float64Array.from(found.heldOut), target: Float64Array.from(found.target) };
  };
  const out = new Map<string, Found[]>();
  for (const encoder of encoders)
    for (const kind of KINDS)
      out.set(
        `${encoder} ${kind}`,
        kept(join(folder, `${encoder}-${kind}-found.json`), () =>
          estimateProteins(pick(one), pick(many), scored(encoder, kind), cells.classes.length),
        ),
      );
  return out;
}

const byKind = new Map<string, Found[]>();
for (let s = 0; s < screens; s++)
  for (const [name, found] of await screen(FIRST.screen + s))
    byKind.set(name, [...(byKind.get(name) ?? []), ...found]);
const simulated = [...byKind].map(([name, found]) => {
  const summary = summarize(found);
  show(name, summary);
  return { name, ...summary };
});
if (smoke) rmSync(base, { recursive: true });
record("proportions", { replicates, screens, size, drawn, simulated });
