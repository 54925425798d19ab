import { Grid } from "@/pages/prompts/grid";
import { loadGrid, saveGrid } from "@/pages/prompts/workspace";

const SAVE_AFTER_MS = 1_000;

/** One for the whole page: calls go on while somebody looks at another part of it. */
export const grid = new Grid(loadGrid());

let timer = 0;
grid.subscribe(() => {
  if (timer !== 0) return;
  timer = window.setTimeout(() => {
    timer = 0;
    saveGrid(grid.snapshot());
  }, SAVE_AFTER_MS);
});
window.addEventListener("pagehide", () => saveGrid(grid.snapshot()));
