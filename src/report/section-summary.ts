import type { EffectId } from "../evidence/tables.ts";
import type { Answer } from "./data.ts";
import { csvLink, downloads } from "./download.ts";
import { Html, html } from "./escape.ts";
import { drawMarker } from "./figures/draw.ts";
import { drawStrip, drawStripAxis, stripDomain } from "./figures/strip.ts";
import {
  describeGaps,
  describeRanges,
  formatNumber,
  formatSpread,
  kindOf,
  nameOf,
  numberOf,
  type Shown,
  UNITS,
} from "./numbers.ts";
import { type Context, colorOf, type Section, sampleSize } from "./section.ts";

/** Encoders for which the first page of paper has room; more of them stand in the appendix. */
export const FIRST_PAGE_ENCODERS = 6;

/** Told apart by shape and word; color only repeats it. */
const BADGES: Readonly<Record<Answer["badge"], { symbol: "circle" | "square" | "triangle" | "times" }>> = {
  cell: { symbol: "circle" },
  medium: { symbol: "square" },
  neighbors: { symbol: "triangle" },
  undecided: { symbol: "times" },
};

/** For an encoder, or a study, that the statistics say nothing of. */
export const NO_ANSWER = "no answer: the statistics gave none.";

/** The badge of an answer. */
export function badgeOf(badge: Answer["badge"]): Html {
  const marker = drawMarker({ group: "encoder", label: badge, color: "currentColor", ...BADGES[badge] });
  return html`<span class="badge ${badge}">${new Html(marker)}<span class="unseen">answer: </span>${badge}</span>`;
}

/** The effects on the first page: the steps of the ladder, or what stands in for those that the study lacks. */
function shownEffects(context: Context): EffectId[] {
  const any = (of: EffectId) => context.encoders.some((e) => numberOf(context, e, of) !== null);
  const first = (["paste", "medium"] as const).filter(any);
  const steps = [...(first.length > 0 ? first : (["paste-and-medium"] as const).filter(any))];
  const last = (["neighbor", "total", "context"] as const).find(any);
  return [...steps, ...(last === undefined ? [] : [last])];
}

/** One row per encoder: answer, accuracies, effects against the equivalence zone. */
export const summarySection: Section = {
  id: "summary",
  name: "Results",
  page: "first",
  render: (context) =>
    summary(context, "Cell, medium or neighbors?", context.encoders.slice(0, FIRST_PAGE_ENCODERS)),
};

/** The same for the encoders that the first page has no room for. */
export const furtherSection: Section = {
  id: "further",
  name: "Further encoders",
  page: "appendix",
  render: (context) =>
    context.encoders.length <= FIRST_PAGE_ENCODERS
      ? null
      : summary(context, "Further encoders", context.encoders.slice(FIRST_PAGE_ENCODERS)),
};

