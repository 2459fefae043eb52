/** Strict check of the XML that our figures use: every tag closed in order, attributes quoted, no bare & or <. */
export function xmlProblem(text: string): string | null {
  const open: string[] = [];
  let at = 0;
  const tag = /<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/y;
  while (at < text.length) {
    if (text[at] !== "<") {
      const end = text.indexOf("<", at);
      const between = text.slice(at, end < 0 ? undefined : end);
      if (/&(?!(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[0-9a-f]+);)/i.test(between)) return `bare & in ${between}`;
      at = end < 0 ? text.length : end;
      continue;
    }
    tag.lastIndex = at;
    const found = tag.exec(text);
    if (found === null) return `not a tag: ${text.slice(at, at + 80)}`;
    const [all, closing, name, attributes, empty] = found;
    if (/&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-f]+);)/i.test(attributes)) return `bare & in ${all}`;
    const names = [...attributes.matchAll(/\s([\w:-]+)="/g)].map((m) => m[1]);
    if (new Set(names).size < names.length) return `an attribute twice in ${all}`;
    if (closing !== "" && open.pop() !== name) return `</${name}> closes nothing`;
    if (closing === "" && empty === "") open.push(name);
    at += all.length;
  }
  return open.length > 0 ? `<${open.join("> <")}> left open` : null;
}

/** What a figure shows, coordinates aside: groups by label with the number of marks, and all texts. */
export function outline(svg: string): string[] {
  const lines: string[] = [];
  for (const [, label, inner] of svg.matchAll(/<g [^>]*aria-label="([^"]*)"[^>]*>(.*?)<\/g>/gs)) {
    const texts = [...inner.matchAll(/<text[^>]*>(.*?)<\/text>/gs)].map((m) =>
      m[1].replace(/<title>.*?<\/title>/gs, ""),
    );
    const marks = [...inner.matchAll(/<(path|rect|line|circle)[ >]/g)].length;
    lines.push(`${label}: ${texts.length > 0 ? texts.join(" | ") : `${marks} marks`}`);
  }
  return lines;
}
