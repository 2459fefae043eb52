import { Pool } from "../../src/files/pool.ts";
import type { Asked } from "./pool-thread.ts";

// A process of its own: a thread runs out of memory, another works; it ends when both pools are disposed of.
const options = { base: import.meta.url, module: "pool-thread", init: { factor: 1 }, threads: 1 };
const greedy = new Pool<Asked, number>({ ...options, work: "test" });
const error = await greedy.run({ end: "memory" }).catch((e: Error) => e);
console.log(String(error));
await greedy.dispose();
await using pool = new Pool<Asked, number>({ ...options, work: "test" });
console.log(await pool.run({ square: 3 }));
