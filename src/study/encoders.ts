import type { EncoderFile } from "../encode/encoder-file.ts";
import { StudyError } from "../errors.ts";
import { RESERVED } from "./layout.ts";

/** Name of an encoder's output in tables: the encoder's, with the layer behind it where there are several outputs. */
function outputName({ description }: EncoderFile, output: number): string {
  const { layer, output: name } = description.outputs[output];
  return description.outputs.length === 1 ? description.name : `${description.name}.${layer ?? name}`;
}

/** Names of all outputs of an encoder, as {@link outputName}. */
export function outputNames(encoder: EncoderFile): string[] {
  return encoder.description.outputs.map((_, o) => outputName(encoder, o));
}

/** Refuses encoders whose results would overwrite each other. @throws StudyError naming the encoder. */
export function checkEncoders(encoders: readonly EncoderFile[]): void {
  const byName = new Map<string, EncoderFile>();
  for (const encoder of encoders) {
    const { name } = encoder.description;
    const other = byName.get(name);
    if (other !== undefined)
      throw new StudyError(
        other.path === encoder.path
          ? `the encoder ${encoder.path} is listed twice; list it once`
          : `two encoders are called ${name} (${other.path}, ${encoder.path}); rename one in its description`,
      );
    byName.set(name, encoder);
  }
  const seen = new Map<string, string>();
  for (const encoder of encoders)
    encoder.description.outputs.forEach((_, o) => {
      const output = outputName(encoder, o);
      // On many disks Aa and aa are one file.
      const key = output.toLowerCase();
      if (RESERVED.has(key) || /[/\\]|^\./.test(output))
        throw new StudyError(`an encoder cannot be called ${output}; rename it`, { path: encoder.path });
      if (output.length > 100)
        throw new StudyError(
          `the name ${output.slice(0, 20)}... has ${output.length} characters, more than 100; shorten the encoder's name or the layer's`,
          { path: encoder.path },
        );
      if (seen.has(key))
        throw new StudyError(
          `two outputs would both be called ${output}; give each output a "layer" of its own, or rename the encoder`,
          { path: encoder.path },
        );
      seen.set(key, encoder.path);
    });
}
