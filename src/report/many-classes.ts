import type { ResultTable } from "../evidence/tables.ts";
import type { ReportData } from "./data.ts";

/** Classes that are shown one by one, at most. */
const MOST = 60;
/** Of more classes, so many are. */
const SHOWN = 40;

type Shown = Pick<ReportData, "classes" | "estimates" | "heat" | "further">;

/** Data and table with the classes that are shown, and what must be said where they are not all. */
export interface ShownClasses<Data extends Shown> {
  readonly data: Data;
  readonly table: ResultTable;
  /** Null where all are shown. */
  readonly note: string | null;
}

/** Of many classes those that lose most; means stay those of all. The names of all classes stay as well. */
export function shownClasses<Data extends Shown>(data: Data, table: ResultTable): ShownClasses<Data> {
  if (data.classes.length <= MOST) return { data, table, note: null };
  const loss = losses(data, table);
  const shown = new Set(
    data.classes
      .map((name, c) => ({ name, c, loss: loss.of.get(name) ?? Number.NEGATIVE_INFINITY }))
      .sort((a, b) => b.loss - a.loss || a.c - b.c)
      .slice(0, SHOWN)
      .map(({ name }) => name),
  );
  const all = new Set(data.classes);
  return {
    data: {
      ...data,
      estimates: data.estimates.filter((e) => e.class === null || shown.has(e.class)),
      heat: data.heat.filter((h) => shown.has(h.class)),
      // Numbers may be of proteins as well.
      further: data.further.map((f) => ({
        ...f,
        numbers: f.numbers.filter((n) => n.class === null || shown.has(n.class) || !all.has(n.class)),
      })),
    },
    table: {
      ...table,
      encoders: table.encoders.map((own) => ({
        ...own,
        settings: own.settings.map((s) => ({ ...s, classes: s.classes.filter((c) => shown.has(c.class)) })),
        drops: own.drops.map((d) => ({ ...d, classes: d.classes.filter((c) => shown.has(c.class)) })),
      })),
    },
    note: `Of ${data.classes.length.toLocaleString("en-US")} classes, the ${SHOWN} ${loss.which} are shown. They were picked by the numbers that are shown, so that these tend to be too large, and intervals do not allow for the choice.`,
  };
}

/** What every class loses on average over the encoders, by the first of these that there is. */
function losses({ estimates }: Shown, { encoders }: ResultTable) {
  for (const effect of ["neighbor", "published-drop", "total", "context"] as const) {
    const found = encoders.flatMap((e) => e.drops.find((d) => d.effect === effect)?.classes ?? []);
    if (found.length > 0)
      return { of: means(found.map((c) => [c.class, c.drop])), which: `with the largest ${effect} effect` };
  }
  const accuracy = encoders.flatMap((e) => e.settings[0]?.classes ?? []);
  if (accuracy.length > 0)
    return { of: means(accuracy.map((c) => [c.class, -c.accuracy])), which: "with the lowest accuracy" };
  const told = estimates.flatMap((e): [string, number][] =>
    e.of === "transfer" && e.class !== null ? [[e.class, -e.value]] : [],
  );
  return { of: means(told), which: "that are told least often among foreign neighbors" };
}

function means(list: readonly (readonly [name: string, value: number])[]): ReadonlyMap<string, number> {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const [name, value] of list) {
    const { sum, count } = sums.get(name) ?? { sum: 0, count: 0 };
    sums.set(name, { sum: sum + value, count: count + 1 });
  }
  return new Map([...sums].map(([name, { sum, count }]) => [name, sum / count]));
}
