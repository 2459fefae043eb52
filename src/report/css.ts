/** The first page: on screen roomy, on paper one sheet of A4. */
const FIRST = `
.facts { margin: 10px 0 0; font-size: 0.92rem; }
.facts div { display: flex; gap: 10px; padding: 1px 0; }
.facts dt { flex: 0 0 5.2em; color: var(--soft); }
.facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.9em; }
.first > section { margin: 28px 0; }
.first .read { font-size: 0.86rem; max-width: none; }
.badge { display: inline-flex; align-items: center; gap: 5px; padding: 1px 9px 1px 6px; border: 1.5px solid currentColor; border-radius: 99px; font-size: 0.85rem; font-weight: 600; line-height: 1.35; white-space: nowrap; }
.badge svg { display: block; flex: none; width: 12px; height: 12px; }
.badge.cell { color: var(--cell); }
.badge.medium { color: var(--medium); }
.badge.neighbors { color: var(--neighbors); }
.badge.undecided { color: var(--soft); border-style: dashed; }
.summary { width: 100%; }
.summary th, .summary td { padding: 5px 12px 5px 0; }
.summary thead th { font-size: 0.86rem; vertical-align: bottom; }
.summary thead .unit { display: block; white-space: nowrap; }
.summary .number { text-align: left; white-space: normal; }
.summary .effect, .summary .short { white-space: nowrap; }
.summary .number .error { display: block; white-space: nowrap; }
.summary .base { color: var(--soft); font-size: 0.82rem; white-space: nowrap; }
.summary tbody th { min-width: 0; overflow-wrap: anywhere; border-left: 5px solid var(--encoder); padding-left: 10px; font-weight: 600; }
.summary tbody tr:not(:last-child) td { border-bottom: 0; padding-bottom: 0; }
.summary td .value { font-weight: 600; white-space: nowrap; }
.summary td .error { display: inline-block; font-size: 0.82rem; }
.summary .sentence { font-size: 0.94rem; line-height: 1.4; overflow-wrap: anywhere; padding-top: 2px; }
.summary svg { display: block; max-width: 100%; height: auto; }
.summary .label { display: none; }
.waterfalls { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 10px 20px; margin-top: 8px; }
.waterfalls h3 { margin: 0; font-size: 0.92rem; }
.waterfalls svg { width: 100%; max-width: 420px; }
#backgrounds svg, #all-backgrounds figure > svg { width: auto; max-width: min(100%, 560px); height: auto; }
.flips { display: grid; gap: 12px; margin-top: 8px; }
.flips.wide { grid-template-columns: repeat(auto-fill, minmax(min(100%, 460px), 1fr)); }
.flip { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: flex-start; }
.flip .row { display: flex; flex: 0 1 auto; gap: 10px; min-width: 0; }
.flip .shots { display: flex; gap: 2px; }
.flip .shot { min-width: 0; }
.flips.wide .shots, .flips.wide .row { flex-wrap: wrap; }
.flip img { display: block; width: 64px; min-width: 0; flex: 0 1 64px; height: auto; aspect-ratio: 1; image-rendering: pixelated; background: #000; border-radius: 2px; }
.flip .role { font-size: 0.78rem; color: var(--soft); }
.flip figcaption { flex: 1 1 100%; margin: 0; font-size: 0.82rem; line-height: 1.35; overflow-wrap: anywhere; }
.flip figcaption b { color: var(--ink); font-weight: 600; }
.flags { margin: 6px 0; padding: 0; list-style: none; }
.flags li { padding: 6px 12px; margin: 6px 0; border-left: 5px solid var(--line); overflow-wrap: anywhere; }
.flags .warning { background: var(--warn-paper); color: var(--warn-ink); border-left-color: var(--neighbors); }
@media (min-width: 900px), print {
  .first { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); column-gap: 28px; }
  .first > section { grid-column: 1 / -1; margin: 14px 0; }
  .first > #backgrounds { grid-column: 1; }
  .first > #flips { grid-column: 2; }
}
@media screen and (max-width: 899px) {
  .summary, .summary tbody, .summary tr, .summary th, .summary td { display: block; }
  .summary thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .summary tbody { border: 1px solid var(--line); border-left: 5px solid var(--encoder); border-radius: 8px; background: var(--card); padding: 10px 12px; margin: 12px 0; }
  .summary tbody th { border: 0; padding: 0 0 4px; }
  .summary tbody th br { display: none; }
  .summary tbody th .badge { margin-left: 8px; }
  .summary tbody tr:first-child { display: grid; grid-template-columns: repeat(auto-fill, minmax(142px, 1fr)); gap: 8px 14px; }
  .summary tbody tr:first-child th { grid-column: 1 / -1; }
  .summary td { border: 0; padding: 0; }
  .summary td.effect { white-space: normal; }
  .summary svg { width: 100%; max-width: 180px; }
  .summary .badge svg { width: 12px; }
  .summary .label { display: block; color: var(--soft); font-size: 0.8rem; }
  .summary .sentence { padding-top: 8px; }
}
`;

