import type { Answer } from "../../src/report/data.ts";
import { type Context, colorOf } from "../../src/report/section.ts";
import { gatherFlags } from "../../src/report/section-flags.ts";
import { Marker } from "../parts/legend.tsx";
import { go } from "../state.ts";

/** Told apart by shape and word; color only repeats it. */
const SYMBOLS: Record<Answer["badge"], "circle" | "square" | "triangle" | "times"> = {
  cell: "circle",
  medium: "square",
  neighbors: "triangle",
  undecided: "times",
};

/** What the statistics answer for every encoder. */
export function Answers({ context, chosen }: { context: Context; chosen: string }) {
  const { data } = context;
  return (
    <ul className="answers" aria-label="Answers">
      {context.encoders.map((encoder) => {
        const answer = data.answers.find((a) => a.encoder === encoder);
        const about = data.encoders.find((e) => e.name === encoder);
        return (
          <li key={encoder} aria-current={encoder === chosen ? "true" : undefined}>
            <p>
              <button type="button" className="name" onClick={() => go({ encoder })}>
                <Marker item={{ symbol: "square", color: colorOf(context, encoder) }} /> {encoder}
              </button>{" "}
              {answer === undefined ? null : (
                <span className={`badge ${answer.badge}`}>
                  <Marker item={{ symbol: SYMBOLS[answer.badge], color: "currentColor" }} />{" "}
                  <span className="unseen">answer: </span>
                  {answer.badge}
                </span>
              )}
            </p>
            <p>{answer?.sentence ?? "no answer: the statistics gave none."}</p>
            {answer === undefined || (answer.caveats.length === 0 && answer.published === null) ? null : (
              <details open={encoder === chosen}>
                <summary>What must be known with it</summary>
                <ul>
                  {answer.caveats.map((caveat) => (
                    <li key={caveat}>{caveat}</li>
                  ))}
                  {answer.published === null ? null : <li>{answer.published}</li>}
                </ul>
              </details>
            )}
            {about?.warnings.map((warning) => (
              <p key={warning} className="read">
                {warning}
              </p>
            ))}
          </li>
        );
      })}
    </ul>
  );
}

/** What must be known before a number is believed. */
export function Flags({ context }: { context: Context }) {
  const flags = gatherFlags(context.data.flags);
  return (
    <section aria-labelledby="flags">
      <h2 id="flags">Red flags</h2>
      {flags.length === 0 ? (
        <p>The study records none.</p>
      ) : (
        <ul className="flags">
          {flags.map(({ severity, encoders, text }) => (
            <li key={`${severity} ${text}`} className={severity}>
              <strong>{severity === "warning" ? "▲ Warning" : "● Note"}</strong>
              {encoders.length === 0 ? "" : ` (${encoders.join(", ")})`}: {text}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
