import { use, useEffect, useState } from "react";
import { useStudy } from "../state.ts";
import type { Picture } from "./pictures.ts";

/** A composite, while it is made (null), or why it cannot be. */
export type Shown = { readonly picture: Picture | null; readonly error: string | null };

const MAKING: Shown = { picture: null, error: null };

/** Composite `row` of the study's plan; nothing for -1. It is not made where it is taken off the page before. */
export function usePicture(row: number): Shown {
  const { study } = useStudy();
  const pictures = use(study.pictures);
  const [made, setMade] = useState<Shown & { readonly row: number }>({ ...MAKING, row: -1 });
  useEffect(() => {
    if (row < 0) return;
    let wanted = true;
    const { done, leave } = pictures.ask(row);
    done.then(
      (picture) => wanted && setMade({ row, picture, error: null }),
      (error: Error) => wanted && setMade({ row, picture: null, error: error.message }),
    );
    return () => {
      wanted = false;
      leave();
    };
  }, [pictures, row]);
  if (made.row === row) return made;
  const known = row < 0 ? undefined : pictures.known(row);
  return known === undefined ? MAKING : { picture: known, error: null };
}