const PRINT = `
@page { size: A4; margin: 7mm 11mm; }
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #333; --line: #bbb; --accent: #000; --warn-paper: #fff; --warn-ink: #000; --cell: #00527f; --medium: #5c4300; --neighbors: #a33b00; color-scheme: light; }
  body { font-size: 9pt; line-height: 1.4; }
  .appendix section { margin: 18px 0; }
  .answer { padding: 8px 14px; margin: 8px 0; }
  .card { padding: 10px; margin: 8px 0; }
  .pair { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .flips.wide { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .flips.wide .flip img { width: 44px; flex: 0 1 44px; }
  details:not([open]) { display: none; }
  .gallery { --shot: 62px; }
  nav, .skip, .downloads, .part { display: none; }
  main, header, footer { max-width: none; padding: 0; }
  :is(.remedies, .sensitivity) .sentence { break-after: avoid; }
  :is(.remedies, .sensitivity) .panels { flex-wrap: nowrap; gap: 10px; }
  .answer, .card:not(.remedies, .sensitivity), figure, tr, .flags li { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
  .scroll table { width: 100%; font-size: 7.5pt; }
  .scroll th, .scroll td, .scroll td.number { padding: 3px 6px 3px 0; white-space: normal; min-width: 0; }
  .scroll .error { display: inline-block; white-space: nowrap; }
  .scroll tbody th { min-width: 8em; }
  .answer, .legend, .gallery img, .flip img, .summary th, .flags li { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .appendix { break-before: page; }
  header { padding: 0; }
  h1 { font-size: 13pt; margin: 0; }
  header .lead { display: none; }
  .facts { font-size: 7.2pt; line-height: 1.3; margin: 0; display: flex; flex-wrap: wrap; gap: 0 16px; }
  .facts div { padding: 0; gap: 5px; }
  .facts dt { flex: none; }
  .first { grid-template-columns: minmax(0, 44fr) minmax(0, 56fr); column-gap: 16px; font-size: 8pt; line-height: 1.3; }
  .first > section { margin: 4px 0 0; }
  .first h2 { font-size: 9.5pt; margin: 0 0 1px; border-top: 1px solid var(--line); padding-top: 2px; }
  .first .read, .first figcaption { font-size: 6.6pt; line-height: 1.2; margin: 2px 0 0; max-width: none; }
  .first .summary { font-size: 8pt; }
  .first .summary th, .first .summary td { padding: 1px 8px 0 0; line-height: 1.2; }
  .first .summary tbody th { padding-left: 6px; min-width: 8em; }
  .first .summary thead th { font-size: 6.5pt; }
  .first .summary td .error, .first .summary .base { font-size: 6.8pt; line-height: 1.2; }
  .first .summary .sentence { font-size: 7.2pt; line-height: 1.17; padding: 0 0 1px; }
  .first .summary svg { width: 112px; height: auto; }

  .first .badge { font-size: 7pt; padding: 0 6px 0 4px; gap: 3px; }
  .first .badge svg { width: 8px; height: 8px; }
  .first .waterfalls { grid-template-columns: repeat(3, 1fr); gap: 2px 14px; margin: 0; }
  .first .waterfalls h3 { font-size: 7.5pt; line-height: 1.15; }
  .first .waterfalls svg { max-width: 204px; }
  .first #backgrounds svg { width: auto; max-width: 100%; max-height: 196px; margin: 0 auto; }
  .first .flips { gap: 3px; margin: 2px 0 0; }
  .first .flip { flex-wrap: nowrap; gap: 8px; }
  .first .flip .row { gap: 5px; flex: none; }
  .first .flip img { width: 32px; flex: 0 0 32px; image-rendering: auto; }
  .first .flip.many { flex-wrap: wrap; gap: 0 8px; }
  .first .flip.many img { width: 22px; flex: 0 0 22px; }
  .first .flip.many figcaption { flex: 1 1 100%; }
  .first .flip .role { display: block; font-size: 6pt; line-height: 1.2; }
  .first .flip figcaption { flex: 1 1 0; font-size: 6.5pt; line-height: 1.2; }
  .first .flags { margin: 0; }
  .first .flags li { padding: 1px 6px; margin: 1px 0; font-size: 7pt; line-height: 1.2; border-left-width: 3px; }
}
`;

