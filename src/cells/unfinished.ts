import { existsSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DataError, isCellswapError } from "../errors.ts";
import { makeFolder, refuseLink, unmakeFolder, writeError, writeFileAtomic } from "../files/atomic.ts";
import { type Lock, takeLock } from "../files/lock.ts";
import { MarkedRows } from "../files/marked-rows.ts";
import { npyHeader } from "../files/npy.ts";
import type { CropShape } from "../types.ts";
import {
  bytesOfCrop,
  CROP_BYTES,
  CROP_TYPES,
  type CropType,
  type CropValues,
  convertCrop,
  emptyCrop,
  widerType,
} from "./crop-type.ts";
import type { CellPixels } from "./importer.ts";
import type { StoreRows } from "./writer.ts";

/** What tells an unfinished import from a folder of somebody else, and one import from another. */
const STATE = "import.json";
/** Everything that an unfinished import leaves. */
const OWN = /^(import\.json|run\.lock|(crops|masks|wider)\.sums\.npy|store)($|\.)/;

interface State {
  readonly format: "cellswap-import";
  readonly key: string | null;
  readonly height: number;
  readonly width: number;
  readonly type: CropType;
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
  #type: CropType = "uint8";
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

  /** Type of all crops that are there: the smallest that holds them. */
  get type(): CropType {
    return this.#type;
  }

  /** Pixels of a cell that is there. */
  read(cell: number): CellPixels {
    const { height, width } = this.#shape!;
    const mask = this.#masks === undefined ? null : new Uint8Array(height * width);
    if (mask !== null) this.#masks?.read(cell, mask);
    return { height, width, crop: this.readCrop(cell), mask, half: this.#type === "float16" };
  }

  /** Values of a cell that is there, in the {@link type} of all. */
  readCrop(cell: number): CropValues {
    const { height, width } = this.#shape!;
    const crop = emptyCrop(this.#type, this.#planes * height * width);
    this.#crops!.read(cell, bytesOfCrop(crop));
    return crop;
  }

  /** Begins anew where nothing was taken up; `type` is that of the first crop. */
  begin({ height, width }: Pick<CropShape, "height" | "width">, type: CropType): void {
    if (this.#crops !== undefined) return;
    try {
      if (this.#lock === undefined) {
        this.#made = makeFolder(this.path);
        this.#lock = takeLock(this.path);
      }
      const state: State = { format: "cellswap-import", key: this.#key, height, width, type };
      this.#keepState(state);
      this.#open(state);
    } catch (cause) {
      this.abandon();
      throw writeError(this.#out, isCellswapError(cause) && cause.cause !== undefined ? cause.cause : cause);
    }
  }

  append(crop: CropValues, mask: Uint8Array | null, type: CropType): void {
    const cell = this.#rows++;
    if (this.has(cell)) return;
    const wider = widerType(this.#type, type);
    if (wider !== this.#type) this.#widen(wider);
    this.#crops!.write(cell, bytesOfCrop(convertCrop(crop, type, this.#type)));
    if (mask !== null) this.#masks?.write(cell, mask);
  }

  /** Appends crops in the {@link type} of all, and their masks, one behind the other. */
  appendAll(crops: Uint8Array, masks: Uint8Array | null): void {
    const { height, width } = this.#shape!;
    const bytes = CROP_BYTES[this.#type] * this.#planes * height * width;
    const count = crops.length / bytes;
    const pixels = height * width;
    // Runs of cells that are not there already.
    for (let from = 0, to = 0; from < count; from = to + 1) {
      for (to = from; to < count && !this.has(this.#rows + to); to++);
      if (to === from) continue;
      this.#crops!.write(this.#rows + from, crops.subarray(from * bytes, to * bytes));
      if (masks !== null) this.#masks?.write(this.#rows + from, masks.subarray(from * pixels, to * pixels));
    }
    this.#rows += count;
  }

  /**
   * Brings all crops that are there to another type. Cut off at any moment, this leaves crops of the one type or of the
   * other, or such as fit neither and are read again.
   */
  #widen(type: CropType): void {
    const [before, after] = [this.#crops!, this.#openCrops("wider", type)];
    before.made().forEach((made, cell) => {
      if (made === 1) after.write(cell, bytesOfCrop(convertCrop(this.readCrop(cell), this.#type, type)));
    });
    before.close();
    after.close();
    for (const name of ["sums.npy", "npy"]) {
      const place = (of: string) => join(name === "npy" ? this.folder : this.path, `${of}.${name}`);
      renameSync(place("wider"), place("crops"));
    }
    this.#keepState({ format: "cellswap-import", key: this.#key, ...this.#shape!, type });
    this.#type = type;
    this.#crops = this.#openCrops("crops", type);
  }

  #keepState(state: State): void {
    writeFileAtomic(join(this.path, STATE), `${JSON.stringify(state)}\n`);
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

  #open({ height, width, type }: State): void {
    this.#shape = { height, width };
    this.#type = type;
    for (const file of [join(this.folder, "wider.npy"), join(this.path, "wider.sums.npy")])
      rmSync(file, { force: true });
    this.#crops = this.#openCrops("crops", type);
    const masks = npyHeader("uint8", [this.#count, height, width]);
    if (this.#masked) this.#masks = this.#openRows("masks", masks, height * width);
    this.#taken = this.#crops.verify();
    const made = this.#masks?.verify();
    if (made !== undefined) this.#taken = this.#taken.map((crop, cell) => crop & made[cell]);
  }

  #openCrops(name: string, type: CropType): MarkedRows {
    const { height, width } = this.#shape!;
    const header = npyHeader(type, [this.#count, this.#planes, height, width]);
    return this.#openRows(name, header, CROP_BYTES[type] * this.#planes * height * width);
  }

  #openRows(name: string, header: Uint8Array, rowBytes: number): MarkedRows {
    const path = join(this.folder, `${name}.npy`);
    const sums = join(this.path, `${name}.sums.npy`);
    return new MarkedRows({ path, filling: path, sums, header, rows: this.#count, rowBytes });
  }

  #state(): State | undefined {
    try {
      const state = JSON.parse(readFileSync(join(this.path, STATE), "utf8")) as State;
      const whole = (n: unknown) => Number.isInteger(n) && (n as number) > 0 && (n as number) <= 8192;
      return state.format === "cellswap-import" &&
        whole(state.height) &&
        whole(state.width) &&
        CROP_TYPES.includes(state.type)
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
