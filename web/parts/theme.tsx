import { useEffect, useState } from "react";

const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];
const KEY = "cellswap-theme";

/** Storage may be forbidden; then the choice lasts as long as the page. */
function stored(): Theme {
  try {
    return THEMES.find((t) => t === localStorage.getItem(KEY)) ?? "system";
  } catch {
    return "system";
  }
}

/** Light, dark, or as the system has it: a preference of the reader, and no part of a view that is sent. */
export function ThemeChoice() {
  const [theme, setTheme] = useState(stored);
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {}
  }, [theme]);
  return (
    <label className="theme">
      <span>Colors</span>
      <select value={theme} onChange={(e) => setTheme(e.target.value as Theme)}>
        {THEMES.map((t) => (
          <option key={t}>{t}</option>
        ))}
      </select>
    </label>
  );
}
