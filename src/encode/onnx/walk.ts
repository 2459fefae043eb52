import { nameOf, type OnnxBody, type OnnxModel, type OnnxNode } from "./model.ts";
import { smallNumbers } from "./tensor.ts";

/** What is known of a tensor before the network is run. */
export interface Known {
  /** Its values, where they are few and constant. */
  readonly values: readonly number[] | null;
  /** Whether its values depend on those of the network's inputs, and not on their shapes alone. */
  readonly pixels: boolean;
}

/** A node where it is run: once in the graph, or once for each call of the function that it is part of. */
export interface Visit {
  readonly node: OnnxNode;
  /** Of its inputs; null for one that is left out. */
  readonly inputs: readonly (Known | null)[];
  /** How often it is run, as far as loops around it say. */
  readonly times: number;
}

/** Nodes at most, each counted for every call of the functions that it is part of. */
export const MOST_NODES = 2 ** 16;

/** Functions that call one another, at most. */
const DEEPEST = 64;

const NOTHING: Known = { values: null, pixels: false };

/** Names and what is known of them, with those around them. */
class Scope {
  readonly #own = new Map<string, Known>();
  readonly #around: Scope | null;

  constructor(around: Scope | null) {
    this.#around = around;
  }
  get(name: string): Known {
    for (let scope: Scope | null = this; scope !== null; scope = scope.#around) {
      const found = scope.#own.get(name);
      if (found !== undefined) return found;
    }
    return NOTHING;
  }
  set(name: string, known: Known): void {
    this.#own.set(name, known);
  }
}

/**
 * Visits the nodes of a model in their order, those of its functions and of the bodies of loops and branches included,
 * with what is known of their inputs. @returns false where functions call each other so often that they make too many of them, or too deep
 */
export function walk(model: OnnxModel, visit: (at: Visit) => void): boolean {
  const scope = new Scope(null);
  for (const { name } of model.graph.inputs) scope.set(name, { values: null, pixels: true });
  return new Walk(model, visit).body(model.graph, scope, 1);
}

class Walk {
  readonly #model: OnnxModel;
  readonly #visit: (at: Visit) => void;
  /** Functions that are being called. */
  readonly #open = new Set<string>();
  #left = MOST_NODES;

  constructor(model: OnnxModel, visit: (at: Visit) => void) {
    this.#model = model;
    this.#visit = visit;
  }

  body({ weights, nodes }: OnnxBody, scope: Scope, times: number): boolean {
    for (const weight of weights)
      scope.set(weight.name, { values: smallNumbers(weight, this.#model.path), pixels: false });
    return this.#nodes(nodes, scope, times);
  }

  #nodes(nodes: readonly OnnxNode[], scope: Scope, times: number): boolean {
    return nodes.every((node) => this.#left-- > 0 && this.#node(node, scope, times));
  }

  #node(node: OnnxNode, scope: Scope, times: number): boolean {
    const inputs = node.inputs.map((name) => (name === "" ? null : scope.get(name)));
    this.#visit({ node, inputs, times });
    const name = nameOf(node);
    const called = this.#model.functions.get(name);
    if (called !== undefined) {
      if (this.#open.has(name) || this.#open.size === DEEPEST) return false;
      this.#open.add(name);
      const inside = new Scope(null);
      called.inputs.forEach((input, i) => void inside.set(input, inputs[i] ?? NOTHING));
      const done = this.#nodes(called.nodes, inside, times);
      this.#open.delete(name);
      called.outputs.forEach((output, i) => void scope.set(node.outputs[i] ?? "", inside.get(output)));
      return done;
    }
    let pixels = !/^(Shape|Size)$/.test(node.operator) && inputs.some((input) => input?.pixels === true);
    for (const graph of node.graphs) {
      const inside = new Scope(scope);
      // What one turn of a loop gives the next is taken for what all that goes in is.
      const any = pixels || graph.nodes.some((n) => takesPixels(n, scope));
      for (const { name: input } of graph.inputs) inside.set(input, { values: null, pixels: any });
      if (!this.body(graph, inside, times * turns(node, inputs))) return false;
      pixels ||= graph.outputs.some((output) => inside.get(output.name).pixels);
    }
    const values = pixels ? null : valuesOf(node, inputs, this.#model.path);
    node.outputs.forEach((output, i) => void scope.set(output, { values: i === 0 ? values : null, pixels }));
    return true;
  }
}

/** Whether a node of a body takes anything from around it that depends on pixels. */
function takesPixels({ inputs, graphs }: OnnxNode, around: Scope): boolean {
  return (
    inputs.some((name) => around.get(name).pixels) ||
    graphs.some((graph) => graph.nodes.some((node) => takesPixels(node, around)))
  );
}

/** How often a loop says that it is run at most; 1 for what says nothing. */
export function turns({ operator }: OnnxNode, inputs: readonly (Known | null)[]): number {
  return operator === "Loop" ? Math.max(1, inputs[0]?.values?.[0] ?? 1) : 1;
}

const TWO: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
  Max: Math.max,
  Min: Math.min,
};

const SAME = /^(Identity|Cast|Squeeze|Unsqueeze|Reshape|Flatten)$/;

/** Values of the first output of a node that shapes are calculated with; null where they are not known. */
function valuesOf(node: OnnxNode, inputs: readonly (Known | null)[], path: string): readonly number[] | null {
  const { operator, tensors, integers, lists } = node;
  if (operator === "Constant") {
    const tensor = tensors.get("value");
    if (tensor !== undefined) return smallNumbers(tensor, path);
    const one = integers.get("value_int");
    return lists.get("value_ints") ?? (one === undefined ? null : [one]);
  }
  const all = inputs.map((input) => input?.values ?? null);
  const [a, b] = all;
  if (a === null || a === undefined) return null;
  if (SAME.test(operator)) return a;
  if (operator === "Concat")
    return all.every((v) => v !== null) && all.length <= 64 ? all.flat().slice(0, 64) : null;
  if (operator === "ReduceProd") return [a.reduce((x, y) => x * y, 1)];
  if (operator === "ReduceSum") return [a.reduce((x, y) => x + y, 0)];
  if (b === null || b === undefined) return null;
  if (operator === "Gather") return b.map((i) => a[i < 0 ? i + a.length : i] ?? Number.NaN);
  if (!Object.hasOwn(TWO, operator) || (a.length !== b.length && a.length !== 1 && b.length !== 1))
    return null;
  const length = Math.max(a.length, b.length);
  return Array.from({ length }, (_, i) => TWO[operator](a[i % a.length], b[i % b.length]));
}
