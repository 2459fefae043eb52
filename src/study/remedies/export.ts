import type { EncoderFile } from "../../encode/encoder-file.ts";
import { type ExportEncoderOptions, type ExportedEncoder, exportEncoder } from "../../encode/export.ts";
import type { OnnxFile } from "../../encode/onnx/file.ts";
import { pooledEncoder } from "../../encode/pooled.ts";
import { StudyError } from "../../errors.ts";
import { parseRemedy, type Remedy } from "../../remedy/name.ts";

export type RemediedExport = Pick<ExportEncoderOptions, "out" | "name" | "force">;

/**
 * Writes an encoder with a remedy in it as one ONNX file and its description: what is a layer of the network, the pooling
 * under the center mask (`pool`).
 * @throws StudyError for a remedy that is no layer, or an encoder that it is not of; as {@link exportEncoder}
 */
export async function exportRemedied(
  encoder: EncoderFile,
  name: string,
  options: RemediedExport,
): Promise<ExportedEncoder> {
  checkLayer(parseRemedy(name));
  return exportPooled(await pooledEncoder(networkOf(encoder)), options);
}

function exportPooled(file: EncoderFile, options: RemediedExport): Promise<ExportedEncoder> {
  const { description } = file;
  const from = description.outputs.map((o) => `${o.output} (${o.layout})`).join(", ");
  return exportEncoder(
    networkOf(file),
    description.outputs.map((output) => ({ output })),
    {
      ...options,
      ...(description.title === undefined ? {} : { title: description.title }),
      notes: [
        `The features are the mean of ${from} under the center mask. That lowers what neighbors do to them and does not take it out: each pixel of a map sees what lies around it.`,
      ],
    },
  );
}

/** @throws StudyError for an encoder that is a program */
function networkOf(file: EncoderFile): OnnxFile {
  if (file.kind === "onnx") return file;
  throw new StudyError(
    "is a program, to which no layer can be appended; let it pool or map its features itself",
    { path: file.path },
  );
}

/** @throws StudyError for a remedy that is no layer of a network, with how it is had */
function checkLayer({ name, kind, retrained }: Remedy): void {
  const fail = (text: string) => new StudyError(`${name} ${text}`);
  if (retrained)
    throw fail(
      "is of another encoder, the retrained one; export that one: --encoder TWIN, with what follows the +",
    );
  if (kind === "recompose" || kind === "masked" || kind === "clear")
    throw fail(
      `changes what the encoder sees and is no layer of its network; write features of your cells with \`cellswap features CELLS --encoder NAME --remedy ${name}\`, or from code`,
    );
  if (kind === "augmented")
    throw fail("trains other probes and leaves the encoder as it is; there is nothing to export");
  if (kind !== "pool") throw fail("cannot be exported; of the remedies pool can");
}
