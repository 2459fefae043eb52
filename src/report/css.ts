/** Style of the report: calm, readable at 360 and 1200 px, dark where the reader's system is, plain on paper. */
export const CSS = `
:root { color-scheme: light dark; --paper: #fbfbfa; --card: #ffffff; --ink: #1c1e21; --soft: #565c64; --line: #e0e2e5; --accent: #00527f; --warn-paper: #fff6e0; --warn-ink: #5c4300; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15171a; --card: #1d2024; --ink: #e8eaed; --soft: #a9b0b8; --line: #363b42; --accent: #7cc4ee; --warn-paper: #3a2f12; --warn-ink: #f4dfae; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main, header, footer { max-width: 1080px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 40px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 0 0 4px; }
h3 { font-size: 1rem; margin: 24px 0 6px; overflow-wrap: anywhere; }
p { margin: 6px 0; max-width: 72ch; }
a { color: var(--accent); }
section { margin: 40px 0; }
.soft, figcaption { color: var(--soft); }
.lead { color: var(--soft); margin: 0; }
.read { color: var(--soft); font-size: 0.92rem; }
nav { margin-top: 18px; padding: 10px 0; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); font-size: 0.92rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 20px; list-style: none; margin: 0; padding: 0; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
.verdict { background: var(--card); border: 1px solid var(--line); border-left: 6px solid var(--encoder); border-radius: 8px; padding: 16px 20px; margin: 14px 0; }
.verdict .sentence { font-size: 1.1rem; line-height: 1.45; margin: 0 0 6px; overflow-wrap: anywhere; }
.verdict ul { margin: 6px 0 0; padding-left: 1.2em; color: var(--soft); font-size: 0.94rem; }
.verdict .about { font-size: 0.88rem; margin: 8px 0 0; color: var(--soft); overflow-wrap: anywhere; }
.warning { background: var(--warn-paper); color: var(--warn-ink); border-radius: 6px; padding: 8px 12px; margin: 8px 0; max-width: none; overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin: 14px 0; }
.scroll { overflow-x: auto; margin-bottom: 8px; }
.scroll:focus-visible, summary:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.95rem; }
th, td { padding: 7px 18px 7px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; vertical-align: bottom; }
thead tr:last-child th, thead th[rowspan] { border-bottom: 2px solid var(--line); }
tbody th { font-weight: 500; }
td.number, th.number { text-align: right; }
td.number { white-space: nowrap; }
th.number { max-width: 13em; overflow-wrap: break-word; }
td .error, .unit { color: var(--soft); font-weight: 400; }
tbody th { min-width: 13em; }
.plain tbody th { min-width: 0; }
th small { display: block; font-weight: 400; color: var(--soft); max-width: 60ch; }
td.value { overflow-wrap: anywhere; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.85rem; }
figure { margin: 0; }
figure svg { display: block; max-width: 100%; height: auto; }
.panels { display: flex; flex-wrap: wrap; gap: 16px 40px; }
.panels > div { flex: 0 1 400px; min-width: 0; }
.card > h3:first-child { margin-top: 0; }
.panels h4 { font-size: 0.92rem; font-weight: 600; margin: 0 0 4px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 14px; }
.pair > * { margin: 0; min-width: 0; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; list-style: none; padding: 0; margin: 0 0 10px; font-size: 0.92rem; }
.legend li { display: flex; align-items: center; gap: 6px; overflow-wrap: anywhere; }
.legend svg { display: block; flex: none; }
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
@media (max-width: 600px) {
  main, header, footer { padding-left: 14px; padding-right: 14px; }
  header { padding-top: 22px; }
  h1 { font-size: 1.5rem; }
  section { margin: 30px 0; }
  .card, .verdict { padding: 12px; }
  tbody th { min-width: 9.5em; }
  .gallery { --shot: 68px; gap: 12px; }
}
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #333; --line: #bbb; --accent: #000; --warn-paper: #fff; --warn-ink: #000; color-scheme: light; }
  body { font-size: 11pt; }
  nav { display: none; }
  main, header, footer { max-width: none; padding: 0; }
  .verdict, .card, figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
  .warning { border: 1px solid #000; }
  .verdict, .legend, .gallery img { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
