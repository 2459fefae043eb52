import type { GalleryCell } from "./data.ts";
import { type Html, html } from "./escape.ts";
import type { Section } from "./section.ts";

/** The same cells in every setting. */
export const gallerySection: Section = {
  id: "gallery",
  name: "Gallery",
  page: "appendix",
  render: ({ data }) =>
    data.gallery.length === 0
      ? null
      : {
          title: "Gallery: the same cells in every setting",
          body: html`<p class="read">The center cell stays; what surrounds it changes. Look for seams, leftovers of the donor's own center cell, and a cell that is brighter or dimmer than its new surroundings: an encoder sees them too. Gray values are stretched for display.</p>
${data.gallery.map(galleryCell)}`,
        },
};

function galleryCell(cell: GalleryCell): Html {
  const panels = Math.max(1, ...cell.images.map((i) => i.panels.length));
  const tiles = cell.images.map((image) => {
    const around =
      image.background === null ? image.setting : `${image.setting}, background ${image.background}`;
    const shots = image.panels.map(
      (p) =>
        html`<img src="${p.png}" width="96" height="96" alt="cell ${cell.cell} (${cell.class}), ${around}, channel ${p.channel}">`,
    );
    return html`<figure><div class="shots">${shots}</div><figcaption><b>${image.setting}</b>${
      image.background !== null && html`<br>background ${image.background}`
    }${image.donor !== null && html`<br>donor ${image.donor}`}</figcaption></figure>\n`;
  });
  const channels = cell.images[0]?.panels.map((p) => p.channel).join(", ") ?? "";
  return html`<div class="card"><h3>${cell.class}, cell ${cell.cell}</h3>
<p class="read">${panels > 1 ? "channels from left to right" : "channel"}: ${channels}</p>
<div class="gallery" style="--panels: ${panels}">${tiles}</div></div>\n`;
}
