import type { ReportData } from "./data.ts";
import { type Html, html } from "./escape.ts";
import type { Section } from "./section.ts";

/** Flags for which the first page of paper has room. */
const FIRST_PAGE_FLAGS = 4;

interface Shown {
  readonly severity: ReportData["flags"][number]["severity"];
  readonly encoders: readonly string[];
  readonly text: string;
}

/** Flags, warnings first; those that several encoders share are one. */
export function gatherFlags(flags: ReportData["flags"]): Shown[] {
  const merged = new Map<string, Shown>();
  for (const { severity, encoder, text } of flags) {
    const key = JSON.stringify([severity, text]);
    const encoders = [...(merged.get(key)?.encoders ?? []), ...(encoder === null ? [] : [encoder])];
    merged.set(key, { severity, text, encoders });
  }
  const list = [...merged.values()];
  return [...list.filter((f) => f.severity === "warning"), ...list.filter((f) => f.severity === "note")];
}

function items(flags: readonly Shown[]): Html {
  return html`<ul class="flags">${flags.map(
    ({ severity, encoders, text }) =>
      html`<li class="${severity}"><b>${severity === "warning" ? "▲ Warning" : "● Note"}</b>${encoders.length > 0 && html` (${encoders.join(", ")})`}: ${text}</li>`,
  )}</ul>`;
}

/** What must be known before a number is believed. */
export const flagSection: Section = {
  id: "flags",
  name: "Red flags",
  page: "first",
  render: (context) => {
    const flags = gatherFlags(context.data.flags);
    const further = flags.length - FIRST_PAGE_FLAGS;
    return {
      title: "Red flags",
      body:
        flags.length === 0
          ? html`<p>The study records none.</p>`
          : html`${items(flags.slice(0, FIRST_PAGE_FLAGS))}${further > 0 && html`<p class="read"><a href="#all-flags">${further} more</a> in the appendix.</p>`}`,
    };
  },
};

/** All of them, where the first page does not show them all. */
export const allFlagSection: Section = {
  id: "all-flags",
  name: "All flags",
  page: "appendix",
  render: (context) => {
    const flags = gatherFlags(context.data.flags);
    return flags.length <= FIRST_PAGE_FLAGS ? null : { title: "All flags", body: items(flags) };
  },
};
