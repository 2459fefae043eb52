/** Most tags, characters of one tag, and characters outside of tags that are parsed: about a second of work. */
const MOST = { tags: 1 << 17, tag: 1 << 16, text: 1 << 21 };

/**
 * Why an XML document is not parsed, or null: it declares entities of its own, or is larger than any that microscopes
 * write. Parsers take time and memory by the tag and attribute, which a small file can have millions of.
 */
export function tooLarge(xml: string): string | null {
  if (/<!(DOCTYPE|ENTITY)/i.test(xml)) return "it has a document type";
  let tags = 0;
  let text = 0;
  const long = `it has more than ${MOST.text} characters outside of tags`;
  for (let at = 0; at < xml.length; ) {
    const open = xml.indexOf("<", at);
    text += (open < 0 ? xml.length : open) - at;
    if (text > MOST.text) return long;
    if (open < 0) return null;
    if (++tags > MOST.tags) return `it has more than ${MOST.tags} tags`;
    const apart = sectionEnd(xml, open);
    if (apart > 0) text += apart - open;
    at = apart > 0 ? apart : tagEnd(xml, open);
    if (apart < 0 && at - open > MOST.tag) return `a tag has more than ${MOST.tag} characters`;
  }
  return text > MOST.text ? long : null;
}

/** Where the comment or section that begins at `open` ends, -1 where none does. */
function sectionEnd(xml: string, open: number): number {
  for (const [start, end] of [
    ["<!--", "-->"],
    ["<![CDATA[", "]]>"],
  ])
    if (xml.startsWith(start, open)) {
      const found = xml.indexOf(end, open);
      return found < 0 ? xml.length : found + end.length;
    }
  return -1;
}

/** Where the tag that begins at `open` ends; a little behind the limit where it is longer. */
function tagEnd(xml: string, open: number): number {
  const most = Math.min(xml.length, open + MOST.tag + 2);
  let quote = "";
  for (let at = open; at < most; at++) {
    const c = xml[at];
    if (quote !== "") quote = c === quote ? "" : quote;
    else if (c === '"' || c === "'") quote = c;
    else if (c === ">") return at + 1;
  }
  return most;
}
