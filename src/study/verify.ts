import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CheckOptions } from "../cells/checked.ts";
import { type Verification, verifyStore } from "../cells/verify.ts";
import { DataError } from "../errors.ts";

/** What can be verified, told apart by a file that it has in any case. */
const KINDS: readonly {
  readonly mark: string;
  readonly verify: (path: string, options: CheckOptions) => Promise<Verification>;
}[] = [{ mark: "cells.json", verify: verifyStore }];

/**
 * Reads every file of a folder that cellswap made and holds it to what was noted when it was written. Nothing is
 * changed.
 * @throws DataError for a folder that holds nothing of the kind; InterruptedError after `signal`
 */
export function verify(path: string, options: CheckOptions = {}): Promise<Verification> {
  const kind = KINDS.find(({ mark }) => existsSync(join(path, mark)));
  if (kind === undefined)
    throw new DataError(
      `${existsSync(path) ? "holds nothing that can be verified" : "is not there"}; give a folder with ${KINDS.map(({ mark }) => mark).join(" or ")}`,
      { path },
    );
  return kind.verify(path, options);
}
