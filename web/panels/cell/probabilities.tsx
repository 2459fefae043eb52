import { useEffect, useState } from "react";
import { type Bar, barsOf, type Subject } from "../../../src/explore/subject.ts";
import type { Everything } from "../../data/rows.ts";
import { settingOf } from "../../data/study.ts";
import { NotPredicted } from "../../parts/not-predicted.tsx";
import { useStudy } from "../../state.ts";

/** Classes that are drawn for a setting, beside those that are marked. */
const MOST = 3;

/** What the encoder makes of the cell in every setting. */
export function Probabilities({ of, subject }: { of: Everything; subject: Subject }) {
  if (of.predictions === null)
    return (
      <section>
        <h3>Probabilities</h3>
        <NotPredicted />
      </section>
    );
  return (
    <section>
      <h3>Probabilities</h3>
      <p className="key">
        <i className="own" /> own class <i className="lent" /> the background's <i className="other" />{" "}
        others; the class it is called is bold. By the probe that was trained on originals of the other closed
        groups.
      </p>
      <dl className="bars">
        {subject.rows.map((row) => (
          <InSetting key={row} row={row} of={of} />
        ))}
      </dl>
    </section>
  );
}

function InSetting({ row, of }: { row: number; of: Everything }) {
  const { study, encoder } = useStudy();
  const [all, setAll] = useState<{ row: number; values: Float32Array | null }>({ row: -1, values: null });
  useEffect(() => {
    let wanted = true;
    study.probabilities(encoder, row).then(
      (values) => wanted && setAll({ row, values }),
      // The marked classes are known all the same.
      () => {},
    );
    return () => {
      wanted = false;
    };
  }, [study, encoder, row]);
  const { composites, cells, classes } = of;
  const p = of.predictions!;
  const bars = barsOf(
    {
      own: cells.class[composites.cell[row]],
      background: composites.background[row],
      called: p.prediction[row],
      probability: { own: p.own[row], lent: p.lent[row], called: p.probability[row] },
      all: all.row === row ? all.values : null,
    },
    MOST,
  );
  return (
    <>
      <dt>{settingOf(composites.setting[row])}</dt>
      <dd>
        {p.prediction[row] < 0 ? (
          <span className="soft">not predicted</span>
        ) : (
          bars.map((bar) => <Drawn key={bar.of} bar={bar} name={classes[bar.of]} />)
        )}
      </dd>
    </>
  );
}

function Drawn({ bar, name }: { bar: Bar; name: string }) {
  const mark = bar.own ? "own" : bar.lent ? "lent" : "other";
  const says = [
    bar.own ? "own class" : "",
    bar.lent ? "the background's class" : "",
    bar.called ? "called" : "",
  ];
  return (
    <div
      className={`bar ${mark}${bar.called ? " called" : ""}`}
      title={says.filter((s) => s !== "").join(", ")}
    >
      <span className="name">
        {name}
        {bar.own ? <small> own</small> : bar.lent ? <small> background</small> : null}
      </span>
      <span className="track">
        <span style={{ width: `${100 * bar.probability}%` }} />
      </span>
      <span className="value">{bar.probability.toFixed(2)}</span>
    </div>
  );
}
