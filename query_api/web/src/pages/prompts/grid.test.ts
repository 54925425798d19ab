import { beforeAll, expect, it, vi } from "vitest";
import type { Column } from "@/pages/prompts/cells";
import { Grid, MAX_COLUMNS } from "@/pages/prompts/grid";

const setTimeout = (run: () => void) => {
  run();
  return 0;
};
beforeAll(() => vi.stubGlobal("window", { setTimeout }));

const column = (id: string, isKept: boolean): Column => ({
  id,
  endpoint: "e",
  prompt: "draft",
  isKept,
  plan: { template: "", variables: [], members: {}, uri: null },
});

it("shows every column that is asked, and of the kept ones the newest", () => {
  const kept = Array.from({ length: MAX_COLUMNS }, (_, index) => column(`kept ${index}`, true));
  const grid = new Grid({ columns: kept, cells: {} });
  grid.start([column("a", false), column("b", false)], []);
  const ids = grid.snapshot().columns.map(({ id }) => id);
  expect(ids).toHaveLength(MAX_COLUMNS);
  expect([ids[0], ...ids.slice(-2)]).toEqual(["kept 2", "a", "b"]);
});
