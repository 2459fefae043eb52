import type { Flip } from "./data.ts";
import { csvLink, downloads } from "./download.ts";
import { type Html, html } from "./escape.ts";
import { type Context, distinct, type Section } from "./section.ts";

/** Flipped cells, and channels of each, for which the first page has room. */
const FIRST_PAGE_FLIPS = 4;
const FIRST_PAGE_CHANNELS = 4;

const READ =
  "Chosen because their prediction changes: illustrations, no evidence of how often it does. Percentages: the probe's probability of the class it calls.";

/** Up to `most` cells, the encoders in turn. */
function pickFlips({ data, encoders }: Context, most: number): Flip[] {
  const lists = encoders.map((e) => data.flips.filter((f) => f.encoder === e));
  const turns = Math.max(0, ...lists.map((l) => l.length));
  return Array.from({ length: turns }, (_, t) => lists.flatMap((l) => l.slice(t, t + 1)))
    .flat()
    .slice(0, most);
}

/** Four cells that are called otherwise among foreign neighbors. */
export const flipSection: Section = {
  id: "flips",
  name: "Flipped cells",
  page: "first",
  render: (context) => {
    const flips = pickFlips(context, FIRST_PAGE_FLIPS);
    if (flips.length === 0) return null;
    const more =
      isMore(context) && html` <a href="#all-flips">All flipped cells, all channels</a> in the appendix.`;
    return {
      title: "Cells whose prediction flips",
      body: html`<div class="flips">${flips.map((f) => flipped(f, FIRST_PAGE_CHANNELS))}</div><p class="read">${READ}${more}</p>${links(flips)}`,
    };
  },
};

/** All of them, where the first page does not show them all. */
export const allFlipSection: Section = {
  id: "all-flips",
  name: "All flipped cells",
  page: "appendix",
  render: (context) =>
    isMore(context)
      ? {
          title: "All cells whose prediction flips",
          body: html`<p class="read">${READ}</p><div class="flips wide">${context.data.flips.map((f) => flipped(f, Number.POSITIVE_INFINITY))}</div>${links(context.data.flips)}`,
        }
      : null,
};

const isMore = ({ data }: Context) =>
  data.flips.length > FIRST_PAGE_FLIPS ||
  data.flips.some((f) => f.images.some((i) => i.panels.length > FIRST_PAGE_CHANNELS));

const percent = (probability: number) => `${(100 * probability).toFixed(0)} %`;

function flipped(flip: Flip, channels: number): Html {
  const { before, after } = flip;
  const around = {
    original: `among its own neighbors, called ${before.prediction}`,
    different: `among ${flip.background}, called ${after.prediction}`,
    donor: `of ${flip.background}, which lends its background`,
  };
  const shots = flip.images.map((image) => {
    const who = image.role === "donor" ? `donor ${flip.donor}` : `cell ${flip.cell} (${flip.class})`;
    const panels = image.panels
      .slice(0, channels)
      .map(
        (p) =>
          html`<img src="${p.png}" width="64" height="64" alt="${who} ${around[image.role]}, channel ${p.channel}">`,
      );
    return html`<div class="shot"><div class="shots">${panels}</div><span class="role">${image.role}</span></div>`;
  });
  const names = distinct(flip.images.flatMap((i) => i.panels.slice(0, channels).map((p) => p.channel)));
  // More than two channels are printed smaller, with the words below.
  const many = names.length > 2 ? " many" : "";
  return html`<figure class="flip${many}"><div class="row">${shots}</div><figcaption><b>${flip.class}</b>, cell ${flip.cell}, ${flip.encoder}<br>called <b>${before.prediction}</b> (${percent(before.probability)}); among ${flip.background}: <b>${after.prediction}</b> (${percent(after.probability)})<br>donor ${flip.donor}; ${names.join(", ")}</figcaption></figure>\n`;
}

function links(flips: readonly Flip[]): Html {
  const head = [
    "encoder",
    "cell",
    "class",
    "background",
    "donor",
    "before",
    "before_probability",
    "after",
    "after_probability",
  ];
  const rows = flips.map((f) => [
    f.encoder,
    f.cell,
    f.class,
    f.background,
    f.donor,
    f.before.prediction,
    f.before.probability,
    f.after.prediction,
    f.after.probability,
  ]);
  return downloads("Flipped cells", [csvLink("cellswap-flips", [head, ...rows])]);
}
