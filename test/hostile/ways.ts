import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { readHeader, sealed } from "../../src/cells/header.ts";
import { sha256File } from "../../src/files/hash.ts";
import { drawCells, writeEncoder, writeStudy } from "../study/drawn.ts";

const fixtures = resolve(import.meta.dirname, "../fixtures");
let scratch = "";

/** Leaves what the commands need besides the file in `folder`. */
export function prepare(folder: string): void {
  scratch = folder;
  drawCells(join(folder, "drawn.cells"), { size: 64, cellsPerClass: 12 });
  drawCells(join(folder, "small.cells"), { size: 16, cellsPerClass: 6 });
  writeEncoder(folder, { name: "tiny", size: 64 });
}

/** How a file is given to a command; `put` leaves what goes with it in a folder of its own and gives the arguments. */
export interface Way {
  readonly name: string;
  readonly put: (file: string, place: string) => readonly string[];
  /** Exit code; null for 0 or 1. */
  readonly exit: (file: string) => 0 | 1 | null;
  /** Whether a study may have begun that goes on when what is wrong is mended. */
  readonly begins?: (file: string) => boolean;
}

const refused = () => 1 as const;
const out = (place: string) => ["--out", join(place, "out")];

function copied(file: string, place: string, name: string): string {
  const path = join(place, name);
  cpSync(file, path);
  return path;
}

/** A study of drawn cells, its keys those given. */
function study(place: string, keys: Readonly<Record<string, unknown>>): readonly string[] {
  return [
    "run",
    writeStudy(join(place, "study.json"), {
      cells: join(scratch, "drawn.cells"),
      encoders: [join(scratch, "tiny.json")],
      ...keys,
    }),
    ...out(place),
  ];
}

const asFeatures = (ending: string): Way => ({
  name: "run with features",
  put: (file, place) =>
    study(place, { encoders: [{ name: "mine", features: copied(file, place, `mine${ending}`) }] }),
  exit: refused,
});

/** The file in place of one of a store; `fitting`: its header has the hash of it, as that of a damaged import would. */
const inStore = (name: (file: string) => string, fitting: boolean): Way => ({
  name: fitting ? "encoder try, its hash fits" : "segment",
  put: (file, place) => {
    const store = join(place, "cells");
    cpSync(join(scratch, "drawn.cells"), store, { recursive: true });
    cpSync(file, join(store, name(file)));
    if (fitting) {
      const { sum: _, hashes, ...header } = readHeader(join(scratch, "drawn.cells"));
      const fits = { ...hashes, [name(file)]: sha256File(file) };
      writeFileSync(join(store, "cells.json"), JSON.stringify(sealed({ ...header, hashes: fits })));
    }
    return fitting
      ? ["encoder", "try", join(scratch, "tiny.json"), "--cells", store, "--count", "2"]
      : ["segment", store, "--nuclei", "RFP", "--force"];
  },
  // What changed in a file may mean nothing, where its hash does not tell.
  exit: () => (fitting ? null : 1),
});

function kindInStore(file: string): string {
  const start = readFileSync(file).subarray(0, 8).toString("latin1");
  if (start.startsWith("PAR1")) return "metadata.parquet";
  if (!start.startsWith("\x93NUMPY")) return "cells.json";
  return statSync(file).size > 500_000 ? "crops.npy" : "masks.npy";
}

const GOOD = /(^|\/)(good\.png|packbits-good\.tif|zstd-checksum-good\.tif|zstd-whole\.tif)$/;
/** A large image, larger than any crop; as a field there is nothing wrong with it but that its labels are all 0. */
const LARGE = /bomb16M/;
/** HDF5 files that are as they should be: the data set that is asked for, or a link to one within the file. */
const WHOLE = /(other\.h5|soft-link\.hdf5)$/;
/** Networks that run and give features that are numbers, whatever these are worth. */
const RUNS = /^(external-ok|tiny-features-1e-40|zeros-out|one-feature|if-nest-20)$/;
/** Networks that run and give no numbers, or none that last: a study refuses them. */
const NO_NUMBERS = /^(div-inf|nan-out|huge-features-1e38)$/;
const network = (file: string) => basename(dirname(file));

const image = (command: "folder" | "fields"): Way => ({
  name: `import ${command}`,
  put: (file, place) => {
    const manifest = join(place, "cells.csv");
    const labels = command === "fields" ? ",Labels" : "";
    writeFileSync(
      manifest,
      `File,Protein,Field${labels}\n${basename(file)},P,F${labels === "" ? "" : `,${basename(file)}`}\n`,
    );
    return ["import", command, dirname(file), "--manifest", manifest, "--channels", "A", ...out(place)];
  },
  exit: (file) =>
    LARGE.test(file) && command === "fields" ? null : !GOOD.test(file) ? 1 : command === "folder" ? 0 : null,
});

