import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CheckOptions } from "../cells/checked.ts";
import { type Verification, verifyStore } from "../cells/verify.ts";
import { DataError } from "../errors.ts";
import { EXPORT_RECORD } from "./composites/record.ts";
import { verifyExport } from "./composites/verify.ts";
import { isStudyLike } from "./record.ts";
import { verifyStudy } from "./verify-study.ts";

/** What can be verified, told apart by a file that it has in any case, or by what is left where that is missing. */
const KINDS: readonly {
  readonly mark: string;
  readonly isLike?: (path: string) => boolean;
  readonly verify: (path: string, options: CheckOptions) => Promise<Verification>;
}[] = [
  { mark: "cells.json", verify: verifyStore },
  { mark: "record.json", isLike: isStudyLike, verify: verifyStudy },
  { mark: EXPORT_RECORD, verify: verifyExport },
];

/**
 * Reads every file of a folder that cellswap made and holds it to what was noted when it was written. Nothing is
 * changed.
 * @throws DataError for a folder that holds nothing of the kind; InterruptedError after `signal`
 */
export function verify(path: string, options: CheckOptions = {}): Promise<Verification> {
  const kind = KINDS.find(({ mark, isLike }) => existsSync(join(path, mark)) || isLike?.(path) === true);
  if (kind === undefined)
    throw new DataError(
      `${existsSync(path) ? "holds nothing that can be verified" : "is not there"}; give a folder with ${KINDS.map(({ mark }) => mark).join(" or ")}`,
      { path },
    );
  return kind.verify(path, options);
}
