import { useStudy } from "../state.ts";

/** Why an encoder of the study has no predictions. */
export function NotPredicted() {
  const { study } = useStudy();
  const { unit, settings, groups } = study.about;
  const lacks = settings.includes("original")
    ? `this study has ${groups.count === 0 ? "none" : groups.count}`
    : "this study leaves original out";
  return (
    <p className="hint">
      Nothing is predicted: that takes the setting original and two closed groups of {unit}s or more, and{" "}
      {lacks}.
    </p>
  );
}
