import { expect, test } from "vitest";
import { fileName } from "../../src/explore/file-name.ts";

test.each([
  [["Demo: simulated yeast", "deeploc", "steps"], "Demo-simulated-yeast-deeploc-steps.svg"],
  [["a", null, "b"], "a-b.svg"],
  [["../../etc/passwd", "x\\y"], "etc-passwd-x-y.svg"],
  [["Zellen über 5 µm", "名前"], "Zellen-über-5-µm-名前.svg"],
  [["...", "---", ""], "cellswap.svg"],
  [["con\u0000trol\u202e", "a|b?c*d"], "con-trol-a-b-c-d.svg"],
])("%j is called %s", (words, name) => {
  expect(fileName(words, "svg")).toBe(name);
});

test("names stay short", () => {
  expect([...fileName(["é".repeat(500)], "csv")]).toHaveLength(124);
});
