import { checkSame, type GivenFile, hashGiven } from "../files/state.ts";
import type { Study } from "./schema.ts";

/** Files that a study names besides its cells and encoders, hashed before they are read. */
export class StudyInputs {
  readonly #files: ReadonlyMap<"plan" | "cellList", GivenFile>;

  /** @throws DataError for one that cannot be read */
  constructor({ plan, cellList }: Pick<Study, "plan" | "cellList">) {
    const files = new Map<"plan" | "cellList", GivenFile>();
    if (cellList !== undefined) files.set("cellList", hashGiven(cellList));
    if (plan !== undefined) files.set("plan", hashGiven(plan));
    this.#files = files;
  }

  /** @throws DataError naming a file that is not any more what was hashed */
  check(): void {
    for (const file of this.#files.values()) checkSame(file);
  }

  /** SHA-256 of each, by its key in the study file. */
  hashes(): { readonly plan?: string; readonly cellList?: string } {
    return Object.fromEntries([...this.#files].map(([key, { sha256 }]) => [key, sha256]));
  }
}
