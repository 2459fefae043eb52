// Runs in the page before its own scripts.
performance.setResourceTimingBufferSize(10_000);

const frame = () => new Promise(requestAnimationFrame);
const content = () => document.querySelector("#content");
const ready = {
  effects: () => content()?.querySelector(".reading") === null && content().innerText !== "",
  cells: () => content()?.querySelector("canvas") != null,
  map: () => content()?.querySelector("[data-points]") != null,
};
const texts = {
  count: () => content().querySelector("output")?.textContent,
  tiles: () => content().textContent,
  points: () => content().querySelector("[data-points]").dataset.points,
};

globalThis.bench = {
  /** Milliseconds from the start of the navigation to the frame after the one that shows the tab. */
  async shown(tab) {
    while (document.body === null || !ready[tab]()) await frame();
    await frame();
    return performance.now();
  },
  /** Milliseconds from a change of the address to the frame after the one that shows another text. */
  async change(query, text) {
    await frame();
    const before = texts[text]();
    const start = performance.now();
    history.pushState(null, "", query);
    dispatchEvent(new PopStateEvent("popstate"));
    do await frame();
    while (texts[text]() === before && performance.now() - start < 10_000);
    await frame();
    return performance.now() - start;
  },
  /** Milliseconds of every frame while the wall is scrolled. */
  async scroll(frames) {
    const wall = [...content().querySelectorAll("*")].find((e) => e.scrollHeight > 20 * e.clientHeight);
    const took = [];
    let last = await frame();
    for (let i = 0; i < frames; i++) {
      wall.scrollTop += 120;
      const now = await frame();
      took.push(now - last);
      last = now;
    }
    return took;
  },
  /** Milliseconds of every frame while the map is moved. */
  async pan(frames) {
    const plot = document.querySelector(".plot");
    const took = [];
    let last = await frame();
    for (let i = 0; i < frames; i++) {
      plot.dispatchEvent(new KeyboardEvent("keydown", { key: i % 20 < 10 ? "ArrowLeft" : "ArrowRight", bubbles: true }));
      const now = await frame();
      took.push(now - last);
      last = now;
    }
    return took;
  },
  fetched() {
    const entries = performance.getEntriesByType("resource");
    return { bytes: entries.reduce((sum, e) => sum + e.transferSize, 0), requests: entries.length };
  },
};
