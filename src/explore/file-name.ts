/** Name of a file that is taken away, of words: letters, digits, `.`, `_` and `-`, at most 120 characters. */
export function fileName(words: readonly (string | null)[], ending: string): string {
  const name = words
    .filter((word) => word !== null)
    .map((word) => word.replace(/[^\p{L}\p{N}_.]+/gu, "-").replace(/^[-.]+|[-.]+$/g, ""))
    .filter((word) => word !== "")
    .join("-");
  return `${[...(name === "" ? "cellswap" : name)].slice(0, 120).join("")}.${ending}`;
}
