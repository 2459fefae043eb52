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
  const known = row < 0 ? undefined : pictures.known(row);
  useEffect(() => {
    if (row < 0 || pictures.known(row) !== undefined) return;
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
  if (known !== undefined) return { picture: known, error: null };
  return made.row === row ? made : MAKING;
}