/** Style of the report: calm, readable at 360 and 1280 px, dark where the reader's system is, plain on paper. */
export const CSS = `
:root { color-scheme: light dark; --paper: #fbfbfa; --card: #ffffff; --ink: #1c1e21; --soft: #565c64; --line: #e0e2e5; --accent: #00527f; --warn-paper: #fff6e0; --warn-ink: #5c4300; --cell: #00527f; --medium: #6b4e00; --neighbors: #a33b00; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15171a; --card: #1d2024; --ink: #e8eaed; --soft: #a9b0b8; --line: #363b42; --accent: #7cc4ee; --warn-paper: #3a2f12; --warn-ink: #f4dfae; --cell: #7cc4ee; --medium: #e8c15a; --neighbors: #ff9b66; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main, header, footer, nav { max-width: 1128px; margin: 0 auto; padding: 0 24px; }
main:focus { outline: none; }
header { padding-top: 36px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 0 0 4px; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 24px 0 6px; overflow-wrap: anywhere; }
p { margin: 6px 0; max-width: 72ch; overflow-wrap: anywhere; }
a { color: var(--accent); }
section { margin: 40px 0; }
.soft, figcaption { color: var(--soft); }
.lead { color: var(--soft); margin: 0; }
.read { color: var(--soft); font-size: 0.92rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999em; top: 8px; padding: 8px 14px; background: var(--card); border: 2px solid var(--accent); border-radius: 6px; z-index: 1; }
.skip:focus { left: 8px; }
.part { margin: 56px 0 -16px; padding-top: 14px; border-top: 3px solid var(--line); font-size: 1.25rem; color: var(--soft); max-width: none; }
.downloads { font-size: 0.85rem; color: var(--soft); position: relative; max-width: none; }
nav { margin-top: 14px; font-size: 0.92rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; margin: 0; padding: 10px 0; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
.answer { background: var(--card); border: 1px solid var(--line); border-left: 6px solid var(--encoder); border-radius: 8px; padding: 14px 20px; margin: 14px 0; }
.answer h3 { margin: 0 0 4px; }
.answer .sentence { font-size: 1.05rem; line-height: 1.45; margin: 0 0 6px; }
.answer ul { margin: 6px 0 0; padding-left: 1.2em; color: var(--soft); font-size: 0.94rem; overflow-wrap: anywhere; }
.answer .about { font-size: 0.88rem; margin: 8px 0 0; color: var(--soft); }
.notice { border-left: 3px solid var(--line); padding-left: 10px; font-size: 0.92rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin: 14px 0; }
.scroll { overflow-x: auto; margin-bottom: 8px; }
.scroll:focus-visible, summary:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.95rem; }
th, td { padding: 7px 18px 7px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; vertical-align: bottom; }
thead th { border-bottom: 2px solid var(--line); }
tbody th { font-weight: 500; }
td.number, th.number { text-align: right; }
td.number { white-space: nowrap; }
th.number { max-width: 13em; overflow-wrap: break-word; }
td.unit { white-space: nowrap; }
td .error, .unit { color: var(--soft); font-weight: 400; }
tbody th { min-width: 13em; }
.plain tbody th { min-width: 0; }
.plain.numbers tbody th { min-width: 13em; }
th small { display: block; font-weight: 400; color: var(--soft); max-width: 60ch; }
td.value { overflow-wrap: anywhere; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.85rem; }
figure { margin: 0; min-width: 0; }
figure svg { display: block; max-width: 100%; height: auto; }
.panels { display: flex; flex-wrap: wrap; gap: 16px 40px; }
.panels > div { flex: 0 1 400px; min-width: 0; }
.card > h3:first-child { margin-top: 0; }
.panels h4 { font-size: 0.92rem; font-weight: 600; margin: 0 0 4px; }
:is(.remedies, .sensitivity) .sentence { max-width: 90ch; }
:is(.remedies, .sensitivity) td .error, .remedies .pick { display: block; }
.remedies .pick { font-size: 0.85em; font-weight: 700; }
:is(.remedies, .sensitivity) table { font-size: 0.86rem; }
:is(.remedies, .sensitivity) :is(th, td) { padding-right: 12px; }
:is(.remedies, .sensitivity) .scroll { margin-top: 10px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 14px; align-items: start; }
.pair > * { margin: 0; min-width: 0; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; list-style: none; padding: 0; margin: 0 0 10px; font-size: 0.92rem; }
.legend li { display: flex; align-items: center; gap: 6px; overflow-wrap: anywhere; }
.legend svg { display: block; flex: none; }
figcaption b { color: var(--ink); font-weight: 600; }
figcaption { font-size: 0.92rem; margin-top: 8px; max-width: 72ch; }
details { margin: 8px 0; }
summary { cursor: pointer; color: var(--accent); font-size: 0.92rem; }
.gallery { --shot: 100px; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, calc(var(--panels) * var(--shot) + 8px)), 1fr)); gap: 16px; }
.gallery figure { min-width: 0; }
.gallery .shots { display: flex; gap: 4px; }
.gallery img { display: block; flex: 0 1 calc(var(--shot) - 4px); width: calc(var(--shot) - 4px); min-width: 0; height: auto; aspect-ratio: 1; image-rendering: pixelated; background: #000; border-radius: 3px; }
.gallery figcaption { font-size: 0.82rem; line-height: 1.35; margin-top: 5px; overflow-wrap: anywhere; }
.gallery figcaption b { color: var(--ink); font-weight: 600; }
footer { color: var(--soft); font-size: 0.88rem; padding-bottom: 48px; }
@media screen and (max-width: 600px) {
  main, header, footer, nav { padding-left: 14px; padding-right: 14px; }
  header { padding-top: 22px; }
  h1 { font-size: 1.5rem; }
  section { margin: 30px 0; }
  .card, .answer { padding: 12px; }
  tbody th { min-width: 9.5em; }
  .gallery { --shot: 68px; gap: 12px; }
}
${FIRST}${PRINT}`;
