import { html } from "./escape.ts";
import type { Section } from "./section.ts";

/** How to cite the software and the method. */
export const citeSection: Section = {
  id: "cite",
  name: "How to cite",
  page: "appendix",
  render: ({ data }) => ({
    title: "How to cite",
    body: html`<p>Software: ${data.createdBy} (Apache-2.0). Give the version, the preset (${data.preset}) and, from the record above, the hashes of cells and encoders.</p>
<p>Method: Gupta, Moses and Lu, “Representation Learning Methods for Single-Cell Microscopy are Confounded by Background Cells”, Proceedings of Machine Learning Research 311, pages 162–177, 2025. <a href="https://proceedings.mlr.press/v311/">proceedings.mlr.press/v311</a></p>`,
  }),
};
