import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type MessagePort, parentPort, Worker, type WorkerOptions, workerData } from "node:worker_threads";
import { LimitError } from "../errors.ts";
import { type ErrorRecord, recordError } from "./error-record.ts";

/** What a thread answers to a task. */
export type Answer<Result> = { readonly result: Result } | { readonly error: ErrorRecord };

/** What a thread of a {@link Pool} starts with. */
export interface Start<Init> {
  readonly init: Init;
  readonly port?: MessagePort;
}

/**
 * Makes this thread one of a {@link Pool}: `open` is called once with what the pool gives its threads to start with
 * (and with its end of the line to the pool's `connect`), and the function that it returns with every task. What either
 * throws is the answer to the task.
 */
export function serve<Init, Task, Result>(
  open: (init: Init, port?: MessagePort) => Handler<Task, Result> | Promise<Handler<Task, Result>>,
): void {
  const { init, port } = workerData as Start<Init>;
  const opened = (async () => open(init, port))();
  // A failure is told in answer to the first task.
  opened.catch(() => {});
  parentPort!.on("message", async (task: Task) => {
    try {
      const handle = await opened;
      parentPort!.postMessage({ result: await handle(task) } satisfies Answer<Result>);
    } catch (error) {
      parentPort!.postMessage({ error: recordError(error) } satisfies Answer<Result>);
    }
  });
}

type Handler<Task, Result> = (task: Task) => Result | Promise<Result>;

/**
 * Starts a worker thread from the module `name` beside the caller (`base` is the caller's import.meta.url).
 * Works from the built package (without the loaders that the main thread may have) and from TypeScript sources (through
 * tsx, which takes seconds over a package with WebAssembly in it: `packages` names, as URLs, those that are loaded
 * before it). `transferList`: ports in `workerData`, which become the thread's.
 * @throws LimitError where no more threads may be started
 */
export function startWorker(
  base: string,
  name: string,
  workerData?: unknown,
  packages: readonly string[] = [],
  transferList: readonly MessagePort[] = [],
): Worker {
  const options = { workerData, execArgv: [], transferList: [...transferList] };
  if (!base.endsWith(".ts")) return start(new URL(`./${name}.js`, base), options);
  // Node 20 reads no TypeScript and `--import tsx` does not reach a worker's first file: the hook comes first here.
  const tsx = pathToFileURL(createRequire(base).resolve("tsx/package.json"));
  const hook = new URL("./dist/esm/api/index.mjs", tsx).href;
  const file = new URL(`./${name}.ts`, base).href;
  const load = (url: string) => `import(${JSON.stringify(url)})`;
  const code = `Promise.all([${packages.map(load).join()}]).then(() => ${load(hook)}).then((m) => { m.register(); return ${load(file)}; });`;
  return start(code, { ...options, eval: true });
}

/** Starts a worker thread from code of CommonJS that needs nothing of ours. @throws LimitError as {@link startWorker} */
export function startCode(code: string, workerData?: unknown): Worker {
  return start(code, { eval: true, execArgv: [], workerData });
}

function start(code: string | URL, options: WorkerOptions): Worker {
  try {
    return new Worker(code, options);
  } catch (cause) {
    throw notStarted(cause as NodeJS.ErrnoException);
  }
}

const TOO_MANY = new Set(["EAGAIN", "ENOMEM", "ERR_WORKER_INIT_FAILED"]);

/** Why a thread or process of ours could not be started. */
export function notStarted(cause: NodeJS.ErrnoException): Error {
  if (TOO_MANY.has(cause.code ?? "")) return tooMany(cause);
  return new Error(`a process cannot be started: ${cause.message}`, { cause });
}

/** What is said where no more processes or threads can be started. */
export function tooMany(cause?: unknown): LimitError {
  return new LimitError(
    "no more processes or threads can be started here (`ulimit -u`, --pids-limit of a container, or memory); raise that limit, or use fewer --workers",
    { cause },
  );
}

/** Number of the file whose end says to a process of {@link startProcess} that the thread that started it is gone. */
export const LIFELINE = 4;

/**
 * Starts a process from the module `name` beside the caller, with a channel for messages (typed arrays included); what
 * it writes to standard output is piped, and {@link LIFELINE} ends with this thread. It is not ended by Ctrl-C. From the
 * built package and from TypeScript sources, as {@link startWorker}. Where it cannot be started, it says so as `error`.
 */
export function startProcess(base: string, name: string): ChildProcess {
  const source = base.endsWith(".ts");
  const execArgv = source ? ["--import", pathToFileURL(createRequire(base).resolve("tsx")).href] : [];
  return fork(fileURLToPath(new URL(`./${name}.${source ? "ts" : "js"}`, base)), [], {
    execArgv,
    serialization: "advanced",
    detached: process.platform !== "win32",
    stdio: ["ignore", "pipe", "ignore", "ipc", "pipe"],
  });
}
