import type { Derived } from "../swap/derived.ts";
import type { ExtractRequest } from "./extract.ts";
import { derivedKey, type FeatureInputs, scalesHash, withError } from "./key.ts";

/** What the features of a request depend on, whatever the setting and the encoder, crops of composites aside. */
export function inputsOf({
  store,
  plan,
  scales,
  composite,
  error = null,
}: Pick<ExtractRequest, "store" | "plan" | "scales" | "composite" | "error">): FeatureInputs {
  return {
    header: error === null ? store.header : withError(store.header, error),
    scales: scalesHash(scales),
    composite,
    medium: plan.medium?.key,
  };
}

/** The same with crops of composites, where the request has some. */
export function featureInputs({
  derived,
  ...request
}: Pick<ExtractRequest, "store" | "plan" | "scales" | "composite" | "error"> & {
  readonly derived?: Derived | undefined;
}): FeatureInputs {
  const inputs = inputsOf(request);
  return derived === undefined ? inputs : { ...inputs, derived: derivedKey(inputs, derived) };
}
