import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sha256 } from "../../src/files/hash.ts";
import type { Operation } from "./harness.ts";

/**
 * What of the operations before a power cut is on the disk: `all` of them; every name, and of files that were not synced
 * zeros (`zeros`) or nothing (`empty`); or only the names in folders that were synced, and the bytes of files that were
 * (`synced`).
 */
export const LOSSES = ["all", "zeros", "empty", "synced"] as const;
export type Loss = (typeof LOSSES)[number];

interface Inode {
  /** What programs see, and what is on the disk: bytes of a file, or names of a folder. */
  seen: Buffer | Map<string, Inode>;
  kept: Buffer | Map<string, Inode>;
}

type Folder = Map<string, Inode>;

/** A disk on which recorded operations are done one by one, and that knows what it would keep without power. */
export class Disk {
  readonly #root: string;
  readonly #top: Inode;
  readonly #files = new Map<number, { inode: Inode; at: number; append: boolean }>();

  /** Holds what is in `template`; the operations were recorded in `root`. */
  constructor(template: string, root: string) {
    this.#root = root;
    this.#top = load(template);
  }

  apply({
    op,
    path = "",
    to = "",
    flags = "",
    file = -1,
    position,
    length,
    data = "",
    result = -1,
  }: Operation) {
    switch (op) {
      case "look": {
        const inode = this.#find(path);
        if (inode !== undefined) this.#files.set(file, { inode, at: 0, append: false });
        break;
      }
      case "open": {
        let inode = this.#find(path);
        if (inode === undefined) {
          inode = { seen: Buffer.alloc(0), kept: Buffer.alloc(0) };
          this.#folder(path).set(nameOf(path), inode);
        } else if (flags.startsWith("w")) inode.seen = Buffer.alloc(0);
        this.#files.set(result, { inode, at: 0, append: flags.startsWith("a") });
        break;
      }
      case "write": {
        const open = this.#files.get(file)!;
        const bytes = Buffer.from(data, "base64").subarray(0, result);
        const old = open.inode.seen as Buffer;
        const at = position ?? (open.append ? old.length : open.at);
        const seen = Buffer.alloc(Math.max(old.length, at + bytes.length));
        seen.set(old);
        seen.set(bytes, at);
        open.inode.seen = seen;
        if (typeof position !== "number") open.at = at + bytes.length;
        break;
      }
      case "truncate": {
        const { inode } = this.#files.get(file)!;
        const seen = Buffer.alloc(length!);
        seen.set((inode.seen as Buffer).subarray(0, length));
        inode.seen = seen;
        break;
      }
      case "sync": {
        const { inode } = this.#files.get(file)!;
        inode.kept = inode.seen instanceof Map ? new Map(inode.seen) : inode.seen;
        break;
      }
      case "mkdir":
        this.#folder(path).set(nameOf(path), { seen: new Map(), kept: new Map() });
        break;
      case "rename":
      case "link": {
        const inode = this.#find(path)!;
        if (op === "rename") this.#folder(path).delete(nameOf(path));
        this.#folder(to).set(nameOf(to), inode);
        break;
      }
      case "unlink":
      case "rmdir":
        this.#folder(path).delete(nameOf(path));
    }
  }

  /** Bytes of every file that would be there after a power cut, by path; null for folders. */
  after(loss: Loss): Map<string, Buffer | null> {
    const found = new Map<string, Buffer | null>();
    const visit = (inode: Inode, path: string) => {
      const names = loss === "synced" ? inode.kept : inode.seen;
      if (names instanceof Map) {
        found.set(path, null);
        for (const [name, inner] of names) visit(inner, join(path, name));
      } else found.set(path, bytesOf(inode, loss));
    };
    visit(this.#top, "");
    return found;
  }

  #find(path: string): Inode | undefined {
    let inode: Inode | undefined = this.#top;
    for (const name of this.#names(path))
      inode = inode === undefined ? undefined : (inode.seen as Folder).get(name);
    return inode;
  }

  #folder(path: string): Folder {
    return this.#find(dirname(path))!.seen as Folder;
  }

  #names(path: string): string[] {
    return path
      .slice(this.#root.length + 1)
      .split("/")
      .filter((name) => name !== "");
  }
}

function bytesOf({ seen, kept }: Inode, loss: Loss): Buffer {
  if (loss === "all" || seen === kept) return seen as Buffer;
  if (loss !== "zeros") return kept as Buffer;
  const bytes = Buffer.alloc(seen instanceof Map ? 0 : seen.length);
  bytes.set((kept as Buffer).subarray(0, bytes.length));
  return bytes;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function load(path: string): Inode {
  if (!lstatSync(path).isDirectory()) {
    const bytes = readFileSync(path);
    return { seen: bytes, kept: bytes };
  }
  const entries = readdirSync(path).map((name) => [name, load(join(path, name))] as const);
  return { seen: new Map(entries), kept: new Map(entries) };
}

/** Writes what {@link Disk.after} found into a folder. */
export function write(state: ReadonlyMap<string, Buffer | null>, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  for (const [path, bytes] of state)
    if (bytes === null) mkdirSync(join(folder, path), { recursive: true });
    else writeFileSync(join(folder, path), bytes);
}

/** One text for a state, so that equal ones are looked at once. */
export function stateKey(state: ReadonlyMap<string, Buffer | null>): string {
  return sha256(
    [...state]
      .map(([path, bytes]) => `${path}\n${bytes === null ? "" : sha256(bytes)}`)
      .sort()
      .join("\n"),
  );
}
