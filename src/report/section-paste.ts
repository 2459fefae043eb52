import { html } from "./escape.ts";
import { numberTable } from "./further.ts";
import type { Section } from "./section.ts";
import { furtherOf } from "./stated.ts";

/** Whether encoders see that a cell was pasted. */
export const pasteSection: Section = {
  id: "paste",
  name: "Paste",
  page: "appendix",
  render: (context) => {
    const found = furtherOf(context.data, "paste");
    if (found.length === 0) return null;
    return {
      title: "Is the paste seen?",
      body: html`<p class="read">Probes of other groups' cells. <b>Seen</b>: share of crops, half of them of each kind, that a probe names rightly: how much the paste is beside the differences between cells. <b>Chosen</b>: share of cells of whose two crops a probe names the pasted one (or the one on another crop): whether the encoder answers to pasting at all, however little. 0.5 is chance; an interval that holds it does not show that nothing is seen, and what only widens the scatter of features no such (linear) probe sees. What pasting does to accuracy is the paste effect.</p>
${numberTable(context, "cellswap-paste", found, {
  "paste-seen/self": "as imaged or pasted back, seen",
  "paste-chosen/self": "as imaged or pasted back, chosen",
  "paste-seen/same": "pasted back or on another crop of the class (same), seen",
  "paste-chosen/same": "pasted back or on another crop of the class (same), chosen",
  "paste-seen/different": "pasted back or on a crop of another class (different), seen",
  "paste-chosen/different": "pasted back or on a crop of another class (different), chosen",
})}`,
    };
  },
};
