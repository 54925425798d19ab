import { beforeAll, expect, test, vi } from "vitest";
import type { Schemas } from "@/api/client";
import { placeAt } from "@/ui/FilterBoxTokens";

// The client of the REST interface asks where the page is from.
beforeAll(() => vi.stubGlobal("window", { location: { origin: "http://127.0.0.1" } }));

const FIELDS: Schemas["TraceFields"] = {
  fields: [{ name: "scores", type: "map", description: "", choices: [], keys: ["cost"] }],
  operators: { map: [">"] },
};

test("a suggested score is written as the filter language reads numbers, to the last digit", async () => {
  const { suggestionsFor } = await import("@/ui/FilterBoxSuggestions");
  const score = { name: "cost", count: 2, mean: 12_345.5, minimum: 0.123_456, maximum: null, labels: [] };
  const values = { trace_count: 2, sampled: false, facets: [], scores: [score] };
  const text = "scores['cost'] > ";
  const found = suggestionsFor(placeAt(text, text.length), FIELDS, values as Schemas["TraceFacets"]);
  expect(found.map((one) => one.text)).toEqual(["0.123456 ", "12345.5 "]);
});
