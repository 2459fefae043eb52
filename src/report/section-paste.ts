import { html } from "./escape.ts";
import { furtherOf, numberTable } from "./further.ts";
import type { Section } from "./section.ts";

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
      body: html`<p class="read">Share of crops, half of them as imaged and half cut out and pasted back, that a probe trained on other groups tells apart. 0.5: this encoder does not see the paste.</p>
${numberTable(context, "cellswap-paste", found, { "paste-seen/self": "original against self" })}`,
    };
  },
};
