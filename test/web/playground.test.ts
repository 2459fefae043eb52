import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CellStore } from "../../src/cells/store.ts";
import { type ViewStudy, viewStudySchema } from "../../src/explore/format.ts";
import { formatTrial, parseTrial } from "../../src/explore/playground/address.ts";
import { TrialComposer } from "../../src/explore/playground/compose.ts";
import { type PlannedRow, trialOf } from "../../src/explore/playground/trial.ts";
import { NpyReader } from "../../src/files/npy.ts";
import { readParquet } from "../../src/files/table.ts";
import { SETTINGS } from "../../src/settings.ts";
import { Compositor } from "../../src/swap/composite.ts";
import type { Scales } from "../../src/swap/intensity.ts";
import { runsOf, settingOf } from "../../src/swap/runs.ts";
import { rowsInSetting } from "../../src/swap/segments.ts";
import type { SwapPlan } from "../../src/types.ts";
import {
  audit,
  demoStudy,
  hasBrowser,
  launch,
  open,
  type ServedDemo,
  serveDemo,
  settled,
} from "./browser.ts";

/** What the demo's study keeps, as the library reads it. */
interface Kept {
  readonly about: ViewStudy;
  readonly store: CellStore;
  readonly plan: SwapPlan;
  readonly scales: Scales;
  readonly probabilities: NpyReader;
}

async function readKept(study: string): Promise<Kept> {
  const view = (name: string) => join(study, "view", name);
  const json = (name: string) => JSON.parse(readFileSync(view(name), "utf8"));
  const { columns, rows } = await readParquet(view("plan.parquet"));
  const numbers = (name: string) => Array.from(columns.get(name) as Int32Array, Number);
  const scales = json("scales.json") as { [K in keyof Scales]: never } & { background: number[] };
  const levels = (list: readonly (number | null)[]) => Float64Array.from(list, (v) => v ?? Number.NaN);
  const about = viewStudySchema.parse(json("study.json"));
  return {
    about,
    store: await CellStore.open(resolve(study, json("sources.json").cells)),
    plan: {
      seed: null,
      count: rows,
      classes: about.classes,
      cell: Int32Array.from(numbers("cell")),
      runs: runsOf(Uint8Array.from(numbers("setting")), Int16Array.from(numbers("background"))),
      donor: Int32Array.from(numbers("donor")),
      medium: { of: Int32Array.from(numbers("medium")), key: null },
    },
    scales: {
      ...scales,
      groupOf: Int32Array.from(scales.groupOf as number[]),
      background: levels(scales.background),
      cell: levels(scales.cell as (number | null)[]),
    },
    probabilities: new NpyReader(view("deeploc/probabilities.npy")),
  };
}

/** Names the bits of a crop and its mask. */
const named = (crop: Float32Array, mask: Uint8Array) =>
  createHash("sha256")
    .update(new Uint8Array(crop.buffer, crop.byteOffset, crop.byteLength))
    .update(mask)
    .digest("hex");

/** Notes what the page hands to threads to be encoded. */
const NOTE = `{
  const post = Worker.prototype.postMessage;
  window.sent = [];
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message?.kind === "encode")
      window.sent.push([Array.from(new Uint8Array(message.crop.slice().buffer)), Array.from(message.mask)]);
    return post.call(this, message, ...rest);
  };
}`;

