import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import LongFirst from "./test/long-first.ts";

const worker = resolve(import.meta.dirname, "src/files/worker.ts");
const builtWorker = resolve(import.meta.dirname, "test/built-worker.ts");

export default defineConfig({
  plugins: [
    {
      name: "built-worker",
      enforce: "pre",
      resolveId: (source, importer) =>
        importer !== undefined && importer !== builtWorker && resolve(importer, "..", source) === worker
          ? builtWorker
          : undefined,
    },
  ],
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // The standard, a second, is little for a page on a busy machine.
    expect: { poll: { timeout: 60_000 } },
    pool: "forks",
    globalSetup: ["test/web/clean.ts"],
    // The machines of CI have two cores, where the standard is one file at a time.
    maxWorkers: "100%",
    sequence: { sequencer: LongFirst },
    reporters: ["default", "./test/count-reporter.ts"],
  },
});
