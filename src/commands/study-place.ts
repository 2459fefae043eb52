import { existsSync, statSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { StudyError } from "../errors.ts";
import { isStudyLike } from "../study/record.ts";

/**
 * The file and the folder of a study, of which people name either: of the folder `demo/study` or `demo/study.study` the
 * file is `demo/study.json`, of a file the folder is NAME.study in the working directory.
 * @param folder study folder, where it is another
 * @throws StudyError for a study folder with no such file beside it
 */
export function placeOfStudy(path: string, folder?: string): { file: string; folder: string } {
  if (!isStudyLike(path)) {
    const usual = `${basename(path).replace(/\.json$/, "")}.study`;
    return { file: path, folder: resolve(folder ?? usual) };
  }
  const file = relative(process.cwd(), `${resolve(path).replace(/\.study$/, "")}.json`);
  if (!existsSync(file))
    throw new StudyError(
      `is a study folder, and ${file} is not there; give its study file, and the folder as --out (of \`export\`: --folder)`,
      { path },
    );
  return { file, folder: resolve(folder ?? path) };
}

/** Study folder that a path names: itself, or that of a study file, which the demo has beside it. */
export function folderOfStudy(path: string): string {
  if (!existsSync(path) || statSync(path).isDirectory()) return path;
  const beside = path.replace(/\.json$/, "");
  return isStudyLike(beside) ? beside : placeOfStudy(path).folder;
}
