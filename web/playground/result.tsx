import { type Judge, type Judged, whyNot } from "./trying.ts";

/** Classes that are shown besides those that matter. */
const MOST = 6;

interface Props {
  readonly by: Judge;
  readonly before: Judged | null;
  readonly after: Judged | null;
  readonly error: Error | null;
  /** Whether `after` is of an older trial than is shown. */
  readonly outdated: boolean;
  /** Class of whom the background is, -1 for none or the cell's own crop. */
  readonly lent: number;
}

const share = (p: number) => (p < 0.005 && p > 0 ? "<0.01" : p.toFixed(2));
const signed = (v: number) => `${v < 0 ? "−" : v > 0 ? "+" : ""}${Math.abs(v).toFixed(2)}`;

/** What the study's probe makes of the trial, beside the cell as imaged. */
export function Result({ by, before, after, error, outdated, lent }: Props) {
  const { study, own, encoder } = by;
  const { classes } = study.about;
  const why = whyNot(by);
  if (why !== null) return <p className="hint">No prediction: {lowered(why)}</p>;
  if (error !== null)
    return (
      <p className="error" role="alert">
        No prediction by {encoder.name}: {error.message}
      </p>
    );
  if (before === null || after === null)
    return (
      <p className="reading" role="status">
        Opening {encoder.name} …
      </p>
    );
  const shown = [...classes.keys()]
    .sort((a, b) => after.probabilities[b] - after.probabilities[a] || a - b)
    .filter((k, rank) => rank < MOST || k === own || k === lent || k === before.called);
  const flipped = after.called !== before.called;
  return (
    <div className="result" aria-busy={outdated}>
      <p aria-live="polite">
        {encoder.name} calls it <strong>{classes[after.called]}</strong> (
        {share(after.probabilities[after.called])});{" "}
        {flipped
          ? `as imaged it is called ${classes[before.called]} (${share(before.probabilities[before.called])}).`
          : `as imaged too (${share(before.probabilities[before.called])}).`}
      </p>
      {own < 0 ? null : (
        <p>
          Margin {signed(after.margin)}, as imaged {signed(before.margin)}: change{" "}
          <strong>{signed(after.margin - before.margin)}</strong>{" "}
          <span className="hint">
            (natural logarithm of the probability of its own class over that of the most probable other)
          </span>
        </p>
      )}
      <table className="odds">
        <caption>
          Probabilities by the study's probe; {shown.length} of {classes.length} classes
        </caption>
        <thead>
          <tr>
            <th scope="col">Class</th>
            <th scope="col">As imaged</th>
            <th scope="col">Tried</th>
            <th scope="col">
              <span className="unseen">Bars</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((k) => (
            <tr key={k} className={k === after.called ? "called" : ""}>
              <th scope="row">
                {classes[k]}
                {k === own ? <span className="tag own">its own</span> : null}
                {k === lent && k !== own ? <span className="tag lent">background's</span> : null}
              </th>
              <td>{share(before.probabilities[k])}</td>
              <td>{share(after.probabilities[k])}</td>
              <td>
                <span className="odds-bar" aria-hidden="true">
                  <i className="before" style={{ width: `${100 * before.probabilities[k]}%` }} />
                  <i
                    className={k === own ? "own" : k === lent ? "lent" : "other"}
                    style={{ width: `${100 * after.probabilities[k]}%` }}
                  />
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const lowered = (text: string) => `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
