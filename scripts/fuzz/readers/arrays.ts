import { join } from "node:path";
import { anndataSource } from "../../../src/cells/formats/anndata.ts";
import { deeplocSource } from "../../../src/cells/formats/deeploc.ts";
import { h5scSource } from "../../../src/cells/formats/h5sc.ts";
import type { CellSource } from "../../../src/cells/importer.ts";
import { loadHdf5 } from "../../../src/cells/readers/hdf5-library.ts";
import { openBundle, readVariable } from "../../../src/encode/published/bundle.ts";
import { openDeepLoc } from "../../../src/encode/published/deeploc.ts";
import { readFeatureFolder, readFeaturePickle } from "../../../src/encode/published/feature-folder.ts";
import type { Published } from "../../../src/encode/published/import.ts";
import { readKeras } from "../../../src/encode/published/keras-read.ts";
import { buildNetwork, layerNames } from "../../../src/encode/published/network.ts";
import { openPci } from "../../../src/encode/published/pci.ts";
import { openPifia } from "../../../src/encode/published/pifia.ts";
import { openFeatureFile } from "../../../src/features/given/file.ts";
import { isBlind } from "../mutate/generic.ts";
import { HDF5 } from "../mutate/hdf5.ts";
import { PICKLE } from "../mutate/pickle.ts";
import { SSTABLE } from "../mutate/sstable.ts";
import type { Input, Mutator, Reader } from "../reader.ts";
import { fileSeeds, fixture, folderSeed } from "../seeds.ts";

/** All cells of a source, at most 50. */
export async function cellsOf(source: CellSource) {
  try {
    const cells = [];
    for (let cell = 0; cell < Math.min(source.count, 50); cell++)
      cells.push(await source.read(cell), source.record(cell));
    return [source.count, source.channels, cells];
  } finally {
    source.close?.();
  }
}

async function featureValues(path: string) {
  const file = await openFeatureFile(path);
  try {
    const rows = Math.min(file.rows, file.batch);
    const out = new Float32Array(rows * file.dimension);
    await file.read(0, rows, out);
    return [file.rows, file.dimension, file.identity, out];
  } finally {
    file.close();
  }
}

/** The network of a checkpoint, all of it read. */
function network(published: Published) {
  const built = buildNetwork(published.network, layerNames(published.network), "max");
  return [built.model, built.outputs, published.matched];
}

const bundles = (folder: string, given: string) => {
  const seed = folderSeed(fixture(folder));
  const wanted = [...seed.files].filter(([name]) => name.includes(`/${given}.`) && !/\/.*\/.*\//.test(name));
  return { ...seed, name: folder, files: new Map(wanted), given: join(seed.given, given) };
};

/** Every block of an index and every variable has a check sum. */
const summed = ({ file, mutators }: Input) => /\.data-/.test(file) || isBlind(mutators);

const hdf5 = (): readonly Mutator[] => HDF5;

export const ARRAYS: readonly Reader[] = [
  {
    name: "anndata",
    seconds: 5,
    seeds: () => fileSeeds("cells/stored/anndata", /two\.h5ad$/),
    mutators: hdf5,
    read: async (path) =>
      cellsOf(await anndataSource(path, { crops: "obsm/images", channels: ["A", "B", "C"] })),
  },
  {
    name: "h5sc",
    seconds: 5,
    seeds: () => fileSeeds("cells/stored/h5sc", /single_cells\.h5sc$/),
    mutators: hdf5,
    read: async (path) => cellsOf(await h5scSource(path)),
  },
  {
    name: "deeploc-set",
    seconds: 5,
    seeds: () => fileSeeds("cells/layouts", /\.hdf5$/),
    mutators: hdf5,
    read: async (path) => cellsOf(await deeplocSource(path)),
  },
  {
    name: "features-h5ad",
    seconds: 5,
    seeds: () => fileSeeds("features/read", /\.h5ad$/),
    mutators: hdf5,
    read: featureValues,
  },
  {
    name: "keras",
    seconds: 5,
    seeds: () => fileSeeds("published/forms", /^pci-(2\.weights|bfloat16|float64|3\.weights)\.h5$/),
    mutators: hdf5,
    read: async (path) => readKeras((await loadHdf5()).h5, path, true),
  },
  {
    name: "keras-network",
    // A thread is started for every file.
    weight: 0.1,
    seconds: 5,
    seeds: () => fileSeeds("published/forms", /^pci-bfloat16\.h5$/),
    mutators: hdf5,
    read: async (path) => network(await openPci(path)),
  },
  {
    name: "pickle",
    weight: 3,
    seeds: () => [
      ...fileSeeds("published/pickles", /(matri|vectors|half|fortran|shared|slice|big-endian|many).*\.pkl$/),
      ...fileSeeds("published/features", /\.pkl$/).slice(0, 4),
    ],
    mutators: () => PICKLE,
    read: (path) => readFeaturePickle(path),
  },
  {
    name: "feature-folder",
    weight: 0.5,
    seeds: () => [folderSeed(fixture("published/features"))],
    mutators: (file) => (file.endsWith(".pkl") ? PICKLE : []),
    read: (path) => readFeatureFolder(path).files.map((file) => [file.setting, readFeaturePickle(file.path)]),
  },
  {
    name: "bundle",
    weight: 2,
    seeds: () => [
      bundles("published/v1", "sliced.ckpt"),
      bundles("published/pifia", "pifia_weights_i0"),
      bundles("published/pifia/sharded", "pifia_weights_i0"),
      bundles("published/forms/float16", "ckpt"),
      bundles("published/deeploc/moving", "model.ckpt-5000"),
    ],
    mutators: (file) => (file.endsWith(".index") ? SSTABLE : []),
    checked: summed,
    read: (path) => {
      const bundle = openBundle(path);
      const floats = bundle.variables.filter((v) => !v.sliced && /float/.test(v.dtype));
      return [
        bundle.variables.map((v) => [v.name, v.dtype, v.shape]),
        floats.map((v) => readVariable(bundle, v)),
      ];
    },
  },
  {
    name: "pifia",
    seeds: () => [
      bundles("published/pifia", "pifia_weights_i0"),
      bundles("published/pifia/sharded", "pifia_weights_i0"),
    ],
    mutators: (file) => (file.endsWith(".index") ? SSTABLE : []),
    checked: summed,
    read: (path) => network(openPifia(path)),
  },
  {
    name: "deeploc",
    seeds: () => [
      bundles("published/deeploc/moving", "model.ckpt-5000"),
      bundles("published/deeploc/normalize", "model.ckpt-5000"),
    ],
    mutators: (file) => (file.endsWith(".index") ? SSTABLE : []),
    checked: summed,
    read: (path) => network(openDeepLoc(path)),
  },
];
