import { expect, test } from "vitest";
import { pythonText, shellText, shellWord } from "@/ui/quoting";

test("no text ends its place in a command or a program", () => {
  expect([shellWord("m-1,m-2"), shellWord("$(rm -rf)"), shellWord("it's"), shellWord("")]).toEqual([
    "m-1,m-2",
    "'$(rm -rf)'",
    "'it'\\''s'",
    "''",
  ]);
  expect(shellText("plain")).toBe("'plain'");
  expect(pythonText('a"\\\n')).toBe(String.raw`"a\"\\\n"`);
});
