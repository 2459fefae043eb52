import { use, useEffect, useState } from "react";
import { type Range, rangesOf } from "../../src/explore/look.ts";
import { type Everything, useEverything } from "../data/rows.ts";
import { settingOf } from "../data/study.ts";
import { CropPicture } from "../parts/crop-picture.tsx";
import { useStudy, useView } from "../state.ts";

/** The cell that is looked at, in all its settings. */
export function CellPanel() {
  const of = useEverything();
  const { cell: id } = useView();
  const { cells, composites, classes } = of;
  const cell = cells.rowOf.get(id!);
  if (cell === undefined) return <p className="error">No cell of this study is called {id}.</p>;
  const rows = composites.rowsOf.subarray(composites.starts[cell], composites.starts[cell + 1]);
  return (
    <>
      <h2>{id}</h2>
      <p>
        {classes[cells.class[cell]] ?? "no class"}, field {cells.field[cell]}
      </p>
      <ul className="settings">
        {Array.from(rows, (row) => (
          <InSetting key={row} row={row} first={rows[0]} of={of} />
        ))}
      </ul>
    </>
  );
}

function InSetting({ row, first, of }: { row: number; first: number; of: Everything }) {
  const { study, encoder } = useStudy();
  const { composites, cells, predictions, classes } = of;
  const crops = use(study.crops);
  const [shown, setShown] = useState<{ pixels: Float32Array; ranges: Range[] } | null>(null);
  const [probabilities, setProbabilities] = useState<Float32Array | null>(null);
  useEffect(() => {
    let wanted = true;
    Promise.all([crops.composite(composites, row), crops.composite(composites, first)]).then(
      ([pixels, original]) => {
        if (wanted) setShown({ pixels, ranges: rangesOf(original, study.about.crops.channels.length) });
      },
      () => {},
    );
    study.probabilities(encoder, row).then(
      (values) => wanted && setProbabilities(values),
      () => {},
    );
    return () => {
      wanted = false;
    };
  }, [crops, composites, row, first, study, encoder]);
  const setting = settingOf(composites.setting[row]);
  const background = classes[composites.background[row]];
  const donor = cells.id[composites.donor[row]];
  const called = predictions === null ? -1 : predictions.prediction[row];
  return (
    <li>
      {shown === null ? null : (
        <CropPicture {...shown} about={study.about} label={`${setting} ${background ?? ""}`} zoom={2} />
      )}
      <span>
        <strong>{setting}</strong>
        {background === undefined ? "" : ` on ${background}`}
        {donor === undefined ? "" : `, donor ${donor}`}
        {called < 0 ? "" : `: called ${classes[called]} (${predictions!.probability[row].toFixed(2)})`}
        {probabilities === null ? "" : `, ${probabilities.length} classes`}
      </span>
    </li>
  );
}
