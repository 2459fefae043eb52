import { type Frame, type Places, type Size, toScreen } from "../../src/explore/map/place.ts";

/** How places look: red, green, blue and opacity (0 to 255) by code, and how large they are. */
export interface Look {
  readonly palette: Uint8Array;
  /** Shape by code: 0 disk, 1 square, 2 triangle, 3 diamond, 4 plus. */
  readonly shapes: Uint8Array;
  /** Diameter, CSS px. */
  readonly diameter: number;
  /** Opacity of composites that are not originals, of that of originals. */
  readonly swapped: number;
}

/** Draws places on a canvas; what changes is told to it, then `draw` is called. */
export interface Painter {
  /** Rows of the plan that are drawn. */
  rows(rows: Int32Array): void;
  /** Code of every row of the plan. */
  codes(code: Uint8Array): void;
  draw(frame: Frame, size: Size, look: Look): void;
  /** Places that are drawn of those that were given; as many where none is left out. */
  readonly most: number;
  close(): void;
}

const VERTEX = `#version 300 es
in float x;
in float y;
in uint code;
in uint setting;
uniform vec2 middle;
uniform vec2 scale;
uniform float diameter;
uniform float swapped;
uniform uint original;
uniform sampler2D palette;
out vec4 color;
flat out int shape;
void main() {
  vec4 from = texelFetch(palette, ivec2(int(code), 0), 0);
  shape = int(texelFetch(palette, ivec2(int(code), 1), 0).r * 255.0 + 0.5);
  color = vec4(from.rgb, from.a * (setting == original ? 1.0 : swapped));
  gl_Position = x == x && color.a > 0.0 ? vec4((vec2(x, y) - middle) * scale, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = diameter;
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 color;
flat in int shape;
out vec4 result;
void main() {
  vec2 at = 2.0 * gl_PointCoord - 1.0;
  bool inside = shape == 0 ? dot(at, at) <= 1.0
    : shape == 1 ? max(abs(at.x), abs(at.y)) <= 0.85
    : shape == 2 ? at.y <= 0.8 && abs(at.x) <= 0.5 * (at.y + 1.0)
    : shape == 3 ? abs(at.x) + abs(at.y) <= 1.0
    : min(abs(at.x), abs(at.y)) <= 0.3;
  if (!inside) discard;
  result = vec4(color.rgb * color.a, color.a);
}`;

/** Draws by WebGL 2: a million places at once. Null where the browser has none. */
export function glPainter(
  canvas: HTMLCanvasElement,
  { x, y }: Places,
  setting: Uint8Array,
  original: number,
): Painter | null {
  const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true });
  if (gl === null) return null;
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (gl.getProgramParameter(program, gl.LINK_STATUS) !== true) return null;
  gl.useProgram(program);
  const buffer = (name: string, values: Float32Array | Uint8Array) => {
    const at = gl.getAttribLocation(program, name);
    const made = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, made);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(at);
    if (values instanceof Float32Array) gl.vertexAttribPointer(at, 1, gl.FLOAT, false, 0, 0);
    else gl.vertexAttribIPointer(at, 1, gl.UNSIGNED_BYTE, 0, 0);
    return made;
  };
  buffer("x", x);
  buffer("y", y);
  buffer("setting", setting);
  const codes = buffer("code", new Uint8Array(x.length));
  const shown = gl.createBuffer();
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, shown);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  for (const key of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
    gl.texParameteri(gl.TEXTURE_2D, key, gl.NEAREST);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  const uniform = (name: string) => gl.getUniformLocation(program, name);
  gl.uniform1ui(uniform("original"), original);
  const [middle, scale, diameter, swapped] = ["middle", "scale", "diameter", "swapped"].map(uniform);
  let count = 0;
  const texture = new Uint8Array(2 * 256 * 4);
  return {
    most: Number.POSITIVE_INFINITY,
    rows(rows) {
      count = rows.length;
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, rows, gl.DYNAMIC_DRAW);
    },
    codes(code) {
      gl.bindBuffer(gl.ARRAY_BUFFER, codes);
      gl.bufferSubData(gl.ARRAY_BUFFER, 0, code);
    },
    draw(frame, size, look) {
      texture.set(look.palette);
      for (let c = 0; c < 256; c++) texture[4 * (256 + c)] = look.shapes[c];
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 2, 0, gl.RGBA, gl.UNSIGNED_BYTE, texture);
      const ratio = canvas.width / Math.max(1, size.width);
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform2f(middle, frame.x, frame.y);
      gl.uniform2f(scale, 2 / (frame.unit * size.width), 2 / (frame.unit * size.height));
      gl.uniform1f(diameter, look.diameter * ratio);
      gl.uniform1f(swapped, look.swapped);
      gl.drawElements(gl.POINTS, count, gl.UNSIGNED_INT, 0);
    },
    close() {
      gl.getExtension("WEBGL_lose_context")?.loseContext();
    },
  };
}

/** Places that are drawn without WebGL. */
const SAMPLE = 20_000;

/** Draws an even sample of the places on a plain canvas. */
export function plainPainter(
  canvas: HTMLCanvasElement,
  { x, y }: Places,
  setting: Uint8Array,
  original: number,
): Painter {
  const context = canvas.getContext("2d")!;
  let shown = new Int32Array(0);
  let codes = new Uint8Array(x.length);
  return {
    most: SAMPLE,
    rows(rows) {
      const every = Math.max(1, Math.ceil(rows.length / SAMPLE));
      shown = rows.filter((_, i) => i % every === 0);
    },
    codes(code) {
      codes = code.slice();
    },
    draw(frame, size, look) {
      const ratio = canvas.width / Math.max(1, size.width);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, size.width, size.height);
      for (const row of shown) {
        const [px, py] = toScreen(frame, size, x[row], y[row]);
        if (!(px > -9 && px < size.width + 9 && py > -9 && py < size.height + 9)) continue;
        const [r, g, b, a] = look.palette.subarray(4 * codes[row], 4 * codes[row] + 4);
        context.globalAlpha = (a / 255) * (setting[row] === original ? 1 : look.swapped);
        context.fillStyle = `rgb(${r} ${g} ${b})`;
        context.fillRect(px - look.diameter / 2, py - look.diameter / 2, look.diameter, look.diameter);
      }
    },
    close() {},
  };
}
