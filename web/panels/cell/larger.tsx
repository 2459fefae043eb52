import type { ReactNode, Ref } from "react";
import { go, useView } from "../../state.ts";

const ZOOMS = [4, 8] as const;

interface Props {
  readonly ref: Ref<HTMLDialogElement>;
  readonly name: string;
  readonly onStep: (by: 1 | -1) => void;
  readonly onClose: () => void;
  readonly children: (zoom: number) => ReactNode;
}

/** One setting, larger; arrow keys go to the others. */
export function Larger({ ref, name, onStep, onClose, children }: Props) {
  const { larger } = useView();
  return (
    <dialog
      ref={ref}
      className="larger"
      aria-label={name}
      onClose={onClose}
      onKeyDown={(e) => {
        if (e.key !== "ArrowRight" && e.key !== "ArrowLeft") return;
        e.preventDefault();
        onStep(e.key === "ArrowRight" ? 1 : -1);
      }}
    >
      <form method="dialog">
        <strong>{name}</strong>
        {ZOOMS.map((zoom) => (
          <button
            key={zoom}
            type="button"
            aria-pressed={zoom === larger}
            onClick={() => go({ larger: zoom }, { replace: true })}
          >
            ×{zoom}
          </button>
        ))}
        <button type="button" onClick={() => onStep(-1)} aria-label="Setting before">
          ←
        </button>
        <button type="button" onClick={() => onStep(1)} aria-label="Next setting">
          →
        </button>
        <button type="submit">Close</button>
      </form>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <div className="scrolled" tabIndex={0}>
        {children(larger)}
      </div>
    </dialog>
  );
}
