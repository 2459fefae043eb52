import { useEffect, useState } from "react";
import { type Range, rangesOf } from "../../../src/explore/look.ts";
import type { Subject } from "../../../src/explore/subject.ts";
import type { CropReader } from "../../data/crops.ts";
import type { Everything } from "../../data/rows.ts";
import { settingOf } from "../../data/study.ts";
import { CropPicture } from "../../parts/crop-picture.tsx";
import { go } from "../../state.ts";

interface Props {
  readonly of: Everything;
  readonly subject: Subject;
  readonly crops: CropReader;
}

/** The cells whose crops lend the backgrounds that are shown. */
export function Donors({ of, subject, crops }: Props) {
  const { composites, cells, classes } = of;
  const settings = new Map<number, string[]>();
  for (const row of subject.rows) {
    const donor = composites.donor[row];
    if (donor < 0 || donor === subject.cell) continue;
    settings.set(donor, [...(settings.get(donor) ?? []), settingOf(composites.setting[row])]);
  }
  if (settings.size === 0) return null;
  return (
    <section>
      <h3>Donors</h3>
      <ul className="donors">
        {[...settings].map(([donor, used]) => (
          <li key={donor}>
            <button
              type="button"
              aria-label={`Look at donor ${cells.id[donor]}`}
              onClick={() => go({ cell: cells.id[donor], on: null })}
            >
              <Crop cell={donor} crops={crops} />
            </button>
            <p>
              <strong>{cells.id[donor]}</strong>
              <br />
              {classes[cells.class[donor]] ?? "no class"}, field {cells.field[donor]}
              <br />
              <span className="soft">
                lends to {used.join(" and ")}; shown as imaged, in its own contrast; lends to{" "}
                {cells.lends[donor].toLocaleString("en")} in all
              </span>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A crop as imaged, between its own percentiles. */
function Crop({ cell, crops }: { cell: number; crops: CropReader }) {
  const { about } = crops;
  const [read, setRead] = useState<{ pixels: Float32Array; ranges: Range[] } | string | null>(null);
  useEffect(() => {
    let wanted = true;
    setRead(null);
    crops.crop(cell).then(
      ({ pixels }) => wanted && setRead({ pixels, ranges: rangesOf(pixels, about.crops.channels.length) }),
      (error: Error) => wanted && setRead(error.message),
    );
    return () => {
      wanted = false;
    };
  }, [crops, cell, about]);
  const side = 96;
  if (read === null || typeof read === "string")
    return (
      <span className="empty" style={{ width: side, height: side }}>
        {read}
      </span>
    );
  return <CropPicture {...read} about={about} label="" zoom={side / about.crops.width} />;
}
