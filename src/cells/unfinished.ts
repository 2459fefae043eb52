import { existsSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DataError, isCellswapError } from "../errors.ts";
import { makeFolder, refuseLink, unmakeFolder, writeError, writeFileAtomic } from "../files/atomic.ts";
import { type Lock, takeLock } from "../files/lock.ts";
import { MarkedRows } from "../files/marked-rows.ts";
import { npyHeader } from "../files/npy.ts";
import type { CropShape } from "../types.ts";
import type { CellPixels } from "./importer.ts";
import type { StoreRows } from "./writer.ts";

/** What tells an unfinished import from a folder of somebody else, and one import from another. */
const STATE = "import.json";
/** Everything that an unfinished import leaves. */
const OWN = /^(import\.json|run\.lock|(crops|masks)\.sums\.npy|store)($|\.)/;

interface State {
  readonly format: "cellswap-import";
  readonly key: string | null;
  readonly height: number;
  readonly width: number;
}

/**
 * The store that an import is writing: the folder `OUT.unfinished` beside it, which one import has at a time. Cells are
 * kept with a check sum each, so that an import of the same key goes on where one was stopped or killed.
 */
export class UnfinishedStore implements StoreRows {
  /** The folder of all. */
  readonly path: string;
  readonly folder: string;
  readonly #out: string;
  readonly #key: string | null;
  readonly #count: number;
  readonly #planes: number;
  readonly #masked: boolean;
  #lock: Lock | undefined;
  #made: string | undefined;
  #shape: { readonly height: number; readonly width: number } | undefined;
  #crops: MarkedRows | undefined;
  #masks: MarkedRows | undefined;
  #taken: Uint8Array = new Uint8Array();
  #rows = 0;

  /**
   * Looks for what an earlier import of the same key left; anything else that one left is removed.
   * @param key what the pixels of all cells depend on; null: nothing is taken up
   * @param planes channels of a crop
   * @throws InUseError where another import writes to `out`, DataError where something else stands in the way
   */
  constructor(out: string, key: string | null, count: number, planes: number, masked: boolean) {
    this.#out = out;
    this.path = `${existsSync(out) ? realpathSync(out) : resolve(out)}.unfinished`;
    this.folder = join(this.path, "store");
    this.#key = key;
    this.#count = count;
    this.#planes = planes;
    this.#masked = masked;
    refuseLink(this.path);
    if (!existsSync(this.path)) return;
    let names: string[];
    try {
      names = readdirSync(this.path);
    } catch (cause) {
      throw writeError(this.path, cause);
    }
    if (!names.every((name) => OWN.test(name)))
      throw new DataError("is in the way, as cells are kept there until all are imported; rename it", {
        path: this.path,
      });
    this.#lock = takeLock(this.path);
    const state = this.#state();
    if (key === null || state?.key !== key) this.#clear();
    else this.#open(state);
  }

  /** Height and width of the crops, where some are taken up. */
  get shape(): { readonly height: number; readonly width: number } | undefined {
    return this.taken === 0 ? undefined : this.#shape;
  }

  /** Cells that an earlier import left whole. */
  get taken(): number {
    return this.#taken.reduce((n, made) => n + made, 0);
  }

  /** Aborted when another import took the folder over. */
  get lost(): boolean {
    return this.#lock?.lost.aborted === true;
  }

  has(cell: number): boolean {
    return this.#taken[cell] === 1;
  }

  /** Pixels of a cell that was taken up. */
  read(cell: number): CellPixels {
    const { height, width } = this.#shape!;
    const crop = new Float32Array(this.#planes * height * width);
    this.#crops!.read(cell, new Uint8Array(crop.buffer));
    const mask = this.#masks === undefined ? null : new Uint8Array(height * width);
    if (mask !== null) this.#masks?.read(cell, mask);
    return { height, width, crop, mask };
  }

  /** Begins anew where nothing was taken up. */
  begin({ height, width }: Pick<CropShape, "height" | "width">): void {
    if (this.#crops !== undefined) return;
    try {
      if (this.#lock === undefined) {
        this.#made = makeFolder(this.path);
        this.#lock = takeLock(this.path);
      }
      const state: State = { format: "cellswap-import", key: this.#key, height, width };
      writeFileAtomic(join(this.path, STATE), `${JSON.stringify(state)}\n`);
      this.#open(state);
    } catch (cause) {
      this.abandon();
      throw writeError(this.#out, isCellswapError(cause) && cause.cause !== undefined ? cause.cause : cause);
    }
  }

  append(crop: Float32Array, mask: Uint8Array | null): void {
    const cell = this.#rows++;
    if (this.has(cell)) return;
    this.#crops!.write(cell, new Uint8Array(crop.buffer, crop.byteOffset, crop.byteLength));
    if (mask !== null) this.#masks?.write(cell, mask);
  }

  close(): void {
    this.#crops?.finish();
    this.#masks?.finish();
    this.#crops = undefined;
    this.#masks = undefined;
  }

  /** Leaves what is there for the same import to go on with. */
  keep(): void {
    this.#closeFiles();
    this.#lock?.release();
  }

  abandon(): void {
    if (this.lost) return;
    this.#closeFiles();
    this.done();
    unmakeFolder(dirname(this.path), this.#made);
  }

  done(): void {
    if (this.#lock === undefined) return;
    this.#clear();
    this.#lock.release();
    this.#lock = undefined;
    rmSync(this.path, { recursive: true, force: true });
  }

  #open(state: State): void {
    const { height, width } = state;
    const rows = this.#count;
    const open = (name: string, header: Uint8Array, rowBytes: number) => {
      const path = join(this.folder, `${name}.npy`);
      const sums = join(this.path, `${name}.sums.npy`);
      return new MarkedRows({ path, filling: path, sums, header, rows, rowBytes });
    };
    this.#shape = { height, width };
    const size = height * width;
    const crops = npyHeader("float32", [rows, this.#planes, height, width]);
    this.#crops = open("crops", crops, 4 * this.#planes * size);
    if (this.#masked) this.#masks = open("masks", npyHeader("uint8", [rows, height, width]), size);
    this.#taken = this.#crops.verify();
    const masks = this.#masks?.verify();
    if (masks !== undefined) this.#taken = this.#taken.map((made, cell) => made & masks[cell]);
  }

  #state(): State | undefined {
    try {
      const state = JSON.parse(readFileSync(join(this.path, STATE), "utf8")) as State;
      const whole = (n: unknown) => Number.isInteger(n) && (n as number) > 0 && (n as number) <= 8192;
      return state.format === "cellswap-import" && whole(state.height) && whole(state.width)
        ? state
        : undefined;
    } catch {
      return undefined;
    }
  }

  #closeFiles(): void {
    this.#crops?.close();
    this.#masks?.close();
    this.#crops = undefined;
    this.#masks = undefined;
  }

  /** Removes everything but the lock. */
  #clear(): void {
    for (const name of readdirSync(this.path))
      if (!name.startsWith("run.lock")) rmSync(join(this.path, name), { recursive: true, force: true });
  }
}
