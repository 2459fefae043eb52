/** One slice or time of a stack by its number from 0, or over all slices the largest value of every pixel. */
export type Slice = number | "max";

/** A field as a manifest or file names say it: where its planes and labels are, and what is known of it. */
export interface FieldEntry {
  /** Unique in the set: plate, well and site joined by `_`, or the name of the first file. */
  readonly name: string;
  /** One file per channel, or one file with all channels. */
  readonly files: readonly string[];
  /** Label image of the cells, or of whatever takes their place. */
  readonly labels: string | null;
  /** Label image of the nuclei, where the cells have their own. */
  readonly nuclei: string | null;
  readonly slice: Slice | null;
  readonly time: number | null;
  /** `Metadata_` columns of every cell of the field: Protein, Localization, Plate, Well, Site and whatever else is known; Field is what its table or file names say, and tables are joined by it. */
  readonly metadata: Readonly<Record<string, string | number | null>>;
}

/** The fields of a set. */
export interface FieldList {
  /** Manifest or folder, for messages. */
  readonly path: string;
  /** Folder that the fields stand in. */
  readonly base: string;
  /** Names of the channels where a file per channel or the user says them; null: the files say it themselves. */
  readonly channels: readonly string[] | null;
  readonly fields: readonly FieldEntry[];
  readonly notes: readonly string[];
  /** Only nuclei have labels; they stand for the cells. */
  readonly nucleiOnly: boolean;
}
