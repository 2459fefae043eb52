import type { Everything } from "../../data/rows.ts";
import { go, useStudy } from "../../state.ts";

/** What is known of a cell. */
export function Facts({ of, cell }: { of: Everything; cell: number }) {
  const { study } = useStudy();
  const { cells, classes } = of;
  const { groups } = study.about;
  const { height, width, micrometers, masks } = study.about.crops;
  const pixels = height * width;
  const own = cells.cellArea[cell];
  const around = cells.neighborArea[cell];
  const micro = (area: number) =>
    micrometers === null ? "" : `, ${(area * micrometers ** 2).toFixed(1)} µm²`;
  const verdict = cells.verdict[cell];
  const facts: [string, React.ReactNode][] = [
    ["Class", classes[cells.class[cell]] ?? "none"],
    ["Protein", cells.protein[cell]],
    [
      "Field",
      <button
        key="field"
        type="button"
        className="link"
        title="Show this field only"
        onClick={() => go({ field: cells.field[cell] })}
      >
        {cells.field[cell]}
      </button>,
    ],
    ["Mask", masks === "none" ? "none" : (verdict?.replaceAll(";", ", ") ?? "not judged")],
    ["Cell", Number.isNaN(own) ? null : `${own.toLocaleString("en")} px${micro(own)}`],
    [
      "Neighbors",
      Number.isNaN(around)
        ? masks === "full"
          ? null
          : "the masks do not know them"
        : `${((100 * around) / pixels).toFixed(1)} % of the crop (${around.toLocaleString("en")} px)`,
    ],
    [
      "Lends",
      `its surroundings to ${cells.lends[cell].toLocaleString("en")} ${cells.lends[cell] === 1 ? "composite" : "composites"}`,
    ],
    [
      "Group",
      groups.count === 0
        ? null
        : cells.group[cell] < 0
          ? "none: no probe judges it"
          : `${cells.group[cell] + 1} of ${groups.count}: judged by the probe trained on the others`,
    ],
  ];
  return (
    <section>
      <h3>The cell</h3>
      <dl className="facts">
        {facts
          .filter(([, value]) => value !== null)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}
