import { relative, sep } from "node:path";
import { bundledName } from "../../encode/bundled.ts";
import { VIEW_VERSION, type ViewEncoder, type ViewStudy } from "../../explore/format.ts";
import { pixelsKey, scalesHash } from "../../features/key.ts";
import { writeFileAtomic } from "../../files/atomic.ts";
import { isObjectPath } from "../../files/objects/place.ts";
import { writeParquetPieces } from "../../files/table.ts";
import type { ReportData } from "../../report/data.ts";
import { summaryOf } from "../../report/summary.ts";
import { settingsOf } from "../../swap/runs.ts";
import { version } from "../../version.ts";
import { encoderName } from "../encoders.ts";
import type { Finished } from "../results.ts";
import { viewed } from "./encoders.ts";
import { keptComposites } from "./kept.ts";
import type { ViewSources } from "./sources.ts";
import { cellPieces, micrometersOf, planPieces, type ViewRequest, writeNumbers } from "./tables.ts";

/** Writes what the explorer shows of a study; returns the files. */
export function writeView(finished: Finished): string[] {
  const { layout, plan, store, selection, groups } = finished;
  const request: ViewRequest = { plan, store, selection, groups };
  const files: string[] = [];
  const to = (...place: Parameters<typeof layout.view>) => {
    files.push(layout.view(...place));
    return files.at(-1)!;
  };
  writeNumbers(to("plan.parquet"), planPieces(request));
  writeParquetPieces(to("cells.parquet"), cellPieces(request));
  const encoders: ViewEncoder[] = [];
  for (const { about, ...of } of viewed(finished)) {
    if (of.predictions !== null) to("probes.npy", about.name);
    const written = keptComposites(request, { ...of, name: about.name, layout });
    files.push(...written.files);
    encoders.push({ ...about, predicted: of.predictions !== null, map: written.map });
  }
  writeFileAtomic(to("scales.json"), `${JSON.stringify(scalesOf(finished))}\n`);
  writeFileAtomic(to("study.json"), `${JSON.stringify(viewStudy(finished, encoders))}\n`);
  return files;
}

/** Writes what the explorer shows of the report at first, so that it need not wait for every pair and picture. */
export function writeSummary(layout: Finished["layout"], report: ReportData): void {
  writeFileAtomic(layout.view("summary.json"), `${JSON.stringify(summaryOf(report))}\n`);
}

/** Notes where cells and encoders lie: that is of this machine, and no result. */
export function writeSources(finished: Pick<Finished, "layout" | "store" | "outputs">): void {
  const file = finished.layout.view("sources.json");
  writeFileAtomic(file, `${JSON.stringify(sourcesOf(finished), null, 2)}\n`);
}

function sourcesOf({ layout, store, outputs }: Pick<Finished, "layout" | "store" | "outputs">): ViewSources {
  const from = (path: string) => relative(layout.path, path).split(sep).join("/");
  return {
    cells: isObjectPath(store.place) ? store.place : from(store.place),
    masks: store.header.hashes["masks.npy"] ?? null,
    encoders: Object.fromEntries(
      outputs.map(({ encoder }) => [
        encoderName(encoder),
        encoder.kind === "given" ? null : (bundledName(encoder.path) ?? from(encoder.path)),
      ]),
    ),
  };
}

function scalesOf({ scales }: Pick<Finished, "scales">) {
  const list = (values: Float64Array) => Array.from(values, (v) => (Number.isNaN(v) ? null : v));
  return {
    kind: scales.kind,
    groups: scales.groups,
    groupOf: Array.from(scales.groupOf),
    background: list(scales.background),
    cell: list(scales.cell),
  };
}

function viewStudy(finished: Finished, encoders: readonly ViewEncoder[]): ViewStudy {
  const { study, store, selection, plan, groups, scales } = finished;
  const settings = settingsOf(plan);
  const inputs = {
    header: store.header,
    scales: scalesHash(scales),
    composite: study.composite,
    medium: plan.medium?.key,
  };
  const lending = new Set(plan.runs.map(({ background }) => background));
  return {
    version: VIEW_VERSION,
    title: study.title,
    createdBy: `cellswap ${version}`,
    classes: [...selection.classes],
    settings,
    backgrounds: [...lending].filter((b) => b >= 0).sort((a, b) => a - b),
    encoders: [...encoders],
    composites: plan.count,
    crops: {
      count: store.count,
      channels: [...store.channels],
      height: store.height,
      width: store.width,
      ...(store.diameter === undefined ? {} : { diameter: store.diameter }),
      masks: store.masks,
      micrometers: micrometersOf(store.cells),
    },
    composite: { ...study.composite, clip: study.composite.clip === null ? null : [...study.composite.clip] },
    unit: groups.unit,
    groups: { count: groups.count, fewest: groups.fewest, reach: groups.reach, notes: [...groups.notes] },
    pixels: Object.fromEntries(settings.map((setting) => [setting, pixelsKey(inputs, [setting])])),
  };
}
