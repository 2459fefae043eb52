/**
 * What studies of 10^6, 10^7 and 10^8 cells take on clusters, by the simulation of `cellswap plan --nodes`: wall time, core
 * hours and price by the number of shards. Composites and their features only, with the transfer probes of the merge
 * (`"pairs": "none"`): 15 classes, so 34 composites a cell, one encoder of 5 ms a crop, 128 features.
 */
import { outlook, START, type Workload } from "../src/study/shards/outlook.ts";
import { option, record, smoke } from "./harness.ts";

const PER_CELL = 34;
const SECONDS = Number(option("seconds", "0.0052"));
const DIMENSION = 128;
const PRICE = Number(option("price", "0.04"));
/** Rows of a piece in plans of more than 33 million composites. */
const PIECE = 16_384;
/** Cells of a study at most; more are several studies, one after the other. */
const AT_ONCE = 1e7;

function workload(cells: number): Workload {
  const composites = PER_CELL * cells;
  return {
    cells,
    planned: composites,
    composites,
    outputs: 1,
    rowBytes: 4 * DIMENSION + 12,
    pieces: PER_CELL * Math.ceil(cells / PIECE),
    // Those without a background are made together, and both of each background.
    steps: ((PER_CELL - 4) / 2 + 1) * Math.ceil(cells / PIECE),
    blocks: 0,
    // Of probes and evidence a guess; results as the plan estimates them.
    seconds: { features: composites * SECONDS, probes: 0, merge: 600 + 4e-5 * composites },
  };
}

const rows = (smoke ? [1e4] : [1e6, 1e7, 1e8]).flatMap((cells) => {
  const studies = Math.max(1, cells / AT_ONCE);
  const own = workload(cells / studies);
  return [8, 64].flatMap((nodes) =>
    outlook(own, { nodes, cores: 32, shardCores: 4 }, [64, 512, 4096], studies).map(
      ({ shards, hours, coreHours, repeated }) => {
        const all = ({ median, low, high }: typeof hours) => [median, low, high];
        return {
          cells,
          studies,
          nodes,
          shards,
          hours: all(hours),
          coreHours: all(coreHours),
          repeated,
        };
      },
    ),
  );
});
for (const { cells, studies, nodes, shards, hours, coreHours, repeated } of rows) {
  const text = (values: readonly number[], digits = 1) => {
    const [median, low, high] = values.map((v) => v.toFixed(digits));
    return `${median} (${low} to ${high})`;
  };
  const price = coreHours.map((h) => h * PRICE);
  console.log(
    `| ${cells.toExponential()} | ${studies} | ${nodes} x 32 | ${shards} | ${text(hours)} | ${text(coreHours, 0)} | ${text(price, 0)} | ${repeated.toFixed(1)} |`,
  );
}
record("cluster-table", { seconds: SECONDS, dimension: DIMENSION, price: PRICE, start: START, rows });
