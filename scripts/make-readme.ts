/**
 * Writes the picture and the table of README.md from a demo folder: `node --import tsx scripts/make-readme.ts DEMO`.
 * With `--check` nothing is written: the picture must be the same to the byte, accuracies within 0.01 and
 * points within 1 (ONNX Runtime rounds differently on other processors).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { decode, encode } from "fast-png";
import { resultTable } from "../src/evidence/tables.ts";
import { Canvas } from "../src/image/canvas.ts";
import { FONT } from "../src/image/font.ts";
import { parseReport, type ReportData } from "../src/report/data.ts";

const root = resolve(import.meta.dirname, "..");
const folder = process.argv[2];
const check = process.argv.includes("--check");
const data = parseReport(JSON.parse(readFileSync(join(folder, "study/report.json"), "utf8")));

/** One cell in every setting, a row per channel. */
function picture({ gallery }: ReportData): Uint8Array {
  const { images } = gallery.find((g) => g.class === "mitochondrion") ?? gallery[0];
  const zoom = 2;
  const gap = 8;
  const tops = 4 * FONT.height + 10;
  const channels = images[0].panels.map((p) => p.channel);
  const size = decode(bytes(images[0].panels[0].png)).width * zoom;
  const left = 4 * FONT.advance * 2;
  const canvas = new Canvas(left + images.length * (size + gap), tops + channels.length * (size + gap));
  channels.forEach((name, c) =>
    canvas.text(name, 0, tops + c * (size + gap) + size / 2 - FONT.height, 2, [0, 0, 0]),
  );
  images.forEach((image, i) => {
    const x = left + i * (size + gap);
    const lines = image.setting.length > 10 ? image.setting.split(/(?<=-)/) : [image.setting];
    lines.forEach((line, l) =>
      canvas.text(line, x, tops - 4 - (lines.length - l) * (2 * FONT.height + 2), 2, [0, 0, 0]),
    );
    image.panels.forEach((panel, c) => {
      const { data: gray, height, width } = decode(bytes(panel.png));
      canvas.gray(
        Float64Array.from(gray as Uint8Array, (v) => v / 255),
        height,
        width,
        x,
        tops + c * (size + gap),
        zoom,
      );
    });
  });
  return encode({ data: canvas.data, width: canvas.width, height: canvas.height, channels: 3, depth: 8 });
}

function bytes(uri: string): Uint8Array {
  return Buffer.from(uri.slice(uri.indexOf(",") + 1), "base64");
}

/** Accuracies of the main settings and the neighbor effect, one row per encoder. */
function table(report: ReportData): string {
  const settings = ["original", "self", "same", "cell-free", "different", "masked"] as const;
  const interval = (encoder: string) => {
    const i = report.estimates.find((v) => v.encoder === encoder && v.of === "neighbor" && v.class === null);
    const points = (v: number) => (100 * v).toFixed(1);
    return i === undefined || i.low === null || i.high === null
      ? ""
      : `${points(i.value)} (${points(i.low)} to ${points(i.high)})`;
  };
  const rows = resultTable(report.scores, report.aggregation).encoders.map((e) => [
    e.encoder,
    ...settings.map((s) => e.settings.find((v) => v.setting === s)?.mean.toFixed(3) ?? ""),
    interval(e.encoder),
  ]);
  const header = ["encoder", ...settings, "neighbor effect, points (95 % interval)"];
  return [header, header.map(() => "---"), ...rows].map((r) => `| ${r.join(" | ")} |`).join("\n");
}

function sentences(report: ReportData): string {
  return report.answers.map((a) => `- ${a.sentence}`).join("\n");
}

const START = "<!-- demo: written by scripts/make-readme.ts -->";
const END = "<!-- end of demo -->";
const readme = readFileSync(join(root, "README.md"), "utf8");
const [before, after] = [readme.indexOf(START) + START.length, readme.indexOf(END)];
const text = `\n${table(data)}\n\n${sentences(data)}\n`;
const png = picture(data);
const pngPath = join(root, "docs/settings.png");
if (!check) {
  writeFileSync(join(root, "README.md"), readme.slice(0, before) + text + readme.slice(after));
  writeFileSync(pngPath, png);
} else {
  const old = readme.slice(before, after);
  const words = (t: string) => t.replace(/[-+−]?\d+(\.\d+)?/g, "#");
  // Accuracies have three decimals, points one: 0.01 of the one is 1 of the other.
  const numbers = (t: string) =>
    (t.match(/[-+−]?\d+(\.\d+)?/g) ?? []).map((n) => ({
      value: Number(n.replace("−", "-")),
      room: !/\.\d{3}$/.test(n) ? 1 : 0.01,
    }));
  const now = numbers(text);
  const apart = numbers(old).filter((n, i) => Math.abs(n.value - now[i].value) > n.room + 1e-9);
  if (words(old) !== words(text) || apart.length > 0)
    throw new Error(`README.md does not show what the demo gives; run scripts/make-readme.ts. Now:\n${text}`);
  if (!Buffer.from(png).equals(readFileSync(pngPath)))
    throw new Error("docs/settings.png is not what the demo gives");
  console.log("README.md and docs/settings.png show what the demo gives");
}
