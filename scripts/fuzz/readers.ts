import type { Reader } from "./reader.ts";
import { ARRAYS } from "./readers/arrays.ts";
import { DOCUMENTS } from "./readers/documents.ts";
import { IMAGES } from "./readers/images.ts";
import { TABLES } from "./readers/tables.ts";
import { WHOLE } from "./readers/whole.ts";

/** Every entry through which a file comes in. */
export const READERS: readonly Reader[] = [...IMAGES, ...TABLES, ...ARRAYS, ...DOCUMENTS, ...WHOLE];
