// The reader's choice, kept by the browser; "auto" follows the system.
const kTheme = 'weir.theme';
const kThemes = ['auto', 'light', 'dark'];

export function theme() {
  const kept = localStorage.getItem(kTheme);
  return kThemes.includes(kept) ? kept : 'auto';
}

export function applyTheme() {
  const chosen = theme();
  if (chosen === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

export function nextTheme() {
  localStorage.setItem(kTheme, kThemes[(kThemes.indexOf(theme()) + 1) % kThemes.length]);
  applyTheme();
  return theme();
}
