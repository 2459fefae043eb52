import { useState } from "react";
import { editsOf, studyChoices, unedited } from "../../src/explore/playground/trial.ts";
import { useStudy } from "../state.ts";
import type { Editing } from "./history.ts";

interface Props {
  readonly editing: Editing;
  /** Name of the picture's file, without ending. */
  readonly name: string;
}

/** Screen pixels per pixel of a downloaded picture. */
const SCALE = 8;

/** Steps back and forth, and what may be taken away. */
export function Actions({ editing, name }: Props) {
  const { study } = useStudy();
  const [said, setSaid] = useState("");
  const [choices, setChoices] = useState<ReturnType<typeof studyChoices> | null>(null);
  const { trial, undo, redo } = editing;
  const { composite } = study.about;
  const edited = editsOf(trial, composite).length > 0;
  const copy = async (text: string, what: string) => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid(`${what} copied.`);
    } catch {
      setSaid(
        `The browser does not let the page copy; take ${what.toLowerCase()} from ${what === "Link" ? "the address bar" : "below"}.`,
      );
    }
  };
  const copyChoices = () => {
    const made = studyChoices(trial, composite);
    setChoices(made);
    void copy(made.json, "Study choices");
  };
  return (
    <div className="actions">
      <div className="buttons">
        <button type="button" disabled={undo === null} onClick={() => undo?.()}>
          Undo
        </button>
        <button type="button" disabled={redo === null} onClick={() => redo?.()}>
          Redo
        </button>
        <button type="button" disabled={!edited} onClick={() => editing.change(unedited(trial, composite))}>
          Reset all
        </button>
        <button type="button" onClick={() => void copy(location.href, "Link")}>
          Copy link
        </button>
        <button type="button" onClick={copyChoices}>
          Copy as study choices
        </button>
        <button type="button" onClick={() => download(`${name}.png`)}>
          Download PNG
        </button>
      </div>
      <p role="status" className="hint">
        {said}
      </p>
      {choices === null ? null : (
        <>
          <pre>{choices.json}</pre>
          {choices.left.length === 0 ? null : (
            <p className="hint">No study can be told: {choices.left.join("; ")}.</p>
          )}
        </>
      )}
    </div>
  );
}

/** Saves the large picture as it is seen, without outlines. */
function download(name: string): void {
  const from = document.querySelector<HTMLCanvasElement>(".stage canvas");
  if (from === null) return;
  const canvas = document.createElement("canvas");
  canvas.width = SCALE * from.width;
  canvas.height = SCALE * from.height;
  const context = canvas.getContext("2d")!;
  context.imageSmoothingEnabled = false;
  context.drawImage(from, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => {
    if (blob === null) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}