describe.skipIf(!hasBrowser)("the swap playground", () => {
  let browser: Browser;
  let served: ServedDemo;
  let kept: Kept;
  beforeAll(async () => {
    [browser, served] = await Promise.all([launch(), serveDemo()]);
    kept = await readKept(await demoStudy());
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
    kept?.probabilities.close();
  });

  const planned = (row: number): PlannedRow => ({
    setting: settingOf(kept.plan, row),
    cell: kept.plan.cell[row],
    donor: kept.plan.donor[row],
    medium: kept.plan.medium!.of[row],
  });
  const addressOf = (row: number): string => {
    const { about, store, plan } = kept;
    const trial = formatTrial(trialOf(planned(row), about.composite), about);
    return `${served.url}?tab=playground&cell=${store.cells.id[plan.cell[row]]}&trial=${trial}`;
  };

  /** Opens an address in a page that notes what it encodes. */
  async function opened(address: string) {
    const made = await open(browser, served.url);
    await made.page.addInitScript(NOTE);
    await made.page.goto(address);
    await settled(made.page);
    return made;
  }
  /** Waits until what is predicted is what is shown. */
  const predicted = (page: Page) => page.locator('.result[aria-busy="false"] table').waitFor();
  /** What the page had encoded, in order. */
  const sent = async (page: Page) =>
    ((await page.evaluate("window.sent")) as [number[], number[]][]).map(([bytes, mask]) =>
      named(new Float32Array(Uint8Array.from(bytes).buffer), Uint8Array.from(mask)),
    );
  /** Probabilities that the page draws, by class. */
  const drawn = (page: Page) =>
    page.evaluate(`Object.fromEntries([...document.querySelectorAll(".odds tbody tr")].map((row) =>
      [row.querySelector("th").firstChild.textContent, parseFloat(row.querySelector("i:last-child").style.width) / 100]))`) as Promise<
      Record<string, number>
    >;

  test("shows the study's composites to the bit, and predicts its probabilities to 1e-4, in every setting", async () => {
    const { about, plan, store, scales, probabilities } = kept;
    const compositor = new Compositor(store, scales, about.composite);
    const out = new Float32Array(about.crops.channels.length * about.crops.height * about.crops.width);
    const rows = SETTINGS.map((s) => rowsInSetting(plan, s)[0]).concat(
      // A crowded donor's medium comes from another crop.
      Array.from(plan.cell.keys()).find((row) => plan.medium!.of[row] !== plan.donor[row]) ?? [],
    );
    const { page, complaints } = await opened(addressOf(rows.at(-1)!));
    const shares = new Float32Array(about.classes.length);
    const mask = new Uint8Array(about.crops.height * about.crops.width);
    for (const row of rows) {
      await predicted(page);
      await page.evaluate("window.sent = []");
      // As back and forward do, without reading the page anew.
      await page.evaluate(
        `history.pushState(null, "", ${JSON.stringify(addressOf(row))}); dispatchEvent(new PopStateEvent("popstate"))`,
      );
      compositor.compose(plan, row, out);
      store.readMask(plan.cell[row], mask);
      await expect.poll(() => sent(page), { timeout: 30_000 }).toContain(named(out, mask));
      await predicted(page);
      probabilities.read(row, 1, shares);
      for (const [name, p] of Object.entries(await drawn(page)))
        expect(
          Math.abs(p - shares[about.classes.indexOf(name)]),
          `${settingOf(plan, row)} ${name}`,
        ).toBeLessThan(1e-4);
    }
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("what is dragged, erased and added is what the library makes of the address", async () => {
    const { about, store, scales } = kept;
    const row = Array.from(kept.plan.cell.keys()).find((r) => planned(r).setting === "different")!;
    const { page, complaints } = await opened(addressOf(row));
    await predicted(page);
    const stage = (await page.locator(".stage").boundingBox())!;
    const middle = [stage.x + stage.width / 2, stage.y + stage.height / 2] as const;
    await page.mouse.move(...middle);
    await page.mouse.down();
    await page.mouse.move(middle[0] + 60, middle[1] - 30, { steps: 4 });
    await page.mouse.up();
    await page.locator(".stage").focus();
    await page.keyboard.press("Shift+ArrowDown");
    await page.getByRole("button", { name: /^Erase 1/ }).click();
    await page.locator(".offered button").first().click();
    await page.getByLabel("Halo removed", { exact: true }).fill("5");
    await page.getByLabel("Outline outward", { exact: true }).fill("-1");
    await expect.poll(() => new URL(page.url()).searchParams.get("trial")).toMatch(/_x\d+_.*h5_m-1_r1_a/);
    await predicted(page);
    const trial = parseTrial(new URL(page.url()).searchParams.get("trial")!, about)!;
    expect(trial).toMatchObject({ dx: 10, dy: 0, outline: -1, erased: [1], options: { halo: 5 } });
    const { cell } = planned(row);
    const made = new TrialComposer(store, scales, about.composite.intensity).compose(cell, trial);
    const wanted = named(made.crop, made.mask);
    expect((await sent(page)).at(-1)).toBe(wanted);
    const before = await drawn(page);
    const again = await opened(page.url());
    await predicted(again.page);
    expect(await sent(again.page)).toContain(wanted);
    expect(await drawn(again.page)).toEqual(before);
    await page.getByRole("button", { name: "Copy as study choices" }).click();
    expect(JSON.parse((await page.locator(".actions pre").textContent())!)).toMatchObject({
      halo: 5,
      edge: "soft",
    });
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => page.url()).not.toContain("_m-1");
    await page.getByRole("button", { name: "Redo" }).click();
    await expect.poll(() => page.url()).toContain("_m-1");
    await page.getByRole("button", { name: "Reset all" }).click();
    await expect.poll(() => page.url()).toBe(addressOf(row));
    expect([...complaints, ...again.complaints].filter((c) => !c.includes("clipboard"))).toEqual([]);
    expect(await audit(page)).toEqual([]);
    await Promise.all([page.close(), again.page.close()]);
  });

  test("the server predicts where the page may not, and where nothing can it is said", async () => {
    const address = addressOf(
      Array.from(kept.plan.cell.keys()).find((r) => planned(r).setting === "different")!,
    );
    const here = await opened(address);
    await predicted(here.page);
    const local = await drawn(here.page);
    await here.page.close();
    const runs = (where: string, why: string | null) => async (page: Page) =>
      page.route("**/data/index.json", async (route) => {
        const answer = await route.fetch();
        const index = (await answer.json()) as { studies: { encoders: { runs: unknown }[] }[] };
        for (const study of index.studies)
          for (const encoder of study.encoders) encoder.runs = { where, why };
        await route.fulfill({ response: answer, json: index });
      });
    const { page, complaints } = await open(browser, served.url);
    await runs("server", null)(page);
    const asked: string[] = [];
    page.on("request", (request) => void (request.method() === "POST" && asked.push(request.url())));
    await page.goto(address);
    await predicted(page);
    for (const [name, p] of Object.entries(await drawn(page)))
      expect(Math.abs(p - (local[name] ?? 0))).toBeLessThan(1e-4);
    expect(asked.length).toBeGreaterThan(0);
    await page.unroute("**/data/index.json");
    await runs("none", "Its program is not here.")(page);
    await page.goto(address);
    await expect
      .poll(() => page.locator(".seen").textContent())
      .toContain("No prediction: its program is not here.");
    await page.locator(".stage canvas").waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });
});
