import { lstatSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import { DataError } from "../../errors.ts";
import { damaged } from "../../files/protobuf.ts";
import type { OnnxBody, OnnxModel } from "./model.ts";
import type { OnnxTensor } from "./tensor.ts";

/**
 * Files that hold weights of a model, in the order of their names. They lie in the model's folder or below it, and
 * nothing on the way is a symbolic link, so that a model from elsewhere reads nothing else on this machine.
 * @throws DataError naming a file that is not there, not whole or not in the folder
 */
export function weightFiles(model: OnnxModel): string[] {
  const { path } = model;
  const places = [...tensorsOf(model)].flatMap(({ external }) => (external === null ? [] : [external]));
  const files = new Map(
    [...new Set(places.map((p) => p.location))].sort().map((name) => [name, check(path, name)]),
  );
  for (const { location, to, fault } of places) {
    if (fault !== null) throw damaged(path, fault);
    const { size } = files.get(location)!;
    if (to > size)
      throw new DataError(
        `has ${to} bytes of weights in ${location}, which has ${size}; it was cut off or belongs to another model: fetch both again`,
        { path },
      );
  }
  return [...files.values()].map((file) => file.at);
}

/** A file with weights, and its size. */
function check(path: string, location: string): { readonly at: string; readonly size: number } {
  const parts = location.split(/[/\\]/);
  if (parts.some((p) => p === "" || p === "..") || /\p{Cc}/u.test(location) || /^[A-Za-z]:/.test(location))
    throw new DataError(
      `has weights in ${JSON.stringify(location)}, outside its folder; weights are read from files beside the model only: export it again with them there`,
      { path },
    );
  let at = dirname(path);
  let status: Stats | undefined;
  for (const part of parts) {
    at = join(at, part);
    status = lstatSync(at, { throwIfNoEntry: false });
    if (status === undefined)
      throw new DataError(`has weights in ${location}, which is not there; put it beside the model`, {
        path,
      });
    if (status.isSymbolicLink())
      throw new DataError(
        `has weights in ${location}, which is a symbolic link; put the file itself beside the model`,
        { path },
      );
  }
  if (status?.isFile() !== true)
    throw new DataError(`has weights in ${location}, which is not a file; export the model again`, { path });
  return { at, size: status.size };
}

/** All tensors of constants in a model. */
export function* tensorsOf({ graph, functions }: OnnxModel): Generator<OnnxTensor> {
  yield* inBody(graph);
  for (const { nodes } of functions.values()) yield* inNodes(nodes);
}

function* inBody({ weights, nodes }: OnnxBody): Generator<OnnxTensor> {
  yield* weights;
  yield* inNodes(nodes);
}

function* inNodes(nodes: OnnxBody["nodes"]): Generator<OnnxTensor> {
  for (const node of nodes) {
    yield* node.tensors.values();
    for (const graph of node.graphs) yield* inBody(graph);
  }
}
