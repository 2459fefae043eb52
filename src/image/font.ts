// biome-ignore format: one line per group of characters
/** Glyphs of 5 x 7 pixels: one base-32 digit per row, top to bottom, the leftmost pixel in the highest bit. */
const GLYPHS: Readonly<Record<string, string>> = {
  " ": "0000000",
  "0": "ehjlphe", "1": "4c4444e", "2": "eh1248v", "3": "v2421he", "4": "26aiv22",
  "5": "vgu11he", "6": "68guhhe", "7": "v124888", "8": "ehhehhe", "9": "ehhf12c",
  A: "ehhvhhh", B: "uhhuhhu", C: "ehggghe", D: "sihhhis", E: "vgguggv", F: "vgguggg", G: "ehgnhhf",
  H: "hhhvhhh", I: "e44444e", J: "72222ic", K: "hikokih", L: "ggggggv", M: "hrllhhh", N: "hhpljhh",
  O: "ehhhhhe", P: "uhhuggg", Q: "ehhhlid", R: "uhhukih", S: "fgge11u", T: "v444444", U: "hhhhhhe",
  V: "hhhhha4", W: "hhhllla", X: "hha4ahh", Y: "hhha444", Z: "v1248gv",
  a: "00e1fhf", b: "ggmphhu", c: "00egghe", d: "11djhhf", e: "00ehvge", f: "698s888", g: "0fhhf1e",
  h: "ggmphhh", i: "40c444e", j: "20622ic", k: "ggikoki", l: "c44444e", m: "00qllhh", n: "00mphhh",
  o: "00ehhhe", p: "00uhugg", q: "00djf11", r: "00mpggg", s: "00ege1u", t: "88s8896", u: "00hhhjd",
  v: "00hhha4", w: "00hhlla", x: "00ha4ah", y: "00hhf1e", z: "00v248v",
  "-": "000v000", _: "000000v", ".": "00000cc", ",": "0000c48", ";": "0cc0c48", ":": "0cc0cc0",
  "/": "01248g0", "(": "2488842", ")": "8422248", "%": "op248j3", "+": "044v440", "=": "00v0v00",
  "#": "aavavaa", "|": "4444444", "?": "eh12404",
};

/** Width of a character with its gap, and height, in px at scale 1. */
export const FONT = { advance: 6, height: 7 } as const;

/** Calls `dot(x, y)` for every pixel of `text`, at scale 1 from (0, 0); characters without a glyph are drawn as `?`. */
export function eachTextPixel(text: string, dot: (x: number, y: number) => void): void {
  [...text].forEach((character, k) => {
    const rows = GLYPHS[character] ?? GLYPHS["?"];
    for (let y = 0; y < FONT.height; y++) {
      const bits = Number.parseInt(rows[y], 32);
      for (let x = 0; x < 5; x++) if ((bits & (16 >> x)) !== 0) dot(k * FONT.advance + x, y);
    }
  });
}
