import { use, useContext, useMemo } from "react";
import {
  type ComparedPair,
  type ComparedSide,
  formatSide,
  othersOf,
  pairOf,
  parseSide,
} from "../../src/explore/compare.ts";
import { comparison } from "../data/comparison.ts";
import { Choice } from "../parts/choice.tsx";
import { Guarded } from "../parts/guarded.tsx";
import { go, StudiesContext, useStudy, useView } from "../state.ts";
import "../style/compare.css";
import { Differences } from "./compare/differences.tsx";
import { Flips } from "./compare/flips.tsx";
import { Margins } from "./compare/margins.tsx";

/** Two encoders on the same composites. */
export function CompareTab() {
  const studies = useContext(StudiesContext);
  const { study, encoder } = useStudy();
  const { against } = useView();
  const all = use(comparison());
  const first = useMemo(() => ({ study: studies.indexOf(study), encoder }), [studies, study, encoder]);
  const others = useMemo(() => othersOf(all, first), [all, first]);
  const asked = parseSide(against);
  const known = others.find((o) => o.study === asked?.study && o.encoder === asked.encoder);
  const second = known ?? others.find((o) => pairOf(all, first, o)?.refused === null) ?? others[0];
  const pair = useMemo(
    () => (second === undefined ? null : pairOf(all, first, second)),
    [all, first, second],
  );
  if (second === undefined || pair === null)
    return (
      <p className="hint">
        There is nothing to compare {encoder} with: outputs of encoders are compared, not remedied ones. Give
        the explorer another study of the same cells: <code>cellswap view STUDY OTHER</code>.
      </p>
    );
  const named = (side: ComparedSide) =>
    studies.length > 1
      ? `${side.encoder} (${side.study + 1}: ${studies[side.study].about.title})`
      : side.encoder;
  return (
    <div className="compare">
      <div className="above">
        <span>
          First: <strong>{named(first)}</strong>, as chosen among the filters
        </span>
        <Choice
          label="Second"
          value={formatSide(second)}
          options={others.map((o) => ({
            value: formatSide(o),
            text: pairOf(all, first, o)?.refused === null ? named(o) : `${named(o)} – cannot be compared`,
          }))}
          onChange={(value) => go({ against: value })}
        />
        <button
          type="button"
          onClick={() => go({ study: second.study, encoder: second.encoder, against: formatSide(first) })}
        >
          Swap sides
        </button>
      </div>
      {pair.refused !== null ? (
        <p role="status">
          These two cannot be compared: {pair.refused}. Differences are paired only where both encoders saw
          the same composites of the same cells, judged in the same closed groups.
        </p>
      ) : (
        <Compared pair={pair} />
      )}
    </div>
  );
}

function Compared({ pair }: { pair: ComparedPair }) {
  const again = `${formatSide(pair.first)} ${formatSide(pair.second)}`;
  return (
    <>
      {pair.leftOut.length === 0 ? null : (
        <p className="read">Only one of the studies has {pair.leftOut.join(", ")}: not compared.</p>
      )}
      <Differences pair={pair} />
      <Guarded what="flips" again={again}>
        <Flips pair={pair} />
      </Guarded>
      <Guarded what="margins" again={again}>
        <Margins pair={pair} />
      </Guarded>
    </>
  );
}
