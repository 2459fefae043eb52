import { z } from "zod";
import { EncoderDescription } from "../encode/description.ts";
import { StudyFile } from "./schema.ts";

/** JSON Schemas (draft 2020-12) by file name, for editors that complete and check what people write. */
export function schemas(): Record<string, unknown> {
  return {
    "study.schema.json": { title: "cellswap study file", ...z.toJSONSchema(StudyFile, { io: "input" }) },
    "encoder.schema.json": {
      title: "cellswap encoder description",
      ...z.toJSONSchema(EncoderDescription, { io: "input" }),
    },
  };
}
