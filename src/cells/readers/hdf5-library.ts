import { openSync } from "node:fs";
import { devNull } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type * as H5Wasm from "h5wasm/node";
import { LateError, withinTime } from "../../files/clock.ts";

/** What the library is made of, once it is loaded. */
export type H5Module = Awaited<typeof H5Wasm.ready>;

export interface Hdf5Library {
  readonly h5: typeof H5Wasm;
  readonly module: H5Module;
}

/** Most bytes that the library has in all, for whatever a file makes it do. */
const MOST_MEMORY = 2 ** 28;
/** Functions of the library that read from a file. */
const READING = /^(open|close_file|(get|reclaim|refresh|create_object)_\w+)$/;

let loaded: Promise<Hdf5Library> | undefined;
let times = 0;

/**
 * The library, with the filters that HDF5 has not built in: LZF (h5py), Zstandard, Blosc, LZ4, bzip2, bitshuffle. It
 * prints nothing, has bounded memory, and each of its calls has a time. One that was stopped or broke down is not used
 * again: what it had open is lost, and the next caller gets a new one.
 */
export function loadHdf5(): Promise<Hdf5Library> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Hdf5Library> {
  const { error } = console;
  const { instantiate } = wasm;
  // The library keeps the printer that it meets while it is loaded; its failures are thrown and said in one line.
  console.error = () => {};
  wasm.instantiate = async (...given) => {
    const made = await instantiate(...given);
    boundMemory(made.instance?.exports.memory);
    return made;
  };
  try {
    const again = times++;
    const h5: typeof H5Wasm = await (again === 0
      ? import("h5wasm/node")
      : import(`${import.meta.resolve("h5wasm/node")}?${again}`));
    const module = await h5.ready;
    module.activate_throwing_error_handler();
    const entry = fileURLToPath(import.meta.resolve("h5wasm-plugins"));
    module.insert_plugin_search_path(join(dirname(entry), "plugins"), 0);
    silence(module);
    watch(module);
    return { h5, module };
  } finally {
    console.error = error;
    wasm.instantiate = instantiate;
  }
}

/** Memory of WebAssembly, as far as it is used here. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

interface Instantiated {
  readonly instance?: { readonly exports: { readonly memory?: Memory } };
}

const wasm = (globalThis as unknown as { WebAssembly: object }).WebAssembly as {
  instantiate(...given: unknown[]): Promise<Instantiated>;
  readonly RuntimeError: typeof Error;
};

/** Keeps the library within {@link MOST_MEMORY}: what asks for more gets none, and the library says that it failed. */
function boundMemory(memory: Memory | undefined): void {
  if (memory === undefined) return;
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    if (memory.buffer.byteLength + pages * 2 ** 16 > MOST_MEMORY) throw new RangeError("too much memory");
    return grow(pages);
  };
}

let nowhere: number | undefined;

/** Drops what the library itself writes to standard output and standard error. */
function silence(module: H5Module): void {
  nowhere ??= openSync(devNull, "w");
  const files = module.FS as unknown as { getStream(file: number): { nfd: number } };
  for (const file of [1, 2]) files.getStream(file).nfd = nowhere;
}

/** Gives every call that reads a time; after one that is late or breaks down, all others fail. */
function watch(module: H5Module): void {
  const calls = module as unknown as Record<string, (...given: unknown[]) => unknown>;
  const names = Object.keys(module).filter((name) => READING.test(name));
  for (const name of names) {
    const call = calls[name];
    calls[name] = (...given) => {
      try {
        return withinTime(() => call(...given));
      } catch (cause) {
        if (cause instanceof LateError || cause instanceof wasm.RuntimeError) retire(cause);
        throw cause;
      }
    };
  }
  const retire = (cause: Error) => {
    loaded = undefined;
    for (const name of names)
      calls[name] = () => {
        throw cause;
      };
  };
}
