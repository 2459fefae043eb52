import type { File, Group } from "h5wasm/node";
import { DataError } from "../../errors.ts";
import { shown } from "./hdf5-storage.ts";

/** Most symbolic links that one name leads over; HDF5's own limit. */
const MOST_LINKS = 16;

/** Names of groups by their places: a file is only read, and a group of many is asked for many. */
const listed = new WeakMap<File, Map<string, ReadonlySet<string>>>();

function namesIn(file: File, group: Group, place: string): ReadonlySet<string> {
  const groups = listed.get(file) ?? new Map<string, ReadonlySet<string>>();
  listed.set(file, groups);
  const names = groups.get(place) ?? new Set(group.keys());
  groups.set(place, names);
  return names;
}

/**
 * Where the object at `way` (names below each other) stands in the file, its path without links; null where there is
 * none. Symbolic links within the file are followed, one after the other, so that the library never meets one that
 * leads out of it.
 * @throws DataError for a link to another file, links that lead back to themselves, and one that leads nowhere
 */
export function resolveLinks(file: File, way: readonly string[]): string | null {
  const { filename: path } = file;
  const left = [...way];
  let place = "";
  let followed = 0;
  while (left.length > 0) {
    const name = left.shift() as string;
    if (name === "" || name === ".") continue;
    const group = file.get(place === "" ? "/" : place) as Group | null;
    const nowhere = () => {
      if (followed === 0) return null;
      throw new DataError(
        `${shown(way.join("/"))} is a link to ${shown(`${place}/${name}`)}, which is not there; write the file again`,
        { path },
      );
    };
    if (group === null || !("keys" in group) || !namesIn(file, group, place).has(name)) return nowhere();
    const at = `${place}/${name}`;
    const external = group.get_external_link(at);
    if (external.filename !== undefined)
      throw new DataError(
        `${shown(way.join("/"))} is a link to another file (${shown(external.filename)}: ${shown(external.obj_path)}), which is not followed; copy what it names into this one`,
        { path },
      );
    const target = group.get_link(at) as string | null;
    if (target === null) {
      place = at;
      continue;
    }
    if (++followed > MOST_LINKS)
      throw new DataError(
        `${shown(way.join("/"))} is a link that leads back to itself (over ${shown(target)}); write the file again`,
        { path },
      );
    left.unshift(...target.split("/"));
    if (target.startsWith("/")) place = "";
  }
  return place === "" ? "/" : place;
}
