import { useReport } from "../data/report.ts";
import { useStudy } from "../state.ts";
import { Answers, Flags } from "./answers.tsx";
import { Forests } from "./forests.tsx";
import { Heat } from "./heat.tsx";
import { FurtherNumbers, Numbers, StudyFiles } from "./numbers.tsx";
import { Steps } from "./steps.tsx";
import "../style/effects.css";

/** What the surroundings do to accuracy, encoder by encoder, and what must be known with it. */
export function EffectsTab() {
  const context = useReport();
  const { encoder } = useStudy();
  return (
    <div className="effects">
      <Answers context={context} chosen={encoder} />
      {context.note === null ? null : (
        <p className="read">{context.note} All are in results/effects.csv, below.</p>
      )}
      <Forests context={context} encoder={encoder} />
      <Steps context={context} encoder={encoder} />
      <Heat context={context} encoder={encoder} />
      <Flags context={context} />
      <Numbers context={context} />
      <FurtherNumbers context={context} encoder={encoder} />
      <StudyFiles />
    </div>
  );
}
