import { expect, test } from "vitest";
import { conditionOf, isFound, shortId } from "@/ui/models";

test("what is typed is looked for as it stands", () => {
  expect(conditionOf(" ")).toBe("");
  expect(conditionOf("it's 50%_\\")).toBe(
    "name ILIKE '%it''s 50\\%\\_\\\\%' OR model_id LIKE 'it''s 50\\%\\_\\\\%'",
  );
});

test("IDs are short as on the command line; those that others made stay", () => {
  expect(shortId("m-d0e7fb17aa33bb44cc55dd66ee77ff88")).toBe("m-d0e7fb17");
  expect(shortId("checkout@1.2")).toBe("checkout@1.2");
  expect(shortId("a".repeat(40))).toHaveLength(24);
});

test("an offer fits what is typed as the server finds it", () => {
  const model = { name: "Shop-v2", model_id: "m-d0e7" };
  expect(["", " shop", "V2", "m-d0"].map((typed) => isFound(model, typed))).toEqual([true, true, true, true]);
  expect(["shop-v3", "d0e7"].map((typed) => isFound(model, typed))).toEqual([false, false]);
});