function summary(
  context: Context,
  title: string,
  encoders: readonly string[],
): { title: string; body: Html } {
  const { data } = context;
  if (encoders.length === 0) return { title, body: html`<p>no answer: there are no scores yet.</p>` };
  const effects = shownEffects(context);
  const around = ["original", ...effects, "background-only", "capture"].filter((of) =>
    context.encoders.some((e) => numberOf(context, e, of) !== null),
  );
  const numbers = encoders.flatMap((e) => around.map((of) => ({ of, number: numberOf(context, e, of) })));
  const gaps = numbers.some(({ number }) => number !== null && number.low !== null);
  // All encoders share the limits, those of the appendix too.
  const domain = stripDomain(
    context.encoders.flatMap((e) => effects.map((of) => numberOf(context, e, of))).filter((n) => n !== null),
    data.zone,
  );
  const isEffect = (of: string) => effects.some((e) => e === of);
  const head = around.map(
    (of) =>
      html`<th scope="col" role="columnheader" class="number">${nameOf(of)}<span class="unit">${UNITS[kindOf(context, of)]}</span>${isEffect(of) && new Html(drawStripAxis(domain))}</th>`,
  );
  const body = encoders.map((encoder) => {
    const answer = data.answers.find((a) => a.encoder === encoder);
    const cells = around.map((of) => {
      const number = numberOf(context, encoder, of);
      const strip =
        number !== null && isEffect(of)
          ? new Html(drawStrip(number, domain, data.zone, colorOf(context, encoder)))
          : null;
      return html`<td role="cell" class="${isEffect(of) ? "effect" : "number"}"><span class="label" aria-hidden="true">${nameOf(of)} (${UNITS[kindOf(context, of)]})</span>${shown(context, encoder, of, number, gaps)}${strip}</td>`;
    });
    const caveats = answer?.caveats.length ?? 0;
    const more =
      caveats > 0 &&
      html` <a href="#answers">${caveats} ${caveats === 1 ? "caveat" : "caveats"}<span class="unseen"> of ${encoder}</span></a>`;
    const answered = data.answers.length > 0;
    const sentence =
      answered &&
      html`<tr role="row"><td role="cell" colspan="${Math.max(1, around.length)}" class="sentence">${answer === undefined ? NO_ANSWER : html`${answer.sentence}${more}`}</td></tr>`;
    const name = encoder.length <= 16 ? html`<span class="short">${encoder}</span>` : html`${encoder}`;
    return html`<tbody role="rowgroup" style="--encoder: ${colorOf(context, encoder)}"><tr role="row"><th scope="row" role="rowheader" rowspan="${answered ? 2 : 1}">${name}${answer !== undefined && html`<br>${badgeOf(answer.badge)}`}</th>${cells}</tr>
${sentence}</tbody>\n`;
  });
  const further = context.encoders.length - encoders.length;
  const onFirst = encoders[0] === context.encoders[0] && further > 0;
  return {
    title,
    body: html`${data.answers.length === 0 && html`<p>${NO_ANSWER}</p>`}<table class="summary" role="table"><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">encoder</th>${head}</tr></thead>
${body}</table>
<p class="read">${notes(context, domain, numbers, effects)}${onFirst && html` <a href="#further">${further} further ${further === 1 ? "encoder" : "encoders"}</a> in the appendix.`}</p>
${downloads(title, [csvLink("cellswap-results", csv(context, encoders, around))])}`,
  };
}

function shown(context: Context, encoder: string, of: string, number: Shown | null, gaps: boolean): Html {
  if (number === null) return html`<span class="value">–</span>`;
  // Where no number has a range, the note below says so once.
  const spread = formatSpread(context, number) ?? (gaps ? "no interval" : null);
  const base = of === "capture" ? numberOf(context, encoder, "capture-base") : null;
  const beside =
    base !== null && html` <span class="base">base ${formatNumber(base.value, base.kind)}</span>`;
  return html`<span class="short"><span class="value">${formatNumber(number.value, number.kind)}</span>${beside}</span> ${spread !== null && html`<span class="error">${spread}</span>`}`;
}

function notes(
  context: Context,
  [low, high]: readonly [number, number],
  numbers: readonly { of: string; number: Shown | null }[],
  effects: readonly string[],
): string {
  const { data } = context;
  const sample = sampleSize(
    data,
    numbers.flatMap(({ number }) => number?.estimate ?? []),
  );
  const point = (value: number) => `${formatNumber(value / 100, "difference")}`;
  return [
    `Sample: ${sample}.`,
    describeRanges(
      context,
      numbers.map((n) => n.number),
    ),
    ...describeGaps(numbers).map((gap) => `${gap}.`),
    effects.length === 0
      ? null
      : `Effects: + means that accuracy falls; the strips run from ${point(low)} to ${point(high)} points, the band is the equivalence zone of ±${(100 * data.zone).toFixed(1)} points, the line zero.`,
    numbers.some((n) => n.of === "capture" && n.number !== null)
      ? "Capture rate: share of cells that a probe trained on original crops calls by their background's class; base: the same share among neighbors of the own class."
      : null,
  ]
    .filter((line) => line !== null)
    .join(" ");
}

function csv(context: Context, encoders: readonly string[], shownOf: readonly string[]) {
  const rows = encoders.flatMap((encoder) =>
    [...shownOf, ...(shownOf.includes("capture") ? ["capture-base"] : [])].map((of) => {
      const n = numberOf(context, encoder, of);
      const answer = context.data.answers.find((a) => a.encoder === encoder);
      return [
        encoder,
        answer?.badge ?? null,
        of,
        n?.kind ?? null,
        n?.value ?? null,
        n?.low ?? null,
        n?.high ?? null,
        n?.why ?? null,
      ];
    }),
  );
  return [["encoder", "answer", "of", "kind", "value", "low", "high", "no_interval"], ...rows];
}
