import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

/**
 * Starts a worker thread from the module `name` beside the caller (`base` is the caller's import.meta.url).
 * Works from the built package (without the loaders that the main thread may have) and from TypeScript sources (through
 * tsx, which takes seconds over a package with WebAssembly in it: `packages` names, as URLs, those that are loaded
 * before it).
 */
export function startWorker(
  base: string,
  name: string,
  workerData?: unknown,
  packages: readonly string[] = [],
): Worker {
  if (!base.endsWith(".ts")) return new Worker(new URL(`./${name}.js`, base), { workerData, execArgv: [] });
  // Node 20 reads no TypeScript and `--import tsx` does not reach a worker's first file: the hook comes first here.
  const tsx = pathToFileURL(createRequire(base).resolve("tsx/package.json"));
  const hook = new URL("./dist/esm/api/index.mjs", tsx).href;
  const file = new URL(`./${name}.ts`, base).href;
  const load = (url: string) => `import(${JSON.stringify(url)})`;
  const code = `Promise.all([${packages.map(load).join()}]).then(() => ${load(hook)}).then((m) => { m.register(); return ${load(file)}; });`;
  return new Worker(code, { workerData, eval: true, execArgv: [] });
}