const deeploc: Way = {
  name: "import deeploc",
  put: (file, place) => ["import", "deeploc", file, ...out(place)],
  exit: (file) => (WHOLE.test(file) ? 0 : 1),
};
/** Says what arrays an HDF5 file has, which may be anything. */
const show: Way = { name: "encoder show", put: (file) => ["encoder", "show", file], exit: () => null };

const table: Way = {
  name: "table",
  put: (file, place) => ["table", copied(file, place, "pairs.parquet")],
  exit: refused,
};
const metadata: Way = {
  name: "import cellprofiler --metadata",
  put: (file, place) => [
    ...["import", "cellprofiler", join(fixtures, "locations/cellprofiler"), "--size", "16"],
    ...["--metadata", file, ...out(place)],
  ],
  exit: refused,
};
const pickle: Way = {
  name: "run --features",
  put: (file, place) => {
    mkdirSync(join(place, "features/logs_base/conv8"), { recursive: true });
    copied(file, place, "features/logs_base/conv8/ER.pkl");
    cpSync(
      join(fixtures, "published/pickles/py3-matrix-p4.pkl"),
      join(place, "features/logs_base/conv8/vacuole.pkl"),
    );
    return ["run", "--features", join(place, "features"), ...out(place)];
  },
  exit: refused,
};
const importPlace = (format: string, options: readonly string[]): Way => ({
  name: `import ${format}`,
  put: (file, place) => ["import", format, file, ...options, ...out(place)],
  exit: refused,
});

/** The commands that a file is an input of, by the folder that it lies in. */
export const WAYS: readonly (readonly [folder: string, ways: readonly Way[], files?: RegExp])[] = [
  ["fail/deeploc", [deeploc]],
  [
    "fail/npy",
    [
      {
        name: "import npy",
        put: (file, place) => {
          writeFileSync(join(place, "cells.csv"), `Protein,Field\n${"P,F\n".repeat(6)}`);
          const manifest = join(place, "cells.csv");
          return ["import", "npy", file, "--manifest", manifest, "--channels", "A", ...out(place)];
        },
        exit: refused,
      },
      asFeatures(".npy"),
    ],
  ],
  [
    "fail/onnx",
    [
      {
        name: "encoder show",
        put: (file, place) => ["encoder", "show", copied(file, place, "net.onnx")],
        exit: () => null,
      },
      {
        name: "encoder init",
        put: (file, place) => [
          "encoder",
          "init",
          copied(file, place, "net.onnx"),
          "--cells",
          join(scratch, "drawn.cells"),
          "--out",
          join(place, "out.json"),
        ],
        exit: refused,
      },
    ],
  ],
  ["fail/parquet", [table, metadata, inStore(() => "metadata.parquet", true)]],
  ["fail/pickle", [pickle]],
  [
    "fail/planpq",
    [
      {
        name: "run with a plan",
        put: (file, place) => study(place, { plan: copied(file, place, "plan.parquet") }),
        exit: refused,
      },
    ],
  ],
  ["fail/store", [inStore(kindInStore, false), inStore(kindInStore, true)]],
  [
    "hostile/hdf5",
    [deeploc, importPlace("anndata", ["--crops", "data1", "--channels", "A"]), importPlace("h5sc", []), show],
    /\.hdf5$/,
  ],
  [
    "hostile/hdf5",
    [
      show,
      deeploc,
      {
        name: "encoder import pci",
        put: (file, place) => ["encoder", "import", "pci", file, ...out(place)],
        exit: refused,
      },
    ],
    /\.h5$/,
  ],
  [
    "hostile/onnx",
    [
      {
        name: "encoder try",
        put: (file) => [
          "encoder",
          "try",
          file.replace(/onnx$/, "json"),
          "--cells",
          join(scratch, "small.cells"),
        ],
        exit: (file) => (RUNS.test(network(file)) ? 0 : 1),
      },
      {
        name: "run",
        put: (file, place) => {
          const encoders = [file.replace(/onnx$/, "json")];
          return study(place, { cells: join(scratch, "small.cells"), encoders });
        },
        exit: (file) => (RUNS.test(network(file)) ? 0 : 1),
        begins: (file) => NO_NUMBERS.test(network(file)),
      },
      {
        name: "encoder init",
        put: (file, place) => [
          "encoder",
          "init",
          file,
          "--cells",
          join(scratch, "small.cells"),
          "--out",
          join(place, "out.json"),
        ],
        exit: (file) => (RUNS.test(network(file)) || NO_NUMBERS.test(network(file)) ? null : 1),
      },
    ],
    /\.onnx$/,
  ],
  ["hostile/parquet", [table, metadata, asFeatures(".parquet"), inStore(() => "metadata.parquet", true)]],
  ["hostile/pickle", [pickle]],
  ["hostile/silent", [image("folder"), image("fields")]],
  ["hostile/tiff", [image("folder"), image("fields")]],
];
