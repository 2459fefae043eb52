/** Columns of a table that say where its objects are. */
export interface CenterColumns {
  readonly x: string;
  readonly y: string;
  /** Column with the object's number in its image. */
  readonly object: string | undefined;
}

/** Objects whose centers are taken where nothing else is said, the first that is there. */
export const OBJECTS = ["Nuclei", "Cells"] as const;

const CENTER = /^(?:Metadata_)?(?:(.+)_)?(Location|AreaShape)_Center_X$/i;

/**
 * Finds the centers in the columns of a table as CellProfiler, DeepProfiler, CytoTable and pycytominer name them:
 * `Location_Center_X` or `AreaShape_Center_X` (and `_Y`), with or without the objects' name before them.
 * @param objects whose centers: `Nuclei`, `Cells`, ...; null: of those named in OBJECTS, the first
 */
export function findCenters(columns: readonly string[], objects: string | null): CenterColumns | null {
  const wanted = objects === null ? [...OBJECTS] : [objects];
  const rank = (name: string) => {
    const [, prefix = "", kind] = CENTER.exec(name) as RegExpExecArray;
    const at = wanted.findIndex((o) => o.toLowerCase() === prefix.toLowerCase());
    const order = at >= 0 ? at : prefix === "" ? wanted.length : wanted.length + 1;
    return 2 * order + (kind.toLowerCase() === "location" ? 0 : 1);
  };
  const found = columns
    .filter(
      (name) =>
        CENTER.test(name) && columns.includes(`${name.slice(0, -1)}${name.endsWith("X") ? "Y" : "y"}`),
    )
    .filter((name) => objects === null || rank(name) < 4)
    .sort((a, b) => rank(a) - rank(b))[0];
  if (found === undefined) return null;
  const prefix = CENTER.exec(found)?.[1];
  const numbers = [
    ...(prefix === undefined ? [] : [`${prefix}_Number_Object_Number`, `ObjectNumber_${prefix}`]),
    "ObjectNumber",
    "Number_Object_Number",
  ].flatMap((name) => [name, `Metadata_${name}`]);
  const object = numbers
    .map((wantedName) => columns.find((name) => name.toLowerCase() === wantedName.toLowerCase()))
    .find((name) => name !== undefined);
  return { x: found, y: `${found.slice(0, -1)}${found.endsWith("X") ? "Y" : "y"}`, object };
}
