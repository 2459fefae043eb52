import {
  type FileMetaData,
  parquetMetadata,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
} from "hyparquet";
import { checkStruct, Damage } from "./thrift.ts";

/** Structures within each other that a column may have. */
const DEPTH = 24;
/** Rows that a file of any size may have, and how many for each of its bytes. */
const FREE_ROWS = 1 << 22;
const ROWS_PER_BYTE = 2;
/** Values of lists, of which many may be zero, that a file may have for each of its bytes. */
const VALUES_PER_BYTE = 16;

/** The bytes of one column in one group of rows. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
  readonly codec: string;
  /** Values, with those of lists and those that are missing. */
  readonly values: number;
}

/** A column of single values; lists and structures have several. */
export interface Leaf {
  /** From the root of the schema to the leaf. */
  readonly path: readonly SchemaTree[];
  /** Greatest levels of its values: how many of its parts may be missing or are lists. */
  readonly definition: number;
  readonly repetition: number;
}

/** What the footer of a Parquet file says, checked against the file's size. */
export interface Metadata {
  readonly rows: number;
  /** Columns at the top level, in file order. */
  readonly columns: readonly SchemaTree[];
  readonly leaves: readonly Leaf[];
  /** Groups of rows, with a chunk for every leaf. */
  readonly groups: readonly {
    readonly start: number;
    readonly rows: number;
    readonly chunks: readonly Chunk[];
  }[];
}

/** Bytes of a footer without its metadata: their length and PAR1. */
const TAIL = 8;

/**
 * Reads what a Parquet file says of itself.
 * @param read bytes `from` to `to` of the file
 * @throws Damage where the footer is damaged, or says more than the file can hold
 */
export function readMetadata(size: number, read: (from: number, to: number) => Uint8Array): Metadata {
  if (size < 4 + TAIL) throw new Damage(`it has ${size} bytes`);
  const tail = read(size - TAIL, size);
  const magic = String.fromCharCode(...tail.subarray(4));
  if (magic === "PARE") throw new Damage("it is encrypted");
  if (magic !== "PAR1") throw new Damage("it does not end with PAR1; it is cut off or no Parquet file");
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true);
  if (length > size - 4 - TAIL)
    throw new Damage(`its metadata are said to have ${length} of its ${size} bytes`);
  const footer = read(size - TAIL - length, size);
  checkStruct(footer.subarray(0, length), 0);
  try {
    return checked(parquetMetadata(footer, { geoparquet: false }), size, size - TAIL - length);
  } catch (cause) {
    // A number where a list is expected, and the like.
    throw cause instanceof Damage ? cause : new Damage("its metadata cannot be decoded", { cause });
  }
}

/** @param end where the chunks of columns must have ended */
function checked(metadata: FileMetaData, size: number, end: number): Metadata {
  checkSchema(metadata.schema);
  // What a variant holds is not decoded: it is no value that is read here.
  for (const element of metadata.schema)
    if (element.logical_type?.type === "VARIANT") delete element.logical_type;
  const root = parquetSchema(metadata);
  const leaves = leavesOf([root]);
  const rows = whole(metadata.num_rows, "its number of rows");
  if (rows > Math.max(FREE_ROWS, ROWS_PER_BYTE * size))
    throw new Damage(`its ${size} bytes are said to hold ${rows} rows`);
  let start = 0;
  const groups = metadata.row_groups.map((group) => {
    const own = whole(group.num_rows, "the number of rows of a group");
    if (group.columns.length !== leaves.length)
      throw new Damage(`a group of rows has ${group.columns.length} columns, the schema ${leaves.length}`);
    const chunks = group.columns.map((column, i) => chunkOf(column, leaves[i], own, end));
    const first = start;
    start += own;
    return { start: first, rows: own, chunks };
  });
  if (start !== rows) throw new Damage(`it has ${rows} rows, its groups ${start}`);
  return { rows, columns: root.children, leaves, groups };
}

