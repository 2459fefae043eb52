import { DataError } from "../../errors.ts";
import { type Bundle, type BundleVariable, readVariable } from "./bundle.ts";

/** The variables of one layer of DeepLoc. */
export interface LayerVariables {
  readonly kernel: BundleVariable;
  readonly bias: BundleVariable;
  readonly gamma: BundleVariable;
  readonly beta: BundleVariable;
  readonly mean: BundleVariable;
  readonly variance: BundleVariable;
}

/** Parts of names that optimizers and averages add to a variable's own. */
const NOT_WEIGHTS =
  /^(Adam|Momentum|RMSProp|Adagrad|Adadelta|Ftrl|Nesterov)(_\d+)?$|^(biased|local_step|beta[12]_power)$/;

/**
 * Finds the variables of layer `scope` (`conv_1`, `fc_1`, `final_layer`) whatever their TensorFlow version called them:
 * by the scope in the name, the shape, and a hint in the last parts of the name; the two averages that remain without
 * a usable hint are told apart by their order (`Squeeze`, `Squeeze_1`) or, failing that, by their values (a variance
 * is never negative). What was matched is appended to `matched`.
 * @throws DataError listing the candidates where one is missing or several fit.
 */
export function matchDeepLoc(
  bundle: Bundle,
  scope: string,
  conv: boolean,
  matched: [what: string, variable: string][],
): LayerVariables {
  const own = ofOneNetwork(
    bundle.variables.filter(
      (v) => scopeOf(v.name) === scope && !v.name.split("/").some((p) => NOT_WEIGHTS.test(p)),
    ),
    scope,
  );
  const path = `${bundle.prefix}.index`;
  const one = (what: string, found: BundleVariable[]): BundleVariable => {
    if (found.length === 1) return found[0];
    const names = found.length === 0 ? own : found;
    throw new DataError(
      `has ${found.length === 0 ? "no" : `${found.length} candidates for the`} ${what} of ${scope} (${found.length === 0 ? "variables there" : "they are"}: ${names.map((v) => v.name).join(", ") || "none"}); DeepLoc's checkpoint has one`,
      { path },
    );
  };
  const kernel = one(
    "weights",
    own.filter((v) => v.shape.length === (conv ? 4 : 2)),
  );
  const width = kernel.shape[kernel.shape.length - 1];
  const vectors = own.filter((v) => v.shape.length === 1 && v.shape[0] === width);
  const named = (pattern: RegExp) => vectors.filter((v) => v.name.split("/").some((p) => pattern.test(p)));
  const bias = one("biases", named(/^bias(es)?$/));
  const gamma = one("gamma", named(/^gamma$/));
  const beta = one("beta", named(/^beta$/));
  const averages = vectors.filter((v) => ![bias, gamma, beta].includes(v));
  if (averages.length !== 2)
    throw new DataError(
      `has ${averages.length} candidates for the mean and the variance of ${scope} (${averages.map((v) => v.name).join(", ") || "none"}); DeepLoc's checkpoint has one of each`,
      { path },
    );
  const [mean, variance] = tellApart(bundle, averages, path);
  const found = { kernel, bias, gamma, beta, mean, variance };
  for (const [what, variable] of Object.entries(found)) matched.push([`${scope} ${what}`, variable.name]);
  return found;
}

/**
 * Where a checkpoint holds the layer by its own name and within another object (a copy, an average) as well, those of its
 * own name; all of them where there is but one kind.
 */
function ofOneNetwork(found: BundleVariable[], scope: string): BundleVariable[] {
  const exact = found.filter((v) => scopeOf(v.name.split("/")[0]) === scope);
  return exact.length > 0 ? exact : found;
}

/** The layer that a name belongs to: its first part that is a layer's name, with or without `_batch_norm`. */
function scopeOf(name: string): string | undefined {
  for (const part of name.split("/")) {
    const found = /^(conv_[1-8]|fc_[12]|final_layer)(_batch_norm)?$/.exec(part);
    if (found !== null) return found[1];
  }
  return undefined;
}

function tellApart(bundle: Bundle, averages: BundleVariable[], path: string): BundleVariable[] {
  const own = averages.map((v) => v.name.split("/").filter((p) => p !== "ExponentialMovingAverage"));
  const hint = (pattern: RegExp) => own.map((parts) => pattern.test(parts[parts.length - 1]));
  const [isMean, isVariance] = [hint(/mean/i), hint(/var(?!iable)/i)];
  for (const [m, v] of [
    [0, 1],
    [1, 0],
  ])
    if ((isMean[m] || isVariance[v]) && !isMean[v] && !isVariance[m]) return [averages[m], averages[v]];
  const [first, second] = own.map((parts) => /^(.*?)(?:_(\d+))?$/.exec(parts.join("/"))!);
  if (first[1] === second[1] && first[2] !== second[2])
    return Number(first[2] ?? 0) < Number(second[2] ?? 0) ? averages : averages.toReversed();
  const negative = averages.map((v) => readVariable(bundle, v).some((x) => x < 0));
  if (negative[0] !== negative[1]) return negative[0] ? averages : averages.toReversed();
  throw new DataError(
    `does not say which of ${averages.map((v) => v.name).join(" and ")} is the mean and which the variance; rename them (moving_mean, moving_variance) and save it again`,
    { path },
  );
}
