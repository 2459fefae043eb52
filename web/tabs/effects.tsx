import { use } from "react";
import { useStudy } from "../state.ts";

const points = (value: number) => (100 * value).toFixed(1).replace("-", "−");

/** What the surroundings do to accuracy, encoder by encoder. */
export function EffectsTab() {
  const { study } = useStudy();
  const report = use(study.report);
  const shown = report.estimates.filter((e) => e.class === null && e.kind === "difference");
  return (
    <>
      {report.answers.map((a) => (
        <p key={a.encoder}>
          <strong>{a.encoder}</strong> <span className={`badge ${a.badge}`}>{a.badge}</span> {a.sentence}
        </p>
      ))}
      <table>
        <thead>
          <tr>
            <th scope="col">Encoder</th>
            <th scope="col">Effect</th>
            <th scope="col">Points</th>
            <th scope="col">Interval</th>
            <th scope="col">Cells per class</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((e) => (
            <tr key={`${e.encoder} ${e.of}`}>
              <td>{e.encoder}</td>
              <td>{e.of}</td>
              <td>{points(e.value)}</td>
              <td>{e.low === null || e.high === null ? e.why : `${points(e.low)} to ${points(e.high)}`}</td>
              <td>{e.cells}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
