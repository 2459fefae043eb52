import { html } from "./escape.ts";
import { furtherOf, numberTable } from "./further.ts";
import type { Section } from "./section.ts";

/** Parts of what varies between composites of one class, in the order of the table. */
const PARTS = {
  "variance/own": "the cell's side",
  "variance/own-cluster": "its own cluster",
  "variance/own-field": "its own field",
  "variance/cell": "the cell itself",
  "variance/background": "the background's side",
  "variance/background-class": "the background's class",
  "variance/donor-cluster": "the donor's cluster",
  "variance/donor-field": "the donor's field",
  "variance/donor": "the donor's crop",
  "variance/residual": "what cell and background do together, and chance",
  "variance/own-class": "for comparison: between classes of cells",
  "variance/paste": "for comparison: cutting and pasting alone",
};

/** Who owns the variance of the features. */
export const shareSection: Section = {
  id: "shares",
  name: "Variance",
  page: "appendix",
  render: (context) => {
    const found = furtherOf(context.data, "shares");
    if (found.length === 0) return null;
    return {
      title: "Who owns what varies in the features?",
      body: html`<p class="read">Of what varies in an encoder's features between pasted cells of one class on backgrounds of other classes: how much comes with the cell, and how much with the background. Every feature weighs the same. What is for comparison is no part of the whole, but is measured against it. A share below zero: cells of one field are less alike than cells of different fields.</p>
${numberTable(context, "cellswap-variance", found, PARTS)}`,
    };
  },
};