function chunkOf(
  { file_path: file, meta_data: meta }: FileMetaData["row_groups"][number]["columns"][number],
  leaf: Leaf,
  rows: number,
  end: number,
): Chunk {
  const name = leaf.path.slice(1).map(({ element }) => element.name);
  const of = `of column ${name.join(".")}`;
  if (file) throw new Damage(`the values ${of} are in another file`);
  if (meta === undefined) throw new Damage(`the values ${of} are nowhere, or encrypted`);
  const { path_in_schema: path } = meta;
  if (path.length !== name.length || path.some((part, i) => part !== name[i]))
    throw new Damage(`column ${name.join(".")} has another name where its values are listed`);
  if (meta.type !== leaf.path[name.length].element.type) throw new Damage(`the type ${of} is not clear`);
  const values = whole(meta.num_values, `the number of values ${of}`);
  if (leaf.repetition === 0 && values !== rows)
    throw new Damage(`a group of ${rows} rows has ${values} values ${of}`);
  if (values > Math.max(FREE_ROWS, VALUES_PER_BYTE * end))
    throw new Damage(`${values} values ${of} are said to be in its ${end} bytes`);
  const data = whole(meta.data_page_offset, `the place ${of}`);
  const dictionary = whole(meta.dictionary_page_offset ?? 0, `the place ${of}`);
  const start = dictionary > 0 ? Math.min(dictionary, data) : data;
  const length = whole(meta.total_compressed_size, `the size ${of}`);
  if (start < 4 || length > end - start)
    throw new Damage(`the values ${of} are said to be at ${start} to ${start + length} of its ${end} bytes`);
  return { start, end: start + length, codec: meta.codec, values };
}

/** Refuses a schema whose tree does not use up its elements, is too deep, or has a name twice at one place. */
function checkSchema(schema: readonly SchemaElement[]): void {
  let at = 0;
  const walk = (depth: number): void => {
    const element = schema[at++];
    if (element === undefined) throw new Damage("its schema breaks off");
    if (depth > DEPTH) throw new Damage(`its columns are nested deeper than ${DEPTH} levels`);
    const { name, num_children: given = 0, type } = element;
    const children = whole(given, "the number of parts of a column");
    if (typeof name !== "string") throw new Damage("a column has no name");
    if (depth > 0 && children === 0 && type === undefined) throw new Damage(`column ${name} has no type`);
    if (depth > 0 && element.repetition_type === undefined)
      throw new Damage(`column ${name} does not say whether it may be missing`);
    if (children > 0 && type !== undefined) throw new Damage(`column ${name} has both values and parts`);
    if (type === "FIXED_LEN_BYTE_ARRAY" && !(whole(element.type_length ?? 0, `the width of ${name}`) > 0))
      throw new Damage(`column ${name} has values of no width`);
    const names = new Set<string>();
    for (let i = 0; i < children; i++) {
      const child = schema[at]?.name;
      if (names.has(child)) throw new Damage(`it has the column ${child} twice`);
      names.add(child);
      walk(depth + 1);
    }
  };
  walk(0);
  if (at !== schema.length) throw new Damage("its schema has columns that belong nowhere");
}

function leavesOf(path: readonly SchemaTree[]): Leaf[] {
  const { children } = path[path.length - 1];
  if (children.length > 0) return children.flatMap((child) => leavesOf([...path, child]));
  if (path.length === 1) return [];
  const count = (wanted: (of: SchemaElement["repetition_type"]) => boolean) =>
    path.slice(1).filter(({ element }) => wanted(element.repetition_type)).length;
  return [
    { path, definition: count((of) => of !== "REQUIRED"), repetition: count((of) => of === "REPEATED") },
  ];
}

function whole(value: unknown, what: string): number {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number) && number >= 0) return number;
  throw new Damage(`${what} is not clear`);
}
