import { DataError } from "../../errors.ts";
import { FieldCutter, type FieldPixels, isWhole } from "../cut.ts";
import type { FieldEntry, FieldList } from "../field-list.ts";
import type { CellSource } from "../importer.ts";
import { type LabeledObject, listObjects } from "../objects.ts";
import { readLabels, withPlanes } from "../readers/field-planes.ts";

export interface FieldsOptions {
  /** Side of the crops, px. */
  readonly size: number;
}

/** A cell that is to be cut. */
interface Target {
  readonly field: number;
  readonly object: LabeledObject;
}

/**
 * Plans the import of the cells of field images by their label images. Label images are read once to find the cells;
 * pixels are read field by field when the cells are cut, one field in memory at a time.
 * @throws DataError where an image is missing, of another size than its labels, or no cell is found.
 */
export async function fieldsSource(list: FieldList, options: FieldsOptions): Promise<CellSource> {
  const { size } = options;
  const channels = await withPlanes(list.fields[0], list.channels, (planes) => planes.channels);
  const targets: Target[] = [];
  let atEdge = 0;
  let cutOff = 0;
  for (const [field, entry] of list.fields.entries()) {
    const path = labelsOf(entry, list);
    const { labels, height, width } = await readLabels(path, entry);
    for (const object of listObjects(labels, height, width, path)) {
      if (object.atEdge) atEdge++;
      else if (!isWhole(object, size, height, width)) cutOff++;
      else targets.push({ field, object });
    }
  }
  if (targets.length === 0)
    throw new DataError(
      `has no cell that can be cut at ${size} px (${atEdge} touch the edge of their field, ${cutOff} are nearer to it than half a crop); give a smaller --size`,
      { path: list.path },
    );
  const cutter = new FieldCutter(size, (field) => loadField(list, list.fields[field], channels));
  return {
    source: "fields",
    path: list.path,
    channels,
    masks: "full",
    count: targets.length,
    notes: [...list.notes],
    record: (cell) => {
      const { field, object } = targets[cell];
      const { name, metadata } = list.fields[field];
      return {
        Metadata_Cell: `${name}_${object.label}`,
        Metadata_Protein: null,
        Metadata_Field: name,
        ...metadata,
        Metadata_ObjectNumber: object.label,
        Metadata_X: object.column,
        Metadata_Y: object.row,
      };
    },
    file: (cell, channel = 0) => {
      const { files } = list.fields[targets[cell].field];
      return files[channel] ?? files[0];
    },
    read: (cell) => cutter.cut(targets[cell].field, targets[cell].object),
  };
}

function labelsOf(entry: FieldEntry, list: FieldList): string {
  if (entry.labels !== null) return entry.labels;
  throw new DataError(`has no label image for the field ${entry.name}; name it in a column Labels`, {
    path: list.path,
  });
}

async function loadField(
  list: FieldList,
  entry: FieldEntry,
  channels: readonly string[],
): Promise<FieldPixels> {
  const path = labelsOf(entry, list);
  const { height, width, labels } = await readLabels(path, entry);
  return withPlanes(entry, channels, async (planes) => {
    if (planes.height !== height || planes.width !== width)
      throw new DataError(
        `is ${height} x ${width} px, its field ${entry.files[0]} is ${planes.height} x ${planes.width} px; a label image needs the size of its field`,
        { path },
      );
    return { height, width, planes: await planes.read(), labels };
  });
}
