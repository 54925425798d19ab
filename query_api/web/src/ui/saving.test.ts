import { expect, test } from "vitest";
import { csvValue } from "@/ui/saving";

test("text can neither leave its place in a table nor become a formula; numbers stay", () => {
  expect(['say "a,b"', "=1+1", "\t@x", "a-b", -1, null].map(csvValue)).toEqual([
    '"say ""a,b"""',
    "'=1+1",
    "'\t@x",
    "a-b",
    "-1",
    "",
  ]);
});
