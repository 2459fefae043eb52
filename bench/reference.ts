/**
 * The reference's cells and encoders: 1,642 real cells with its masks, three quarter-width networks. Needs `../shared`.
 */
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pciSource } from "../src/cells/formats/pci.ts";
import { CellStoreWriter } from "../src/cells/store.ts";
import { NpyReader } from "../src/files/npy.ts";
import { readCsv } from "../src/files/table.ts";

const shared = resolve(import.meta.dirname, "../../shared");
export const reference = join(shared, "reference");
export const images = join(shared, "data/yeast/images");
/** Whether both are here. */
export const isHere = existsSync(images) && existsSync(reference);

const PREPROCESS = {
  deeploc: [{ step: "percentile", low: 0.1, high: 99.9, epsilon: 1e-6 }],
  pifia: [{ step: "standardize", epsilon: 1e-6 }],
  pci: [{ step: "minmax", epsilon: 1e-6 }],
};
export const names = Object.keys(PREPROCESS) as (keyof typeof PREPROCESS)[];
export const channelsOf = (name: string) => (name === "pifia" ? ["GFP"] : ["GFP", "RFP"]);

/** Describes the networks in `folder`, beside copies of them; paths in the order of {@link names}. */
export function describeEncoders(folder: string): string[] {
  return names.map((name) => {
    copyFileSync(join(reference, `onnx/${name}.onnx`), join(folder, `${name}.onnx`));
    const input = { name: "x", channels: channelsOf(name), height: 64, width: 64 };
    const outputs = [{ output: "max" }, { output: "mean" }];
    const head = { format: "cellswap-encoder", version: 1, name, model: `${name}.onnx` };
    const path = join(folder, `${name}.json`);
    writeFileSync(path, JSON.stringify({ ...head, input, preprocess: PREPROCESS[name], outputs }));
    return path;
  });
}

/** Crops and the reference's masks into a cell store, in its order. */
export async function importCells(path: string): Promise<void> {
  const index = readCsv(join(reference, "index.csv"));
  const given = pciSource(images);
  const at = new Map(
    Array.from({ length: given.count }, (_, i) => [String(given.record(i).Metadata_Cell), i]),
  );
  const masks = new NpyReader(join(reference, "masks.npy"));
  const writer = new CellStoreWriter(
    path,
    { channels: ["GFP", "RFP"], height: 64, width: 64 },
    "full",
    "reference",
  );
  const mask = new Uint8Array(4096);
  const verdict: string[] = [];
  const ids = index
    .get("protein")!
    .map((protein, i) => `${protein}_${index.get("field")![i]}_${index.get("cell")![i]}`);
  // As the importer does, some cells ahead.
  const ahead = ids.slice(0, 16).map((id) => given.read(at.get(id)!));
  for (const [i, protein] of index.get("protein")!.entries()) {
    const field = `${protein}_${index.get("field")![i]}`;
    const id = ids[i];
    masks.read(i, 1, mask);
    const { crop } = await ahead.shift()!;
    if (i + 16 < ids.length) ahead.push(given.read(at.get(ids[i + 16])!));
    const record = { Metadata_Cell: id, Metadata_Protein: protein, Metadata_Field: field };
    writer.append(crop, mask, { ...record, Metadata_Localization: protein });
    verdict.push(index.get("ok")![i] === "1" ? "ok" : "failed");
  }
  masks.close();
  writer.finish({ verdict, measures: new Map() });
}
