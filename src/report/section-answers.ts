import { html } from "./escape.ts";
import { colorOf, type Section } from "./section.ts";
import { badgeOf, NO_ANSWER } from "./section-summary.ts";

/** One card per encoder: the answer, what must be known with it, what the encoder is. */
export const answerSection: Section = {
  id: "answers",
  name: "Encoders",
  page: "appendix",
  render: (context) => {
    const { data, encoders } = context;
    if (encoders.length === 0) return null;
    const cards = encoders.map((encoder) => {
      const answer = data.answers.find((a) => a.encoder === encoder);
      const about = data.encoders.find((e) => e.name === encoder);
      return html`<article class="answer" style="--encoder: ${colorOf(context, encoder)}"><h3>${encoder}${answer !== undefined && html` ${badgeOf(answer.badge)}`}</h3>
${data.answers.length > 0 && html`<p class="sentence">${answer?.sentence ?? NO_ANSWER}</p>`}
${answer !== undefined && answer.caveats.length > 0 && html`<ul>${answer.caveats.map((c) => html`<li>${c}</li>`)}</ul>`}
${answer !== undefined && answer.published !== null && html`<p class="read">${answer.published}</p>`}
${about?.warnings.map((w) => html`<p class="notice">${w}</p>`)}
${about !== undefined && html`<p class="about">${about.description !== "" && html`${about.description}, `}${about.dimension} features</p>`}</article>\n`;
    });
    const title = data.answers.length > 0 ? "Answers in full, and what must be known with them" : "Encoders";
    return { title, body: html`${cards}` };
  },
};
