/** Writes the JSON Schemas of the files that people write: `npm run build` runs it, a test compares. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { schemas } from "../src/study/json-schema.ts";

const folder = resolve(import.meta.dirname, "../schema");
mkdirSync(folder, { recursive: true });
for (const [name, schema] of Object.entries(schemas()))
  writeFileSync(join(folder, name), `${JSON.stringify(schema, null, 2)}\n`);
