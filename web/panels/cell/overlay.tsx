import { useEffect, useMemo, useState } from "react";
import { barLength, outlinedIn, outlinePath } from "../../../src/explore/outline.ts";
import { CENTER, NEIGHBOR } from "../../../src/types.ts";
import type { CropReader } from "../../data/crops.ts";
import type { Everything } from "../../data/rows.ts";
import { settingOf } from "../../data/study.ts";

/** The label mask of a cell when it is read; null before, for -1, and where there is none. */
function useMask(crops: CropReader, cell: number): Uint8Array | null {
  const [read, setRead] = useState<{ cell: number; mask: Uint8Array | null }>({ cell: -1, mask: null });
  useEffect(() => {
    if (cell < 0) return;
    let wanted = true;
    crops.crop(cell).then(
      ({ mask }) => wanted && setRead({ cell, mask }),
      // The picture below says what cannot be read.
      () => {},
    );
    return () => {
      wanted = false;
    };
  }, [crops, cell]);
  return read.cell === cell ? read.mask : null;
}

interface Props {
  readonly row: number;
  readonly of: Everything;
  readonly crops: CropReader;
}

/** Outlines of the cell and of the neighbors that a composite shows: its own, or its donor's. */
export function Outlines({ row, of, crops }: Props) {
  const { cell, donor, setting } = of.composites;
  const { center, neighbors } = outlinedIn(settingOf(setting[row]));
  const own = useMask(crops, cell[row]);
  const lender = useMask(crops, neighbors === "donor" ? donor[row] : -1);
  const { height, width } = crops.about.crops;
  const keeps = crops.about.composite.donorCenter === "keep";
  const paths = useMemo(() => {
    if (own === null) return null;
    const around = neighbors === "own" ? own : neighbors === "donor" ? lender : null;
    // What the pasted cell covers is not seen; the donor's own cell is a neighbor where it is kept.
    const seen = around?.map((label, p) => {
      if (center && own[p] === CENTER) return 0;
      return label === NEIGHBOR || (neighbors === "donor" && keeps && label === CENTER) ? NEIGHBOR : 0;
    });
    return {
      center: center ? outlinePath(own, CENTER, height, width) : "",
      neighbors: seen === undefined ? "" : outlinePath(seen, NEIGHBOR, height, width),
    };
  }, [own, lender, center, neighbors, keeps, height, width]);
  if (paths === null) return null;
  return (
    <>
      <path className="under" d={paths.neighbors} />
      <path className="neighbors" d={paths.neighbors} />
      <path className="under" d={paths.center} />
      <path className="center" d={paths.center} />
    </>
  );
}

interface BarProps {
  /** Of the crop, px. */
  readonly width: number;
  readonly height: number;
  /** Micrometers per pixel of the crop. */
  readonly micrometers: number;
  readonly zoom: number;
}

/** A bar of a round length, in the lower right corner. */
export function ScaleBar({ width, height, micrometers, zoom }: BarProps) {
  const length = barLength((width * micrometers) / 3);
  const [pixel, long] = [1 / zoom, length / micrometers];
  const [right, bottom] = [width - 5 * pixel, height - 5 * pixel];
  return (
    <g className="scale">
      <rect x={right - long} y={bottom - 3 * pixel} width={long} height={3 * pixel} />
      <text x={right - long / 2} y={bottom - 6 * pixel} fontSize={10 * pixel} textAnchor="middle">
        {length} µm
      </text>
    </g>
  );
}
