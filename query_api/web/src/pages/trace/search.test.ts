import { expect, test } from "vitest";
import { validateSearch } from "@/pages/trace/search";

test("what an address may hold", () => {
  expect(
    validateSearch({
      span: "00F067AA0BA902B7",
      tab: "logs",
      find: 500,
      from: 1,
      to: 2,
      depth: 3,
      critical: true,
    }),
  ).toEqual({ span: "00f067aa0ba902b7", tab: "logs", find: "500", from: 1, to: 2, depth: 3, critical: true });
  expect(
    validateSearch({ filter: "name = 'x'", model_id: "m", order_by: "cost_usd DESC", since: "1h" }),
  ).toEqual({
    filter: "name = 'x'",
    model_id: "m",
    order_by: "cost_usd DESC",
    since: "1h",
  });
});

test("what it may not hold is left out; an ID of digits alone is one", () => {
  expect(validateSearch({ span: "<script>", tab: "x", from: 5, to: 2, depth: -1, critical: "yes" })).toEqual(
    {},
  );
  expect(validateSearch({ span: 1234567890123456 })).toEqual({ span: "1234567890123456" });
});
